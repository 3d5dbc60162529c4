// The toolkit of training runs: the loop, evaluation, checkpoints, metrics, pictures, files.
export {
  joinState,
  loadCheckpoint,
  type SplitState,
  type State,
  type StateObject,
  saveCheckpoint,
  splitState,
} from "../formats/index.js";
export { type Evaluation, evaluate } from "./evaluate.js";
export { prepareFolder, writeFileAtomic } from "./files.js";
export { MetricsLog, type MetricsRecord } from "./metrics.js";
export {
  encodePng,
  type GreyImage,
  type GridOptions,
  grid,
  type ImageStack,
  stretchAroundZero,
  stretchEach,
} from "./png.js";
export {
  type Batch,
  type BatchSource,
  type EpochResult,
  type Progress,
  Trainer,
  type TrainerParts,
  type TrainObserver,
} from "./trainer.js";

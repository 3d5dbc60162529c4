// Optimizers and learning-rate schedules.
export { Adam, type AdamOptions, AdamW } from "./adam.js";
export { LRScheduler, type SchedulerState } from "./lr-scheduler.js";
export {
  type BaseOptions,
  Optimizer,
  type OptimizerState,
  type ParamGroup,
  type ParamGroupInput,
  type ParamsInput,
} from "./optimizer.js";
export {
  ConstantLR,
  type ConstantLROptions,
  CosineAnnealingLR,
  ExponentialLR,
  LambdaLR,
  LinearLR,
  type LinearLROptions,
  MultiStepLR,
  SequentialLR,
  StepLR,
} from "./schedules.js";
export { SGD, type SGDOptions } from "./sgd.js";

// Optimizers and learning-rate schedules.
export { Adadelta, type AdadeltaOptions } from "./adadelta.js";
export { Adafactor, type AdafactorOptions } from "./adafactor.js";
export { Adagrad, type AdagradOptions } from "./adagrad.js";
export { Adam, type AdamOptions, AdamW, type AdamWOptions } from "./adam.js";
export { Adamax, type AdamaxOptions } from "./adamax.js";
export { ASGD, type ASGDOptions } from "./asgd.js";
export {
  AveragedModel,
  type AveragedModelOptions,
  type AverageFn,
  getEmaAvgFn,
  getSwaAvgFn,
} from "./averaged-model.js";
export { ChainedScheduler, SequentialLR } from "./combined-schedules.js";
export { CyclicLR, type CyclicLROptions, OneCycleLR, type OneCycleLROptions } from "./cyclic.js";
export { GradScaler, type GradScalerOptions, type GradScalerState } from "./grad-scaler.js";
export { LBFGS, type LBFGSOptions } from "./lbfgs.js";
export { Lion, type LionOptions } from "./lion.js";
export { type LastEpochOption, LRScheduler } from "./lr-scheduler.js";
export { Muon, type MuonAdjustment, type MuonOptions } from "./muon.js";
export { NAdam, type NAdamOptions } from "./nadam.js";
export {
  type BaseOptions,
  Optimizer,
  type OptimizerState,
  type ParamGroup,
  type ParamGroupInput,
  type ParamsInput,
  type ScheduleNotes,
} from "./optimizer.js";
export { type PlateauState, ReduceLROnPlateau, type ReduceLROnPlateauOptions } from "./plateau.js";
export { RAdam, type RAdamOptions } from "./radam.js";
export { RMSprop, type RMSpropOptions } from "./rmsprop.js";
export { Rprop, type RpropOptions } from "./rprop.js";
export type { SchedulerEntry, SchedulerSettings, SchedulerState, TorchSchedulerState } from "./scheduler-state.js";
export {
  ConstantLR,
  type ConstantLROptions,
  CosineAnnealingLR,
  ExponentialLR,
  LambdaLR,
  LinearLR,
  type LinearLROptions,
  MultiplicativeLR,
  MultiStepLR,
  PolynomialLR,
  StepLR,
} from "./schedules.js";
export { SGD, type SGDOptions } from "./sgd.js";
export { SWALR, type SWALROptions } from "./swa-lr.js";
export type { TorchEntries, TorchOptimizerState } from "./torch-state.js";
export { updateBn } from "./update-bn.js";
export { CosineAnnealingWarmRestarts, type CosineAnnealingWarmRestartsOptions } from "./warm-restarts.js";

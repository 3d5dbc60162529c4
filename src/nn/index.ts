// Layers, containers, losses, initialisation.
export * from "./activations.js";
export { BatchNorm1d, BatchNorm2d, type BatchNormOptions, isBatchNorm } from "./batch-norm.js";
export type { Size2 } from "./checks.js";
export { ModuleDict, ModuleList, Sequential } from "./containers.js";
export {
  Conv1d,
  type Conv1dOptions,
  Conv2d,
  type Conv2dOptions,
  ConvTranspose1d,
  type ConvTranspose1dOptions,
  ConvTranspose2d,
  type ConvTranspose2dOptions,
} from "./conv.js";
export { Dropout } from "./dropout.js";
export { Embedding, type EmbeddingOptions } from "./embedding.js";
export * as functional from "./functional.js";
export type { ForwardHook, ForwardPreHook, FullBackwardHook, FullBackwardPreHook, HookHandle } from "./hooks.js";
export * as init from "./init.js";
export { Linear, type LinearOptions } from "./linear.js";
export {
  BCELoss,
  BCEWithLogitsLoss,
  type BCEWithLogitsLossOptions,
  CrossEntropyLoss,
  type CrossEntropyLossOptions,
  HuberLoss,
  L1Loss,
  type LossOptions,
  MSELoss,
  NLLLoss,
  type NLLLossOptions,
  type Reduction,
  SmoothL1Loss,
} from "./losses.js";
export { Module, type NamedOptions, type ToOptions, type UnaryModule } from "./module.js";
export { GroupNorm, type GroupNormOptions, LayerNorm, type LayerNormOptions } from "./normalization.js";
export { Buffer, Parameter } from "./parameter.js";
export {
  AdaptiveAvgPool1d,
  AdaptiveAvgPool2d,
  AdaptiveMaxPool2d,
  type AdaptiveSize2,
  AvgPool1d,
  type AvgPool1dOptions,
  AvgPool2d,
  type AvgPool2dOptions,
  MaxPool1d,
  type MaxPool1dOptions,
  MaxPool2d,
  type MaxPool2dOptions,
} from "./pooling.js";
export { Flatten, Identity, Unflatten } from "./shape-layers.js";
export type { LoadOptions, LoadResult, StateDict } from "./state-dict.js";
export * as utils from "./utils.js";
export { clipGradNorm_, clipGradValue_ } from "./utils.js";

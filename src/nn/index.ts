// Layers, containers, losses, initialisation.
export * from "./activations.js";
export * from "./adaptive-log-softmax.js";
export * from "./adaptive-pooling.js";
export {
  type AttentionCallOptions,
  KVCache,
  MultiheadAttention,
  type MultiheadAttentionOptions,
} from "./attention.js";
export { BatchNorm1d, BatchNorm2d, BatchNorm3d, type BatchNormOptions, isBatchNorm } from "./batch-norm.js";
export type { Size2, Size3 } from "./checks.js";
export { ModuleDict, ModuleList, Sequential } from "./containers.js";
export {
  Conv1d,
  type Conv1dOptions,
  Conv2d,
  type Conv2dOptions,
  Conv3d,
  type Conv3dOptions,
  ConvTranspose1d,
  type ConvTranspose1dOptions,
  ConvTranspose2d,
  type ConvTranspose2dOptions,
  ConvTranspose3d,
  type ConvTranspose3dOptions,
  type ConvTransposeCallOptions,
  type PaddingMode,
} from "./conv.js";
export { CTCLoss, type CTCLossOptions } from "./ctc-loss.js";
export { Bilinear, CosineSimilarity, PairwiseDistance } from "./distance.js";
export * from "./dropout.js";
export { Embedding, type EmbeddingOptions } from "./embedding.js";
export { EmbeddingBag, type EmbeddingBagOptions } from "./embedding-bag.js";
export * from "./fractional-pooling.js";
export * as functional from "./functional.js";
export {
  type FunctionalCallOptions,
  functionalCall,
  type NamedTensors,
  stackModuleState,
} from "./functional-call.js";
export type { ForwardHook, ForwardPreHook, FullBackwardHook, FullBackwardPreHook, HookHandle } from "./hooks.js";
export * as init from "./init.js";
export type { InplaceOption } from "./inplace.js";
export { InstanceNorm1d, InstanceNorm2d, InstanceNorm3d, type InstanceNormOptions } from "./instance-norm.js";
export { Linear, type LinearOptions } from "./linear.js";
export {
  BCELoss,
  BCEWithLogitsLoss,
  type BCEWithLogitsLossOptions,
  CrossEntropyLoss,
  type CrossEntropyLossOptions,
  HuberLoss,
  KLDivLoss,
  L1Loss,
  type LossOptions,
  MSELoss,
  NLLLoss,
  type NLLLossOptions,
  type Reduction,
  SmoothL1Loss,
} from "./losses.js";
export * from "./margin-losses.js";
export { Module, type NamedOptions, type ToOptions, type UnaryModule } from "./module.js";
export {
  GroupNorm,
  type GroupNormOptions,
  LayerNorm,
  type LayerNormOptions,
  LocalResponseNorm,
  type LocalResponseNormOptions,
  RMSNorm,
  type RMSNormOptions,
} from "./normalization.js";
export * from "./padding.js";
export { Buffer, Parameter } from "./parameter.js";
export { ParameterDict, ParameterList } from "./parameter-containers.js";
export * from "./pooling.js";
export { ChannelShuffle, PixelShuffle, PixelUnshuffle } from "./rearrange.js";
export { GRU, LSTM, type RecurrentOptions, RNN, type SequenceOptions } from "./recurrent.js";
export { type CellOptions, GRUCell, LSTMCell, RNNCell } from "./recurrent-cells.js";
export { Flatten, Identity, Unflatten } from "./shape-layers.js";
export type { LoadOptions, LoadResult, StateDict } from "./state-dict.js";
export {
  type DecoderCallOptions,
  type DecoderModule,
  type EncoderCallOptions,
  type EncoderModule,
  Transformer,
  type TransformerActivation,
  type TransformerCallOptions,
  TransformerDecoder,
  TransformerDecoderLayer,
  TransformerEncoder,
  TransformerEncoderLayer,
  type TransformerLayerOptions,
  type TransformerOptions,
} from "./transformer.js";
export * from "./unpooling.js";
export * from "./upsampling.js";
export * as utils from "./utils.js";
export { clipGradNorm_, clipGradValue_ } from "./utils.js";

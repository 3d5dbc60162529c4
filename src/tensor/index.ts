// Tensors: creation, functions, methods, autograd, random numbers, scopes, compile().

export { type ProgramCacheStats, programCacheStats, type ScheduleFound } from "../compiler/index.js";
export type { Device } from "../graph/index.js";
export type { UnfoldOptions } from "../ops/index.js";
export { checkTensor, type Dims, type TensorLike } from "./args.js";
export { type BackwardOptions, type GradOptions, grad } from "./autograd.js";
export { checkpoint } from "./checkpoint.js";
export { type Compiled, type CompileOptions, compile } from "./compile.js";
export * from "./creation.js";
export type { CreationOptions, SizeArgs } from "./creation-options.js";
export { applyFunction, type CustomFunction, FunctionContext } from "./custom-function.js";
export { gpu } from "./device.js";
export {
  availableTargets,
  scheduleFolder,
  setTarget,
  setThreads,
  type TargetName,
  type TargetStatus,
  targetName,
  targetStatus,
  threadCount,
} from "./engine.js";
export * from "./functions/activation.js";
export {
  add,
  addcdiv,
  addcmul,
  arctan2,
  atan2,
  div,
  divide,
  floorDivide,
  fmod,
  lerp,
  maskedFill,
  maximum,
  minimum,
  mul,
  multiply,
  pow,
  remainder,
  rsub,
  sub,
  subtract,
  trueDivide,
  where,
} from "./functions/arithmetic.js";
export * from "./functions/arrange.js";
export * from "./functions/channels.js";
export * from "./functions/comparison.js";
export * from "./functions/construct.js";
export { detach, type HookHandle, numel } from "./functions/conversion.js";
export * from "./functions/convolution.js";
export { type CtcLossOptions, ctcLoss } from "./functions/ctc.js";
export * from "./functions/decompositions.js";
export * from "./functions/distance.js";
export { binomial, type MultinomialOptions, multinomial, poisson } from "./functions/draws.js";
export { bernoulli, type DropoutOptions, dropout, scaledDotProductAttention } from "./functions/dropout.js";
export { checkTableOptions, embedding, type TableOptions, tableNames } from "./functions/embedding.js";
export * from "./functions/embedding-bag.js";
export * from "./functions/feature-dropout.js";
export * from "./functions/fractional-pooling.js";
export {
  argsort,
  gather,
  indexSelect,
  kthvalue,
  oneHot,
  type ScatterOptions,
  scatter,
  scatterAdd,
  sort,
  takeAlongDim,
  topk,
} from "./functions/gather.js";
export * from "./functions/likelihood-losses.js";
export * from "./functions/linalg.js";
export * from "./functions/linear-algebra.js";
export * from "./functions/linear-systems.js";
export * from "./functions/loss.js";
export {
  cosineEmbeddingLoss,
  hingeEmbeddingLoss,
  type MultiMarginLossOptions,
  marginRankingLoss,
  multilabelMarginLoss,
  multilabelSoftMarginLoss,
  multiMarginLoss,
  softMarginLoss,
  type TripletMarginLossOptions,
  type TripletMarginWithDistanceLossOptions,
  tripletMarginLoss,
  tripletMarginWithDistanceLoss,
} from "./functions/margin-losses.js";
export {
  type BatchNormOptions,
  batchNorm,
  groupNorm,
  instanceNorm,
  layerNorm,
  rmsNorm,
} from "./functions/normalization.js";
export * from "./functions/ordering.js";
export {
  bitwiseLeftShift,
  bitwiseRightShift,
  clampMax,
  clampMin,
  copysign,
  floatPower,
  fmax,
  fmin,
  gcd,
  heaviside,
  hypot,
  lcm,
  logaddexp,
  logaddexp2,
  xlogy,
} from "./functions/pairs.js";
export {
  argwhere,
  diagonalScatter,
  type IsinOptions,
  indexAdd,
  indexCopy,
  indexFill,
  indexPut,
  isin,
  maskedScatter,
  put,
  type SliceScatterOptions,
  scatterReduce,
  selectScatter,
  sliceScatter,
  take,
  unravelIndex,
} from "./functions/placing.js";
export * from "./functions/pointwise.js";
export {
  addbmm,
  addmv,
  addr,
  baddbmm,
  cdist,
  chainMatmul,
  cross,
  inner,
  kron,
  multiDot,
  pdist,
  type ScaledOptions,
  tensordot,
  trace,
  vander,
  vecdot,
} from "./functions/products.js";
export {
  atleast1d,
  atleast2d,
  atleast3d,
  columnStack,
  dsplit,
  dstack,
  fliplr,
  flipud,
  hsplit,
  rot90,
  tensorSplit,
  vsplit,
} from "./functions/rearrange.js";
export * from "./functions/reduction.js";
export * from "./functions/resampling.js";
export * from "./functions/sets.js";
export * from "./functions/shape.js";
export * from "./functions/special.js";
export {
  bincount,
  type CovOptions,
  corrcoef,
  cov,
  cumulativeTrapezoid,
  type DiffOptions,
  diff,
  dist,
  type GradientOptions,
  gradient,
  type HistogramOptions,
  histc,
  histogram,
  nanmean,
  nansum,
  renorm,
  type TrapezoidOptions,
  trapezoid,
} from "./functions/statistics.js";
export * from "./functions/thresholds.js";
export * from "./functions/windows.js";
export {
  defaultGenerator,
  Generator,
  type GeneratorState,
  initialSeed,
  manualSeed,
  seed,
  withGenerator,
} from "./generator.js";
export { type CheckedFunction, type GradcheckOptions, gradcheck, gradgradcheck } from "./gradcheck.js";
export { hostEffect, runtimeScalar, whenComputed } from "./host.js";
export type { IndexItem } from "./index-items.js";
export { maskedSelect, nonzero } from "./indexing.js";
export { type ChunkOption, type HessianOf, hessian, type JacobianOf, jacfwd, jacrev } from "./jacobians.js";
export { leaveModule, type Place, quietly } from "./pending.js";

import "./methods.js"; // declares the methods of Tensor

export { type AutocastOptions, autocast, getAutocastDtype, isAutocastEnabled } from "./autocast.js";
export { writeUnless } from "./in-place.js";
export { type KernelProfile, Profile, profile, type Roofline } from "./profiler/index.js";
export * from "./random.js";
export { computed, moveOut, type NestedArray, ready, valuesAtHand } from "./read.js";
export * from "./scopes.js";
export { asState, enterModule, keep, sync } from "./sync-points.js";
export { isTensor, Tensor, type TensorShape } from "./tensor.js";
export type { TensorData } from "./tensor-data.js";
export { guarded, isTracing } from "./trace.js";
export {
  type ArgnumsOptions,
  type AuxOption,
  type Cotangents,
  type GradientOf,
  type Gradients,
  grad as functionGrad,
  jvp,
  type Pullback,
  valueAndGrad,
  vjp,
} from "./transforms.js";
export type { DimTree, TensorTree } from "./tree-arguments.js";
export { type InDims, type Randomness, type TensorFunction, type VmapOptions, vmap } from "./vmap.js";

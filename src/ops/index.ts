// Operations on nodes: primitives with all their rules, and what is composed of them.
export * from "./activations.js";
export * from "./adaptive-pooling.js";
export { inFloat32, inFloat32Like } from "./apply.js";
export * from "./attention.js";
export { type BatchedInput, batchDraw, batchNode, type DrawKey } from "./batching.js";
export * from "./broadcasting.js";
export * from "./clamp.js";
export * from "./classification-losses.js";
export * from "./comparison.js";
export * from "./composing.js";
export * from "./concat.js";
export * from "./contraction.js";
export * from "./conv.js";
export * from "./convolution.js";
export * from "./creation.js";
export * from "./cumulative.js";
export * from "./division.js";
export * from "./einsum.js";
export * from "./elementwise.js";
export * from "./extrema.js";
export type { GridSampleOptions, PaddingMode, SampleMode } from "./grid-sample.js";
export {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveAvgPool3d,
  addmm,
  avgPool1d,
  avgPool2d,
  avgPool3d,
  batchNormInference,
  batchNormTraining,
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  celu,
  conv1d,
  conv2d,
  conv3d,
  convTranspose1d,
  convTranspose2d,
  convTranspose3d,
  crossEntropy,
  elu,
  floorDivide,
  fmod,
  gelu,
  gridSample,
  groupNorm,
  hardsigmoid,
  hardswish,
  huberLoss,
  hypot,
  instanceNorm,
  klDiv,
  l1Loss,
  layerNorm,
  leakyRelu,
  linear,
  logaddexp,
  logaddexp2,
  logcumsumexp,
  logit,
  logSigmoid,
  logSoftmax,
  logsumexp,
  mean,
  mish,
  mseLoss,
  nllLoss,
  norm,
  pow,
  prelu,
  quantile,
  remainder,
  resampleDim,
  rmsNorm,
  rsqrt,
  safeSoftmax,
  scaledDotProductAttention,
  scatterReduce,
  selu,
  silu,
  smoothL1Loss,
  softmax,
  softmin,
  softplus,
  softsign,
  std,
  stdMean,
  tanhshrink,
  truncDivide,
  variance,
  varMean,
  xlogy,
} from "./half-forms.js";
export * from "./hyperbolic.js";
export { embedding, gather, indexGather, indexSelect, takeAlongDim } from "./indexing.js";
export { gcd, lcm } from "./integers.js";
export * from "./interpret.js";
export * from "./joining.js";
export * from "./leaves.js";
export { checkSquare, cholesky, det, eigh, inv, slogdet, solve, solveTriangular } from "./linalg.js";
export * from "./losses.js";
export { luFactor, luParts, luPermutation, luSolve } from "./lu.js";
export * from "./matmul.js";
export { matrixExp } from "./matrix-exp.js";
export * from "./movement.js";
export * from "./normalization.js";
export { type Interpolation, median, medianOfAll, mode, type QuantileOptions } from "./order-statistics.js";
export { pinv, qr, qrComplete, significant, svd, svdFull, withoutNaN } from "./orthogonal.js";
export * from "./padding.js";
export * from "./pairs.js";
export * from "./part.js";
export { sumOfParts, withoutPadding } from "./pieces.js";
export * from "./pooling.js";
export * from "./power.js";
export * from "./random.js";
export { binomialCounts, poissonCounts } from "./random-counts.js";
export * from "./random-fill.js";
export { amax, amin, prod } from "./reductions.js";
export type { AxisResize, Interpolation1d } from "./resample.js";
export { cumprod, cumsum } from "./scan.js";
export { indexAdd, indexPut, scatter, scatterAdd } from "./scatter.js";
export type { ScatterReduction } from "./scatter-reduce.js";
export * from "./search.js";
export * from "./selection.js";
export * from "./shaping.js";
export * from "./softmax.js";
export { digamma, entr, erfinv, lgamma, polygamma } from "./special-functions.js";
export * from "./statistics.js";
export * from "./triangular.js";
export { foldColumns, type UnfoldOptions, unfold } from "./unfold.js";
export { checked, hostValues, testHost } from "./value-checks.js";

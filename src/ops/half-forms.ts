// Compositions that are one operation in PyTorch: on float16 and bfloat16 they compute in float32 and round their result once.
// `index.ts` exports these instead of the plain forms, which the compositions themselves use. What is not listed rounds after
// each of its parts, as PyTorch's compositions do.
import { isHalf } from "../base/index.js";
import type { Node } from "../graph/index.js";
import * as activations from "./activations.js";
import * as adaptive from "./adaptive-pooling.js";
import { inFloat32, inFloat32Like } from "./apply.js";
import * as attention from "./attention.js";
import { cast } from "./cast.js";
import * as classification from "./classification-losses.js";
import * as conv from "./conv.js";
import * as cumulative from "./cumulative.js";
import * as division from "./division.js";
import * as elementwise from "./elementwise.js";
import * as sampling from "./grid-sample.js";
import * as losses from "./losses.js";
import * as products from "./matmul.js";
import * as normalization from "./normalization.js";
import * as order from "./order-statistics.js";
import * as pairs from "./pairs.js";
import * as pooling from "./pooling.js";
import * as powers from "./power.js";
import * as resampling from "./resample.js";
import * as scattering from "./scatter-reduce.js";
import * as softmaxes from "./softmax.js";
import * as special from "./special-functions.js";
import * as statistics from "./statistics.js";

export const leakyRelu = inFloat32(activations.leakyRelu);
export const prelu = inFloat32(activations.prelu);
export const elu = inFloat32(activations.elu);
export const selu = inFloat32(activations.selu);
export const celu = inFloat32(activations.celu);
export const gelu = inFloat32(activations.gelu);
export const silu = inFloat32(activations.silu);
export const logSigmoid = inFloat32(activations.logSigmoid);
export const softplus = inFloat32(activations.softplus);
export const mish = inFloat32(activations.mish);
export const softsign = inFloat32(activations.softsign);
export const tanhshrink = inFloat32(activations.tanhshrink);
export const hardsigmoid = inFloat32(activations.hardsigmoid);
export const hardswish = inFloat32(activations.hardswish);

export const rsqrt = inFloat32(elementwise.rsqrt);
export const pow = inFloat32(powers.pow);
export const fmod = inFloat32(division.fmod);
export const remainder = inFloat32(division.remainder);
export const truncDivide = inFloat32(division.truncDivide);
export const floorDivide = inFloat32(division.floorDivide);
export const logaddexp = inFloat32(pairs.logaddexp);
export const logaddexp2 = inFloat32(pairs.logaddexp2);
export const hypot = inFloat32(pairs.hypot);
export const xlogy = inFloat32(pairs.xlogy);
export const logit = inFloat32(special.logit);

export const softmax = inFloat32(softmaxes.softmax);
export const softmin = inFloat32(softmaxes.softmin);
export const logSoftmax = inFloat32(softmaxes.logSoftmax);
export const logsumexp = inFloat32(softmaxes.logsumexp);
export const safeSoftmax = inFloat32(softmaxes.safeSoftmax);
export const logcumsumexp = inFloat32(cumulative.logcumsumexp);

export const mean = inFloat32(statistics.mean);
export const variance = inFloat32(statistics.variance);
export const std = inFloat32(statistics.std);
export const varMean = inFloat32(statistics.varMean);
export const stdMean = inFloat32(statistics.stdMean);
export const norm = inFloat32(statistics.norm);
export const quantile = inFloat32(order.quantile);

export const layerNorm = inFloat32Like(normalization.layerNorm);
export const rmsNorm = inFloat32Like(normalization.rmsNorm);
export const groupNorm = inFloat32Like(normalization.groupNorm);
export const instanceNorm = inFloat32Like(normalization.instanceNorm);

export const batchNormInference = inFloat32Like(normalization.batchNormInference);

/** The statistics stay in float32. */
export function batchNormTraining(x: Node, options: normalization.AffineOptions = {}): normalization.BatchStatistics {
  if (!isHalf(x.dtype)) return normalization.batchNormTraining(x, options);
  const { output, ...statistics } = normalization.batchNormTraining(cast(x, "float32"), options);
  return { output: cast(output, x.dtype), ...statistics };
}

export const linear = inFloat32(products.linear);
export const addmm = inFloat32(products.addmm);
export const conv1d = inFloat32(conv.conv1d);
export const conv2d = inFloat32(conv.conv2d);
export const conv3d = inFloat32(conv.conv3d);
export const convTranspose1d = inFloat32(conv.convTranspose1d);
export const convTranspose2d = inFloat32(conv.convTranspose2d);
export const convTranspose3d = inFloat32(conv.convTranspose3d);
export const scaledDotProductAttention = inFloat32(attention.scaledDotProductAttention);

export const avgPool1d = inFloat32(pooling.avgPool1d);
export const avgPool2d = inFloat32(pooling.avgPool2d);
export const avgPool3d = inFloat32(pooling.avgPool3d);
export const adaptiveAvgPool1d = inFloat32(adaptive.adaptiveAvgPool1d);
export const adaptiveAvgPool2d = inFloat32(adaptive.adaptiveAvgPool2d);
export const adaptiveAvgPool3d = inFloat32(adaptive.adaptiveAvgPool3d);
export const resampleDim = inFloat32(resampling.resampleDim);
export const gridSample = inFloat32(sampling.gridSample);
export const scatterReduce = inFloat32(scattering.scatterReduce);

export const nllLoss = inFloat32(classification.nllLoss);
export const crossEntropy = inFloat32(classification.crossEntropy);
export const mseLoss = inFloat32(losses.mseLoss);
export const l1Loss = inFloat32(losses.l1Loss);
export const smoothL1Loss = inFloat32(losses.smoothL1Loss);
export const huberLoss = inFloat32(losses.huberLoss);
export const binaryCrossEntropy = inFloat32(losses.binaryCrossEntropy);
export const binaryCrossEntropyWithLogits = inFloat32(losses.binaryCrossEntropyWithLogits);
export const klDiv = inFloat32(losses.klDiv);

// Convolutions, poolings, normalisations, resampling, attention, and random functions whose draws stand still.
import * as gradus from "gradus";
import * as functional from "gradus/nn/functional";
import { between, type Cases, index, like } from "./inputs.js";

const samples = (...shape: number[]) => gradus.full(shape, 0.3, { dtype: "float64" });
/** A generator that gives the same draws at each call of the function. */
const still = () => ({ generator: new gradus.Generator({ seed: 3 }) });
const grid = (...shape: number[]) => gradus.arange(4, { dtype: "int64" }).mul(2).reshape(shape);

export const layers: Cases = {
  adaptiveAvgPool1d: [(x) => gradus.adaptiveAvgPool1d(x, 2), like(1, 3)],
  adaptiveAvgPool2d: [(x) => functional.adaptiveAvgPool2d(x, 2), like(1, 3, 2)],
  adaptiveAvgPool3d: [(x) => functional.adaptiveAvgPool3d(x, [2, 1, 1]), like(1, 3, 2, 1)],
  adaptiveMaxPool1d: [(x) => gradus.adaptiveMaxPool1d(x, 2), like(1, 3)],
  adaptiveMaxPool1dWithIndices: [(x) => functional.adaptiveMaxPool1dWithIndices(x, 2)[0], like(1, 3)],
  adaptiveMaxPool2d: [(x) => functional.adaptiveMaxPool2d(x, 2), like(1, 3, 2)],
  adaptiveMaxPool2dWithIndices: [(x) => functional.adaptiveMaxPool2dWithIndices(x, 2)[0], like(1, 3, 2)],
  adaptiveMaxPool3d: [(x) => functional.adaptiveMaxPool3d(x, [2, 1, 1]), like(1, 3, 2, 1)],
  adaptiveMaxPool3dWithIndices: [(x) => functional.adaptiveMaxPool3dWithIndices(x, [2, 1, 1])[0], like(1, 3, 2, 1)],
  affineGrid: [(t) => functional.affineGrid(t, [1, 1, 2, 2]), like(1, 2, 3)],
  alphaDropout: [(x) => gradus.alphaDropout(x, 0.4, still()), like(4)],
  avgPool1d: [(x) => gradus.avgPool1d(x, 2, { padding: 1 }), like(1, 4)],
  avgPool2d: [(x) => functional.avgPool2d(x, 2, { padding: 1, countIncludePad: false }), like(1, 2, 3)],
  avgPool3d: [(x) => functional.avgPool3d(x, [1, 2, 2], 1), like(1, 2, 2, 2)],
  batchNorm: [
    (x, weight, bias) => gradus.batchNorm(x, null, null, { weight, bias, training: true }),
    like(3, 2),
    like(2),
    like(2),
  ],
  "batchNorm running": [
    (x, weight, bias) => gradus.batchNorm(x, samples(2), samples(2), { weight, bias, training: false }),
    like(2, 2),
    like(2),
    like(2),
  ],
  conv1d: [(x, w, b) => gradus.conv1d(x, w, b, { padding: 1, stride: 2 }), like(1, 2, 4), like(2, 2, 2), like(2)],
  conv2d: [(x, w) => gradus.conv2d(x, w, { dilation: [2, 1], groups: 2 }), like(1, 2, 3, 2), like(2, 1, 2, 2)],
  conv3d: [(x, w) => gradus.conv3d(x, w, { padding: [0, 1, 0] }), like(1, 2, 2, 1, 2), like(1, 2, 2, 2, 1)],
  convTranspose1d: [
    (x, w) => gradus.convTranspose1d(x, w, { stride: 2, padding: 1, outputPadding: 1 }),
    like(1, 2, 3),
    like(2, 1, 2),
  ],
  convTranspose2d: [(x, w) => gradus.convTranspose2d(x, w, { stride: [1, 2] }), like(1, 1, 2, 2), like(1, 2, 2, 2)],
  convTranspose3d: [(x, w) => gradus.convTranspose3d(x, w, { stride: 2 }), like(1, 1, 2, 1, 2), like(1, 1, 2, 2, 1)],
  dropout: [(x) => gradus.dropout(x, 0.4, still()), like(4)],
  dropout1d: [(x) => functional.dropout1d(x, 0.4, still()), like(3, 2)],
  dropout2d: [(x) => functional.dropout2d(x, 0.4, still()), like(3, 1, 2)],
  dropout3d: [(x) => functional.dropout3d(x, 0.4, still()), like(3, 1, 1, 2)],
  embeddingBag: [(w) => gradus.embeddingBag(index(0, 1, 1, 2).reshape([2, 2]), w), like(3, 2)],
  "embeddingBag weighted": [
    (w, perSampleWeights) =>
      gradus.embeddingBag(index(0, 1, 1), w, { offsets: index(0, 2), mode: "sum", perSampleWeights }),
    like(2, 2),
    like(3),
  ],
  "embeddingBag max": [(w) => gradus.embeddingBag(index(0, 1, 1, 2).reshape([2, 2]), w, { mode: "max" }), like(3, 2)],
  featureAlphaDropout: [(x) => gradus.featureAlphaDropout(x, 0.4, still()), like(1, 3, 2)],
  fold: [(x) => functional.fold(x, [3, 2], 2), like(1, 4, 2)],
  fractionalMaxPool2d: [
    (x) => functional.fractionalMaxPool2d(x, 2, { outputSize: 2, randomSamples: samples(1, 1, 2) }),
    like(1, 1, 3, 3),
  ],
  fractionalMaxPool2dWithIndices: [
    (x) => functional.fractionalMaxPool2dWithIndices(x, 2, { outputSize: 2, randomSamples: samples(1, 1, 2) })[0],
    like(1, 1, 3, 3),
  ],
  fractionalMaxPool3d: [
    (x) => functional.fractionalMaxPool3d(x, [1, 2, 1], { outputSize: [1, 2, 2], randomSamples: samples(1, 1, 3) }),
    like(1, 1, 1, 3, 2),
  ],
  fractionalMaxPool3dWithIndices: [
    (x) =>
      functional.fractionalMaxPool3dWithIndices(x, [1, 2, 1], {
        outputSize: [1, 2, 2],
        randomSamples: samples(1, 1, 3),
      })[0],
    like(1, 1, 1, 3, 2),
  ],
  glu: [(x) => functional.glu(x), like(2, 4)],
  gridSample: [
    (x, g) => functional.gridSample(x, g, { paddingMode: "border", alignCorners: false }),
    like(1, 1, 3, 2),
    between(-0.4, 0.4, 1, 1, 2, 2),
  ],
  groupNorm: [(x, weight, bias) => gradus.groupNorm(x, 2, { weight, bias }), like(1, 4, 2), like(4), like(4)],
  gumbelSoftmax: [(x) => functional.gumbelSoftmax(x, still()), like(2, 3)],
  instanceNorm: [(x, weight, bias) => gradus.instanceNorm(x, { weight, bias }), like(1, 2, 3), like(2), like(2)],
  "interpolate linear": [(x) => functional.interpolate(x, { size: 5, mode: "linear" }), like(1, 1, 3)],
  "interpolate bilinear": [
    (x) => functional.interpolate(x, { size: [3, 1], mode: "bilinear", alignCorners: true }),
    like(1, 1, 2, 2),
  ],
  "interpolate bicubic": [(x) => functional.interpolate(x, { size: [3, 2], mode: "bicubic" }), like(1, 1, 2, 3)],
  "interpolate nearest": [(x) => functional.interpolate(x, { scaleFactor: 1.5 }), like(1, 1, 3)],
  layerNorm: [(x, weight, bias) => gradus.layerNorm(x, 3, { weight, bias }), like(2, 3), like(3), like(3)],
  localResponseNorm: [(x) => functional.localResponseNorm(x, 2, { alpha: 0.5 }), like(1, 3, 2)],
  lpPool1d: [(x) => functional.lpPool1d(x, 3, 2), between(0.5, 2, 1, 4)],
  lpPool2d: [(x) => functional.lpPool2d(x, 3, 2), between(0.5, 2, 1, 2, 4)],
  lpPool3d: [(x) => functional.lpPool3d(x, 2, [1, 2, 2]), between(0.5, 2, 1, 1, 2, 2)],
  maxPool1d: [(x) => gradus.maxPool1d(x, 2, 1), like(1, 4)],
  maxPool1dWithIndices: [(x) => functional.maxPool1dWithIndices(x, 2)[0], like(1, 4)],
  maxPool2d: [(x) => gradus.maxPool2d(x, 2, 1), like(1, 2, 3)],
  maxPool2dWithIndices: [(x) => functional.maxPool2dWithIndices(x, 2)[0], like(1, 2, 4)],
  maxPool3d: [(x) => gradus.maxPool3d(x, [1, 2, 2], 1), like(1, 2, 2, 2)],
  maxPool3dWithIndices: [(x) => functional.maxPool3dWithIndices(x, [1, 2, 2])[0], like(1, 2, 2, 2)],
  maxUnpool1d: [(x) => functional.maxUnpool1d(x, grid(1, 4), 2), like(1, 4)],
  maxUnpool2d: [(x) => functional.maxUnpool2d(x, grid(1, 2, 2), 2), like(1, 2, 2)],
  maxUnpool3d: [(x) => functional.maxUnpool3d(x, grid(1, 2, 2, 1), 2), like(1, 2, 2, 1)],
  rmsNorm: [(x, weight) => gradus.rmsNorm(x, 3, { weight }), like(2, 3), like(3)],
  scaledDotProductAttention: [
    (q, k, v) => functional.scaledDotProductAttention(q, k, v, { isCausal: true }),
    like(1, 2, 2),
    like(1, 2, 2),
    like(1, 2, 2),
  ],
  "scaledDotProductAttention masked": [
    (q, k, v, attnMask) => functional.scaledDotProductAttention(q, k, v, { attnMask }),
    like(1, 2, 1),
    like(1, 3, 1),
    like(1, 3, 1),
    like(2, 3),
  ],
  unfold: [(x) => functional.unfold(x, 2, { padding: 1 }), like(1, 1, 2, 2)],
};

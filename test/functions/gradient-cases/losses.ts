// Losses; targets of which PyTorch gives no gradient stand still.
import * as gradus from "gradus";
import * as functional from "gradus/nn/functional";
import { between, type Cases, fixed, index, like } from "./inputs.js";

export const losses: Cases = {
  binaryCrossEntropy: [(x, y) => functional.binaryCrossEntropy(x, y), between(0.1, 0.9, 3), between(0.1, 0.9, 3)],
  binaryCrossEntropyWithLogits: [
    (x, y) => gradus.binaryCrossEntropyWithLogits(x, y, { posWeight: fixed(2, 0.5, 1) }),
    like(2, 3),
    between(0.1, 0.9, 2, 3),
  ],
  cosineEmbeddingLoss: [(a, b) => gradus.cosineEmbeddingLoss(a, b, index(1, -1)), like(2, 3), like(2, 3)],
  crossEntropy: [(x) => functional.crossEntropy(x, index(2, 0), { labelSmoothing: 0.1 }), like(2, 3)],
  "crossEntropy probabilities": [(x, y) => functional.crossEntropy(x, y), like(2, 3), between(0, 1, 2, 3)],
  ctcLoss: [(x) => gradus.ctcLoss(x.logSoftmax(2), index(1).reshape([1, 1]), [2], [1]), like(2, 1, 2)],
  gaussianNllLoss: [
    (x, y, variance) => functional.gaussianNllLoss(x, y, variance),
    like(3),
    like(3),
    between(0.5, 2, 3),
  ],
  hingeEmbeddingLoss: [(x) => gradus.hingeEmbeddingLoss(x, index(1, -1, 1)), like(3)],
  huberLoss: [(x, y) => functional.huberLoss(x, y, { delta: 0.6 }), like(4), like(4)],
  klDiv: [(x, y) => gradus.klDiv(x, y, { reduction: "batchmean" }), like(2, 2), between(0.1, 1, 2, 2)],
  "klDiv log": [(x, y) => gradus.klDiv(x, y, { logTarget: true }), like(3), like(3)],
  l1Loss: [(x, y) => functional.l1Loss(x, y), like(3), like(3)],
  marginRankingLoss: [(a, b) => gradus.marginRankingLoss(a, b, index(1, -1, 1), { margin: 0.3 }), like(3), like(3)],
  mseLoss: [(x, y) => functional.mseLoss(x, y, { reduction: "none" }), like(3), like(3)],
  multiMarginLoss: [(x) => functional.multiMarginLoss(x, index(1, 0), { p: 2 }), like(2, 3)],
  multilabelMarginLoss: [(x) => functional.multilabelMarginLoss(x, index(2, 0, -1).reshape([1, 3])), like(1, 3)],
  multilabelSoftMarginLoss: [(x) => functional.multilabelSoftMarginLoss(x, fixed(1, 0, 1)), like(3)],
  nllLoss: [(x) => functional.nllLoss(x, index(2, 0), { weight: fixed(1, 2, 0.5) }), like(2, 3)],
  poissonNllLoss: [(x) => gradus.poissonNllLoss(x, fixed(1, 2, 3), { full: true }), like(3)],
  smoothL1Loss: [(x, y) => functional.smoothL1Loss(x, y, { beta: 0.6 }), like(4), like(4)],
  softMarginLoss: [(x) => functional.softMarginLoss(x, index(1, -1, 1)), like(3)],
  tripletMarginLoss: [
    (a, p, n) => gradus.tripletMarginLoss(a, p, n, { swap: true }),
    like(2, 2),
    like(2, 2),
    like(2, 2),
  ],
  tripletMarginWithDistanceLoss: [
    (a, p, n) => functional.tripletMarginWithDistanceLoss(a, p, n),
    like(2, 2),
    like(2, 2),
    like(2, 2),
  ],
};

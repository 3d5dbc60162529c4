// Errors of functions that are composed of others name the function that was called, in the text and in `op`.
import * as gradus from "gradus";
import { GradusError, type Tensor, tensor, zeros } from "gradus";
import * as linalg from "gradus/linalg";
import * as nn from "gradus/nn";
import * as F from "gradus/nn/functional";
import { describe, expect, test } from "vitest";

const [a, b, c] = [zeros([2, 3]), zeros([4]), zeros([5, 7])];
const truth = zeros([2, 3], { dtype: "bool" });
const whole = zeros([2, 3], { dtype: "int64" });
const holed = tensor([
  [1, Number.NaN],
  [2, 3],
]);

const cases: readonly (readonly [op: string, call: () => unknown, problem: string])[] = [
  ["mseLoss", () => F.mseLoss(a, b), "shapes [2,3] and [4] do not broadcast"],
  ["l1Loss", () => F.l1Loss(a, b), "shapes [2,3] and [4] do not broadcast"],
  ["smoothL1Loss", () => F.smoothL1Loss(a, b), "shapes [2,3] and [4] do not broadcast"],
  ["huberLoss", () => F.huberLoss(a, b), "shapes [2,3] and [4] do not broadcast"],
  ["klDiv", () => F.klDiv(a, b), "shapes [4] and [2,3] do not broadcast"],
  [
    "binaryCrossEntropyWithLogits",
    () => F.binaryCrossEntropyWithLogits(truth, truth),
    "input must be a float tensor, is bool",
  ],
  ["poissonNllLoss", () => F.poissonNllLoss(a, b), "shapes [4] and [2,3] do not broadcast"],
  ["gaussianNllLoss", () => F.gaussianNllLoss(a, b, zeros([2, 3])), "shapes [2,3] and [4] do not broadcast"],
  ["softMarginLoss", () => F.softMarginLoss(a, b), "shapes [4] and [2,3] do not broadcast"],
  ["cosineEmbeddingLoss", () => F.cosineEmbeddingLoss(a, c, zeros([2])), "shapes"],
  ["tripletMarginLoss", () => F.tripletMarginLoss(a, c, a), "shapes [2,3] and [5,7] do not broadcast"],
  ["cosineSimilarity", () => F.cosineSimilarity(a, c), "shapes [2,3] and [5,7] do not broadcast"],
  ["pairwiseDistance", () => F.pairwiseDistance(a, c), "shapes [2,3] and [5,7] do not broadcast"],
  [
    "prelu",
    () => F.prelu(a, zeros([6])),
    "weight must have one element, or one for each of the 3 channels (input [2,3], weight [6])",
  ],
  ["leakyRelu", () => F.leakyRelu(whole), "input must be a float tensor, is int64"],
  ["softmin", () => F.softmin(a, 5), "dim 5 is out of range [-2, 1]"],
  ["glu", () => F.glu(zeros([])), "dim -1 is out of range"],
  ["threshold", () => F.threshold(a, b as never, 1), "shapes [2,3] and [4] do not broadcast"],
  ["bilinear", () => F.bilinear(a, a, zeros([5])), '"...a,oab,...b->...o" names 3 dims of operand 1 but it has 1'],
  ["maxPool2dWithIndices", () => F.maxPool2dWithIndices(b, 2), "input must have 4 dims"],
  ["maximum", () => gradus.maximum(a, b), "shapes [2,3] and [4] do not broadcast"],
  ["pow", () => gradus.pow(a, b), "shapes [2,3] and [4] do not broadcast"],
  ["fmod", () => gradus.fmod(a, b), "shapes [2,3] and [4] do not broadcast"],
  ["ge", () => gradus.ge(a, b), "shapes [4] and [2,3] do not broadcast"],
  ["logicalOr", () => gradus.logicalOr(a, b), "shapes [2,3] and [4] do not broadcast"],
  ["bitwiseAnd", () => gradus.bitwiseAnd(a, a), "takes bool or integer tensors, got float32"],
  ["gcd", () => gradus.gcd(whole, a), "takes integer tensors, got float32"],
  ["lcm", () => gradus.lcm(truth, whole), "takes integer tensors, got bool"],
  ["lu", () => linalg.lu(b), "A must have at least 2 dims, got [4]"],
  ["luFactor", () => linalg.luFactor(whole), "A must be a float tensor, is int64"],
  ["luSolve", () => linalg.luSolve(a, whole, a), "takes square matrices (input [2,3])"],
  [
    "luSolve",
    () => linalg.luSolve(zeros([2, 2]), zeros([3], { dtype: "int32" }), a),
    "pivots must be […,n] for LU […,n,n] (LU [2,2], pivots [3])",
  ],
  ["luSolve", () => linalg.luSolve(zeros([2, 2]), b, a), "pivots must be integers, got float32"],
  ["luUnpack", () => gradus.luUnpack(a, zeros([3], { dtype: "int32" })), "pivots must be [2] (LU [2,3], pivots [3])"],
  ["svd", () => linalg.svd(holed), "the input holds NaN, so it has no singular values"],
  [
    "svdvals",
    () => linalg.svdvals(holed.expand(2, 2, 2)).toArray(),
    "the input holds NaN, so it has no singular values (matrix 0 of the batch)",
  ],
  ["pinv", () => linalg.pinv(holed), "the input holds NaN, so it has no singular values"],
  ["matrixRank", () => linalg.matrixRank(holed), "the input holds NaN, so it has no singular values"],
  ["lstsq", () => linalg.lstsq(holed, holed), "the input holds NaN, so it has no singular values"],
  ["cond", () => linalg.cond(holed), "the input holds NaN, so it has no singular values"],
  ["matrixNorm", () => linalg.matrixNorm(holed, "nuc").item(), "the input holds NaN, so it has no singular values"],
  ["histc", () => gradus.histc(holed).toArray(), "the data reach to NaN, so no intervals can be laid over them"],
  ["histc", () => gradus.histc(a, { min: Number.NaN, max: 1 }), "the bounds must be finite, got NaN and 1"],
  ["histogram", () => gradus.histogram(tensor([1, Infinity]), 3).hist.toArray(), "the data reach to Infinity"],
  ["maxPool1d", () => gradus.maxPool1d(whole, 2), "input must be a float tensor, is int64"],
  ["maxPool2d", () => F.maxPool2d(truth.unsqueeze(0), 2), "input must hold numbers, is bool"],
  ["avgPool1d", () => gradus.avgPool1d(whole, 2), "input must be a float tensor, is int64"],
  ["adaptiveAvgPool1d", () => gradus.adaptiveAvgPool1d(whole, 2), "input must be a float tensor, is int64"],
  ["adaptiveMaxPool1dWithIndices", () => F.adaptiveMaxPool1dWithIndices(whole, 2), "input must be a float tensor"],
  ["maxUnpool1d", () => F.maxUnpool1d(whole, whole, 2), "input must be a float tensor, is int64"],
  ["interpolate", () => F.interpolate(whole.unsqueeze(0), { size: 4 }), "input must be a float tensor, is int64"],
  ["unfold", () => F.unfold(whole.reshape(1, 1, 2, 3), 2), "input must be a float tensor, is int64"],
  ["isclose", () => gradus.isclose(a, b), "shapes [2,3] and [4] do not broadcast"],
  ["clamp", () => gradus.clamp(a, b), "shapes [2,3] and [4] do not broadcast"],
  ["clampMin", () => gradus.clampMin(a, b), "shapes [2,3] and [4] do not broadcast"],
  ["lerp", () => gradus.lerp(a, b, 0.5), "shapes [4] and [2,3] do not broadcast"],
  ["addcmul", () => gradus.addcmul(a, a, b), "shapes [2,3] and [4] do not broadcast"],
  ["addmm", () => gradus.addmm(b, a, zeros([3, 2])), "shapes [2,2] and [4] do not broadcast"],
  ["baddbmm", () => gradus.baddbmm(a, a, a), "input must have 3 dims, has 2"],
  ["atan2", () => gradus.atan2(a, b), "shapes [4] and [2,3] do not broadcast"],
  ["copysign", () => gradus.copysign(a, b), "shapes [4] and [2,3] and [2,3] do not broadcast"],
  ["dist", () => gradus.dist(a, b), "shapes [2,3] and [4] do not broadcast"],
  ["cdist", () => gradus.cdist(truth, truth), "x1 must be a float tensor, is bool"],
  ["vecdot", () => linalg.vecdot(a, c), "shapes [2,3] and [5,7] do not broadcast"],
  ["nansum", () => gradus.nansum(a, 5), "dim 5 is out of range [-2, 1]"],
  ["std", () => gradus.std(a, 5), "dim 5 is out of range [-2, 1]"],
  ["eigvalsh", () => linalg.eigvalsh(a), "takes square matrices (input [2,3])"],
  ["add_", () => zeros([2, 3]).add_(b), "shapes [2,3] and [4] do not broadcast"],
  ["lerp_", () => zeros([2, 3]).lerp_(b, 0.5), "shapes [4] and [2,3] do not broadcast"],
  ["prelu", () => tensor([1, 2]).prelu(zeros([3])), "weight must have one element"],
  ["max", () => gradus.max(zeros([0])), "no elements along dim 0 of shape [0]"],
  ["varMean", () => gradus.varMean(a, 5), "dim 5 is out of range [-2, 1]"],
  ["aminmax", () => gradus.aminmax(a, { dim: 5 }), "dim 5 is out of range [-2, 1]"],
  ["allclose", () => gradus.allclose(a, b), "shapes [2,3] and [4] do not broadcast"],
  ["vstack", () => gradus.vstack([a, b]), "shapes [2,3] and [1,4] differ outside dim 0"],
  ["columnStack", () => gradus.columnStack([a, b]), "shapes [2,3] and [4,1] differ outside dim 1"],
  ["diff", () => gradus.diff(a, { prepend: c }), "shapes [5,7] and [2,3] differ outside dim 1"],
  ["trapezoid", () => gradus.trapezoid(a, b), "shapes [2,2] and [3] do not broadcast"],
  ["multiDot", () => linalg.multiDot([a, c]), "inner sizes 3 and 5 differ"],
  ["tensordot", () => gradus.tensordot(a, zeros([3], { dtype: "float64" }), 1), "dtypes float32 and float64 differ"],
  ["histogram", () => gradus.histogram(a, 3, { range: [2, 1] }), "max 1 must not be below min 2"],
  ["logspace", () => gradus.logspace(0, 1, -1), "steps must be an integer >= 0, got -1"],
  ["maxUnpool1d", () => F.maxUnpool1d(a, truth, 2), "indices must be of an integer dtype, is bool"],
  ["scaledDotProductAttention", () => F.scaledDotProductAttention(whole, whole, whole), "query must be a float tensor"],
];

function errorOf(call: () => unknown): GradusError {
  try {
    call();
  } catch (error) {
    if (error instanceof GradusError) return error;
    throw error;
  }
  throw new Error("threw nothing");
}

describe("errors of composed functions", () => {
  test.each(cases)("%s: given operands that do not fit, the error is its own", (op, call, problem) => {
    const error = errorOf(call);
    expect(error.message.startsWith(`${op}: ${problem}`), error.message).toBe(true);
    expect(error.op).toBe(op);
    expect(error.stack).toContain(error.message);
  });

  test("given an error inside of a user's function, it keeps the name of what the user called", () => {
    const distance = (x: Tensor, y: Tensor) => x.sub(y).norm({ dim: 1 });
    const call = () => F.tripletMarginWithDistanceLoss(a, a, c, { distanceFunction: distance });
    expect(errorOf(call).op).toBe("tripletMarginWithDistanceLoss");
    expect(errorOf(() => distance(a, c)).op).toBe("sub");
  });
});

describe("errors of indices that are computed", () => {
  const late = tensor([5], { dtype: "int64" }).add(4).sub(0);
  const calls: readonly (readonly [op: string, call: () => Tensor])[] = [
    ["take", () => gradus.take(a, late)],
    ["put", () => gradus.put(a, late, zeros([1]))],
    ["indexCopy", () => gradus.indexCopy(a, 1, late, zeros([2, 1]))],
    ["indexFill", () => gradus.indexFill(a, 1, late, 7)],
    ["indexPut", () => gradus.indexPut(b, [late], zeros([1]))],
    ["indexSelect", () => gradus.indexSelect(a, 1, late)],
  ];

  test.each(calls)("%s: given an index out of range, the read names the function", (op, call) => {
    expect(() => call().toArray()).toThrow(new RegExp(`^${op}: index`));
  });
});

test("layers: given surplus arguments, they are refused", () => {
  const surplus = (layer: unknown, ...args: unknown[]) => Reflect.construct(layer as new () => unknown, [...args, 7]);
  const said = (name: string) => `${name}: got 1 argument(s) too many (7 …); options go into one object, last`;
  expect(() => surplus(nn.Softmax, 1)).toThrow(said("Softmax"));
  expect(() => surplus(nn.ReflectionPad2d, 1)).toThrow(said("ReflectionPad2d"));
  expect(() => surplus(nn.ConstantPad1d, 1, 0)).toThrow(said("ConstantPad1d"));
  expect(() => surplus(nn.PixelShuffle, 2)).toThrow(said("PixelShuffle"));
});

test("given what PyTorch refuses, the error says what is taken", () => {
  expect(() => gradus.pdist(whole)).toThrow("pdist: input must be a float tensor, is int64");
  expect(() => F.dropout2d(a, 0.5)).toThrow("dropout2d: input must have 3 or 4 dims, got shape [2,3]");
});

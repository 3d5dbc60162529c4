// Gradients of the functions against central differences in float64, first and second order.

import * as gradus from "gradus";
import { gradcheck, gradgradcheck, manualSeed, rand, randn, type Tensor, tensor } from "gradus";
import * as functional from "gradus/nn/functional";
import { beforeEach, describe, expect, test } from "vitest";

type Case = readonly [name: string, f: (...x: Tensor[]) => Tensor | Tensor[], ...inputs: (() => Tensor)[]];

const like =
  (...shape: number[]) =>
  () =>
    randn(shape, { dtype: "float64" });
/** Uniform in [low, high). */
const between =
  (low: number, high: number, ...shape: number[]) =>
  () =>
    rand(shape, { dtype: "float64" })
      .mul(high - low)
      .add(low);
const index = (...values: number[]) => tensor(values, { dtype: "int64" });

const cases: Case[] = [
  ["asin", gradus.asin, between(-0.9, 0.9, 5)],
  ["acos", gradus.acos, between(-0.9, 0.9, 5)],
  ["asinh", gradus.asinh, like(5)],
  ["acosh", gradus.acosh, between(1.2, 4, 5)],
  ["atanh", gradus.atanh, between(-0.9, 0.9, 5)],
  ["sinh", gradus.sinh, like(5)],
  ["cosh", gradus.cosh, like(5)],
  ["sinc", gradus.sinc, like(5)],
  ["exp2", gradus.exp2, like(5)],
  ["erfinv", gradus.erfinv, between(-0.9, 0.9, 5)],
  ["lgamma", gradus.lgamma, between(0.3, 5, 5)],
  ["digamma", gradus.digamma, between(0.3, 5, 5)],
  ["polygamma", (x) => gradus.polygamma(2, x), between(0.5, 5, 5)],
  ["logit", (x) => gradus.logit(x as Tensor), between(0.1, 0.9, 5)],
  ["logaddexp", gradus.logaddexp, like(5), like(5)],
  ["logaddexp2", gradus.logaddexp2, like(5), like(5)],
  ["hypot", gradus.hypot, like(5), like(5)],
  ["entr", gradus.entr, between(0.2, 3, 5)],
  ["xlog1py", gradus.xlog1py, like(5), between(-0.5, 3, 5)],
  ["mvlgamma", (x) => gradus.mvlgamma(x as Tensor, 3), between(1.5, 5, 5)],
  ["ldexp", (x) => gradus.ldexp(x as Tensor, index(-1, 0, 3, 2, 1)), like(5)],
  ["xlogy", gradus.xlogy, like(5), between(0.2, 3, 5)],
  ["copysign", (x) => gradus.copysign(x, tensor([1, -1, 1, -1, 1], { dtype: "float64" })), like(5)],
  ["logcumsumexp", (x) => gradus.logcumsumexp(x, 1), like(2, 5)],
  ["cumprod", (x) => gradus.cumprod(x, 1), like(2, 4)],
  ["cummax", (x) => gradus.cummax(x, 1).values, like(2, 5)],
  ["median", (x) => gradus.median(x, 1).values, like(3, 5)],
  ["quantile", (x) => gradus.quantile(x, [0.2, 0.7], 1), like(3, 5)],
  ["nansum", (x) => gradus.nansum(x, 1), like(3, 4)],
  ["dist", (a, b) => gradus.dist(a as Tensor, b as Tensor), like(3, 4), like(3, 4)],
  ["renorm", (x) => gradus.renorm(x, 2, 0, 0.5), like(3, 4)],
  ["cov", (x) => gradus.cov(x), like(3, 5)],
  ["corrcoef", (x) => gradus.corrcoef(x), like(3, 6)],
  ["diff", (x) => gradus.diff(x), like(3, 4)],
  ["trapezoid", (x) => gradus.trapezoid(x, { dx: 0.5 }), like(3, 4)],
  ["gradient", (x) => gradus.gradient(x, { edgeOrder: 2 }), like(4, 4)],
  ["take", (x) => gradus.take(x, index(0, 5, -1)), like(2, 4)],
  ["put", (x, y) => gradus.put(x as Tensor, index(0, 5), y as Tensor), like(2, 4), like(2)],
  [
    "scatterReduce sum",
    (x, y) => gradus.scatterReduce(x as Tensor, 0, index(0, 1, 0), y as Tensor, "sum"),
    like(2),
    like(3),
  ],
  [
    "scatterReduce mean",
    (x, y) => gradus.scatterReduce(x as Tensor, 0, index(0, 1, 0), y as Tensor, "mean"),
    like(2),
    like(3),
  ],
  [
    "scatterReduce prod",
    (x, y) => gradus.scatterReduce(x as Tensor, 0, index(0, 1, 0), y as Tensor, "prod"),
    like(2),
    like(3),
  ],
  [
    "scatterReduce amax",
    (x, y) => gradus.scatterReduce(x as Tensor, 0, index(0, 1, 0), y as Tensor, "amax"),
    like(2),
    like(3),
  ],
  ["indexAdd", (x, y) => gradus.indexAdd(x as Tensor, 0, index(0, 1, 0), y as Tensor), like(2, 2), like(3, 2)],
  ["indexCopy", (x, y) => gradus.indexCopy(x as Tensor, 0, index(1, 0), y as Tensor), like(3, 2), like(2, 2)],
  [
    "maskedScatter",
    (x, y) => gradus.maskedScatter(x as Tensor, tensor([true, false, true]), y as Tensor),
    like(3),
    like(2),
  ],
  [
    "baddbmm",
    (x, a, b) => gradus.baddbmm(x as Tensor, a as Tensor, b as Tensor, { beta: 0.5, alpha: 2 }),
    like(2, 2, 2),
    like(2, 2, 3),
    like(2, 3, 2),
  ],
  ["tensordot", (a, b) => gradus.tensordot(a as Tensor, b as Tensor, 1), like(2, 3), like(3, 2)],
  ["kron", (a, b) => gradus.kron(a as Tensor, b as Tensor), like(2, 2), like(2, 1)],
  ["cross", (a, b) => gradus.cross(a as Tensor, b as Tensor), like(2, 3), like(2, 3)],
  [
    "multiDot",
    (a, b, c) => gradus.multiDot([a as Tensor, b as Tensor, c as Tensor]),
    like(2, 3),
    like(3, 2),
    like(2, 4),
  ],
  ["cdist", (a, b) => gradus.cdist(a as Tensor, b as Tensor), like(3, 2), like(2, 2)],
  ["pdist", (x) => gradus.pdist(x, 3), like(3, 2)],
  ["vander", (x) => gradus.vander(x), like(3)],
  ["diagEmbed", (x) => gradus.diagEmbed(x, { offset: 1 }), like(2, 3)],
  ["blockDiag", (a, b) => gradus.blockDiag(a as Tensor, b as Tensor), like(2, 2), like(1, 3)],
  [
    "conv3d",
    (x, w) => gradus.conv3d(x as Tensor, w as Tensor, { padding: 1 }),
    like(1, 2, 2, 3, 2),
    like(2, 2, 2, 2, 1),
  ],
  [
    "convTranspose3d",
    (x, w) => gradus.convTranspose3d(x as Tensor, w as Tensor, { stride: 2 }),
    like(1, 2, 2, 1, 2),
    like(2, 1, 2, 2, 1),
  ],
  ["lpPool2d", (x) => functional.lpPool2d(x as Tensor, 3, 2), between(0.5, 2, 1, 1, 4, 4)],
  ["adaptiveAvgPool3d", (x) => functional.adaptiveAvgPool3d(x as Tensor, 2), like(1, 1, 3, 3, 2)],
  [
    "interpolate bicubic",
    (x) => functional.interpolate(x as Tensor, { size: [3, 5], mode: "bicubic" }),
    like(1, 1, 4, 3),
  ],
  [
    "gridSample",
    (x, g) => functional.gridSample(x as Tensor, g as Tensor, { paddingMode: "border" }),
    like(1, 1, 3, 3),
    between(-0.8, 0.8, 1, 2, 2, 2),
  ],
  ["affineGrid", (t) => functional.affineGrid(t as Tensor, [1, 1, 2, 3]), like(1, 2, 3)],
  ["unfold", (x) => functional.unfold(x as Tensor, 2, { padding: 1 }), like(1, 1, 3, 3)],
  ["fold", (x) => functional.fold(x as Tensor, [3, 3], 2), like(1, 4, 4)],
  [
    "ctcLoss",
    (x) => gradus.ctcLoss((x as Tensor).logSoftmax(2), tensor([[1, 2]], { dtype: "int64" }), [4], [2]),
    like(4, 1, 3),
  ],
];

describe("gradients", () => {
  beforeEach(() => {
    manualSeed(7);
  });

  test.each(cases.map(([name, f, ...inputs]) => ({ name, f, inputs })))(
    "$name: given random float64 inputs, agrees with finite differences, also in second order",
    ({ f, inputs }) => {
      const leaves = inputs.map((make) => make().detach().requiresGrad_());
      expect(gradcheck(f as never, leaves)).toBe(true);
      expect(gradgradcheck(f as never, leaves)).toBe(true);
    },
  );
});

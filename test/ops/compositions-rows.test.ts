import { describe, expect, test } from "vitest";
import { IndexError } from "../../src/base/index.js";
import type { Node } from "../../src/graph/index.js";
import {
  allOver,
  anyOver,
  argmax,
  argmin,
  batchNormInference,
  batchNormTraining,
  countNonzero,
  groupNorm,
  instanceNorm,
  layerNorm,
  logSoftmax,
  logsumexp,
  maskedSoftmax,
  maxAlong,
  maxOfAll,
  mean,
  minAlong,
  minOfAll,
  norm,
  normalize,
  prodOver,
  rmsNorm,
  safeSoftmax,
  softmax,
  std,
  sumOver,
  variance,
  varMean,
} from "../../src/ops/index.js";
import { expectError } from "./errors.js";
import {
  expectClose,
  expectSameOnWasm,
  gradcheck,
  gradgradcheck,
  gradients,
  noise,
  tensor,
  valuesOf,
} from "./nodes.js";

const inf = Number.POSITIVE_INFINITY;
const nan = Number.NaN;

/** Value, gradients of both orders, and the wasm target, for a function of rows. */
function checkRows(f: (x: Node) => Node, shape: readonly number[], values = noise(shape)): void {
  gradcheck(f, [{ shape, values }]);
  gradgradcheck(f, [{ shape, values }], 1e-5);
  expectSameOnWasm(() => f(tensor(values, shape)), 1e-5);
}

describe("softmax", () => {
  test("given rows, sums to 1 and has the right gradients", () => {
    const y = valuesOf(softmax(tensor([1, 2, 3, -1, 0, 1], [2, 3], "float64"), 1));
    const e = [Math.exp(-2), Math.exp(-1), 1];
    const total = (e[0] as number) + (e[1] as number) + 1;
    expectClose(
      y,
      [...e, ...e].map((v) => v / total),
      1e-15,
    );
    for (const dim of [0, 1, -1]) {
      checkRows((x) => softmax(x, dim), [3, 4]);
      checkRows((x) => logSoftmax(x, dim), [3, 4]);
      checkRows((x) => logsumexp(x, dim), [3, 4]);
    }
    checkRows((x) => logsumexp(x, [0, 2], true), [2, 3, 2]);
  });

  test("given huge numbers, stays finite", () => {
    expectClose(valuesOf(softmax(tensor([1000, 1001]), 0)), [1 / (1 + Math.E), Math.E / (1 + Math.E)], 1e-6);
    expectClose(valuesOf(logSoftmax(tensor([-1000, 0]), 0)), [-1000, 0], 1e-6);
    expectClose(valuesOf(logsumexp(tensor([1000, 1000], [2], "float64"), 0)), [1000 + Math.LN2], 1e-15);
  });

  test("given rows of -Infinity: softmax NaN, logsumexp -Infinity with gradient NaN, safeSoftmax 0", () => {
    const x = () => tensor([-inf, -inf, 0, -inf], [2, 2], "float32", true);
    expect(valuesOf(softmax(x(), 1))).toEqual([nan, nan, 1, 0]);
    expect(valuesOf(safeSoftmax(x(), 1))).toEqual([0, 0, 1, 0]);
    const given = x();
    const y = logsumexp(given, 1);
    expect(valuesOf(y)).toEqual([-inf, 0]);
    expect(valuesOf(gradients(y, tensor([1, 1]), [given])[0] as Node)).toEqual([nan, nan, 1, 0]);
    const other = x();
    const safe = gradients(safeSoftmax(other, 1), tensor([1, 2, 3, 4], [2, 2]), [other])[0] as Node;
    expect(valuesOf(safe).map((v) => v + 0)).toEqual([0, 0, 0, 0]);
  });

  test("given a mask, softmax of what it shows, 0 elsewhere and in hidden rows; has the right gradients", () => {
    const mask = () => tensor([1, 0, 1, 0, 0, 0], [2, 3], "bool");
    const x = () => tensor([5, nan, 5, 1, inf, 2], [2, 3], "float32", true);
    expect(valuesOf(maskedSoftmax(x(), mask(), 1))).toEqual([0.5, 0, 0.5, 0, 0, 0]);
    expect(valuesOf(maskedSoftmax(tensor([], [2, 0]), tensor([], [2, 0], "bool"), 1))).toEqual([]);
    const given = x();
    const gradient = gradients(maskedSoftmax(given, mask(), 1), tensor([1, 2, 5, 4, 5, 6], [2, 3]), [given])[0] as Node;
    expect(valuesOf(gradient).map((v) => v + 0)).toEqual([-1, 0, 1, 0, 0, 0]);
    const shown = () => tensor([1, 0, 1, 1, 1, 0], [2, 3], "bool");
    gradcheck((a) => maskedSoftmax(a, shown(), 1), [{ shape: [2, 3] }]);
    gradgradcheck((a) => maskedSoftmax(a, shown(), 1), [{ shape: [2, 3] }]);
  });

  test("given Infinity or NaN, logsumexp follows; given no elements, gives -Infinity or nothing", () => {
    expect(valuesOf(logsumexp(tensor([inf, 1, nan, 1], [2, 2]), 1))).toEqual([inf, nan]);
    expect(valuesOf(logsumexp(tensor([], [2, 0]), 1))).toEqual([-inf, -inf]);
    expect(softmax(tensor([], [0, 3]), 1).shape).toEqual([0, 3]);
    expect(valuesOf(softmax(tensor([7], []), 0))).toEqual([1]);
    expect(valuesOf(logsumexp(tensor([7], []), 0))).toEqual([7]);
  });
});

describe("statistics", () => {
  const grid = () => tensor([1, 2, 3, 4, 5, 9], [2, 3], "float64");

  test("given dims, reduces as PyTorch's forms", () => {
    expect(valuesOf(sumOver(grid()))).toEqual([24]);
    expect(sumOver(grid(), 1, { keepdim: true }).shape).toEqual([2, 1]);
    expect(sumOver(tensor([1, 1], [2], "bool")).dtype).toBe("int64");
    expect(valuesOf(prodOver(grid(), 0))).toEqual([4, 10, 27]);
    expect(valuesOf(mean(grid(), -1))).toEqual([2, 6]);
    expect(mean(tensor([1, 2], [2], "int32")).dtype).toBe("float32");
    expect(valuesOf(mean(tensor([], [0])))).toEqual([nan]);
    expect(valuesOf(variance(grid(), 1))).toEqual([1, 7]);
    expectClose(valuesOf(variance(grid(), 1, { correction: 0 })), [2 / 3, 14 / 3], 1e-15);
    expectClose(valuesOf(std(grid(), 1)), [1, Math.sqrt(7)], 1e-15);
    expect(valuesOf(variance(tensor([3], [1])))).toEqual([nan]);
    expect(valuesOf(anyOver(tensor([0, 2, 0, 0], [2, 2]), 1))).toEqual([1, 0]);
    expect(valuesOf(allOver(tensor([0, 2, 1, 1], [2, 2]), 1))).toEqual([0, 1]);
    expect(valuesOf(allOver(tensor([], [0])))).toEqual([1]);
    expect(valuesOf(anyOver(tensor([], [2, 0]), 1))).toEqual([0, 0]);
    expect(valuesOf(countNonzero(tensor([0, 2, nan])))).toEqual([2]);
    const both = varMean(grid(), 0, { keepdim: true });
    expect([both.variance.shape, both.mean.shape]).toEqual([
      [1, 3],
      [1, 3],
    ]);
  });

  test("given a large mean, keeps the variance: two passes", () => {
    expectClose(valuesOf(variance(tensor([10000, 10001, 10002]))), [1], 1e-6);
  });

  test("given rows, has the right gradients", () => {
    checkRows((x) => mean(x, 1), [3, 4]);
    checkRows((x) => variance(x, 0), [3, 4]);
    checkRows((x) => variance(x, [0, 2], { correction: 0, keepdim: true }), [2, 3, 2]);
    checkRows((x) => std(x), [2, 3]);
    checkRows((x) => prodOver(x, 1), [2, 3]);
    for (const p of [2, 1, 3, 1.5, 0.5, inf, -inf]) checkRows((x) => norm(x, p, 1), [3, 4]);
    checkRows((x) => normalize(x, 2, 1), [3, 4]);
  });

  test("std and norm: given zeros, have gradient 0", () => {
    for (const f of [
      (x: Node) => std(x, 1),
      (x: Node) => norm(x, 2, 1),
      (x: Node) => norm(x, 0.5, 1),
      (x: Node) => norm(x, 3, 1),
    ]) {
      const x = tensor([0, 0, 0], [1, 3], "float64", true);
      const y = f(x);
      expect(valuesOf(y)).toEqual([0]);
      expect(valuesOf(gradients(y, tensor([1], [1], "float64"), [x])[0] as Node).map(Math.abs)).toEqual([0, 0, 0]);
    }
  });

  test("norm: given p = 0, counts; given Infinity, takes the largest", () => {
    const x = tensor([3, 0, -4], [3], "float64");
    expect([0, 1, 2, inf, -inf].map((p) => valuesOf(norm(x, p))[0])).toEqual([2, 7, 5, 4, 0]);
  });
});

describe("extrema", () => {
  test("given ties and NaN, the first wins, NaN before all", () => {
    const x = tensor([1, 3, 3, 2, nan, 5], [2, 3]);
    const { values, indices } = maxAlong(x, 1);
    expect([valuesOf(values), valuesOf(indices), indices.dtype]).toEqual([[3, nan], [1, 1], "int32"]);
    expect(valuesOf(minAlong(x, 1).indices)).toEqual([0, 1]);
    expect(valuesOf(argmax(tensor([2, 9, 9, 1], [2, 2])))).toEqual([1]);
    expect(valuesOf(argmin(tensor([0, 1, 0], [3], "bool")))).toEqual([0]);
    expect(argmax(x, 0, true).shape).toEqual([1, 3]);
    expect(valuesOf(maxAlong(tensor([4], []), 0).indices)).toEqual([0]);
  });

  test("maxAlong: given ties, the first gets the whole gradient", () => {
    const x = tensor([1, 3, 3, 2, 2, 2], [2, 3], "float64", true);
    const grads = gradients(maxAlong(x, 1).values, tensor([5, 7], [2], "float64"), [x]);
    expect(valuesOf(grads[0] as Node)).toEqual([0, 5, 0, 7, 0, 0]);
    checkRows((y) => maxAlong(y, 0).values, [3, 4]);
    checkRows((y) => minAlong(y, 1, true).values, [3, 4]);
    expectSameOnWasm(() => maxAlong(tensor(noise([5, 40]), [5, 40]), 1).indices);
  });

  test("maxOfAll, minOfAll: given ties or NaN, share the gradient among them", () => {
    const x = tensor([3, 1, 3, 2], [2, 2], "float64", true);
    expect(valuesOf(gradients(maxOfAll(x), tensor([1], [], "float64"), [x])[0] as Node)).toEqual([0.5, 0, 0.5, 0]);
    const y = tensor([nan, 1, nan, 2], [4], "float64", true);
    expect(valuesOf(minOfAll(y))).toEqual([nan]);
    expect(valuesOf(gradients(minOfAll(y), tensor([1], [], "float64"), [y])[0] as Node)).toEqual([0.5, 0, 0.5, 0]);
    checkRows((z) => maxOfAll(z), [3, 4]);
  });

  test("argmax: given no elements, throws; given a dim out of range, throws", () => {
    expect(() => argmax(tensor([], [0]))).toThrow("argmax: no elements along dim 0 of shape [0]");
    expectError(() => argmax(tensor([1]), 1), IndexError, "argmax: dim 1 is out of range [-1, 0]");
  });
});

describe("normalisation", () => {
  const affine = { shape: [4] };

  test("layerNorm: given rows, has mean 0 and variance 1", () => {
    const y = layerNorm(tensor(noise([3, 50], 5, 9), [3, 50], "float64"), [50], { eps: 0 });
    expectClose(valuesOf(mean(y, 1)), [0, 0, 0], 1e-13);
    expectClose(valuesOf(variance(y, 1, { correction: 0 })), [1, 1, 1], 1e-13);
  });

  test("given weights, have the right gradients", () => {
    const shape = [3, 4];
    const f = (x: Node, weight: Node, bias: Node) => layerNorm(x, [4], { weight, bias });
    gradcheck(f, [{ shape }, affine, affine]);
    gradgradcheck(f, [{ shape }, affine, affine], 1e-4);
    gradcheck((x, weight) => rmsNorm(x, [4], { weight, eps: 1e-3 }), [{ shape }, affine]);
    gradcheck(
      (x, weight, bias) => batchNormTraining(x, { weight, bias }).output,
      [{ shape: [3, 4, 2] }, affine, affine],
      1e-6,
    );
    gradcheck((x, weight, bias) => groupNorm(x, 2, { weight, bias }), [{ shape: [2, 4, 3] }, affine, affine], 1e-6);
    gradcheck((x) => instanceNorm(x), [{ shape: [2, 2, 5] }], 1e-6);
    gradcheck(
      (x, m, weight, bias) => batchNormInference(x, m, tensor([1, 2, 3, 4], [4], "float64"), { weight, bias }),
      [{ shape: [2, 4, 3] }, affine, affine, affine],
    );
  });

  test("given float32, agree with wasm forward and backward", () => {
    const x = () => tensor(noise([6, 5, 7]), [6, 5, 7], "float32", true);
    expectSameOnWasm(() => layerNorm(x(), [7]), 1e-5);
    expectSameOnWasm(() => batchNormTraining(x()).output, 1e-5);
    expectSameOnWasm(() => {
      const given = x();
      return gradients(batchNormTraining(given).output, tensor(noise([6, 5, 7], -1, 1, 3), [6, 5, 7]), [
        given,
      ])[0] as Node;
    }, 1e-4);
  });

  test("batchNorm: given a batch, returns the mean and the unbiased variance", () => {
    const { output, mean: m, variance: v } = batchNormTraining(tensor([1, 2, 3, 6], [2, 2], "float64"), { eps: 0 });
    expect([valuesOf(m), valuesOf(v), valuesOf(output)]).toEqual([
      [2, 4],
      [2, 8],
      [-1, -1, 1, 1],
    ]);
    expect(() => batchNormTraining(tensor([1, 2], [1, 2]))).toThrow(
      "batchNorm: training needs more than one value a channel; use eval() or a larger batch (input [1,2])",
    );
  });

  test("layerNorm: given other trailing dims, throws naming both shapes", () => {
    expect(() => layerNorm(tensor(noise([2, 3]), [2, 3]), [4])).toThrow(
      "layerNorm: the last dims of the input must be [4] (input [2,3])",
    );
  });
});

import { describe, expect, test } from "vitest";
import { ArgumentError, numel, type Shape, ShapeError } from "../../src/base/index.js";
import type { Node } from "../../src/graph/index.js";
import {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  avgPool1d,
  avgPool2d,
  avgPool3d,
  maxPool1d,
  maxPool1dIndices,
  maxPool2d,
  maxPool2dIndices,
  maxPool3d,
} from "../../src/ops/index.js";
import { expectError } from "./errors.js";
import { expectClose, expectSameOnWasm, gradcheck, gradients, noise, tensor, valuesOf } from "./nodes.js";

const counting = (shape: Shape): Node =>
  tensor(
    Array.from({ length: numel(shape) }, (_, i) => i + 1),
    shape,
    "float64",
  );
const inf = Number.POSITIVE_INFINITY;

describe("maxPool", () => {
  test("given a grid, takes window maxima and says where they are", () => {
    const x = counting([1, 1, 4, 4]);
    expect(valuesOf(maxPool2d(x, 2))).toEqual([6, 8, 14, 16]);
    expect(valuesOf(maxPool2dIndices(x, 2))).toEqual([5, 7, 13, 15]);
    expect(maxPool2dIndices(x, 2).dtype).toBe("int32");
    expect(valuesOf(maxPool2d(x, 3, { stride: 2, padding: 1 }))).toEqual([6, 8, 14, 16]);
    expect(valuesOf(maxPool2d(x, [1, 2], { stride: [3, 1] }))).toEqual([2, 3, 4, 14, 15, 16]);
    expect(valuesOf(maxPool2d(x, 2, { stride: 1, dilation: 2 }))).toEqual([11, 12, 15, 16]);
    expect(maxPool2d(counting([3, 4, 4]), 2).shape).toEqual([3, 2, 2]);
    expect(maxPool3d(counting([1, 1, 4, 4, 4]), 2).shape).toEqual([1, 1, 2, 2, 2]);
    expect(valuesOf(maxPool1d(tensor([3, 1, 2, 5], [1, 1, 4], "int32"), 2))).toEqual([3, 5]);
  });

  test("given ceilMode, lets the last window reach over the end but not start there", () => {
    expect(valuesOf(maxPool1d(counting([1, 1, 5]), 2, { ceilMode: true }))).toEqual([2, 4, 5]);
    expect(valuesOf(maxPool1d(counting([1, 1, 5]), 2))).toEqual([2, 4]);
    // The third window would start in the right padding: PyTorch drops it.
    expect(maxPool1d(counting([1, 1, 4]), 2, { stride: 3, padding: 1, ceilMode: true }).shape).toEqual([1, 1, 2]);
  });

  test("given ties, the first gets the gradient; NaN wins; padding never does", () => {
    const x = tensor([2, 2, 1, 2], [1, 1, 4], "float64", true);
    const [grad] = gradients(maxPool1d(x, 2), tensor([3, 5], [1, 1, 2], "float64"), [x]);
    expect(valuesOf(grad as Node)).toEqual([3, 0, 0, 5]);
    expect(valuesOf(maxPool1d(tensor([Number.NaN, 1, 2, 3], [1, 1, 4]), 2))).toEqual([Number.NaN, 3]);
    const low = tensor([-inf, -inf], [1, 1, 2]);
    expect(valuesOf(maxPool1d(low, 2, { stride: 1, padding: 1 }))).toEqual([-inf, -inf, -inf]);
    expect(valuesOf(maxPool1dIndices(low, 2, { stride: 1, padding: 1 }))).toEqual([0, 0, 1]);
    expect(valuesOf(maxPool1d(tensor([-5, -7], [1, 1, 2]), 2, { stride: 1, padding: 1 }))).toEqual([-5, -5, -7]);
  });

  test("given overlapping, padded and dilated windows, has the right gradients and agrees with wasm", () => {
    for (const options of [
      {},
      { stride: 1 },
      { stride: 2, padding: 1 },
      { stride: 1, dilation: 2 },
      { ceilMode: true },
    ]) {
      gradcheck((x) => maxPool2d(x, 3, options), [{ shape: [1, 2, 7, 5] }]);
      const x = () => tensor(noise([2, 3, 7, 5]), [2, 3, 7, 5], "float32", true);
      expectSameOnWasm(() => maxPool2d(x(), 3, options));
      expectSameOnWasm(() => maxPool2dIndices(x(), 3, options));
      expectSameOnWasm(() => {
        const given = x();
        const y = maxPool2d(given, 3, options);
        return gradients(y, tensor(noise(y.shape), y.shape), [given])[0] as Node;
      }, 1e-6);
    }
  });

  test("given wrong arguments, throws", () => {
    const x = counting([1, 1, 4, 4]);
    expectError(
      () => maxPool2d(x, 2, { padding: 2 }),
      ArgumentError,
      "maxPool2d: padding 2 must be at most half the kernel size 2",
    );
    expectError(
      () => maxPool2d(x, 5),
      ShapeError,
      "maxPool2d: a window of 5 does not fit the padded size 4 (input [1,1,4,4])",
    );
    expectError(
      () => maxPool2d(x, [2, 2, 2]),
      ArgumentError,
      "maxPool2d: kernelSize must be an integer >= 1, or 2 of them, got [2,2,2]",
    );
    expectError(
      () => maxPool2d(counting([4, 4]), 2),
      ShapeError,
      "maxPool2d: input must have 4 dims, or 3 without a batch, has 2 (input [4,4])",
    );
  });
});

describe("avgPool", () => {
  test("given padding, counts it or not", () => {
    const x = counting([1, 1, 4]);
    expect(valuesOf(avgPool1d(x, 2))).toEqual([1.5, 3.5]);
    expectClose(valuesOf(avgPool1d(x, 3, { stride: 2, padding: 1 })), [1, 3], 1e-15);
    expectClose(valuesOf(avgPool1d(x, 3, { stride: 2, padding: 1, countIncludePad: false })), [1.5, 3], 1e-15);
    expect(valuesOf(avgPool1d(x, 2, { divisorOverride: 4 }))).toEqual([0.75, 1.75]);
    // The last window holds one element, and what reaches over the end does not count.
    expect(valuesOf(avgPool1d(counting([1, 1, 5]), 2, { ceilMode: true }))).toEqual([1.5, 3.5, 5]);
    expect(valuesOf(avgPool2d(counting([1, 1, 3, 3]), 2, { ceilMode: true }))).toEqual([3, 4.5, 7.5, 9]);
    expect(avgPool3d(counting([1, 1, 4, 4, 4]), 2).shape).toEqual([1, 1, 2, 2, 2]);
  });

  test("given overlapping and padded windows, has the right gradients and agrees with wasm", () => {
    for (const options of [
      {},
      { stride: 1 },
      { stride: 2, padding: 1, countIncludePad: false },
      { stride: 2, padding: 1, ceilMode: true },
    ]) {
      gradcheck((x) => avgPool2d(x, 3, options), [{ shape: [1, 2, 6, 5] }]);
      expectSameOnWasm(() => avgPool2d(tensor(noise([2, 3, 7, 5]), [2, 3, 7, 5]), 3, options), 1e-6);
    }
  });
});

describe("adaptive pooling", () => {
  /** Windows floor(i L / o) … ceil((i + 1) L / o) of one line. */
  function lines(values: readonly number[], count: number, f: (window: number[]) => number): number[] {
    const size = values.length;
    return Array.from({ length: count }, (_, i) =>
      f(values.slice(Math.floor((i * size) / count), Math.ceil(((i + 1) * size) / count))),
    );
  }
  const average = (window: number[]) => window.reduce((sum, x) => sum + x, 0) / window.length;

  test.each([1, 2, 3, 4, 6, 7, 9])(
    "given 7 elements and output size %i, covers the windows of the definition",
    (count) => {
      const values = noise([7]);
      const x = () => tensor(values, [1, 1, 7], "float64", true);
      expectClose(valuesOf(adaptiveAvgPool1d(x(), count)), lines(values, count, average), 1e-14);
      expectClose(
        valuesOf(adaptiveMaxPool1d(x(), count)),
        lines(values, count, (window) => Math.max(...window)),
        0,
      );
      gradcheck((y) => adaptiveAvgPool1d(y, count), [{ shape: [2, 1, 7] }]);
      gradcheck((y) => adaptiveMaxPool1d(y, count), [{ shape: [2, 1, 7] }]);
      expectSameOnWasm(() => adaptiveMaxPool1d(x(), count));
    },
  );

  test("given two dims, pools both; null keeps a size", () => {
    const x = counting([1, 1, 4, 6]);
    expect(valuesOf(adaptiveAvgPool2d(x, 1))).toEqual([12.5]);
    expect(valuesOf(adaptiveAvgPool2d(x, [2, 2]))).toEqual([5, 8, 17, 20]);
    expect(adaptiveAvgPool2d(x, [null, 3]).shape).toEqual([1, 1, 4, 3]);
    expect(valuesOf(adaptiveMaxPool2d(x, [2, 4]))).toEqual([8, 9, 11, 12, 20, 21, 23, 24]);
    gradcheck((y) => adaptiveAvgPool2d(y, [2, 3]), [{ shape: [1, 1, 5, 4] }]);
    expectError(
      () => adaptiveAvgPool2d(x, [2]),
      ArgumentError,
      "adaptiveAvgPool2d: outputSize must be an integer >= 0, or 2 of them, got [2]",
    );
  });
});

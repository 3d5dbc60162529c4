import { describe, expect, test } from "vitest";
import { ArgumentError, DTypeError, IndexError, numel, type Shape, ShapeError } from "../../src/base/index.js";
import type { Node } from "../../src/graph/index.js";
import {
  allclose,
  arange,
  argsort,
  cat,
  chunk,
  diagonal,
  equal,
  expandTo,
  eye,
  flatten,
  flipDims,
  full,
  isclose,
  isfinite,
  isinf,
  isnan,
  isneginf,
  isposinf,
  kthvalue,
  linspace,
  maskedFill,
  movedim,
  narrow,
  oneHot,
  padBorders,
  permuteDims,
  repeat,
  repeatInterleave,
  roll,
  select,
  sort,
  split,
  squeeze,
  stack,
  t,
  tile,
  topk,
  transpose,
  tril,
  triu,
  unbind,
  unflatten,
  unsqueeze,
  view,
} from "../../src/ops/index.js";
import { expectError } from "./errors.js";
import { expectClose, expectSameOnWasm, gradcheck, tensor, valuesOf } from "./nodes.js";

const counting = (...shape: number[]): Node =>
  tensor(
    Array.from({ length: numel(shape) }, (_, i) => i),
    shape,
    "float64",
  );
const nan = Number.NaN;
const inf = Number.POSITIVE_INFINITY;

describe("shapes", () => {
  test.each<[string, (x: Node) => Node, Shape]>([
    ["view", (x) => view(x, [4, -1]), [4, 6]],
    ["flatten", (x) => flatten(x, 1), [2, 12]],
    ["unflatten", (x) => unflatten(x, 2, [2, -1]), [2, 3, 2, 2]],
    ["unsqueeze", (x) => unsqueeze(x, -1), [2, 3, 4, 1]],
    ["squeeze", (x) => squeeze(unsqueeze(unsqueeze(x, 0), 2), 2), [1, 2, 3, 4]],
    ["permute", (x) => permuteDims(x, [-1, 0, 1]), [4, 2, 3]],
    ["transpose", (x) => transpose(x, 0, -1), [4, 3, 2]],
    ["movedim", (x) => movedim(x, [0, 1], [-1, 0]), [3, 4, 2]],
    ["expand", (x) => expandTo(unsqueeze(x, 1), [5, 2, 2, -1, 4]), [5, 2, 2, 3, 4]],
    ["flip", (x) => flipDims(x, [0, -1]), [2, 3, 4]],
    ["repeat", (x) => repeat(x, [2, 1, 3, 2]), [2, 2, 9, 8]],
    ["tile", (x) => tile(x, [2]), [2, 3, 8]],
    ["repeatInterleave", (x) => repeatInterleave(x, 2, 1), [2, 6, 4]],
    ["narrow", (x) => narrow(x, 2, -3, 2), [2, 3, 2]],
    ["select", (x) => select(x, 1, -1), [2, 4]],
    ["diagonal", (x) => diagonal(x, -1, 2, 1), [2, 3]],
    ["roll", (x) => roll(x, [1, -1], [0, 2]), [2, 3, 4]],
    ["tril", (x) => tril(x, -1), [2, 3, 4]],
    ["triu", (x) => triu(x, 1), [2, 3, 4]],
    ["pad", (x) => padBorders(x, [1, -1, 0, 2]), [2, 5, 4]],
    ["reflect", (x) => padBorders(x, [2, 3, 1, 0], "reflect"), [2, 4, 9]],
    ["replicate", (x) => padBorders(x, [0, 2], "replicate"), [2, 3, 6]],
    ["circular", (x) => padBorders(x, [4, 1], "circular"), [2, 3, 9]],
  ])("%s: given [2,3,4], has the expected shape, gradients, and the same values on wasm", (_, f, shape) => {
    expect(f(counting(2, 3, 4)).shape).toEqual(shape);
    gradcheck(f, [{ shape: [2, 3, 4] }], 1e-8);
    expectSameOnWasm(() => f(counting(2, 3, 4)));
  });

  test("given small values, moves them where PyTorch does", () => {
    const x = counting(2, 3);
    expect(valuesOf(transpose(x, 0, 1))).toEqual([0, 3, 1, 4, 2, 5]);
    expect(valuesOf(t(x))).toEqual([0, 3, 1, 4, 2, 5]);
    expect(valuesOf(repeat(counting(2), [2, 2]))).toEqual([0, 1, 0, 1, 0, 1, 0, 1]);
    expect(valuesOf(repeatInterleave(x, 2))).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
    expect(valuesOf(roll(x, 1))).toEqual([5, 0, 1, 2, 3, 4]);
    expect(valuesOf(roll(x, -1, 1))).toEqual([1, 2, 0, 4, 5, 3]);
    expect(valuesOf(diagonal(counting(3, 3)))).toEqual([0, 4, 8]);
    expect(valuesOf(diagonal(counting(3, 4), 1))).toEqual([1, 6, 11]);
    expect(valuesOf(diagonal(counting(3, 4), -1))).toEqual([4, 9]);
    expect(diagonal(counting(3, 4), 9).shape).toEqual([0]);
    expect(valuesOf(tril(counting(2, 3)))).toEqual([0, 0, 0, 3, 4, 0]);
    expect(valuesOf(triu(counting(2, 3), 1))).toEqual([0, 1, 2, 0, 0, 5]);
    expect(valuesOf(padBorders(counting(3), [1, 2], "constant", 7))).toEqual([7, 0, 1, 2, 7, 7]);
    expect(valuesOf(padBorders(counting(3), [-1, 1]))).toEqual([1, 2, 0]);
    expect(valuesOf(padBorders(counting(3), [2, 1], "reflect"))).toEqual([2, 1, 0, 1, 2, 1]);
    expect(valuesOf(padBorders(counting(3), [2, 1], "replicate"))).toEqual([0, 0, 0, 1, 2, 2]);
    expect(valuesOf(padBorders(counting(3), [2, 1], "circular"))).toEqual([1, 2, 0, 1, 2, 0]);
  });

  test("given 0-d and empty inputs, follows PyTorch", () => {
    expect(flatten(counting()).shape).toEqual([1]);
    expect(unsqueeze(counting(), -1).shape).toEqual([1]);
    expect(squeeze(counting(1, 1)).shape).toEqual([]);
    expect(view(counting(0, 3), [3, 0]).shape).toEqual([3, 0]);
    expect(roll(counting(0), 2, 0).shape).toEqual([0]);
    expect(repeat(counting(2), [0]).shape).toEqual([0]);
  });

  test("given arguments that do not fit, throws", () => {
    const x = counting(2, 3);
    expectError(() => view(x, [4, -1]), ShapeError, "reshape: 6 elements do not fit [4,-1] (input [2,3])");
    expectError(
      () => view(x, [-1, -1]),
      ShapeError,
      "reshape: [-1,-1] has size -1; sizes are integers >= 0, at most one is -1",
    );
    expectError(
      () => expandTo(x, [2, 4]),
      ShapeError,
      "expand: cannot broadcast to [2,4]; only dims of size 1 grow (input [2,3])",
    );
    expectError(
      () => narrow(x, 1, 2, 2),
      IndexError,
      "narrow: 2 elements from 2 do not lie in dim 1 of size 3 (input [2,3])",
    );
    expectError(() => select(x, 0, 2), IndexError, "select: index 2 is out of range [-2, 1] of dim 0 (input [2,3])");
    expectError(() => permuteDims(x, [0]), ShapeError, "permute: 1 dims given for 2 (input [2,3])");
    expectError(() => permuteDims(x, [0, 0]), IndexError, "permute: dims [0,0] name a dim twice");
    expectError(
      () => t(counting(1, 1, 1)),
      ShapeError,
      "t: takes at most 2 dims, got 3; use transpose or mT (input [1,1,1])",
    );
    expectError(
      () => padBorders(counting(3), [3, 0], "reflect"),
      ShapeError,
      "pad: reflect padding of 3 and 0 must lie in [0, 2] on dim 0 (input [3])",
    );
  });
});

describe("joining and splitting", () => {
  test("cat: given dtypes and empties, promotes and skips; has the right gradients", () => {
    expect(valuesOf(cat([counting(2), tensor([], [0]), counting(1)]))).toEqual([0, 1, 0]);
    expect(cat([tensor([1], [1], "int32"), tensor([1])]).dtype).toBe("float32");
    expect(cat([counting(2, 1), counting(2, 3)], -1).shape).toEqual([2, 4]);
    gradcheck((a, b) => cat([a, b, a], 1), [{ shape: [2, 2] }, { shape: [2, 1] }]);
    gradcheck((a, b) => stack([a, b], 1), [{ shape: [2, 3] }, { shape: [2, 3] }]);
    expectError(
      () => cat([counting(2, 1), counting(3, 1)], 1),
      ShapeError,
      "cat: shapes [2,1] and [3,1] differ outside dim 1",
    );
    expectError(() => cat([]), ArgumentError, "cat: needs at least one tensor");
    expectError(() => stack([counting(2), counting(3)]), ShapeError, "stack: shapes [2] and [3] differ");
  });

  test("split, chunk, unbind: given sizes, give the parts", () => {
    const shapes = (parts: Node[]) => parts.map((part) => part.shape[0]);
    expect(shapes(split(counting(7), 3))).toEqual([3, 3, 1]);
    expect(shapes(split(counting(7), [2, 0, 5]))).toEqual([2, 0, 5]);
    expect(shapes(chunk(counting(7), 3))).toEqual([3, 3, 1]);
    expect(shapes(chunk(counting(4), 3))).toEqual([2, 2]);
    expect(shapes(chunk(counting(0), 2))).toEqual([0, 0]);
    expect(unbind(counting(3, 2), 1).map(valuesOf)).toEqual([
      [0, 2, 4],
      [1, 3, 5],
    ]);
    expectError(
      () => split(counting(7), [3, 3]),
      ShapeError,
      "split: sizes [3,3] do not add up to 7, the size of dim 0 (input [7])",
    );
  });
});

describe("selection", () => {
  test("sort, topk, kthvalue: given ties and NaN, order stably with NaN largest", () => {
    const x = tensor([3, 1, 3, nan, 2], [5]);
    const up = sort(x);
    expect([valuesOf(up.values), valuesOf(up.indices)]).toEqual([
      [1, 2, 3, 3, nan],
      [1, 4, 0, 2, 3],
    ]);
    expect(valuesOf(sort(x, { descending: true }).indices)).toEqual([3, 0, 2, 4, 1]);
    expect(valuesOf(topk(x, 2).values)).toEqual([nan, 3]);
    expect(valuesOf(topk(x, 2, { largest: false }).values)).toEqual([1, 2]);
    expect(valuesOf(kthvalue(x, 2).values)).toEqual([2]);
    expect(valuesOf(argsort(tensor([5], [])))).toEqual([0]);
    gradcheck((y) => sort(y, { dim: 0 }).values, [{ shape: [4, 3] }]);
    gradcheck((y) => topk(y, 2, { dim: 1 }).values, [{ shape: [2, 5] }]);
    expectError(() => topk(x, 6), ArgumentError, "topk: k must lie in [0, 5], the size of dim -1, got 6");
  });

  test("maskedFill: given a mask that broadcasts, fills; given another dtype, throws", () => {
    const mask = tensor([0, 1, 0], [3], "bool");
    expect(valuesOf(maskedFill(counting(2, 3), mask, -1))).toEqual([0, -1, 2, 3, -1, 5]);
    gradcheck((x) => maskedFill(x, mask, 2), [{ shape: [2, 3] }]);
    expectError(
      () => maskedFill(counting(3), counting(3), 0),
      DTypeError,
      "maskedFill: mask must be a bool tensor, is float64",
    );
  });
});

describe("comparison", () => {
  const x = tensor([nan, inf, -inf, 1], [4]);

  test("given NaN and infinities, tells them apart; integers have none", () => {
    expect(valuesOf(isnan(x))).toEqual([1, 0, 0, 0]);
    expect(valuesOf(isinf(x))).toEqual([0, 1, 1, 0]);
    expect(valuesOf(isposinf(x))).toEqual([0, 1, 0, 0]);
    expect(valuesOf(isneginf(x))).toEqual([0, 0, 1, 0]);
    expect(valuesOf(isfinite(x))).toEqual([0, 0, 0, 1]);
    expect(valuesOf(isfinite(tensor([1, 2], [2], "int32")))).toEqual([1, 1]);
    expect(valuesOf(isnan(tensor([1, 2], [2], "int32")))).toEqual([0, 0]);
  });

  test("isclose, allclose, equal: given tolerances, infinities and NaN, follow PyTorch", () => {
    expect(valuesOf(isclose(x, x))).toEqual([0, 1, 1, 1]);
    expect(valuesOf(isclose(x, x, { equalNan: true }))).toEqual([1, 1, 1, 1]);
    expect(valuesOf(isclose(tensor([1]), tensor([inf])))).toEqual([0]);
    expect(valuesOf(allclose(tensor([1, 2]), tensor([1, 2.00001])))).toEqual([1]);
    expect(valuesOf(allclose(tensor([1, 2]), tensor([1, 2.1])))).toEqual([0]);
    expect(valuesOf(isclose(tensor([10], [1], "int32"), tensor([11], [1], "int32"), { rtol: 0.1 }))).toEqual([1]);
    expect(valuesOf(equal(tensor([1, 2]), tensor([1, 2])))).toEqual([1]);
    expect(valuesOf(equal(tensor([1, 2]), tensor([1, 2], [1, 2])))).toEqual([0]);
  });
});

describe("creation", () => {
  test("given ranges, gives their elements, ends included or not", () => {
    expect(valuesOf(arange(2, 11, 3, "int32"))).toEqual([2, 5, 8]);
    expect(valuesOf(arange(3, 0, -1, "int64"))).toEqual([3, 2, 1]);
    expect(valuesOf(arange(0, 1, 0.25, "float32"))).toEqual([0, 0.25, 0.5, 0.75]);
    expect(arange(3, 3, 1, "int32").shape).toEqual([0]);
    expect(valuesOf(linspace(-1, 1, 5, "float32"))).toEqual([-1, -0.5, 0, 0.5, 1]);
    expect(valuesOf(linspace(0.1, 0.7, 4, "float64"))[3]).toBe(0.7);
    expect(valuesOf(linspace(3, 9, 1, "float32"))).toEqual([3]);
    expectError(() => arange(0, 5, -1, "int32"), ArgumentError, "arange: step -1 leads away from end (start 0, end 5)");
  });

  test("given a long float32 range, each element is the nearest float", () => {
    const values = valuesOf(arange(0, 1000, 0.1, "float32"));
    expect(values.length).toBe(10000);
    expect(values[9999]).toBe(Math.fround(9999 * 0.1));
  });

  test("full, eye, oneHot: give their values and dtypes", () => {
    expect(valuesOf(full([2], 1.5, "float32"))).toEqual([1.5, 1.5]);
    expect(full([], 3, "int64").shape).toEqual([]);
    expect(valuesOf(eye(2, 3, "float32"))).toEqual([1, 0, 0, 0, 1, 0]);
    expect(valuesOf(oneHot(tensor([1, 0], [2], "int64"), 3, "int64"))).toEqual([0, 1, 0, 1, 0, 0]);
    expectClose(valuesOf(linspace(0, 1, 11, "float64")), [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1], 1e-16);
  });
});

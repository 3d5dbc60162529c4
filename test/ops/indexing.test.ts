import { describe, expect, test } from "vitest";
import { IndexError, ShapeError } from "../../src/base/index.js";
import { runStep } from "../../src/compiler/index.js";
import type { Node } from "../../src/graph/index.js";
import {
  add,
  embedding,
  gather,
  indexAdd,
  indexGather,
  indexPut,
  indexSelect,
  mul,
  scatter,
  scatterAdd,
  takeAlongDim,
} from "../../src/ops/index.js";
import {
  compiled,
  expectAgreement,
  expectGradient,
  gradients,
  input,
  integers,
  noise,
  problem,
  values,
  wasm,
} from "./helpers.js";

const grid = (shape: readonly number[], dtype: "float32" | "float64" | "int32" | "int64" = "float32"): Node =>
  input(
    Array.from({ length: shape.reduce((n, size) => n * size, 1) }, (_, i) => i),
    shape,
    dtype,
  );

describe("gather", () => {
  test("reads along the dim, given an index smaller in the other dims", () => {
    const index = () => input([2, 0, 1, 1], [2, 2], "int64");
    expect(values(gather(grid([3, 4]), 0, index()))).toEqual([8, 1, 4, 5]);
    expect(values(gather(grid([3, 4]), 1, index()))).toEqual([2, 0, 5, 5]);
    expectAgreement(() => gather(grid([3, 4]), 0, index()));
    expectAgreement(() => gather(grid([3, 4]), 1, index()));
  });

  test("given one index a line, has the right gradient", () => {
    expectGradient((x) => gather(x, 1, input([2, 0], [2, 1], "int64")), noise(6), [2, 3], add);
  });

  test("given many indices, has the right gradient", () => {
    const index = () => input(integers(42, 5), [7, 6], "int32");
    expectGradient((x) => mul(gather(x, 0, index()), gather(x, 0, index())), noise(35), [5, 7], add);
    expectGradient((x) => gather(x, 1, index()), noise(9 * 7), [9, 7], add);
  });

  test("given an index out of range on the host, throws at the call", () => {
    const index = input([1, 7, 0], [3, 1], "int32");
    expect(() => gather(grid([3, 5]), 1, index)).toThrow(
      problem(IndexError, "gather: index 7 is out of range [0, 4] (dim 1 of x float32[3,5])"),
    );
  });

  test("given a computed index out of range, throws when it runs", () => {
    const make = () =>
      gather(grid([3, 5]), 1, add(input([1, 0, 0], [3, 1], "int32"), input([4, 4, 4], [3, 1], "int32")));
    const message = "gather: index 5 is out of range [0, 4] (dim 1 of x float32[3,5])";
    expect(() => runStep({ outputs: [make()], updates: [] }, wasm)).toThrow(message);
    expect(() => runStep({ outputs: [add(make(), make())], updates: [] }, wasm)).toThrow(message);
    expect(() => values(make())).toThrow(message);
  });

  test("given shapes that do not fit, names both", () => {
    expect(() => gather(grid([3, 5]), 1, input([0], [1], "int32"))).toThrow(
      problem(
        ShapeError,
        "gather: index must have the dims of the input and, except dim 1, no larger sizes (input [3,5], index [1])",
      ),
    );
  });
});

test("takeAlongDim: given sizes that differ outside the dim, broadcasts", () => {
  expect(values(takeAlongDim(grid([2, 3]), input([2, 1], [1, 2], "int32"), 1))).toEqual([2, 1, 5, 4]);
  expect(values(takeAlongDim(grid([1, 3]), input([2, 1], [2, 1], "int32"), 1))).toEqual([2, 1]);
});

describe("indexSelect", () => {
  test("takes slices in the order of the index", () => {
    const index = () => input([2, 0, 2], [3], "int64");
    expect(values(indexSelect(grid([3, 2]), 0, index()))).toEqual([4, 5, 0, 1, 4, 5]);
    expectAgreement(() => indexSelect(grid([2, 3, 4]), 1, index()));
    expectAgreement(() => indexSelect(grid([2, 3], "int64"), 1, index()));
  });

  test.each([0, 1, 2])("has the right gradient along dim %i", (dim) => {
    const f = (x: Node): Node => indexSelect(x, dim, input([2, 0, 2, 1, 2, 0], [6], "int32"));
    expectGradient((x) => mul(f(x), f(x)), noise(27), [3, 3, 3], add);
  });
});

describe("embedding", () => {
  test("given repeated tokens, sums their gradients; the padding row gets none", () => {
    const weight = input(noise(12), [4, 3], "float32", true);
    const y = embedding(weight, input([1, 0, 1, 3], [2, 2], "int64"), 3);
    const [dw] = gradients(y, input(new Array<number>(12).fill(1), y.shape), [weight], add) as [Node];
    expect(values(dw)).toEqual([1, 1, 1, 2, 2, 2, 0, 0, 0, 0, 0, 0]);
    expect(compiled(dw)[0]).toEqual([1, 1, 1, 2, 2, 2, 0, 0, 0, 0, 0, 0]);
  });

  test("given 3000 rows of 70 and 500 tokens, agrees with the reference", () => {
    expectAgreement(() => {
      const weight = input(noise(3000 * 70), [3000, 70], "float32", true);
      const y = embedding(weight, input(integers(500, 3000), [5, 100], "int32"));
      return gradients(y, input(noise(500 * 70, 2), y.shape), [weight], add)[0] as Node;
    }, 1e-6);
  });

  test("given a token out of range, throws at the call", () => {
    expect(() => embedding(grid([4, 2]), input([4], [1], "int64"))).toThrow(
      problem(IndexError, "embedding: index 4 is out of range [0, 3] (dim 0 of x float32[4,2])"),
    );
  });
});

describe("indexGather", () => {
  test("given negative values, counts from the end", () => {
    expect(values(indexGather(grid([3, 4]), [input([-1, 0], [2], "int32")], [0]))).toEqual([8, 9, 10, 11, 0, 1, 2, 3]);
  });

  test("given two indices that broadcast, reads pairs", () => {
    const rows = () => input([0, 2], [2, 1], "int64");
    const columns = () => input([-1, 1], [2], "int32");
    expect(values(indexGather(grid([3, 4]), [rows(), columns()], [0, 1]))).toEqual([3, 1, 11, 9]);
    expectAgreement(() => indexGather(grid([2, 3, 4, 2]), [rows(), columns()], [1, 2]));
    expectGradient((x) => indexGather(x, [rows(), columns()], [1, 2]), noise(48), [2, 3, 4, 2], add);
  });

  test("given dims that are no neighbours, puts the index dims in front", () => {
    const y = indexGather(grid([2, 3, 4]), [input([1, 0], [2], "int32"), input([3, 2], [2], "int32")], [0, 2]);
    expect(y.shape).toEqual([2, 3]);
    expect(values(y)).toEqual([15, 19, 23, 2, 6, 10]);
  });
});

describe("scatter", () => {
  test("given repeated indices, the last counts", () => {
    const make = () =>
      scatter(grid([2, 3]), 1, input([0, 2, 0, 1, 1, 1], [2, 3], "int64"), input([10, 20, 30, 40, 50, 60], [2, 3]));
    expect(values(make())).toEqual([30, 1, 20, 3, 60, 5]);
    expectAgreement(make);
  });

  test("given an index smaller than the input, leaves the rest", () => {
    const make = () => scatter(grid([3, 3]), 0, input([2, 0], [1, 2], "int32"), input([10, 20, 30, 40], [2, 2]));
    expect(values(make())).toEqual([0, 20, 2, 3, 4, 5, 10, 7, 8]);
    expectAgreement(make);
  });

  test("has the right gradients", () => {
    const index = () => input([0, 2, 1, 1, 0, 2], [2, 3], "int32");
    expectGradient((x) => scatter(x, 1, index(), input(noise(6), [2, 3], "float64")), noise(8), [2, 4], add);
    expectGradient((x) => scatter(input(noise(8), [2, 4], "float64"), 1, index(), mul(x, x)), noise(6), [2, 3], add);
  });
});

describe("scatterAdd", () => {
  test.each([
    [[2, 3], 1, [2, 9]],
    [[7, 5], 0, [30, 4]],
    [[3, 300], 0, [6, 300]],
    [[200, 40], 1, [200, 7]],
  ] as const)("given input %j, dim %i and index %j, agrees with the reference", (shape, dim, indexShape) => {
    const count = indexShape[0] * indexShape[1];
    expectAgreement(
      () =>
        scatterAdd(
          grid(shape),
          dim,
          input(integers(count, shape[dim] as number), indexShape, "int64"),
          input(noise(count), indexShape),
        ),
      1e-6,
    );
  });

  test("has the right gradients", () => {
    const index = () => input([0, 2, 1, 1, 0, 2, 2, 2, 2, 3], [2, 5], "int32");
    expectGradient(
      (x) => scatterAdd(input(noise(8), [2, 4], "float64"), 1, index(), mul(x, x)),
      noise(10),
      [2, 5],
      add,
    );
  });

  test("given integers, wraps and keeps the dtype", () => {
    const make = () =>
      scatterAdd(
        input([250, 1], [2], "uint8"),
        0,
        input([0, 0, 0, 0, 0, 1], [6], "int32"),
        input([3, 3, 3, 3, 3, 3], [6], "uint8"),
      );
    expect(make().dtype).toBe("uint8");
    expectAgreement(make);
  });
});

test("scatter and scatterAdd: given no indices, change nothing and give src a gradient of zeros", () => {
  for (const write of [scatter, scatterAdd]) {
    const source = input([], [2, 0], "float32", true);
    const y = write(grid([2, 3]), 1, input([], [2, 0], "int64"), source);
    expect(compiled(y)[0]).toEqual([0, 1, 2, 3, 4, 5]);
    const [ds] = gradients(y, input(noise(6), [2, 3]), [source], add) as [Node];
    expect(ds.shape).toEqual([2, 0]);
  }
});

describe("indexAdd and indexPut", () => {
  test("indexAdd: adds slices", () => {
    const make = () => indexAdd(grid([3, 2]), 0, input([2, 0, 2], [3], "int64"), input([1, 2, 3, 4, 5, 6], [3, 2]));
    expect(values(make())).toEqual([3, 5, 2, 3, 10, 13]);
    expectAgreement(make);
    expectGradient(
      (x) => indexAdd(mul(x, x), 0, input([2, 0], [2], "int32"), input([1, 2, 3, 4], [2, 2], "float64")),
      noise(6),
      [3, 2],
      add,
    );
  });

  test("indexPut: sets or adds what indexGather reads", () => {
    const indices = () => [input([0, -1, 0], [3], "int64"), input([1, 1, 1], [3], "int32")];
    const put = (accumulate: boolean) =>
      indexPut(grid([3, 2]), indices(), [0, 1], input([10, 20, 30], [3]), { accumulate });
    expect(values(put(false))).toEqual([0, 30, 2, 3, 4, 20]);
    expect(values(put(true))).toEqual([0, 41, 2, 3, 4, 25]);
    expectAgreement(() => put(false));
    expectAgreement(() => put(true));
    const rows = () => [input([2, 0], [2], "int32")];
    expectAgreement(() => indexPut(grid([2, 3, 4]), rows(), [1], input([7], []), {}));
    expectGradient((x) => indexPut(x, rows(), [1], input(noise(8), [2, 2, 2], "float64")), noise(12), [2, 3, 2], add);
    expectGradient(
      (x) => indexPut(input(noise(12), [2, 3, 2], "float64"), rows(), [1], mul(x, x)),
      noise(8),
      [2, 2, 2],
      add,
    );
  });

  test("indexPut: given dims that are no neighbours, writes where indexGather reads", () => {
    const indices = () => [input([1, 0], [2], "int32"), input([3, 2], [2], "int32")];
    const y = indexPut(grid([2, 3, 4]), indices(), [0, 2], input([100, 101, 102, 103, 104, 105], [2, 3]));
    expect(values(indexGather(y, indices(), [0, 2]))).toEqual([100, 101, 102, 103, 104, 105]);
  });
});

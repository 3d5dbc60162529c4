// Reductions and contraction: values at the edges, gradients by differences, compiled against defined.
import { describe, expect, it } from "vitest";
import type { Node } from "../../src/graph/index.js";
import { amax, amin, type ContractLabels, contract, interpret, prod, sum } from "../../src/ops/index.js";
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

const reductions = [
  { name: "sum", f: sum },
  { name: "prod", f: prod },
  { name: "amax", f: amax },
  { name: "amin", f: amin },
];
const dimLists: readonly (readonly number[])[] = [[0], [2], [0, 2], [0, 1, 2]];

describe("reductions", () => {
  it.each(reductions)("$name: gradients are those of finite differences", ({ f }) => {
    for (const dims of dimLists) {
      gradcheck((x) => f(x, dims), [{ shape: [2, 3, 4] }]);
      gradgradcheck((x) => f(x, dims), [{ shape: [2, 2, 3] }]);
    }
  });

  it.each(reductions)("$name: the compiled values are the defined ones, short and long", ({ f }) => {
    for (const shape of [
      [2, 3, 4],
      [5, 1, 7],
      [3, 40, 50],
    ]) {
      for (const dims of dimLists) {
        expectSameOnWasm(() => f(tensor(noise(shape, 0.5, 1.5), shape), dims), 2e-5);
        expectSameOnWasm(() => f(tensor(noise(shape, -9, 9).map(Math.trunc), shape, "int64"), dims));
      }
    }
  });

  it("given NaN, extrema are NaN", () => {
    expect(valuesOf(amax(tensor([1, Number.NaN, 3]), [0]))).toEqual([Number.NaN]);
    expectSameOnWasm(() => amin(tensor([1, Number.NaN, 3, 2, 1, 0], [2, 3]), [1]));
  });

  it("given bool, extrema are any and all", () => {
    const x = tensor([0, 1, 0, 0, 1, 1], [3, 2], "bool");
    expect(valuesOf(amax(x, [1]))).toEqual([1, 0, 1]);
    expect(valuesOf(amin(x, [1]))).toEqual([0, 0, 1]);
    expectSameOnWasm(() => amax(tensor([0, 1, 0, 0, 1, 1], [3, 2], "bool"), [1]));
  });

  it("given nothing to sum, gives 0 and 1", () => {
    expect(valuesOf(sum(tensor([], [2, 0]), [1]))).toEqual([0, 0]);
    expect(valuesOf(prod(tensor([], [0, 2]), [0]))).toEqual([1, 1]);
    expectSameOnWasm(() => sum(tensor([], [2, 0]), [1]));
    expectSameOnWasm(() => prod(tensor([], [0, 2]), [0]));
  });

  it("given equal largest elements, amax shares the gradient evenly", () => {
    const x = tensor([1, 3, 3, 2], [4], "float64", true);
    const [grad] = gradients(amax(x, [0]), tensor([6], [], "float64"), [x]) as [Node];
    expect(valuesOf(grad)).toEqual([0, 3, 3, 0]);
  });

  it.each([[[2, 0, 3, 4]], [[0, 5, 0, 2]], [[0, 0, 0, 1]]])(
    "given zeros %j, both derivatives of prod are exact",
    (values) => {
      gradcheck((x) => prod(x, [0]), [{ shape: [4], values }]);
      gradgradcheck((x) => prod(x, [0]), [{ shape: [4], values }]);
    },
  );

  it("given no dims, gives the input itself", () => {
    const x = tensor([1, 2]);
    expect(sum(x, [])).toBe(x);
  });
});

const products: readonly {
  readonly name: string;
  readonly a: readonly number[];
  readonly b: readonly number[];
  readonly labels: ContractLabels;
}[] = [
  { name: "matrix product", a: [3, 4], b: [4, 5], labels: { a: [0, 1], b: [1, 2], out: [0, 2] } },
  { name: "both transposed", a: [4, 3], b: [5, 4], labels: { a: [1, 0], b: [2, 1], out: [2, 0] } },
  { name: "batches", a: [2, 3, 4], b: [4, 2, 5], labels: { a: [9, 0, 1], b: [1, 9, 2], out: [0, 9, 2] } },
  { name: "dot product", a: [7], b: [7], labels: { a: [0], b: [0], out: [] } },
  { name: "outer product", a: [3], b: [4], labels: { a: [0], b: [1], out: [1, 0] } },
  { name: "two summed dims", a: [2, 3, 4], b: [4, 3, 2], labels: { a: [0, 1, 2], b: [2, 1, 5], out: [5, 0] } },
  { name: "elementwise", a: [3, 4], b: [4, 3], labels: { a: [0, 1], b: [1, 0], out: [0, 1] } },
  { name: "nothing to sum over", a: [2, 0], b: [0, 3], labels: { a: [0, 1], b: [1, 2], out: [0, 2] } },
];

describe("contract", () => {
  it.each(products)("$name: gradients are those of finite differences", ({ a, b, labels }) => {
    gradcheck((x, y) => contract(x, y, labels), [{ shape: a }, { shape: b }]);
    gradgradcheck((x, y) => contract(x, y, labels), [{ shape: a }, { shape: b }]);
  });

  it.each(products)("$name: the compiled values are the defined ones", ({ a, b, labels }) => {
    const pair = (dtype: "float32" | "float64"): [Node, Node] => [
      tensor(noise(a, -1, 1, 1), a, dtype),
      tensor(noise(b, -1, 1, 2), b, dtype),
    ];
    expectSameOnWasm(() => contract(...pair("float32"), labels), 1e-6);
    expectSameOnWasm(() => contract(...pair("float64"), labels), 1e-14);
    const whole = (shape: readonly number[], seed: number) =>
      tensor(noise(shape, -99, 99, seed).map(Math.trunc), shape, "int64");
    expectSameOnWasm(() => contract(whole(a, 1), whole(b, 2), labels));
  });

  it("given two by two matrices, multiplies them", () => {
    const y = contract(tensor([1, 2, 3, 4], [2, 2]), tensor([5, 6, 7, 8], [2, 2]), {
      a: [0, 1],
      b: [1, 2],
      out: [0, 2],
    });
    expect(valuesOf(y)).toEqual([19, 22, 43, 50]);
  });

  it("given float32 terms that cancel, the definition rounds once", () => {
    const y = contract(tensor([1e8, 1, -1e8], [3]), tensor([1, 1, 1], [3]), { a: [0], b: [0], out: [] });
    expectClose(valuesOf(y), [1], 0);
  });

  it("given sizes that differ, throws naming both", () => {
    const [a, b] = [tensor(noise([2, 3]), [2, 3]), tensor(noise([4, 2]), [4, 2])];
    expect(() => contract(a, b, { a: [0, 1], b: [1, 2], out: [0, 2] })).toThrow("contract: sizes 3 and 4 of one");
  });
});

describe("interpret", () => {
  it("given several outputs, computes shared nodes once and keeps the order", () => {
    const x = tensor([1, 2, 3]);
    const total = sum(x, [0]);
    const [first, second] = interpret([total, x]);
    expect([first?.data[0], second?.data[2]]).toEqual([6, 3]);
  });
});

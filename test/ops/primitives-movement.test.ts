// Movements: values by hand, adjoints by differences, and every index map compiled.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { numel } from "../../src/base/index.js";
import type { Node } from "../../src/graph/index.js";
import { type Expr, ExprFactory, visitExpressions } from "../../src/ir/index.js";
import {
  concat,
  constant,
  expand,
  flip,
  fold,
  iota,
  mul,
  pad,
  permute,
  reshape,
  slice,
  sum,
  type WindowAxis,
  window,
} from "../../src/ops/index.js";
import { expectClose, expectSameOnWasm, gradcheck, gradgradcheck, noise, tensor, valuesOf } from "./nodes.js";

const counted = (shape: readonly number[]): Node =>
  tensor(
    Array.from({ length: numel(shape) }, (_, i) => i),
    shape,
  );

const movements: readonly {
  readonly name: string;
  readonly shape: readonly number[];
  readonly f: (x: Node) => Node;
}[] = [
  { name: "reshape that merges", shape: [2, 3, 4], f: (x) => reshape(x, [6, 4]) },
  { name: "reshape that splits", shape: [12, 2], f: (x) => reshape(x, [3, 2, 2, 2]) },
  { name: "reshape across dims", shape: [4, 6], f: (x) => reshape(x, [3, 8]) },
  { name: "reshape with ones", shape: [1, 6, 1], f: (x) => reshape(x, [2, 1, 3, 1, 1]) },
  { name: "reshape to 0-d", shape: [1, 1], f: (x) => reshape(x, []) },
  { name: "permute", shape: [2, 3, 4], f: (x) => permute(x, [2, 0, 1]) },
  { name: "expand", shape: [3, 1], f: (x) => expand(x, [2, 3, 4]) },
  { name: "expand of 0-d", shape: [], f: (x) => expand(x, [2, 3]) },
  { name: "slice with a step", shape: [3, 8], f: (x) => slice(x, 1, 1, 8, 3) },
  { name: "empty slice", shape: [3, 4], f: (x) => slice(x, 0, 2, 2, 1) },
  { name: "pad", shape: [2, 3], f: (x) => pad(x, [1, 0], [0, 2], 7) },
  { name: "pad that cuts", shape: [4, 5], f: (x) => pad(x, [-1, 2], [1, -3], 7) },
  { name: "flip", shape: [2, 3, 2], f: (x) => flip(x, [0, 2]) },
  {
    name: "flip after a reshape of a permute",
    shape: [2, 3, 4],
    f: (x) => flip(reshape(permute(x, [1, 0, 2]), [3, 8]), [1]),
  },
];

describe("movements", () => {
  it.each(movements)("$name: the gradient and its gradient are those of finite differences", ({ f, shape }) => {
    gradcheck((x) => mul(f(x), f(x)), [{ shape }]);
    gradgradcheck((x) => mul(f(x), f(x)), [{ shape }]);
  });

  it.each(movements)("$name: the compiled values are the defined ones, for each dtype", ({ f, shape }) => {
    for (const dtype of ["float32", "int64", "uint8", "bool"] as const) {
      expectSameOnWasm(() => f(tensor(noise(shape, 0, 2).map(Math.floor), shape, dtype)));
    }
  });

  it("given small arrays, gives the expected elements", () => {
    expect(valuesOf(permute(counted([2, 3]), [1, 0]))).toEqual([0, 3, 1, 4, 2, 5]);
    expect(valuesOf(slice(counted([6]), 0, 1, 6, 2))).toEqual([1, 3, 5]);
    expect(valuesOf(pad(counted([2]), [1], [-1], 9))).toEqual([9, 0]);
    expect(valuesOf(flip(counted([3]), [0]))).toEqual([2, 1, 0]);
    expect(valuesOf(expand(counted([2, 1]), [2, 2]))).toEqual([0, 0, 1, 1]);
    expect(valuesOf(iota(3))).toEqual([0, 1, 2]);
  });

  it("given nothing to move, gives the input itself", () => {
    const x = counted([2, 3]);
    for (const y of [
      reshape(x, [2, 3]),
      permute(x, [0, 1]),
      expand(x, [2, 3]),
      slice(x, 1, 0, 3, 1),
      flip(x, []),
      pad(x, [0, 0], [0, 0], 0),
    ]) {
      expect(y).toBe(x);
    }
  });

  it("given a shape of another size, reshape throws with both counts", () => {
    expect(() => reshape(counted([2, 3]), [4, 2])).toThrow("reshape: 6 elements of [2,3] do not fit [4,2] (8)");
  });

  it("given dims that merge or split neatly, reshape needs no division", () => {
    expect(divisions(reshape(counted([4, 3, 5, 7]), [4, 105]), [4, 105])).toBe(0);
    expect(divisions(reshape(counted([4, 105]), [4, 3, 5, 7]), [4, 3, 5, 7])).toBe(0);
    expect(divisions(reshape(reshape(counted([8, 6, 5]), [8, 30]), [8, 6, 5]), [8, 6, 5])).toBe(0);
  });

  it("given any chain of movements, the compiled values are the defined ones", () => {
    const step = fc.constantFrom("reshape", "permute", "slice", "pad", "flip", "expand");
    fc.assert(
      fc.property(fc.array(step, { minLength: 2, maxLength: 5 }), fc.integer({ min: 0, max: 1000 }), (steps, seed) => {
        const make = () => steps.reduce((x, kind, i) => moved(x, kind, seed + i), counted([2, 6, 2]));
        expectSameOnWasm(make);
      }),
      { numRuns: 60, seed: 3 },
    );
  });
});

/** A movement chosen by name, with arguments that fit. */
function moved(x: Node, kind: string, seed: number): Node {
  const d = seed % x.shape.length;
  const size = x.shape[d] as number;
  switch (kind) {
    case "reshape":
      return reshape(x, seed % 2 === 0 ? [x.size] : factored(x.size));
    case "permute":
      return permute(
        x,
        x.shape.map((_, i) => (i + d) % x.shape.length),
      );
    case "slice":
      return size > 1 ? slice(x, d, seed % 2, size, 1 + (seed % 3)) : x;
    case "pad":
      return pad(
        x,
        x.shape.map((_, i) => (i === d ? 2 : 0)),
        x.shape.map((_, i) => (i === d ? (size > 2 ? -1 : 1) : 0)),
        5,
      );
    case "flip":
      return flip(x, [d]);
    default:
      return expand(x, [2, ...x.shape]);
  }
}

function factored(size: number): number[] {
  const factor = [2, 3, 5, 7].find((p) => size % p === 0);
  return factor === undefined ? [size] : [factor, ...factored(size / factor)];
}

/** Divisions and remainders in the compiled index of a chain of pointwise nodes. */
function divisions(node: Node, shape: readonly number[]): number {
  const f = new ExprFactory();
  const index = shape.map((size, d) => f.variable(`i${d}`, "i32", { min: 0, max: size - 1 }));
  const buffer = f.buffer("x", "float32", 10000);
  const value = (x: Node, at: readonly Expr[]): Expr => {
    if (x.isRealized || x.primitive.kind !== "pointwise") {
      return f.load(
        buffer,
        at.reduce((sum, i, d) => f.add(f.mul(sum, f.int(x.shape[d] as number)), i), f.int(0) as Expr),
      );
    }
    return x.primitive.lower({ f, input: (i, inner) => value(x.inputs[i] as Node, inner) }, at, x);
  };
  let count = 0;
  const made = value(node, index);
  visitExpressions([{ kind: "store", buffer, index: f.int(0), value: made, guard: null }], (x) => {
    if (x.kind === "binary" && (x.op === "div" || x.op === "rem")) count++;
  });
  return count;
}

interface WindowCase {
  readonly name: string;
  readonly shape: readonly number[];
  readonly axes: readonly WindowAxis[];
}

const axis = (dim: number, count: number, size: number, stride: number, dilation = 1): WindowAxis => ({
  dim,
  count,
  size,
  stride,
  dilation,
});

const windowCases: readonly WindowCase[] = [
  { name: "side by side", shape: [2, 6], axes: [axis(1, 3, 2, 2)] },
  { name: "with gaps and a rest", shape: [11], axes: [axis(0, 3, 2, 4)] },
  { name: "overlapping", shape: [2, 7], axes: [axis(1, 5, 3, 1)] },
  { name: "overlapping with a stride", shape: [9], axes: [axis(0, 3, 4, 2)] },
  { name: "dilated", shape: [9], axes: [axis(0, 3, 3, 2, 2)] },
  { name: "dilated, apart", shape: [12], axes: [axis(0, 2, 2, 6, 3)] },
  { name: "stride and dilation with a common factor", shape: [13], axes: [axis(0, 2, 3, 4, 2)] },
  { name: "stride below the dilation", shape: [16], axes: [axis(0, 4, 4, 2, 3)] },
  { name: "two dims", shape: [1, 5, 2, 6], axes: [axis(1, 2, 3, 2), axis(3, 3, 2, 2)] },
  { name: "single elements", shape: [7], axes: [axis(0, 3, 1, 3)] },
];

describe("window and fold", () => {
  it.each(windowCases)("$name: gradients are those of finite differences", ({ shape, axes }) => {
    const lengths = axes.map(({ dim }) => shape[dim] as number);
    const cut = window(counted(shape), axes).shape;
    gradcheck((x) => window(x, axes), [{ shape }]);
    gradcheck((y) => fold(y, axes, lengths), [{ shape: cut }]);
    gradgradcheck((y) => mul(fold(y, axes, lengths), fold(y, axes, lengths)), [{ shape: cut }]);
  });

  it.each(windowCases)("$name: <window x, y> = <x, fold y>", ({ shape, axes }) => {
    const x = tensor(noise(shape, -1, 1, 1), shape, "float64");
    const cut = window(x, axes);
    const y = tensor(noise(cut.shape, -1, 1, 2), cut.shape, "float64");
    const total = (z: Node): number[] =>
      valuesOf(
        sum(
          z,
          z.shape.map((_, d) => d),
        ),
      );
    const back = fold(
      y,
      axes,
      axes.map(({ dim }) => shape[dim] as number),
    );
    expectClose(total(mul(cut, y)), total(mul(x, back)), 1e-13);
  });

  it.each(windowCases)("$name: the compiled values are the defined ones", ({ shape, axes }) => {
    const lengths = axes.map(({ dim }) => shape[dim] as number);
    expectSameOnWasm(() => window(counted(shape), axes));
    expectSameOnWasm(() => fold(window(counted(shape), axes), axes, lengths));
  });
});

describe("concat", () => {
  const parts = [
    [2, 1, 3],
    [2, 0, 3],
    [2, 4, 3],
  ];

  it("given parts along a dim, joins them and hands gradients back", () => {
    expect(valuesOf(concat([counted([2, 1]), counted([2, 2])], 1))).toEqual([0, 0, 1, 1, 2, 3]);
    gradcheck(
      (...xs) => concat(xs, 1),
      parts.map((shape) => ({ shape })),
    );
  });

  it("given computed parts on wasm, gives the defined values", () => {
    const make = () =>
      concat(
        parts.map((shape) => mul(counted(shape), constant(2, "float32"))),
        1,
      );
    expectSameOnWasm(make);
    expectSameOnWasm(() => concat([flip(counted([3]), [0]), expand(constant(4, "float32"), [2])], 0));
  });
});

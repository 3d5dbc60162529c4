// Elementwise primitives: values by hand at the edges, gradients by differences, compiled against defined, promotion, errors.
import { describe, expect, it } from "vitest";
import type { DType } from "../../src/base/index.js";
import type { Node } from "../../src/graph/index.js";
import * as ops from "../../src/ops/index.js";
import {
  expectClose,
  expectSameOnWasm,
  gradcheck,
  gradgradcheck,
  gradients,
  noise,
  numbers,
  tensor,
  valuesOf,
} from "./nodes.js";

const INF = Number.POSITIVE_INFINITY;
const NAN = Number.NaN;

type Unary = (x: Node) => Node;
type Binary = (a: Node, b: Node) => Node;

const apart = [-1.7, -0.6, 0.3, 0.8, 1.9]; // away from kinks and steps
const positive = [0.2, 0.7, 1.1, 2.5];

/** Functions of one tensor, with points where they are smooth. */
const unary: readonly { readonly name: string; readonly f: Unary; readonly at?: readonly number[] }[] = [
  { name: "neg", f: ops.neg },
  { name: "abs", f: ops.abs },
  { name: "sign", f: ops.sign },
  { name: "floor", f: ops.floor },
  { name: "ceil", f: ops.ceil },
  { name: "round", f: ops.round },
  { name: "trunc", f: ops.trunc },
  { name: "exp", f: ops.exp },
  { name: "expm1", f: ops.expm1 },
  { name: "log", f: ops.log, at: positive },
  { name: "log1p", f: ops.log1p, at: positive },
  { name: "sqrt", f: ops.sqrt, at: positive },
  { name: "rsqrt", f: ops.rsqrt, at: positive },
  { name: "reciprocal", f: ops.reciprocal },
  { name: "sin", f: ops.sin },
  { name: "cos", f: ops.cos },
  { name: "tan", f: ops.tan, at: [-1.2, -0.4, 0.3, 1.1] },
  { name: "tanh", f: ops.tanh },
  { name: "atan", f: ops.atan },
  { name: "erf", f: ops.erf },
];

describe("functions of one tensor", () => {
  it.each(unary)("$name: first and second derivatives are those of finite differences", ({ f, at = apart }) => {
    gradcheck(f, [{ shape: [at.length], values: at }]);
    gradgradcheck(f, [{ shape: [at.length], values: at }]);
  });

  it.each(unary)("$name: given float32 and float64 on wasm, gives the defined values", ({ f, at }) => {
    const values = noise([3, 7], at ? 0.1 : -3, 3);
    expectSameOnWasm(() => f(tensor(values, [3, 7])), 3e-7); // 2 ULP of values below 8
    expectSameOnWasm(() => f(tensor(values, [3, 7], "float64")), 1e-14);
  });

  it.each([ops.neg, ops.abs, ops.sign, ops.floor])("given integers on wasm, gives the defined values", (f) => {
    for (const dtype of ["int32", "int64", "uint8"] as const) {
      expectSameOnWasm(() => f(tensor([0, 1, 2, 100, 255, 7, 3, 9, 12], [9], dtype)));
    }
    expectSameOnWasm(() => f(tensor([-3, -1, 0, 2, -(2 ** 31)], [5], "int32")));
  });

  it("given NaN and zero, sign is 0 and the gradient of abs is 0 at 0", () => {
    expect(valuesOf(ops.sign(tensor([NAN, 0, -INF, 3])))).toEqual([0, 0, -1, 1]);
    const x = tensor([0, -2, 2], [3], "float64", true);
    expect(valuesOf(gradients(ops.abs(x), tensor([1, 1, 1], [3], "float64"), [x])[0] as Node)).toEqual([0, -1, 1]);
  });

  it("given halves, round goes to even", () => {
    expect(valuesOf(ops.round(tensor([0.5, 1.5, 2.5, 3.5])))).toEqual([0, 2, 2, 4]);
  });

  it("given integers, functions with real results give float32", () => {
    const y = ops.exp(tensor([0, 1], [2], "int64"));
    expect(y.dtype).toBe("float32");
    expectClose(valuesOf(y), [1, Math.fround(Math.E)], 0);
  });
});

const binary: readonly {
  readonly name: string;
  readonly f: Binary;
  readonly a?: readonly number[];
  readonly b?: readonly number[];
}[] = [
  { name: "add", f: ops.add },
  { name: "sub", f: ops.sub },
  { name: "mul", f: ops.mul },
  { name: "div", f: ops.div },
  { name: "maximum", f: ops.maximum },
  { name: "minimum", f: ops.minimum },
  { name: "pow", f: ops.pow, a: [0.3, 0.9, 1.4, 2.2] },
  { name: "fmod", f: ops.fmod, a: [5.3, -5.3, 5.3, -5.3], b: [2.1, 2.1, -2.1, -2.1] },
  { name: "remainder", f: ops.remainder, a: [5.3, -5.3, 5.3, -5.3], b: [2.1, 2.1, -2.1, -2.1] },
  { name: "floorDivide", f: ops.floorDivide, a: [5.3, -5.3, 5.3, -5.3], b: [2.1, 2.1, -2.1, -2.1] },
  { name: "truncDivide", f: ops.truncDivide, a: [5.3, -5.3, 5.3, -5.3], b: [2.1, 2.1, -2.1, -2.1] },
];

describe("functions of two tensors", () => {
  it.each(binary)("$name: first and second derivatives are those of finite differences", ({ f, a, b }) => {
    const inputs = [
      { shape: [4], values: a ?? [-1.3, 0.4, 1.2, 2.1] },
      { shape: [4], values: b ?? [0.7, -1.1, 1.6, 0.9] },
    ];
    gradcheck(f, inputs);
    gradgradcheck(f, inputs, 1e-5);
  });

  it.each(binary)("$name: given shapes that broadcast, gradients have the shapes of the inputs", ({ f }) => {
    gradcheck(f, [
      { shape: [2, 1, 3], values: noise([6], 0.5, 2, 4) },
      { shape: [2, 1], values: [0.77, 1.33] },
    ]);
    gradcheck(f, [
      { shape: [], values: [1.7] },
      { shape: [2], values: [0.6, 1.1] },
    ]);
  });

  it.each(binary)("$name: given any dtype on wasm, gives the defined values", ({ f }) => {
    for (const dtype of ["float32", "float64", "int32", "int64", "uint8"] as const) {
      const isFloat = dtype.startsWith("float");
      const tolerance = dtype === "float32" ? 1e-6 : isFloat ? 1e-14 : 0;
      const values = (seed: number) =>
        noise([3, 9], isFloat ? 0.1 : dtype === "uint8" ? 0 : -9, 9, seed).map((x) => (isFloat ? x : Math.trunc(x)));
      expectSameOnWasm(() => f(tensor(values(5), [3, 9], dtype), tensor(values(6), [3, 9], dtype)), tolerance);
    }
  });

  it("given ties, maximum and minimum share the gradient and NaN passes", () => {
    const [a, b] = [tensor([1, 2, NAN], [3], "float64", true), tensor([1, 3, 5], [3], "float64", true)];
    const y = ops.maximum(a, b);
    expect(valuesOf(y)).toEqual([1, 3, NAN]);
    const [da, db] = gradients(y, tensor([1, 1, 1], [3], "float64"), [a, b]) as [Node, Node];
    expect([valuesOf(da), valuesOf(db)]).toEqual([
      [0.5, 0, 1],
      [0.5, 1, 1],
    ]);
    expect(valuesOf(ops.minimum(tensor([NAN, 1]), tensor([0, NAN])))).toEqual([NAN, NAN]);
  });

  it("given quotients, rounds as Python does", () => {
    expect(valuesOf(ops.floorDivide(tensor([1, -7, 7, 1, 0, 5]), tensor([0.1, 2, -2, 0, 0, INF])))).toEqual([
      9,
      -4,
      -4,
      INF,
      NAN,
      0,
    ]);
    expect(valuesOf(ops.remainder(tensor([-7, 7, -5, 5]), tensor([2, -2, 3, INF])))).toEqual([1, -1, 1, 5]);
    expect(valuesOf(ops.fmod(tensor([-7, 7]), tensor([2, -2])))).toEqual([-1, 1]);
    const [a, b] = [tensor([-7, 7, -6, 5], [4], "int32"), tensor([2, -2, 2, 0], [4], "int32")];
    expect(valuesOf(ops.floorDivide(a, b))).toEqual([-4, -4, -3, 0]);
    expect(valuesOf(ops.remainder(a, b))).toEqual([1, -1, 0, 0]);
    expect(valuesOf(ops.truncDivide(a, b))).toEqual([-3, -3, -3, 0]);
    expect(ops.div(a, b).dtype).toBe("float32");
  });
});

describe("pow", () => {
  const power =
    (exponent: number, dtype: DType = "float64") =>
    (x: Node) =>
      ops.pow(x, ops.constant(exponent, dtype));

  it.each([0, 1, 2, 3, 4, 5, -1, -2, 0.5, -0.5, 2.5])(
    "given exponent %d, derivatives are those of finite differences",
    (n) => {
      const values = Number.isInteger(n) ? [-1.3, 0.4, 1.2] : [0.3, 0.4, 1.2];
      gradcheck(power(n), [{ shape: [3], values }]);
      gradgradcheck(power(n), [{ shape: [3], values }], 1e-5);
    },
  );

  it.each([
    [0, 0],
    [1, 1],
    [2, 0],
    [3, 0],
    [7, 0],
  ])("given exponent %d, the gradient at 0 is %d", (n, slope) => {
    const x = tensor([0], [1], "float64", true);
    expect(valuesOf(gradients(power(n)(x), tensor([1], [1], "float64"), [x])[0] as Node)).toEqual([slope]);
  });

  it("given zeros with exponents as tensors, gradients are finite", () => {
    const [a, b] = [tensor([0, 0, 0], [3], "float64", true), tensor([0, 1, 2], [3], "float64", true)];
    const [da, db] = gradients(ops.pow(a, b), tensor([1, 1, 1], [3], "float64"), [a, b]) as [Node, Node];
    expect([valuesOf(da), valuesOf(db)]).toEqual([
      [0, 1, 0],
      [0, 0, 0],
    ]);
  });

  it("given integers, is exact and wraps", () => {
    const raised = ops.pow(
      tensor([3, -2, 7, 3, 2, -1, 1, 5], [8], "int64"),
      tensor([39, 63, 0, 41, 64, -3, -2, -1], [8], "int64"),
    );
    expect(raised.dtype).toBe("int64");
    const exact = [3n ** 39n, (-2n) ** 63n, 1n, BigInt.asIntN(64, 3n ** 41n), 0n, -1n, 1n, 0n];
    const data = ops.interpret([raised])[0]?.data as BigInt64Array;
    expect([...data]).toEqual(exact);
    expectSameOnWasm(() =>
      ops.pow(tensor([3, -2, 7, 2, -1, 5], [6], "int32"), tensor([25, 31, 0, 5, -3, -1], [6], "int32")),
    );
    expectSameOnWasm(() =>
      ops.pow(tensor([3, -2, 7, 2, -1, 5], [6], "int64"), tensor([39, 31, 0, 63, -3, -1], [6], "int64")),
    );
    expectSameOnWasm(() => ops.pow(tensor([3, 2, 7], [3], "uint8"), tensor([5, 8, 2], [3], "uint8")));
  });

  it("given an integer tensor and a negative exponent, throws with the remedy", () => {
    expect(() => ops.pow(tensor([2], [1], "int32"), ops.constant(-1, "int32"))).toThrow(
      'pow: an integer tensor to the power -1 has no integer values; convert it with .to("float32")',
    );
  });
});

describe("comparisons, logic, choice", () => {
  it.each([ops.eq, ops.ne, ops.lt, ops.le, ops.gt, ops.ge])("given any dtype on wasm, compares as defined", (f) => {
    const [a, b] = [
      [1, 2, 3, 0, NAN, 1],
      [1, 3, 2, 0, NAN, NAN],
    ];
    for (const dtype of ["float32", "float64", "int32", "int64", "uint8", "bool"] as const) {
      const clean = (values: readonly number[]) => (dtype.startsWith("float") ? values : values.map((x) => x || 0));
      expect(f(tensor(clean(a), [6], dtype), tensor(clean(b), [6], dtype)).dtype).toBe("bool");
      expectSameOnWasm(() => f(tensor(clean(a), [6], dtype), tensor(clean(b), [6], dtype)));
    }
  });

  it("given NaN, only ne holds", () => {
    const [x, y] = [tensor([NAN]), tensor([NAN])];
    expect([ops.eq, ops.ne, ops.lt, ops.le].map((f) => valuesOf(f(x, y))[0])).toEqual([0, 1, 0, 0]);
  });

  it.each([ops.and, ops.or, ops.xor])("given bool and integers on wasm, works bit by bit", (f) => {
    expectSameOnWasm(() => f(tensor([0, 0, 1, 1], [4], "bool"), tensor([0, 1, 0, 1], [4], "bool")));
    for (const dtype of ["int32", "int64", "uint8"] as const) {
      expectSameOnWasm(() => f(tensor([12, 10, 7, 255], [4], dtype), tensor([10, 3, 8, 15], [4], dtype)));
    }
  });

  it("given where, gradients go to the chosen side", () => {
    const cond = tensor([1, 0, 1], [3], "bool");
    gradcheck((a, b) => ops.where(cond, a, b), [{ shape: [3] }, { shape: [1] }]);
    expectSameOnWasm(() => ops.where(tensor([1, 0, 1], [3], "bool"), tensor([1, 2, 3]), tensor([4, 5, 6])));
  });

  it("given floats, bitwise functions throw", () => {
    expect(() => ops.and(tensor([1]), tensor([1]))).toThrow(
      "and: takes bool or integer tensors, got float32; use the logical functions for truth values",
    );
    expect(() => ops.where(tensor([1]), tensor([1]), tensor([1]))).toThrow(
      "where: the condition must be a bool tensor, is float32; compare it with ne(0)",
    );
  });
});

describe("dtypes and shapes", () => {
  it.each<[string, Node, Node, DType]>([
    ["int32 with int64", tensor([1], [1], "int32"), tensor([1], [1], "int64"), "int64"],
    ["int64 with float32", tensor([1], [1], "int64"), tensor([1]), "float32"],
    ["float32 with a 0-d float64", tensor([1]), tensor([1], [], "float64"), "float32"],
    ["int32 with a 0-d int64", tensor([1], [1], "int32"), tensor([1], [], "int64"), "int32"],
    ["int64 with a 0-d float32", tensor([1], [1], "int64"), tensor([1], []), "float32"],
    ["bool with a 0-d uint8", tensor([1], [1], "bool"), tensor([1], [], "uint8"), "uint8"],
    ["uint8 with int32", tensor([1], [1], "uint8"), tensor([1], [1], "int32"), "int32"],
    ["0-d float32 with 0-d float64", tensor([1], []), tensor([1], [], "float64"), "float64"],
  ])("given %s, promotes as PyTorch", (_, a, b, dtype) => {
    expect(ops.add(a, b).dtype).toBe(dtype);
    expect(ops.mul(b, a).dtype).toBe(dtype);
  });

  it("given shapes that do not broadcast, throws naming both", () => {
    expect(() => ops.add(tensor([1, 2, 3]), tensor([1, 2]))).toThrow(
      "add: shapes [3] and [2] do not broadcast; sizes must be equal or 1, aligned from the right",
    );
  });

  it("given bool, sub and neg throw", () => {
    const mask = tensor([1], [1], "bool");
    expect(() => ops.neg(mask)).toThrow(
      'neg: bool tensors have no neg; cast with .to("int32") or use logical functions',
    );
    expect(() => ops.sub(mask, mask)).toThrow(
      'sub: bool tensors have no sub; cast with .to("int32") or use logical functions',
    );
  });

  it("given floats out of range, casts saturate and NaN gives 0", () => {
    const make = (dtype: DType) => ops.cast(tensor([NAN, 1e10, -1e10, 300.7, -2.9, INF]), dtype);
    expect(valuesOf(make("int32"))).toEqual([0, 2147483647, -2147483648, 300, -2, 2147483647]);
    expect(valuesOf(make("uint8"))).toEqual([0, 255, 0, 255, 0, 255]);
    expect(valuesOf(make("bool"))).toEqual([1, 1, 1, 1, 1, 1]);
    expect(numbers(ops.interpret([make("int64")])[0] as never)).toEqual([0, 1e10, -1e10, 300, -2, 2 ** 63]);
    for (const dtype of ["int32", "int64", "uint8", "bool", "float64"] as const) expectSameOnWasm(() => make(dtype));
  });

  it("given integers out of range, casts wrap", () => {
    expect(valuesOf(ops.cast(tensor([256, -1, 2 ** 40 + 5], [3], "int64"), "uint8"))).toEqual([0, 255, 5]);
    expect(valuesOf(ops.cast(tensor([2 ** 40 + 5], [1], "int64"), "int32"))).toEqual([5]);
    expectSameOnWasm(() => ops.cast(tensor([256, -1, 2 ** 40 + 5], [3], "int64"), "uint8"));
  });

  it("given a constant, is rounded to its dtype at once", () => {
    expect(ops.constant(0.1, "float32").value).toBe(Math.fround(0.1));
    expect(ops.constant(300, "uint8").value).toBe(44);
    expect(ops.cast(ops.constant(300.5, "float32"), "uint8").value).toBe(255);
  });

  it("given uint8 arithmetic, wraps modulo 256 on every path", () => {
    const make = (f: Binary) => f(tensor([200, 3, 0, 255], [4], "uint8"), tensor([100, 5, 1, 255], [4], "uint8"));
    expect(valuesOf(make(ops.add))).toEqual([44, 8, 1, 254]);
    expect(valuesOf(make(ops.sub))).toEqual([100, 254, 255, 0]);
    expectSameOnWasm(() => ops.cast(ops.div(make(ops.sub), tensor([2, 2, 2, 2], [4], "uint8")), "int32"));
  });
});

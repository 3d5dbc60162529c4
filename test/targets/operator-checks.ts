// What operators mean on a target: every operator × type × lane count against plain TypeScript arithmetic. The checks throw, so
// that they also run in a process of their own.
import type { DType, TypedArray } from "../../src/base/dtype.js";
import { Storage } from "../../src/base/storage.js";
import {
  type BinaryOp,
  type Buffer,
  type Expr,
  ExprFactory,
  evalBinary,
  evalCast,
  evalUnary,
  type Scalar,
  type ScalarValue,
  type Stmt,
  type Target,
  type UnaryOp,
} from "../../src/ir/index.js";
import { emptyStorage, loop, makeKernel, makeProgram, store } from "./programs.js";

/** A named test; `run` throws what is wrong. */
export interface Check {
  readonly name: string;
  readonly run: () => void;
}

export interface OperatorOptions {
  /** Lane counts of 4-byte types; those up to `wideLanes` hold 8-byte types too. */
  readonly lanes: readonly number[];
  readonly wideLanes: number;
}

const dtypeOf: Record<Scalar, DType> = { f32: "float32", f64: "float64", i32: "int32", i64: "int64", bool: "bool" };

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
const floats = [0, -0, 1, -1, 0.5, 1.5, 2.5, -2.5, 3.7, -3.7, 1e10, -1e10, inf, -inf, nan, 1e-40, 7, 3, 255, -128];
const ints = [0, 1, -1, 2, -2, 3, 7, -7, 100, -100, 2 ** 31 - 1, -(2 ** 31), 31, 32, 33, 65537, 123456789, 5, 12, -12];
const big = [2n ** 63n - 1n, -(2n ** 63n), 2n ** 40n + 3n, -(2n ** 40n) - 3n];

/** All ordered pairs of interesting values. */
function samples(type: Scalar): ScalarValue[] {
  switch (type) {
    case "f32":
      return floats.map(Math.fround);
    case "f64":
      return [...floats, 2 ** 60, -(2 ** 60), 4e-310, 1e300];
    case "i32":
      return ints;
    case "i64":
      return [...ints.map(BigInt), ...big];
    case "bool":
      return [false, true, true, false];
  }
}

function pairs(type: Scalar): { a: ScalarValue[]; b: ScalarValue[] } {
  const values = samples(type);
  const a = values.flatMap((v) => values.map(() => v));
  const b = values.flatMap(() => values);
  return { a, b };
}

function storageFrom(type: Scalar, values: readonly ScalarValue[]): Storage {
  const storage = new Storage(dtypeOf[type], values.length);
  const view = storage.hostView() as { [index: number]: unknown };
  values.forEach((v, i) => {
    view[i] = type === "bool" ? Number(v) : v;
  });
  return storage;
}

interface Case {
  readonly name: string;
  readonly type: Scalar;
  readonly build: (x: ExprFactory, a: Expr, b: Expr) => Expr;
  readonly expected: (a: ScalarValue, b: ScalarValue) => ScalarValue;
}

/** Runs all cases in one kernel over all pairs of values of `type`, `lanes` at a time. */
function check(target: Target, type: Scalar, lanes: number, cases: readonly Case[]): void {
  const { a, b } = pairs(type);
  const n = a.length;
  if (n % lanes !== 0) throw new Error(`${n} pairs are no multiple of ${lanes}`);
  const x = new ExprFactory();
  const inputs = ["a", "b"].map((name) => x.buffer(name, dtypeOf[type], n));
  const outputs = cases.map((c, i) => x.buffer(`out${i}`, dtypeOf[c.type], n));
  const body = loop(x, 0, n, lanes, (i) => {
    const statements: Stmt[] = [];
    const [va, vb] = inputs.map((buffer, k) => {
      const v = x.variable(`v${k}`, type, { lanes });
      statements.push({ kind: "let", v, value: x.load(buffer, i, lanes) });
      return v;
    }) as [Expr, Expr];
    for (const [k, c] of cases.entries()) statements.push(store(outputs[k] as Buffer, i, c.build(x, va, vb)));
    return statements;
  });
  const program = makeProgram({ stages: [[makeKernel(x, 1, () => [body])]], bound: [...inputs, ...outputs] });
  const results = outputs.map(emptyStorage);
  const executable = target.load(program);
  executable.run([storageFrom(type, a), storageFrom(type, b), ...results], new Float64Array(0));
  executable.free();
  cases.forEach((c, k) => {
    const got = (results[k] as Storage).toTypedArray();
    for (let i = 0; i < n; i++) {
      const want = c.expected(a[i] as ScalarValue, b[i] as ScalarValue);
      expectSame(got, i, want, `${c.name} ${type}x${lanes} of ${a[i]}, ${b[i]}`);
    }
  });
}

/** Equal values; the sign of zero is free. */
function expectSame(got: TypedArray, i: number, want: ScalarValue, what: string): void {
  const value = got[i] as number | bigint;
  const wanted = typeof want === "boolean" ? Number(want) : want;
  if (!(value === wanted || (Number.isNaN(value) && Number.isNaN(wanted)))) {
    throw new Error(`${what}: got ${value}, expected ${wanted}`);
  }
}

const binary = (op: BinaryOp, operand: Scalar): Case => ({
  name: op,
  type: ["eq", "ne", "lt", "le"].includes(op) ? "bool" : operand,
  build: (x, a, b) => x.binary(op, a, b),
  expected: (a, b) => evalBinary(op, operand, a, b),
});
const unary = (op: UnaryOp, type: Scalar): Case => ({
  name: op,
  type,
  build: (x, a) => x.unary(op, a),
  expected: (a) => evalUnary(op, type, a),
});
const cast = (from: Scalar, to: Scalar): Case => ({
  name: `cast to ${to}`,
  type: to,
  build: (x, a) => x.cast(a, to),
  // One rounding from int64 to float32: through a double it would be two.
  expected: (a) => (from === "i64" && to === "f32" ? roundOnce(a as bigint) : evalCast(from, to, a)),
});

/** int64 to float32 in one rounding: round-to-odd to 30 bits first, which the second rounding cannot tell apart. */
function roundOnce(value: bigint): number {
  const magnitude = value < 0n ? -value : value;
  const shift = BigInt(Math.max(0, magnitude.toString(2).length - 30));
  const high = magnitude >> shift;
  const odd = high << shift === magnitude ? high : high | 1n;
  return Math.fround(Number(odd)) * 2 ** Number(shift) * (value < 0n ? -1 : 1);
}

const comparisons: BinaryOp[] = ["eq", "ne", "lt", "le"];
const floatBinary: BinaryOp[] = ["add", "sub", "mul", "div", "rem", "min", "max", ...comparisons];
const intBinary: BinaryOp[] = [
  "add",
  "sub",
  "mul",
  "div",
  "rem",
  "min",
  "max",
  "and",
  "or",
  "xor",
  "shl",
  "shr",
  "shru",
];
const boolBinary: BinaryOp[] = ["and", "or", "xor", "min", "max", "mul", "add", ...comparisons];
const floatUnary: UnaryOp[] = ["neg", "abs", "sqrt", "floor", "ceil", "trunc", "nearest"];

function casesFor(type: Scalar, holdsWide: boolean): Case[] {
  const types: Scalar[] = holdsWide ? ["f32", "i32", "bool", "f64", "i64"] : ["f32", "i32", "bool"];
  const casts = types.filter((to) => to !== type).map((to) => cast(type, to));
  if (type === "bool") return [...boolBinary.map((op) => binary(op, type)), unary("not", type), ...casts];
  if (type === "f32" || type === "f64") {
    return [...floatBinary.map((op) => binary(op, type)), ...floatUnary.map((op) => unary(op, type)), ...casts];
  }
  const extra: BinaryOp[] = type === "i32" ? ["mulhu"] : [];
  const ops = [...intBinary, ...comparisons, ...extra];
  return [
    ...ops.map((op) => binary(op, type)),
    ...(["neg", "abs", "not"] as const).map((op) => unary(op, type)),
    ...casts,
  ];
}

function constantCases(lanes: number): { floats: Case[]; ints: Case[] } {
  const withConst = (op: BinaryOp, type: Scalar, value: number, left = false): Case => ({
    name: `${op} with ${value}`,
    type,
    build: (x, a) => {
      const c = x.const(type, value, lanes);
      return left ? x.binary(op, c, a) : x.binary(op, a, c);
    },
    expected: (a) => (left ? evalBinary(op, type, value, a) : evalBinary(op, type, a, value)),
  });
  const floats = [0, nan, 2.5].flatMap((v) => [
    withConst("max", "f32", v),
    withConst("min", "f32", v, true),
    withConst("rem", "f32", v),
  ]);
  const ints = [1, 8, 7, -1, 0, -3, 10, 641, 2 ** 31 - 1].flatMap((v) => [
    withConst("div", "i32", v),
    withConst("rem", "i32", v),
    withConst("shr", "i32", v),
    withConst("shru", "i32", v),
    withConst("div", "i32", v, true),
  ]);
  return { floats, ints };
}

/** Indices are divided by constants, mostly: their range is known. */
const indexDivisions: readonly Case[] = [2, 3, 7, 12, 100, 641, 65537].flatMap((divisor) =>
  (["div", "rem"] as const).map((op) => ({
    name: `${op} of an index by ${divisor}`,
    type: "i32",
    build: (x: ExprFactory, a: Expr) => {
      const index = x.max(x.min(a, x.int(2 ** 30)), x.int(0));
      return x.binary(op, index, x.int(divisor));
    },
    expected: (a: ScalarValue) => evalBinary(op, "i32", Math.max(0, Math.min(2 ** 30, a as number)), divisor),
  })),
);

function choiceCases(type: Scalar, lanes: number): Case[] {
  const isFloat = type === "f32" || type === "f64";
  const one = type === "i64" ? 1n : 1;
  const zero = type === "i64" ? 0n : 0;
  const cases: Case[] = [
    {
      name: "select",
      type,
      build: (x, a, b) => x.select(x.lt(a, b), a, b),
      expected: (a, b) => (!(a < b) ? b : a),
    },
    {
      name: "select zero",
      type,
      build: (x, a, b) => x.select(x.le(a, b), x.const(type, 0, lanes), b),
      expected: (a, b) => (a <= b ? zero : b),
    },
    {
      name: "select or zero",
      type,
      build: (x, a, b) => x.select(x.le(a, b), b, x.const(type, 0, lanes)),
      expected: (a, b) => (a <= b ? b : zero),
    },
    {
      name: "select with and, or, not",
      type,
      build: (x, a, b) => {
        const ordered = x.or(x.lt(a, b), x.eq(a, b));
        return x.select(x.and(x.not(ordered), x.lt(x.const(type, 1, lanes), a)), a, x.const(type, 0, lanes));
      },
      expected: (a, b) => (!(a < b || a === b) && one < (a as number) ? a : zero),
    },
    {
      name: "bool to number and back",
      type,
      build: (x, a, b) => x.cast(x.cast(x.cast(x.lt(a, b), type), "bool"), type),
      expected: (a, b) => (type === "i64" ? BigInt(a < b) : Number(a < b)),
    },
  ];
  if (isFloat) {
    cases.push({
      // The product is exact, so that one rounding or two make no difference.
      name: "fma",
      type,
      build: (x, a, b) => x.fma(a, x.const(type, 2, lanes), b),
      expected: (a, b) => evalBinary("add", type, evalBinary("mul", type, a, 2), b),
    });
  }
  return cases;
}

/** All checks of a target. */
export function operatorChecks(target: Target, { lanes: counts, wideLanes }: OperatorOptions): Check[] {
  const types = ["f32", "i32", "bool", "f64", "i64"] as const;
  const fits = (type: Scalar, lanes: number) => (type !== "f64" && type !== "i64") || lanes <= wideLanes;
  return counts.flatMap((lanes): Check[] => {
    const fitting = types.filter((type) => fits(type, lanes));
    const { floats, ints } = constantCases(lanes);
    return [
      ...fitting.map((type) => ({
        name: `given ${type} x ${lanes}, each operator and cast gives the values of plain arithmetic`,
        run: () => check(target, type, lanes, casesFor(type, lanes <= wideLanes)),
      })),
      {
        name: `given constants on either side and ${lanes} lanes, operators with special forms keep their meaning`,
        run: () => {
          check(target, "f32", lanes, floats);
          check(target, "i32", lanes, lanes === 1 ? [...ints, ...indexDivisions] : ints);
        },
      },
      ...fitting
        .filter((type) => type !== "bool")
        .map((type) => ({
          name: `given select, fma, bitcast and lane moves on ${type} x ${lanes}, lanes go where they should`,
          run: () => check(target, type, lanes, choiceCases(type, lanes)),
        })),
    ];
  });
}

// What the scalar operators mean, in plain TypeScript: used for constant folding and by the interpreters.
import { halfToNumber, numberToHalf, roundToHalf } from "../base/index.js";
import type { BinaryOp, Scalar, UnaryOp } from "./types.js";

export type ScalarValue = number | bigint | boolean;

const I64 = (value: bigint): bigint => BigInt.asIntN(64, value);

/** Rounds or wraps a JavaScript value to the range of `type`. */
export function normalize(type: Scalar, value: ScalarValue): ScalarValue {
  switch (type) {
    case "f32":
      return Math.fround(value as number);
    case "f64":
      return value;
    case "i32":
      return (value as number) | 0;
    case "i64":
      return I64(value as bigint);
    case "bool":
      return Boolean(value);
  }
}

/** Rounds half to even. */
export function nearest(x: number): number {
  if (!Number.isFinite(x) || Math.abs(x) >= 2 ** 52) return x;
  const down = Math.floor(x);
  const rest = x - down;
  return rest < 0.5 || (rest === 0.5 && down % 2 === 0) ? down : down + 1;
}

/** The error function to double precision: Abramowitz & Stegun 7.1.6 (series) and 7.1.14 (continued fraction). */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (Number.isNaN(x)) return x;
  if (a < 2.5) {
    // Taylor series Σ (-1)^n x^(2n+1) / (n! (2n+1)), summed as the all-positive form e^{-x²} Σ 2^n x^{2n+1} / (2n+1)!!.
    let term = x;
    let sum = x;
    for (let n = 1; n < 80; n++) {
      term *= (2 * x * x) / (2 * n + 1);
      sum += term;
    }
    return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
  }
  if (a > 6) return Math.sign(x);
  // Continued fraction of erfc (Abramowitz & Stegun 7.1.14), from the far end.
  let fraction = 0;
  for (let k = 60; k >= 1; k--) fraction = k / 2 / (a + fraction);
  return Math.sign(x) * (1 - Math.exp(-a * a) / ((a + fraction) * Math.sqrt(Math.PI)));
}

const floatUnary: Partial<Record<UnaryOp, (x: number) => number>> = {
  neg: (x) => -x,
  abs: Math.abs,
  sqrt: Math.sqrt,
  floor: Math.floor,
  ceil: Math.ceil,
  trunc: Math.trunc,
  nearest,
  exp: Math.exp,
  log: Math.log,
  expm1: Math.expm1,
  log1p: Math.log1p,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  tanh: Math.tanh,
  erf,
  atan: Math.atan,
  roundHalf: (x) => roundToHalf("float16", x),
  roundBfloat: (x) => roundToHalf("bfloat16", x),
};

/** The type of `op`'s result. */
export function unaryType(op: UnaryOp, operand: Scalar): Scalar {
  return op === "fromHalf" ? "f32" : op === "toHalf" ? "i32" : operand;
}

export function evalUnary(op: UnaryOp, type: Scalar, x: ScalarValue): ScalarValue {
  if (op === "fromHalf") return halfToNumber("float16", x as number);
  if (op === "toHalf") return numberToHalf("float16", x as number);
  if (op === "not") return type === "bool" ? !x : type === "i64" ? ~(x as bigint) : ~(x as number);
  if (type === "i64") return I64(op === "neg" || (op === "abs" && (x as bigint) < 0n) ? -(x as bigint) : (x as bigint));
  const f = floatUnary[op];
  if (!f) throw new Error(`no unary ${op}`);
  return normalize(type, f(x as number));
}

export function evalBinary(op: BinaryOp, type: Scalar, a: ScalarValue, b: ScalarValue): ScalarValue {
  switch (op) {
    case "eq":
      return a === b;
    case "ne":
      return a !== b;
    case "lt":
      return a < b;
    case "le":
      return a <= b;
  }
  if (type === "bool") return evalBool(op, Boolean(a), Boolean(b));
  if (type === "i64") return I64(evalInt64(op, a as bigint, b as bigint));
  if (type === "i32") return evalInt32(op, a as number, b as number) | 0;
  return normalize(type, evalFloat(op, a as number, b as number));
}

function evalBool(op: BinaryOp, a: boolean, b: boolean): boolean {
  switch (op) {
    case "and":
    case "mul":
    case "min":
      return a && b;
    case "or":
    case "add":
    case "max":
      return a || b;
    case "xor":
      return a !== b;
    default:
      throw new Error(`no bool ${op}`);
  }
}

function evalInt32(op: BinaryOp, a: number, b: number): number {
  switch (op) {
    case "add":
      return a + b;
    case "sub":
      return a - b;
    case "mul":
      return Math.imul(a, b);
    case "div":
      return b === 0 ? 0 : Math.trunc(a / b);
    case "rem":
      return b === 0 ? 0 : a % b;
    case "min":
      return Math.min(a, b);
    case "max":
      return Math.max(a, b);
    case "and":
      return a & b;
    case "or":
      return a | b;
    case "xor":
      return a ^ b;
    case "shl":
      return a << b;
    case "shr":
      return a >> b;
    case "shru":
      return a >>> b;
    case "mulhu":
      return Number((BigInt(a >>> 0) * BigInt(b >>> 0)) >> 32n);
    default:
      throw new Error(`no i32 ${op}`);
  }
}

function evalInt64(op: BinaryOp, a: bigint, b: bigint): bigint {
  switch (op) {
    case "add":
      return a + b;
    case "sub":
      return a - b;
    case "mul":
      return a * b;
    case "div":
      return b === 0n ? 0n : a / b;
    case "rem":
      return b === 0n ? 0n : a % b;
    case "min":
      return a < b ? a : b;
    case "max":
      return a > b ? a : b;
    case "and":
      return a & b;
    case "or":
      return a | b;
    case "xor":
      return a ^ b;
    case "shl":
      return a << (b & 63n);
    case "shr":
      return a >> (b & 63n);
    case "shru":
      return BigInt.asUintN(64, a) >> (b & 63n);
    default:
      throw new Error(`no i64 ${op}`);
  }
}

function evalFloat(op: BinaryOp, a: number, b: number): number {
  switch (op) {
    case "add":
      return a + b;
    case "sub":
      return a - b;
    case "mul":
      return a * b;
    case "div":
      return a / b;
    case "rem":
      return a % b;
    case "min":
      return Math.min(a, b);
    case "max":
      return Math.max(a, b);
    case "pow":
      return cPow(a, b);
    default:
      throw new Error(`no float ${op}`);
  }
}

/** C's pow: unlike `**`, 1 to any power and (-1) to ±Infinity are 1. */
export function cPow(a: number, b: number): number {
  if (a === 1 || (a === -1 && Math.abs(b) === Infinity)) return 1;
  return a ** b;
}

export function evalCast(from: Scalar, to: Scalar, x: ScalarValue): ScalarValue {
  if (to === "bool") return typeof x === "bigint" ? x !== 0n : Number.isNaN(x as number) || Number(x) !== 0;
  if (to === "i64") return toInt64(x);
  if (to === "i32") return toInt32(from, x);
  return normalize(to, Number(x));
}

function toInt64(x: ScalarValue): bigint {
  if (typeof x === "bigint") return x;
  if (typeof x === "boolean") return x ? 1n : 0n;
  if (Number.isNaN(x)) return 0n;
  if (x >= 2 ** 63) return 2n ** 63n - 1n;
  if (x <= -(2 ** 63)) return -(2n ** 63n);
  return BigInt(Math.trunc(x));
}

function toInt32(from: Scalar, x: ScalarValue): number {
  if (from === "i64") return Number(BigInt.asIntN(32, x as bigint));
  const n = Number(x);
  if (Number.isNaN(n)) return 0;
  return Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, Math.trunc(n)));
}

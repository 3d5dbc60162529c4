// Scalar operators as functions, chosen once when a kernel is loaded. The common ones are spelled out for speed; the rest is
// `ir/semantics`.
import {
  type BinaryOp,
  evalBinary,
  evalCast,
  evalUnary,
  type Scalar,
  type ScalarValue,
  type UnaryOp,
} from "../../ir/index.js";

/** Lane values are numbers, bigints (i64) or booleans; which one the verified IR says, so tables cast where they choose. */
export type UnaryFunction = (a: ScalarValue) => ScalarValue;
export type BinaryFunction = (a: ScalarValue, b: ScalarValue) => ScalarValue;

type NumberFunction = (a: number, b: number) => ScalarValue;

const f32: Partial<Record<BinaryOp, NumberFunction>> = {
  add: (a, b) => Math.fround(a + b),
  sub: (a, b) => Math.fround(a - b),
  mul: (a, b) => Math.fround(a * b),
  div: (a, b) => Math.fround(a / b),
};
const f64: Partial<Record<BinaryOp, NumberFunction>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
};
const i32: Partial<Record<BinaryOp, NumberFunction>> = {
  add: (a, b) => (a + b) | 0,
  sub: (a, b) => (a - b) | 0,
  mul: (a, b) => Math.imul(a, b),
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shl: (a, b) => a << b,
  shr: (a, b) => a >> b,
  shru: (a, b) => (a >>> b) | 0,
};
const compare: Partial<Record<BinaryOp, NumberFunction>> = {
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  lt: (a, b) => a < b,
  le: (a, b) => a <= b,
};
const fast: Partial<Record<Scalar, Partial<Record<BinaryOp, NumberFunction>>>> = { f32, f64, i32 };

/** The operator on operands of `type`. */
export function binaryFunction(op: BinaryOp, type: Scalar): BinaryFunction {
  const known = fast[type]?.[op] ?? compare[op];
  return known ? (known as BinaryFunction) : (a, b) => evalBinary(op, type, a, b);
}

export function unaryFunction(op: UnaryOp, type: Scalar): UnaryFunction {
  return (a) => evalUnary(op, type, a);
}

export function castFunction(from: Scalar, to: Scalar): UnaryFunction {
  return (a) => evalCast(from, to, a);
}

/** Rounded twice, like targets without such an instruction. */
export function fmaFunction(type: Scalar): (a: number, b: number, c: number) => number {
  if (type === "f64") return (a, b, c) => a * b + c;
  return (a, b, c) => Math.fround(Math.fround(a * b) + c);
}

const scratch = new DataView(new ArrayBuffer(8));

export function bitcastFunction(from: Scalar): UnaryFunction {
  const functions: Partial<Record<Scalar, UnaryFunction>> = {
    f32: (a) => {
      scratch.setFloat32(0, a as number);
      return scratch.getInt32(0);
    },
    i32: (a) => {
      scratch.setInt32(0, a as number);
      return scratch.getFloat32(0);
    },
    f64: (a) => {
      scratch.setFloat64(0, a as number);
      return scratch.getBigInt64(0);
    },
    i64: (a) => {
      scratch.setBigInt64(0, a as bigint);
      return scratch.getFloat64(0);
    },
  };
  return functions[from] as UnaryFunction; // bools have no bit pattern, the verifier refuses them
}

// Scalar expressions. Bools are i32 0 or 1.
import type { Binary, BinaryOp, Cast, Const, Expr, Extract, Fma, Linear, Scalar, Unary } from "../../ir/index.js";
import { emitLoad } from "./access.js";
import { type KernelContext, unsupported } from "./context.js";
import type { HelperName } from "./helpers.js";
import type { FunctionBuilder } from "./module-builder.js";
import { valueType } from "./module-builder.js";
import { op } from "./opcodes.js";

type NumericScalar = Exclude<Scalar, "bool">;

const unaryOps: Record<"f32" | "f64", Partial<Record<Unary["op"], number>>> = {
  f32: {
    neg: op.f32Neg,
    abs: op.f32Abs,
    sqrt: op.f32Sqrt,
    floor: op.f32Floor,
    ceil: op.f32Ceil,
    trunc: op.f32Trunc,
    nearest: op.f32Nearest,
  },
  f64: {
    neg: op.f64Neg,
    abs: op.f64Abs,
    sqrt: op.f64Sqrt,
    floor: op.f64Floor,
    ceil: op.f64Ceil,
    trunc: op.f64Trunc,
    nearest: op.f64Nearest,
  },
};

const binaryOps: Record<NumericScalar, Partial<Record<BinaryOp, number>>> = {
  f32: {
    add: op.f32Add,
    sub: op.f32Sub,
    mul: op.f32Mul,
    div: op.f32Div,
    min: op.f32Min,
    max: op.f32Max,
    eq: op.f32Eq,
    ne: op.f32Ne,
    lt: op.f32Lt,
    le: op.f32Le,
  },
  f64: {
    add: op.f64Add,
    sub: op.f64Sub,
    mul: op.f64Mul,
    div: op.f64Div,
    min: op.f64Min,
    max: op.f64Max,
    eq: op.f64Eq,
    ne: op.f64Ne,
    lt: op.f64Lt,
    le: op.f64Le,
  },
  i32: {
    add: op.i32Add,
    sub: op.i32Sub,
    mul: op.i32Mul,
    and: op.i32And,
    or: op.i32Or,
    xor: op.i32Xor,
    shl: op.i32Shl,
    shr: op.i32ShrS,
    shru: op.i32ShrU,
    eq: op.i32Eq,
    ne: op.i32Ne,
    lt: op.i32LtS,
    le: op.i32LeS,
  },
  i64: {
    add: op.i64Add,
    sub: op.i64Sub,
    mul: op.i64Mul,
    and: op.i64And,
    or: op.i64Or,
    xor: op.i64Xor,
    shl: op.i64Shl,
    shr: op.i64ShrS,
    shru: op.i64ShrU,
    eq: op.i64Eq,
    ne: op.i64Ne,
    lt: op.i64LtS,
    le: op.i64LeS,
  },
};

/** Bools are ordered false < true. */
const boolOps: Partial<Record<BinaryOp, number>> = {
  and: op.i32And,
  mul: op.i32And,
  min: op.i32And,
  or: op.i32Or,
  add: op.i32Or,
  max: op.i32Or,
  xor: op.i32Xor,
  ne: op.i32Xor,
  eq: op.i32Eq,
  lt: op.i32LtS,
  le: op.i32LeS,
};

/** Leaves the value of a scalar expression on the stack. */
export function emitScalar(context: KernelContext, x: Expr): void {
  const { f } = context;
  switch (x.kind) {
    case "const":
      return emitConst(f, x);
    case "var":
      return f.get(context.local(x));
    case "param":
      return f.get(context.param(x.slot, x.type));
    case "unary":
      return emitUnary(context, x);
    case "binary":
      return emitBinary(context, x);
    case "select":
      context.emit(context, x.a);
      context.emit(context, x.b);
      context.emit(context, x.cond);
      return f.op(op.select);
    case "cast":
      context.emit(context, x.x);
      return emitScalarCast(f, x.x.type, x.type);
    case "bitcast":
      context.emit(context, x.x);
      return f.op(bitcastOp(x.type));
    case "load":
      return emitLoad(context, x);
    case "fma":
      return emitFma(context, x);
    case "extract":
      return emitExtract(context, x);
    case "linear":
      return emitLinear(context, x);
    default:
      throw unsupported(`a scalar ${x.kind}`);
  }
}

function emitConst(f: FunctionBuilder, x: Const): void {
  switch (x.type) {
    case "f32":
      return f.f32(Number(x.value));
    case "f64":
      return f.f64(Number(x.value));
    case "i64":
      return f.i64(BigInt(x.value));
    default:
      return f.i32(Number(x.value));
  }
}

function emitUnary(context: KernelContext, x: Unary): void {
  context.emit(context, x.x);
  emitScalarUnary(context, x.op, x.type);
}

/** Applies an operator to the value on the stack. */
function emitScalarUnary({ f }: KernelContext, name: Unary["op"], type: Scalar): void {
  if (type === "bool") {
    if (name !== "not") throw unsupported(`${name} of bool`);
    return f.op(op.i32Eqz);
  }
  if (type === "f32" || type === "f64") {
    const code = unaryOps[type][name];
    if (code === undefined) throw unsupported(`${name} of ${type}`);
    return f.op(code);
  }
  const wide = type === "i64";
  const value = f.local(valueType(type, 1));
  switch (name) {
    case "neg":
      f.set(value);
      return emitNegated(f, value, wide);
    case "abs":
      f.set(value);
      emitNegated(f, value, wide);
      f.get(value);
      f.get(value);
      zero(f, wide);
      f.op(wide ? op.i64LtS : op.i32LtS);
      return f.op(op.select);
    case "not":
      if (wide) f.i64(-1n);
      else f.i32(-1);
      return f.op(wide ? op.i64Xor : op.i32Xor);
    case "floor":
    case "ceil":
    case "trunc":
    case "nearest":
      return;
    default:
      throw unsupported(`${name} of ${type}`);
  }
}

function emitNegated(f: FunctionBuilder, value: number, wide: boolean): void {
  zero(f, wide);
  f.get(value);
  f.op(wide ? op.i64Sub : op.i32Sub);
}

function zero(f: FunctionBuilder, wide: boolean): void {
  if (wide) f.i64(0n);
  else f.i32(0);
}

function emitBinary(context: KernelContext, x: Binary): void {
  context.emit(context, x.a);
  const divisor = x.b.kind === "const" ? Number(x.b.value) : 0;
  const isInteger = x.type === "i32" || x.type === "i64";
  if (isInteger && (x.op === "div" || x.op === "rem") && divisor > 0) {
    emitDivByConst(context, x, divisor);
    return;
  }
  context.emit(context, x.b);
  emitScalarBinary(context, x.op, x.a.type);
}

/** A positive constant divisor needs no guard; powers of two and non-negative dividends need no division. */
function emitDivByConst(context: KernelContext, x: Binary, divisor: number): void {
  const { f } = context;
  const wide = x.type === "i64";
  const shift = Math.log2(divisor);
  if (!wide && Number.isInteger(shift) && x.a.min >= 0) {
    f.i32(x.op === "div" ? shift : divisor - 1);
    return f.op(x.op === "div" ? op.i32ShrU : op.i32And);
  }
  context.emit(context, x.b);
  if (x.op === "div") f.op(wide ? op.i64DivS : op.i32DivS);
  else f.op(wide ? op.i64RemS : op.i32RemS);
}

/** Applies an operator to the two values on the stack, both of `type` (for comparisons: the operands' type). */
export function emitScalarBinary(context: KernelContext, name: BinaryOp, type: Scalar): void {
  const { f } = context;
  const code = type === "bool" ? boolOps[name] : binaryOps[type][name];
  if (code !== undefined) return f.op(code);
  if (type !== "bool" && (name === "rem" || name === "div")) {
    return f.call(context.helpers.index(`${type}.${name}` as HelperName)); // float div has an opcode of its own
  }
  if ((type === "i32" || type === "i64") && (name === "min" || name === "max"))
    return emitIntegerExtreme(f, name, type);
  if (type === "i32" && name === "mulhu") return emitMulHigh(f);
  throw unsupported(`${name} of ${type}`);
}

function emitIntegerExtreme(f: FunctionBuilder, name: "min" | "max", type: "i32" | "i64"): void {
  const a = f.local(valueType(type, 1));
  const b = f.local(valueType(type, 1));
  f.set(b);
  f.set(a);
  const [first, second] = name === "min" ? [a, b] : [b, a];
  f.get(first);
  f.get(second);
  f.get(a);
  f.get(b);
  f.op(type === "i64" ? op.i64LtS : op.i32LtS);
  f.op(op.select);
}

function emitMulHigh(f: FunctionBuilder): void {
  const b = f.local(valueType("i32", 1));
  f.set(b);
  f.op(op.i64ExtendI32U);
  f.get(b);
  f.op(op.i64ExtendI32U);
  f.op(op.i64Mul);
  f.i64(32n);
  f.op(op.i64ShrU);
  f.op(op.i32WrapI64);
}

/** Converts the value on the stack. */
export function emitScalarCast(f: FunctionBuilder, from: Scalar, to: Scalar): void {
  if (from === to) return;
  if (to === "bool") return emitIsNotZero(f, from as NumericScalar);
  const source = from === "bool" ? "i32" : from;
  if (source === to) return;
  f.op(castOps[`${source}>${to}`] as number); // the table has every pair of different numeric types
}

const castOps: Readonly<Record<string, number>> = {
  "f32>f64": op.f64PromoteF32,
  "f32>i32": op.i32TruncSatF32S,
  "f32>i64": op.i64TruncSatF32S,
  "f64>f32": op.f32DemoteF64,
  "f64>i32": op.i32TruncSatF64S,
  "f64>i64": op.i64TruncSatF64S,
  "i32>f32": op.f32ConvertI32S,
  "i32>f64": op.f64ConvertI32S,
  "i32>i64": op.i64ExtendI32S,
  "i64>f32": op.f32ConvertI64S,
  "i64>f64": op.f64ConvertI64S,
  "i64>i32": op.i32WrapI64,
};

function emitIsNotZero(f: FunctionBuilder, from: NumericScalar): void {
  switch (from) {
    case "f32":
      f.f32(0);
      return f.op(op.f32Ne);
    case "f64":
      f.f64(0);
      return f.op(op.f64Ne);
    case "i64":
      f.i64(0n);
      return f.op(op.i64Ne);
    case "i32":
      f.i32(0);
      return f.op(op.i32Ne);
  }
}

function bitcastOp(to: Cast["type"]): number {
  switch (to) {
    case "f32":
      return op.f32ReinterpretI32;
    case "f64":
      return op.f64ReinterpretI64;
    case "i64":
      return op.i64ReinterpretF64;
    default:
      return op.i32ReinterpretF32;
  }
}

/** With relaxed SIMD scalars take the vector instruction too, so tails round like full vectors. */
function emitFma(context: KernelContext, x: Fma): void {
  const { f } = context;
  const wide = x.type === "f64";
  if (context.relaxed) {
    for (const operand of [x.a, x.b, x.c]) {
      context.emit(context, operand);
      f.op(wide ? op.f64x2Splat : op.f32x4Splat);
    }
    f.op(wide ? op.f64x2RelaxedMadd : op.f32x4RelaxedMadd);
    return f.lane(wide ? op.f64x2ExtractLane : op.f32x4ExtractLane, 0);
  }
  context.emit(context, x.a);
  context.emit(context, x.b);
  f.op(wide ? op.f64Mul : op.f32Mul);
  context.emit(context, x.c);
  f.op(wide ? op.f64Add : op.f32Add);
}

function emitLinear(context: KernelContext, x: Linear): void {
  const { f } = context;
  f.i32(x.constant);
  x.terms.forEach((term, i) => {
    const coefficient = x.coefficients[i] as number;
    context.emit(context, term);
    if (coefficient !== 1 && coefficient !== -1) {
      f.i32(coefficient);
      f.op(op.i32Mul);
    }
    f.op(coefficient === -1 ? op.i32Sub : op.i32Add);
  });
}

function emitExtract(context: KernelContext, x: Extract): void {
  context.emit(context, x.x);
  emitExtractLane(context.f, x.type, x.x.lanes, x.lane);
}

/** Takes a lane of the vector on the stack. */
export function emitExtractLane(f: FunctionBuilder, type: Scalar, lanes: number, lane: number): void {
  switch (type) {
    case "f32":
      return f.lane(op.f32x4ExtractLane, lane);
    case "f64":
      return f.lane(op.f64x2ExtractLane, lane);
    case "i32":
      return f.lane(op.i32x4ExtractLane, lane);
    case "i64":
      return f.lane(op.i64x2ExtractLane, lane);
    case "bool":
      f.lane(op.i32x4ExtractLane, lanes === 2 ? lane * 2 : lane);
      f.i32(1);
      return f.op(op.i32And);
  }
}

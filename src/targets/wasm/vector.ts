// Vector expressions: 4 lanes of 32 bits, or 2 lanes of up to 64. Bools are all-ones / all-zeros masks.
import type {
  Binary,
  BinaryOp,
  Cast,
  Const,
  Expr,
  Fma,
  Lanes,
  Scalar,
  Select,
  Shuffle,
  Splat,
  Unary,
} from "../../ir/index.js";
import { emitLoad, emitLoadLane, emitSplatLoad, hasSplatLoad } from "./access.js";
import { type KernelContext, laneBits, unsupported } from "./context.js";
import type { FunctionBuilder } from "./module-builder.js";
import { op, V128 } from "./opcodes.js";
import { emitExtractLane, emitScalarBinary } from "./scalar.js";
import {
  emitIsNotZeroMask,
  emitMaskToNumber,
  emitMaskWidth,
  emitPerLane,
  emitVectorCast,
  replaceOp,
  splatOp,
} from "./vector-cast.js";

type NumericScalar = Exclude<Scalar, "bool">;

const unaryOps: Record<NumericScalar, Partial<Record<Unary["op"], number>>> = {
  f32: {
    neg: op.f32x4Neg,
    abs: op.f32x4Abs,
    sqrt: op.f32x4Sqrt,
    floor: op.f32x4Floor,
    ceil: op.f32x4Ceil,
    trunc: op.f32x4Trunc,
    nearest: op.f32x4Nearest,
  },
  f64: {
    neg: op.f64x2Neg,
    abs: op.f64x2Abs,
    sqrt: op.f64x2Sqrt,
    floor: op.f64x2Floor,
    ceil: op.f64x2Ceil,
    trunc: op.f64x2Trunc,
    nearest: op.f64x2Nearest,
  },
  i32: { neg: op.i32x4Neg, abs: op.i32x4Abs, not: op.v128Not },
  i64: { neg: op.i64x2Neg, abs: op.i64x2Abs, not: op.v128Not },
};

const bitOps = { and: op.v128And, or: op.v128Or, xor: op.v128Xor } as const;

const binaryOps: Record<NumericScalar, Partial<Record<BinaryOp, number>>> = {
  f32: { add: op.f32x4Add, sub: op.f32x4Sub, mul: op.f32x4Mul, div: op.f32x4Div },
  f64: { add: op.f64x2Add, sub: op.f64x2Sub, mul: op.f64x2Mul, div: op.f64x2Div },
  i32: {
    add: op.i32x4Add,
    sub: op.i32x4Sub,
    mul: op.i32x4Mul,
    min: op.i32x4MinS,
    max: op.i32x4MaxS,
    ...bitOps,
  },
  i64: { add: op.i64x2Add, sub: op.i64x2Sub, mul: op.i64x2Mul, ...bitOps },
};

const shiftOps: Record<"i32" | "i64", Partial<Record<BinaryOp, number>>> = {
  i32: { shl: op.i32x4Shl, shr: op.i32x4ShrS, shru: op.i32x4ShrU },
  i64: { shl: op.i64x2Shl, shr: op.i64x2ShrS, shru: op.i64x2ShrU },
};

const compareOps: Record<NumericScalar, Partial<Record<BinaryOp, number>>> = {
  f32: { eq: op.f32x4Eq, ne: op.f32x4Ne, lt: op.f32x4Lt, le: op.f32x4Le },
  f64: { eq: op.f64x2Eq, ne: op.f64x2Ne, lt: op.f64x2Lt, le: op.f64x2Le },
  i32: { eq: op.i32x4Eq, ne: op.i32x4Ne, lt: op.i32x4LtS, le: op.i32x4LeS },
  i64: { eq: op.i64x2Eq, ne: op.i64x2Ne, lt: op.i64x2LtS, le: op.i64x2LeS },
};

/** Leaves the value of a vector expression on the stack. */
export function emitVector(context: KernelContext, x: Expr): void {
  if (x.type === "bool") emitMask(context, x, laneBits("bool", x.lanes));
  else emitNumeric(context, x);
}

function emitNumeric(context: KernelContext, x: Expr): void {
  const { f } = context;
  switch (x.kind) {
    case "const":
      return f.v128(constBytes(x));
    case "var":
      return f.get(context.local(x));
    case "unary":
      return emitUnary(context, x);
    case "binary":
      return emitBinary(context, x);
    case "select":
      return emitSelect(context, x, laneBits(x.type, x.lanes));
    case "cast":
      return emitCast(context, x);
    case "bitcast":
      return context.emit(context, x.x);
    case "load":
      return emitLoad(context, x);
    case "fma":
      return emitFma(context, x);
    case "splat":
      return emitSplat(context, x);
    case "lanes":
      return emitLanes(context, x);
    case "shuffle":
      return emitShuffle(context, x);
    default:
      throw unsupported(`a vector ${x.kind}`);
  }
}

function constBytes(x: Const): Uint8Array {
  switch (x.type) {
    case "f32":
      return new Uint8Array(new Float32Array(4).fill(Number(x.value)).buffer);
    case "f64":
      return new Uint8Array(new Float64Array(2).fill(Number(x.value)).buffer);
    case "i64":
      return new Uint8Array(new BigInt64Array(2).fill(BigInt(x.value)).buffer);
    case "i32":
      return new Uint8Array(new Int32Array(4).fill(Number(x.value)).buffer);
    case "bool":
      return new Uint8Array(16).fill(x.value ? 0xff : 0);
  }
}

function isZero(x: Expr): boolean {
  return x.kind === "const" && Number(x.value) === 0;
}

function emitUnary(context: KernelContext, x: Unary): void {
  context.emit(context, x.x);
  const type = x.type as NumericScalar;
  const code = unaryOps[type][x.op];
  if (code !== undefined) return context.f.op(code);
  const rounds = x.op === "floor" || x.op === "ceil" || x.op === "trunc" || x.op === "nearest";
  if (!(rounds && (type === "i32" || type === "i64"))) throw unsupported(`${x.op} of ${type} vectors`);
}

function emitBinary(context: KernelContext, x: Binary): void {
  const { f } = context;
  const type = x.type as NumericScalar;
  const code = binaryOps[type][x.op];
  if (code !== undefined) {
    context.emit(context, x.a);
    context.emit(context, x.b);
    return f.op(code);
  }
  if (x.op === "min" || x.op === "max") {
    return type === "i64" ? emitInt64Extreme(context, x, x.op) : emitFloatExtreme(context, x, x.op);
  }
  const shift = type === "i32" || type === "i64" ? shiftOps[type][x.op] : undefined;
  if (shift !== undefined && (x.b.kind === "const" || x.b.kind === "splat")) {
    context.emit(context, x.a);
    emitShiftAmount(context, x.b);
    return f.op(shift);
  }
  if (x.op === "mulhu") return emitMulHigh(context, x);
  emitLaneByLane(context, x);
}

function emitShiftAmount(context: KernelContext, x: Const | Splat): void {
  const { f } = context;
  if (x.kind === "const") return f.i32(Number(x.value));
  context.emit(context, x.x);
  if (x.type === "i64") f.op(op.i32WrapI64);
}

/** Operators without a vector form (integer division, fmod, varying shifts): lane by lane. */
function emitLaneByLane(context: KernelContext, x: Binary): void {
  const { f } = context;
  const [a, b] = emitToLocals(context, x);
  emitPerLane(f, x.type, x.lanes, (lane) => {
    f.get(a);
    emitExtractLane(f, x.type, x.lanes, lane);
    f.get(b);
    emitExtractLane(f, x.type, x.lanes, lane);
    emitScalarBinary(context, x.op, x.type);
  });
}

function emitToLocals(context: KernelContext, x: Binary): [number, number] {
  const { f } = context;
  const a = f.local(V128);
  const b = f.local(V128);
  context.emit(context, x.a);
  f.set(a);
  context.emit(context, x.b);
  f.set(b);
  return [a, b];
}

/**
 * Minimum or maximum with NaN from either side. pmin/pmax(a, b) give a when the comparison fails, so a NaN in a stays;
 * one in b is put in by or-ing the mask b != b, whose all-ones lanes are NaNs. This is 3 instructions on x64 (1 with a
 * constant) where f32x4.max takes about 8.
 */
function emitFloatExtreme(context: KernelContext, x: Binary, name: "min" | "max"): void {
  const { f } = context;
  const wide = x.type === "f64";
  const [a, b] = x.a.kind === "const" ? [x.b, x.a] : [x.a, x.b];
  const pseudo = name === "min" ? (wide ? op.f64x2Pmin : op.f32x4Pmin) : wide ? op.f64x2Pmax : op.f32x4Pmax;
  context.emit(context, a);
  context.emit(context, b);
  if (b.kind === "const" && !Number.isNaN(Number(b.value))) return f.op(pseudo);
  const right = f.local(V128);
  f.tee(right);
  f.op(pseudo);
  f.get(right);
  f.get(right);
  f.op(wide ? op.f64x2Ne : op.f32x4Ne);
  f.op(op.v128Or);
}

function emitInt64Extreme(context: KernelContext, x: Binary, name: "min" | "max"): void {
  const { f } = context;
  const [a, b] = emitToLocals(context, x);
  f.get(a);
  f.get(b);
  f.get(a);
  f.get(b);
  f.op(name === "min" ? op.i64x2LtS : op.i64x2GtS);
  f.op(op.v128Bitselect);
}

/** High words of the products of unsigned 32-bit lanes. */
function emitMulHigh(context: KernelContext, x: Binary): void {
  const { f } = context;
  const [a, b] = emitToLocals(context, x);
  f.get(a);
  f.get(b);
  f.op(op.i64x2ExtmulLowI32x4U);
  f.get(a);
  f.get(b);
  f.op(op.i64x2ExtmulHighI32x4U);
  f.shuffle([4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31]);
}

/** cond ? a : b on lanes of `bits` bits. A scalar condition branches; a zero branch needs only an and. */
function emitSelect(context: KernelContext, x: Select, bits: number): void {
  const { f } = context;
  const emitSide = (side: Expr) => (x.type === "bool" ? emitMask(context, side, bits) : emitNumeric(context, side));
  if (x.cond.kind === "splat") {
    context.emit(context, x.cond.x);
    f.if(V128);
    emitSide(x.a);
    f.else();
    emitSide(x.b);
    return f.end();
  }
  if (isZero(x.b) || isZero(x.a)) {
    emitSide(isZero(x.b) ? x.a : x.b);
    emitMask(context, x.cond, bits);
    return f.op(isZero(x.b) ? op.v128And : op.v128Andnot);
  }
  emitSide(x.a);
  emitSide(x.b);
  emitMask(context, x.cond, bits);
  // Masks are all ones or all zeros, for which relaxed selection is defined, and one instruction.
  f.op(context.relaxed ? op.i32x4RelaxedLaneselect : op.v128Bitselect);
}

function emitCast(context: KernelContext, x: Cast): void {
  if (x.x.type === "bool") {
    emitMask(context, x.x, laneBits(x.type, x.lanes));
    return emitMaskToNumber(context.f, x.type);
  }
  context.emit(context, x.x);
  emitVectorCast(context.f, x.x.type, x.type, x.lanes);
}

function emitFma(context: KernelContext, x: Fma): void {
  const { f } = context;
  const wide = x.type === "f64";
  context.emit(context, x.a);
  context.emit(context, x.b);
  if (!context.relaxed) f.op(wide ? op.f64x2Mul : op.f32x4Mul);
  context.emit(context, x.c);
  if (context.relaxed) f.op(wide ? op.f64x2RelaxedMadd : op.f32x4RelaxedMadd);
  else f.op(wide ? op.f64x2Add : op.f32x4Add);
}

function emitSplat(context: KernelContext, x: Splat): void {
  if (x.x.kind === "load" && hasSplatLoad(x.x)) return emitSplatLoad(context, x.x);
  context.emit(context, x.x);
  context.f.op(splatOp(x.type));
}

function emitLanes(context: KernelContext, x: Lanes): void {
  for (const [lane, element] of x.elements.entries()) emitLane(context, x, element, lane);
}

/** Puts one element into the vector on the stack; the first makes that vector. */
function emitLane(context: KernelContext, x: Lanes, element: Expr, lane: number): void {
  const { f } = context;
  const loads = element.kind === "load" && hasSplatLoad(element);
  if (lane === 0) {
    if (loads) return emitSplatLoad(context, element);
    context.emit(context, element);
    return f.op(splatOp(x.type));
  }
  if (loads && !element.guard) {
    const vector = f.local(V128);
    f.set(vector);
    return emitLoadLane(context, element, vector, lane);
  }
  context.emit(context, element);
  f.lane(replaceOp(x.type), lane);
}

/** Lanes a vector of 16 bytes has room for count from each operand's start, also where only 2 of 4 are in use. */
function emitShuffle(context: KernelContext, x: Shuffle): void {
  const { f } = context;
  context.emit(context, x.a);
  context.emit(context, x.b);
  const bytes = laneBits(x.type, x.lanes) / 8;
  const start = (lane: number) => (lane < x.lanes ? lane * bytes : 16 + (lane - x.lanes) * bytes);
  f.shuffle(
    Array.from({ length: 16 }, (_, i) => {
      const lane = x.pattern[Math.floor(i / bytes) % x.lanes] as number;
      return start(lane) + (i % bytes);
    }),
  );
}

/** Leaves a bool vector on the stack as a mask with lanes of `bits` bits. */
function emitMask(context: KernelContext, x: Expr, bits: number): void {
  const { f } = context;
  const natural = laneBits("bool", x.lanes);
  switch (x.kind) {
    case "const":
      return f.v128(constBytes(x));
    case "splat":
      return emitMaskSplat(context, x.x);
    case "unary":
      emitMask(context, x.x, bits);
      return f.op(op.v128Not);
    case "binary":
      return emitMaskBinary(context, x, bits);
    case "select":
      return emitSelect(context, x, bits);
    case "cast":
      context.emit(context, x.x);
      emitIsNotZeroMask(f, x.x.type);
      return emitMaskWidth(f, laneBits(x.x.type, x.lanes), bits);
    case "var":
      f.get(context.local(x));
      break;
    case "load":
      emitLoad(context, x);
      break;
    case "lanes":
      emitMaskLanes(context, x);
      break;
    case "shuffle":
      emitShuffle(context, x);
      break;
    default:
      throw unsupported(`a bool vector ${x.kind}`);
  }
  emitMaskWidth(f, natural, bits);
}

/** All lanes -1 or 0, whatever their width. */
function emitMaskSplat(context: KernelContext, x: Expr): void {
  const { f } = context;
  f.i32(0);
  context.emit(context, x);
  f.op(op.i32Sub);
  f.op(op.i32x4Splat);
}

function emitMaskLanes(context: KernelContext, x: Lanes): void {
  const { f } = context;
  const wide = x.lanes === 2;
  x.elements.forEach((element, lane) => {
    f.i32(0);
    context.emit(context, element);
    f.op(op.i32Sub);
    if (wide) f.op(op.i64ExtendI32S);
    if (lane === 0) f.op(wide ? op.i64x2Splat : op.i32x4Splat);
    else f.lane(wide ? op.i64x2ReplaceLane : op.i32x4ReplaceLane, lane);
  });
}

function emitMaskBinary(context: KernelContext, x: Binary, bits: number): void {
  const { f } = context;
  if (x.a.type !== "bool") {
    context.emit(context, x.a);
    context.emit(context, x.b);
    f.op(compareOps[x.a.type][x.op] as number); // only comparisons turn numbers into bools
    return emitMaskWidth(f, laneBits(x.a.type, x.lanes), bits);
  }
  // false < true: a < b is b & ~a, and a <= b is b | ~a.
  const [first, second] = x.op === "lt" || x.op === "le" ? [x.b, x.a] : [x.a, x.b];
  emitMask(context, first, bits);
  emitMask(context, second, bits);
  emitMaskOp(f, x.op);
}

function emitMaskOp(f: FunctionBuilder, name: BinaryOp): void {
  switch (name) {
    case "and":
    case "mul":
    case "min":
      return f.op(op.v128And);
    case "or":
    case "add":
    case "max":
      return f.op(op.v128Or);
    case "xor":
    case "ne":
      return f.op(op.v128Xor);
    case "lt":
      return f.op(op.v128Andnot);
    case "eq":
      f.op(op.v128Xor);
      return f.op(op.v128Not);
    case "le":
      f.op(op.v128Not);
      return f.op(op.v128Or);
    default:
      throw unsupported(`${name} of bool vectors`);
  }
}

// Loads and stores: memory dtypes to lane types and back, guards, single-lane forms.
import { type DType, InternalError, itemSize } from "../../base/index.js";
import type { Load, Stmt } from "../../ir/index.js";
import { emitAddress } from "./address.js";
import type { KernelContext } from "./context.js";
import { type FunctionBuilder, valueType } from "./module-builder.js";
import { F32, F64, I64, op, V128 } from "./opcodes.js";

type Store = Extract<Stmt, { kind: "store" }>;

/** Leaves the loaded value on the stack; zero where a guard does not hold. */
export function emitLoad(context: KernelContext, x: Load): void {
  guarded(context, x, () => (x.lanes === 1 ? emitScalarLoad(context, x) : emitVectorLoad(context, x)));
}

/** True if `emitSplatLoad` can load and spread in one instruction. */
export function hasSplatLoad(x: Load): boolean {
  return x.lanes === 1 && itemSize(x.buffer.dtype) >= 4;
}

/** A scalar load spread to all lanes; both halves of the vector are filled. */
export function emitSplatLoad(context: KernelContext, x: Load): void {
  const wide = x.type === "f64" || x.type === "i64";
  const emitAccess = () => {
    const offset = emitAddress(context, x.buffer, x.index);
    context.f.memory(wide ? op.v128Load64Splat : op.v128Load32Splat, offset);
  };
  if (x.guard) guardedBy(context, x, V128, emitAccess);
  else emitAccess();
}

/** Loads into one lane of the vector in local `vector`; leaves the result on the stack. */
export function emitLoadLane(context: KernelContext, x: Load, vector: number, lane: number): void {
  const wide = x.type === "f64" || x.type === "i64";
  const offset = emitAddress(context, x.buffer, x.index);
  context.f.get(vector);
  context.f.memoryLane(wide ? op.v128Load64Lane : op.v128Load32Lane, offset, lane);
}

function guarded(context: KernelContext, x: Load, emitAccess: () => void): void {
  if (x.guard) guardedBy(context, x, valueType(x.type, x.lanes), emitAccess);
  else emitAccess();
}

function guardedBy(context: KernelContext, x: Load, type: number, emitAccess: () => void): void {
  const { f } = context;
  if (x.guard) context.emit(context, x.guard);
  f.if(type);
  emitAccess();
  f.else();
  emitZero(f, type);
  f.end();
}

export function emitZero(f: FunctionBuilder, type: number): void {
  switch (type) {
    case V128:
      return f.v128(new Uint8Array(16));
    case F32:
      return f.f32(0);
    case F64:
      return f.f64(0);
    case I64:
      return f.i64(0n);
    default:
      return f.i32(0);
  }
}

function emitScalarLoad(context: KernelContext, x: Load): void {
  const offset = emitAddress(context, x.buffer, x.index);
  switch (x.buffer.dtype) {
    case "float32":
      return context.f.memory(op.f32Load, offset, 2);
    case "float64":
      return context.f.memory(op.f64Load, offset, 3);
    case "int32":
      return context.f.memory(op.i32Load, offset, 2);
    case "int64":
      return context.f.memory(op.i64Load, offset, 3);
    case "int16":
      return context.f.memory(op.i32Load16S, offset, 1);
    case "float16":
    case "bfloat16":
      return context.f.memory(op.i32Load16U, offset, 1);
    case "int8":
      return context.f.memory(op.i32Load8S, offset);
    default:
      return context.f.memory(op.i32Load8U, offset);
  }
}

function emitVectorLoad(context: KernelContext, x: Load): void {
  const { f } = context;
  const { dtype } = x.buffer;
  const offset = emitAddress(context, x.buffer, x.index);
  if (itemSize(dtype) === 1) return emitByteLoad(f, x, offset);
  if (itemSize(dtype) === 2) return emitWordLoad(f, x, offset);
  const bytes = x.lanes * itemSize(dtype);
  if (bytes === 16) f.memory(op.v128Load, offset, 2);
  else if (bytes === 8) f.memory(op.v128Load64Zero, offset, 2);
  else throw new InternalError(`wasm: a load of ${x.lanes} ${dtype} lanes`);
}

/** True if what is narrower than a lane is filled up with zeros, not with its sign. */
function isUnsigned(dtype: DType): boolean {
  return dtype !== "int8" && dtype !== "int16";
}

/** 4 or 2 elements of 16 bits to 32-bit lanes. */
function emitWordLoad(f: FunctionBuilder, x: Load, offset: number): void {
  const unsigned = isUnsigned(x.buffer.dtype);
  if (x.lanes === 4) return f.memory(unsigned ? op.v128Load16x4U : op.v128Load16x4S, offset, 1);
  f.memory(op.v128Load32Zero, offset, 1);
  f.op(unsigned ? op.i32x4ExtendLowI16x8U : op.i32x4ExtendLowI16x8S);
}

/** 4 or 2 bytes to 32-bit lanes; bools become masks of the lane width. */
function emitByteLoad(f: FunctionBuilder, x: Load, offset: number): void {
  if (x.lanes === 4) f.memory(op.v128Load32Zero, offset);
  else {
    emitZero(f, V128);
    f.memoryLane(op.v128Load16Lane, offset, 0);
  }
  const unsigned = isUnsigned(x.buffer.dtype);
  f.op(unsigned ? op.i16x8ExtendLowI8x16U : op.i16x8ExtendLowI8x16S);
  f.op(unsigned ? op.i32x4ExtendLowI16x8U : op.i32x4ExtendLowI16x8S);
  if (x.type !== "bool") return;
  f.op(op.i32x4Neg);
  if (x.lanes === 2) f.op(op.i64x2ExtendLowI32x4S);
}

/** A store statement. */
export function emitStore(context: KernelContext, s: Store): void {
  const { f } = context;
  if (s.guard) {
    context.emit(context, s.guard);
    f.if();
  }
  const offset = emitAddress(context, s.buffer, s.index);
  if (s.value.lanes > 1) emitVectorStore(context, s, offset);
  else emitScalarStore(context, s, offset);
  if (s.guard) f.end();
}

function emitScalarStore(context: KernelContext, s: Store, offset: number): void {
  const { f } = context;
  const { value } = s;
  if (value.kind === "extract" && value.type !== "bool" && itemSize(s.buffer.dtype) >= 4) {
    context.emit(context, value.x);
    const wide = value.type === "f64" || value.type === "i64";
    return f.memoryLane(wide ? op.v128Store64Lane : op.v128Store32Lane, offset, value.lane);
  }
  context.emit(context, value);
  switch (s.buffer.dtype) {
    case "float32":
      return f.memory(op.f32Store, offset, 2);
    case "float64":
      return f.memory(op.f64Store, offset, 3);
    case "int32":
      return f.memory(op.i32Store, offset, 2);
    case "int64":
      return f.memory(op.i64Store, offset, 3);
    case "int16":
    case "float16":
    case "bfloat16":
      return f.memory(op.i32Store16, offset, 1);
    default:
      return f.memory(op.i32Store8, offset);
  }
}

function emitVectorStore(context: KernelContext, s: Store, offset: number): void {
  const { f } = context;
  const { dtype } = s.buffer;
  const { lanes } = s.value;
  context.emit(context, s.value);
  if (itemSize(dtype) === 1) return emitByteStore(f, s, offset);
  if (itemSize(dtype) === 2) return emitWordStore(f, lanes, offset);
  const bytes = lanes * itemSize(dtype);
  if (bytes === 16) f.memory(op.v128Store, offset, 2);
  else if (bytes === 8) f.memoryLane(op.v128Store64Lane, offset, 0);
  else throw new InternalError(`wasm: a store of ${lanes} ${dtype} lanes`);
}

/** The low 16 bits of each lane. */
function emitWordStore(f: FunctionBuilder, lanes: number, offset: number): void {
  const vector = f.local(V128);
  f.tee(vector);
  f.get(vector);
  f.shuffle(Array.from({ length: 16 }, (_, i) => (i < 2 * lanes ? (i >> 1) * 4 + (i & 1) : 0)));
  f.memoryLane(lanes === 4 ? op.v128Store64Lane : op.v128Store32Lane, offset, 0);
}

/** The low byte of each lane; masks are first reduced to 0 or 1. */
function emitByteStore(f: FunctionBuilder, s: Store, offset: number): void {
  const { type, lanes } = s.value;
  if (type === "bool") {
    f.i32(31);
    f.op(op.i32x4ShrU);
  }
  const vector = f.local(V128);
  const laneBytes = type === "bool" && lanes === 2 ? 8 : 4;
  f.tee(vector);
  f.get(vector);
  f.shuffle(Array.from({ length: 16 }, (_, i) => (i < lanes ? i * laneBytes : 0)));
  f.memoryLane(lanes === 4 ? op.v128Store32Lane : op.v128Store16Lane, offset, 0);
}

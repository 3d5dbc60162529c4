// Loads and stores: memory dtypes to lane types and back, guards of whole accesses. Guards of single lanes are in masked.ts.
import { itemSize } from "../../../base/index.js";
import type { Load, Stmt } from "../../../ir/index.js";
import { imm, type Mem, type Reg } from "../asm/operands.js";
import { addressOf } from "./address.js";
import { isNarrow, loadByteMask, loadNarrow, storeByteMask, storeNarrow } from "./bytes.js";
import type { KernelContext } from "./context.js";
import { storeHalves } from "./half.js";
import { emitMaskedLoad, emitMaskedStore } from "./masked.js";
import { elementBytes, isInt32, vectorSize } from "./shape.js";

export type Store = Extract<Stmt, { kind: "store" }>;

/** The loaded value; 0 where a guard does not hold. */
export function emitLoad(context: KernelContext, x: Load): Reg {
  if (x.guard === null) return emitAccess(context, x);
  if (x.guard.lanes > 1) return emitMaskedLoad(context, x, x.guard);
  const to = zeroOf(context, x);
  const end = context.f.label();
  context.jumpIf(x.guard, false, end);
  context.inScope(() => context.f.copy(to, emitAccess(context, x)));
  context.f.bind(end);
  return to;
}

function zeroOf(context: KernelContext, x: Load): Reg {
  const { f } = context;
  if (x.lanes > 1 && x.type === "bool" && context.avx512) {
    const to = f.mask();
    f.emit("kxorw", 64, [to, to, to]);
    return to;
  }
  if (x.lanes > 1 || x.type === "f32" || x.type === "f64") return context.zeroVector();
  return context.gp("mov", 32, imm(0));
}

function emitAccess(context: KernelContext, x: Load): Reg {
  const from = addressOf(context, x.buffer, x.index);
  if (x.lanes === 1) return loadScalar(context, x, from);
  if (x.buffer.dtype === "bool") return loadByteMask(context, from, x.lanes);
  if (isNarrow(x.buffer.dtype)) return loadNarrow(context, from, x.lanes, x.buffer.dtype);
  if (x.lanes * elementBytes(x.type) === 8) return context.vec("vmovsd", 128, from);
  return context.vec("vmovups", vectorSize(x.type, x.lanes), from);
}

function loadScalar(context: KernelContext, x: Load, from: Mem): Reg {
  switch (x.buffer.dtype) {
    case "float32":
      return context.vec("vmovss", 128, from);
    case "float64":
      return context.vec("vmovsd", 128, from);
    case "int32":
      return context.gp("mov", 32, from);
    case "int64":
      return context.gp("mov", 64, from);
    case "int16":
      return context.gp("movsxw", 32, from);
    case "float16":
    case "bfloat16":
      return context.gp("movzxw", 32, from);
    case "int8":
      return context.gp("movsxb", 32, from);
    default:
      return context.gp("movzxb", 32, from);
  }
}

export function emitStore(context: KernelContext, s: Store): void {
  if (s.guard === null) return emitPlainStore(context, s);
  if (s.guard.lanes > 1) return emitMaskedStore(context, s, s.guard);
  const end = context.f.label();
  context.jumpIf(s.guard, false, end);
  context.inScope(() => emitPlainStore(context, s));
  context.f.bind(end);
}

function emitPlainStore(context: KernelContext, s: Store): void {
  const { value } = s;
  if (value.lanes === 1) return storeScalar(context, s);
  if (value.type === "bool") return storeByteMask(context, value, () => addressOf(context, s.buffer, s.index));
  if (value.kind === "unary" && value.op === "toHalf" && value.lanes > 2) return storeHalves(context, s, value.x);
  const source = context.value(value);
  const to = addressOf(context, s.buffer, s.index);
  if (isNarrow(s.buffer.dtype)) return storeNarrow(context, to, source, value.lanes, s.buffer.dtype);
  if (value.lanes * elementBytes(value.type) === 8) return context.emit("vmovsd", 128, to, source);
  context.emit("vmovups", vectorSize(value.type, value.lanes), to, source);
}

function storeScalar(context: KernelContext, { buffer, index, value }: Store): void {
  if (value.kind === "const" && value.type !== "f32" && value.type !== "f64" && isInt32(Number(value.value))) {
    const size = (itemSize(buffer.dtype) * 8) as 8 | 16 | 32 | 64;
    const unused = Math.max(0, 32 - size);
    const number = (Number(value.value) << unused) >> unused; // as an immediate of so many bits
    return context.emit("mov", size, addressOf(context, buffer, index), imm(number));
  }
  const source = context.value(value);
  const to = addressOf(context, buffer, index);
  switch (buffer.dtype) {
    case "float32":
      return context.emit("vmovss", 128, to, source);
    case "float64":
      return context.emit("vmovsd", 128, to, source);
    case "int32":
      return context.emit("mov", 32, to, source);
    case "int64":
      return context.emit("mov", 64, to, source);
    case "int16":
    case "float16":
    case "bfloat16":
      return context.emit("mov", 16, to, source);
    default:
      return context.emit("mov", 8, to, source);
  }
}

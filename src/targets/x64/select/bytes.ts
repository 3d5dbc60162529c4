// Vectors of elements of 8 and 16 bits in memory: as i32 lanes, bool as masks.
import { type DType, itemSize } from "../../../base/index.js";
import type { Expr } from "../../../ir/index.js";
import { imm, type Mem, type Reg } from "../asm/operands.js";
import type { KernelContext } from "./context.js";
import { maskBits } from "./mask-form.js";
import { sizeOfLanes } from "./shape.js";

/** True for dtypes that are narrower than the i32 lanes in which they are computed. */
export function isNarrow(dtype: DType): boolean {
  return itemSize(dtype) < 4;
}

const widenings = {
  int8: "vpmovsxbd",
  int16: "vpmovsxwd",
  uint8: "vpmovzxbd",
  bool: "vpmovzxbd",
  float16: "vpmovzxwd",
  bfloat16: "vpmovzxwd",
} as const;

/** The instruction that makes i32 lanes of elements of a narrow dtype. */
export function wideningOf(dtype: DType): (typeof widenings)[keyof typeof widenings] {
  return widenings[dtype as keyof typeof widenings];
}

/** Elements of a narrow `dtype` at `from` as i32 lanes. */
export function loadNarrow(context: KernelContext, from: Mem, lanes: number, dtype: DType): Reg {
  const source = lanes > 2 ? from : loadFew(context, from, dtype);
  return context.vec(wideningOf(dtype), sizeOfLanes(4, lanes), source);
}

/** Two elements; no instruction widens so few from memory. */
function loadFew(context: KernelContext, from: Mem, dtype: DType): Reg {
  return itemSize(dtype) === 1 ? loadPair(context, from) : context.vec("vmovss", 128, from);
}

/** Two bytes at the low end of a register. */
function loadPair(context: KernelContext, from: Mem): Reg {
  return context.vec("vmovd", 128, context.gp("movzxw", 32, from));
}

/** Bools at `from`, 0 or 1 each, as a mask of the natural form. */
export function loadByteMask(context: KernelContext, from: Mem, lanes: number): Reg {
  if (context.avx512) return testBytes(context, loadPacked(context, from, lanes));
  const wide = maskBits(lanes) === 64;
  const source = lanes === 2 ? loadPair(context, from) : from;
  const size = sizeOfLanes(wide ? 8 : 4, lanes);
  const numbers = context.vec(wide ? "vpmovzxbq" : "vpmovzxbd", size, source);
  return context.vec(wide ? "vpsubq" : "vpsubd", size, context.zeroVector(), numbers); // 0 - 1 is all ones
}

/** The opmask of bytes that are not 0. */
export function testBytes(context: KernelContext, bytes: Reg): Reg {
  const mask = context.f.mask();
  context.emit("vptestmb", 128, mask, bytes, bytes);
  return mask;
}

/** `lanes` bytes in the low end of a register. */
function loadPacked(context: KernelContext, from: Mem, lanes: number): Reg {
  switch (lanes) {
    case 16:
      return context.vec("vmovups", 128, from);
    case 8:
      return context.vec("vmovsd", 128, from);
    case 4:
      return context.vec("vmovss", 128, from);
    default:
      return loadPair(context, from);
  }
}

/** The instruction that cuts i32 lanes to a narrow dtype. */
export function narrowingOf(dtype: DType): "vpmovdb" | "vpmovdw" {
  return itemSize(dtype) === 1 ? "vpmovdb" : "vpmovdw";
}

/** The low bits of each i32 lane to elements of a narrow `dtype` at `to`. */
export function storeNarrow(context: KernelContext, to: Mem, value: Reg, lanes: number, dtype: DType): void {
  if (context.avx512 && lanes > 2) return context.emit(narrowingOf(dtype), sizeOfLanes(4, lanes), to, value);
  storePacked(context, to, pack(context, value, lanes, itemSize(dtype)), lanes * itemSize(dtype));
}

/** The low byte of each i32 lane, at the low end of a register. */
export function packBytes(context: KernelContext, value: Reg, lanes: number): Reg {
  return pack(context, value, lanes, 1);
}

/** The low 16 bits of each i32 lane, at the low end of a register. */
export function packWords(context: KernelContext, value: Reg, lanes: number): Reg {
  return pack(context, value, lanes, 2);
}

function pack(context: KernelContext, value: Reg, lanes: number, bytes: number): Reg {
  const size = sizeOfLanes(4, lanes);
  if (context.avx512) return context.vec(bytes === 1 ? "vpmovdb" : "vpmovdw", size, value);
  const each = Array.from({ length: 16 }, (_, i) => (i < 4 * bytes ? Math.floor(i / bytes) * 4 + (i % bytes) : 0x80));
  const order = context.f.pool.vector(Uint8Array.from(size === 256 ? [...each, ...each] : each));
  const packed = context.vec("vpshufb", size, value, order);
  if (size === 128) return packed;
  const join = bytes === 1 ? "vpunpckldq" : "vpunpcklqdq";
  return context.vec(join, 128, packed, context.vec("vextractf128", 256, packed, imm(1)));
}

function storePacked(context: KernelContext, to: Mem, bytes: Reg, count: number): void {
  switch (count) {
    case 16:
      return context.emit("vmovups", 128, to, bytes);
    case 8:
      return context.emit("vmovsd", 128, to, bytes);
    case 4:
      return context.emit("vmovss", 128, to, bytes);
    default:
      return context.emit("mov", 16, to, context.gp("vmovd", 128, bytes));
  }
}

/** A bool vector to `to`, 0 or 1 each. */
export function storeByteMask(context: KernelContext, value: Expr, to: () => Mem): void {
  const { lanes } = value;
  const bytes = context.avx512 ? maskToBytes(context, context.mask(value, 32)) : maskLanesToBytes(context, value);
  storePacked(context, to(), bytes, lanes);
}

/** 1 for each lane that holds. */
export function maskToBytes(context: KernelContext, mask: Reg): Reg {
  const ones = context.f.pool.vector(new Uint8Array(16).fill(1));
  const bytes = context.f.vec();
  context.f.emit("vmovdqu8", 128, [bytes, ones], { mask, zeroing: true });
  return bytes;
}

function maskLanesToBytes(context: KernelContext, value: Expr): Reg {
  const size = sizeOfLanes(4, value.lanes);
  const numbers = context.vec("vpsrld", size, context.mask(value, 32), imm(31));
  return packBytes(context, numbers, value.lanes);
}

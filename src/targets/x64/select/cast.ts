// Conversions. Float to integer saturates, NaN gives 0; bools give 0 and 1.
import type { Cast, Expr, Scalar } from "../../../ir/index.js";
import type { Mnemonic } from "../asm/instructions.js";
import { imm, type Mem, type Reg } from "../asm/operands.js";
import type { KernelContext } from "./context.js";
import { laneByLane } from "./lanes.js";
import { compare, keep, lowWords } from "./mask.js";
import { elementBytes, isFloat, packed, vectorSize } from "./shape.js";

// ---- scalars ------------------------------------------------------------------------------------------------------

/** A scalar in another numeric type. (Casts to bool are conditions.) */
export function emitScalarCast(context: KernelContext, x: Cast): Reg {
  return castScalar(context, context.value(x.x), x.x.type, x.type, x.x.min >= 0);
}

/** The same for a value in a register; `to` may be bool here. */
export function castScalar(context: KernelContext, value: Reg, from: Scalar, to: Scalar, isNatural = false): Reg {
  const source = from === "bool" ? "i32" : from;
  if (source === to) return value;
  if (isFloat(source)) {
    if (isFloat(to)) return context.vec(source === "f64" ? "vcvtsd2ss" : "vcvtss2sd", 128, value, value);
    return to === "i64" ? floatToInt64(context, value, source) : floatToInt32(context, value, source);
  }
  if (isFloat(to)) {
    const op = to === "f64" ? "vcvtsi2sd" : "vcvtsi2ss";
    return context.vec(op, source === "i64" ? 64 : 32, context.zeroVector(), value);
  }
  if (to === "i64") return from === "bool" || isNatural ? value : context.gp("movsxd", 64, value);
  return context.gp("mov", 32, value); // the low half
}

/** The conversion of what does not fit is the least number: right below, the largest has to be put in above. */
function floatToInt32(context: KernelContext, value: Reg, from: "f32" | "f64"): Reg {
  const wide = from === "f64" ? value : context.vec("vcvtss2sd", 128, value, value);
  context.pin(wide);
  const limited = context.vec("vminsd", 128, wide, context.f.pool.f64(2 ** 31 - 1));
  const to = context.gp("vcvttsd2si", 32, limited);
  const zero = context.gp("mov", 32, imm(0));
  context.emit("vucomisd", 128, wide, wide);
  context.emit("cmovp", 32, to, zero);
  return to;
}

function floatToInt64(context: KernelContext, value: Reg, from: "f32" | "f64"): Reg {
  const wide = from === "f64";
  context.pin(value);
  const to = context.gp(wide ? "vcvttsd2si" : "vcvttss2si", 64, value);
  const [zero, most] = [context.gp("mov", 32, imm(0)), context.gp("mov", 64, imm(2n ** 63n - 1n))];
  const limit = wide ? context.f.pool.f64(2 ** 63) : context.f.pool.f32(2 ** 63);
  context.emit(wide ? "vucomisd" : "vucomiss", 128, value, limit);
  context.emit("cmovae", 64, to, most);
  context.emit(wide ? "vucomisd" : "vucomiss", 128, value, value);
  context.emit("cmovp", 64, to, zero);
  return to;
}

export function emitScalarBitcast(context: KernelContext, x: Expr, to: Scalar): Reg {
  const value = context.value(x);
  switch (to) {
    case "f32":
      return context.vec("vmovd", 128, value);
    case "f64":
      return context.vec("vmovq", 128, value);
    case "i64":
      return context.gp("vmovq", 128, value);
    default:
      return context.gp("vmovd", 128, value);
  }
}

// ---- vectors ------------------------------------------------------------------------------------------------------

/** A vector in another numeric type. */
export function emitVectorCast(context: KernelContext, x: Cast): Reg {
  const { lanes } = x;
  if (x.x.type === "bool") return maskToNumber(context, x.x, x.type);
  const value = context.value(x.x);
  const [from, to] = [x.x.type, x.type];
  if (isFloat(from) && !isFloat(to)) return floatToInts(context, value, from, to, lanes);
  const size = Math.max(vectorSize(from, lanes), vectorSize(to, lanes)) as 128 | 256 | 512;
  const simple = instruction(from, to, context.avx512);
  if (simple) return context.vec(simple, size, value);
  if (from === "i64" && to === "i32") return lowWords(context, value, lanes);
  return byLanes(context, value, from, to, lanes);
}

function instruction(from: Scalar, to: Scalar, avx512: boolean): Mnemonic | null {
  switch (`${from}>${to}`) {
    case "f32>f64":
      return "vcvtps2pd";
    case "f64>f32":
      return "vcvtpd2ps";
    case "i32>f32":
      return "vcvtdq2ps";
    case "i32>f64":
      return "vcvtdq2pd";
    case "i32>i64":
      return "vpmovsxdq";
    case "i64>i32":
      return avx512 ? "vpmovqd" : null;
    case "i64>f32":
      return avx512 ? "vcvtqq2ps" : null;
    case "i64>f64":
      return avx512 ? "vcvtqq2pd" : null;
    default:
      return null;
  }
}

function byLanes(context: KernelContext, value: Reg, from: Scalar, to: Scalar, lanes: number): Reg {
  return laneByLane(context, [{ reg: value, type: from }], lanes, to, (scalar) =>
    castScalar(context, scalar, from, to),
  );
}

function floatToInts(context: KernelContext, value: Reg, from: "f32" | "f64", to: Scalar, lanes: number): Reg {
  if (to === "i64" && !context.avx512) return byLanes(context, value, from, to, lanes);
  const form = { type: from, lanes };
  const bytes = elementBytes(from);
  const size = vectorSize(from, lanes);
  const suffix = packed(bytes);
  context.pin(value);
  // NaN becomes 0.
  const ordered = context.avx512
    ? keep(context, compare(context, "eq", form, value, value), bytes, size, value)
    : context.vec(`vand${suffix}`, size, value, context.vec(`vcmp${suffix}`, size, value, value, imm(7)));
  if (from === "f64" && to === "i32") {
    const limited = context.vec("vminpd", size, ordered, spread(context, context.f.pool.f64(2 ** 31 - 1), 8, size));
    return context.vec("vcvttpd2dq", size, limited);
  }
  // What does not fit becomes the least number; inverted it is the largest.
  const limit = 2 ** (to === "i64" ? 63 : 31);
  const constant = bytes === 8 ? context.f.pool.f64(limit) : context.f.pool.f32(limit);
  const most = spread(context, constant, bytes, size);
  const tooLarge = compare(context, "le", form, most, ordered);
  const wide = Math.max(size, vectorSize(to, lanes)) as 128 | 256 | 512;
  if (!context.avx512) return context.vec("vxorps", size, context.vec("vcvttps2dq", size, ordered), tooLarge);
  const converted = context.vec(`vcvtt${suffix}2${to === "i64" ? "qq" : "dq"}`, wide, ordered);
  const largest = to === "i64" ? context.f.pool.i64(2n ** 63n - 1n) : context.f.pool.i32(2 ** 31 - 1);
  const op = to === "i64" ? "vpbroadcastq" : "vpbroadcastd";
  context.f.emit(op, vectorSize(to, lanes), [converted, largest], { mask: tooLarge });
  return converted;
}

/** One number in all lanes of a register. */
function spread(context: KernelContext, one: Mem, bytes: 4 | 8, size: 128 | 256 | 512): Reg {
  if (bytes === 4) return context.vec("vbroadcastss", size, one);
  return context.vec("vpbroadcastq", size, one);
}

/** A bool vector as 0 and 1. */
function maskToNumber(context: KernelContext, x: Expr, to: Scalar): Reg {
  const { lanes } = x;
  const bytes = elementBytes(to);
  const size = vectorSize(to, lanes);
  const mask = context.mask(x, bytes === 8 ? 64 : 32);
  const { pool } = context.f;
  if (!context.avx512) {
    if (!isFloat(to)) return context.vec(bytes === 8 ? "vpsrlq" : "vpsrld", size, mask, imm(bytes * 8 - 1));
    const ones = bytes === 8 ? new Float64Array(size / 64).fill(1) : new Float32Array(size / 32).fill(1);
    return context.vec(`vand${packed(bytes)}`, size, mask, pool.vector(ones));
  }
  const one = to === "f32" ? pool.f32(1) : to === "f64" ? pool.f64(1) : to === "i64" ? pool.i64(1n) : pool.i32(1);
  const result = context.f.vec();
  const op = bytes === 8 ? "vpbroadcastq" : "vpbroadcastd";
  context.f.emit(op, size, [result, one], { mask, zeroing: true });
  return result;
}

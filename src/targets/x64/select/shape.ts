// How values of the kernel IR lie in registers: widths, register classes, instruction suffixes.
import type { Expr, Scalar } from "../../../ir/index.js";

export type VectorSize = 128 | 256 | 512;
export type FloatType = "f32" | "f64";
export type IntType = "i32" | "i64";

export function isFloat(type: Scalar): type is FloatType {
  return type === "f32" || type === "f64";
}

/** Bytes of a lane of a numeric type. */
export function elementBytes(type: Scalar): 4 | 8 {
  return type === "f64" || type === "i64" ? 8 : 4;
}

/** Bits of the vector register that `lanes` lanes of `bytes` bytes take; 2 lanes of 4 bytes lie in the low half of one of 128. */
export function sizeOfLanes(bytes: number, lanes: number): VectorSize {
  const bits = bytes * lanes * 8;
  return bits <= 128 ? 128 : bits <= 256 ? 256 : 512;
}

export function vectorSize(type: Scalar, lanes: number): VectorSize {
  return sizeOfLanes(elementBytes(type), lanes);
}

/** Width of an integer scalar in a general register; bools are 32-bit 0 or 1. */
export function gpSize(type: Scalar): 32 | 64 {
  return type === "i64" ? 64 : 32;
}

export function floatSuffix(type: Scalar, lanes: number): "ss" | "sd" | "ps" | "pd" {
  if (lanes === 1) return type === "f64" ? "sd" : "ss";
  return type === "f64" ? "pd" : "ps";
}

/** Suffix of packed instructions by the width of a lane, for moves and logic that do not care what the bits mean. */
export function packed(bytes: number): "ps" | "pd" {
  return bytes === 8 ? "pd" : "ps";
}

/** A constant whose bits are all 0. */
export function isZero(x: Expr): boolean {
  return x.kind === "const" && Object.is(Number(x.value), 0);
}

export function isInt32(n: number): boolean {
  return Number.isInteger(n) && n >= -(2 ** 31) && n < 2 ** 31;
}

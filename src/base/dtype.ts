// Element types: sizes, categories, typed arrays and PyTorch's promotion table.
import { DTypeError } from "./errors.js";
import { type HalfType, narrowToHalves, roundToHalf, widenHalves } from "./half.js";
import { shownValue } from "./options.js";

/** Element types a tensor can have. */
export type DType =
  | ("float32" | "float64" | "float16" | "bfloat16")
  | ("int32" | "int64" | "int16" | "int8" | "uint8")
  | "bool";

/**
 * The typed array that holds elements of some dtype; bool is one byte (0 or 1) an element. float16 and bfloat16 lie in memory
 * as bits in a Uint16Array, and are read as numbers in a Float32Array.
 */
export type TypedArray =
  | (Float32Array | Float64Array)
  | (Int32Array | BigInt64Array | Int16Array | Int8Array | Uint8Array | Uint16Array);

export const dtypes: readonly DType[] = [
  ...(["float32", "float64", "float16", "bfloat16"] as const),
  ...(["int32", "int64", "int16", "int8", "uint8", "bool"] as const),
];

const sizes: Record<DType, number> = {
  ...{ float32: 4, float64: 8, float16: 2, bfloat16: 2 },
  ...{ int32: 4, int64: 8, int16: 2, int8: 1, uint8: 1, bool: 1 },
};

/** Bytes of one element. */
export function itemSize(dtype: DType): number {
  return sizes[dtype];
}

export function isFloat(dtype: DType): boolean {
  return dtype === "float32" || dtype === "float64" || isHalf(dtype);
}

/** True for float16 and bfloat16, whose operations are computed in float32 and rounded. */
export function isHalf(dtype: DType): dtype is HalfType {
  return dtype === "float16" || dtype === "bfloat16";
}

/** True for the integer dtypes; bool is none. */
export function isInteger(dtype: DType): boolean {
  return dtype !== "bool" && !isFloat(dtype);
}

const integerRanges: Partial<Record<DType, readonly [low: number, high: number]>> = {
  uint8: [0, 255],
  int8: [-128, 127],
  int16: [-32768, 32767],
  int32: [-(2 ** 31), 2 ** 31 - 1],
};

/** The smallest and the largest value of an integer dtype that numbers can tell exactly: all but int64. */
export function integerRange(dtype: DType): readonly [low: number, high: number] | undefined {
  return integerRanges[dtype];
}

const largest: Partial<Record<DType, number>> = {
  float64: Number.MAX_VALUE,
  float32: (2 - 2 ** -23) * 2 ** 127,
  float16: 65504,
  bfloat16: (2 - 2 ** -7) * 2 ** 127,
};

/** The largest finite number of a float dtype. */
export function largestFinite(dtype: DType): number {
  return largest[dtype] as number;
}

/** `dtype`, or the one of 32 bits in which the values of a narrower one are computed. */
export function wideDType(dtype: DType): DType {
  if (isHalf(dtype)) return "float32";
  return dtype === "uint8" || dtype === "int8" || dtype === "int16" ? "int32" : dtype;
}

export function isDType(value: unknown): value is DType {
  return typeof value === "string" && (dtypes as readonly string[]).includes(value);
}

/** Throws unless `value` names a dtype; for options that come from untyped callers. */
export function checkDType(op: string, value: unknown): DType {
  if (isDType(value)) return value;
  throw new DTypeError(`${op}: unknown dtype ${shownValue(value)}; one of ${dtypes.join(", ")}`, { op });
}

/** A typed array of `length` elements of `dtype` over `buffer` (or fresh zeros), as they lie in memory. */
export function typedArray(
  dtype: DType,
  buffer: ArrayBufferLike | number,
  byteOffset = 0,
  length?: number,
): TypedArray {
  const source = typeof buffer === "number" ? new ArrayBuffer(buffer * sizes[dtype]) : buffer;
  switch (dtype) {
    case "float32":
      return new Float32Array(source, byteOffset, length);
    case "float64":
      return new Float64Array(source, byteOffset, length);
    case "int32":
      return new Int32Array(source, byteOffset, length);
    case "int64":
      return new BigInt64Array(source, byteOffset, length);
    case "float16":
    case "bfloat16":
      return new Uint16Array(source, byteOffset, length);
    case "int16":
      return new Int16Array(source, byteOffset, length);
    case "int8":
      return new Int8Array(source, byteOffset, length);
    default:
      return new Uint8Array(source, byteOffset, length);
  }
}

/** Fresh zeros to be filled with values of `dtype`: as `typedArray`, but numbers for float16 and bfloat16. */
export function valueArray(dtype: DType, length: number): TypedArray {
  return typedArray(isHalf(dtype) ? "float32" : dtype, length);
}

/** What lies in memory as values: float16 and bfloat16 become numbers, the rest is `memory` itself. */
export function valuesOf(dtype: DType, memory: TypedArray): TypedArray {
  return isHalf(dtype) ? widenHalves(dtype, memory as Uint16Array) : memory;
}

/** Values as they lie in memory: `valuesOf` backwards, rounded to `dtype` where they are finer. */
export function memoryOf(dtype: DType, values: TypedArray): TypedArray {
  if (!isHalf(dtype) || values instanceof Uint16Array) return values;
  return narrowToHalves(dtype, values instanceof Float32Array ? values : Float32Array.from(values as Float64Array));
}

/** `x` as the nearest value of float dtype `dtype`. */
export function roundTo(dtype: DType, x: number): number {
  if (isHalf(dtype)) return roundToHalf(dtype, x);
  return dtype === "float32" ? Math.fround(x) : x;
}

// PyTorch's order within and across categories: bool < integers < floats. Of two dtypes in different rows the later is the
// result, except for the pairs below.
const rank: Record<DType, number> = {
  ...{ bool: 0, uint8: 1, int8: 2, int16: 3, int32: 4, int64: 5 },
  ...{ float16: 6, bfloat16: 7, float32: 8, float64: 9 },
};

/** The dtype of an operation on two tensors (both with dimensions, or both without), as PyTorch's promotion table. */
export function promote(a: DType, b: DType): DType {
  const [low, high] = rank[a] <= rank[b] ? [a, b] : [b, a];
  if (low === "uint8" && high === "int8") return "int16"; // neither holds the other's values
  return low === "float16" && high === "bfloat16" ? "float32" : high;
}

type Category = 0 | 1 | 2;

/** 0 bool, 1 integer, 2 float: a 0-d tensor or a number changes a dtype only when its category is higher. */
export function category(dtype: DType): Category {
  return dtype === "bool" ? 0 : isInteger(dtype) ? 1 : 2;
}

/** Sums and products of bool and integers accumulate in int64, floats keep their dtype. */
export function sumDType(dtype: DType): DType {
  return isFloat(dtype) ? dtype : "int64";
}

/** The dtype of functions with real results (exp, mean …): integers and bool give float32. */
export function floatDType(dtype: DType): DType {
  return isFloat(dtype) ? dtype : "float32";
}

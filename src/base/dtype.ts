// Element types: sizes, categories, typed arrays and PyTorch's promotion table.
import { DTypeError } from "./errors.js";

/** Element types a tensor can have. */
export type DType = "float32" | "float64" | "int32" | "int64" | "uint8" | "bool";

/** The typed array that holds elements of some dtype; bool is one byte (0 or 1) an element. */
export type TypedArray = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array;

export const dtypes: readonly DType[] = ["float32", "float64", "int32", "int64", "uint8", "bool"];

const sizes: Record<DType, number> = { float32: 4, float64: 8, int32: 4, int64: 8, uint8: 1, bool: 1 };

/** Bytes of one element. */
export function itemSize(dtype: DType): number {
  return sizes[dtype];
}

export function isFloat(dtype: DType): boolean {
  return dtype === "float32" || dtype === "float64";
}

/** True for int32, int64 and uint8; bool is not an integer dtype. */
export function isInteger(dtype: DType): boolean {
  return dtype === "int32" || dtype === "int64" || dtype === "uint8";
}

export function isDType(value: unknown): value is DType {
  return typeof value === "string" && (dtypes as readonly string[]).includes(value);
}

/** Throws unless `value` names a dtype; for options that come from untyped callers. */
export function checkDType(op: string, value: unknown): DType {
  if (isDType(value)) return value;
  throw new DTypeError(`${op}: unknown dtype ${JSON.stringify(value)}; one of ${dtypes.join(", ")}`, { op });
}

/** A typed array of `length` elements of `dtype` over `buffer` (or fresh zeros). */
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
    default:
      return new Uint8Array(source, byteOffset, length);
  }
}

// PyTorch's order within and across categories: bool < integers < floats; uint8 with a signed type gives that type.
const rank: Record<DType, number> = { bool: 0, uint8: 1, int32: 2, int64: 3, float32: 4, float64: 5 };

/** The dtype of an operation on two tensors (both with dimensions, or both without), as PyTorch's promotion table. */
export function promote(a: DType, b: DType): DType {
  return rank[a] >= rank[b] ? a : b;
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

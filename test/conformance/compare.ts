// Compares a tensor with what PyTorch gave.
//
// The tolerance is derived: 4 times PyTorch's own float32 rounding error in the same case (scaled by 2^-29 for float64),
// plus a few roundings by class of op. Errors are relative to |expected| + scale, where scale is the largest result for
// sums, whose terms round at the size of the whole, and at most 1 for elementwise functions.
import type { DType, Tensor } from "gradus";
import type { Place, Tolerance } from "./fixtures.js";

// Units in the last place granted beyond PyTorch's own error: none where values are only moved or chosen.
const ROUNDINGS: Record<Tolerance, number> = { exact: 0, arith: 4, func: 16, sum: 32 };
const EPSILON: Partial<Record<DType, number>> = { float32: 2 ** -23, float64: 2 ** -52 };
const FLOAT64_FACTOR = 2 ** -29;
const MARGIN = 4;

/** The tensor's elements as doubles, row-major. */
export function read(tensor: Tensor): Float64Array {
  return Float64Array.from(tensor.toTypedArray() as ArrayLike<number | bigint>, Number);
}

function largestFinite(values: Float64Array): number {
  return values.reduce((largest, value) => (Number.isFinite(value) ? Math.max(largest, Math.abs(value)) : largest), 0);
}

function matches(actual: number, expected: number, tolerance: number): boolean {
  if (Number.isNaN(expected)) return Number.isNaN(actual);
  // An infinity has no tolerance; equality takes 0 and -0 as one, because the sign of zero is free.
  if (!Number.isFinite(expected)) return actual === expected;
  return Math.abs(actual - expected) <= tolerance;
}

/** What a case allows beyond the tolerance of its class. */
export interface Allowance {
  /** Absolute error granted because the terms of a result cancel. */
  readonly absolute?: number;
  /** True for an element that is known to differ, and why. */
  readonly explains?: (actual: number, expected: number) => boolean;
}

/** Compares values of `dtype` with the expected ones; returns what is wrong, or null. */
export function valueProblem(
  actual: Float64Array,
  expected: Float64Array,
  dtype: DType,
  { err = 0, abs = 0 }: Pick<Place, "err" | "abs">,
  tol: Tolerance,
  { absolute = 0, explains }: Allowance = {},
): string | null {
  const epsilon = EPSILON[dtype] ?? 0;
  const precision = dtype === "float64" ? FLOAT64_FACTOR : 1;
  const largest = largestFinite(expected);
  const scale = tol === "sum" ? largest : Math.min(largest, 1);
  const relative = epsilon === 0 ? 0 : MARGIN * err * precision + ROUNDINGS[tol] * epsilon;
  const wrong: number[] = [];
  expected.forEach((value, i) => {
    const tolerance = relative * (Math.abs(value) + scale) + MARGIN * abs * precision + absolute;
    if (matches(actual[i] as number, value, tolerance) || explains?.(actual[i] as number, value)) return;
    wrong.push(i);
  });
  if (wrong.length === 0) return null;
  const first = wrong[0] as number;
  return `${wrong.length} of ${expected.length} elements differ, first [${first}]: got ${actual[first]}, PyTorch ${expected[first]}`;
}

/** Compares shape, dtype and values; returns what is wrong, or null. */
export function tensorProblem(
  actual: Tensor,
  place: Place,
  expected: Float64Array,
  dtype: DType,
  tol: Tolerance,
  allowance: Allowance = {},
): string | null {
  const [shape, wanted] = [actual.shape.join(", "), place.shape.join(", ")];
  if (shape !== wanted) return `shape [${shape}], PyTorch [${wanted}]`;
  if (actual.dtype !== dtype) return `dtype ${actual.dtype}, PyTorch ${dtype}`;
  return valueProblem(read(actual), expected, dtype, place, tol, allowance);
}

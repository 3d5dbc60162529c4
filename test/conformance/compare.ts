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
// Half results of one operation are the float32 result rounded: the same bits, unless float32 functions or sums in another
// order differ right at a rounding boundary. Where PyTorch itself rounds several times, its own error is granted: `err` relative
// to the value and `abs`, the smaller of them.
const HALF_ROUNDINGS: Record<Tolerance, number> = { exact: 0, arith: 0, func: 1, sum: 2 };
const HALF_MARGIN = 2; // as much in the other direction
const HALF_EPSILON: Partial<Record<DType, number>> = { float16: 2 ** -10, bfloat16: 2 ** -7 };
const HALF_SUBNORMAL: Partial<Record<DType, number>> = { float16: 2 ** -24, bfloat16: 2 ** -133 };
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
  const half = HALF_EPSILON[dtype];
  const epsilon = EPSILON[dtype] ?? 0;
  const precision = dtype === "float64" ? FLOAT64_FACTOR : 1;
  const largest = largestFinite(expected);
  const scale = tol === "sum" ? largest : Math.min(largest, 1);
  const relative = epsilon === 0 ? 0 : MARGIN * err * precision + ROUNDINGS[tol] * epsilon;
  const wrong: number[] = [];
  expected.forEach((value, i) => {
    const size = Math.abs(value);
    const tolerance = half
      ? HALF_ROUNDINGS[tol] * Math.max(half * size, HALF_SUBNORMAL[dtype] ?? 0) +
        HALF_MARGIN * Math.min(err > 0 ? err * size : abs, abs) +
        absolute
      : relative * (Math.abs(value) + scale) + MARGIN * abs * precision + absolute;
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

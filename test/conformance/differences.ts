// Where we differ from PyTorch on purpose, and where inputs allow larger errors than the results show.
import type { DType } from "gradus";
import { isTensor } from "./api.js";
import { read } from "./compare.js";
import type { OpCase } from "./fixtures.js";

interface Difference {
  readonly op: string;
  readonly dtype: DType;
  readonly problem: RegExp;
  readonly reason: string;
}

const differences: readonly Difference[] = [
  {
    op: "gelu",
    dtype: "float32",
    problem: /^output 0: 1 of 33 elements differ, first \[1\]: got Infinity, PyTorch NaN$/,
    reason: "gelu(∞) is ∞; PyTorch's vectorised kernel gives NaN",
  },
  {
    op: "hardsigmoid",
    dtype: "float64",
    problem: /^gradient 0: \d+ of \d+ elements differ/,
    reason: "PyTorch multiplies the float64 gradient by 1/6 rounded to float32",
  },
];

/** The problems without those that are known and explained. */
export function withoutKnown(opCase: OpCase, dtype: DType, problems: readonly string[]): string[] {
  const known = differences.filter((d) => d.op === opCase.op && d.dtype === dtype);
  return problems.filter((problem) => !known.some((d) => d.problem.test(problem)));
}

const EPSILON: Partial<Record<DType, number>> = { float32: 2 ** -23, float64: 2 ** -52 };
/** 1 / sqrt(eps) of a normalisation whose variance is 0. */
const LARGEST_SCALE = 1 / Math.sqrt(1e-5);

/**
 * Absolute error that rounding the terms of a result may leave where they cancel:
 * deviations x - mean carry eps·max|x| each, gradients of a normalisation are scaled by at most 1/√eps, and the gradient of a
 * broadcast operand is a sum of as many terms as the result has elements.
 */
export function cancellation(opCase: OpCase, dtype: DType, args: readonly unknown[]): number {
  const epsilon = EPSILON[dtype] ?? 0;
  const [x] = args;
  if (opCase.op === "var" || opCase.op === "std") {
    const largest = isTensor(x) ? read(x).reduce((m, v) => (Number.isFinite(v) ? Math.max(m, Math.abs(v)) : m), 0) : 0;
    return 8 * epsilon * largest;
  }
  if (opCase.op === "layerNorm") return 4 * epsilon * LARGEST_SCALE;
  if (opCase.op === "where") {
    const size = args.reduce((n: number, arg) => (isTensor(arg) ? Math.max(n, ...arg.shape) : n), 1);
    return epsilon * size;
  }
  return 0;
}

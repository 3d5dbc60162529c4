// Where we differ from PyTorch on purpose, and where inputs allow larger errors than the results show.
import type { DType } from "gradus";
import { isTensor } from "./api.js";
import { type Allowance, read } from "./compare.js";
import type { OpCase } from "./fixtures.js";

type Part = "output" | "gradient";

interface Difference {
  readonly op: string;
  readonly dtype: DType;
  readonly part: Part;
  /** Exactly the elements that may differ. */
  readonly explains: (actual: number, expected: number) => boolean;
  readonly reason: string;
}

const differences: readonly Difference[] = [
  {
    op: "gelu",
    dtype: "float32",
    part: "output",
    explains: (actual, expected) => actual === Number.POSITIVE_INFINITY && Number.isNaN(expected),
    reason: "gelu(∞) is ∞; PyTorch's vectorised kernel gives NaN",
  },
  {
    op: "hardsigmoid",
    dtype: "float64",
    part: "gradient",
    explains: (actual, expected) => Math.abs(actual - expected) <= 2 ** -24 * Math.abs(expected),
    reason: "PyTorch multiplies the float64 gradient by 1/6 rounded to float32",
  },
];

const halves = ["float16", "bfloat16"] as const;

// PyTorch's vectorised half kernels compare NaN as if it were a number.
const ofNaN = (op: string): Difference[] =>
  halves.map((dtype) => ({
    op,
    dtype,
    part: "gradient",
    explains: (actual, expected) => Number.isNaN(actual) && Number.isFinite(expected),
    reason: `the gradient of ${op} at NaN is NaN; PyTorch's vectorised half kernel takes a side`,
  }));
const inHalves: readonly Difference[] = [
  ...["elu", "selu", "celu", "hardswish"].flatMap(ofNaN),
  ...halves.map(
    (dtype): Difference => ({
      op: "gelu",
      dtype,
      part: "output",
      explains: (actual, expected) => actual === Number.POSITIVE_INFINITY && Number.isNaN(expected),
      reason: "gelu(∞) is ∞; PyTorch's vectorised kernel gives NaN",
    }),
  ),
  ...["elu", "selu", "celu"].map(
    (op): Difference => ({
      op,
      dtype: "bfloat16",
      part: "gradient",
      explains: (actual, expected) => actual === 0 && Math.abs(expected) < 2 ** -24,
      reason: "the slope is expm1(x) + 1, which float32 has no digits for below 2^-24; bfloat16 could tell it from 0",
    }),
  ),
  {
    op: "binaryCrossEntropy",
    dtype: "float16",
    part: "gradient",
    explains: (actual, expected) => actual === 0 && Number.isNaN(expected),
    reason: "PyTorch's guard against 0 / 0, 1e-12, is 0 in float16",
  },
];

// PyTorch breaks the asymptotic series of trigamma off after four terms.
const trigamma = (op: string, part: Part): Difference => ({
  op,
  dtype: "float64",
  part,
  explains: (actual, expected) => Math.abs(actual - expected) <= 2 ** -30 * Math.abs(expected),
  reason: "PyTorch's trigamma has 9 right digits",
});
const allDifferences = [
  ...differences,
  ...inHalves,
  trigamma("digamma", "gradient"),
  trigamma("polygamma", "output"),
  trigamma("polygamma", "gradient"),
];

const seen = new Set<Difference>();

/**
 * Known differences that no case of this process has shown: entries that PyTorch or the fixtures have overtaken. Those of half
 * dtypes count where all cases of halves ran (`ofHalves`).
 */
export function staleDifferences({ ofHalves }: { ofHalves: boolean }): string[] {
  const due = ofHalves ? allDifferences : allDifferences.filter((d) => !inHalves.includes(d));
  return due.filter((d) => !seen.has(d)).map(({ op, dtype, reason }) => `${op} ${dtype}: ${reason}`);
}

function explainer(op: string, dtype: DType, part: Part): Allowance["explains"] {
  const known = allDifferences.filter((d) => d.op === op && d.dtype === dtype && d.part === part);
  return (actual, expected) => {
    const found = known.find((d) => d.explains(actual, expected));
    if (found) seen.add(found);
    return found !== undefined;
  };
}

/** What a case allows in one part of its result. */
export function allowanceOf(opCase: OpCase, dtype: DType, args: readonly unknown[], part: Part): Required<Allowance> {
  const absolute = cancellation(opCase.op, dtype, args, part);
  return { absolute, explains: explainer(opCase.op, dtype, part) as Required<Allowance>["explains"] };
}

const EPSILON: Partial<Record<DType, number>> = { float32: 2 ** -23, float64: 2 ** -52 };

function largestFinite(x: unknown): number {
  return isTensor(x) ? read(x).reduce((m, v) => (Number.isFinite(v) ? Math.max(m, Math.abs(v)) : m), 0) : 0;
}

/**
 * Absolute error that rounding the terms of a result may leave where they cancel.
 *
 * - Deviations x - mean carry a few eps·max|x| each, as do their root mean square and, for deviations up to 1, their mean square.
 * - One element is its own mean: layerNorm scales the rounding of x - mean by 1 / √eps where the variance is 0.
 * - The gradient of a broadcast operand of where is a sum of as many terms as the result has elements.
 */
function cancellation(op: string, dtype: DType, args: readonly unknown[], part: Part): number {
  const epsilon = EPSILON[dtype] ?? 0;
  const [x, normalizedShape] = args;
  if (op === "var" || op === "std") return 8 * epsilon * largestFinite(x);
  if (op === "layerNorm") {
    const isSingle = [normalizedShape].flat().every((size) => size === 1);
    return isSingle ? (4 * epsilon * largestFinite(x)) / Math.sqrt(1e-5) : 0;
  }
  if (op === "where" && part === "gradient") {
    return epsilon * args.reduce((n: number, arg) => (isTensor(arg) ? Math.max(n, arg.numel()) : n), 1);
  }
  return 0;
}

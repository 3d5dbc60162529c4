// Medians, quantiles and modes: reads of sorted lines.
import { ArgumentError, isFloat, normalizeDim } from "../base/index.js";
import type { Node } from "../graph/index.js";
import { apply } from "./apply.js";
import { isnan } from "./comparison.js";
import { constantLike, keepDims } from "./composing.js";
import { defineComposite } from "./composite.js";
import { cummax } from "./cumulative.js";
import { add, and, cast, ceil, div, eq, floor, maximum, mul, ne, or, round, sub, where } from "./elementwise.js";
import { argmax, type ValuesAndIndices } from "./extrema.js";
import { gatherUnchecked } from "./gathering.js";
import { constant, iota } from "./leaves.js";
import { expand, permute, reshape, sum } from "./movement.js";
import { argsort, sort } from "./selection.js";
import { narrow, select } from "./shaping.js";
import { anyOver } from "./statistics.js";

const int = (value: number): Node => constant(value, "int32");

/** The input with `dim` last; the whole input as one line where `dim` is null. */
function asLines(
  op: string,
  x: Node,
  dim: number | null,
): { lines: Node; restore: (y: Node, keepdim: boolean) => Node } {
  const rank = x.shape.length;
  if (dim === null || rank === 0) {
    return {
      lines: reshape(x, [x.size]),
      restore: (y, keepdim) => reshape(y, keepdim ? new Array<number>(rank).fill(1) : []),
    };
  }
  const d = normalizeDim(op, dim, rank);
  const order = [...x.shape.map((_, i) => i).filter((i) => i !== d), d];
  return {
    lines: permute(x, order),
    restore: (y, keepdim) => (keepdim ? keepDims(y, x.shape, [d]) : y),
  };
}

function checkLength(op: string, lines: Node): number {
  const count = lines.shape[lines.shape.length - 1] as number;
  if (count > 0) return count;
  throw new ArgumentError(`${op}: there is no element to take (input [${lines.shape.join(",")}])`, { op });
}

/** Number of elements of each line that are not NaN, `[…, 1]`, int32. */
function countNumbers(lines: Node): Node {
  const last = lines.shape.length - 1;
  const isNumber = cast(eq(lines, lines), "int32");
  return reshape(sum(isNumber, [last]), [...lines.shape.slice(0, -1), 1]);
}

/** The element at place `at` `[…, 1]` of each sorted line. */
function pick(sorted: Node, at: Node): Node {
  return reshape(gatherUnchecked(sorted, sorted.shape.length - 1, at), sorted.shape.slice(0, -1));
}

/** The lower of the middle elements and where it is. NaN: the median of a line with one, unless `ignoreNaN`. */
export function median(x: Node, dim: number | null, keepdim: boolean, ignoreNaN: boolean): ValuesAndIndices {
  const op = ignoreNaN ? "nanmedian" : "median";
  const { lines, restore } = asLines(op, x, dim);
  const count = checkLength(op, lines);
  const { values, indices } = sort(lines, { dim: -1 });
  const shape = [...lines.shape.slice(0, -1), 1];
  let place: Node = expand(int((count - 1) >> 1), shape);
  if (isFloat(x.dtype)) {
    const numbers = countNumbers(lines);
    // NaN stand last: the first of them is number `numbers`.
    const lowerMiddle = cast(
      floor(mul(cast(maximum(sub(numbers, int(1)), int(0)), "float64"), constant(0.5, "float64"))),
      "int32",
    );
    place = ignoreNaN ? lowerMiddle : where(eq(numbers, int(count)), place, numbers);
  }
  return { values: restore(pick(values, place), keepdim), indices: restore(pick(indices, place), keepdim) };
}

// The elements that equal the median of all share its gradient, as for the extrema of all.
const medianOfAllP = defineComposite("median", {
  infer: ([x]) => ({ shape: [], dtype: (x as Node).dtype }),
  compose: ([x], attrs) => median(x as Node, null, false, attrs.ignoreNaN as boolean).values,
  vjp(y, grad) {
    const x = y.inputs[0] as Node;
    const isHit = cast(or(eq(x, y), and(isnan(x), isnan(y))), grad.dtype);
    const dims = x.shape.map((_, d) => d);
    return [mul(isHit, div(grad, sum(isHit, dims)))];
  },
  saves: { inputs: [0], output: true },
});

/** The lower of the middle elements of all. */
export function medianOfAll(x: Node, ignoreNaN: boolean): Node {
  return apply(medianOfAllP, [x], { ignoreNaN });
}

/** The most frequent value (of several the smallest) and the last place where it is. */
export function mode(x: Node, dim: number, keepdim: boolean): ValuesAndIndices {
  const { lines, restore } = asLines("mode", x, dim);
  const count = checkLength("mode", lines);
  const last = lines.shape.length - 1;
  const order = argsort(lines, { dim: -1 });
  const sorted = gatherUnchecked(lines, last, order);
  const before = expand(maximum(sub(iota(count), int(1)), int(0)), lines.shape);
  const isFirst = expand(eq(iota(count), int(0)), lines.shape);
  const starts = or(isFirst, ne(sorted, gatherUnchecked(sorted, last, before)));
  const start = cummax(where(starts, expand(iota(count), lines.shape), int(0)), last).values;
  const length = sub(expand(iota(count), lines.shape), start);
  const place = reshape(argmax(length, last), [...lines.shape.slice(0, -1), 1]);
  return { values: restore(pick(sorted, place), keepdim), indices: restore(pick(order, place), keepdim) };
}

export type Interpolation = "linear" | "lower" | "higher" | "midpoint" | "nearest";

export interface QuantileOptions {
  readonly keepdim?: boolean;
  readonly interpolation?: Interpolation;
}

/** The place of a rank between elements. */
function chosenRank(op: string, rank: Node, interpolation: Interpolation): Node {
  switch (interpolation) {
    case "linear":
    case "midpoint":
      return rank;
    case "lower":
      return floor(rank);
    case "higher":
      return ceil(rank);
    case "nearest":
      return round(rank);
    default:
      throw new ArgumentError(
        `${op}: interpolation must be "linear", "lower", "higher", "midpoint" or "nearest", got ${JSON.stringify(interpolation)}`,
        { op },
      );
  }
}

/** Quantiles `q` (0-d, or `[Q]`, which the result then has as first dim) along `dim`, or of all elements. */
export function quantile(
  x: Node,
  q: Node,
  dim: number | null,
  { keepdim = false, interpolation = "linear" }: QuantileOptions,
  ignoreNaN: boolean,
): Node {
  const op = ignoreNaN ? "nanquantile" : "quantile";
  const { lines, restore } = asLines(op, x, dim);
  const count = checkLength(op, lines);
  const { values } = sort(lines, { dim: -1 });
  const several = q.shape.length === 0 ? 1 : (q.shape[0] as number);
  const lead = lines.shape.slice(0, -1);
  const ones = lead.map(() => 1);
  const wanted = expand(reshape(q, [...ones, several]), [...lead, several]); // […, Q]
  const numbers = ignoreNaN ? countNumbers(lines) : expand(int(count), [...lead, 1]);
  const most = cast(maximum(sub(numbers, int(1)), int(0)), x.dtype);
  const rank = chosenRank(op, mul(wanted, expand(most, wanted.shape)), interpolation);
  const below = floor(rank);
  const last = lines.shape.length - 1;
  const take = (at: Node): Node => gatherUnchecked(values, last, cast(at, "int32"));
  const low = take(below);
  const weight = interpolation === "midpoint" ? constantLike(rank, 0.5) : sub(rank, below);
  const isBetween = interpolation === "linear" || interpolation === "midpoint";
  let result = isBetween ? add(low, mul(weight, sub(take(ceil(rank)), low))) : low;
  if (!ignoreNaN) {
    const hasNaN = reshape(anyOver(isnan(lines), last), [...lead, 1]);
    result = where(expand(hasNaN, result.shape), constantLike(result, Number.NaN), result);
  }
  const parts = q.shape.length === 0 ? [select(result, -1, 0)] : [];
  if (parts[0]) return restore(parts[0], keepdim);
  const front = permute(result, [lead.length, ...lead.map((_, d) => d)]); // [Q, …]
  if (!keepdim) return front;
  return reshape(front, [several, ...restore(narrowFirst(result), true).shape]);
}

/** Any one of the quantiles: its shape tells where the kept dim goes. */
function narrowFirst(result: Node): Node {
  return reshape(narrow(result, result.shape.length - 1, 0, 1), result.shape.slice(0, -1));
}

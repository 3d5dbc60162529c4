// Order statistics, running extrema, and searches in sorted sequences.

import {
  ArgumentError,
  checkArray,
  checkOptions,
  formatShape,
  type Named,
  named,
  noMore,
  normalizeDim,
  ShapeError,
  shapesEqual,
} from "../../base/index.js";
import type { Node } from "../../graph/index.js";
import type { Interpolation } from "../../ops/index.js";
import * as ops from "../../ops/index.js";
import { type Dims, floatNode, nodeOf, operand, optionsWith } from "../args.js";
import { isTensor, type Tensor, wrap } from "../tensor.js";
import { made } from "./define.js";
import { indexNode } from "./gather.js";
import type { ValuesIndices } from "./reduction.js";

interface OneDim {
  /** The dim to choose along; default the last. */
  readonly dim?: number;
  /** The reduced dim stays as size 1; default false. */
  readonly keepdim?: boolean;
}

function pair({ values, indices }: { values: Node; indices: Node }): ValuesIndices {
  return named({ values: wrap(values), indices: wrap(indices) });
}

type Median = {
  /** Of all elements. */
  (input: Tensor): Tensor;
  /** Along a dim, with the place. */
  (input: Tensor, dim: number | OneDim, options?: { readonly keepdim?: boolean }): ValuesIndices;
};

function medianOf(op: "median" | "nanmedian", ignoreNaN: boolean): Median {
  const compute = (input: Tensor, dim?: number | OneDim, options?: OneDim, ...surplus: []) => {
    noMore(op, surplus);
    const x = nodeOf(op, "input", input);
    if (dim === undefined && options === undefined) return wrap(ops.medianOfAll(x, ignoreNaN));
    const given = optionsWith<OneDim>(op, "dim", dim, options, ["dim", "keepdim"], surplus);
    if (given.dim === undefined) throw new ArgumentError(`${op}: keepdim needs a dim`, { op });
    return pair(ops.median(x, given.dim, given.keepdim ?? false, ignoreNaN));
  };
  return compute as Median;
}

/**
 * `median(x)`: the lower of the middle elements; `median(x, dim)`: along a dim, with places (int32). NaN if there is
 * one.
 *
 * Shapes: any → `[]`; `[…, n, …]` with `dim` → values and indices `[…, …]`, with size 1 for n if `keepdim`.
 * @throws ArgumentError if there is no element to take, for `keepdim` without a dim, and if options are given twice.
 * @throws IndexError if `dim` is out of range.
 */
export const median = medianOf("median", false);
/**
 * As {@link median}, of the elements that are not NaN.
 *
 * Shapes: any → `[]`; `[…, n, …]` with `dim` → values and indices `[…, …]`, with size 1 for n if `keepdim`.
 * @throws ArgumentError if there is no element to take, for `keepdim` without a dim, and if options are given twice.
 * @throws IndexError if `dim` is out of range.
 */
export const nanmedian = medianOf("nanmedian", true);

/**
 * The most frequent value along `dim` (the last by default), of several the smallest, and the last place where it is
 * (int32).
 *
 * Shapes: `[…, n, …]` → values and indices `[…, …]`, with size 1 for n if `keepdim`.
 * @throws ArgumentError if there is no element to take, or options are given twice.
 * @throws IndexError if `dim` is out of range.
 */
export function mode(input: Tensor, dim?: number | OneDim, options?: OneDim, ...surplus: []): ValuesIndices {
  const given = optionsWith<OneDim>("mode", "dim", dim, options, ["dim", "keepdim"], surplus);
  return pair(ops.mode(nodeOf("mode", "input", input), given.dim ?? -1, given.keepdim ?? false));
}

export interface QuantileOptions extends OneDim {
  /** What a place between two elements gives. Default "linear". */
  readonly interpolation?: Interpolation;
}

function quantileOf(op: "quantile" | "nanquantile") {
  return (
    input: Tensor,
    q: number | readonly number[] | Tensor,
    dim?: number | QuantileOptions,
    options?: QuantileOptions,
    ...surplus: []
  ): Tensor => {
    const names = ["dim", "keepdim", "interpolation"] as const;
    const given = optionsWith<QuantileOptions>(op, "dim", dim, options, names, surplus);
    const x = floatNode(op, "input", input);
    const { dim: along, ...rest } = given;
    return wrap(ops.quantile(x, quantileNode(op, q, x), along ?? null, rest, op === "nanquantile"));
  };
}

function quantileNode(op: string, q: number | readonly number[] | Tensor, x: Node): Node {
  if (isTensor(q)) {
    if (q.dtype === x.dtype && q.shape.length <= 1) {
      return ops.checked(q.node, q.node, { op, says: "share", low: 0, high: 1 });
    }
    throw new ArgumentError(
      `${op}: q must be a ${x.dtype} tensor of at most 1 dim (q ${q.dtype}[${q.shape.join(",")}])`,
      {
        op,
      },
    );
  }
  const list = typeof q === "number" ? [q] : q;
  checkArray(op, "q", list);
  for (const value of list) {
    if (!(value >= 0 && value <= 1)) throw new ArgumentError(`${op}: q must lie in [0, 1], got ${value}`, { op });
  }
  if (typeof q === "number") return ops.constant(q, x.dtype);
  return ops.stack(list.map((value) => ops.constant(value, x.dtype)));
}

/**
 * The value below which a share `q` (a number, several, or a tensor) of the elements lies, along `dim` or of all.
 *
 * Shapes: `[…, n, …]` → `[…, …]`, with size 1 for n if `keepdim`; with m shares `[m, …, …]`.
 * @throws DTypeError if the input is no float tensor.
 * @throws ArgumentError if a share lies outside [0, 1], a tensor of shares has another dtype than the input or more
 * than 1 dim, or options are given twice.
 * @throws NumericError if a share in a tensor lies outside [0, 1]: at the call where its values are known, else at the
 * read or step that computes it.
 * @throws IndexError if `dim` is out of range.
 */
export const quantile = quantileOf("quantile");
/**
 * As {@link quantile}, of the elements that are not NaN.
 *
 * Shapes: `[…, n, …]` → `[…, …]`, with size 1 for n if `keepdim`; with m shares `[m, …, …]`.
 * @throws DTypeError if the input is no float tensor.
 * @throws ArgumentError if a share lies outside [0, 1], a tensor of shares has another dtype than the input or more
 * than 1 dim, or options are given twice.
 * @throws NumericError if a share in a tensor lies outside [0, 1].
 * @throws IndexError if `dim` is out of range.
 */
export const nanquantile = quantileOf("nanquantile");

/** Values in order along dim 0. Shapes: any → the same. */
export function msort(input: Tensor, ...surplus: []): Tensor {
  noMore("msort", surplus);
  const x = nodeOf("msort", "input", input);
  return wrap(x.shape.length === 0 ? x : ops.sort(x, { dim: 0 }).values);
}

function running(op: "cummax" | "cummin", compute: typeof ops.cummax) {
  return (input: Tensor, dim: number, ...surplus: []): ValuesIndices => {
    noMore(op, surplus);
    const x = nodeOf(op, "input", input);
    return pair(compute(x, normalizeDim(op, dim, x.shape.length)));
  };
}

/**
 * The largest element so far along `dim`, and where the last of them is (int32).
 *
 * Shapes: any → values and indices of the same.
 * @throws IndexError if `dim` is out of range.
 */
export const cummax = running("cummax", ops.cummax);
/**
 * The smallest element so far along `dim`, and where the last of them is (int32).
 *
 * Shapes: any → values and indices of the same.
 * @throws IndexError if `dim` is out of range.
 */
export const cummin = running("cummin", ops.cummin);

/**
 * log Σ exp(x) of all elements up to each along `dim`. Shapes: any → the same.
 * @throws DTypeError if the input is no float tensor.
 * @throws IndexError if `dim` is out of range.
 */
export function logcumsumexp(input: Tensor, dim: number, ...surplus: []): Tensor {
  noMore("logcumsumexp", surplus);
  const x = floatNode("logcumsumexp", "input", input);
  return wrap(ops.logcumsumexp(x, normalizeDim("logcumsumexp", dim, x.shape.length)));
}

/**
 * The smallest and the largest element, of all or along `dim`.
 *
 * Shapes: `[…, n, …]` → min and max `[…, …]`, with size 1 for n if `keepdim`.
 * @throws NumericError if there are no elements.
 * @throws IndexError if `dim` is out of range.
 */
export function aminmax(
  input: Tensor,
  options: { readonly dim?: number; readonly keepdim?: boolean } = {},
  ...surplus: []
): Named<{ readonly min: Tensor; readonly max: Tensor }> {
  noMore("aminmax", surplus);
  checkOptions("aminmax", options, ["dim", "keepdim"]);
  const x = nodeOf("aminmax", "input", input);
  const dim: Dims = options.dim ?? null;
  const { keepdim } = options;
  return named({
    min: made("aminmax", () => ops.aminOver(x, dim, keepdim)),
    max: made("aminmax", () => ops.amaxOver(x, dim, keepdim)),
  });
}

export interface SearchOptions {
  /** Places behind equal elements instead of before them. Default false. */
  readonly right?: boolean;
  /** "right" is `right: true`, as NumPy spells it. */
  readonly side?: "left" | "right";
  /** Order in which the sequence is to be read, as `argsort` gives it. */
  readonly sorter?: Tensor;
  /** int32 places (default) or, with false, int64, which are PyTorch's default. */
  readonly outInt32?: boolean;
}

const places = (node: Node, outInt32 = true): Tensor => wrap(outInt32 ? node : ops.cast(node, "int64"));

function isRightSide(op: string, { right = false, side }: SearchOptions): boolean {
  if (side === undefined) return right;
  if (side !== "left" && side !== "right") {
    throw new ArgumentError(`${op}: side must be "left" or "right", got ${JSON.stringify(side)}`, { op });
  }
  if (side === "left" && right) throw new ArgumentError(`${op}: side "left" and right: true contradict`, { op });
  return side === "right";
}

/**
 * Where in the sorted sequence (last dim) each value can stand without breaking the order, int32 unless `outInt32` is
 * false.
 *
 * Shapes: sequence `[n]` and values of any shape, or sequence `[…, n]` and values `[…, m]` → that of the values.
 * @throws ShapeError if the leading dims differ, or `sorter` has not the shape of the sequence.
 * @throws ArgumentError if `side` and `right` contradict, or `side` is another name.
 * @throws DTypeError if `sorter` is no integer tensor.
 * @throws IndexError if an index in `sorter` is out of range.
 */
export function searchsorted(
  sortedSequence: Tensor,
  values: Tensor | number,
  options: SearchOptions = {},
  ...surplus: []
): Tensor {
  const op = "searchsorted";
  noMore(op, surplus);
  checkOptions(op, options, ["right", "side", "sorter", "outInt32"]);
  const given = nodeOf(op, "sortedSequence", sortedSequence);
  const { sorter } = options;
  const order = sorter ? indexNode(op, sorter, "sorter") : null;
  if (order && !shapesEqual(order.shape, given.shape)) {
    throw new ShapeError(
      `${op}: sorter must have the shape of the sequence (sortedSequence ${formatShape(given.shape)}, sorter ${formatShape(order.shape)})`,
      { op, shapes: [given.shape, order.shape] },
    );
  }
  const line = order ? ops.gather(given, given.shape.length - 1, order) : given;
  const found = ops.searchsorted(line, operand(op, "values", values, line.dtype), isRightSide(op, options));
  return places(found, options.outInt32);
}

/**
 * Which of the intervals between `boundaries` each element falls into, int32 unless `outInt32` is false.
 *
 * Shapes: any, boundaries `[n]` → that of the input.
 * @throws ArgumentError if `boundaries` is no vector.
 */
export function bucketize(
  input: Tensor | number,
  boundaries: Tensor,
  options: Pick<SearchOptions, "right" | "outInt32"> = {},
  ...surplus: []
): Tensor {
  const op = "bucketize";
  noMore(op, surplus);
  checkOptions(op, options, ["right", "outInt32"]);
  const line = nodeOf(op, "boundaries", boundaries);
  if (line.shape.length !== 1) {
    throw new ArgumentError(`${op}: boundaries must be a vector (boundaries [${line.shape.join(",")}])`, { op });
  }
  return places(
    ops.searchsorted(line, operand(op, "input", input, line.dtype), options.right ?? false),
    options.outInt32,
  );
}

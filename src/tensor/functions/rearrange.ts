// Turns, splits and stacks by PyTorch's many names, and windows over one dim.
import { ArgumentError, checkWholeNumber, noMore, normalizeDim, ShapeError } from "../../base/index.js";
import type { Node } from "../../graph/index.js";
import * as ops from "../../ops/index.js";
import { checkList, nodeOf, notATensor } from "../args.js";
import { isTensor, type Tensor, wrap } from "../tensor.js";
import { made } from "./define.js";
import { narrow, reshape, split } from "./shape.js";

/**
 * Turns the plane of two dims by 90 degrees, k times, from the first towards the second.
 *
 * Shapes: `[…, a, …, b, …]` → `[…, b, …, a, …]` for odd k, else the same.
 * @throws ShapeError unless there are two different dims.
 * @throws IndexError if a dim is out of range.
 * @throws ArgumentError if `k` is no integer, or `dims` are not two.
 */
export function rot90(input: Tensor, k = 1, dims: readonly [number, number] = [0, 1], ...surplus: []): Tensor {
  noMore("rot90", surplus);
  const x = nodeOf("rot90", "input", input);
  checkWholeNumber("rot90", "k", k);
  if (!Array.isArray(dims) || dims.length !== 2)
    throw new ArgumentError("rot90: dims must be two dims", { op: "rot90" });
  const [a, b] = dims.map((d) => normalizeDim("rot90", d, x.shape.length)) as [number, number];
  if (x.shape.length < 2 || a === b) {
    throw new ShapeError(`rot90: needs two different dims (input [${x.shape.join(",")}])`, {
      op: "rot90",
      shapes: [x.shape],
    });
  }
  switch (((k % 4) + 4) % 4) {
    case 1:
      return wrap(ops.transpose(ops.flipDims(x, b), a, b));
    case 2:
      return wrap(ops.flipDims(x, [a, b]));
    case 3:
      return wrap(ops.flipDims(ops.transpose(x, a, b), b));
    default:
      return wrap(x);
  }
}

function flipped(op: string, dim: number) {
  return (input: Tensor, ...surplus: []): Tensor => {
    noMore(op, surplus);
    const x = nodeOf(op, "input", input);
    if (x.shape.length > dim) return wrap(ops.flipDims(x, dim));
    throw new ShapeError(`${op}: needs at least ${dim + 1} dims (input [${x.shape.join(",")}])`, {
      op,
      shapes: [x.shape],
    });
  };
}

/**
 * Reverses the columns: dim 1. Shapes: `[m, n, …]` → the same.
 * @throws ShapeError if there are fewer than 2 dims.
 */
export const fliplr = flipped("fliplr", 1);
/**
 * Reverses the rows: dim 0. Shapes: `[m, …]` → the same.
 * @throws ShapeError if the input is 0-d.
 */
export const flipud = flipped("flipud", 0);

type AtLeast = {
  (input: Tensor): Tensor;
  (first: Tensor, second: Tensor, ...others: Tensor[]): Tensor[];
  (tensors: readonly Tensor[]): Tensor[];
};

function atLeast(op: string, shape: (sizes: readonly number[]) => readonly number[]): AtLeast {
  const one = (x: Tensor): Tensor => {
    if (!isTensor(x)) throw notATensor(op, "input", x);
    const wanted = shape(x.shape);
    return wanted.length === x.shape.length ? x : reshape(x, wanted);
  };
  const compute = (...inputs: readonly (Tensor | readonly Tensor[])[]) => {
    const [first] = inputs;
    if (Array.isArray(first)) return (first as readonly Tensor[]).map(one);
    return inputs.length === 1 ? one(first as Tensor) : (inputs as readonly Tensor[]).map(one);
  };
  return compute as AtLeast;
}

/** With at least 1 dim. Shapes: `[]` → `[1]`, others → the same; several tensors, or an array → an array. */
export const atleast1d = atLeast("atleast1d", (s) => (s.length > 0 ? s : [1]));
/**
 * With at least 2 dims: a vector becomes a row.
 *
 * Shapes: `[]` → `[1, 1]`, `[n]` → `[1, n]`, others → the same; several tensors, or an array → an array.
 */
export const atleast2d = atLeast("atleast2d", (s) =>
  s.length > 1 ? s : s.length === 1 ? [1, s[0] as number] : [1, 1],
);
/**
 * With at least 3 dims.
 *
 * Shapes: `[]` → `[1, 1, 1]`, `[n]` → `[1, n, 1]`, `[m, n]` → `[m, n, 1]`, others → the same; several tensors, or an
 * array → an array.
 */
export const atleast3d = atLeast("atleast3d", (s) => {
  if (s.length > 2) return s;
  return s.length === 2 ? [...s, 1] : s.length === 1 ? [1, s[0] as number, 1] : [1, 1, 1];
});

function nodesOf(op: string, tensors: readonly Tensor[]): Node[] {
  if (!Array.isArray(tensors)) throw notATensor(op, "tensors (an array)", tensors);
  return tensors.map((x, i) => nodeOf(op, `tensors[${i}]`, x));
}

/**
 * Joins along the third dim, after all have one, as {@link atleast3d} says.
 *
 * Shapes: `[m, n, a]` and `[m, n, b]`, … → `[m, n, a + b + …]`.
 * @throws ShapeError if other sizes differ.
 * @throws ArgumentError if there are no tensors.
 */
export function dstack(tensors: readonly Tensor[], ...surplus: []): Tensor {
  noMore("dstack", surplus);
  return made("dstack", () => ops.cat(nodesOf("dstack", atleast3d(tensors)), 2));
}

/**
 * Joins along the second dim; vectors become columns.
 *
 * Shapes: `[N, a, …]` and `[N, b, …]`, … → `[N, a + b + …, …]`; `[N]` counts as `[N, 1]`.
 * @throws ShapeError if other sizes differ.
 * @throws ArgumentError if there are no tensors.
 */
export function columnStack(tensors: readonly Tensor[], ...surplus: []): Tensor {
  noMore("columnStack", surplus);
  const columns = nodesOf("columnStack", tensors).map((x) => (x.shape.length < 2 ? ops.reshape(x, [x.size, 1]) : x));
  return made("columnStack", () => ops.cat(columns, 1));
}

/**
 * Parts along `dim`: a number of parts (the first ones one longer where they do not divide evenly), or the places where
 * to cut. Views.
 *
 * Shapes: `[…, n, …]` → tensors `[…, n_i, …]` with Σ n_i = n.
 * @throws ShapeError if the input is 0-d.
 * @throws ArgumentError unless the number of parts is a positive integer, or the places are integers.
 * @throws IndexError if `dim` is out of range.
 */
export function tensorSplit(
  input: Tensor,
  indicesOrSections: number | readonly number[],
  dim = 0,
  ...surplus: []
): Tensor[] {
  const op = "tensorSplit";
  noMore(op, surplus);
  if (!isTensor(input)) throw notATensor(op, "input", input);
  const d = normalizeDim(op, dim, input.shape.length);
  if (input.shape.length === 0) throw new ShapeError(`${op}: a 0-d tensor has no dim to split`, { op, shapes: [[]] });
  const size = input.shape[d] as number;
  if (typeof indicesOrSections !== "number") checkList(op, "indices", indicesOrSections);
  if (typeof indicesOrSections === "number") {
    const parts = indicesOrSections;
    if (!Number.isInteger(parts) || parts < 1) {
      throw new ArgumentError(`${op}: the number of parts must be a positive integer, got ${parts}`, { op });
    }
    const sizes = Array.from({ length: parts }, (_, i) => Math.floor(size / parts) + (i < size % parts ? 1 : 0));
    return split(input, sizes, d);
  }
  for (const index of indicesOrSections) checkWholeNumber(op, "an index", index);
  const place = (at: number) => Math.min(size, Math.max(0, at < 0 ? at + size : at));
  const cuts = [0, ...indicesOrSections.map(place), size];
  return cuts
    .slice(1)
    .map((end, i) => narrow(input, d, Math.min(cuts[i] as number, size), Math.max(0, end - (cuts[i] as number))));
}

function splitAlong(op: string, least: number, dimOf: (rank: number) => number) {
  return (input: Tensor, indicesOrSections: number | readonly number[], ...surplus: []): Tensor[] => {
    noMore(op, surplus);
    const x = nodeOf(op, "input", input);
    const rank = x.shape.length;
    if (rank < least) {
      throw new ShapeError(`${op}: needs at least ${least} dims (input [${x.shape.join(",")}])`, {
        op,
        shapes: [x.shape],
      });
    }
    const d = dimOf(rank);
    const size = x.shape[d] as number;
    if (typeof indicesOrSections === "number") checkWholeNumber(op, "the number of parts", indicesOrSections, 1);
    if (typeof indicesOrSections === "number" && size % indicesOrSections !== 0) {
      throw new ArgumentError(`${op}: ${size} elements of dim ${d} do not divide into ${indicesOrSections} parts`, {
        op,
      });
    }
    if (typeof indicesOrSections !== "number") {
      checkList(op, "indices", indicesOrSections);
      for (const index of indicesOrSections) checkWholeNumber(op, "an index", index);
    }
    return tensorSplit(input, indicesOrSections, d);
  };
}

/**
 * Parts side by side: along dim 1, of a vector along its only one. Views.
 *
 * Shapes: `[N, n, …]` → tensors `[N, n_i, …]`; `[n]` → `[n_i]`.
 * @throws ShapeError if the input is 0-d.
 * @throws ArgumentError if n does not divide into the number of parts, or a place is no integer.
 */
export const hsplit = splitAlong("hsplit", 1, (rank) => (rank === 1 ? 0 : 1));
/**
 * Parts from top to bottom: along dim 0. Views. Shapes: `[n, N, …]` → tensors `[n_i, N, …]`.
 * @throws ShapeError if there are fewer than 2 dims.
 * @throws ArgumentError if n does not divide into the number of parts, or a place is no integer.
 */
export const vsplit = splitAlong("vsplit", 2, () => 0);
/**
 * Parts along dim 2. Views. Shapes: `[M, N, n, …]` → tensors `[M, N, n_i, …]`.
 * @throws ShapeError if there are fewer than 3 dims.
 * @throws ArgumentError if n does not divide into the number of parts, or a place is no integer.
 */
export const dsplit = splitAlong("dsplit", 3, () => 2);

/**
 * All windows of `size` elements, `step` apart, along `dim`: a last dim more. A copy, where PyTorch gives a view.
 *
 * Shapes: `[…, n, …]` → `[…, ⌊(n - size) / step⌋ + 1, …, size]`.
 * @throws ArgumentError if windows do not fit, or `step` is no positive integer.
 * @throws IndexError if `dim` is out of range.
 */
export function unfoldDim(input: Tensor, dim: number, size: number, step: number, ...surplus: []): Tensor {
  const op = "unfold";
  noMore(op, surplus);
  const x = nodeOf(op, "input", input);
  const d = normalizeDim(op, dim, x.shape.length);
  const length = x.shape[d] ?? 1;
  if (!Number.isInteger(size) || size < 0 || size > length || !Number.isInteger(step) || step < 1) {
    throw new ArgumentError(
      `${op}: windows of ${size}, ${step} apart, do not fit dim ${dim} of ${length} elements (input [${x.shape.join(",")}])`,
      { op },
    );
  }
  if (x.shape.length === 0) return wrap(ops.reshape(x, [1]));
  const count = Math.floor((length - size) / step) + 1;
  const cut = ops.window(x, [{ dim: d, count, size, stride: step, dilation: 1 }]); // […, count, size, …]
  return wrap(ops.movedim(cut, d + 1, -1));
}

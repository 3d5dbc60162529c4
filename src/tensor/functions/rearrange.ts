// Turns, splits and stacks by PyTorch's many names, and windows over one dim.
import { ArgumentError, checkWholeNumber, normalizeDim, ShapeError } from "../../base/index.js";
import type { Node } from "../../graph/index.js";
import * as ops from "../../ops/index.js";
import { checkList, nodeOf, noMore, notATensor } from "../args.js";
import { isTensor, type Tensor, wrap } from "../tensor.js";
import { narrow, reshape, split } from "./shape.js";

/** Turns the plane of two dims by 90 degrees, k times, from the first towards the second. */
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

/** Reverses the columns: dim 1. */
export const fliplr = flipped("fliplr", 1);
/** Reverses the rows: dim 0. */
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

/** With at least 1 dim. */
export const atleast1d = atLeast("atleast1d", (s) => (s.length > 0 ? s : [1]));
/** With at least 2 dims: a vector becomes a row. */
export const atleast2d = atLeast("atleast2d", (s) =>
  s.length > 1 ? s : s.length === 1 ? [1, s[0] as number] : [1, 1],
);
/** With at least 3 dims: a vector becomes `[1,n,1]`, a matrix `[m,n,1]`. */
export const atleast3d = atLeast("atleast3d", (s) => {
  if (s.length > 2) return s;
  return s.length === 2 ? [...s, 1] : s.length === 1 ? [1, s[0] as number, 1] : [1, 1, 1];
});

function nodesOf(op: string, tensors: readonly Tensor[]): Node[] {
  if (!Array.isArray(tensors)) throw notATensor(op, "tensors (an array)", tensors);
  return tensors.map((x, i) => nodeOf(op, `tensors[${i}]`, x));
}

/** Joins along the third dim, after all have one. */
export function dstack(tensors: readonly Tensor[], ...surplus: []): Tensor {
  noMore("dstack", surplus);
  return wrap(ops.cat(nodesOf("dstack", atleast3d(tensors)), 2));
}

/** Joins along the second dim; vectors become columns. */
export function columnStack(tensors: readonly Tensor[], ...surplus: []): Tensor {
  noMore("columnStack", surplus);
  const columns = nodesOf("columnStack", tensors).map((x) => (x.shape.length < 2 ? ops.reshape(x, [x.size, 1]) : x));
  return wrap(ops.cat(columns, 1));
}

/**
 * Parts along `dim`: a number of parts (the first ones one longer where they do not divide evenly), or the places where to
 * cut. Views of the input.
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
    if (typeof indicesOrSections === "number" && size % indicesOrSections !== 0) {
      throw new ArgumentError(`${op}: ${size} elements of dim ${d} do not divide into ${indicesOrSections} parts`, {
        op,
      });
    }
    return tensorSplit(input, indicesOrSections, d);
  };
}

/** Parts side by side: along dim 1, of a vector along its only one. */
export const hsplit = splitAlong("hsplit", 1, (rank) => (rank === 1 ? 0 : 1));
/** Parts from top to bottom: along dim 0. */
export const vsplit = splitAlong("vsplit", 2, () => 0);
/** Parts along dim 2. */
export const dsplit = splitAlong("dsplit", 3, () => 2);

/** All windows of `size` elements, `step` apart, along `dim`: a last dim more. A copy, where PyTorch gives a view. */
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

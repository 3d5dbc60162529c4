// Functions that join, repeat, reorder and cut out: results are new tensors, not views.
import {
  ArgumentError,
  broadcastShapes,
  checkOptions,
  checkWholeNumber,
  noMore,
  ShapeError,
} from "../../base/index.js";
import type { Node } from "../../graph/index.js";
import * as ops from "../../ops/index.js";
import { checkList, nodeOf, notATensor, sizesOf } from "../args.js";
import { type Tensor, wrap } from "../tensor.js";
import { made } from "./define.js";
import { expand, reshape } from "./shape.js";

function nodesOf(op: string, tensors: readonly Tensor[]): Node[] {
  if (!Array.isArray(tensors)) throw notATensor(op, "tensors (an array)", tensors);
  return tensors.map((x, i) => nodeOf(op, `tensors[${i}]`, x));
}

/**
 * Joins along an existing dim; dtypes are promoted.
 *
 * Shapes: `[…, a, …]` and `[…, b, …]`, … → `[…, a + b + …, …]`; a tensor `[0]` joins any.
 * @throws ShapeError if other sizes differ, or one is 0-d.
 * @throws ArgumentError if there are no tensors.
 * @throws IndexError if `dim` is out of range.
 */
export function cat(tensors: readonly Tensor[], dim = 0, ...surplus: []): Tensor {
  noMore("cat", surplus);
  return wrap(ops.cat(nodesOf("cat", tensors), dim));
}

/**
 * As {@link cat}: tensors joined along a dim. Shapes: `[…, a, …]` and `[…, b, …]`, … → `[…, a + b + …, …]`.
 * @throws ShapeError if other sizes differ, or one is 0-d.
 * @throws ArgumentError if there are no tensors.
 * @throws IndexError if `dim` is out of range.
 */
export const concat = cat;
/**
 * As {@link cat}: tensors joined along a dim. Shapes: `[…, a, …]` and `[…, b, …]`, … → `[…, a + b + …, …]`.
 * @throws ShapeError if other sizes differ, or one is 0-d.
 * @throws ArgumentError if there are no tensors.
 * @throws IndexError if `dim` is out of range.
 */
export const concatenate = cat;

/**
 * Joins equal shapes along a new dim; dtypes are promoted. Shapes: n tensors `[…, …]` → `[…, n, …]`.
 * @throws ShapeError if the shapes differ.
 * @throws ArgumentError if there are no tensors.
 * @throws IndexError if `dim` is out of range.
 */
export function stack(tensors: readonly Tensor[], dim = 0, ...surplus: []): Tensor {
  noMore("stack", surplus);
  return wrap(ops.stack(nodesOf("stack", tensors), dim));
}

/**
 * Joins along the first dim, after vectors and 0-d tensors became rows.
 *
 * Shapes: `[a, …]` and `[b, …]`, … → `[a + b + …, …]`; `[n]` counts as `[1, n]`.
 * @throws ShapeError if other sizes differ.
 * @throws ArgumentError if there are no tensors.
 */
export function vstack(tensors: readonly Tensor[], ...surplus: []): Tensor {
  noMore("vstack", surplus);
  const rows = nodesOf("vstack", tensors).map((x) => (x.shape.length < 2 ? ops.reshape(x, [1, x.size]) : x));
  return made("vstack", () => ops.cat(rows, 0));
}

/**
 * Joins along the second dim; vectors along their only one.
 *
 * Shapes: `[N, a, …]` and `[N, b, …]`, … → `[N, a + b + …, …]`; `[a]` and `[b]` → `[a + b]`.
 * @throws ShapeError if other sizes differ.
 * @throws ArgumentError if there are no tensors.
 */
export function hstack(tensors: readonly Tensor[], ...surplus: []): Tensor {
  noMore("hstack", surplus);
  const parts = nodesOf("hstack", tensors).map((x) => (x.shape.length < 1 ? ops.reshape(x, [1]) : x));
  return made("hstack", () => ops.cat(parts, (parts[0]?.shape.length ?? 0) > 1 ? 1 : 0));
}

/**
 * Reverses the order along dims. Shapes: any → the same.
 * @throws IndexError if a dim is out of range or named twice.
 * @throws ArgumentError if a dim is no integer.
 */
export function flip(input: Tensor, ...dims: readonly (number | readonly number[])[]): Tensor {
  return wrap(ops.flipDims(nodeOf("flip", "input", input), sizesOf("flip", dims)));
}

/**
 * Shifts elements along dims, those pushed out come in at the other end; without dims over the flat tensor.
 *
 * Shapes: any → the same.
 * @throws ArgumentError unless shifts and dims are integers, one shift for each dim.
 * @throws IndexError if `dim` is out of range.
 */
export function roll(
  input: Tensor,
  shifts: number | readonly number[],
  dims?: number | readonly number[],
  ...surplus: []
): Tensor {
  noMore("roll", surplus);
  for (const shift of [shifts].flat()) checkWholeNumber("roll", "shifts", shift);
  if (dims !== undefined) for (const dim of [dims].flat()) checkWholeNumber("roll", "dims", dim);
  return wrap(ops.roll(nodeOf("roll", "input", input), shifts, dims ?? null));
}

/**
 * Repeats the whole along each dim; new dims come in front. Shapes: `[a, b]` with repeats r, s → `[r a, s b]`.
 * @throws ArgumentError unless there is an integer >= 0 for each dim.
 */
export function repeat(input: Tensor, ...repeats: readonly (number | readonly number[])[]): Tensor {
  return wrap(ops.repeat(nodeOf("repeat", "input", input), sizesOf("repeat", repeats)));
}

/**
 * As `repeat`; fewer repeats than dims apply to the last dims. Shapes: `[a, b]` with repeats s → `[a, s b]`.
 * @throws ArgumentError if a repeat is no integer >= 0.
 */
export function tile(input: Tensor, ...repeats: readonly (number | readonly number[])[]): Tensor {
  return wrap(ops.tile(nodeOf("tile", "input", input), sizesOf("tile", repeats)));
}

/**
 * Repeats each element `repeats` times in place along `dim` (of the flat tensor without one).
 *
 * Shapes: `[…, n, …]` → `[…, repeats n, …]`.
 * @throws ArgumentError unless `repeats` is an integer >= 0.
 * @throws IndexError if `dim` is out of range.
 */
export function repeatInterleave(
  input: Tensor,
  repeats: number,
  options: { readonly dim?: number } = {},
  ...surplus: []
): Tensor {
  noMore("repeatInterleave", surplus);
  checkOptions("repeatInterleave", options, ["dim"]);
  return wrap(ops.repeatInterleave(nodeOf("repeatInterleave", "input", input), repeats, options.dim ?? null));
}

/**
 * Elements on and below a diagonal of the last two dims, 0 elsewhere. Shapes: `[…, m, n]` → the same.
 * @throws ShapeError if there are fewer than 2 dims.
 * @throws ArgumentError if `diagonal` is no integer.
 */
export function tril(input: Tensor, options: { readonly diagonal?: number } = {}, ...surplus: []): Tensor {
  noMore("tril", surplus);
  checkOptions("tril", options, ["diagonal"]);
  checkWholeNumber("tril", "diagonal", options.diagonal ?? 0);
  return wrap(ops.tril(nodeOf("tril", "input", input), options.diagonal));
}

/**
 * Elements on and above a diagonal of the last two dims, 0 elsewhere. Shapes: `[…, m, n]` → the same.
 * @throws ShapeError if there are fewer than 2 dims.
 * @throws ArgumentError if `diagonal` is no integer.
 */
export function triu(input: Tensor, options: { readonly diagonal?: number } = {}, ...surplus: []): Tensor {
  noMore("triu", surplus);
  checkOptions("triu", options, ["diagonal"]);
  checkWholeNumber("triu", "diagonal", options.diagonal ?? 0);
  return wrap(ops.triu(nodeOf("triu", "input", input), options.diagonal));
}

/**
 * The diagonal of a matrix, or a matrix with the vector as its diagonal.
 *
 * Shapes: `[m, n]` → `[min(m, n)]`, less off the main diagonal; `[n]` → `[n + |diagonal|, n + |diagonal|]`.
 * @throws ArgumentError unless the input is a vector or a matrix, and `diagonal` an integer.
 */
export function diag(input: Tensor, options: { readonly diagonal?: number } = {}, ...surplus: []): Tensor {
  noMore("diag", surplus);
  checkOptions("diag", options, ["diagonal"]);
  const { diagonal = 0 } = options;
  checkWholeNumber("diag", "diagonal", diagonal);
  const x = nodeOf("diag", "input", input);
  if (x.shape.length === 2) return wrap(ops.diagonal(x, diagonal));
  if (x.shape.length !== 1) {
    throw new ArgumentError(`diag: takes a vector or a matrix (input [${x.shape.join(",")}])`, { op: "diag" });
  }
  const size = (x.shape[0] as number) + Math.abs(diagonal);
  const position = (dims: number[], shift: number) =>
    ops.add(ops.reshape(ops.iota(size), dims), ops.constant(shift, "int32"));
  const isOn = ops.eq(position([size, 1], diagonal), position([1, size], 0));
  const before = diagonal > 0 ? 0 : -diagonal;
  const padded = ops.pad(x, [before], [size - before - (x.shape[0] as number)], 0); // rows
  return wrap(ops.where(isOn, ops.reshape(padded, [size, 1]), ops.constantLike(x, 0)));
}

/**
 * Coordinates of a grid: one tensor an input, all of the grid's shape. Views.
 *
 * Shapes: `[a]`, `[b]`, … → tensors `[a, b, …]`; `[b, a, …]` with `indexing: "xy"`.
 * @throws ShapeError if one has more than one dim.
 * @throws ArgumentError if `indexing` is another name.
 */
export function meshgrid(
  tensors: readonly Tensor[],
  options: { readonly indexing?: "ij" | "xy" } = {},
  ...surplus: []
): Tensor[] {
  noMore("meshgrid", surplus);
  checkOptions("meshgrid", options, ["indexing"]);
  checkList("meshgrid", "tensors", tensors);
  const { indexing = "ij" } = options;
  if (indexing !== "ij" && indexing !== "xy") {
    throw new ArgumentError(`meshgrid: indexing must be "ij" or "xy", got ${JSON.stringify(indexing)}`, {
      op: "meshgrid",
    });
  }
  const sizes = tensors.map((x, i) => {
    const { shape, size } = nodeOf("meshgrid", `tensors[${i}]`, x);
    if (shape.length <= 1) return size;
    throw new ShapeError(`meshgrid: takes vectors and 0-d tensors, tensors[${i}] has shape [${shape.join(",")}]`, {
      op: "meshgrid",
      shapes: [shape],
    });
  });
  const order = sizes.map((_, d) => (indexing === "xy" && d < 2 && sizes.length > 1 ? 1 - d : d));
  const shape = order.map((d) => sizes[d] as number);
  return tensors.map((x, i) => {
    const own = shape.map((size, d) => (order[d] === i ? size : 1));
    return expand(reshape(x, own), shape);
  });
}

/**
 * All grown to their common shape, without copies. Shapes: any that broadcast → the common shape, of each.
 * @throws ShapeError if the shapes do not broadcast.
 */
export function broadcastTensors(tensors: readonly Tensor[], ...surplus: []): Tensor[] {
  noMore("broadcastTensors", surplus);
  const shape = broadcastShapes("broadcastTensors", ...nodesOf("broadcastTensors", tensors).map((x) => x.shape));
  return tensors.map((x) => expand(x, shape));
}

type PadMode = "constant" | "reflect" | "replicate" | "circular";

/**
 * Pads the last dims: `padding` holds (before, after) of the last dim, then of the one before, and so on. `value`
 * (default 0) fills with mode "constant".
 *
 * Shapes: `[…, W]` with `[a, b]` → `[…, a + W + b]`; negative numbers cut.
 * @throws ShapeError if more is cut than there is, or reflected or repeated than the mode allows (at most W - 1, or W).
 * @throws ArgumentError unless sizes are pairs of integers, at most one a dim.
 */
export function pad(
  input: Tensor,
  padding: readonly number[],
  options: { readonly mode?: PadMode; readonly value?: number } = {},
  ...surplus: []
): Tensor {
  noMore("pad", surplus);
  checkOptions("pad", options, ["mode", "value"]);
  const x = nodeOf("pad", "input", input);
  const { mode = "constant", value = 0 } = options;
  return wrap(ops.padBorders(x, padding, mode, value));
}

// Functions that take and put elements by flat index, slices by index, and whole parts; membership.
import {
  ArgumentError,
  checkOptions,
  checkWholeNumber,
  DTypeError,
  formatShape,
  IndexError,
  noMore,
  normalizeDim,
  ShapeError,
  shapesEqual,
} from "../../base/index.js";
import type { Node } from "../../graph/index.js";
import type { ScatterReduction } from "../../ops/index.js";
import * as ops from "../../ops/index.js";
import { nodeOf, operand, sizesOf, type TensorLike } from "../args.js";
import { nonzero } from "../indexing.js";
import { isTensor, type Tensor, wrap } from "../tensor.js";
import { made } from "./define.js";
import { indexNode } from "./gather.js";
import { isinNode } from "./pairs.js";

const flat = (x: Node): Node => ops.reshape(x, [x.size]);

/**
 * Elements by their position in the flat tensor; negative ones count from the end.
 *
 * Shapes: any, index of any shape → that of `index`.
 * @throws IndexError if a position is out of range: at the call where its value is known, else at the read or step that
 * computes it.
 * @throws DTypeError if `index` is no integer tensor.
 */
export function take(input: Tensor, index: Tensor, ...surplus: []): Tensor {
  noMore("take", surplus);
  return made("take", () =>
    ops.indexGather(flat(nodeOf("take", "input", input)), [indexNode("take", index)], [0], "take"),
  );
}

export function putNode(x: Node, index: Tensor, source: Tensor, accumulate: boolean): Node {
  const at = flat(indexNode("put", index));
  const values = flat(sameDType("put", "source", nodeOf("put", "source", source), x));
  if (at.size !== values.size) {
    throw new ShapeError(`put: ${at.size} positions in index but ${values.size} elements in source`, {
      op: "put",
      shapes: [index.shape, source.shape],
    });
  }
  return ops.reshape(ops.indexPut(flat(x), [at], [0], values, { accumulate, op: "put" }), x.shape);
}

/**
 * A copy with `source` written (or with `accumulate` added) at positions of the flat tensor.
 *
 * Shapes: any, index and source of as many elements → that of the input.
 * @throws ShapeError unless `index` and `source` have as many elements.
 * @throws IndexError if a position is out of range.
 * @throws DTypeError if `index` is no integer tensor, or `source` has another dtype than the input.
 */
export function put(
  input: Tensor,
  index: Tensor,
  source: Tensor,
  options: { readonly accumulate?: boolean } = {},
  ...surplus: []
): Tensor {
  noMore("put", surplus);
  checkOptions("put", options, ["accumulate"]);
  return made("put", () => putNode(nodeOf("put", "input", input), index, source, options.accumulate ?? false));
}

export function sameDType(op: string, name: string, value: Node, x: Node): Node {
  if (value.dtype === x.dtype) return value;
  throw new DTypeError(`${op}: ${name} is ${value.dtype} but the tensor ${x.dtype}; convert one with .to(dtype)`, {
    op,
  });
}

export function scatterReduceNode(
  x: Node,
  dim: number,
  index: Tensor,
  src: Tensor,
  reduce: ScatterReduction,
  options: { readonly includeSelf?: boolean } | undefined,
): Node {
  const op = "scatterReduce";
  checkOptions(op, options, ["includeSelf"]);
  const d = normalizeDim(op, dim, x.shape.length);
  return ops.scatterReduce(x, d, indexNode(op, index), nodeOf(op, "src", src), reduce, options?.includeSelf ?? true);
}

/**
 * A copy where the elements of `src` that `index` sends to one place along `dim` are combined by "sum", "prod", "mean",
 * "amax" or "amin"; with the old value, unless `includeSelf` is false.
 *
 * Shapes: input `[…, n, …]`, index and src with as many dims and no larger sizes outside `dim` → that of the input.
 * @throws ShapeError if the dims differ in number, or `index` is larger than `src` or, outside `dim`, than the input.
 * @throws IndexError if `dim` or an index is out of range.
 * @throws DTypeError if `index` is no integer tensor, or `src` has another dtype than the input.
 * @throws ArgumentError if `reduce` is another name.
 */
export function scatterReduce(
  input: Tensor,
  dim: number,
  index: Tensor,
  src: Tensor,
  reduce: ScatterReduction,
  options?: { readonly includeSelf?: boolean },
  ...surplus: []
): Tensor {
  noMore("scatterReduce", surplus);
  return made("scatterReduce", () =>
    scatterReduceNode(nodeOf("scatterReduce", "input", input), dim, index, src, reduce, options),
  );
}

/** A vector of indices; a 0-d one counts as one. */
function indexVector(op: string, index: Tensor): Node {
  const at = indexNode(op, index);
  if (at.shape.length <= 1) return flat(at);
  throw new ArgumentError(`${op}: index must be a vector (index [${at.shape.join(",")}])`, { op });
}

export function indexAddNode(x: Node, dim: number, index: Tensor, source: Tensor, alpha = 1): Node {
  const op = "indexAdd";
  const d = normalizeDim(op, dim, x.shape.length);
  const values = sameDType(op, "source", nodeOf(op, "source", source), x);
  const scaled = alpha === 1 ? values : ops.mul(values, operand(op, "alpha", alpha, x.dtype));
  if (x.shape.length > 0) return ops.indexAdd(x, d, indexVector(op, index), scaled);
  return ops.reshape(ops.indexAdd(flat(x), 0, indexVector(op, index), flat(scaled)), []);
}

/**
 * A copy with slice t of `source`, times `alpha`, added to slice `index[t]` along `dim`.
 *
 * Shapes: input `[…, n, …]`, index `[m]`, source `[…, m, …]` → that of the input.
 * @throws ShapeError if the source does not fit.
 * @throws IndexError if `dim` or an index is out of range.
 * @throws DTypeError if `index` is no integer tensor, or `source` has another dtype than the input.
 * @throws ArgumentError if `index` is no vector.
 */
export function indexAdd(
  input: Tensor,
  dim: number,
  index: Tensor,
  source: Tensor,
  options: { readonly alpha?: number } = {},
  ...surplus: []
): Tensor {
  noMore("indexAdd", surplus);
  checkOptions("indexAdd", options, ["alpha"]);
  return made("indexAdd", () => indexAddNode(nodeOf("indexAdd", "input", input), dim, index, source, options.alpha));
}

export function indexCopyNode(x: Node, dim: number, index: Tensor, source: Tensor): Node {
  const op = "indexCopy";
  const d = normalizeDim(op, dim, x.shape.length);
  const values = sameDType(op, "source", nodeOf(op, "source", source), x);
  const at = indexVector(op, index);
  const [target, from] = x.shape.length > 0 ? [x, values] : [flat(x), flat(values)];
  const wanted = target.shape.map((n, i) => (i === d ? at.size : n));
  if (!shapesEqual(from.shape, wanted)) {
    throw new ShapeError(
      `${op}: source must have the input's shape with ${at.size} slices along dim ${dim}, one for each index (input ${formatShape(x.shape)}, source ${formatShape(values.shape)})`,
      { op, shapes: [x.shape, values.shape] },
    );
  }
  return ops.reshape(ops.indexPut(target, [at], [d], from, { op }), x.shape);
}

/**
 * A copy with slice t of `source` at slice `index[t]` along `dim`.
 *
 * Shapes: input `[…, n, …]`, index `[m]`, source `[…, m, …]` → that of the input.
 * @throws ShapeError if the source does not fit.
 * @throws IndexError if `dim` or an index is out of range.
 * @throws DTypeError if `index` is no integer tensor, or `source` has another dtype than the input.
 * @throws ArgumentError if `index` is no vector.
 */
export function indexCopy(input: Tensor, dim: number, index: Tensor, source: Tensor, ...surplus: []): Tensor {
  noMore("indexCopy", surplus);
  return made("indexCopy", () => indexCopyNode(nodeOf("indexCopy", "input", input), dim, index, source));
}

export function indexFillNode(x: Node, dim: number, index: Tensor, value: TensorLike): Node {
  const op = "indexFill";
  const d = normalizeDim(op, dim, x.shape.length);
  const fill = ops.cast(operand(op, "value", value, x.dtype), x.dtype);
  if (fill.shape.length > 0) throw new ArgumentError(`${op}: value must be a number or a 0-d tensor`, { op });
  if (x.shape.length > 0) return ops.indexPut(x, [indexVector(op, index)], [d], fill, { op });
  return ops.reshape(ops.indexPut(flat(x), [indexVector(op, index)], [0], fill, { op }), []);
}

/**
 * A copy with `value` in the slices `index` along `dim`. Shapes: input `[…, n, …]`, index `[m]` → that of the input.
 * @throws IndexError if `dim` or an index is out of range.
 * @throws DTypeError if `index` is no integer tensor.
 * @throws ArgumentError if `index` is no vector, or `value` has dims.
 */
export function indexFill(input: Tensor, dim: number, index: Tensor, value: TensorLike, ...surplus: []): Tensor {
  noMore("indexFill", surplus);
  return made("indexFill", () => indexFillNode(nodeOf("indexFill", "input", input), dim, index, value));
}

export function indexPutNode(x: Node, indices: readonly Tensor[], values: Tensor, accumulate: boolean): Node {
  const op = "indexPut";
  if (!Array.isArray(indices)) throw new ArgumentError(`${op}: indices must be an array of tensors, one a dim`, { op });
  const source = sameDType(op, "values", nodeOf(op, "values", values), x);
  if (indices.length === 0) throw new ArgumentError(`${op}: indices must name at least one dim`, { op });
  const lists = indices.flatMap((index, i) => {
    if (isTensor(index) && index.dtype === "bool") return maskColumns(index);
    return [indexNode(op, index, `indices[${i}]`)];
  });
  if (lists.length > x.shape.length) {
    throw new IndexError(`${op}: ${lists.length} indices for ${x.shape.length} dims (input ${formatShape(x.shape)})`, {
      op,
      shapes: [x.shape],
    });
  }
  return ops.indexPut(
    x,
    lists,
    lists.map((_, d) => d),
    source,
    { accumulate },
  );
}

/** The positions of a mask's true elements, one vector a dim. A read: their number is a shape. */
function maskColumns(mask: Tensor): Node[] {
  const rows = nonzero(mask).node;
  return Array.from({ length: rows.shape[1] as number }, (_, d) => ops.select(rows, 1, d));
}

/**
 * A copy with `values` written (or with `accumulate` added) at `indices`, one tensor a dim; a bool tensor is a mask
 * over as many dims as it has.
 *
 * Shapes: input `[n0, …, nr]`, k indices that broadcast to `[…]`, values that broadcast to `[…, nk, …, nr]` → that of
 * the input.
 * @throws ShapeError if the indices or values do not broadcast.
 * @throws IndexError if an index is out of range, or there are more indices than dims.
 * @throws DTypeError if an index is neither an integer nor a bool tensor, or `values` has another dtype than the input.
 * @throws ArgumentError if there are no indices.
 */
export function indexPut(
  input: Tensor,
  indices: readonly Tensor[],
  values: Tensor,
  options: { readonly accumulate?: boolean } = {},
  ...surplus: []
): Tensor {
  noMore("indexPut", surplus);
  checkOptions("indexPut", options, ["accumulate"]);
  return made("indexPut", () =>
    indexPutNode(nodeOf("indexPut", "input", input), indices, values, options.accumulate ?? false),
  );
}

export function maskedScatterNode(x: Node, mask: Tensor, source: Tensor): Node {
  const op = "maskedScatter";
  const where = nodeOf(op, "mask", mask);
  if (where.dtype !== "bool") throw new DTypeError(`${op}: mask must be a bool tensor, is ${where.dtype}`, { op });
  const values = flat(sameDType(op, "source", nodeOf(op, "source", source), x));
  const wide = ops.expandTo(where, x.shape);
  const order = ops.sub(ops.cumsum(flat(wide), 0), ops.constant(1n, "int64"));
  const place = ops.where(flat(wide), order, ops.constant(0n, "int64"));
  if (x.size === 0 || values.size === 0) return x;
  const taken = ops.gather(values, 0, place, { op, what: "number of an element in source," });
  return ops.where(wide, ops.reshape(taken, x.shape), x);
}

/**
 * A copy where the elements of `source`, in order, stand where the mask is true.
 *
 * Shapes: any, mask that broadcasts to it, source of any shape → that of the input.
 * @throws ShapeError if the mask does not broadcast to the input.
 * @throws DTypeError if the mask is no bool tensor, or `source` has another dtype than the input.
 * @throws IndexError if `source` has fewer elements than the mask true ones, at the read or step that computes it.
 */
export function maskedScatter(input: Tensor, mask: Tensor, source: Tensor, ...surplus: []): Tensor {
  noMore("maskedScatter", surplus);
  return made("maskedScatter", () => maskedScatterNode(nodeOf("maskedScatter", "input", input), mask, source));
}

/**
 * A copy with `src` at position `index` of `dim`. Shapes: input `[…, n, …]`, src `[…, …]` → that of the input.
 * @throws ShapeError unless `src` has the input's shape without `dim`.
 * @throws IndexError if `dim` is out of range.
 * @throws ArgumentError if `index` is no integer or out of range.
 */
export function selectScatter(input: Tensor, src: Tensor, dim: number, index: number, ...surplus: []): Tensor {
  const op = "selectScatter";
  noMore(op, surplus);
  const x = nodeOf(op, "input", input);
  const d = normalizeDim(op, dim, x.shape.length);
  checkWholeNumber(op, "index", index);
  const at = index < 0 ? index + (x.shape[d] as number) : index;
  const given = nodeOf(op, "src", src);
  const wanted = x.shape.filter((_, i) => i !== d);
  if (x.shape.length === 0 || !shapesEqual(given.shape, wanted)) {
    throw new ShapeError(
      `${op}: src must have the input's shape without dim ${dim} (input ${formatShape(x.shape)}, src ${formatShape(given.shape)})`,
      { op, shapes: [x.shape, given.shape] },
    );
  }
  const part = ops.unsqueeze(given, d);
  return made(op, () => replaced(op, x, part, d, at, 1));
}

export interface SliceScatterOptions {
  /** The dim that is written along; default 0. */
  readonly dim?: number;
  /** First position; default 0. */
  readonly start?: number;
  /** Position after the last; default the size of the dim. */
  readonly end?: number;
  /** Distance of the positions; default 1. */
  readonly step?: number;
}

/**
 * A copy with `src` in the slice start, start + step, … below end of `dim` (0).
 *
 * Shapes: input `[…, n, …]`, src that broadcasts to `[…, m, …]` for m places → that of the input.
 * @throws ShapeError if `src` does not broadcast to the slice, or the input is 0-d.
 * @throws IndexError if `dim` is out of range.
 * @throws ArgumentError unless `start` and `end` are integers and `step` a positive one.
 */
export function sliceScatter(input: Tensor, src: Tensor, options: SliceScatterOptions = {}, ...surplus: []): Tensor {
  const op = "sliceScatter";
  noMore(op, surplus);
  checkOptions(op, options, ["dim", "start", "end", "step"]);
  const x = nodeOf(op, "input", input);
  const d = normalizeDim(op, options.dim ?? 0, x.shape.length);
  if (x.shape.length === 0) throw new ShapeError(`${op}: needs at least 1 dim (input [])`, { op, shapes: [[]] });
  for (const name of ["start", "end"] as const) {
    if (options[name] !== undefined) checkWholeNumber(op, name, options[name]);
  }
  checkWholeNumber(op, "step", options.step ?? 1, 1);
  const size = x.shape[d] as number;
  const bound = (value: number) => Math.min(size, Math.max(0, value < 0 ? value + size : value));
  const { step = 1 } = options;
  const [start, end] = [bound(options.start ?? 0), bound(options.end ?? size)];
  const count = Math.max(0, Math.ceil((end - start) / step));
  const part = nodeOf(op, "src", src);
  const wanted = x.shape.map((n, i) => (i === d ? count : n));
  return made(op, () => (count === 0 ? x : replaced(op, x, ops.expandTo(part, wanted), d, start, step)));
}

/** `x` with `part` at places start, start + step … of dim d. */
function replaced(op: string, x: Node, part: Node, d: number, start: number, step: number): Node {
  const count = part.shape[d] as number;
  if (start < 0 || start + (count - 1) * step >= (x.shape[d] as number)) {
    throw new ArgumentError(`${op}: position ${start} is out of range (input [${x.shape.join(",")}], dim ${d})`, {
      op,
    });
  }
  const mask = ops.placeSlice(ops.full(part.shape, true, "bool"), x.shape, d, start, step);
  return ops.where(mask, ops.placeSlice(ops.cast(part, x.dtype), x.shape, d, start, step), x);
}

/**
 * A copy with `src` on a diagonal of two dims.
 *
 * Shapes: input `[m, n]`, src `[min(m, n)]` with offset 0 → that of the input; other dims come first in `src`, as in
 * {@link diagonal}.
 * @throws ShapeError unless there are two different dims, and `src` broadcasts to the diagonal.
 * @throws IndexError if a dim is out of range.
 * @throws DTypeError if `src` has another dtype than the input.
 * @throws ArgumentError if `offset` is no integer.
 */
export function diagonalScatter(
  input: Tensor,
  src: Tensor,
  options: { readonly offset?: number; readonly dim1?: number; readonly dim2?: number } = {},
  ...surplus: []
): Tensor {
  const op = "diagonalScatter";
  noMore(op, surplus);
  checkOptions(op, options, ["offset", "dim1", "dim2"]);
  const { offset = 0, dim1 = 0, dim2 = 1 } = options;
  const x = nodeOf(op, "input", input);
  checkWholeNumber(op, "offset", offset);
  return made(op, () => {
    const places = ops.diagonal(ops.reshape(ops.iota(x.size), x.shape), offset, dim1, dim2);
    const values = ops.expandTo(sameDType(op, "src", nodeOf(op, "src", src), x), places.shape);
    return ops.reshape(ops.indexPut(flat(x), [flat(places)], [0], flat(values)), x.shape);
  });
}

/**
 * Positions (int32) of elements that are not 0, one row each. A read: computes the tensor now.
 *
 * Shapes: any → `[found, dims]`.
 */
export function argwhere(input: Tensor, ...surplus: []): Tensor {
  noMore("argwhere", surplus);
  return nonzero(input);
}

/**
 * For each dim of `shape` the index of the elements at flat positions `indices`.
 *
 * Shapes: any → one tensor of the same for each dim.
 * @throws DTypeError if `indices` is no integer tensor.
 * @throws ArgumentError if a size is no integer.
 */
export function unravelIndex(indices: Tensor, shape: number | readonly number[], ...surplus: []): Tensor[] {
  const op = "unravelIndex";
  noMore(op, surplus);
  const sizes = sizesOf(op, [shape]);
  let rest = indexNode(op, indices, "indices");
  const parts: Node[] = [];
  for (const size of [...sizes].reverse()) {
    const by = ops.constant(rest.dtype === "int64" ? BigInt(size) : size, rest.dtype);
    parts.unshift(ops.rem(rest, by));
    rest = ops.intdiv(rest, by);
  }
  return parts.map(wrap);
}

export interface IsinOptions {
  /** True asks which elements are not among them. */
  readonly invert?: boolean;
  /** Promises that no value is there twice; changes nothing. */
  readonly assumeUnique?: boolean;
}

/**
 * Whether each element is among `testElements`, as bool.
 *
 * Shapes: any, testElements of any shape → that of `elements`.
 */
export function isin(
  elements: TensorLike,
  testElements: TensorLike,
  options: IsinOptions = {},
  ...surplus: []
): Tensor {
  noMore("isin", surplus);
  checkOptions("isin", options, ["invert", "assumeUnique"]);
  const like = isTensor(elements) ? elements.dtype : isTensor(testElements) ? testElements.dtype : "float32";
  const [a, b] = [operand("isin", "elements", elements, like), operand("isin", "testElements", testElements, like)];
  return made("isin", () => isinNode(a, b, options.invert ?? false));
}

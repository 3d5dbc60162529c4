// Functions that take elements by index or condition, sort, and scatter.
import { ArgumentError, checkOptions, DTypeError, isInteger, named, noMore, normalizeDim } from "../../base/index.js";
import type { Node } from "../../graph/index.js";
import * as ops from "../../ops/index.js";
import { nodeOf, operand, optionsWith, type TensorLike } from "../args.js";
import { checkHostIndices } from "../index-checks.js";
import { readValues } from "../read.js";
import { type Tensor, wrap } from "../tensor.js";
import type { ValuesIndices } from "./reduction.js";

export function indexNode(op: string, index: unknown, name = "index"): Node {
  const node = nodeOf(op, name, index);
  if (isInteger(node.dtype)) return node;
  throw new DTypeError(`${op}: ${name} must be of an integer dtype, is ${node.dtype}; convert it with .to("int64")`, {
    op,
  });
}

/**
 * `out[i][j] = input[index[i][j]][j]` for dim 0: one element of `input` along `dim` for each of `index`.
 *
 * Shapes: input `[…, n, …]`, index `[…, m, …]`, whose other sizes are not larger → that of `index`.
 * @throws ShapeError if `index` has other dims than the input, or larger sizes outside `dim`.
 * @throws IndexError if `dim` is out of range, or an index is: at the call where its values are known, else at the read
 * or step that computes it.
 * @throws DTypeError if `index` is no integer tensor.
 */
export function gather(input: Tensor, dim: number, index: Tensor, ...surplus: []): Tensor {
  noMore("gather", surplus);
  const x = nodeOf("gather", "input", input);
  const d = normalizeDim("gather", dim, x.shape.length);
  const at = indexNode("gather", index);
  return wrap(ops.gather(x, d, at));
}

/**
 * As {@link gather}; shapes broadcast outside `dim`, and without `dim` the flat input is taken from.
 *
 * Shapes: input `[…, n, …]`, indices `[…, m, …]` → `[…, m, …]`, broadcast; without `dim` → `[k]` for k indices.
 * @throws ShapeError if the dims differ in number, or do not broadcast outside `dim`.
 * @throws IndexError if `dim` or an index is out of range.
 * @throws DTypeError if `indices` is no integer tensor.
 */
export function takeAlongDim(input: Tensor, indices: Tensor, dim?: number, ...surplus: []): Tensor {
  noMore("takeAlongDim", surplus);
  const x = nodeOf("takeAlongDim", "input", input);
  const at = indexNode("takeAlongDim", indices, "indices");
  if (dim === undefined) return wrap(ops.takeAlongDim(ops.reshape(x, [x.size]), ops.reshape(at, [at.size]), 0));
  const d = normalizeDim("takeAlongDim", dim, x.shape.length);
  return wrap(ops.takeAlongDim(x, at, d));
}

/**
 * Rows (or other slices along `dim`) in the order of a vector of indices.
 *
 * Shapes: input `[…, n, …]`, index `[m]` → `[…, m, …]`.
 * @throws ShapeError if `index` is no vector.
 * @throws IndexError if `dim` or an index is out of range.
 * @throws DTypeError if `index` is no integer tensor.
 */
export function indexSelect(input: Tensor, dim: number, index: Tensor, ...surplus: []): Tensor {
  noMore("indexSelect", surplus);
  const x = nodeOf("indexSelect", "input", input);
  const d = normalizeDim("indexSelect", dim, x.shape.length);
  const at = indexNode("indexSelect", index);
  return wrap(ops.indexSelect(x, d, at));
}

export interface ScatterOptions {
  /** Adds or multiplies instead of replacing. */
  readonly reduce?: "add" | "multiply";
}

/**
 * A copy with `src` written at `index` along `dim`. Where indices repeat the last one counts; with `reduce` all are
 * added to what is there, or multiplied with it.
 *
 * Shapes: input `[…, n, …]`, index and src with as many dims and no larger sizes outside `dim` → that of the input.
 * @throws ShapeError if the dims differ in number, or `index` is larger than `src` or, outside `dim`, than the input.
 * @throws IndexError if `dim` or an index is out of range.
 * @throws DTypeError if `index` is no integer tensor, or `src` has another dtype than the input.
 * @throws ArgumentError if `reduce` is another name.
 */
export function scatter(
  input: Tensor,
  dim: number,
  index: Tensor,
  src: TensorLike,
  options: ScatterOptions = {},
  ...surplus: []
): Tensor {
  noMore("scatter", surplus);
  return wrap(scatterNode(input, dim, index, src, options));
}

export function scatterNode(input: Tensor, dim: number, index: Tensor, src: TensorLike, options: ScatterOptions): Node {
  checkOptions("scatter", options, ["reduce"]);
  const { reduce } = options;
  if (reduce === undefined) return scattered("scatter", input, dim, index, src, ops.scatter);
  if (reduce !== "add" && reduce !== "multiply") {
    throw new ArgumentError(`scatter: reduce must be "add" or "multiply", got ${JSON.stringify(reduce)}`, {
      op: "scatter",
    });
  }
  return scattered("scatter", input, dim, index, src, (x, d, at, source) =>
    ops.scatterReduce(x, d, at, source, reduce === "add" ? "sum" : "prod"),
  );
}

/**
 * A copy with `src` added at `index` along `dim`.
 *
 * Shapes: input `[…, n, …]`, index and src with as many dims and no larger sizes outside `dim` → that of the input.
 * @throws ShapeError if the dims differ in number, or `index` is larger than `src` or, outside `dim`, than the input.
 * @throws IndexError if `dim` or an index is out of range.
 * @throws DTypeError if `index` is no integer tensor, or `src` has another dtype than the input.
 */
export function scatterAdd(input: Tensor, dim: number, index: Tensor, src: Tensor, ...surplus: []): Tensor {
  noMore("scatterAdd", surplus);
  return wrap(scatterAddNode(input, dim, index, src));
}

export function scatterAddNode(input: Tensor, dim: number, index: Tensor, src: Tensor): Node {
  return scattered("scatterAdd", input, dim, index, src, ops.scatterAdd);
}

function scattered(
  op: string,
  input: Tensor,
  dim: number,
  index: Tensor,
  src: TensorLike,
  compute: (x: Node, dim: number, index: Node, src: Node) => Node,
): Node {
  const x = nodeOf(op, "input", input);
  const d = normalizeDim(op, dim, x.shape.length);
  const at = indexNode(op, index);
  const source = operand(op, "src", src, x.dtype);
  if (source.dtype !== x.dtype) {
    throw new DTypeError(`${op}: src is ${source.dtype} but the tensor ${x.dtype}; convert one with .to(dtype)`, {
      op,
    });
  }
  return compute(x, d, at, source.shape.length === 0 && at.shape.length > 0 ? ops.expand(source, at.shape) : source);
}

interface SortOptions {
  /** The dim that is put in order; default the last. */
  readonly dim?: number;
  /** The largest first; default false. */
  readonly descending?: boolean;
  /** Sorting always keeps the order of equal elements. */
  readonly stable?: boolean;
}

const sortOptions = ["dim", "descending", "stable"] as const;

/**
 * Values in order along `dim` (the last by default) and where each came from (int32). NaN counts as the largest.
 *
 * Shapes: `[…, n, …]` → values and indices of the same.
 * @throws IndexError if `dim` is out of range.
 * @throws ArgumentError if options are given twice.
 */
export function sort(input: Tensor, dim?: number | SortOptions, options?: SortOptions, ...surplus: []): ValuesIndices {
  const { stable: _, ...given } = optionsWith<SortOptions>("sort", "dim", dim, options, sortOptions, surplus);
  return pair(ops.sort(nodeOf("sort", "input", input), given));
}

/**
 * Positions (int32) that put `dim` (the last by default) in order. Shapes: any → the same.
 * @throws IndexError if `dim` is out of range.
 * @throws ArgumentError if options are given twice.
 */
export function argsort(input: Tensor, dim?: number | SortOptions, options?: SortOptions, ...surplus: []): Tensor {
  const { stable: _, ...given } = optionsWith<SortOptions>("argsort", "dim", dim, options, sortOptions, surplus);
  return wrap(ops.argsort(nodeOf("argsort", "input", input), given));
}

function pair({ values, indices }: { values: Node; indices: Node }): ValuesIndices {
  return named({ values: wrap(values), indices: wrap(indices) });
}

interface TopkOptions {
  /** The dim to choose from; default the last. */
  readonly dim?: number;
  /** Default true; false gives the smallest. */
  readonly largest?: boolean;
  /** Results always come in order. */
  readonly sorted?: boolean;
}

/**
 * The k largest values along `dim` (the last by default) and where they are (int32).
 *
 * Shapes: `[…, n, …]` → values and indices `[…, k, …]`.
 * @throws ArgumentError unless `k` lies in [0, n], and if options are given twice.
 * @throws IndexError if `dim` is out of range.
 */
export function topk(
  input: Tensor,
  k: number,
  dim?: number | TopkOptions,
  options?: TopkOptions,
  ...surplus: []
): ValuesIndices {
  const given = optionsWith<TopkOptions>("topk", "dim", dim, options, ["dim", "largest", "sorted"], surplus);
  const { sorted: _, ...rest } = given;
  return pair(ops.topk(nodeOf("topk", "input", input), k, rest));
}

/**
 * The k-th smallest value along `dim` (the last by default) and where it is (int32).
 *
 * Shapes: `[…, n, …]` → values and indices `[…, …]`, with size 1 for n if `keepdim`.
 * @throws ArgumentError unless `k` lies in [1, n], and if options are given twice.
 * @throws IndexError if `dim` is out of range.
 */
export function kthvalue(
  input: Tensor,
  k: number,
  dim?: number | { readonly dim?: number; readonly keepdim?: boolean },
  options?: { readonly keepdim?: boolean },
  ...surplus: []
): ValuesIndices {
  const given = optionsWith<{ dim?: number; keepdim?: boolean }>(
    "kthvalue",
    "dim",
    dim,
    options,
    ["dim", "keepdim"],
    surplus,
  );
  return pair(ops.kthvalue(nodeOf("kthvalue", "input", input), k, given.dim, given.keepdim));
}

/**
 * 1 at each element's class, else 0, as int64. Without `numClasses` the largest class is read from the values.
 *
 * Shapes: `[…]` → `[…, classes]`.
 * @throws IndexError if a class is negative or not below `numClasses`.
 * @throws DTypeError if the input is no integer tensor.
 * @throws ArgumentError unless `numClasses` is a positive integer.
 */
export function oneHot(input: Tensor, numClasses?: number, ...surplus: []): Tensor {
  noMore("oneHot", surplus);
  const x = indexNode("oneHot", input, "input");
  const classes = numClasses ?? largest(readValues("oneHot", input)) + 1;
  checkHostIndices("oneHot", "class", x, 0, classes - 1);
  return wrap(ops.oneHot(x, classes, "int64"));
}

function largest(values: ArrayLike<number | bigint>): number {
  let found = -1;
  for (let i = 0; i < values.length; i++) found = Math.max(found, Number(values[i]));
  return found;
}

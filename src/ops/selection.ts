// Choosing elements: masks, sorting, the largest k.
import { ArgumentError, DTypeError, normalizeDim } from "../base/index.js";
import type { Node } from "../graph/index.js";
import { constantLike, shapeError } from "./composing.js";
import { where } from "./elementwise.js";
import type { ValuesAndIndices } from "./extrema.js";
import { takeAlongDim } from "./indexing.js";
import { constant } from "./leaves.js";
import { narrow, select } from "./shaping.js";
import { argsort as argsortPrimitive } from "./sort.js";

/** x with `value` where the mask is true; the mask broadcasts to x. */
export function maskedFill(x: Node, mask: Node, value: number | Node): Node {
  if (mask.dtype !== "bool") {
    throw new DTypeError(`maskedFill: mask must be a bool tensor, is ${mask.dtype}`, { op: "maskedFill" });
  }
  const fill = typeof value === "number" ? constantLike(x, value) : value;
  if (fill.shape.length > 0)
    throw shapeError("maskedFill", "value must be a number or a 0-d tensor", { input: x, value: fill });
  return where(mask, fill, x);
}

export interface SortOptions {
  readonly dim?: number;
  readonly descending?: boolean;
}

/** Positions (int32) that put `dim` in order; equal elements keep theirs, NaN counts as largest. */
export function argsort(x: Node, { dim = -1, descending = false }: SortOptions = {}): Node {
  const d = normalizeDim("argsort", dim, x.shape.length);
  return x.shape.length === 0 ? constant(0, "int32") : argsortPrimitive(x, d, descending);
}

/** Values in order along `dim` and where each came from. */
export function sort(x: Node, options: SortOptions = {}): ValuesAndIndices {
  const d = normalizeDim("sort", options.dim ?? -1, x.shape.length);
  const indices = argsort(x, options);
  return { values: x.shape.length === 0 ? x : takeAlongDim(x, indices, d), indices };
}

export interface TopkOptions {
  readonly dim?: number;
  /** Default true; false gives the smallest. */
  readonly largest?: boolean;
}

/** The k largest values along `dim`, in descending order, and where they are. */
export function topk(x: Node, k: number, { dim = -1, largest = true }: TopkOptions = {}): ValuesAndIndices {
  const d = normalizeDim("topk", dim, x.shape.length);
  const size = x.shape[d] ?? 1;
  if (!Number.isInteger(k) || k < 0 || k > size) {
    throw new ArgumentError(`topk: k must lie in [0, ${size}], the size of dim ${dim}, got ${k}`, { op: "topk" });
  }
  const order = argsort(x, { dim: d, descending: largest });
  if (x.shape.length === 0) return { values: x, indices: order };
  const indices = narrow(order, d, 0, k);
  return { values: takeAlongDim(x, indices, d), indices };
}

/** The k-th smallest value along `dim` (1 is the smallest) and where it is. */
export function kthvalue(x: Node, k: number, dim = -1, keepdim = false): ValuesAndIndices {
  const d = normalizeDim("kthvalue", dim, x.shape.length);
  const size = x.shape[d] ?? 1;
  if (!Number.isInteger(k) || k < 1 || k > size) {
    throw new ArgumentError(`kthvalue: k must lie in [1, ${size}], the size of dim ${dim}, got ${k}`, {
      op: "kthvalue",
    });
  }
  const { values, indices } = sort(x, { dim: d });
  const part = (y: Node) => (x.shape.length === 0 ? y : keepdim ? narrow(y, d, k - 1, 1) : select(y, d, k - 1));
  return { values: part(values), indices: part(indices) };
}

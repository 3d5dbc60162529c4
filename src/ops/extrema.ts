// Largest and smallest elements along dims, their positions, and elementwise maxima.
import { isFloat, NumericError, normalizeDim, numel, type Shape } from "../base/index.js";
import type { Node } from "../graph/index.js";
import { apply } from "./apply.js";
import { constantLike, countAlong, dimList, keepDims } from "./composing.js";
import { defineComposite } from "./composite.js";
import { and, cast, div, eq, mul, ne, or, where } from "./elementwise.js";
import { constant, iota } from "./leaves.js";
import { expand, reshape } from "./movement.js";
import { amax, amin, sum } from "./reductions.js";
import type { Dims } from "./statistics.js";

/** Values and where they are along a dim (int32). */
export interface ValuesAndIndices {
  readonly values: Node;
  readonly indices: Node;
}

function checkNotEmpty(op: string, x: Node, dims: readonly number[]): void {
  if (countAlong(x.shape, dims) > 0) return;
  throw new NumericError(`${op}: no elements along dim ${dims.join(", ")} of shape [${x.shape.join(",")}]`, { op });
}

/** Position of each element along `dims` (row-major), in the input's shape. */
function positions(shape: Shape, dims: readonly number[]): Node {
  const sizes = shape.map((size, d) => (dims.includes(d) ? size : 1));
  return expand(reshape(iota(numel(sizes)), sizes), shape);
}

function firstAmong(x: Node, at: Node, dims: readonly number[], kind: "max" | "min", among: Node | null): Node {
  const extreme = keepDims(kind === "max" ? amax(x, dims) : amin(x, dims), x.shape, dims);
  const isEqual = eq(x, extreme);
  const isHit = isFloat(x.dtype) ? or(isEqual, ne(x, x)) : isEqual;
  const hit = among ? and(isHit, among) : isHit;
  // Among all there is a hit: if it is none of those before, it is the last.
  const none = countAlong(x.shape, dims) - (among ? 0 : 1);
  return amin(where(hit, at, constant(none, "int32")), dims);
}

/**
 * Where the first largest (or smallest) element along `dims` is, counted row-major over them; NaN counts as both. With
 * `among` only elements where it holds are candidates.
 */
export function firstIndex(x: Node, dims: readonly number[], kind: "max" | "min", among: Node | null = null): Node {
  return firstAmong(x, positions(x.shape, dims), dims, kind, among);
}

/**
 * The largest (or smallest) elements along `dims` and where the first of them is. All of the gradient goes there: the
 * value is read through the index, which forward and backward share. Recomputing the index in a gradient rule of its own
 * made the training step of a small CNN five times slower.
 */
export function firstElement(x: Node, dims: readonly number[], kind: "max" | "min"): ValuesAndIndices {
  const at = positions(x.shape, dims);
  const indices = firstAmong(x, at, dims, kind, null);
  // Without a gradient the value needs no index, so that a reader of the values alone does not compute it.
  if (!x.requiresGrad) return { values: kind === "max" ? amax(x, dims) : amin(x, dims), indices };
  const isPicked = eq(at, keepDims(indices, x.shape, dims));
  return { values: sum(where(isPicked, x, constantLike(x, 0)), dims), indices };
}

function argExtremum(op: "argmax" | "argmin", x: Node, dim: number | null, keepdim: boolean): Node {
  const dims = dimList(op, dim, x.shape.length);
  checkNotEmpty(op, x, dims);
  const input = cast(x, x.dtype === "bool" ? "uint8" : x.dtype);
  const index = dims.length === 0 ? constant(0, "int32") : firstIndex(input, dims, op === "argmax" ? "max" : "min");
  return keepdim ? keepDims(index, x.shape, dims) : index;
}

/** Position of the first largest element along `dim` (of the flat input without one), int32; a NaN counts as largest. */
export function argmax(x: Node, dim: number | null = null, keepdim = false): Node {
  return argExtremum("argmax", x, dim, keepdim);
}

/** Position of the first smallest element along `dim` (of the flat input without one), int32; a NaN counts as smallest. */
export function argmin(x: Node, dim: number | null = null, keepdim = false): Node {
  return argExtremum("argmin", x, dim, keepdim);
}

function extremumAlong(op: "max" | "min", x: Node, dim: number, keepdim: boolean): ValuesAndIndices {
  if (x.shape.length === 0) {
    normalizeDim(op, dim, 0);
    return { values: x, indices: constant(0, "int32") };
  }
  const dims = [normalizeDim(op, dim, x.shape.length)];
  checkNotEmpty(op, x, dims);
  const { values, indices } = firstElement(x, dims, op);
  const finish = (y: Node) => (keepdim ? keepDims(y, x.shape, dims) : y);
  return { values: finish(values), indices: finish(indices) };
}

/** Largest elements along `dim` and where they are first; all of the gradient goes to that place. */
export function maxAlong(x: Node, dim: number, keepdim = false): ValuesAndIndices {
  return extremumAlong("max", x, dim, keepdim);
}

/** Smallest elements along `dim` and where they are first; all of the gradient goes to that place. */
export function minAlong(x: Node, dim: number, keepdim = false): ValuesAndIndices {
  return extremumAlong("min", x, dim, keepdim);
}

function extremumOver(op: "amax" | "amin", x: Node, dim: Dims, keepdim: boolean): Node {
  const dims = dimList(op, dim, x.shape.length);
  checkNotEmpty(op, x, dims);
  const reduced = op === "amax" ? amax(x, dims) : amin(x, dims);
  return keepdim ? keepDims(reduced, x.shape, dims) : reduced;
}

/** Largest element over dims (all by default); equal ones share the gradient. */
export function amaxOver(x: Node, dim: Dims = null, keepdim = false): Node {
  return extremumOver("amax", x, dim, keepdim);
}

/** Smallest element over dims (all by default); equal ones share the gradient. */
export function aminOver(x: Node, dim: Dims = null, keepdim = false): Node {
  return extremumOver("amin", x, dim, keepdim);
}

// torch.max and torch.min of all elements share the gradient like amax and amin, but NaN counts as equal to NaN.
function defineTotal(op: "max" | "min") {
  const reduce = op === "max" ? amax : amin;
  return defineComposite(op, {
    infer: ([x]) => ({ shape: [], dtype: (x as Node).dtype }),
    compose: ([x]) => reduce(x as Node, allDims(x as Node)),
    vjp(y, grad) {
      const x = y.inputs[0] as Node;
      const isHit = cast(or(eq(x, y), and(ne(x, x), ne(y, y))), grad.dtype);
      return [mul(isHit, div(grad, sum(isHit, allDims(x))))];
    },
    saves: { inputs: [0], output: true },
  });
}

const allDims = (x: Node): number[] => x.shape.map((_, d) => d);
const maxPrimitive = defineTotal("max");
const minPrimitive = defineTotal("min");

/** Largest element of all; equal ones share the gradient. */
export function maxOfAll(x: Node): Node {
  checkNotEmpty("max", x, allDims(x));
  return x.shape.length === 0 ? x : apply(maxPrimitive, [x]);
}

/** Smallest element of all; equal ones share the gradient. */
export function minOfAll(x: Node): Node {
  checkNotEmpty("min", x, allDims(x));
  return x.shape.length === 0 ? x : apply(minPrimitive, [x]);
}

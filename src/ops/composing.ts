// Small tools that the compositions share.
import {
  DTypeError,
  floatDType,
  formatShape,
  isFloat,
  normalizeDim,
  normalizeDims,
  type Shape,
  ShapeError,
} from "../base/index.js";
import type { Node } from "../graph/index.js";
import { cast } from "./elementwise.js";
import { constant } from "./leaves.js";
import { reshape } from "./movement.js";

/** A 0-d constant of `x`'s dtype. */
export function constantLike(x: Node, value: number): Node {
  return constant(value, x.dtype);
}

/** `x` in a float dtype: integers and bool become float32. */
export function toFloat(x: Node): Node {
  return isFloat(x.dtype) ? x : cast(x, floatDType(x.dtype));
}

/** One dim, several, or (null) all of them, as a list of non-negative ones in ascending order. */
export function dimList(op: string, dim: number | readonly number[] | null | undefined, rank: number): number[] {
  if (dim === null || dim === undefined) return Array.from({ length: rank }, (_, d) => d);
  const dims = typeof dim === "number" ? [normalizeDim(op, dim, rank)] : normalizeDims(op, dim, rank);
  // A 0-d value takes dim 0 and -1 as if it had one dim.
  return rank === 0 ? [] : dims.sort((a, b) => a - b);
}

/** The shape after a reduction that keeps the reduced dims as 1. */
export function keptShape(shape: Shape, dims: readonly number[]): number[] {
  const out = [...shape];
  for (const d of dims) out[d] = 1;
  return out;
}

/** A reduced value with the reduced dims back as size 1, ready to broadcast against the unreduced one. */
export function keepDims(reduced: Node, shape: Shape, dims: readonly number[]): Node {
  return dims.length === 0 ? reduced : reshape(reduced, keptShape(shape, dims));
}

/** Number of elements along `dims`. */
export function countAlong(shape: Shape, dims: readonly number[]): number {
  let n = 1;
  for (const d of dims) n *= shape[d] as number;
  return n;
}

export function checkFloat(op: string, name: string, x: Node): void {
  if (isFloat(x.dtype)) return;
  throw new DTypeError(`${op}: ${name} must be a float tensor, is ${x.dtype}; convert it with .to("float32")`, { op });
}

export function shapeError(op: string, problem: string, named: Readonly<Record<string, Node>>): ShapeError {
  const shown = Object.entries(named).map(([name, x]) => `${name} ${formatShape(x.shape)}`);
  return new ShapeError(`${op}: ${problem} (${shown.join(", ")})`, {
    op,
    shapes: Object.values(named).map((x) => x.shape),
  });
}

// Views: chains of movements over a cell, with the strides PyTorch would have, and how to write through them.
import { contiguousStrides, numel, type Shape, shapesEqual } from "../base/index.js";
import type { Node } from "../graph/index.js";
import { constant, diagonal, expand, isData, part, permute, reshape, slice } from "../ops/index.js";
import { detached, leafOf } from "./alias.js";
import { diagonalScatter, expandScatter, sliceScatter } from "./view-writes.js";

/** Logical strides and offset in elements of the base: they decide what can be a view. */
export interface Layout {
  readonly shape: Shape;
  readonly strides: readonly number[];
  readonly offset: number;
}

export type ViewStep =
  | { readonly kind: "reshape"; readonly shape: Shape }
  | { readonly kind: "permute"; readonly dims: readonly number[] }
  | { readonly kind: "expand"; readonly shape: Shape }
  | {
      readonly kind: "slice";
      readonly dim: number;
      readonly start: number;
      readonly stop: number;
      readonly step: number;
    }
  | { readonly kind: "diagonal"; readonly offset: number; readonly dim1: number; readonly dim2: number }
  | { readonly kind: "detach" }
  /** Gradients end here, at a view that was made a leaf of its own. */
  | { readonly kind: "leaf"; readonly variable: object };

export function contiguousLayout(shape: Shape): Layout {
  return { shape, strides: contiguousStrides(shape), offset: 0 };
}

/** PyTorch's contiguity: dims of size 1 and empty tensors do not count. */
export function isContiguous({ shape, strides }: Layout): boolean {
  if (numel(shape) === 0) return true;
  let expected = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    const size = shape[d] as number;
    if (size === 1) continue;
    if (strides[d] !== expected) return false;
    expected *= size;
  }
  return true;
}

/** The value of the view, from the value of what it looks at. */
export function applyStep(step: ViewStep, x: Node): Node {
  switch (step.kind) {
    case "reshape":
      return reshape(x, step.shape);
    case "permute":
      return permute(x, step.dims);
    case "expand":
      return expand(x, step.shape);
    case "slice":
      // Where a part of data begins must not be a program of its own; in a model the compiler does best with what it knows.
      return (isData(x) ? part : slice)(x, step.dim, step.start, step.stop, step.step);
    case "diagonal":
      return diagonal(x, step.offset, step.dim1, step.dim2);
    case "detach":
      return detached(x);
    case "leaf":
      return leafOf(x, step.variable);
  }
}

/** What a write goes through: its value is made on demand, since nodes that nobody uses are computed as results. */
interface Target {
  readonly shape: Shape;
  value(): Node;
}

function seenThrough(step: ViewStep, x: Target): Target {
  const { shape } = stepLayout(step, contiguousLayout(x.shape)) as Layout;
  let made: Node | null = null;
  return {
    shape,
    value: () => {
      made ??= applyStep(step, x.value());
      return made;
    },
  };
}

/** What `x` becomes when `value` is written through the view. */
function writeStep(step: ViewStep, x: Target, value: Node): Node {
  switch (step.kind) {
    case "reshape":
      return reshape(value, x.shape);
    case "permute":
      return permute(value, inverse(step.dims));
    case "expand":
      // Only dims of size 1 were added: `writeThrough` sees to others.
      return reshape(value, x.shape);
    case "slice":
      return sliceScatter(x.value(), value, step);
    case "diagonal":
      return diagonalScatter(x.value(), value, step);
    case "detach":
    case "leaf":
      return value;
  }
}

/** What the base becomes when `value` is written through a chain of views. */
export function writeThrough(steps: readonly ViewStep[], base: Node, value: Node): Node {
  return writeInto(steps, { shape: base.shape, value: () => base }, value);
}

function writeInto([step, ...rest]: readonly ViewStep[], base: Target, value: Node): Node {
  if (!step) return value;
  const seen = seenThrough(step, base);
  const written = writeInto(rest, seen, value);
  if (step.kind !== "expand" || numel(seen.shape) === numel(base.shape)) return writeStep(step, base, written);
  // Writes to elements that share memory are refused before; a part without such elements may be written.
  if (value.size === 0) return base.value();
  const nothing = expand(constant(false, "bool"), seen.shape);
  const isWritten = writeThrough(rest, nothing, expand(constant(true, "bool"), value.shape));
  return expandScatter(base.value(), written, isWritten);
}

function inverse(dims: readonly number[]): number[] {
  const out = new Array<number>(dims.length);
  dims.forEach((d, i) => {
    out[d] = i;
  });
  return out;
}

/** Layout after a step; null where a reshape needs a copy. */
export function stepLayout(step: ViewStep, layout: Layout): Layout | null {
  const { shape, strides, offset } = layout;
  switch (step.kind) {
    case "reshape": {
      const next = viewStrides(shape, strides, step.shape);
      return next && { shape: step.shape, strides: next, offset };
    }
    case "permute":
      return {
        shape: step.dims.map((d) => shape[d] as number),
        strides: step.dims.map((d) => strides[d] as number),
        offset,
      };
    case "expand":
      return { shape: step.shape, strides: expandedStrides(layout, step.shape), offset };
    case "slice": {
      const { dim, start, stop } = step;
      const size = Math.max(0, Math.ceil((stop - start) / step.step));
      const stride = strides[dim] as number;
      return {
        shape: shape.with(dim, size),
        strides: strides.with(dim, stride * step.step),
        offset: offset + start * stride,
      };
    }
    case "diagonal":
      return diagonalLayout(layout, step);
    case "detach":
    case "leaf":
      return layout;
  }
}

function expandedStrides({ shape, strides }: Layout, target: Shape): number[] {
  const added = target.length - shape.length;
  return target.map((size, d) => {
    if (d < added) return 0;
    return shape[d - added] === 1 && size !== 1 ? 0 : (strides[d - added] as number);
  });
}

function diagonalLayout(layout: Layout, step: ViewStep & { kind: "diagonal" }): Layout {
  const { shape, strides } = layout;
  const { dim1, dim2 } = step;
  const [rows, columns] = [shape[dim1] as number, shape[dim2] as number];
  const size = Math.max(
    0,
    step.offset >= 0 ? Math.min(rows, columns - step.offset) : Math.min(rows + step.offset, columns),
  );
  const along = (strides[dim1] as number) + (strides[dim2] as number);
  const start = step.offset >= 0 ? step.offset * (strides[dim2] as number) : -step.offset * (strides[dim1] as number);
  const rest = (values: readonly number[]) => values.filter((_, d) => d !== dim1 && d !== dim2);
  return {
    shape: [...rest(shape), size],
    strides: [...rest(strides), along],
    offset: layout.offset + (size === 0 ? 0 : start),
  };
}

/** Strides of a reshape without copy, or null: PyTorch's rule (ATen/TensorUtils.cpp, computeStride). */
export function viewStrides(shape: Shape, strides: readonly number[], target: Shape): number[] | null {
  if (shapesEqual(shape, target)) return [...strides];
  if (numel(shape) === 0) return contiguousStrides(target);
  if (shape.length === 0) return target.map(() => 1);
  const out = new Array<number>(target.length);
  let d = target.length - 1;
  // Runs of dims that lie one after the other in memory are matched with runs of target dims of the same size.
  let base = strides[strides.length - 1] as number;
  let size = 1;
  for (let s = shape.length - 1; s >= 0; s--) {
    size *= shape[s] as number;
    const outer = strides[s - 1] as number;
    if (s > 0 && (shape[s - 1] === 1 || outer === size * base)) continue;
    let matched = 1;
    while (d >= 0 && (matched < size || target[d] === 1)) {
      out[d] = matched * base;
      matched *= target[d] as number;
      d--;
    }
    if (matched !== size) return null;
    base = outer;
    size = 1;
  }
  return d < 0 ? out : null;
}

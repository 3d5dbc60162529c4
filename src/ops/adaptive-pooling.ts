// Pooling to a given output size: window i covers the elements floor(i L / o) … ceil((i + 1) L / o) - 1.
import { ArgumentError, checkArray, formatShape, ShapeError } from "../base/index.js";
import type { Node } from "../graph/index.js";
import { constantLike, toFloat } from "./composing.js";
import { intdiv } from "./division.js";
import { add, cast, div, lt, minimum, mul, sub, where } from "./elementwise.js";
import { firstElement, type ValuesAndIndices } from "./extrema.js";
import { indexSelect } from "./indexing.js";
import { constant, iota } from "./leaves.js";
import { reshape } from "./movement.js";
import { lowest } from "./pooling.js";
import { amax, sum } from "./reductions.js";

/** One size for all spatial dims, or one a dim; null keeps a dim's size. */
export type OutputSize = number | readonly (number | null)[];

function outputSizes(op: string, x: Node, rank: number, size: OutputSize): number[] {
  if (x.shape.length !== rank + 1 && x.shape.length !== rank + 2) {
    throw new ShapeError(
      `${op}: input must have ${rank + 2} dims, or ${rank + 1} without a batch, has ${x.shape.length} (input ${formatShape(x.shape)})`,
      { op, shapes: [x.shape] },
    );
  }
  if (typeof size !== "number") checkArray(op, "outputSize", size);
  const spatial = x.shape.slice(-rank);
  const list = typeof size === "number" ? spatial.map(() => size) : spatial.map((whole, d) => size[d] ?? whole);
  if ((typeof size !== "number" && size.length !== rank) || list.some((n) => !Number.isInteger(n) || n < 0)) {
    throw new ArgumentError(
      `${op}: outputSize must be an integer >= 0, or ${rank} of them, got ${JSON.stringify(size)}`,
      {
        op,
      },
    );
  }
  if (spatial.some((n) => n === 0)) {
    throw new ShapeError(`${op}: spatial sizes must not be 0 (input ${formatShape(x.shape)})`, {
      op,
      shapes: [x.shape],
    });
  }
  return list;
}

/** The longest window of `count` over `size` elements. */
function longestWindow(size: number, count: number): number {
  let longest = 0;
  for (let i = 0; i < count; i++) {
    longest = Math.max(longest, Math.ceil(((i + 1) * size) / count) - Math.floor((i * size) / count));
  }
  return longest;
}

function int(value: number): Node {
  return constant(value, "int32");
}

interface AxisWindows {
  /** The input with dim `d` replaced by `[o, k]`. */
  readonly node: Node;
  /** Number of elements of each window, `[o]`; null where all have k. */
  readonly lengths: Node | null;
}

/** Where the windows of a dim begin, `[o]`: floor(i L / o). */
function startsOf(size: number, count: number): Node {
  return intdiv(mul(iota(count), int(size)), int(Math.max(count, 1)));
}

/** Cuts dim `d` into `count` windows; what is longer than a window holds `fill`. */
function axisWindows(x: Node, d: number, count: number, fill: number): AxisWindows {
  const size = x.shape[d] as number;
  const [before, after] = [x.shape.slice(0, d), x.shape.slice(d + 1)];
  if (count > 0 && size % count === 0) {
    return { node: reshape(x, [...before, count, size / count, ...after]), lengths: null };
  }
  const longest = longestWindow(size, count);
  const index = iota(count);
  const start = startsOf(size, count);
  const scaledEnd = mul(add(index, int(1)), int(size));
  const end = intdiv(add(scaledEnd, int(count - 1)), int(Math.max(count, 1)));
  const lengths = sub(end, start);
  const places = minimum(add(reshape(start, [count, 1]), iota(longest)), int(size - 1)); // [o, k]
  const taken = indexSelect(x, d, reshape(places, [count * longest]));
  const isInside = lt(iota(longest), reshape(lengths, [count, 1])); // [o, k]
  const cut = reshape(taken, [...before, count, longest, ...after]);
  const mask = reshape(isInside, [count, longest, ...after.map(() => 1)]);
  return { node: where(mask, cut, constantLike(x, fill)), lengths };
}

/** All windows at once, `[…, o1, k1, o2, k2, …]`, and the lengths of those that differ in it. */
function adaptiveWindows(x: Node, sizes: readonly number[], fill: number) {
  const lead = x.shape.length - sizes.length;
  const lengths: (Node | null)[] = [];
  let node = x;
  sizes.forEach((count, axis) => {
    const cut = axisWindows(node, lead + 2 * axis, count, fill);
    node = cut.node;
    lengths.push(cut.lengths);
  });
  return { node, lengths, kernelDims: sizes.map((_, axis) => lead + 2 * axis + 1) };
}

function adaptiveAvgPool(op: string, rank: number, x: Node, size: OutputSize): Node {
  const sizes = outputSizes(op, x, rank, size);
  const { node, lengths, kernelDims } = adaptiveWindows(toFloat(x), sizes, 0);
  let uniform = 1;
  let elements: Node | null = null;
  sizes.forEach((count, axis) => {
    const own = lengths[axis];
    if (!own) {
      uniform *= node.shape[kernelDims[axis] as number] as number;
      return;
    }
    const column = reshape(cast(own, node.dtype), [count, ...new Array<number>(rank - 1 - axis).fill(1)]);
    elements = elements ? mul(elements, column) : column;
  });
  const total = sum(node, kernelDims);
  const mean = div(total, constantLike(total, uniform));
  return elements ? div(mean, elements) : mean;
}

function adaptiveMaxPool(op: string, rank: number, x: Node, size: OutputSize): Node {
  const { node, kernelDims } = adaptiveWindows(x, outputSizes(op, x, rank, size), lowest(x.dtype));
  if (!x.requiresGrad) return amax(node, kernelDims);
  return firstElement(node, kernelDims, "max").values;
}

/** The largest element of each window and its place in the plane, row-major over the spatial dims; the first of equal ones. */
export function adaptiveMaxPoolWithIndices(op: string, rank: number, x: Node, size: OutputSize): ValuesAndIndices {
  const sizes = outputSizes(op, x, rank, size);
  const { node, kernelDims } = adaptiveWindows(x, sizes, lowest(x.dtype));
  const { values, indices } = firstElement(node, kernelDims, "max");
  // `indices` counts within a window, which is the place's offset from where the window begins.
  let rest = indices;
  let place = int(0);
  let plane = 1;
  for (let axis = rank - 1; axis >= 0; axis--) {
    const [whole, count] = [x.shape.at(axis - rank) as number, sizes[axis] as number];
    const longest = int(node.shape[kernelDims[axis] as number] as number);
    const starts = reshape(startsOf(whole, count), [count, ...new Array<number>(rank - 1 - axis).fill(1)]);
    const quotient = intdiv(rest, longest);
    const own = add(starts, sub(rest, mul(quotient, longest)));
    place = add(place, mul(own, int(plane)));
    rest = quotient;
    plane *= whole;
  }
  return { values, indices: place };
}

export function adaptiveAvgPool1d(x: Node, outputSize: OutputSize): Node {
  return adaptiveAvgPool("adaptiveAvgPool1d", 1, x, outputSize);
}

export function adaptiveAvgPool2d(x: Node, outputSize: OutputSize): Node {
  return adaptiveAvgPool("adaptiveAvgPool2d", 2, x, outputSize);
}

export function adaptiveAvgPool3d(x: Node, outputSize: OutputSize): Node {
  return adaptiveAvgPool("adaptiveAvgPool3d", 3, x, outputSize);
}

export function adaptiveMaxPool3d(x: Node, outputSize: OutputSize): Node {
  return adaptiveMaxPool("adaptiveMaxPool3d", 3, x, outputSize);
}

export function adaptiveMaxPool1d(x: Node, outputSize: OutputSize): Node {
  return adaptiveMaxPool("adaptiveMaxPool1d", 1, x, outputSize);
}

export function adaptiveMaxPool2d(x: Node, outputSize: OutputSize): Node {
  return adaptiveMaxPool("adaptiveMaxPool2d", 2, x, outputSize);
}

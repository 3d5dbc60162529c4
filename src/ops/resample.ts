// Resizing along spatial dims: each output element is a weighted sum of a few input elements whose places and weights follow
// from the sizes alone, dim after dim.
import { Storage, valueArray } from "../base/index.js";
import type { Node } from "../graph/index.js";
import { add, mul } from "./elementwise.js";
import { indexSelect } from "./indexing.js";
import { intVector, leaf } from "./leaves.js";
import { reshape } from "./movement.js";

export type Interpolation1d = "nearest" | "nearest-exact" | "linear" | "cubic";

/** What is known of a dim that is resized. */
export interface AxisResize {
  readonly size: number;
  readonly out: number;
  /** Input elements for one output element, where it is not size / out. */
  readonly scale: number | null;
  readonly alignCorners: boolean;
  /** Widens the filter when shrinking. */
  readonly antialias: boolean;
}

/** For each output element the same number of places and weights. */
interface Taps {
  readonly places: number[][];
  readonly weights: number[][];
}

const clampTo = (size: number, at: number): number => Math.min(size - 1, Math.max(0, at));

function scaleOf({ size, out, scale, alignCorners }: AxisResize): number {
  if (alignCorners) return out > 1 ? (size - 1) / (out - 1) : 0;
  return scale ?? size / out;
}

function nearestTaps(axis: AxisResize, isExact: boolean): Taps {
  const scale = axis.scale ?? axis.size / axis.out;
  const places = Array.from({ length: axis.out }, (_, i) => [
    clampTo(axis.size, Math.floor((i + (isExact ? 0.5 : 0)) * scale)),
  ]);
  return { places, weights: places.map(() => [1]) };
}

/** Where output element i lies among the input's. */
function centre(axis: AxisResize, i: number): number {
  const scale = scaleOf(axis);
  return axis.alignCorners ? i * scale : (i + 0.5) * scale - 0.5;
}

function linearTaps(axis: AxisResize): Taps {
  const places: number[][] = [];
  const weights: number[][] = [];
  for (let i = 0; i < axis.out; i++) {
    const at = Math.max(0, centre(axis, i));
    const low = Math.min(axis.size - 1, Math.floor(at));
    places.push([low, clampTo(axis.size, low + 1)]);
    weights.push([1 - (at - low), at - low]);
  }
  return { places, weights };
}

/** Keys' cubic convolution kernel with parameter a at distance t. */
function cubic(t: number, a: number): number {
  const x = Math.abs(t);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? a * (((x - 5) * x + 8) * x - 4) : 0;
}

// Keys, "Cubic convolution interpolation for digital image processing", 1981; PyTorch's choice of the parameter, and, with
// antialiasing, Pillow's.
const CUBIC = -0.75;
const CUBIC_ANTIALIAS = -0.5;

function cubicTaps(axis: AxisResize): Taps {
  const places: number[][] = [];
  const weights: number[][] = [];
  for (let i = 0; i < axis.out; i++) {
    const at = centre(axis, i);
    const low = Math.floor(at);
    const near = [-1, 0, 1, 2].map((k) => low + k);
    places.push(near.map((place) => clampTo(axis.size, place)));
    weights.push(near.map((place) => cubic(at - place, CUBIC)));
  }
  return { places, weights };
}

/** The filter widened by the scale where the input is shrunk, normalised where it reaches over the border. */
function antialiasTaps(axis: AxisResize, kind: "linear" | "cubic"): Taps {
  const scale = scaleOf(axis);
  const stretch = Math.max(1, scale);
  const reach = (kind === "linear" ? 1 : 2) * stretch;
  const filter = (t: number) => (kind === "linear" ? Math.max(0, 1 - Math.abs(t)) : cubic(t, CUBIC_ANTIALIAS));
  const rows = Array.from({ length: axis.out }, (_, i) => {
    const middle = scale * (i + 0.5);
    const first = Math.max(0, Math.trunc(middle - reach + 0.5));
    const last = Math.min(axis.size, Math.trunc(middle + reach + 0.5));
    const own = Array.from({ length: last - first }, (_, k) => filter((k + first - middle + 0.5) / stretch));
    const total = own.reduce((sum, w) => sum + w, 0);
    return { first, own: own.map((w) => (total === 0 ? w : w / total)) };
  });
  const most = Math.max(...rows.map(({ own }) => own.length));
  const spread = Array.from({ length: most }, (_, k) => k);
  return {
    places: rows.map(({ first }) => spread.map((k) => clampTo(axis.size, first + k))),
    weights: rows.map(({ own }) => spread.map((k) => own[k] ?? 0)),
  };
}

function tapsOf(kind: Interpolation1d, axis: AxisResize): Taps {
  if (kind === "nearest" || kind === "nearest-exact") return nearestTaps(axis, kind === "nearest-exact");
  if (axis.antialias) return antialiasTaps(axis, kind);
  return kind === "linear" ? linearTaps(axis) : cubicTaps(axis);
}

/** `x` with dim `d` resized. */
export function resampleDim(x: Node, d: number, kind: Interpolation1d, axis: AxisResize): Node {
  const { places, weights } = tapsOf(kind, axis);
  const count = places[0]?.length ?? 0;
  let result: Node | null = null;
  for (let k = 0; k < count; k++) {
    const taken = indexSelect(x, d, intVector(places.map((row) => row[k] as number)));
    const own = weights.map((row) => row[k] as number);
    const part = own.every((w) => w === 1) ? taken : mul(taken, column(own, x, d));
    result = result ? add(result, part) : part;
  }
  return result ?? x;
}

/** Numbers that multiply the elements of dim `d`. */
function column(values: readonly number[], x: Node, d: number): Node {
  const data = valueArray(x.dtype, values.length);
  values.forEach((value, i) => {
    data[i] = value;
  });
  const vector = leaf(Storage.from(x.dtype, data), [values.length]);
  return reshape(vector, [values.length, ...new Array<number>(x.shape.length - 1 - d).fill(1)]);
}

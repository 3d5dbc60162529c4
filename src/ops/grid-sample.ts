// Sampling images and volumes at given places.
import type { Node } from "../graph/index.js";
import { clamp } from "./clamp.js";
import { constantLike } from "./composing.js";
import { remainder } from "./division.js";
import { abs, add, and, cast, floor, le, mul, round, sub, where } from "./elementwise.js";
import { gatherUnchecked } from "./gathering.js";
import { constant } from "./leaves.js";
import { expand, reshape } from "./movement.js";
import { select } from "./shaping.js";

export type SampleMode = "bilinear" | "nearest" | "bicubic";
export type PaddingMode = "zeros" | "border" | "reflection";

export interface GridSampleOptions {
  readonly mode: SampleMode;
  readonly paddingMode: PaddingMode;
  readonly alignCorners: boolean;
}

const number = constantLike;

/** Grid coordinates in [-1, 1] as positions among `size` elements. */
function unnormalize(x: Node, size: number, alignCorners: boolean): Node {
  const half = add(x, number(x, 1));
  if (alignCorners) return mul(half, number(x, (size - 1) / 2));
  return mul(sub(mul(half, number(x, size)), number(x, 1)), number(x, 0.5));
}

/** Reflected at the borders until it lies between them: `low` and `high` are twice the places of the mirrors. */
function reflect(x: Node, low: number, high: number): Node {
  if (low === high) return mul(x, number(x, 0));
  const span = (high - low) / 2;
  const distance = abs(sub(x, number(x, low / 2)));
  const inTurn = remainder(distance, number(x, 2 * span)); // there and back
  const back = sub(number(x, 2 * span), inTurn);
  return add(where(le(inTurn, number(x, span)), inTurn, back), number(x, low / 2));
}

function padded(x: Node, size: number, { paddingMode, alignCorners }: GridSampleOptions): Node {
  if (paddingMode === "zeros") return x;
  const inside =
    paddingMode === "border" ? x : alignCorners ? reflect(x, 0, 2 * (size - 1)) : reflect(x, -1, 2 * size - 1);
  return clamp(inside, 0, size - 1);
}

/** One place of the neighbourhood along a dim: a whole number as float, and its weight. */
interface Tap {
  readonly at: Node;
  readonly weight: Node | null;
}

// Keys' kernel, as for resizing.
const A = -0.75;

function cubicTaps(x: Node): Tap[] {
  const low = floor(x);
  const t = sub(x, low);
  const one = number(x, 1);
  const near = (d: Node): Node => add(mul(mul(sub(mul(number(x, A + 2), d), number(x, A + 3)), d), d), one);
  const far = (d: Node): Node => {
    const inner = add(mul(sub(mul(number(x, A), d), number(x, 5 * A)), d), number(x, 8 * A));
    return sub(mul(inner, d), number(x, 4 * A));
  };
  const other = sub(one, t);
  const at = (k: number): Node => add(low, number(x, k));
  return [
    { at: at(-1), weight: far(add(t, one)) },
    { at: low, weight: near(t) },
    { at: at(1), weight: near(other) },
    { at: at(2), weight: far(add(other, one)) },
  ];
}

/** The neighbourhood of each position along a dim of `size`. */
function tapsOf(x: Node, size: number, options: GridSampleOptions): Tap[] {
  const place = unnormalize(x, size, options.alignCorners);
  // The cubic neighbourhood is padded place by place.
  if (options.mode === "bicubic") {
    return cubicTaps(place).map(({ at, weight }) => ({ at: padded(at, size, options), weight }));
  }
  const at = padded(place, size, options);
  if (options.mode === "nearest") return [{ at: round(at), weight: null }];
  const low = floor(at);
  const share = sub(at, low);
  return [
    { at: low, weight: sub(number(x, 1), share) },
    { at: add(low, number(x, 1)), weight: share },
  ];
}

/**
 * x `[N, C, …sizes]` at the positions grid `[N, …out, dims]`, whose last dim has the coordinate of the last spatial dim
 * first: `[N, C, …out]`. Places outside count as 0.
 */
export function gridSample(x: Node, grid: Node, options: GridSampleOptions): Node {
  const dims = x.shape.length - 2;
  const sizes = x.shape.slice(2);
  const [n, c] = [x.shape[0] as number, x.shape[1] as number];
  const out = grid.shape.slice(1, -1);
  const points = out.reduce((total, size) => total * size, 1);
  const flat = reshape(x, [n, c, sizes.reduce((total, size) => total * size, 1)]);
  const taps = sizes.map((size, d) => {
    const coordinate = reshape(select(grid, -1, dims - 1 - d), [n, 1, points]);
    return tapsOf(coordinate, size, options);
  });
  let result: Node | null = null;
  for (const corner of combinations(taps)) {
    const part = cornerPart(flat, corner, sizes, [n, c, points]);
    result = result ? add(result, part) : part;
  }
  return reshape(result as Node, [n, c, ...out]);
}

function combinations(taps: readonly (readonly Tap[])[]): Tap[][] {
  return taps.reduce<Tap[][]>((all, own) => all.flatMap((chosen) => own.map((tap) => [...chosen, tap])), [[]]);
}

/** The elements at one corner of all neighbourhoods, weighted; 0 where it lies outside. */
function cornerPart(flat: Node, corner: readonly Tap[], sizes: readonly number[], shape: readonly number[]): Node {
  let inside: Node | null = null;
  let weight: Node | null = null;
  let index: Node = constant(0, "int32");
  corner.forEach((tap, d) => {
    const size = sizes[d] as number;
    const isIn = and(le(number(tap.at, 0), tap.at), le(tap.at, number(tap.at, size - 1)));
    inside = inside ? and(inside, isIn) : isIn;
    if (tap.weight) weight = weight ? mul(weight, tap.weight) : tap.weight;
    const safe = cast(where(isIn, tap.at, number(tap.at, 0)), "int32");
    index = add(mul(index, constant(size, "int32")), safe);
  });
  const taken = gatherUnchecked(flat, 2, expand(index, shape));
  const valid = where(inside as unknown as Node, taken, number(taken, 0));
  return weight ? mul(valid, weight as Node) : valid;
}

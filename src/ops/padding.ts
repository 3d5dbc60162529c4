// torch.nn.functional.pad: constant, reflected, replicated and circular borders.
import { ArgumentError, checkArray, formatShape, type Shape, ShapeError } from "../base/index.js";
import type { Node } from "../graph/index.js";
import { cat } from "./joining.js";
import { expand, flip, pad } from "./movement.js";
import { narrow } from "./shaping.js";

export type PadMode = "constant" | "reflect" | "replicate" | "circular";

/** Elements before and after each dim, from pairs that start with the last dim. */
function padPairs(x: Node, sizes: readonly number[]): [number, number][] {
  const rank = x.shape.length;
  checkArray("pad", "sizes", sizes);
  if (sizes.length % 2 !== 0 || sizes.length > 2 * rank || !sizes.every(Number.isInteger)) {
    throw new ArgumentError(
      `pad: sizes [${sizes.join(",")}] must be pairs of integers, at most one for each of ${rank} dims, the last dim first`,
      { op: "pad" },
    );
  }
  return x.shape.map((size, d) => {
    const at = 2 * (rank - 1 - d);
    const [low, high] = [sizes[at] ?? 0, sizes[at + 1] ?? 0];
    if (size + low + high < 0 || low < -size || high < -size) {
      throw new ShapeError(`pad: cannot take ${low} and ${high} from dim ${d} (input ${formatShape(x.shape)})`, {
        op: "pad",
        shapes: [x.shape],
      });
    }
    return [low, high];
  });
}

/** Adds (or with negative sizes takes away) elements at the borders; `sizes` are pairs, the last dim first. */
export function padBorders(x: Node, sizes: readonly number[], mode: PadMode = "constant", value = 0): Node {
  const pairs = padPairs(x, sizes);
  if (mode === "constant") return padConstant(x, pairs, value);
  if (mode !== "reflect" && mode !== "replicate" && mode !== "circular") {
    throw new ArgumentError(
      `pad: mode must be "constant", "reflect", "replicate" or "circular", got ${JSON.stringify(mode)}`,
      { op: "pad" },
    );
  }
  return pairs.reduce((y, [low, high], d) => (low === 0 && high === 0 ? y : padMirrored(y, d, low, high, mode)), x);
}

function padConstant(x: Node, pairs: readonly [number, number][], value: number): Node {
  let y = x;
  pairs.forEach(([low, high], d) => {
    if (low >= 0 && high >= 0) return;
    const start = Math.max(0, -low);
    y = narrow(y, d, start, (x.shape[d] as number) - start - Math.max(0, -high));
  });
  const before = pairs.map(([low]) => Math.max(0, low));
  const after = pairs.map(([, high]) => Math.max(0, high));
  return [...before, ...after].some((n) => n > 0) ? pad(y, before, after, value) : y;
}

function padMirrored(x: Node, d: number, low: number, high: number, mode: Exclude<PadMode, "constant">): Node {
  const size = x.shape[d] as number;
  // A border longer than what it repeats would need several turns.
  const limit = mode === "reflect" ? size - 1 : mode === "circular" ? size : size > 0 ? Number.POSITIVE_INFINITY : 0;
  if (low < 0 || high < 0 || low > limit || high > limit) {
    throw new ShapeError(
      `pad: ${mode} padding of ${low} and ${high} must lie in [0, ${limit}] on dim ${d} (input ${formatShape(x.shape)})`,
      { op: "pad", shapes: [x.shape] },
    );
  }
  const parts = [x];
  if (low > 0) parts.unshift(border(x, d, "before", low, mode));
  if (high > 0) parts.push(border(x, d, "after", high, mode));
  return cat(parts, d);
}

function border(x: Node, d: number, side: "before" | "after", count: number, mode: Exclude<PadMode, "constant">): Node {
  const size = x.shape[d] as number;
  const isBefore = side === "before";
  if (mode === "circular") return narrow(x, d, isBefore ? size - count : 0, count);
  if (mode === "reflect") return flip(narrow(x, d, isBefore ? 1 : size - 1 - count, count), [d]);
  return expand(narrow(x, d, isBefore ? 0 : size - 1, 1), sizeAt(x.shape, d, count));
}

function sizeAt(shape: Shape, d: number, size: number): number[] {
  const out = [...shape];
  out[d] = size;
  return out;
}

// Dropout of whole channels, and dropout that keeps mean and variance of SELU networks.
import { ArgumentError, formatShape, noMore, ShapeError } from "../../base/index.js";
import { nodeOf, optionsWith } from "../args.js";
import { drawTrue } from "../draws.js";
import type { Generator } from "../generator.js";
import { type Tensor, wrap } from "../tensor.js";
import { where } from "./arithmetic.js";
import { composed } from "./composed.js";
import type { DropoutOptions } from "./dropout.js";

type Drop = (input: Tensor, p?: number | DropoutOptions, options?: DropoutOptions, ...surplus: []) => Tensor;

function prepared(
  op: string,
  input: Tensor,
  p: number | DropoutOptions | undefined,
  options: DropoutOptions | undefined,
  surplus: [],
) {
  noMore(op, surplus);
  nodeOf(op, "input", input);
  const given = optionsWith<DropoutOptions>(op, "p", p, options, ["p", "training", "generator"], surplus);
  const { p: chance = 0.5, training = true, generator } = given;
  if (!(chance >= 0 && chance <= 1)) throw new ArgumentError(`${op}: p must be in [0, 1], got ${chance}`, { op });
  return { chance, isIdle: !training || chance === 0, generator };
}

/** True where something is kept, with one draw for each element of `shape`. */
function keeps(shape: readonly number[], chance: number, generator: Generator | undefined): Tensor {
  return wrap(drawTrue(shape, 1 - chance, generator));
}

/** One draw a channel: dim 1 of a batch, dim 0 of one sample. */
function channelShape(shape: readonly number[], batchedRank: number): number[] {
  const channels = shape.length === batchedRank ? 2 : 1;
  return shape.map((size, dim) => (dim < channels ? size : 1));
}

/** `said`: the numbers of dims that errors name. */
function channelwise(op: string, batchedRank: number, ranks: readonly number[], said = ranks): Drop {
  return (input, p, options, ...surplus) => {
    const { chance, isIdle, generator } = prepared(op, input, p, options, surplus);
    const { shape } = input;
    if (!ranks.includes(shape.length)) {
      throw new ShapeError(`${op}: input must have ${said.join(" or ")} dims, got shape ${formatShape(shape)}`, {
        op,
        shapes: [shape],
      });
    }
    if (isIdle) return input;
    return composed(op, () => {
      if (chance === 1) return input.mul(0);
      return where(keeps(channelShape(shape, batchedRank), chance, generator), input.mul(1 / (1 - chance)), 0);
    });
  };
}

/**
 * Zeroes whole channels with probability `p` (0.5) and scales the others by 1 / (1 - p). Tompson et al., 2015,
 * arXiv:1411.4280.
 *
 * Shapes: `[N, C, L]` or `[C, L]` → the same.
 * @throws ShapeError if the dims do not fit.
 * @throws ArgumentError unless `p` lies in [0, 1], and if options are given twice.
 */
export const dropout1d: Drop = channelwise("dropout1d", 3, [2, 3]);
/**
 * Zeroes whole channels with probability `p` (0.5) and scales the others by 1 / (1 - p); three dims are taken as by
 * {@link dropout1d}, as in PyTorch.
 *
 * Shapes: `[N, C, H, W]` or `[N, C, L]` → the same.
 * @throws ShapeError if the dims do not fit.
 * @throws ArgumentError unless `p` lies in [0, 1], and if options are given twice.
 */
export const dropout2d: Drop = (input, p, options, ...surplus) =>
  (input?.shape?.length === 3 ? dropout2dOfSequences : dropout2dOfImages)(input, p, options, ...surplus);
const dropout2dOfImages = channelwise("dropout2d", 4, [4], [3, 4]);
const dropout2dOfSequences = channelwise("dropout2d", 3, [3]);
/**
 * Zeroes whole channels with probability `p` (0.5) and scales the others by 1 / (1 - p).
 *
 * Shapes: `[N, C, D, H, W]` or `[C, D, H, W]` → the same.
 * @throws ShapeError if the dims do not fit.
 * @throws ArgumentError unless `p` lies in [0, 1], and if options are given twice.
 */
export const dropout3d: Drop = channelwise("dropout3d", 5, [4, 5]);

/** SELU's value at -∞: λ·α negated. */
const LEAST = -1.7580993408473766;

/** Sets elements to SELU's least value, then shifts and scales so that mean 0 and variance 1 stay. */
function alphaDrop(op: string, maskShape: (shape: readonly number[]) => readonly number[]): Drop {
  return (input, p, options, ...surplus) => {
    const { chance, isIdle, generator } = prepared(op, input, p, options, surplus);
    if (isIdle) return input;
    return composed(op, () => {
      if (chance === 1) return input.mul(0);
      const scale = 1 / Math.sqrt((LEAST * LEAST * chance + 1) * (1 - chance));
      const shift = -LEAST * scale * chance;
      const keep = keeps(maskShape(input.shape), chance, generator);
      return where(keep, input, LEAST).mul(scale).add(shift);
    });
  };
}

/**
 * Dropout for SELU networks: keeps mean and variance. Klambauer et al., 2017, arXiv:1706.02515. Shapes: any → the same.
 * @throws ArgumentError unless `p` lies in [0, 1], and if options are given twice.
 */
export const alphaDropout: Drop = alphaDrop("alphaDropout", (shape) => shape);
/**
 * As {@link alphaDropout}, for whole channels (dim 1). Shapes: `[N, C, …]` → the same.
 * @throws ArgumentError unless `p` lies in [0, 1], and if options are given twice.
 */
export const featureAlphaDropout: Drop = alphaDrop("featureAlphaDropout", (shape) =>
  shape.map((size, dim) => (dim < 2 ? size : 1)),
);

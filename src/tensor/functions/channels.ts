// Moving elements between channels and space, and normalisation across channels.
import { ArgumentError, checkOptions, formatShape, noMore, ShapeError } from "../../base/index.js";
import { nodeOf } from "../args.js";
import type { Tensor } from "../tensor.js";
import { pad } from "./arrange.js";
import { composed } from "./composed.js";

function checkFactor(op: string, name: string, value: number): void {
  if (Number.isInteger(value) && value >= 1) return;
  throw new ArgumentError(`${op}: ${name} must be a positive integer, got ${value}`, { op });
}

function indivisible(op: string, text: string, input: Tensor): ShapeError {
  return new ShapeError(`${op}: ${text} (input ${formatShape(input.shape)})`, { op, shapes: [input.shape] });
}

/** The last three dims and those before. */
function imageDims(op: string, input: Tensor) {
  nodeOf(op, "input", input);
  const { shape } = input;
  if (shape.length < 3) throw indivisible(op, "input needs at least 3 dims [..., C, H, W]", input);
  const [channels = 0, height = 0, width = 0] = shape.slice(-3);
  return { outer: shape.slice(0, -3), channels, height, width };
}

/**
 * Moves blocks of channels into space. Shi et al., 2016, arXiv:1609.05158.
 *
 * Shapes: `[…, C r², H, W]` → `[…, C, H r, W r]` for `upscaleFactor` r.
 * @throws ShapeError if there are fewer than 3 dims, or unless r² divides the channels.
 * @throws ArgumentError unless `upscaleFactor` is a positive integer.
 */
export function pixelShuffle(input: Tensor, upscaleFactor: number, ...surplus: []): Tensor {
  const op = "pixelShuffle";
  noMore(op, surplus);
  checkFactor(op, "upscaleFactor", upscaleFactor);
  const { outer, channels, height, width } = imageDims(op, input);
  const r = upscaleFactor;
  if (channels % (r * r) !== 0) throw indivisible(op, `${channels} channels are no multiple of ${r}²`, input);
  const [d, rest] = [outer.length, channels / (r * r)];
  return composed(op, () =>
    input
      .reshape([...outer, rest, r, r, height, width]) // [..., C, r, r, H, W]
      .permute([...outer.keys(), d, d + 3, d + 1, d + 4, d + 2]) // [..., C, H, r, W, r]
      .reshape([...outer, rest, height * r, width * r]),
  );
}

/**
 * Moves blocks of space into channels, the inverse of {@link pixelShuffle}.
 *
 * Shapes: `[…, C, H r, W r]` → `[…, C r², H, W]` for `downscaleFactor` r.
 * @throws ShapeError if there are fewer than 3 dims, or unless r divides height and width.
 * @throws ArgumentError unless `downscaleFactor` is a positive integer.
 */
export function pixelUnshuffle(input: Tensor, downscaleFactor: number, ...surplus: []): Tensor {
  const op = "pixelUnshuffle";
  noMore(op, surplus);
  checkFactor(op, "downscaleFactor", downscaleFactor);
  const { outer, channels, height, width } = imageDims(op, input);
  const r = downscaleFactor;
  if (height % r !== 0 || width % r !== 0) throw indivisible(op, `height and width must be multiples of ${r}`, input);
  const [d, h, w] = [outer.length, height / r, width / r];
  return composed(op, () =>
    input
      .reshape([...outer, channels, h, r, w, r]) // [..., C, H, r, W, r]
      .permute([...outer.keys(), d, d + 2, d + 4, d + 1, d + 3]) // [..., C, r, r, H, W]
      .reshape([...outer, channels * r * r, h, w]),
  );
}

/**
 * Interleaves `groups` groups of channels (dim 1). Zhang et al., 2018, arXiv:1707.01083.
 *
 * Shapes: `[N, C, …]` → the same.
 * @throws ShapeError if there are fewer than 3 dims, or unless the groups divide the channels.
 * @throws ArgumentError unless `groups` is a positive integer.
 */
export function channelShuffle(input: Tensor, groups: number, ...surplus: []): Tensor {
  const op = "channelShuffle";
  noMore(op, surplus);
  checkFactor(op, "groups", groups);
  nodeOf(op, "input", input);
  const [batch = 0, channels = 0, ...space] = input.shape;
  if (input.shape.length < 3 || channels % groups !== 0) {
    throw indivisible(op, `input needs at least 3 dims and a number of channels that ${groups} groups divide`, input);
  }
  return composed(op, () =>
    input
      .reshape([batch, groups, channels / groups, ...space])
      .transpose(1, 2)
      .reshape(input.shape),
  );
}

export interface LocalResponseNormOptions {
  /** Default 1e-4. */
  readonly alpha?: number;
  /** Default 0.75. */
  readonly beta?: number;
  /** Default 1. */
  readonly k?: number;
}

/**
 * x / (k + alpha · mean of the squares of `size` neighbouring channels)^beta; channels beyond the ends count as 0.
 * Krizhevsky, Sutskever & Hinton, 2012, section 3.3. Integers and bool give float32.
 *
 * Shapes: `[N, C, …]` → the same.
 * @throws ShapeError if there are fewer than 3 dims.
 * @throws ArgumentError unless `size` is a positive integer.
 */
export function localResponseNorm(
  input: Tensor,
  size: number,
  options: LocalResponseNormOptions = {},
  ...surplus: []
): Tensor {
  const op = "localResponseNorm";
  noMore(op, surplus);
  checkOptions(op, options, ["alpha", "beta", "k"]);
  checkFactor(op, "size", size);
  nodeOf(op, "input", input);
  if (input.shape.length < 3) throw indivisible(op, "input needs at least 3 dims [N, C, ...]", input);
  const { alpha = 1e-4, beta = 0.75, k = 1 } = options;
  const channels = input.shape[1] as number;
  return composed(op, () => {
    const borders = [...input.shape.slice(2).flatMap(() => [0, 0]), Math.floor(size / 2), Math.floor((size - 1) / 2)];
    const squares = pad(input.square(), borders);
    let sum = squares.narrow(1, 0, channels);
    for (let i = 1; i < size; i++) sum = sum.add(squares.narrow(1, i, channels));
    return input.div(
      sum
        .mul(alpha / size)
        .add(k)
        .pow(beta),
    );
  });
}

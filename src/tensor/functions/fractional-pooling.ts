// Pooling with windows at random places.
import {
  ArgumentError,
  checkOptions,
  DTypeError,
  formatShape,
  isFloat,
  noMore,
  type PerDim,
  perDim,
  ShapeError,
} from "../../base/index.js";
import { nodeOf } from "../args.js";
import { arange, full } from "../creation.js";
import type { Generator } from "../generator.js";
import { rand } from "../random.js";
import type { Tensor } from "../tensor.js";
import { cat } from "./arrange.js";
import { composed } from "./composed.js";

export interface FractionalMaxPoolOptions {
  /** Spatial sizes of the result; either these or `outputRatio`. */
  readonly outputSize?: PerDim;
  /** Output sizes by input sizes, between 0 and 1. */
  readonly outputRatio?: PerDim;
  /** Where the windows begin, uniform in [0, 1): `[N, C, 2]` (`[N, C, 3]`), last dim first for images as in PyTorch. Default: drawn. */
  readonly randomSamples?: Tensor;
  /** Default: the shared generator, which `manualSeed` seeds. */
  readonly generator?: Generator;
}

const optionNames = ["outputSize", "outputRatio", "randomSamples", "generator"];

function ratiosOf(op: string, value: PerDim, rank: number): readonly number[] {
  const list = typeof value === "number" ? new Array<number>(rank).fill(value) : value;
  if (list.length === rank && list.every((ratio) => ratio > 0 && ratio < 1)) return list;
  throw new ArgumentError(
    `${op}: outputRatio must be between 0 and 1, one number or ${rank}, got ${JSON.stringify(value)}`,
    { op },
  );
}

/**
 * Where the windows of one dim begin, `[N, C, count]`: floor((i + u) α) - floor(u α) with α = (size - kernel) / (count - 1); the
 * last one ends at the border.
 */
function starts(u: Tensor, size: number, count: number, kernel: number): Tensor {
  const [n, c] = u.shape as unknown as [number, number];
  const last = full([n, c, 1], size - kernel, { dtype: "int32" });
  if (count === 1) return last;
  const alpha = (size - kernel) / (count - 1);
  const at = u.unsqueeze(-1); // [N, C, 1]
  const steps = arange(count - 1).to(u.dtype);
  const inner = at.add(steps).mul(alpha).floor().sub(at.mul(alpha).floor());
  return cat([inner.to("int32"), last], -1);
}

function pool(op: string, rank: number, input: Tensor, kernelSize: PerDim, options: FractionalMaxPoolOptions) {
  checkOptions(op, options, optionNames);
  nodeOf(op, "input", input);
  if (!isFloat(input.dtype)) {
    throw new DTypeError(`${op}: input must be a float tensor, is ${input.dtype}; convert it with .to("float32")`, {
      op,
    });
  }
  const isBatched = input.shape.length === rank + 2;
  if (!isBatched && input.shape.length !== rank + 1) {
    throw new ShapeError(`${op}: input must have ${rank + 1} or ${rank + 2} dims (input ${formatShape(input.shape)})`, {
      op,
      shapes: [input.shape],
    });
  }
  const x = isBatched ? input : input.unsqueeze(0);
  const [n, c, ...sizes] = x.shape as unknown as [number, number, ...number[]];
  const kernel = perDim(op, "kernelSize", kernelSize, rank, 1);
  const counts = outputSizes(op, sizes, options);
  counts.forEach((count, d) => {
    if (count + (kernel[d] as number) - 1 <= (sizes[d] as number)) return;
    throw new ArgumentError(
      `${op}: ${count} windows of ${kernel[d]} do not fit ${sizes[d]} elements (input ${formatShape(input.shape)})`,
      { op },
    );
  });
  const samples = samplesOf(op, [n, c, rank], x, options);
  // Linear places of all elements of all windows: dims [N, C, o1, k1, o2, k2, …].
  let places: Tensor | null = null;
  for (let d = 0; d < rank; d++) {
    // PyTorch draws the last dim of images first; of volumes, the first.
    const u = samples.select(2, rank === 2 ? 1 - d : d);
    const begin = starts(u, sizes[d] as number, counts[d] as number, kernel[d] as number);
    const own = begin.unsqueeze(-1).add(arange(kernel[d] as number)); // [N, C, o, k]
    const before: number[] = new Array<number>(2 * d).fill(1);
    const after: number[] = new Array<number>(2 * (rank - 1 - d)).fill(1);
    const shaped = own.reshape([n, c, ...before, counts[d] as number, kernel[d] as number, ...after]);
    places = places ? places.mul(sizes[d] as number).add(shaped) : shaped;
  }
  const volume = kernel.reduce((a, b) => a * b, 1);
  const order = [0, 1, ...counts.map((_, d) => 2 + 2 * d), ...counts.map((_, d) => 3 + 2 * d)];
  const indices = (places as Tensor).permute(order).reshape([n, c, -1]); // [N, C, windows · volume]
  const windows = x
    .flatten(2)
    .gather(2, indices.to("int32"))
    .reshape([n, c, ...counts, volume]);
  const { values, indices: chosen } = windows.max(-1);
  const from = indices
    .reshape([n, c, ...counts, volume])
    .gather(-1, chosen.unsqueeze(-1))
    .squeeze(-1);
  const unbatched = (t: Tensor) => (isBatched ? t : t.squeeze(0));
  return { values: unbatched(values), indices: unbatched(from) };
}

function outputSizes(
  op: string,
  sizes: readonly number[],
  { outputSize, outputRatio }: FractionalMaxPoolOptions,
): readonly number[] {
  if ((outputSize === undefined) === (outputRatio === undefined)) {
    throw new ArgumentError(`${op}: give either outputSize or outputRatio`, { op });
  }
  if (outputSize !== undefined) return perDim(op, "outputSize", outputSize, sizes.length, 1);
  const ratios = ratiosOf(op, outputRatio as PerDim, sizes.length);
  if (ratios.some((ratio) => ratio >= 1)) {
    throw new ArgumentError(`${op}: outputRatio must be below 1, got ${JSON.stringify(outputRatio)}`, { op });
  }
  return sizes.map((size, d) => Math.floor(size * (ratios[d] as number)));
}

function samplesOf(op: string, shape: number[], x: Tensor, options: FractionalMaxPoolOptions): Tensor {
  const { randomSamples, generator } = options;
  if (!randomSamples) return rand(shape, { dtype: x.dtype, ...(generator && { generator }) });
  if (randomSamples.shape.join() === shape.join()) return randomSamples.detach();
  throw new ShapeError(`${op}: randomSamples must be ${formatShape(shape)}, got ${formatShape(randomSamples.shape)}`, {
    op,
    shapes: [randomSamples.shape],
  });
}

function pooling(op: string, rank: number) {
  return (input: Tensor, kernelSize: PerDim, options: FractionalMaxPoolOptions = {}, ...surplus: []): Tensor => {
    noMore(op, surplus);
    return composed(op, () => pool(op, rank, input, kernelSize, options).values);
  };
}

function poolingWithIndices(op: string, rank: number) {
  return (
    input: Tensor,
    kernelSize: PerDim,
    options: FractionalMaxPoolOptions = {},
    ...surplus: []
  ): [values: Tensor, indices: Tensor] => {
    noMore(op, surplus);
    return composed(op, (): [Tensor, Tensor] => {
      const { values, indices } = pool(op, rank, input, kernelSize, options);
      return [values, indices];
    });
  };
}

/**
 * The largest value of each of `outputSize` windows at pseudo-random places of an image. Source: Graham, 2014,
 * arXiv:1412.6071.
 *
 * Shapes: `[N, C, H, W]` (or without N) → `[N, C, ...outputSize]`, or ⌊H · outputRatio⌋, ⌊W · outputRatio⌋.
 * @throws DTypeError unless the input is a float tensor.
 * @throws ShapeError if the dims do not fit, or `randomSamples` is not `[N, C, 2]`.
 * @throws DTypeError if the input is no float tensor.
 * @throws ArgumentError if the windows do not fit, or both or neither of `outputSize` and `outputRatio` are given.
 * @throws DTypeError if the input is no float tensor.
 * @example fractionalMaxPool2d(images, 2, { outputRatio: 0.7 })
 */
export const fractionalMaxPool2d = pooling("fractionalMaxPool2d", 2);
/**
 * As {@link fractionalMaxPool2d}, for volumes.
 *
 * Shapes: `[N, C, D, H, W]` (or without N) → `[N, C, ...outputSize]`, or ⌊D · outputRatio⌋ …
 * @throws DTypeError unless the input is a float tensor.
 * @throws ShapeError if the dims do not fit, or `randomSamples` is not `[N, C, 3]`.
 * @throws DTypeError if the input is no float tensor.
 * @throws ArgumentError if the windows do not fit, or both or neither of `outputSize` and `outputRatio` are given.
 * @throws DTypeError if the input is no float tensor.
 */
export const fractionalMaxPool3d = pooling("fractionalMaxPool3d", 3);
/**
 * As {@link fractionalMaxPool2d}, with the place of each value in its plane.
 *
 * Shapes: `[N, C, H, W]` (or without N) → values and indices `[N, C, ...outputSize]`.
 * @throws DTypeError unless the input is a float tensor.
 * @throws ShapeError if the dims do not fit, or `randomSamples` is not `[N, C, 2]`.
 * @throws DTypeError if the input is no float tensor.
 * @throws ArgumentError if the windows do not fit, or both or neither of `outputSize` and `outputRatio` are given.
 * @throws DTypeError if the input is no float tensor.
 */
export const fractionalMaxPool2dWithIndices = poolingWithIndices("fractionalMaxPool2dWithIndices", 2);
/**
 * As {@link fractionalMaxPool3d}, with the place of each value in its volume.
 *
 * Shapes: `[N, C, D, H, W]` (or without N) → values and indices `[N, C, ...outputSize]`.
 * @throws DTypeError unless the input is a float tensor.
 * @throws ShapeError if the dims do not fit, or `randomSamples` is not `[N, C, 3]`.
 * @throws DTypeError if the input is no float tensor.
 * @throws ArgumentError if the windows do not fit, or both or neither of `outputSize` and `outputRatio` are given.
 * @throws DTypeError if the input is no float tensor.
 */
export const fractionalMaxPool3dWithIndices = poolingWithIndices("fractionalMaxPool3dWithIndices", 3);

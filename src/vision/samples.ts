// What transforms share: the sizes of a batch, and random numbers of each sample.
import { ArgumentError, formatShape, ShapeError, shownValue } from "../base/index.js";
import { type BatchTransform, RandomSequence, type SampleContext } from "../data/index.js";
import { type Tensor, tensor } from "../tensor/index.js";
import type { ImageSizes } from "./pixels.js";

/** The sizes of a batch `[N, C, H, W]`; throws for other shapes. */
export function sizesOf(transform: string, { shape }: Tensor): ImageSizes {
  const [count, channels, height, width] = shape;
  if (shape.length !== 4) {
    throw new ShapeError(`${transform}: images must be [N,C,H,W], got shape ${formatShape(shape)}`, {
      op: transform,
      shapes: [shape],
    });
  }
  return { count, channels, height, width } as ImageSizes;
}

/** Random numbers of each sample: functions of seed, epoch, sample and place in the pipeline, not of the batch. */
export function forEachSample(context: SampleContext, draw: (random: RandomSequence, n: number) => void): void {
  const { indices, seed, epoch, stream } = context;
  for (let n = 0; n < indices.length; n++) {
    // The stream is the upper word of the address.
    draw(new RandomSequence(seed, "transform", epoch, stream * 2 ** 32 + (indices[n] as number)), n);
  }
}

/** Values of each sample as tensors `[N, 1, 1, 1]`, one for each entry of what `draw` gives. */
export function perSample(
  context: SampleContext,
  draw: (random: RandomSequence, n: number) => readonly number[],
): Tensor[] {
  const columns: number[][] = [];
  const count = context.indices.length;
  forEachSample(context, (random, n) => {
    draw(random, n).forEach((value, k) => {
      columns[k] ??= new Array<number>(count).fill(0);
      (columns[k] as number[])[n] = value;
    });
  });
  return columns.map(perSampleOf);
}

/** A number of each sample, `[N, 1, 1, 1]`. */
export function perSampleOf(values: readonly number[]): Tensor {
  return tensor(Float32Array.from(values)).view(values.length, 1, 1, 1);
}

export type Range = readonly [low: number, high: number];

export function between(random: RandomSequence, [low, high]: Range): number {
  return low + (high - low) * random.uniform();
}

/** Throws unless all are functions or have `apply`. */
export function checkTransforms(name: string, transforms: readonly unknown[]): void {
  const isOne = (t: unknown) => typeof t === "function" || typeof (t as BatchTransform | null)?.apply === "function";
  if (Array.isArray(transforms) && transforms.every(isOne)) return;
  throw new ArgumentError(`${name}: takes an array of transforms: functions, or objects with apply`, { op: name });
}

export function checkProbability(transform: string, p: number): void {
  if (typeof p === "number" && p >= 0 && p <= 1) return;
  throw new ArgumentError(`${transform}: p must be in [0, 1], got ${shownValue(p)}`, { op: transform });
}

/** The sizes of images with colours; throws for other numbers of channels. */
export function checkColors(transform: string, images: Tensor): ImageSizes {
  const sizes = sizesOf(transform, images);
  if (sizes.channels === 1 || sizes.channels === 3) return sizes;
  throw new ShapeError(`${transform}: images must have 1 or 3 channels, got shape ${formatShape(images.shape)}`, {
    op: transform,
    shapes: [images.shape],
  });
}

/** A draw from the symmetric Dirichlet distribution: `count` shares that add up to 1, by Gamma draws. Two are Beta(a, a). */
export function drawDirichlet(random: RandomSequence, a: number, count: number): number[] {
  const draws = Array.from({ length: count }, () => drawGamma(random, a));
  const total = draws.reduce((sum, x) => sum + x, 0);
  return draws.map((x) => x / total);
}

/** Marsaglia & Tsang, "A Simple Method for Generating Gamma Variables", 2000. */
function drawGamma(random: RandomSequence, a: number): number {
  if (a < 1) return drawGamma(random, a + 1) * (1 - random.uniform()) ** (1 / a);
  const d = a - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const normal = Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
    const v = (1 + c * normal) ** 3;
    if (v > 0 && Math.log(1 - random.uniform()) < 0.5 * normal * normal + d - d * v + d * Math.log(v)) return d * v;
  }
}

// Transforms of whole image batches, with random parameters for each sample. They become part of the step's program.
import { ArgumentError, checkKind, checkOptions, DTypeError, formatShape, isFloat, ShapeError } from "../base/index.js";
import type { RandomSequence, SampleContext } from "../data/index.js";
import { arange, cat, ones, pad, type Tensor, tensor, where } from "../tensor/index.js";
import { cropNear, mirrorNear, nearImage } from "./near-image.js";
import { type Fill, fillOf, gatherPixels } from "./pixels.js";
import { checkProbability, forEachSample, sizesOf } from "./samples.js";
import { Transform } from "./transform.js";

/**
 * (x - mean) / std, with a number for all channels or one a channel. Shapes: `[N, C, H, W]` or `[C, H, W]` → the same.
 * @throws ArgumentError if a `std` is not above 0.
 * @throws ShapeError if images have other dims, or another number of channels than there are numbers.
 * @throws DTypeError if they are no floats.
 * @example new Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
 */
export class Normalize extends Transform {
  constructor(
    /** What is subtracted, one a channel or one for all. */
    readonly mean: number | readonly number[],
    /** What is divided by afterwards, one a channel or one for all. */
    readonly std: number | readonly number[],
    ...surplus: []
  ) {
    super(...surplus);
    checkKind("Normalize", "mean", mean, "number | numbers");
    checkKind("Normalize", "std", std, "number | numbers");
    if ([std].flat().some((value) => !(value > 0))) {
      throw new ArgumentError(`Normalize: std must be > 0, got ${JSON.stringify(std)}`, { op: "Normalize" });
    }
  }

  protected transform(images: Tensor): Tensor {
    if (!isFloat(images.dtype)) {
      throw new DTypeError(
        `Normalize: images must be floats, got ${images.dtype}; put new ToDtype("float32", { scale: true }) before it`,
        { op: "Normalize" },
      );
    }
    const perChannel = (values: number | readonly number[]) =>
      typeof values === "number" ? values : tensor(values).view(values.length, 1, 1);
    return images.sub(perChannel(this.mean)).div(perChannel(this.std));
  }
}

/** What new pixels are filled with. */
export interface FillOptions {
  /** Value of pixels from outside the image, one or one a channel; default 0. */
  readonly fill?: Fill;
}

/** Where each sample's window begins. */
type Draw = (random: RandomSequence) => number;

/** Widths of borders. */
export type Sides = readonly [left: number, top: number, right: number, bottom: number];

/** What borders hold: a number, the outermost pixels, or the image mirrored without them ("reflect") or with them ("symmetric"). */
export type PaddingMode = "constant" | "edge" | "reflect" | "symmetric";

/** @throws ArgumentError for unknown modes, and for a fill a channel where borders are pixels of the image. */
export function checkPaddingMode(op: string, mode: string, fill: Fill): void {
  if (!["constant", "edge", "reflect", "symmetric"].includes(mode)) {
    throw new ArgumentError(`${op}: paddingMode must be "constant", "edge", "reflect" or "symmetric", got "${mode}"`, {
      op,
    });
  }
  if (mode === "constant" || typeof fill === "number") return;
  throw new ArgumentError(`${op}: fill goes with paddingMode "constant", got ${JSON.stringify(fill)} and "${mode}"`, {
    op,
  });
}

/** Puts borders around images `[N, C, H, W]`. */
export function padSides(op: string, images: Tensor, sides: Sides, fill: Fill, mode: PaddingMode): Tensor {
  const [left, top, right, bottom] = sides;
  if (left === 0 && top === 0 && right === 0 && bottom === 0) return images;
  if (mode === "symmetric") return mirrored(op, mirrored(op, images, -2, top, bottom), -1, left, right);
  const around = [left, right, top, bottom];
  if (mode !== "constant") return pad(images, around, { mode: mode === "edge" ? "replicate" : mode });
  const value = fillOf(op, images, fill);
  if (typeof value === "number") return pad(images, around, { value });
  const isInside = pad(ones([1, 1, ...images.shape.slice(2)], { dtype: "bool" }), around);
  return where(isInside, pad(images, around), value);
}

/** The image and its mirror images on both sides, the outermost pixels twice. */
function mirrored(op: string, images: Tensor, dim: -1 | -2, before: number, after: number): Tensor {
  const size = images.shape.at(dim) as number;
  if (before > size || after > size) {
    throw new ShapeError(
      `${op}: "symmetric" borders can be as wide as the image, got ${Math.max(before, after)} for images of shape ${formatShape(images.shape)}`,
      { op, shapes: [images.shape] },
    );
  }
  const places = [arange(before).flip(0), arange(size), arange(size - after, size).flip(0)];
  return images.indexSelect(dim, cat(places, 0));
}

/** Cuts a window out of each image. */
function cropEach(
  images: Tensor,
  context: SampleContext,
  { size, top, left }: { size: readonly [number, number]; top: Draw; left: Draw },
): Tensor {
  const [height, width] = size;
  const count = context.indices.length;
  const near = nearImage(images);
  if (near) {
    const corners: [number, number][] = [];
    forEachSample(context, (random) => corners.push([top(random), left(random)]));
    return cropNear(near, corners[0] as [number, number], size);
  }
  // Index tensors from the host: a few bytes a row and column, and their range is checked before anything runs.
  const rows = new Int32Array(count * height);
  const columns = new Int32Array(count * width);
  forEachSample(context, (random, n) => {
    const [y, x] = [top(random), left(random)];
    for (let i = 0; i < height; i++) rows[n * height + i] = y + i;
    for (let j = 0; j < width; j++) columns[n * width + j] = x + j;
  });
  return gatherPixels(images, tensor(rows).view(count, 1, height, 1), tensor(columns).view(count, 1, 1, width));
}

/**
 * Moves each image by a random whole number of pixels, up to `pixels` in each direction; what comes in is `fill`.
 * Shapes: `[N, C, H, W]` or `[C, H, W]` → the same.
 * @throws ArgumentError if `pixels` is no integer >= 0.
 * @example await mnist({ transform: new RandomShift(2) })
 */
export class RandomShift extends Transform {
  private readonly fill: Fill;

  constructor(
    /** Most pixels of a shift, each way. */
    readonly pixels: number,
    options: FillOptions = {},
    ...surplus: []
  ) {
    super(...surplus);
    checkOptions("RandomShift", options, { fill: "number | numbers" });
    checkPixels("RandomShift", "pixels", pixels);
    this.fill = options.fill ?? 0;
  }

  protected transform(images: Tensor, context: SampleContext): Tensor {
    const { height, width } = sizesOf("RandomShift", images);
    const offset: Draw = (random) => random.below(2 * this.pixels + 1);
    const size: [number, number] = [height, width];
    const { pixels } = this;
    const padded = padSides("RandomShift", images, [pixels, pixels, pixels, pixels], this.fill, "constant");
    return cropEach(padded, context, { size, top: offset, left: offset });
  }
}

/** Options of `RandomCrop`. */
export interface RandomCropOptions extends FillOptions {
  /** Borders put around the image first: one width, or left, top, right, bottom; default 0. */
  readonly padding?: number | Sides;
  /** Widen both borders of a side that is too short for the window; default false. */
  readonly padIfNeeded?: boolean;
  /** What borders hold; default "constant", that is `fill`. */
  readonly paddingMode?: PaddingMode;
}

/**
 * Cuts a window of `size` (a number, or height and width) at a random place out of each padded image.
 *
 * Shapes: `[N, C, H, W]` or `[C, H, W]` → `[N, C, ...size]` or `[C, ...size]`.
 * @throws ArgumentError if a size is no integer >= 1, a padding none >= 0, or the padding's mode is unknown.
 * @throws ShapeError if images have other dims, or the window is larger than the padded images.
 */
export class RandomCrop extends Transform {
  private readonly size: readonly [number, number];
  private readonly padding: Sides;
  private readonly options: RandomCropOptions;

  constructor(size: number | readonly [number, number], options: RandomCropOptions = {}, ...surplus: []) {
    super(...surplus);
    checkOptions("RandomCrop", options, {
      padding: "number | numbers",
      padIfNeeded: "flag",
      paddingMode: "text",
      fill: "number | numbers",
    });
    const { padding = 0, paddingMode = "constant" } = options;
    checkKind("RandomCrop", "size", size, "number | numbers");
    this.size = typeof size === "number" ? [size, size] : size;
    if (this.size.length !== 2 || !this.size.every((n) => Number.isInteger(n) && n >= 1)) {
      throw new ArgumentError(`RandomCrop: size must be a positive integer or two, got ${JSON.stringify(size)}`, {
        op: "RandomCrop",
      });
    }
    this.padding = typeof padding === "number" ? [padding, padding, padding, padding] : padding;
    this.options = options;
    for (const side of this.padding) checkPixels("RandomCrop", "padding", side);
    checkPaddingMode("RandomCrop", paddingMode, options.fill ?? 0);
  }

  protected transform(images: Tensor, context: SampleContext): Tensor {
    const { height, width } = sizesOf("RandomCrop", images);
    const { fill = 0, paddingMode = "constant", padIfNeeded = false } = this.options;
    const [left, top, right, bottom] = this.padding;
    const { size } = this;
    const missing = (want: number, have: number) => (padIfNeeded ? Math.max(want - have, 0) : 0);
    const [rows, columns] = [missing(size[0], height + top + bottom), missing(size[1], width + left + right)];
    const sides: Sides = [left + columns, top + rows, right + columns, bottom + rows];
    const padded = padSides("RandomCrop", images, sides, fill, paddingMode);
    const [spareRows, spareColumns] = [padded.size(2) - size[0], padded.size(3) - size[1]];
    if (spareRows < 0 || spareColumns < 0) {
      throw new ShapeError(
        `RandomCrop: a window of ${formatShape(size)} does not fit images of ${formatShape([height, width])} with padding ${JSON.stringify(this.options.padding ?? 0)}; padIfNeeded: true widens them`,
        { op: "RandomCrop", shapes: [images.shape] },
      );
    }
    const below =
      (limit: number): Draw =>
      (random) =>
        random.below(limit + 1);
    return cropEach(padded, context, { size, top: below(spareRows), left: below(spareColumns) });
  }
}

function checkPixels(transform: string, name: string, value: number): void {
  if (Number.isInteger(value) && value >= 0) return;
  throw new ArgumentError(`${transform}: ${name} must be an integer >= 0, got ${value}`, { op: transform });
}

/**
 * Mirrors each image left to right with probability `p` (default 0.5). Shapes: `[N, C, H, W]` or `[C, H, W]` → the same.
 * @throws ArgumentError if `p` is not in [0, 1].
 */
export class RandomHorizontalFlip extends Transform {
  constructor(
    /** Chance that a sample is flipped. */
    readonly p = 0.5,
    ...surplus: []
  ) {
    super(...surplus);
    checkProbability("RandomHorizontalFlip", p);
  }

  protected transform(images: Tensor, context: SampleContext): Tensor {
    const { count } = sizesOf("RandomHorizontalFlip", images);
    const flips = new Array<boolean>(count).fill(false);
    forEachSample(context, (random, n) => {
      flips[n] = random.uniform() < this.p;
    });
    const near = nearImage(images);
    if (near) return flips[0] ? mirrorNear(near) : images;
    return where(tensor(flips).view(count, 1, 1, 1), images.flip(-1), images);
  }
}

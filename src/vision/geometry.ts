// Transforms that resize, crop, mirror, rotate and erase.
import {
  ArgumentError,
  Callable,
  checkChoice,
  checkKind,
  checkOptions,
  formatShape,
  noMore,
  ShapeError,
} from "../base/index.js";
import type { SampleContext } from "../data/index.js";
import { arange, randn, type Tensor, where } from "../tensor/index.js";
import { cropNear, nearImage } from "./near-image.js";
import { type Fill, fillOf } from "./pixels.js";
import { resample } from "./resampling.js";
import { between, checkProbability, forEachSample, perSample, type Range, sizesOf } from "./samples.js";
import type { Interpolation } from "./taps.js";
import { Transform } from "./transform.js";
import { checkPaddingMode, type FillOptions, type PaddingMode, padSides, type Sides } from "./transforms.js";

type Size = number | readonly [height: number, width: number];

function pairOf(transform: string, size: Size): [number, number] {
  checkKind(transform, "size", size, "number | numbers");
  const pair: [number, number] = typeof size === "number" ? [size, size] : [...size];
  if (pair.every((n) => Number.isInteger(n) && n >= 1)) return pair;
  throw new ArgumentError(`${transform}: size must be a positive integer or two, got ${JSON.stringify(size)}`, {
    op: transform,
  });
}

function checkInterpolation(transform: string, interpolation: string): void {
  if (["nearest", "bilinear", "bicubic"].includes(interpolation)) return;
  throw new ArgumentError(
    `${transform}: interpolation must be "nearest", "bilinear" or "bicubic", got "${interpolation}"`,
    {
      op: transform,
    },
  );
}

/** How sizes change. */
export interface ResizeFilter {
  /** How pixels between pixels are read; default "bilinear". */
  readonly interpolation?: Interpolation;
  /** Smooth kinds average over all that a smaller pixel covers; default true. */
  readonly antialias?: boolean;
}

/** Options of `Resize`. */
export interface ResizeOptions extends ResizeFilter {
  /** Most that the longer side may become where `size` is the shorter one; with size null, what it becomes. */
  readonly maxSize?: number | null;
}

/** A part of an image. */
export interface Box {
  /** First row. */
  readonly top: number;
  /** First column. */
  readonly left: number;
  /** Rows. */
  readonly height: number;
  /** Columns. */
  readonly width: number;
}

/** Weights of rows and columns of boxes, one for all samples or one a sample. */
function resizeBoxes(
  images: Tensor,
  boxes: readonly Box[],
  [h, w]: readonly [number, number],
  { interpolation: kind = "bilinear", antialias = true }: ResizeFilter,
): Tensor {
  const [, , height, width] = images.shape as readonly [number, number, number, number];
  const rows = boxes.map(({ top, height: length }) => ({ start: top, length }));
  const columns = boxes.map(({ left, width: length }) => ({ start: left, length }));
  return resample(
    images,
    { spans: rows, inputs: height, size: h, kind, antialias },
    { spans: columns, inputs: width, size: w, kind, antialias },
  );
}

/**
 * Cuts `box` out of all images and resizes it to `size`, a number for both sides or height and width.
 *
 * Shapes: `[N, C, H, W]` → `[N, C, ...size]`; the dtype stays.
 * @param options - `interpolation` (default "bilinear"), `antialias` (default true).
 * @throws ShapeError if the images are no batch, or the box leaves them.
 * @throws ArgumentError if a size is no integer >= 1, or the interpolation is unknown.
 * @example functional.resizedCrop(rand([4, 3, 28, 28]), { top: 0, left: 4, height: 20, width: 20 }, [28, 28]).shape // [4, 3, 28, 28]
 */
export function resizedCrop(images: Tensor, box: Box, size: Size, options: ResizeFilter = {}, ...surplus: []): Tensor {
  noMore("resizedCrop", surplus);
  checkOptions("resizedCrop", options, { interpolation: "text", antialias: "flag" });
  checkInterpolation("resizedCrop", options.interpolation ?? "bilinear");
  checkBox("resizedCrop", images, box);
  return resizeBoxes(images, [box], pairOf("resizedCrop", size), options);
}

function checkBox(op: string, images: Tensor, { top, left, height: h, width: w }: Box): void {
  const { height, width } = sizesOf(op, images);
  const isWhole = [top, left, h, w].every((n) => Number.isInteger(n) && n >= 0);
  if (isWhole && top + h <= height && left + w <= width) return;
  throw new ShapeError(
    `${op}: the box of ${formatShape([h, w])} at row ${top}, column ${left} leaves images of ${formatShape([height, width])}`,
    { op, shapes: [images.shape] },
  );
}

/**
 * Resizes images to `size`: height and width, or the shorter side, which keeps the shape. uint8 gives uint8, with PyTorch's bits.
 * @param size - null: `maxSize` is the longer side.
 * @throws ArgumentError if a size is no integer >= 1, `maxSize` is neither larger than a single `size` nor given with null, or the
 * interpolation is unknown.
 * @throws ShapeError if images have other dims.
 * @example new Resize([224, 224])
 */
export class Resize extends Transform {
  private readonly options: ResizeOptions;

  constructor(
    private readonly size: Size | null,
    options: ResizeOptions = {},
    ...surplus: []
  ) {
    super(...surplus);
    checkOptions("Resize", options, { interpolation: "text", maxSize: "number | null", antialias: "flag" });
    const { maxSize = null } = options;
    if (size !== null) pairOf("Resize", size);
    if (maxSize !== null) pairOf("Resize", maxSize);
    if (size === null ? maxSize === null : maxSize !== null && !(typeof size === "number" && maxSize > size)) {
      throw new ArgumentError(
        `Resize: maxSize goes with a single smaller size, or with size null, got size ${JSON.stringify(size)} and maxSize ${maxSize}`,
        { op: "Resize" },
      );
    }
    checkInterpolation("Resize", options.interpolation ?? "bilinear");
    this.options = options;
  }

  protected transform(images: Tensor): Tensor {
    const { height, width } = sizesOf("Resize", images);
    const target = this.target(height, width);
    if (target[0] === height && target[1] === width) return images;
    return resizeBoxes(images, [{ top: 0, left: 0, height, width }], target, this.options);
  }

  private target(height: number, width: number): readonly [number, number] {
    const { size } = this;
    const { maxSize = null } = this.options;
    if (size !== null && typeof size !== "number") return size;
    const [short, long] = [Math.min(height, width), Math.max(height, width)];
    // The order of products and quotients decides how they round.
    let shorter = size ?? Math.trunc(((maxSize as number) * short) / long);
    let longer = size === null ? (maxSize as number) : Math.trunc((size * long) / short);
    if (size !== null && maxSize !== null && longer > maxSize) {
      shorter = Math.trunc((maxSize * shorter) / longer);
      longer = maxSize;
    }
    return width <= height ? [longer, shorter] : [shorter, longer];
  }
}

/**
 * Cuts `size`, a number for both sides or height and width, out of the middle; smaller images get borders of `fill` (default 0) first.
 *
 * Shapes: `[N, C, H, W]` or `[C, H, W]` → `[N, C, ...size]` or `[C, ...size]`.
 * @throws ArgumentError if a size is no integer >= 1.
 * @throws ShapeError if images have other dims.
 */
export class CenterCrop extends Transform {
  private readonly size: [number, number];
  private readonly fill: Fill;

  constructor(size: Size, options: FillOptions = {}, ...surplus: []) {
    super(...surplus);
    checkOptions("CenterCrop", options, { fill: "number | numbers" });
    this.size = pairOf("CenterCrop", size);
    this.fill = options.fill ?? 0;
  }

  protected transform(images: Tensor): Tensor {
    const { height, width } = sizesOf("CenterCrop", images);
    const [h, w] = this.size;
    const missing = (want: number, have: number) => [
      Math.floor(Math.max(want - have, 0) / 2),
      Math.floor((Math.max(want - have, 0) + 1) / 2),
    ];
    const borders = [...missing(w, width), ...missing(h, height)];
    const [left = 0, right = 0, top = 0, bottom = 0] = borders;
    const padded = padSides("CenterCrop", images, [left, top, right, bottom], this.fill, "constant");
    // Half to even, as Python rounds.
    const start = (have: number, want: number) => roundHalfEven((have - want) / 2);
    const corner = [start(padded.size(2), h), start(padded.size(3), w)] as const;
    const near = nearImage(padded);
    return near ? cropNear(near, corner, this.size) : padded.narrow(2, corner[0], h).narrow(3, corner[1], w);
  }
}

function roundHalfEven(x: number): number {
  const low = Math.floor(x);
  return x - low === 0.5 ? low + (low % 2) : Math.round(x);
}

/** Options of `Pad`. */
export interface PadOptions extends FillOptions {
  /** Default "constant". */
  readonly paddingMode?: PaddingMode;
}

/**
 * Puts borders around images: one size, left and right and then top and bottom, or left, top, right, bottom.
 * @throws ArgumentError for a fill a channel where borders are pixels of the image.
 * @example new Pad(4, { fill: [0.485, 0.456, 0.406] })
 * @example new Pad([2, 1], { paddingMode: "symmetric" })
 */
export class Pad extends Transform {
  private readonly sides: Sides;
  private readonly options: PadOptions;

  constructor(
    padding: number | readonly [leftRight: number, topBottom: number] | Sides,
    options: PadOptions = {},
    ...surplus: []
  ) {
    super(...surplus);
    checkOptions("Pad", options, { fill: "number | numbers", paddingMode: "text" });
    checkPaddingMode("Pad", options.paddingMode ?? "constant", options.fill ?? 0);
    checkKind("Pad", "padding", padding, "number | numbers");
    const [left, top, right = left, bottom = top] = typeof padding === "number" ? [padding, padding] : padding;
    this.sides = [left, top, right, bottom];
    this.options = options;
  }

  protected transform(images: Tensor): Tensor {
    const { fill = 0, paddingMode = "constant" } = this.options;
    return padSides("Pad", images, this.sides, fill, paddingMode);
  }
}

/** Options of `RandomResizedCrop`. */
export interface RandomResizedCropOptions extends ResizeFilter {
  /** Share of the image's area; default [0.08, 1]. */
  readonly scale?: Range;
  /** Width over height; default [3/4, 4/3]. */
  readonly ratio?: Range;
}

/**
 * Cuts a random part out of each image and resizes it to `size`. Szegedy et al., 2014, arXiv:1409.4842, section 6.
 *
 * Shapes: `[N, C, H, W]` or `[C, H, W]` → `[N, C, ...size]` or `[C, ...size]`.
 * @throws ArgumentError if a size is no integer >= 1, or the interpolation is unknown.
 * @throws ShapeError if images have other dims.
 * @example new RandomResizedCrop(224)
 */
export class RandomResizedCrop extends Transform {
  private readonly size: [number, number];
  private readonly options: Required<RandomResizedCropOptions>;

  constructor(size: Size, options: RandomResizedCropOptions = {}, ...surplus: []) {
    super(...surplus);
    checkOptions("RandomResizedCrop", options, {
      scale: "pair",
      ratio: "pair",
      interpolation: "text",
      antialias: "flag",
    });
    this.size = pairOf("RandomResizedCrop", size);
    this.options = { scale: [0.08, 1], ratio: [3 / 4, 4 / 3], interpolation: "bilinear", antialias: true, ...options };
    checkInterpolation("RandomResizedCrop", this.options.interpolation);
  }

  protected transform(images: Tensor, context: SampleContext): Tensor {
    const { height, width } = sizesOf("RandomResizedCrop", images);
    const boxes: Box[] = [];
    forEachSample(context, (random) => boxes.push(this.drawBox(random, height, width)));
    return resizeBoxes(images, boxes, this.size, this.options);
  }

  /** Ten tries of a random area and shape; then the largest part in the middle with an allowed shape. */
  private drawBox(random: Parameters<typeof between>[0], height: number, width: number): Box {
    const { scale, ratio } = this.options;
    for (let attempt = 0; attempt < 10; attempt++) {
      const area = height * width * between(random, scale);
      const shape = Math.exp(between(random, [Math.log(ratio[0]), Math.log(ratio[1])]));
      const [w, h] = [Math.round(Math.sqrt(area * shape)), Math.round(Math.sqrt(area / shape))];
      if (w < 1 || h < 1 || w > width || h > height) continue;
      return { top: random.below(height - h + 1), left: random.below(width - w + 1), height: h, width: w };
    }
    const own = width / height;
    const w = own > ratio[1] ? Math.round(height * ratio[1]) : width;
    const h = own < ratio[0] ? Math.round(width / ratio[0]) : height;
    return { top: (height - h) >> 1, left: (width - w) >> 1, height: h, width: w };
  }
}

/**
 * Mirrors each image top to bottom with probability `p` (default 0.5). Shapes: `[N, C, H, W]` or `[C, H, W]` → the same.
 * @throws ArgumentError if `p` is not in [0, 1].
 */
export class RandomVerticalFlip extends Transform {
  constructor(
    /** Chance that a sample is flipped. */
    readonly p = 0.5,
    ...surplus: []
  ) {
    super(...surplus);
    checkProbability("RandomVerticalFlip", p);
  }

  protected transform(images: Tensor, context: SampleContext): Tensor {
    sizesOf("RandomVerticalFlip", images);
    const [draws] = perSample(context, (random) => [random.uniform()]) as [Tensor];
    return where(draws.lt(this.p), images.flip(-2), images);
  }
}

/** Options of `RandomErasing`. */
export interface RandomErasingOptions {
  /** Chance that a sample is erased; default 0.5. */
  readonly p?: number;
  /** Share of the image's area; default [0.02, 0.33]. */
  readonly scale?: Range;
  /** Height over width; default [0.3, 3.3]. */
  readonly ratio?: Range;
  /** A number, one a channel, or normal noise; default 0. */
  readonly value?: Erased;
}

type Erased = Fill | "random";

/** `value` between the edges, numbers or one a sample. */
function filled(op: string, images: Tensor, edges: readonly (number | Tensor)[], value: Erased): Tensor {
  const [, , height, width] = images.shape as readonly [number, number, number, number];
  const [top, left, bottom, right] = edges as readonly [Tensor, Tensor, Tensor, Tensor];
  const [y, x] = [arange(height).view(1, 1, height, 1), arange(width).view(1, 1, 1, width)];
  const isErased = y.ge(top).logicalAnd(y.lt(bottom)).logicalAnd(x.ge(left)).logicalAnd(x.lt(right));
  const written = value === "random" ? randn(images.shape).to(images.dtype) : fillOf(op, images, value);
  return where(isErased, written, images);
}

/**
 * Writes a number, one a channel, or normal noise into `box` of all images. Shapes: `[N, C, H, W]` → the same.
 * @throws ShapeError if the images are no batch, the box leaves them, or there is another number of values than channels.
 */
export function erase(images: Tensor, box: Box, value: Erased, ...surplus: []): Tensor {
  noMore("erase", surplus);
  checkBox("erase", images, box);
  return filled("erase", images, [box.top, box.left, box.top + box.height, box.left + box.width], value);
}

/**
 * Erases a random rectangle of each image with probability `p`. Zhong et al., 2017, arXiv:1708.04896.
 *
 * Shapes: `[N, C, H, W]` or `[C, H, W]` → the same.
 * @throws ArgumentError if `p` is not in [0, 1].
 * @throws ShapeError if images have other dims, or `value` has another number of values than channels.
 */
export class RandomErasing extends Transform {
  private readonly options: Required<RandomErasingOptions>;

  constructor(options: RandomErasingOptions = {}, ...surplus: []) {
    super(...surplus);
    checkOptions("RandomErasing", options, {
      p: "number",
      scale: "pair",
      ratio: "pair",
      value: "number | numbers | text",
    });
    if (typeof options.value === "string") checkChoice("RandomErasing", "value", options.value, ["random"]);
    this.options = { p: 0.5, scale: [0.02, 0.33], ratio: [0.3, 3.3], value: 0, ...options };
    checkProbability("RandomErasing", this.options.p);
  }

  protected transform(images: Tensor, context: SampleContext): Tensor {
    const { height, width } = sizesOf("RandomErasing", images);
    const { value } = this.options;
    const [top, left, bottom, right] = perSample(context, (random) => this.drawBox(random, height, width)) as [
      Tensor,
      Tensor,
      Tensor,
      Tensor,
    ];
    return filled("RandomErasing", images, [top, left, bottom, right], value);
  }

  private drawBox(random: Parameters<typeof between>[0], height: number, width: number): number[] {
    const { p, scale, ratio } = this.options;
    if (random.uniform() >= p) return [0, 0, 0, 0];
    for (let attempt = 0; attempt < 10; attempt++) {
      const area = height * width * between(random, scale);
      const shape = Math.exp(between(random, [Math.log(ratio[0]), Math.log(ratio[1])]));
      const [h, w] = [Math.round(Math.sqrt(area * shape)), Math.round(Math.sqrt(area / shape))];
      if (h >= height || w >= width) continue;
      const [top, left] = [random.below(height - h + 1), random.below(width - w + 1)];
      return [top, left, top + h, left + w];
    }
    return [0, 0, 0, 0];
  }
}

/** Checks the sizes and cuts the windows: the corners (upper left, upper right, lower left, lower right) and the middle. */
function cutFive(op: string, images: Tensor, [h, w]: readonly [number, number]): FiveImages {
  const [height, width] = images.shape.slice(-2) as [number, number];
  if (h > height || w > width || images.shape.length < 2) {
    throw new ShapeError(
      `${op}: windows of ${formatShape([h, w])} do not fit images of shape ${formatShape(images.shape)}`,
      {
        op,
        shapes: [images.shape],
      },
    );
  }
  const cut = (top: number, left: number) => images.narrow(-2, top, h).narrow(-1, left, w);
  const [bottom, right] = [height - h, width - w];
  const middle = cut(roundHalfEven(bottom / 2), roundHalfEven(right / 2));
  return [cut(0, 0), cut(0, right), cut(bottom, 0), cut(bottom, right), middle];
}

type FiveImages = readonly [Tensor, Tensor, Tensor, Tensor, Tensor];

// The merged interface is the only way to give a class a call signature.
export interface FiveCrop {
  // biome-ignore lint/style/useShorthandFunctionType: only an interface merges with a class
  (images: Tensor): FiveImages;
}

/**
 * The four corners and the middle of images `[…, H, W]`, cut to `size`: five tensors, upper left, upper right, lower left, lower right,
 * middle. Inside `Compose`, what follows gets all of them, each a batch: a `Lambda` stacks them.
 * @throws ShapeError if the window is larger than the images.
 * @example const views = stack(new FiveCrop(224)(image)); // [5, C, 224, 224]
 * @example
 * // [N, 5, C, 224, 224]; of one image [5, C, 224, 224]
 * new Compose([new FiveCrop(224), new Normalize(0.5, 0.5), new Lambda((crops: readonly Tensor[]) => stack(crops, 1))]);
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: see the interface
export class FiveCrop extends Callable<null> {
  constructor(size: Size, ...surplus: []) {
    const pair = pairOf("FiveCrop", size);
    super(
      (_self: FiveCrop, _state: null, [images]: readonly unknown[]) => cutFive("FiveCrop", images as Tensor, pair),
      null,
    );
    noMore("FiveCrop", surplus);
  }
}

/** Options of `TenCrop`. */
export interface TenCropOptions {
  /** Mirror top to bottom instead of left to right; default false. */
  readonly verticalFlip?: boolean;
}

export interface TenCrop {
  // biome-ignore lint/style/useShorthandFunctionType: only an interface merges with a class
  (images: Tensor): readonly Tensor[];
}

/**
 * What `FiveCrop` gives, and the same of the mirrored images: ten tensors.
 * @throws ShapeError if the window is larger than the images.
 * @example const views = stack(new TenCrop(224)(image)); // [10, C, 224, 224]
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: see the interface
export class TenCrop extends Callable<null> {
  constructor(size: Size, options: TenCropOptions = {}, ...surplus: []) {
    checkOptions("TenCrop", options, { verticalFlip: "flag" });
    const pair = pairOf("TenCrop", size);
    const dim = options.verticalFlip ? -2 : -1;
    super((_self: TenCrop, _state: null, [given]: readonly unknown[]) => {
      const images = given as Tensor;
      return [...cutFive("TenCrop", images, pair), ...cutFive("TenCrop", images.flip(dim), pair)];
    }, null);
    noMore("TenCrop", surplus);
  }
}

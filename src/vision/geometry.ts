// Transforms that resize, crop, mirror, rotate and erase.
import { ArgumentError, checkOptions, formatShape, ShapeError } from "../base/index.js";
import type { SampleContext } from "../data/index.js";
import { arange, pad, randn, type Tensor, tensor, where } from "../tensor/index.js";
import { fillWeights, type Interpolation, resample } from "./resampling.js";
import { between, checkProbability, forEachSample, perSample, type Range, sizesOf } from "./samples.js";
import { Transform } from "./transform.js";
import { type FillOptions, RandomAffine } from "./transforms.js";

type Size = number | readonly [height: number, width: number];

function pairOf(transform: string, size: Size): [number, number] {
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

/** Options of `Resize`. */
export interface ResizeOptions {
  /** Default "bilinear". Both smooth ones average over what a smaller pixel covers (antialiasing). */
  readonly interpolation?: Interpolation;
}

/**
 * Resizes images to `size`: height and width, or the shorter side, which keeps the shape.
 * @example new Resize([224, 224])
 */
export class Resize extends Transform {
  private readonly interpolation: Interpolation;

  constructor(
    private readonly size: Size,
    options: ResizeOptions = {},
  ) {
    super();
    checkOptions("Resize", options, ["interpolation"]);
    pairOf("Resize", size);
    this.interpolation = options.interpolation ?? "bilinear";
    checkInterpolation("Resize", this.interpolation);
  }

  protected transform(images: Tensor): Tensor {
    const { height, width } = sizesOf("Resize", images);
    const target = this.target(height, width);
    if (target[0] === height && target[1] === width) return images;
    const weights = (inputs: number, size: number) => {
      const out = new Float64Array(inputs * size);
      fillWeights(out, 0, { inputs, start: 0, length: inputs, size, kind: this.interpolation });
      return out;
    };
    return resample(images, weights(height, target[0]), weights(width, target[1]), target);
  }

  private target(height: number, width: number): [number, number] {
    if (typeof this.size !== "number") return [...this.size];
    const shorter = Math.min(height, width);
    const along = (side: number) =>
      side === shorter ? (this.size as number) : Math.trunc((this.size as number) * (side / shorter));
    return [along(height), along(width)];
  }
}

/** Cuts `size` out of the middle; smaller images get borders of `fill` first. */
export class CenterCrop extends Transform {
  private readonly size: [number, number];
  private readonly fill: number;

  constructor(size: Size, options: FillOptions = {}) {
    super();
    checkOptions("CenterCrop", options, ["fill"]);
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
    const padded = borders.some((n) => n > 0) ? pad(images, borders, { value: this.fill }) : images;
    // Half to even, as Python rounds.
    const start = (have: number, want: number) => roundHalfEven((have - want) / 2);
    return padded.narrow(2, start(padded.size(2), h), h).narrow(3, start(padded.size(3), w), w);
  }
}

function roundHalfEven(x: number): number {
  const low = Math.floor(x);
  return x - low === 0.5 ? low + (low % 2) : Math.round(x);
}

/** Options of `Pad`. */
export interface PadOptions extends FillOptions {
  /** Default "constant". */
  readonly paddingMode?: "constant" | "edge" | "reflect";
}

/** Puts borders around images: one size, or left, top, right, bottom. */
export class Pad extends Transform {
  private readonly sides: readonly [number, number, number, number];
  private readonly options: PadOptions;

  constructor(
    padding: number | readonly [left: number, top: number, right: number, bottom: number],
    options: PadOptions = {},
  ) {
    super();
    checkOptions("Pad", options, ["fill", "paddingMode"]);
    this.sides = typeof padding === "number" ? [padding, padding, padding, padding] : padding;
    this.options = options;
  }

  protected transform(images: Tensor): Tensor {
    const [left, top, right, bottom] = this.sides;
    const { fill = 0, paddingMode = "constant" } = this.options;
    const mode = paddingMode === "edge" ? "replicate" : paddingMode;
    return pad(images, [left, right, top, bottom], mode === "constant" ? { value: fill } : { mode });
  }
}

/** Options of `RandomResizedCrop`. */
export interface RandomResizedCropOptions extends ResizeOptions {
  /** Share of the image's area; default [0.08, 1]. */
  readonly scale?: Range;
  /** Width over height; default [3/4, 4/3]. */
  readonly ratio?: Range;
}

/**
 * Cuts a random part out of each image and resizes it to `size`, antialiased. Szegedy et al., 2014, arXiv:1409.4842, section 6.
 * @example new RandomResizedCrop(224)
 */
export class RandomResizedCrop extends Transform {
  private readonly size: [number, number];
  private readonly options: Required<RandomResizedCropOptions>;

  constructor(size: Size, options: RandomResizedCropOptions = {}) {
    super();
    checkOptions("RandomResizedCrop", options, ["scale", "ratio", "interpolation"]);
    this.size = pairOf("RandomResizedCrop", size);
    this.options = { scale: [0.08, 1], ratio: [3 / 4, 4 / 3], interpolation: "bilinear", ...options };
    checkInterpolation("RandomResizedCrop", this.options.interpolation);
  }

  protected transform(images: Tensor, context: SampleContext): Tensor {
    const { count, height, width } = sizesOf("RandomResizedCrop", images);
    const [h, w] = this.size;
    const rows = new Float64Array(count * h * height);
    const columns = new Float64Array(count * w * width);
    const kind = this.options.interpolation;
    forEachSample(context, (random, n) => {
      const box = this.drawBox(random, height, width);
      fillWeights(rows, n * h * height, { inputs: height, start: box.top, length: box.height, size: h, kind });
      fillWeights(columns, n * w * width, { inputs: width, start: box.left, length: box.width, size: w, kind });
    });
    return resample(images, rows, columns, this.size);
  }

  /** Ten tries of a random area and shape; then the largest part in the middle with an allowed shape. */
  private drawBox(random: Parameters<typeof between>[0], height: number, width: number) {
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

/** Mirrors each image top to bottom with probability `p` (default 0.5). */
export class RandomVerticalFlip extends Transform {
  constructor(
    /** Chance that a sample is flipped. */
    readonly p = 0.5,
  ) {
    super();
    checkProbability("RandomVerticalFlip", p);
  }

  protected transform(images: Tensor, context: SampleContext): Tensor {
    sizesOf("RandomVerticalFlip", images);
    const [draws] = perSample(context, (random) => [random.uniform()]) as [Tensor];
    return where(draws.lt(this.p), images.flip(-2), images);
  }
}

/** Rotates each image about its centre by a random angle in ±`degrees`, or in a range; what comes in is `fill`. */
export class RandomRotation extends RandomAffine {
  constructor(
    degrees: number | Range,
    options: FillOptions & { readonly interpolation?: "nearest" | "bilinear" } = {},
  ) {
    checkOptions("RandomRotation", options, ["fill", "interpolation"]);
    super(degrees, options);
  }
}

/** Options of `RandomErasing`. */
export interface RandomErasingOptions {
  /** Default 0.5. */
  readonly p?: number;
  /** Share of the image's area; default [0.02, 0.33]. */
  readonly scale?: Range;
  /** Height over width; default [0.3, 3.3]. */
  readonly ratio?: Range;
  /** A number, one a channel, or normal noise; default 0. */
  readonly value?: number | readonly number[] | "random";
}

/** Erases a random rectangle of each image with probability `p`. Zhong et al., 2017, arXiv:1708.04896. */
export class RandomErasing extends Transform {
  private readonly options: Required<RandomErasingOptions>;

  constructor(options: RandomErasingOptions = {}) {
    super();
    checkOptions("RandomErasing", options, ["p", "scale", "ratio", "value"]);
    this.options = { p: 0.5, scale: [0.02, 0.33], ratio: [0.3, 3.3], value: 0, ...options };
    checkProbability("RandomErasing", this.options.p);
  }

  protected transform(images: Tensor, context: SampleContext): Tensor {
    const { channels, height, width } = sizesOf("RandomErasing", images);
    const { value } = this.options;
    if (Array.isArray(value) && value.length !== channels) {
      throw new ShapeError(
        `RandomErasing: got ${value.length} values for images of shape ${formatShape(images.shape)}; give one, or one a channel`,
        { op: "RandomErasing", shapes: [images.shape] },
      );
    }
    const [top, left, bottom, right] = perSample(context, (random) => this.drawBox(random, height, width)) as [
      Tensor,
      Tensor,
      Tensor,
      Tensor,
    ];
    const [y, x] = [arange(height).view(1, 1, height, 1), arange(width).view(1, 1, 1, width)];
    const isErased = y.ge(top).logicalAnd(y.lt(bottom)).logicalAnd(x.ge(left)).logicalAnd(x.lt(right));
    if (value === "random") return where(isErased, randn(images.shape).to(images.dtype), images);
    if (typeof value === "number") return where(isErased, value, images);
    return where(
      isErased,
      tensor([...value])
        .to(images.dtype)
        .view(channels, 1, 1),
      images,
    );
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

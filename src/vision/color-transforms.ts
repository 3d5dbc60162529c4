// Transforms of colours, with parameters of each sample. Images are floats in [0, 1] or uint8.
import {
  ArgumentError,
  checkDType,
  checkKind,
  checkNumber,
  checkOptions,
  type DType,
  isFloat,
  shownValue,
} from "../base/index.js";
import type { SampleContext } from "../data/index.js";
import { randn, type Tensor, where } from "../tensor/index.js";
import * as color from "./color.js";
import { between, checkColors, checkProbability, perSample, type Range, sizesOf } from "./samples.js";
import { Transform } from "./transform.js";

/**
 * Grey images of 1 (default) or 3 equal channels: 0.2989 R + 0.587 G + 0.114 B.
 *
 * Shapes: `[N, C, H, W]` or `[C, H, W]` of 1 or 3 channels → the same with `numOutputChannels`.
 * @throws ArgumentError if the number of channels is neither 1 nor 3.
 * @throws ShapeError if images have other dims or channels.
 * @throws DTypeError if they are neither floats nor uint8.
 */
export class Grayscale extends Transform {
  constructor(
    /** Channels of the result: 1, or 3 equal ones. */
    readonly numOutputChannels: 1 | 3 = 1,
    ...surplus: []
  ) {
    super(...surplus);
    if (numOutputChannels === 1 || numOutputChannels === 3) return;
    throw new ArgumentError(`Grayscale: numOutputChannels must be 1 or 3, got ${numOutputChannels}`, {
      op: "Grayscale",
    });
  }

  protected transform(images: Tensor): Tensor {
    const { count, height, width } = checkColors("Grayscale", images);
    return color.rgbToGrayscale(images).expand([count, this.numOutputChannels, height, width]);
  }
}

/** Applies `change` to each image with probability `p`. */
abstract class RandomlyChanged extends Transform {
  constructor(
    readonly p: number,
    ...surplus: []
  ) {
    super(...surplus);
    checkProbability(new.target.name, p);
  }

  protected abstract change(images: Tensor): Tensor;

  protected transform(images: Tensor, context: SampleContext): Tensor {
    checkColors(this.constructor.name, images);
    const [draws] = perSample(context, (random) => [random.uniform()]) as [Tensor];
    return where(draws.lt(this.p), this.change(images), images);
  }
}

/** Turns each image grey with probability `p` (default 0.1); the number of channels stays. */
export class RandomGrayscale extends RandomlyChanged {
  constructor(p = 0.1, ...surplus: []) {
    super(p, ...surplus);
  }

  protected change(images: Tensor): Tensor {
    return color.rgbToGrayscale(images);
  }
}

/** 1 - x, with probability `p` (default 0.5). */
export class RandomInvert extends RandomlyChanged {
  constructor(p = 0.5, ...surplus: []) {
    super(p, ...surplus);
  }

  protected change(images: Tensor): Tensor {
    return color.invert(images);
  }
}

/** Stretches each channel to [0, 1], with probability `p` (default 0.5). */
export class RandomAutocontrast extends RandomlyChanged {
  constructor(p = 0.5, ...surplus: []) {
    super(p, ...surplus);
  }

  protected change(images: Tensor): Tensor {
    return color.autocontrast(images);
  }
}

/** Makes the histogram of each channel even, with probability `p` (default 0.5). */
export class RandomEqualize extends RandomlyChanged {
  constructor(p = 0.5, ...surplus: []) {
    super(p, ...surplus);
  }

  protected change(images: Tensor): Tensor {
    return color.equalize(images);
  }
}

/** Inverts what is at least `threshold`, with probability `p` (default 0.5). */
export class RandomSolarize extends RandomlyChanged {
  constructor(
    /** Values from it on are inverted. */
    readonly threshold: number,
    p = 0.5,
    ...surplus: []
  ) {
    super(p, ...surplus);
    checkNumber("RandomSolarize", "threshold", threshold);
  }

  protected change(images: Tensor): Tensor {
    return color.solarize(images, this.threshold);
  }
}

/**
 * Keeps the upper `bits` bits, with probability `p` (default 0.5).
 * @throws ArgumentError if `bits` is no integer from 0 to 8, or `p` is not in [0, 1].
 */
export class RandomPosterize extends RandomlyChanged {
  constructor(
    /** Bits kept of each value. */
    readonly bits: number,
    p = 0.5,
    ...surplus: []
  ) {
    super(p, ...surplus);
    if (Number.isInteger(bits) && bits >= 0 && bits <= 8) return;
    throw new ArgumentError(`RandomPosterize: bits must be an integer from 0 to 8, got ${shownValue(bits)}`, {
      op: "RandomPosterize",
    });
  }

  protected change(images: Tensor): Tensor {
    return color.posterize(images, this.bits);
  }
}

/**
 * Sharpens (factor above 1) or smooths (below), with probability `p` (default 0.5).
 * @throws ArgumentError if the factor is no number >= 0, or `p` is not in [0, 1].
 */
export class RandomAdjustSharpness extends RandomlyChanged {
  constructor(
    /** 0 blurs, 1 changes nothing, 2 doubles the sharpness. */
    readonly sharpnessFactor: number,
    p = 0.5,
    ...surplus: []
  ) {
    super(p, ...surplus);
    if (typeof sharpnessFactor === "number" && sharpnessFactor >= 0) return;
    throw new ArgumentError(
      `RandomAdjustSharpness: sharpnessFactor must be a number >= 0, got ${shownValue(sharpnessFactor)}`,
      { op: "RandomAdjustSharpness" },
    );
  }

  protected change(images: Tensor): Tensor {
    return color.adjustSharpness(images, this.sharpnessFactor);
  }
}

/** Options of `ColorJitter`. */
export interface ColorJitterOptions {
  /** Factors in [max(0, 1 - x), 1 + x], or a range. */
  readonly brightness?: number | Range;
  /** As `brightness`, of the contrast; default 0. */
  readonly contrast?: number | Range;
  /** As `brightness`, of the saturation; default 0. */
  readonly saturation?: number | Range;
  /** Turns in ±x (at most 0.5), or a range. */
  readonly hue?: number | Range;
}

/**
 * Changes brightness, contrast, saturation and hue of each image by random factors, in this order (torchvision draws the order).
 * Shapes: `[N, C, H, W]` or `[C, H, W]` of 1 or 3 channels → the same.
 * @throws ArgumentError if a range is negative or not ascending, or `hue` is not in [-0.5, 0.5].
 * @throws ShapeError if images have other dims or channels.
 * @throws DTypeError if they are neither floats nor uint8.
 * @example new ColorJitter({ brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 })
 */
export class ColorJitter extends Transform {
  private readonly ranges: Readonly<Record<keyof ColorJitterOptions, Range | null>>;

  constructor(options: ColorJitterOptions = {}, ...surplus: []) {
    super(...surplus);
    checkOptions("ColorJitter", options, {
      brightness: "number | numbers",
      contrast: "number | numbers",
      saturation: "number | numbers",
      hue: "number | numbers",
    });
    const around = (value: number | Range | undefined, center: number, least: number): Range | null => {
      if (value === undefined || value === 0) return null;
      if (typeof value === "number" ? !(value > 0) : !(value[0] >= least && value[0] <= value[1])) {
        throw new ArgumentError(
          `ColorJitter: takes numbers >= 0, or ranges [low, high] from ${least} up, got ${JSON.stringify(value)}`,
          { op: "ColorJitter" },
        );
      }
      return typeof value === "number" ? [Math.max(least, center - value), center + value] : value;
    };
    const { brightness, contrast, saturation, hue } = options;
    this.ranges = {
      brightness: around(brightness, 1, 0),
      contrast: around(contrast, 1, 0),
      saturation: around(saturation, 1, 0),
      hue: around(hue, 0, -0.5),
    };
    const turn = this.ranges.hue;
    if (turn && (turn[0] < -0.5 || turn[1] > 0.5)) {
      throw new ArgumentError(`ColorJitter: hue must be in [-0.5, 0.5], got ${JSON.stringify(hue)}`, {
        op: "ColorJitter",
      });
    }
  }

  protected transform(images: Tensor, context: SampleContext): Tensor {
    checkColors("ColorJitter", images);
    const { brightness, contrast, saturation, hue } = this.ranges;
    const draws = perSample(context, (random) =>
      [brightness, contrast, saturation, hue].map((range) => between(random, range ?? [0, 0])),
    );
    const [b, c, s, h] = draws as [Tensor, Tensor, Tensor, Tensor];
    let x = images;
    if (brightness) x = color.adjustBrightness(x, b);
    if (contrast) x = color.adjustContrast(x, c);
    if (saturation) x = color.adjustSaturation(x, s);
    return hue ? color.adjustHue(x, h) : x;
  }
}

/**
 * Blurs each image by a Gaussian with a deviation drawn from the range `sigma` (default [0.1, 2]), or of one deviation.
 *
 * Shapes: `[N, C, H, W]` or `[C, H, W]` → the same.
 * @param kernelSize - odd: one, or [x, y].
 * @throws ArgumentError if the kernel is not odd and positive, or a deviation not above 0.
 * @throws ShapeError if images have other dims, or are smaller than half the kernel.
 * @throws DTypeError if they are neither floats nor uint8.
 */
export class GaussianBlur extends Transform {
  private readonly size: readonly [number, number];

  constructor(
    kernelSize: number | readonly [x: number, y: number],
    private readonly sigma: number | Range = [0.1, 2],
    ...surplus: []
  ) {
    super(...surplus);
    this.size = color.kernelSizes("GaussianBlur", kernelSize);
    checkKind("GaussianBlur", "sigma", sigma, "number | pair");
    for (const deviation of [sigma].flat() as number[]) color.checkDeviation("GaussianBlur", deviation);
  }

  protected transform(images: Tensor, context: SampleContext): Tensor {
    sizesOf("GaussianBlur", images);
    const { sigma } = this;
    if (typeof sigma === "number") return color.gaussianBlur(images, this.size, sigma);
    const [draws] = perSample(context, (random) => [between(random, sigma)]) as [Tensor];
    return color.gaussianBlur(images, this.size, draws);
  }
}

/** Options of `GaussianNoise`. */
export interface GaussianNoiseOptions {
  /** Mean of the noise; default 0. */
  readonly mean?: number;
  /** Its standard deviation, of images in [0, 1]; default 0.1. */
  readonly sigma?: number;
  /** Keep values in [0, 1]; default true. */
  readonly clip?: boolean;
}

/**
 * Adds normal noise, drawn from the global generator.
 *
 * Shapes: `[N, C, H, W]` or `[C, H, W]` → the same.
 * @throws ShapeError if images have other dims.
 * @throws DTypeError if they are neither floats nor uint8.
 */
export class GaussianNoise extends Transform {
  private readonly options: Required<GaussianNoiseOptions>;

  constructor(options: GaussianNoiseOptions = {}, ...surplus: []) {
    super(...surplus);
    checkOptions("GaussianNoise", options, { mean: "number", sigma: "number", clip: "flag" });
    this.options = { mean: 0, sigma: 0.1, clip: true, ...options };
  }

  protected transform(images: Tensor): Tensor {
    const { mean, sigma, clip } = this.options;
    return color.inColors("GaussianNoise", images, (x, bound) => {
      const noise = randn(x.shape, { dtype: x.dtype as "float32" })
        .mul(sigma * bound)
        .add(mean * bound);
      // Whole steps of bytes, which wrap around where they are not clamped.
      const noisy = x.add(bound === 1 ? noise : noise.trunc());
      return clip ? noisy.clamp(0, bound) : bound === 1 ? noisy : noisy.remainder(256);
    });
  }
}

/**
 * Converts to a dtype; with `scale`, uint8 becomes floats in [0, 1], and the other way round.
 * @throws DTypeError if it is no dtype.
 */
export class ToDtype extends Transform {
  private readonly scale: boolean;

  constructor(
    /** Dtype of the result. */
    readonly dtype: DType,
    options: { readonly scale?: boolean } = {},
    ...surplus: []
  ) {
    super(...surplus);
    checkOptions("ToDtype", options, { scale: "flag" });
    checkDType("ToDtype", dtype);
    this.scale = options.scale ?? false;
  }

  protected transform(images: Tensor): Tensor {
    if (!this.scale) return images.to(this.dtype);
    if (images.dtype === "uint8" && isFloat(this.dtype)) return images.to(this.dtype).div(255);
    // All of [0, 1] in 256 equal parts, but for the end.
    if (isFloat(images.dtype) && this.dtype === "uint8") return images.mul(255.999).to("uint8");
    return images.to(this.dtype);
  }
}

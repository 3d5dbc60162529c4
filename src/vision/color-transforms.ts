// Transforms of colours, with parameters of each sample. Images are floats in [0, 1].
import { ArgumentError, checkOptions, type DType } from "../base/index.js";
import type { BatchTransform, ImageTransform, SampleContext } from "../data/index.js";
import { randn, type Tensor, where } from "../tensor/index.js";
import * as color from "./color.js";
import { between, checkColors, checkProbability, checkTransforms, perSample, type Range, sizesOf } from "./samples.js";

/** Grey images of 1 (default) or 3 equal channels. */
export class Grayscale implements BatchTransform {
  constructor(
    /** Channels of the result: 1, or 3 equal ones. */
    readonly numOutputChannels: 1 | 3 = 1,
  ) {
    if (numOutputChannels === 1 || numOutputChannels === 3) return;
    throw new ArgumentError(`Grayscale: numOutputChannels must be 1 or 3, got ${numOutputChannels}`, {
      op: "Grayscale",
    });
  }

  apply(images: Tensor): Tensor {
    const { count, height, width } = checkColors("Grayscale", images);
    return color.rgbToGrayscale(images).expand([count, this.numOutputChannels, height, width]);
  }
}

/** Applies `change` to each image with probability `p`. */
abstract class RandomlyChanged implements BatchTransform {
  constructor(readonly p: number) {
    checkProbability(new.target.name, p);
  }

  protected abstract change(images: Tensor): Tensor;

  apply(images: Tensor, context: SampleContext): Tensor {
    checkColors(this.constructor.name, images);
    const [draws] = perSample(context, (random) => [random.uniform()]) as [Tensor];
    return where(draws.lt(this.p), this.change(images), images);
  }
}

/** Turns each image grey with probability `p` (default 0.1); the number of channels stays. */
export class RandomGrayscale extends RandomlyChanged {
  constructor(p = 0.1) {
    super(p);
  }

  protected change(images: Tensor): Tensor {
    return color.rgbToGrayscale(images);
  }
}

/** 1 - x, with probability `p` (default 0.5). */
export class RandomInvert extends RandomlyChanged {
  constructor(p = 0.5) {
    super(p);
  }

  protected change(images: Tensor): Tensor {
    return color.invert(images);
  }
}

/** Stretches each channel to [0, 1], with probability `p` (default 0.5). */
export class RandomAutocontrast extends RandomlyChanged {
  constructor(p = 0.5) {
    super(p);
  }

  protected change(images: Tensor): Tensor {
    return color.autocontrast(images);
  }
}

/** Makes the histogram of each channel even, with probability `p` (default 0.5). */
export class RandomEqualize extends RandomlyChanged {
  constructor(p = 0.5) {
    super(p);
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
  ) {
    super(p);
  }

  protected change(images: Tensor): Tensor {
    return color.solarize(images, this.threshold);
  }
}

/** Keeps the upper `bits` bits, with probability `p` (default 0.5). */
export class RandomPosterize extends RandomlyChanged {
  constructor(
    /** Bits kept of each value. */
    readonly bits: number,
    p = 0.5,
  ) {
    super(p);
  }

  protected change(images: Tensor): Tensor {
    return color.posterize(images, this.bits);
  }
}

/** Sharpens (factor above 1) or smooths (below), with probability `p` (default 0.5). */
export class RandomAdjustSharpness extends RandomlyChanged {
  constructor(
    /** 0 blurs, 1 changes nothing, 2 doubles the sharpness. */
    readonly sharpnessFactor: number,
    p = 0.5,
  ) {
    super(p);
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
 * @example new ColorJitter({ brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 })
 */
export class ColorJitter implements BatchTransform {
  private readonly ranges: Readonly<Record<keyof ColorJitterOptions, Range | null>>;

  constructor(options: ColorJitterOptions = {}) {
    checkOptions("ColorJitter", options, ["brightness", "contrast", "saturation", "hue"]);
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

  apply(images: Tensor, context: SampleContext): Tensor {
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

/** Blurs each image by a Gaussian with a deviation drawn from `sigma` (default [0.1, 2]). `kernelSize` is odd. */
export class GaussianBlur implements BatchTransform {
  private readonly size: readonly [number, number];

  constructor(
    kernelSize: number | readonly [x: number, y: number],
    private readonly sigma: number | Range = [0.1, 2],
  ) {
    this.size = typeof kernelSize === "number" ? [kernelSize, kernelSize] : kernelSize;
    if (this.size.every((n) => Number.isInteger(n) && n > 0 && n % 2 === 1)) return;
    throw new ArgumentError(`GaussianBlur: kernelSize must be odd and positive, got ${JSON.stringify(kernelSize)}`, {
      op: "GaussianBlur",
    });
  }

  apply(images: Tensor, context: SampleContext): Tensor {
    sizesOf("GaussianBlur", images);
    const { sigma } = this;
    if (typeof sigma === "number") return color.gaussianBlur(images, this.size, sigma);
    const [draws] = perSample(context, (random) => [between(random, sigma)]) as [Tensor];
    return color.gaussianBlur(images, this.size, draws);
  }
}

/** Options of `GaussianNoise`. */
export interface GaussianNoiseOptions {
  /** Default 0. */
  readonly mean?: number;
  /** Default 0.1. */
  readonly sigma?: number;
  /** Keep values in [0, 1]; default true. */
  readonly clip?: boolean;
}

/** Adds normal noise, drawn from the global generator. */
export class GaussianNoise implements BatchTransform {
  private readonly options: Required<GaussianNoiseOptions>;

  constructor(options: GaussianNoiseOptions = {}) {
    checkOptions("GaussianNoise", options, ["mean", "sigma", "clip"]);
    this.options = { mean: 0, sigma: 0.1, clip: true, ...options };
  }

  apply(images: Tensor): Tensor {
    const { mean, sigma, clip } = this.options;
    const noisy = images.add(randn(images.shape).mul(sigma).add(mean));
    return clip ? noisy.clamp(0, 1) : noisy;
  }
}

/** Any function of a batch. */
export class Lambda implements BatchTransform {
  constructor(private readonly fn: (images: Tensor) => Tensor) {}

  apply(images: Tensor): Tensor {
    return this.fn(images);
  }
}

/** Converts to a dtype; with `scale`, uint8 becomes floats in [0, 1]. */
export class ToDtype implements BatchTransform {
  private readonly scale: boolean;

  constructor(
    /** Dtype of the result. */
    readonly dtype: DType,
    options: { readonly scale?: boolean } = {},
  ) {
    checkOptions("ToDtype", options, ["scale"]);
    this.scale = options.scale ?? false;
  }

  apply(images: Tensor): Tensor {
    const converted = images.to(this.dtype);
    return this.scale && images.dtype === "uint8" ? converted.div(255) : converted;
  }
}

function applied(transform: ImageTransform, images: Tensor, context: SampleContext): Tensor {
  return typeof transform === "function" ? transform(images, context) : transform.apply(images, context);
}

/** Applies transforms to each image with probability `p` (default 0.5). They must keep the shape. */
export class RandomApply implements BatchTransform {
  constructor(
    /** The transforms, in order. */
    readonly transforms: readonly ImageTransform[],
    /** Chance that a sample is transformed. */
    readonly p = 0.5,
  ) {
    checkTransforms("RandomApply", transforms);
    checkProbability("RandomApply", p);
  }

  apply(images: Tensor, context: SampleContext): Tensor {
    const [draws] = perSample(context, (random) => [random.uniform()]) as [Tensor];
    const { length } = this.transforms;
    const changed = this.transforms.reduce<Tensor>(
      (x, transform, i) => applied(transform, x, { ...context, stream: context.stream * (length + 1) + i + 1 }),
      images,
    );
    return where(draws.lt(this.p), changed, images);
  }
}

/** Applies one of several transforms to each image. They must keep the shape. */
export class RandomChoice implements BatchTransform {
  constructor(
    /** The transforms, one of which is drawn for each sample. */
    readonly transforms: readonly ImageTransform[],
  ) {
    checkTransforms("RandomChoice", transforms);
    if (transforms.length === 0) throw new ArgumentError("RandomChoice: got no transforms", { op: "RandomChoice" });
  }

  apply(images: Tensor, context: SampleContext): Tensor {
    const { length } = this.transforms;
    const [draws] = perSample(context, (random) => [random.below(length)]) as [Tensor];
    return this.transforms.reduce<Tensor>((chosen, transform, i) => {
      const changed = applied(transform, images, { ...context, stream: context.stream * (length + 1) + i + 1 });
      return where(draws.eq(i), changed, chosen);
    }, images);
  }
}

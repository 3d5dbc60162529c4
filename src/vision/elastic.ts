// Displaces each pixel by a smooth random field.
import { ArgumentError, checkOptions, formatShape, noMore, ShapeError } from "../base/index.js";
import type { SampleContext } from "../data/index.js";
import { arange, cat, checkTensor, type Tensor, tensor } from "../tensor/index.js";
import { blurAlong } from "./color.js";
import { forEachSample, sizesOf } from "./samples.js";
import { Transform } from "./transform.js";
import { checkWarp, sampleAt, type WarpOptions } from "./warp.js";

/**
 * Pixels of images at their own position moved by `displacement`: x and y, as shares of half the width and height. `interpolation` is
 * "bilinear" by default.
 *
 * Shapes: images `[N, C, H, W]`, displacement `[N, H, W, 2]` or `[1, H, W, 2]` for all → `[N, C, H, W]`.
 * @throws ShapeError for a displacement of another shape, or another number of `fill` values than channels.
 * @throws ArgumentError for another interpolation or option.
 */
export function elastic(images: Tensor, displacement: Tensor, options: WarpOptions = {}, ...surplus: []): Tensor {
  noMore("elastic", surplus);
  const op = "elastic";
  checkOptions(op, options, { fill: "number | numbers | null", interpolation: "text" });
  checkWarp(op, options);
  checkTensor(op, "displacement", displacement);
  const { count, height, width } = sizesOf(op, images);
  const { shape } = displacement;
  const [samples = 0, ...rest] = shape;
  if (String(rest) !== String([height, width, 2]) || (samples !== 1 && samples !== count)) {
    throw new ShapeError(
      `${op}: displacement must be ${formatShape([count, height, width, 2])} or ${formatShape([1, height, width, 2])} for images of shape ${formatShape(images.shape)}, got shape ${formatShape(shape)}`,
      { op, shapes: [images.shape, shape] },
    );
  }
  const [x, y] = [0, 1].map((k) => displacement.select(-1, k).unsqueeze(1)) as [Tensor, Tensor]; // [N, 1, H, W]
  const rows = y.mul(height / 2).add(arange(height).view(height, 1));
  const columns = x.mul(width / 2).add(arange(width));
  return sampleAt(op, images, rows, columns, { interpolation: "bilinear", ...options });
}

type Pair = readonly [x: number, y: number];

/** Pixels of the kernel of a deviation: eight of it, an odd number. */
const kernelOf = (sigma: number): number => 2 * Math.floor(Math.floor(8 * sigma + 1) / 2) + 1;

/** The displacement `[N, H, W, 2]` that uniform noise in [-1, 1), `[N, 2, H, W]`, gives: blurred, then stretched. */
export function displacementOf(noise: Tensor, alpha: Pair, sigma: Pair): Tensor {
  const [, , height, width] = noise.shape as readonly [number, number, number, number];
  const along = ([0, 1] as const).map((k) => {
    const field = noise.narrow(1, k, 1); // [N, 1, H, W]
    const size = kernelOf(sigma[k]);
    const smooth = sigma[k] > 0 ? blurAlong(blurAlong(field, 3, size, sigma[0]), 2, size, sigma[1]) : field;
    return smooth.mul(alpha[k] / (k === 0 ? width : height));
  });
  return cat(along, 1).permute(0, 2, 3, 1);
}

/** Options of `ElasticTransform`; `interpolation` is "bilinear" by default, `fill` 0. */
export interface ElasticOptions extends WarpOptions {
  /** Strength of the displacements, one or across and down; default 50. */
  readonly alpha?: number | Pair;
  /** Smoothness of the displacements in pixels, one or across and down; default 5. */
  readonly sigma?: number | Pair;
}

/**
 * Moves the pixels of each image by a smooth random field, as if seen through water. Noise of one number a pixel is blurred by a
 * Gaussian of 8 `sigma` pixels, which must fit twice less one into the image.
 *
 * Source: Simard et al., "Best Practices for Convolutional Neural Networks", 2003, section 2.
 * @throws ArgumentError for negative sigma or one of two that is 0; ShapeError for images smaller than half the kernel.
 * @example new ElasticTransform({ alpha: 40, sigma: 3 })
 */
export class ElasticTransform extends Transform {
  private readonly alpha: Pair;
  private readonly sigma: Pair;
  private readonly warp: WarpOptions;

  constructor(options: ElasticOptions = {}, ...surplus: []) {
    super(...surplus);
    checkOptions("ElasticTransform", options, {
      alpha: "number | numbers",
      sigma: "number | numbers",
      interpolation: "text",
      fill: "number | numbers | null",
    });
    const { alpha = 50, sigma = 5, ...warp } = options;
    checkWarp("ElasticTransform", warp);
    this.alpha = typeof alpha === "number" ? [alpha, alpha] : alpha;
    this.sigma = typeof sigma === "number" ? [sigma, sigma] : sigma;
    this.warp = { fill: 0, ...warp };
    const [x, y] = this.sigma;
    if (x >= 0 && y >= 0 && x > 0 === y > 0) return;
    throw new ArgumentError(
      `ElasticTransform: sigma must be two positive numbers, or 0 for no blur, got ${JSON.stringify(sigma)}`,
      { op: "ElasticTransform" },
    );
  }

  protected transform(images: Tensor, context: SampleContext): Tensor {
    const op = "ElasticTransform";
    const { count, height, width } = sizesOf(op, images);
    const size = Math.max(...this.sigma.map(kernelOf));
    if (this.sigma[0] > 0 && (size - 1) / 2 >= Math.min(height, width)) {
      throw new ShapeError(
        `${op}: a kernel of ${size} pixels (sigma ${this.sigma.join(", ")}) is too wide for images of ${formatShape([height, width])}; take a smaller sigma`,
        { op, shapes: [images.shape] },
      );
    }
    const values = 2 * height * width;
    const noise = new Float32Array(count * values);
    forEachSample(context, (random, n) => {
      for (let i = 0; i < values; i++) noise[n * values + i] = 2 * random.uniform() - 1;
    });
    const field = displacementOf(tensor(noise).view(count, 2, height, width), this.alpha, this.sigma);
    return elastic(images, field, this.warp);
  }
}

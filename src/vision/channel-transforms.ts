// Transforms of whole channels and of images as vectors. Colours are floats in [0, 1].
import { checkOptions, formatShape, ShapeError } from "../base/index.js";
import type { RandomSequence, SampleContext } from "../data/index.js";
import { cat, checkTensor, type Tensor, takeAlongDim, where } from "../tensor/index.js";
import * as color from "./color.js";
import { between, checkColors, checkProbability, perSample, type Range, sizesOf } from "./samples.js";
import { Transform } from "./transform.js";

/** Hands images on as they are: for a place in a pipeline that may be filled. */
export class Identity extends Transform {
  protected transform(images: Tensor): Tensor {
    return images;
  }
}

/**
 * Images of 3 channels: grey ones three times, an alpha is dropped.
 *
 * Shapes: `[N, C, H, W]` or `[C, H, W]` of 1 to 4 channels → the same with 3.
 * @throws ShapeError if images have other dims or channels.
 */
export class RGB extends Transform {
  protected transform(images: Tensor): Tensor {
    const { count, channels, height, width } = sizesOf("RGB", images);
    if (channels < 1 || channels > 4) {
      throw new ShapeError(`RGB: images must have 1 to 4 channels, got shape ${formatShape(images.shape)}`, {
        op: "RGB",
        shapes: [images.shape],
      });
    }
    if (channels >= 3) return images.narrow(1, 0, 3);
    return images.narrow(1, 0, 1).expand([count, 3, height, width]);
  }
}

/** Draws that say an order of `count` channels. */
const orderOf = (random: RandomSequence, count: number): number[] =>
  Array.from({ length: count }, () => random.uniform());

/** The channels of each sample in the order of its `keys`, `[N, 1, 1, 1]` each. */
function permuted(images: Tensor, keys: readonly Tensor[]): Tensor {
  const order = cat([...keys], 1).argsort(1); // [N, C, 1, 1]
  return takeAlongDim(images, order.expand(images.shape), 1);
}

/** Puts the channels of each image in a random order. */
export class RandomChannelPermutation extends Transform {
  protected transform(images: Tensor, context: SampleContext): Tensor {
    const { channels } = sizesOf("RandomChannelPermutation", images);
    return permuted(
      images,
      perSample(context, (random) => orderOf(random, channels)),
    );
  }
}

/** Options of `RandomPhotometricDistort`: from which ranges factors are drawn. */
export interface PhotometricOptions {
  /** Factors of the brightness; default [0.875, 1.125]. */
  readonly brightness?: Range;
  /** Factors of the contrast; default [0.5, 1.5]. */
  readonly contrast?: Range;
  /** Factors of the saturation; default [0.5, 1.5]. */
  readonly saturation?: Range;
  /** In turns; default [-0.05, 0.05]. */
  readonly hue?: Range;
  /** Chance of each change; default 0.5. */
  readonly p?: number;
}

/**
 * Changes brightness, contrast (before the other two or after), saturation and hue, and the order of the channels, each with probability
 * `p`. For detectors: Liu et al., "SSD: Single Shot MultiBox Detector", 2016, arXiv:1512.02325.
 *
 * Shapes: `[N, C, H, W]` or `[C, H, W]` of 1 or 3 channels → the same.
 * @throws ArgumentError if `p` is not in [0, 1].
 * @throws ShapeError if images have other dims or channels.
 * @throws DTypeError if they are neither floats nor uint8.
 */
export class RandomPhotometricDistort extends Transform {
  readonly #options: Required<PhotometricOptions>;

  constructor(options: PhotometricOptions = {}, ...surplus: []) {
    super(...surplus);
    const op = "RandomPhotometricDistort";
    checkOptions(op, options, { brightness: "pair", contrast: "pair", saturation: "pair", hue: "pair", p: "number" });
    const {
      brightness = [0.875, 1.125],
      contrast = [0.5, 1.5],
      saturation = [0.5, 1.5],
      hue = [-0.05, 0.05],
    } = options;
    const { p = 0.5 } = options;
    checkProbability(op, p);
    this.#options = { brightness, contrast, saturation, hue, p };
  }

  protected transform(images: Tensor, context: SampleContext): Tensor {
    const { channels } = checkColors("RandomPhotometricDistort", images);
    const { p, ...ranges } = this.#options;
    const [brightness, contrast, saturation, hue, isEarly, isPermuted, ...keys] = perSample(context, (random) => {
      // What is not changed has the factor that changes nothing.
      const drawn = (range: Range, neutral: number): number => {
        const value = between(random, range);
        return random.uniform() < p ? value : neutral;
      };
      return [
        drawn(ranges.brightness, 1),
        drawn(ranges.contrast, 1),
        drawn(ranges.saturation, 1),
        drawn(ranges.hue, 0),
        Number(random.uniform() < 0.5),
        Number(random.uniform() < p),
        ...orderOf(random, channels),
      ];
    }) as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, ...Tensor[]];
    let x = color.adjustBrightness(images, brightness);
    x = color.adjustContrast(x, where(isEarly.eq(1), contrast, 1));
    x = color.adjustSaturation(x, saturation);
    x = color.adjustHue(x, hue);
    x = color.adjustContrast(x, where(isEarly.eq(1), 1, contrast));
    return where(isPermuted.eq(1), permuted(x, keys), x);
  }
}

/** (x - mean) · matrix for each image as a vector x of C·H·W numbers: whitening. */
export class LinearTransformation extends Transform {
  /**
   * @param matrix - `[D, D]` with D = C·H·W.
   * @param mean - `[D]`.
   * @throws ShapeError for other shapes.
   */
  constructor(
    private readonly matrix: Tensor,
    private readonly mean: Tensor,
    ...surplus: []
  ) {
    super(...surplus);
    const op = "LinearTransformation";
    checkTensor(op, "matrix", matrix);
    checkTensor(op, "mean", mean);
    const [rows = 0, columns = -1] = matrix.shape;
    if (matrix.shape.length === 2 && rows === columns && mean.shape.length === 1 && mean.shape[0] === rows) return;
    throw new ShapeError(
      `${op}: matrix must be square and mean a vector as long (matrix ${formatShape(matrix.shape)}, mean ${formatShape(mean.shape)})`,
      { op, shapes: [matrix.shape, mean.shape] },
    );
  }

  protected transform(images: Tensor): Tensor {
    const { channels, height, width } = sizesOf("LinearTransformation", images);
    const size = channels * height * width;
    if (size !== this.mean.shape[0]) {
      throw new ShapeError(
        `LinearTransformation: images have ${size} numbers but the matrix ${this.mean.shape[0]} rows (images ${formatShape(images.shape)})`,
        { op: "LinearTransformation", shapes: [images.shape, this.matrix.shape] },
      );
    }
    return images.flatten(1).sub(this.mean).matmul(this.matrix).reshape(images.shape);
  }
}

// Transforms of whole image batches, with random parameters for each sample. They become part of the step's program.
import { ArgumentError, checkOptions, DTypeError, formatShape, isFloat, ShapeError } from "../base/index.js";
import type { RandomSequence, SampleContext } from "../data/index.js";
import { pad, type Tensor, tensor, where } from "../tensor/index.js";
import { gatherOrFill, gatherPixels } from "./pixels.js";
import { forEachSample, type Range, sizesOf } from "./samples.js";
import { Transform } from "./transform.js";

/** (x - mean) / std, with a number for all channels or one a channel. */
export class Normalize extends Transform {
  constructor(
    /** What is subtracted, one a channel or one for all. */
    readonly mean: number | readonly number[],
    /** What is divided by afterwards, one a channel or one for all. */
    readonly std: number | readonly number[],
  ) {
    super();
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
  /** Value of pixels from outside the image; default 0. */
  readonly fill?: number;
}

/** Where each sample's window begins. */
type Draw = (random: RandomSequence) => number;

/** Cuts a window out of each padded image. */
function cropEach(
  images: Tensor,
  context: SampleContext,
  { padding, fill, size, top, left }: { padding: number; fill: number; size: [number, number]; top: Draw; left: Draw },
): Tensor {
  const [height, width] = size;
  const count = context.indices.length;
  // Index tensors from the host: a few bytes a row and column, and their range is checked before anything runs.
  const rows = new Int32Array(count * height);
  const columns = new Int32Array(count * width);
  forEachSample(context, (random, n) => {
    const [y, x] = [top(random), left(random)];
    for (let i = 0; i < height; i++) rows[n * height + i] = y + i;
    for (let j = 0; j < width; j++) columns[n * width + j] = x + j;
  });
  const padded = padding === 0 ? images : pad(images, [padding, padding, padding, padding], { value: fill });
  return gatherPixels(padded, tensor(rows).view(count, 1, height, 1), tensor(columns).view(count, 1, 1, width));
}

/**
 * Moves each image by a random whole number of pixels, up to `pixels` in each direction; what comes in is `fill`.
 * @example await mnist({ transform: new RandomShift(2) })
 */
export class RandomShift extends Transform {
  private readonly fill: number;

  constructor(
    /** Most pixels of a shift, each way. */
    readonly pixels: number,
    options: FillOptions = {},
  ) {
    super();
    checkOptions("RandomShift", options, ["fill"]);
    checkPixels("RandomShift", "pixels", pixels);
    this.fill = options.fill ?? 0;
  }

  protected transform(images: Tensor, context: SampleContext): Tensor {
    const { height, width } = sizesOf("RandomShift", images);
    const offset: Draw = (random) => random.below(2 * this.pixels + 1);
    const size: [number, number] = [height, width];
    return cropEach(images, context, { padding: this.pixels, fill: this.fill, size, top: offset, left: offset });
  }
}

/** Options of `RandomCrop`. */
export interface RandomCropOptions extends FillOptions {
  /** Pixels of `fill` put around the image first; default 0. */
  readonly padding?: number;
}

/** Cuts a window of `size` (a number, or height and width) at a random place out of each padded image. */
export class RandomCrop extends Transform {
  private readonly size: [number, number];
  private readonly padding: number;
  private readonly fill: number;

  constructor(size: number | readonly [number, number], options: RandomCropOptions = {}) {
    super();
    checkOptions("RandomCrop", options, ["padding", "fill"]);
    this.size = typeof size === "number" ? [size, size] : [...size];
    this.padding = options.padding ?? 0;
    this.fill = options.fill ?? 0;
    checkPixels("RandomCrop", "padding", this.padding);
  }

  protected transform(images: Tensor, context: SampleContext): Tensor {
    const { height, width } = sizesOf("RandomCrop", images);
    const [spareRows, spareColumns] = [
      height + 2 * this.padding - this.size[0],
      width + 2 * this.padding - this.size[1],
    ];
    if (spareRows < 0 || spareColumns < 0) {
      throw new ShapeError(
        `RandomCrop: a window of ${formatShape(this.size)} does not fit images of ${formatShape([height, width])} with padding ${this.padding}`,
        { op: "RandomCrop", shapes: [images.shape] },
      );
    }
    const { padding, fill, size } = this;
    const top: Draw = (random) => random.below(spareRows + 1);
    const left: Draw = (random) => random.below(spareColumns + 1);
    return cropEach(images, context, { padding, fill, size, top, left });
  }
}

function checkPixels(transform: string, name: string, value: number): void {
  if (Number.isInteger(value) && value >= 0) return;
  throw new ArgumentError(`${transform}: ${name} must be an integer >= 0, got ${value}`, { op: transform });
}

/** Mirrors each image left to right with probability `p` (default 0.5). */
export class RandomHorizontalFlip extends Transform {
  constructor(
    /** Chance that a sample is flipped. */
    readonly p = 0.5,
  ) {
    super();
    if (!(p >= 0 && p <= 1)) {
      throw new ArgumentError(`RandomHorizontalFlip: p must be in [0, 1], got ${p}`, { op: "RandomHorizontalFlip" });
    }
  }

  protected transform(images: Tensor, context: SampleContext): Tensor {
    const { count } = sizesOf("RandomHorizontalFlip", images);
    const flips = new Array<boolean>(count).fill(false);
    forEachSample(context, (random, n) => {
      flips[n] = random.uniform() < this.p;
    });
    return where(tensor(flips).view(count, 1, 1, 1), images.flip(-1), images);
  }
}

/** Options of `RandomAffine`. */
export interface RandomAffineOptions extends FillOptions {
  /** Largest move, as fractions of width and height; default none. */
  readonly translate?: readonly [x: number, y: number];
  /** Range of the factor of size; default none. */
  readonly scale?: Range;
  /** Range of the angle in degrees by which columns lean, or its limit on both sides; default none. */
  readonly shear?: number | Range;
  /** Default `"nearest"`. */
  readonly interpolation?: "nearest" | "bilinear";
}

/**
 * Rotates, moves, scales and shears each image about its centre by random amounts, as torchvision's RandomAffine.
 * @param degrees - range of the angle, or its limit on both sides.
 * @example new RandomAffine(10, { translate: [0.1, 0.1], scale: [0.9, 1.1], interpolation: "bilinear" })
 */
export class RandomAffine extends Transform {
  private readonly degrees: Range;
  private readonly shear: Range;

  constructor(
    degrees: number | Range,
    private readonly options: RandomAffineOptions = {},
  ) {
    super();
    checkOptions("RandomAffine", options, ["translate", "scale", "shear", "interpolation", "fill"]);
    this.degrees = symmetric(degrees);
    this.shear = symmetric(options.shear ?? 0);
    const { interpolation = "nearest" } = options;
    if (interpolation !== "nearest" && interpolation !== "bilinear") {
      throw new ArgumentError(`RandomAffine: interpolation must be "nearest" or "bilinear", got ${interpolation}`, {
        op: "RandomAffine",
      });
    }
  }

  protected transform(images: Tensor, context: SampleContext): Tensor {
    const { count, height, width } = sizesOf("RandomAffine", images);
    const matrices = new Float32Array(6 * count);
    forEachSample(context, (random, n) => {
      this.drawInverse(random, height, width).forEach((value, k) => {
        matrices[k * count + n] = value;
      });
    });
    return sampleAffine(images, tensor(matrices).view(6, count, 1, 1, 1), this.options);
  }

  /** The matrix from output to input positions about the centre: rows [a b c] for x and [d e f] for y. */
  private drawInverse(random: RandomSequence, height: number, width: number): number[] {
    const between = ([low, high]: Range) => low + (high - low) * random.uniform();
    const { translate = [0, 0], scale = [1, 1] } = this.options;
    const angle = (between(this.degrees) * Math.PI) / 180;
    const moveX = Math.round(between([-translate[0] * width, translate[0] * width]));
    const moveY = Math.round(between([-translate[1] * height, translate[1] * height]));
    const factor = between(scale);
    const lean = (between(this.shear) * Math.PI) / 180;
    // The inverse of scale · rotation · shear, whose determinant without the scale is 1.
    const [sin, cos, tan] = [Math.sin(angle), Math.cos(angle), Math.tan(lean)];
    const [xx, xy] = [(cos - sin * tan) / factor, (cos * tan + sin) / factor];
    const [yx, yy] = [-sin / factor, cos / factor];
    return [xx, xy, -xx * moveX - xy * moveY, yx, yy, -yx * moveX - yy * moveY];
  }
}

/**
 * Pixels at affine positions: `matrices` `[6, N, 1, 1, 1]` lead from output to input positions about the centre, rows [a b c] for
 * x and [d e f] for y.
 */
export function sampleAffine(
  images: Tensor,
  m: Tensor,
  { fill = 0, interpolation = "nearest" }: FillOptions & { readonly interpolation?: "nearest" | "bilinear" },
): Tensor {
  const { height, width } = sizesOf("affine", images);
  const [a, b, c, d, e, f] = [0, 1, 2, 3, 4, 5].map((k) => m.select(0, k)) as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  const centered = (size: number) => Float32Array.from({ length: size }, (_, i) => i - (size - 1) / 2);
  const x = tensor(centered(width)).view(1, 1, 1, width);
  const y = tensor(centered(height)).view(1, 1, height, 1);
  const columns = a
    .mul(x)
    .add(b.mul(y))
    .add(c)
    .add((width - 1) / 2); // [N, 1, H, W]
  const rows = d
    .mul(x)
    .add(e.mul(y))
    .add(f)
    .add((height - 1) / 2);
  return interpolation === "nearest"
    ? gatherOrFill(images, rows.round().to("int32"), columns.round().to("int32"), fill)
    : bilinear(images, rows, columns, fill);
}

function symmetric(value: number | Range): Range {
  return typeof value === "number" ? [-value, value] : value;
}

/** The mean of the four pixels around each position, by distance; integers are rounded. */
function bilinear(images: Tensor, rows: Tensor, columns: Tensor, fill: number): Tensor {
  if (isFloat(images.dtype)) return meanOfFour(images, rows, columns, fill);
  return meanOfFour(images.to("float32"), rows, columns, fill).round().to(images.dtype);
}

function meanOfFour(images: Tensor, rows: Tensor, columns: Tensor, fill: number): Tensor {
  const [top, left] = [rows.floor(), columns.floor()];
  const [down, right] = [rows.sub(top), columns.sub(left)];
  const pixel = (dy: number, dx: number) =>
    gatherOrFill(images, top.add(dy).to("int32"), left.add(dx).to("int32"), fill);
  const [up, west] = [down.neg().add(1), right.neg().add(1)];
  const upper = pixel(0, 0).mul(west).add(pixel(0, 1).mul(right));
  const lower = pixel(1, 0).mul(west).add(pixel(1, 1).mul(right));
  return upper.mul(up).add(lower.mul(down));
}

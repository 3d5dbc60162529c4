// Transforms that turn, move and tilt images, and their functions without chance.
import { ArgumentError, checkKind, checkOptions, noMore } from "../base/index.js";
import type { RandomSequence, SampleContext } from "../data/index.js";
import { type Tensor, where } from "../tensor/index.js";
import { between, checkProbability, forEachSample, perSample, type Range, sizesOf } from "./samples.js";
import { Transform } from "./transform.js";
import {
  type AffineMap,
  type Corners,
  checkWarp,
  columnsOf,
  inverseAffine,
  perspectiveBetween,
  perspectiveCoefficients,
  sampleAffine,
  samplePerspective,
  type WarpOptions,
} from "./warp.js";

/** What `affine` does; each is the neutral one by default. */
export interface AffineOptions extends WarpOptions, Partial<AffineMap> {}

/**
 * Rotates, scales, shears and moves all images alike. Shapes: `[N, C, H, W]` → the same.
 * @param options - `angle` (default 0), `translate` ([0, 0]), `scale` (1), `shear` ([0, 0]), `center` (the middle), `fill` (0),
 * `interpolation` ("nearest").
 * @throws ArgumentError if the interpolation is unknown.
 * @throws ShapeError if the images are no batch, or `fill` has another number of values than channels.
 * @example functional.affine(images, { angle: 30, translate: [2, -1], interpolation: "bilinear" })
 */
export function affine(images: Tensor, options: AffineOptions = {}, ...surplus: []): Tensor {
  noMore("affine", surplus);
  checkOptions("affine", options, {
    angle: "number",
    translate: "pair",
    scale: "number",
    shear: "number | numbers",
    center: "pair | null",
    fill: "number | numbers | null",
    interpolation: "text",
  });
  checkWarp("affine", options);
  const { height, width } = sizesOf("affine", images);
  const map = { angle: 0, translate: [0, 0], scale: 1, shear: [0, 0], center: null, ...options } as const;
  return sampleAffine(images, columnsOf([inverseAffine(map, height, width)]), options);
}

/** Options of `rotate` and `RandomRotation`. */
export interface RotationOptions extends WarpOptions {
  /** Make room for the corners; default false. Of a batch, the room that the largest needs. Takes no `center`. */
  readonly expand?: boolean;
  /** The point that stays, in pixels from the upper left corner; default: the image's centre. */
  readonly center?: readonly [x: number, y: number] | null;
}

const rotationKinds = {
  expand: "flag",
  center: "pair | null",
  fill: "number | numbers | null",
  interpolation: "text",
};

/**
 * Rotates all images by `angle` degrees, counter-clockwise. Shapes: `[N, C, H, W]` → the same; with `expand` as large as the turned images.
 * @throws ArgumentError if the interpolation is unknown.
 * @throws ShapeError if the images are no batch, or `fill` has another number of values than channels.
 * @example functional.rotate(images, 45, { expand: true })
 */
export function rotate(images: Tensor, angle: number, options: RotationOptions = {}, ...surplus: []): Tensor {
  noMore("rotate", surplus);
  checkOptions("rotate", options, rotationKinds);
  checkWarp("rotate", options);
  return rotated(images, [angle], options);
}

/** Rotates each image by its angle, or all by one. */
function rotated(images: Tensor, angles: readonly number[], options: RotationOptions): Tensor {
  const { height, width } = sizesOf("rotate", images);
  const { expand = false, center = null } = options;
  // Rotations count counter-clockwise, affine maps clockwise.
  const matrices = angles.map((angle) =>
    inverseAffine({ angle: -angle, translate: [0, 0], scale: 1, shear: [0, 0], center }, height, width),
  );
  const sizes = expand
    ? matrices.map((matrix, n) => roomOf(angles[n] as number, matrix, height, width))
    : [[height, width] as const];
  const size = [Math.max(...sizes.map(([h]) => h)), Math.max(...sizes.map(([, w]) => w))] as const;
  return sampleAffine(images, columnsOf(matrices), options, size);
}

/** Height and width that hold the turned corners; positions are cut to 1e-4 so that rounding adds no pixel. */
function roomOf(angle: number, matrix: readonly number[], height: number, width: number): readonly [number, number] {
  // Of quarter turns the corners of odd sides lie between pixels.
  if (angle % 90 === 0) return angle % 180 === 0 ? [height, width] : [width, height];
  const [a, b, c, d, e, f] = matrix as [number, number, number, number, number, number];
  const corners = [-1, 1].flatMap((x) => [-1, 1].map((y) => [(x * width) / 2, (y * height) / 2] as const));
  const room = (positions: readonly number[], size: number) => {
    const cut = (x: number) => Math.trunc((x + size / 2) * 1e4) / 1e4;
    return Math.ceil(cut(Math.max(...positions))) - Math.floor(cut(Math.min(...positions)));
  };
  return [
    room(
      corners.map(([x, y]) => d * x + e * y + f),
      height,
    ),
    room(
      corners.map(([x, y]) => a * x + b * y + c),
      width,
    ),
  ];
}

/**
 * Moves the corners `startpoints` of all images to `endpoints`: upper left, upper right, lower right, lower left, each [x, y].
 * `interpolation` is "bilinear" by default. Shapes: `[N, C, H, W]` → the same.
 * @throws ArgumentError if three corners lie on a line, or the interpolation is unknown.
 * @throws ShapeError if the images are no batch, or `fill` has another number of values than channels.
 */
export function perspective(
  images: Tensor,
  startpoints: Corners,
  endpoints: Corners,
  options: WarpOptions = {},
  ...surplus: []
): Tensor {
  noMore("perspective", surplus);
  checkOptions("perspective", options, { fill: "number | numbers | null", interpolation: "text" });
  checkWarp("perspective", options);
  const coefficients = columnsOf([perspectiveCoefficients(startpoints, endpoints)]);
  return samplePerspective(images, coefficients, { interpolation: "bilinear", ...options });
}

function symmetric(op: string, value: number | Range): Range {
  checkKind(op, "degrees", value, "number | pair");
  return typeof value === "number" ? [-value, value] : value;
}

/** Options of `RandomAffine`. */
export interface RandomAffineOptions extends WarpOptions {
  /** Largest move, as fractions of width and height; default none. */
  readonly translate?: readonly [x: number, y: number];
  /** Range of the factor of size; default none. */
  readonly scale?: Range;
  /** Degrees by which columns lean: a range, or the limit on both sides; four numbers are ranges of columns and rows. Default none. */
  readonly shear?: number | Range | readonly [minX: number, maxX: number, minY: number, maxY: number];
  /** The point that stays, in pixels from the upper left corner; default: the image's centre. */
  readonly center?: readonly [x: number, y: number] | null;
}

/**
 * Rotates, moves, scales and shears each image about its centre by random amounts.
 * Shapes: `[N, C, H, W]` or `[C, H, W]` → the same.
 * @param degrees - range of the angle, or its limit on both sides.
 * @throws ArgumentError if the interpolation is unknown.
 * @example new RandomAffine(10, { translate: [0.1, 0.1], scale: [0.9, 1.1], interpolation: "bilinear" })
 */
export class RandomAffine extends Transform {
  private readonly degrees: Range;
  private readonly shear: readonly [Range, Range];

  constructor(
    degrees: number | Range,
    private readonly options: RandomAffineOptions = {},
    ...surplus: []
  ) {
    super(...surplus);
    checkOptions("RandomAffine", options, {
      translate: "pair",
      scale: "pair",
      shear: "number | numbers",
      center: "pair | null",
      interpolation: "text",
      fill: "number | numbers | null",
    });
    checkWarp("RandomAffine", options);
    const { shear = 0 } = options;
    this.degrees = symmetric(this.constructor.name, degrees);
    this.shear =
      typeof shear !== "number" && shear.length === 4
        ? [
            [shear[0], shear[1]],
            [shear[2], shear[3]],
          ]
        : [symmetric("RandomAffine", shear as number | Range), [0, 0]];
  }

  protected transform(images: Tensor, context: SampleContext): Tensor {
    const { height, width } = sizesOf("RandomAffine", images);
    const matrices: number[][] = [];
    forEachSample(context, (random) => matrices.push(inverseAffine(this.draw(random, height, width), height, width)));
    return sampleAffine(images, columnsOf(matrices), { fill: 0, ...this.options });
  }

  private draw(random: RandomSequence, height: number, width: number): AffineMap {
    const { translate = [0, 0], scale = [1, 1], center = null } = this.options;
    const move = (limit: number) => Math.round(between(random, [-limit, limit]));
    return {
      angle: between(random, this.degrees),
      translate: [move(translate[0] * width), move(translate[1] * height)],
      scale: between(random, scale),
      shear: [between(random, this.shear[0]), between(random, this.shear[1])],
      center,
    };
  }
}

/**
 * Rotates each image about its centre by a random angle in ±`degrees`, or in a range, counter-clockwise; what comes in is `fill`.
 *
 * Shapes: `[N, C, H, W]` or `[C, H, W]` → the same; with `expand` as large as the image that needs most room.
 * @throws ArgumentError if the interpolation is unknown.
 */
export class RandomRotation extends Transform {
  private readonly degrees: Range;

  constructor(
    degrees: number | Range,
    private readonly options: RotationOptions = {},
    ...surplus: []
  ) {
    super(...surplus);
    checkOptions("RandomRotation", options, rotationKinds);
    checkWarp("RandomRotation", options);
    this.degrees = symmetric(this.constructor.name, degrees);
  }

  protected transform(images: Tensor, context: SampleContext): Tensor {
    const angles: number[] = [];
    forEachSample(context, (random) => angles.push(between(random, this.degrees)));
    return rotated(images, angles, { fill: 0, ...this.options });
  }
}

/** Options of `RandomPerspective`; `interpolation` is "bilinear" by default. */
export interface RandomPerspectiveOptions extends WarpOptions {
  /** How far corners may move, as a share of half the sides, in [0, 1]; default 0.5. */
  readonly distortionScale?: number;
  /** Chance that a sample is tilted; default 0.5. */
  readonly p?: number;
}

/**
 * Moves the four corners of each image inwards by random amounts, with probability `p`. Shapes: `[N, C, H, W]` or `[C, H, W]` → the same.
 * @throws ArgumentError if `p` or `distortionScale` is not in [0, 1], or the interpolation is unknown.
 */
export class RandomPerspective extends Transform {
  constructor(
    private readonly options: RandomPerspectiveOptions = {},
    ...surplus: []
  ) {
    super(...surplus);
    checkOptions("RandomPerspective", options, {
      distortionScale: "number",
      p: "number",
      interpolation: "text",
      fill: "number | numbers | null",
    });
    checkWarp("RandomPerspective", options);
    checkProbability("RandomPerspective", options.p ?? 0.5);
    const { distortionScale = 0.5 } = options;
    if (distortionScale >= 0 && distortionScale <= 1) return;
    throw new ArgumentError(`RandomPerspective: distortionScale must be in [0, 1], got ${distortionScale}`, {
      op: "RandomPerspective",
    });
  }

  protected transform(images: Tensor, context: SampleContext): Tensor {
    const { height, width } = sizesOf("RandomPerspective", images);
    const { distortionScale = 0.5, p = 0.5 } = this.options;
    const coefficients: number[][] = [];
    const [draws] = perSample(context, (random) => {
      const [down, right] = [height, width].map((size) => Math.trunc(distortionScale * (size >> 1)) + 1) as [
        number,
        number,
      ];
      const near = (limit: number) => random.below(limit);
      const far = (size: number, limit: number) => size - limit + random.below(limit);
      const start = [
        [0, 0],
        [width - 1, 0],
        [width - 1, height - 1],
        [0, height - 1],
      ] as const;
      const drawn = (): Corners => [
        [near(right), near(down)],
        [far(width, right), near(down)],
        [far(width, right), far(height, down)],
        [near(right), far(height, down)],
      ];
      // Corners that no perspective reaches, as they come of small images, are drawn again; images of a single row or column stay.
      let found = perspectiveBetween(start, drawn());
      for (let tries = 0; tries < 10 && !found; tries++) found = perspectiveBetween(start, drawn());
      coefficients.push(found ?? [1, 0, 0, 0, 1, 0, 0, 0]);
      return [random.uniform()];
    }) as [Tensor];
    const tilted = samplePerspective(images, columnsOf(coefficients), {
      fill: 0,
      interpolation: "bilinear",
      ...this.options,
    });
    return where(draws.lt(p), tilted, images);
  }
}

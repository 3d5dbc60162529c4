// Pixels at computed positions: rotations, affine maps, perspectives. Positions are in pixels about the image's centre, as torchvision's.
import { ArgumentError, isFloat } from "../base/index.js";
import { type Tensor, tensor } from "../tensor/index.js";
import { type Fill, fillOf, gatherOrFill } from "./pixels.js";
import { sizesOf } from "./samples.js";

/** How pixels between pixels are read. */
export interface WarpOptions {
  /**
   * Value of pixels from outside the image, or one a channel. Null is 0 too, but bilinear edges fade into it once; into a number
   * they fade twice, as torchvision's.
   */
  readonly fill?: Fill | null;
  /** Default "nearest". */
  readonly interpolation?: "nearest" | "bilinear";
}

type Point = readonly [x: number, y: number];

export function checkWarp(op: string, { interpolation = "nearest" }: WarpOptions): void {
  if (interpolation === "nearest" || interpolation === "bilinear") return;
  throw new ArgumentError(`${op}: interpolation must be "nearest" or "bilinear", got ${interpolation}`, { op });
}

/** An affine map of an image. */
export interface AffineMap {
  /** Degrees, clockwise on the screen. */
  readonly angle: number;
  /** Pixels to the right and down. */
  readonly translate: Point;
  /** Factor of size. */
  readonly scale: number;
  /** Degrees by which columns and rows lean. */
  readonly shear: Point;
  /** The point that stays, in pixels from the upper left corner; null: the image's centre. */
  readonly center: Point | null;
}

const radians = (degrees: number): number => (degrees * Math.PI) / 180;

/** The matrix from output to input positions about the centre: rows [a b c] for x and [d e f] for y. */
export function inverseAffine(
  { angle, translate, scale, shear, center }: AffineMap,
  height: number,
  width: number,
): number[] {
  const [cx, cy] = center ? [center[0] - width / 2, center[1] - height / 2] : [0, 0];
  const [turn, leanX, leanY] = [radians(angle), radians(shear[0]), radians(shear[1])];
  // rotation · shear of y · shear of x, whose determinant is 1.
  const a = Math.cos(turn - leanY) / Math.cos(leanY);
  const b = -(a * Math.tan(leanX) + Math.sin(turn));
  const c = Math.sin(turn - leanY) / Math.cos(leanY);
  const d = Math.cos(turn) - c * Math.tan(leanX);
  const [xx, xy, yx, yy] = [d / scale, -b / scale, -c / scale, a / scale];
  const [x, y] = [cx + translate[0], cy + translate[1]];
  return [xx, xy, cx - xx * x - xy * y, yx, yy, cy - yx * x - yy * y];
}

/** Numbers of each sample as `[count of numbers, N, 1, 1, 1]`. */
export function columnsOf(numbers: readonly (readonly number[])[]): Tensor {
  const count = numbers.length;
  const width = numbers[0]?.length ?? 0;
  const out = new Float32Array(width * count);
  numbers.forEach((values, n) => {
    values.forEach((value, k) => {
      out[k * count + n] = value;
    });
  });
  return tensor(out).view(width, count, 1, 1, 1);
}

/** 0, 1, … about their middle, or from `start` on. */
function axis(size: number, dim: 2 | 3, start = -(size - 1) / 2): Tensor {
  const positions = tensor(Float32Array.from({ length: size }, (_, i) => start + i));
  return dim === 3 ? positions.view(1, 1, 1, size) : positions.view(1, 1, size, 1);
}

/**
 * Pixels at affine positions: `matrices` `[6, N, 1, 1, 1]` (or of one sample for all) lead from output to input positions about the
 * centre, rows [a b c] for x and [d e f] for y. The result is as large as the images, or of `size`.
 */
export function sampleAffine(
  images: Tensor,
  matrices: Tensor,
  options: WarpOptions,
  size?: readonly [height: number, width: number],
): Tensor {
  const { height, width } = sizesOf("affine", images);
  const [rows, columns] = size ?? [height, width];
  const [x, y] = [axis(columns, 3), axis(rows, 2)];
  const at = (k: number, middle: number): Tensor => {
    const [p, q, r] = [0, 1, 2].map((i) => matrices.select(0, k + i)) as [Tensor, Tensor, Tensor];
    return p.mul(x).add(q.mul(y)).add(r).add(middle); // [N, 1, H, W]
  };
  return sampleAt("affine", images, at(3, (height - 1) / 2), at(0, (width - 1) / 2), options);
}

/**
 * Pixels at ((a x + b y + c) / (g x + h y + 1), (d x + e y + f) / (g x + h y + 1)), x and y being the middles of pixels from the upper
 * left corner; `coefficients` `[8, N, 1, 1, 1]`, or of one sample for all.
 */
export function samplePerspective(images: Tensor, coefficients: Tensor, options: WarpOptions): Tensor {
  const { height, width } = sizesOf("perspective", images);
  const [x, y] = [axis(width, 3, 0.5), axis(height, 2, 0.5)];
  const number = (k: number): Tensor => coefficients.select(0, k);
  const divisor = number(6).mul(x).add(number(7).mul(y)).add(1);
  const at = (k: number): Tensor =>
    number(k)
      .mul(x)
      .add(number(k + 1).mul(y))
      .add(number(k + 2))
      .div(divisor)
      .sub(0.5);
  return sampleAt("perspective", images, at(3), at(0), options);
}

/** Four corners: upper left, upper right, lower right, lower left. */
export type Corners = readonly [Point, Point, Point, Point];

/** The eight coefficients of the perspective that takes `start` to `end`, from output to input: two equations a corner. */
export function perspectiveCoefficients(start: Corners, end: Corners): number[] {
  const coefficients = perspectiveBetween(start, end);
  if (coefficients) return coefficients;
  throw new ArgumentError("perspective: three of the four corners lie on a line", { op: "perspective" });
}

/** As `perspectiveCoefficients`; null where no perspective with a last coefficient of 1 takes the corners to each other. */
export function perspectiveBetween(start: Corners, end: Corners): number[] | null {
  const rows = end.flatMap(([x, y], i) => {
    const [u, v] = start[i] as Point;
    return [
      [x, y, 1, 0, 0, 0, -u * x, -u * y, u],
      [0, 0, 0, x, y, 1, -v * x, -v * y, v],
    ];
  });
  return solved(rows);
}

/** Gauss and Jordan with the largest pivots, on rows of 8 coefficients and the right side; null if there is no single solution. */
function solved(rows: number[][]): number[] | null {
  const count = rows.length;
  for (let k = 0; k < count; k++) {
    let best = k;
    for (let i = k + 1; i < count; i++) {
      if (Math.abs((rows[i] as number[])[k] as number) > Math.abs((rows[best] as number[])[k] as number)) best = i;
    }
    [rows[k], rows[best]] = [rows[best] as number[], rows[k] as number[]];
    const pivot = rows[k] as number[];
    if (pivot[k] === 0) return null;
    rows.forEach((row, i) => {
      if (i === k) return;
      const factor = (row[k] as number) / (pivot[k] as number);
      for (let j = k; j <= count; j++) row[j] = (row[j] as number) - factor * (pivot[j] as number);
    });
  }
  return rows.map((row, k) => (row[count] as number) / (row[k] as number));
}

/** Pixels at `rows` and `columns` `[N, 1, H, W]`, or of one sample for all; `op` is named in errors. */
export function sampleAt(
  op: string,
  images: Tensor,
  rows: Tensor,
  columns: Tensor,
  { fill = null, interpolation = "nearest" }: WarpOptions,
): Tensor {
  const value = fill === null ? null : fillOf(op, isFloat(images.dtype) ? images : images.to("float32"), fill);
  if (interpolation === "bilinear") return bilinear(images, rows, columns, value);
  const outside = value === null || typeof value === "number" ? (value ?? 0) : value.to(images.dtype);
  return gatherOrFill(images, rows.round().to("int32"), columns.round().to("int32"), outside);
}

/** The mean of the four pixels around each position, by distance; integers are rounded. */
function bilinear(images: Tensor, rows: Tensor, columns: Tensor, fill: number | Tensor | null): Tensor {
  if (isFloat(images.dtype)) return meanOfFour(images, rows, columns, fill);
  return meanOfFour(images.to("float32"), rows, columns, fill).round().to(images.dtype);
}

function meanOfFour(images: Tensor, rows: Tensor, columns: Tensor, fill: number | Tensor | null): Tensor {
  const [top, left] = [rows.floor(), columns.floor()];
  const [down, right] = [rows.sub(top), columns.sub(left)];
  const [up, west] = [down.neg().add(1), right.neg().add(1)];
  const mean = (values: Tensor): Tensor => {
    const pixel = (dy: number, dx: number) =>
      gatherOrFill(values, top.add(dy).to("int32"), left.add(dx).to("int32"), 0);
    const upper = pixel(0, 0).mul(west).add(pixel(0, 1).mul(right));
    const lower = pixel(1, 0).mul(west).add(pixel(1, 1).mul(right));
    return upper.mul(up).add(lower.mul(down));
  };
  const inside = mean(images);
  if (fill === null) return inside;
  const share = mean(images.narrow(1, 0, 1).mul(0).add(1)); // [N, 1, H, W]
  return inside.sub(fill).mul(share).add(fill);
}

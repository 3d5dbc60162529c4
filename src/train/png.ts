// Grey pictures: grids of small images, scaled up, as PNG files.
import { PNG } from "pngjs";
import { ArgumentError } from "../base/index.js";

/** Grey values, 0 black to 255 white, row by row. */
export interface GreyImage {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

/** Images of one size with any values: `[count, height, width]`, row-major. */
export interface ImageStack {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly values: ArrayLike<number>;
}

/** Each image from its own minimum (black) to its own maximum (white); a constant one is black. */
export function stretchEach(stack: ImageStack): GreyImage[] {
  return mapImages(stack, (values) => {
    const { low, high } = range(values);
    return values.map((value) => (high > low ? (255 * (value - low)) / (high - low) : 0));
  });
}

/** All images on one scale on which 0 is mid-grey, so that signs and sizes can be compared. */
export function stretchAroundZero(stack: ImageStack): GreyImage[] {
  const { low, high } = range(Array.from(stack.values));
  const bound = Math.max(Math.abs(low), Math.abs(high)) || 1;
  return mapImages(stack, (values) => values.map((value) => 127.5 + (127.5 * value) / bound));
}

function mapImages({ count, height, width, values }: ImageStack, map: (values: number[]) => number[]): GreyImage[] {
  const size = height * width;
  if (values.length !== count * size) {
    throw new ArgumentError(
      `png: ${count} images of ${height}×${width} need ${count * size} values, got ${values.length}`,
    );
  }
  const all = Array.from(values);
  return Array.from({ length: count }, (_, i) => {
    // NaN would become 0 silently; it is drawn black on purpose.
    const grey = map(all.slice(i * size, (i + 1) * size)).map((value) => (Number.isNaN(value) ? 0 : Math.round(value)));
    return { width, height, pixels: Uint8Array.from(grey) };
  });
}

function range(values: readonly number[]): { low: number; high: number } {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low <= high ? { low, high } : { low: 0, high: 0 };
}

export interface GridOptions {
  /** Images a row. */
  readonly columns: number;
  /** Width and height of a pixel in the picture. */
  readonly scale: number;
  /** Pixels of white between images. */
  readonly gap?: number;
}

/** Lays images of one size out in rows, each pixel as a square of `scale`. */
export function grid(images: readonly GreyImage[], { columns, scale, gap = 4 }: GridOptions): GreyImage {
  const [first] = images;
  if (!first || images.some(({ width, height }) => width !== first.width || height !== first.height)) {
    throw new ArgumentError("png: a grid needs images of one size, and at least one");
  }
  const cell = { width: first.width * scale + gap, height: first.height * scale + gap };
  const rows = Math.ceil(images.length / columns);
  const width = Math.min(columns, images.length) * cell.width + gap;
  const height = rows * cell.height + gap;
  const pixels = new Uint8Array(width * height).fill(255);
  images.forEach((image, i) => {
    const left = gap + (i % columns) * cell.width;
    const top = gap + Math.floor(i / columns) * cell.height;
    for (let y = 0; y < image.height * scale; y++) {
      for (let x = 0; x < image.width * scale; x++) {
        const value = image.pixels[Math.floor(y / scale) * image.width + Math.floor(x / scale)] as number;
        pixels[(top + y) * width + left + x] = value;
      }
    }
  });
  return { width, height, pixels };
}

/** The bytes of an 8-bit grey PNG file. */
export function encodePng({ width, height, pixels }: GreyImage): Uint8Array {
  const png = new PNG({ width, height });
  pixels.forEach((value, i) => {
    png.data.fill(value, 4 * i, 4 * i + 3);
    png.data[4 * i + 3] = 255;
  });
  return PNG.sync.write(png, { colorType: 0, inputColorType: 6, bitDepth: 8 });
}

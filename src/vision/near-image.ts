// Single uint8 images whose pixels are at hand, as those of files are: what moves and mixes pixels works on them at once, with the
// values that a program would give. Files differ in size, and each size would be a program of its own.
import { type Tensor, unwritten, valuesAtHand } from "../tensor/index.js";
import { byteOf } from "./image/bytes.js";
import type { WholeTaps } from "./taps.js";

/** An image `[1, C, H, W]` in host memory. */
export interface NearImage {
  readonly pixels: Uint8Array;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** The image, if it is a single one of uint8 that is at hand. */
export function nearImage(images: Tensor): NearImage | null {
  const { shape, dtype } = images;
  if (dtype !== "uint8" || shape.length !== 4 || shape[0] !== 1) return null;
  const [, channels, height, width] = shape as readonly [number, number, number, number];
  const pixels = valuesAtHand(images) as Uint8Array | null;
  return pixels && { pixels, channels, height, width };
}

/** The window from row `top` and column `left` on, which lies inside the image. */
export function cropNear(
  { pixels, channels, height, width }: NearImage,
  [top, left]: readonly [number, number],
  [h, w]: readonly [number, number],
): Tensor {
  const { tensor: result, values } = unwritten<Uint8Array>("uint8", [1, channels, h, w]);
  for (let row = 0; row < channels * h; row++) {
    const c = Math.floor(row / h);
    const from = (c * height + top + row - c * h) * width + left;
    values.set(pixels.subarray(from, from + w), row * w);
  }
  return result;
}

/** Left and right exchanged. */
export function mirrorNear({ pixels, channels, height, width }: NearImage): Tensor {
  const { tensor: result, values } = unwritten<Uint8Array>("uint8", [1, channels, height, width]);
  for (let from = 0; from < pixels.length; from += width) {
    for (let x = 0, last = from + width - 1; x < width; x++) values[from + x] = pixels[last - x] as number;
  }
  return result;
}

/** Lines of pixels along the side that is resized. */
interface Lines {
  readonly pixels: Uint8Array;
  readonly at: number;
  readonly count: number;
  /** From line to line. */
  readonly lineStep: number;
  /** From pixel to pixel in a line. */
  readonly pixelStep: number;
}

/** Lines that are resized together: what they read stays in the nearest cache from one output to the next. */
const STRIP = 64;

/** A channel with its new columns. */
let between = new Uint8Array(0);

/** Columns first, rounded to bytes, then rows: PyTorch's order. Its sums of whole numbers have 32 bits, too. */
export function resampleNear(image: NearImage, rows: WholeTaps, columns: WholeTaps): Tensor {
  const { pixels, channels, height, width } = image;
  const [h, w] = [rows.first.length, columns.first.length];
  const { tensor: result, values: out } = unwritten<Uint8Array>("uint8", [1, channels, h, w]);
  // Of a window's rows, those that count.
  const top = rows.first.reduce((least, row) => Math.min(least, row), height);
  const tall = rows.first.reduce((most, row) => Math.max(most, row), 0) + rows.width - top;
  if (between.length < tall * w) between = new Uint8Array(tall * w);
  for (let c = 0; c < channels; c++) {
    for (let row = 0; row < tall; row += STRIP) {
      const strip = { count: Math.min(STRIP, tall - row), pixelStep: 1 };
      const from = { ...strip, pixels, at: (c * height + top + row) * width, lineStep: width };
      resampleLines(from, { ...strip, pixels: between, at: row * w, lineStep: w }, columns);
    }
    const plane = { count: w, lineStep: 1, pixelStep: w };
    const from = { ...plane, pixels: between, at: 0 - top * w };
    resampleLines(from, { ...plane, pixels: out, at: c * h * w }, rows);
  }
  return result;
}

function resampleLines(from: Lines, to: Lines, { width, first, whole, bits }: WholeTaps): void {
  const half = 1 << (bits - 1);
  const sums = new Int32Array(from.count);
  for (let i = 0; i < first.length; i++) {
    const at = from.at + (first[i] as number) * from.pixelStep;
    const place = to.at + i * to.pixelStep;
    if (width === 4) {
      sumFour(from, at, to, place, whole, 4 * i, bits);
      continue;
    }
    sums.fill(half);
    for (let t = 0; t < width; t++) addOne(sums, from, at + t * from.pixelStep, whole[i * width + t] as number);
    writeSums(sums, to, place, bits);
  }
}

/** Enlarging and moderate shrinking. Weights are in registers, and sums nowhere else: 1.6 times as fast as one tap after the other. */
function sumFour(
  { pixels, count, lineStep, pixelStep }: Lines,
  at: number,
  { pixels: out, lineStep: toStep }: Lines,
  place: number,
  whole: Int32Array,
  k: number,
  bits: number,
): void {
  const w0 = whole[k] as number;
  const w1 = whole[k + 1] as number;
  const w2 = whole[k + 2] as number;
  const w3 = whole[k + 3] as number;
  const half = 1 << (bits - 1);
  const third = 2 * pixelStep;
  const fourth = 3 * pixelStep;
  for (let n = 0; n < count; n++, at += lineStep, place += toStep) {
    const sum =
      half +
      Math.imul(w0, pixels[at] as number) +
      Math.imul(w1, pixels[at + pixelStep] as number) +
      Math.imul(w2, pixels[at + third] as number) +
      Math.imul(w3, pixels[at + fourth] as number);
    out[place] = byteOf(sum >> bits);
  }
}

function addOne(sums: Int32Array, { pixels, lineStep }: Lines, at: number, weight: number): void {
  if (weight === 0) return;
  for (let n = 0; n < sums.length; n++, at += lineStep) {
    sums[n] = (sums[n] as number) + Math.imul(weight, pixels[at] as number);
  }
}

function writeSums(sums: Int32Array, { pixels, lineStep }: Lines, place: number, bits: number): void {
  for (let n = 0; n < sums.length; n++, place += lineStep) pixels[place] = byteOf((sums[n] as number) >> bits);
}

// From samples to quantized coefficients, with the arithmetic of libjpeg(-turbo), so that files are the same bit for bit: its colours
// (jccolor.c), its averages of pixels (jcsample.c) and its accurate integer transform (jfdctint.c). Licence of all: IJG.
import { CONST_BITS, F, PASS1_BITS } from "./jpeg-cosines.js";
import { ZIGZAG } from "./jpeg-frame.js";

/** Tables for quality 50, in zigzag order: T.81, annex K.1. */
const LUMINANCE = [
  16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40, 26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58, 51, 61,
  60, 57, 51, 56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87, 95, 98, 103, 104, 103, 62, 77, 113, 121,
  112, 100, 120, 92, 101, 103, 99,
];
const CHROMINANCE = [17, 18, 18, 24, 21, 24, 47, 26, 26, 47, 99, 66, 56, 66, ...new Array<number>(50).fill(99)];

/** Both quantization tables in zigzag order, scaled as the IJG does. */
export function quantizationOf(quality: number): readonly [luminance: number[], chrominance: number[]] {
  const scale = quality < 50 ? Math.trunc(5000 / quality) : 200 - 2 * quality;
  const scaled = (table: readonly number[]) =>
    table.map((value) => Math.min(255, Math.max(1, Math.trunc((value * scale + 50) / 100))));
  return [scaled(LUMINANCE), scaled(CHROMINANCE)];
}

/** Samples of one component at its own resolution, in whole blocks. */
export interface BlockPlane {
  readonly columns: number;
  readonly rows: number;
  readonly samples: Uint8Array;
}

interface Samples {
  readonly width: number;
  readonly height: number;
  readonly values: ArrayLike<number>;
}

/** Luminance and two colour differences of planes `[3, H, W]`. */
export function toYcc(rgb: Uint8Array, size: number): readonly Uint8Array[] {
  const fix = (x: number) => Math.floor(x * 65536 + 0.5);
  const half = 1 << 15;
  // The offset of colour differences is rounded down, so that the largest ones stay 255.
  const centre = (128 << 16) + half - 1;
  const weights = [
    [fix(0.299), fix(0.587), fix(0.114), half],
    [-fix(0.16874), -fix(0.33126), fix(0.5), centre],
    [fix(0.5), -fix(0.41869), -fix(0.08131), centre],
  ] as const;
  return weights.map(([r, g, b, offset]) =>
    Uint8Array.from(
      { length: size },
      (_, i) =>
        (r * (rgb[i] as number) + g * (rgb[size + i] as number) + b * (rgb[2 * size + i] as number) + offset) >> 16,
    ),
  );
}

/** Rows and columns at the end repeat the last one, up to whole blocks. */
function inBlocks({ width, height, values }: Samples): BlockPlane {
  const [columns, rows] = [Math.ceil(width / 8), Math.ceil(height / 8)];
  const samples = new Uint8Array(columns * rows * 64);
  for (let y = 0; y < rows * 8; y++) {
    const from = Math.min(y, height - 1) * width;
    for (let x = 0; x < columns * 8; x++) {
      samples[y * columns * 8 + x] = values[from + Math.min(x, width - 1)] as number;
    }
  }
  return { columns, rows, samples };
}

export function fullPlane(values: Uint8Array, width: number, height: number): BlockPlane {
  return inBlocks({ width, height, values });
}

/** Means of 2×2 pixels; halves are rounded down and up by turns. */
export function halvedPlane(values: Uint8Array, width: number, height: number): BlockPlane {
  // Columns beyond the image are means of its repeated last column, rows beyond it repeat the last row of means.
  const across = Math.ceil(width / 16) * 8;
  const down = Math.ceil(height / 2);
  const means = new Uint8Array(across * down);
  const at = (x: number, y: number) => values[Math.min(y, height - 1) * width + Math.min(x, width - 1)] as number;
  for (let y = 0; y < down; y++) {
    for (let x = 0; x < across; x++) {
      const total = at(2 * x, 2 * y) + at(2 * x + 1, 2 * y) + at(2 * x, 2 * y + 1) + at(2 * x + 1, 2 * y + 1);
      means[y * across + x] = (total + 1 + (x & 1)) >> 2;
    }
  }
  return inBlocks({ width: across, height: down, values: means });
}

/** One dimension of the transform over `d[at + i * step]`; the first pass keeps PASS1_BITS bits more, the second drops them. */
function transform(d: Int32Array, at: number, step: number, isFirst: boolean): void {
  const x = (i: number) => d[at + i * step] as number;
  const [s0, s1, s2, s3] = [x(0) + x(7), x(1) + x(6), x(2) + x(5), x(3) + x(4)];
  const [d0, d1, d2, d3] = [x(0) - x(7), x(1) - x(6), x(2) - x(5), x(3) - x(4)];
  const shift = isFirst ? CONST_BITS - PASS1_BITS : CONST_BITS + PASS1_BITS;
  const half = 1 << (shift - 1);
  const put = (i: number, value: number) => {
    d[at + i * step] = (value + half) >> shift;
  };
  const whole = (i: number, value: number) => {
    d[at + i * step] = isFirst ? value << PASS1_BITS : (value + (1 << (PASS1_BITS - 1))) >> PASS1_BITS;
  };
  // Even part.
  const [t0, t3, t1, t2] = [s0 + s3, s0 - s3, s1 + s2, s1 - s2];
  const z1 = (t2 + t3) * F.f0541;
  whole(0, t0 + t1);
  whole(4, t0 - t1);
  put(2, z1 + t3 * F.f0765);
  put(6, z1 - t2 * F.f1847);
  // Odd part.
  const z5 = (d3 + d1 + d2 + d0) * F.f1175;
  const za = -(d3 + d0) * F.f0899;
  const zb = -(d2 + d1) * F.f2562;
  const zc = z5 - (d3 + d1) * F.f1961;
  const zd = z5 - (d2 + d0) * F.f0390;
  put(7, d3 * F.f0298 + za + zc);
  put(5, d2 * F.f2053 + zb + zd);
  put(3, d1 * F.f3072 + zb + zc);
  put(1, d0 * F.f1501 + za + zd);
}

/** Quantized coefficients of all blocks, each in zigzag order. */
export function coefficientsOf({ columns, rows, samples }: BlockPlane, quantization: readonly number[]): Int16Array {
  const out = new Int16Array(columns * rows * 64);
  const block = new Int32Array(64);
  const stride = columns * 8;
  for (let b = 0; b < columns * rows; b++) {
    const corner = Math.floor(b / columns) * 8 * stride + (b % columns) * 8;
    for (let i = 0; i < 64; i++) block[i] = (samples[corner + (i >> 3) * stride + (i & 7)] as number) - 128;
    for (let i = 0; i < 8; i++) transform(block, 8 * i, 1, true);
    for (let i = 0; i < 8; i++) transform(block, i, 8, false);
    for (let k = 0; k < 64; k++) {
      const value = block[ZIGZAG[k] as number] as number;
      // The transform leaves a factor of 8.
      const divisor = (quantization[k] as number) * 8;
      const size = Math.floor((Math.abs(value) + (divisor >> 1)) / divisor);
      out[b * 64 + k] = value < 0 ? -size : size;
    }
  }
  return out;
}

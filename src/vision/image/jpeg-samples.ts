// From coefficients to samples of the image's size, with the arithmetic of libjpeg(-turbo), so that results are the same
// bit for bit: its accurate integer transform (jidctint.c) and its triangle filter (jdsample.c). Licence of both: IJG.
import { CONST_BITS, F, PASS1_BITS } from "./jpeg-cosines.js";
import type { Component } from "./jpeg-scan.js";

/** One dimension of the transform over `x[at + i * step]`; results are shifted right by `shift` with rounding. */
function transform(x: Int32Array, at: number, step: number, shift: number): void {
  const x0 = x[at] as number;
  const x1 = x[at + step] as number;
  const x2 = x[at + 2 * step] as number;
  const x3 = x[at + 3 * step] as number;
  const x4 = x[at + 4 * step] as number;
  const x5 = x[at + 5 * step] as number;
  const x6 = x[at + 6 * step] as number;
  const x7 = x[at + 7 * step] as number;
  // Even part.
  const z1 = (x2 + x6) * F.f0541;
  const t2 = z1 - x6 * F.f1847;
  const t3 = z1 + x2 * F.f0765;
  const t0 = (x0 + x4) << CONST_BITS;
  const t1 = (x0 - x4) << CONST_BITS;
  const [e0, e3, e1, e2] = [t0 + t3, t0 - t3, t1 + t2, t1 - t2];
  // Odd part.
  const z5 = (x7 + x3 + x5 + x1) * F.f1175;
  const za = -(x7 + x1) * F.f0899;
  const zb = -(x5 + x3) * F.f2562;
  const zc = -(x7 + x3) * F.f1961 + z5;
  const zd = -(x5 + x1) * F.f0390 + z5;
  const o0 = x7 * F.f0298 + za + zc;
  const o1 = x5 * F.f2053 + zb + zd;
  const o2 = x3 * F.f3072 + zb + zc;
  const o3 = x1 * F.f1501 + za + zd;
  const half = 1 << (shift - 1);
  x[at] = (e0 + o3 + half) >> shift;
  x[at + 7 * step] = (e0 - o3 + half) >> shift;
  x[at + step] = (e1 + o2 + half) >> shift;
  x[at + 6 * step] = (e1 - o2 + half) >> shift;
  x[at + 2 * step] = (e2 + o1 + half) >> shift;
  x[at + 5 * step] = (e2 - o1 + half) >> shift;
  x[at + 3 * step] = (e3 + o0 + half) >> shift;
  x[at + 4 * step] = (e3 - o0 + half) >> shift;
}

/** Samples of one component, or of the image: rows of `width`, of which some at the end may not count. */
export interface Plane {
  readonly width: number;
  readonly height: number;
  /** Samples from row to row. */
  readonly stride: number;
  readonly samples: Uint8ClampedArray;
}

/** Dequantized and transformed blocks. */
export function samplesOf(component: Component, quantization: Uint16Array): Plane {
  const { columns, rows, coefficients, width, height } = component;
  const stride = columns * 8;
  const samples = new Uint8ClampedArray(stride * rows * 8);
  const block = new Int32Array(64);
  for (let b = 0; b < columns * rows; b++) {
    for (let i = 0; i < 64; i++) block[i] = (coefficients[b * 64 + i] as number) * (quantization[i] as number);
    for (let i = 0; i < 8; i++) transform(block, i, 8, CONST_BITS - PASS1_BITS);
    for (let i = 0; i < 8; i++) transform(block, 8 * i, 1, CONST_BITS + PASS1_BITS + 3);
    const corner = Math.floor(b / columns) * 8 * stride + (b % columns) * 8;
    for (let i = 0; i < 64; i++) samples[corner + (i >> 3) * stride + (i & 7)] = (block[i] as number) + 128;
  }
  return { width, height, stride, samples };
}

/** A component at the image's size; `across` and `down` say how often it is coarser. */
export function upsample(plane: Plane, across: number, down: number, width: number, height: number): Plane {
  if (across === 1 && down === 1) return plane;
  const isFine = (across === 1 && down === 2) || (across === 2 && down <= 2 && plane.width > 2);
  const fill = !isFine ? repeatRow : across === 1 ? blendRow : down === 1 ? spreadRow : spreadBlendedRow;
  const stride = plane.width * across;
  const samples = new Uint8ClampedArray(stride * height);
  for (let y = 0; y < height; y++) {
    const near = Math.floor(y / down);
    // Of two rows in one, the upper leans on the row above and the lower on the row below; edges on themselves.
    const far = Math.min(Math.max(near + (y % down === 0 ? -1 : 1), 0), plane.height - 1);
    fill(plane, near, far, samples.subarray(y * stride, (y + 1) * stride), { across, isUpper: y % down === 0 });
  }
  return { width, height, stride, samples };
}

type RowFiller = (
  plane: Plane,
  near: number,
  far: number,
  out: Uint8ClampedArray,
  place: { readonly across: number; readonly isUpper: boolean },
) => void;

const row = ({ samples, stride, width }: Plane, y: number): Uint8ClampedArray =>
  samples.subarray(y * stride, y * stride + width);

const repeatRow: RowFiller = (plane, near, _far, out, { across }) => {
  const source = row(plane, near);
  for (let x = 0; x < out.length; x++) out[x] = source[Math.floor(x / across)] as number;
};

/** Three parts of the nearer row, one of the other. */
const blendRow: RowFiller = (plane, near, far, out, { isUpper }) => {
  const [a, b] = [row(plane, near), row(plane, far)];
  const bias = isUpper ? 1 : 2;
  for (let x = 0; x < out.length; x++) out[x] = (3 * (a[x] as number) + (b[x] as number) + bias) >> 2;
};

/** Three parts of the nearer sample, one of the other neighbour; halves are rounded down and up by turns. */
const spreadRow: RowFiller = (plane, near, _far, out) => {
  const source = row(plane, near);
  const last = source.length - 1;
  for (let i = 0; i <= last; i++) {
    const value = 3 * (source[i] as number);
    out[2 * i] = i === 0 ? (source[0] as number) : (value + (source[i - 1] as number) + 1) >> 2;
    out[2 * i + 1] = i === last ? (source[last] as number) : (value + (source[i + 1] as number) + 2) >> 2;
  }
};

/** Both directions at once. */
const spreadBlendedRow: RowFiller = (plane, near, far, out) => {
  const [a, b] = [row(plane, near), row(plane, far)];
  const sum = (x: number) => 3 * (a[x] as number) + (b[x] as number);
  const last = a.length - 1;
  for (let i = 0; i <= last; i++) {
    const value = sum(i);
    out[2 * i] = i === 0 ? (4 * value + 8) >> 4 : (3 * value + sum(i - 1) + 8) >> 4;
    out[2 * i + 1] = i === last ? (4 * value + 7) >> 4 : (3 * value + sum(i + 1) + 7) >> 4;
  }
};

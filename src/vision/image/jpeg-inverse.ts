// From coefficients to samples: libjpeg(-turbo)'s accurate integer transform (jidctint.c), bit for bit. Licence: IJG.
import { byteOf } from "./bytes.js";
import { CONST_BITS, F, PASS1_BITS } from "./jpeg-cosines.js";

/** Columns of a block between the two passes. */
const work = new Int32Array(64);
const SHIFT1 = CONST_BITS - PASS1_BITS;
const HALF1 = 1 << (SHIFT1 - 1);
const SHIFT2 = CONST_BITS + PASS1_BITS + 3;
const HALF2 = 1 << (SHIFT2 - 1);
/** Samples are coded around 0. */
const MIDDLE = 128;

/** Writes the samples of a block that has a first coefficient only. */
export function fillBlock(first: number, out: Uint8Array, at: number, stride: number): void {
  const value = byteOf((((first << (PASS1_BITS + CONST_BITS)) + HALF2) >> SHIFT2) + MIDDLE);
  for (let y = 0; y < 8; y++, at += stride) {
    for (let x = at; x < at + 8; x++) out[x] = value;
  }
}

/**
 * Writes the samples of dequantized coefficients `[8, 8]`, which are zeros afterwards. Products wrap as 32-bit integers: of
 * coefficients of real images none does.
 */
export function invertBlock(block: Int32Array, out: Uint8Array, at: number, stride: number): void {
  for (let i = 0; i < 8; i++) invertColumn(block, i);
  for (let i = 0; i < 64; i += 8, at += stride) invertRow(i, out, at);
}

function invertColumn(block: Int32Array, at: number): void {
  const x0 = block[at] as number;
  const x1 = block[at + 8] as number;
  const x2 = block[at + 16] as number;
  const x3 = block[at + 24] as number;
  const x4 = block[at + 32] as number;
  const x5 = block[at + 40] as number;
  const x6 = block[at + 48] as number;
  const x7 = block[at + 56] as number;
  block[at] = 0;
  if ((x1 | x2 | x3 | x4 | x5 | x6 | x7) === 0) {
    const value = x0 << PASS1_BITS;
    for (let i = at; i < 64; i += 8) work[i] = value;
    return;
  }
  for (let i = at + 8; i < 64; i += 8) block[i] = 0;
  // Even part.
  const z1 = Math.imul(x2 + x6, F.f0541);
  const t2 = (z1 - Math.imul(x6, F.f1847)) | 0;
  const t3 = (z1 + Math.imul(x2, F.f0765)) | 0;
  const t0 = ((x0 + x4) << CONST_BITS) + HALF1;
  const t1 = ((x0 - x4) << CONST_BITS) + HALF1;
  const e0 = (t0 + t3) | 0;
  const e3 = (t0 - t3) | 0;
  const e1 = (t1 + t2) | 0;
  const e2 = (t1 - t2) | 0;
  // Odd part.
  const z5 = Math.imul(x7 + x3 + x5 + x1, F.f1175);
  const za = Math.imul(x7 + x1, -F.f0899);
  const zb = Math.imul(x5 + x3, -F.f2562);
  const zc = (z5 - Math.imul(x7 + x3, F.f1961)) | 0;
  const zd = (z5 - Math.imul(x5 + x1, F.f0390)) | 0;
  const o0 = (Math.imul(x7, F.f0298) + za + zc) | 0;
  const o1 = (Math.imul(x5, F.f2053) + zb + zd) | 0;
  const o2 = (Math.imul(x3, F.f3072) + zb + zc) | 0;
  const o3 = (Math.imul(x1, F.f1501) + za + zd) | 0;
  work[at] = (e0 + o3) >> SHIFT1;
  work[at + 56] = (e0 - o3) >> SHIFT1;
  work[at + 8] = (e1 + o2) >> SHIFT1;
  work[at + 48] = (e1 - o2) >> SHIFT1;
  work[at + 16] = (e2 + o1) >> SHIFT1;
  work[at + 40] = (e2 - o1) >> SHIFT1;
  work[at + 24] = (e3 + o0) >> SHIFT1;
  work[at + 32] = (e3 - o0) >> SHIFT1;
}

/** The same along a row. It is written out twice: with a step and an output as arguments it took 1.6 times as long. */
function invertRow(from: number, out: Uint8Array, at: number): void {
  const x0 = work[from] as number;
  const x1 = work[from + 1] as number;
  const x2 = work[from + 2] as number;
  const x3 = work[from + 3] as number;
  const x4 = work[from + 4] as number;
  const x5 = work[from + 5] as number;
  const x6 = work[from + 6] as number;
  const x7 = work[from + 7] as number;
  // Even part.
  const z1 = Math.imul(x2 + x6, F.f0541);
  const t2 = (z1 - Math.imul(x6, F.f1847)) | 0;
  const t3 = (z1 + Math.imul(x2, F.f0765)) | 0;
  const t0 = ((x0 + x4) << CONST_BITS) + HALF2;
  const t1 = ((x0 - x4) << CONST_BITS) + HALF2;
  const e0 = (t0 + t3) | 0;
  const e3 = (t0 - t3) | 0;
  const e1 = (t1 + t2) | 0;
  const e2 = (t1 - t2) | 0;
  // Odd part.
  const z5 = Math.imul(x7 + x3 + x5 + x1, F.f1175);
  const za = Math.imul(x7 + x1, -F.f0899);
  const zb = Math.imul(x5 + x3, -F.f2562);
  const zc = (z5 - Math.imul(x7 + x3, F.f1961)) | 0;
  const zd = (z5 - Math.imul(x5 + x1, F.f0390)) | 0;
  const o0 = (Math.imul(x7, F.f0298) + za + zc) | 0;
  const o1 = (Math.imul(x5, F.f2053) + zb + zd) | 0;
  const o2 = (Math.imul(x3, F.f3072) + zb + zc) | 0;
  const o3 = (Math.imul(x1, F.f1501) + za + zd) | 0;
  out[at] = byteOf(((e0 + o3) >> SHIFT2) + MIDDLE);
  out[at + 7] = byteOf(((e0 - o3) >> SHIFT2) + MIDDLE);
  out[at + 1] = byteOf(((e1 + o2) >> SHIFT2) + MIDDLE);
  out[at + 6] = byteOf(((e1 - o2) >> SHIFT2) + MIDDLE);
  out[at + 2] = byteOf(((e2 + o1) >> SHIFT2) + MIDDLE);
  out[at + 5] = byteOf(((e2 - o1) >> SHIFT2) + MIDDLE);
  out[at + 3] = byteOf(((e3 + o0) >> SHIFT2) + MIDDLE);
  out[at + 4] = byteOf(((e3 - o0) >> SHIFT2) + MIDDLE);
}

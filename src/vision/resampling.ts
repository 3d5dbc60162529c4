// Resizing and cropping as products with weights of rows and columns, with antialiasing: Pillow's and PyTorch's way.
import { isFloat } from "../base/index.js";
import { type Tensor, tensor } from "../tensor/index.js";

export type Interpolation = "nearest" | "bilinear" | "bicubic";

/** Half width of each kernel, at scale 1. */
const supports: Readonly<Record<Interpolation, number>> = { nearest: 0, bilinear: 1, bicubic: 2 };

/** Keys, 1981: a = -0.5 for antialiased kernels, -0.75 for others, as PyTorch has it. */
function cubic(x: number, a: number): number {
  const d = Math.abs(x);
  if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0;
}

/**
 * Writes the weights of `size` outputs over a window [start, start + length) of `inputs` inputs into `out` from `at` on, row by row.
 * Where the window shrinks and `antialias` is set, the kernel is as wide as the inputs that one output stands for.
 */
export function fillWeights(
  out: Float64Array,
  at: number,
  {
    inputs,
    start,
    length,
    size,
    kind,
    antialias,
  }: { inputs: number; start: number; length: number; size: number; kind: Interpolation; antialias: boolean },
): void {
  const scale = length / size;
  for (let i = 0; i < size; i++) {
    const row = at + i * inputs;
    if (kind === "nearest") {
      out[row + start + Math.min(Math.floor((i + 0.5) * scale), length - 1)] = 1;
      continue;
    }
    if (!antialias) {
      fillPoint(out, row + start, length, scale * (i + 0.5) - 0.5, kind);
      continue;
    }
    const wide = Math.max(scale, 1);
    const center = scale * (i + 0.5);
    const reach = supports[kind] * wide;
    const [first, last] = [
      Math.max(Math.trunc(center - reach + 0.5), 0),
      Math.min(Math.trunc(center + reach + 0.5), length),
    ];
    let total = 0;
    for (let j = first; j < last; j++) {
      const x = (j - center + 0.5) / wide;
      const weight = kind === "bilinear" ? Math.max(0, 1 - Math.abs(x)) : cubic(x, -0.5);
      out[row + start + j] = weight;
      total += weight;
    }
    for (let j = first; j < last; j++) out[row + start + j] = (out[row + start + j] as number) / total;
  }
}

/** The weights of the pixels around one position; those outside the window are the nearest inside. */
function fillPoint(out: Float64Array, at: number, length: number, position: number, kind: Interpolation): void {
  const x = kind === "bilinear" ? Math.max(position, 0) : position;
  const first = Math.floor(x);
  const add = (j: number, weight: number) => {
    const inside = at + Math.min(Math.max(j, 0), length - 1);
    out[inside] = (out[inside] as number) + weight;
  };
  if (kind === "bilinear") {
    add(first, 1 - (x - first));
    add(first + 1, x - first);
  } else {
    for (let j = first - 1; j <= first + 2; j++) add(j, cubic(x - j, -0.75));
  }
}

const INT16 = 2 ** 15;

/** Weights of uint8 images as PyTorch's kernel has them: fractions of the largest power of two that keeps them in int16. */
function quantized(weights: Float64Array): Float64Array {
  const largest = weights.reduce((a, b) => Math.max(a, b), 0);
  let bits = 0;
  while (bits < 22 && Math.trunc(0.5 + largest * 2 ** (bits + 1)) < INT16) bits++;
  const unit = 2 ** bits;
  return weights.map((weight) => Math.trunc(weight * unit + (weight < 0 ? -0.5 : 0.5)) / unit);
}

/**
 * rows · images · columnsᵀ: images `[N, C, H, W]`, rows `[N or 1, 1, H', H]`, columns `[N or 1, 1, W', W]` → `[N, C, H', W']`.
 *
 * Bytes come out as PyTorch's bit for bit: columns first, rounded to bytes, then rows. Products and sums of quantized weights and
 * bytes are exact in float32. Other integers are rounded once.
 */
export function resample(
  images: Tensor,
  rows: Float64Array,
  columns: Float64Array,
  size: readonly [number, number],
): Tensor {
  const [, , height = 0, width = 0] = images.shape;
  const isBytes = images.dtype === "uint8";
  const matrix = (weights: Float64Array, to: number, from: number): Tensor => {
    const out = new Float32Array(weights.length);
    // Each sample has a precision of its own.
    for (let at = 0; at < weights.length; at += to * from) {
      const part = weights.subarray(at, at + to * from);
      out.set(isBytes ? quantized(part) : part, at);
    }
    return tensor(out).view(-1, 1, to, from);
  };
  const across = (x: Tensor) => x.matmul(matrix(columns, size[1], width).transpose(-2, -1));
  const down = (x: Tensor) => matrix(rows, size[0], height).matmul(x);
  const x = images.dtype === "float32" ? images : images.to("float32");
  if (isFloat(images.dtype)) return across(down(x)).to(images.dtype);
  if (isBytes) {
    const toBytes = (y: Tensor) => y.add(0.5).floor().clamp(0, 255);
    return toBytes(down(toBytes(across(x)))).to("uint8");
  }
  return across(down(x)).round().to(images.dtype);
}

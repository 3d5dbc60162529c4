// Resizing and cropping as products with weights of rows and columns, with antialiasing: Pillow's and PyTorch's way.
import { type Tensor, tensor } from "../tensor/index.js";

export type Interpolation = "nearest" | "bilinear" | "bicubic";

/** Half width of each kernel, at scale 1. */
const supports: Readonly<Record<Interpolation, number>> = { nearest: 0, bilinear: 1, bicubic: 2 };

/** Keys, 1981, with a = -0.5, as antialiased kernels have it. */
function cubic(x: number): number {
  const a = -0.5;
  const d = Math.abs(x);
  if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0;
}

/**
 * Writes the weights of `size` outputs over a window [start, start + length) of `inputs` inputs into `out` from `at` on, row by row.
 * Where the window shrinks, the kernel is as wide as the inputs that one output stands for.
 */
export function fillWeights(
  out: Float32Array,
  at: number,
  {
    inputs,
    start,
    length,
    size,
    kind,
  }: { inputs: number; start: number; length: number; size: number; kind: Interpolation },
): void {
  const scale = length / size;
  for (let i = 0; i < size; i++) {
    const row = at + i * inputs;
    if (kind === "nearest") {
      out[row + start + Math.min(Math.floor((i + 0.5) * scale), length - 1)] = 1;
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
      const weight = kind === "bilinear" ? Math.max(0, 1 - Math.abs(x)) : cubic(x);
      out[row + start + j] = weight;
      total += weight;
    }
    for (let j = first; j < last; j++) out[row + start + j] = (out[row + start + j] as number) / total;
  }
}

/** rows · images · columnsᵀ: images `[N, C, H, W]`, rows `[N or 1, 1, H', H]`, columns `[N or 1, 1, W', W]` → `[N, C, H', W']`. */
export function resample(
  images: Tensor,
  rows: Float32Array,
  columns: Float32Array,
  size: readonly [number, number],
): Tensor {
  const [, , height = 0, width = 0] = images.shape;
  const r = tensor(rows).view(-1, 1, size[0], height);
  const c = tensor(columns).view(-1, 1, size[1], width);
  return r.matmul(images).matmul(c.transpose(-2, -1));
}

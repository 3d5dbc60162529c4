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
function fillWeights(
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
function quantize(weights: Float64Array, into: Float32Array): void {
  let largest = 0;
  for (let i = 0; i < weights.length; i++) largest = Math.max(largest, weights[i] as number);
  let bits = 0;
  while (bits < 22 && Math.trunc(0.5 + largest * 2 ** (bits + 1)) < INT16) bits++;
  const unit = 2 ** bits;
  for (let i = 0; i < weights.length; i++) {
    const weight = weights[i] as number;
    if (weight !== 0) into[i] = Math.trunc(weight * unit + (weight < 0 ? -0.5 : 0.5)) / unit;
  }
}

/** A part of one side of an image, from `start` on. */
export interface Span {
  readonly start: number;
  readonly length: number;
}

/** What spans of one side of images become. */
export interface Resizing {
  /** Pixels of the side. */
  readonly inputs: number;
  /** Pixels of each span afterwards. */
  readonly size: number;
  readonly kind: Interpolation;
  readonly antialias: boolean;
}

/** Weights of single spans: data sets resize one image after the other alike, and these cost as much as decoding one. */
const known = new Map<string, Float32Array>();
const mostKnown = 32;

/** Weights `[spans, 1, size, inputs]`, one span for all samples or one a sample. */
function weightsOf(spans: readonly Span[], resizing: Resizing, isBytes: boolean): Tensor {
  const { inputs, size, kind, antialias } = resizing;
  const [span] = spans;
  const isSingle = span && spans.length === 1;
  const key = isSingle ? [inputs, size, kind, antialias, span.start, span.length, isBytes].join() : null;
  const weights = (key && known.get(key)) || makeWeights(spans, resizing, isBytes);
  if (key) {
    // The one used last comes last; the first is given up.
    known.delete(key);
    known.set(key, weights);
    if (known.size > mostKnown) known.delete(known.keys().next().value as string);
  }
  return tensor(weights).view(spans.length, 1, size, inputs);
}

function makeWeights(spans: readonly Span[], resizing: Resizing, isBytes: boolean): Float32Array {
  const count = resizing.size * resizing.inputs;
  const out = new Float32Array(spans.length * count);
  spans.forEach((span, n) => {
    const weights = new Float64Array(count);
    fillWeights(weights, 0, { ...resizing, ...span });
    const into = out.subarray(n * count, (n + 1) * count);
    // Each sample has a precision of its own.
    if (isBytes) quantize(weights, into);
    else into.set(weights);
  });
  return out;
}

/** Spans of columns or rows, and what they become. */
export interface SideResizing extends Resizing {
  readonly spans: readonly Span[];
}

/**
 * rows · images · columnsᵀ: images `[N, C, H, W]`, rows `[N or 1, 1, H', H]`, columns `[N or 1, 1, W', W]` → `[N, C, H', W']`.
 *
 * Bytes come out as PyTorch's bit for bit: columns first, rounded to bytes, then rows. Products and sums of quantized weights and
 * bytes are exact in float32. Other integers are rounded once.
 */
export function resample(images: Tensor, rows: SideResizing, columns: SideResizing): Tensor {
  const isBytes = images.dtype === "uint8";
  const across = (x: Tensor) => x.matmul(weightsOf(columns.spans, columns, isBytes).transpose(-2, -1));
  const down = (x: Tensor) => weightsOf(rows.spans, rows, isBytes).matmul(x);
  const x = images.dtype === "float32" ? images : images.to("float32");
  if (isFloat(images.dtype)) return across(down(x)).to(images.dtype);
  if (isBytes) {
    const toBytes = (y: Tensor) => y.add(0.5).floor().clamp(0, 255);
    return toBytes(down(toBytes(across(x)))).to("uint8");
  }
  return across(down(x)).round().to(images.dtype);
}

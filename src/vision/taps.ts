// Which pixels of a side of an image each output is made of, and with what weights: Pillow's and PyTorch's way.

export type Interpolation = "nearest" | "bilinear" | "bicubic";

/** Half width of each kernel, at scale 1. */
const supports: Readonly<Record<Interpolation, number>> = { nearest: 0, bilinear: 1, bicubic: 2 };

/** Keys, 1981: a = -0.5 for antialiased kernels, -0.75 for others, as PyTorch has it. */
function cubic(x: number, a: number): number {
  const d = Math.abs(x);
  if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0;
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

/**
 * The pixels that each output of a side is made of: `width` of them from `first` on, all inside the side, with `weights[i * width + t]`.
 */
export interface Taps {
  readonly width: number;
  readonly first: Int32Array;
  readonly weights: Float64Array;
}

/**
 * Of the `size` outputs over a span [start, start + length) of `inputs` pixels. Where the span shrinks and `antialias` is set, the
 * kernel is as wide as the pixels that one output stands for.
 */
export function tapsOf({ start, length }: Span, { inputs, size, kind, antialias }: Resizing): Taps {
  const scale = length / size;
  const wide = antialias ? Math.max(scale, 1) : 1;
  const reach = supports[kind] * wide;
  const most = kind === "nearest" ? 1 : antialias ? Math.ceil(2 * reach + 1) : 2 * reach;
  // Four at a time are summed faster; weights that are not needed are zeros.
  const width = Math.min(4 * Math.ceil(most / 4), inputs);
  const first = new Int32Array(size);
  const weights = new Float64Array(size * width);
  for (let i = 0; i < size; i++) {
    const center = scale * (i + 0.5);
    // Windows at the end begin earlier, so that they stay inside.
    const begin = (at: number) => {
      first[i] = Math.min(start + Math.min(Math.max(at, 0), length - 1), inputs - width);
    };
    const add = (j: number, weight: number) => {
      const at = i * width + start + Math.min(Math.max(j, 0), length - 1) - (first[i] as number);
      weights[at] = (weights[at] as number) + weight;
    };
    if (kind === "nearest") {
      begin(Math.floor(center));
      add(Math.floor(center), 1);
    } else if (antialias) {
      const from = Math.max(Math.trunc(center - reach + 0.5), 0);
      const to = Math.min(Math.trunc(center + reach + 0.5), length);
      begin(from);
      const shares = Array.from({ length: to - from }, (_, n) => smooth((from + n - center + 0.5) / wide, kind));
      const total = shares.reduce((sum, share) => sum + share, 0);
      for (const [n, share] of shares.entries()) add(from + n, share / total);
    } else if (kind === "bilinear") {
      const x = Math.max(center - 0.5, 0);
      begin(Math.floor(x));
      add(Math.floor(x), 1 - (x - Math.floor(x)));
      add(Math.floor(x) + 1, x - Math.floor(x));
    } else {
      const x = center - 0.5;
      begin(Math.floor(x) - 1);
      for (let j = Math.floor(x) - 1; j <= Math.floor(x) + 2; j++) add(j, cubic(x - j, -0.75));
    }
  }
  return { width, first, weights };
}

/** What was made of single spans lately: data sets resize one image after the other alike, and this costs as much as decoding one. */
export class Recent<T> {
  readonly #known = new Map<string, T>();

  get(spans: readonly Span[], { inputs, size, kind, antialias }: Resizing, more: boolean, make: () => T): T {
    const [span] = spans;
    if (!span || spans.length > 1) return make();
    const key = [inputs, size, kind, antialias, span.start, span.length, more].join();
    const value = this.#known.get(key) ?? make();
    // The one used last comes last; the first is given up.
    this.#known.delete(key);
    this.#known.set(key, value);
    if (this.#known.size > mostRecent) this.#known.delete(this.#known.keys().next().value as string);
    return value;
  }
}

const mostRecent = 32;
const recentTaps = new Recent<WholeTaps>();

/** The kernel of antialiased resizing. */
function smooth(x: number, kind: Interpolation): number {
  return kind === "bilinear" ? Math.max(0, 1 - Math.abs(x)) : cubic(x, -0.5);
}

/** Weights of uint8 images as PyTorch's kernel has them: fractions of 2^bits, the largest power that keeps them in int16. */
export interface WholeTaps extends Taps {
  readonly bits: number;
  /** In place of `weights`. */
  readonly whole: Int32Array;
}

/** The taps of one span of uint8 images. */
export function wholeTapsOf(span: Span, resizing: Resizing): WholeTaps {
  return recentTaps.get([span], resizing, true, () => quantized(tapsOf(span, resizing)));
}

/** The same in whole numbers. */
export function quantized({ weights, ...taps }: Taps): WholeTaps {
  const largest = weights.reduce((most, weight) => Math.max(most, weight), 0);
  let bits = 0;
  while (bits < 22 && Math.trunc(0.5 + largest * 2 ** (bits + 1)) < 2 ** 15) bits++;
  const whole = Int32Array.from(weights, (weight) => Math.trunc(weight * 2 ** bits + (weight < 0 ? -0.5 : 0.5)));
  return { ...taps, weights, bits, whole };
}

// Arguments, oracles and error bounds of the elementary functions. The oracles: V8's Math.* in float64 for float32
// (ir/semantics' series for erf); results of mpmath in fixtures/ir/math64.json (test/ir/math64.py, seed 20) for float64.
import { readFileSync } from "node:fs";
import { erf, type UnaryOp } from "../../src/ir/index.js";

/** Float32 arguments a test; the bounds were measured with GRADUS_MATH_SAMPLES=3000000. */
export const sampleCount = Number(process.env.GRADUS_MATH_SAMPLES ?? 60_000);

export type MathOp = Extract<UnaryOp, keyof typeof functions>;

export const functions = {
  exp: Math.exp,
  log: Math.log,
  expm1: Math.expm1,
  log1p: Math.log1p,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  tanh: Math.tanh,
  erf,
  atan: Math.atan,
};
export const ops = Object.keys(functions) as MathOp[];

/** Largest errors seen, rounded up: on millions of float32 arguments, and on tens of thousands of float64 arguments. */
export const bounds: Record<MathOp | "pow", { readonly f32: number; readonly f64: number }> = {
  exp: { f32: 1.75, f64: 1.5 },
  log: { f32: 0.9, f64: 1 },
  expm1: { f32: 1.5, f64: 1.5 },
  log1p: { f32: 0.9, f64: 1 },
  sin: { f32: 1.6, f64: 2 },
  cos: { f32: 1.6, f64: 2 },
  tan: { f32: 0.51, f64: 3 },
  tanh: { f32: 1.5, f64: 1.5 },
  erf: { f32: 1.3, f64: 1.1 },
  atan: { f32: 1.5, f64: 1.4 },
  pow: { f32: 0.51, f64: 1.25 },
};

/** Distance of `got` from high + low in units in the last place of that; Infinity where NaN or infinities differ. */
export function ulps(type: "f32" | "f64", got: number, high: number, low = 0): number {
  if (Number.isNaN(high)) return Number.isNaN(got) ? 0 : Infinity;
  const [largest, fraction, smallest] = type === "f32" ? [2 ** 127, 23, -126] : [2 ** 1023, 52, -1022];
  if (!Number.isFinite(got)) return Math.abs(high) >= largest && got > 0 === high > 0 ? 0 : Infinity;
  const exponent = Math.max(Math.floor(Math.log2(Math.abs(high))), smallest);
  return Math.abs(got - high - low) / 2 ** (exponent - fraction);
}

/** A small generator, so that samples are the same in each run. */
export function randomSource(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Random bits (all exponents, NaN too) and values where the function is busy. */
export function samples32(op: MathOp, count: number): Float32Array {
  const random = randomSource(7);
  const xs = new Float32Array(count);
  const bits = new Int32Array(xs.buffer);
  const width = op === "exp" || op === "expm1" ? 105 : op === "tanh" || op === "erf" ? 10 : 30;
  for (let i = 0; i < count; i++) {
    bits[i] = (Math.floor(random() * 65536) << 16) | Math.floor(random() * 65536);
    if (i % 4 === 1) xs[i] = (random() * 2 - 1) * width;
    if (i % 4 === 2) xs[i] = 1 + (random() - 0.5) * 10 ** (-7 * random());
    // Next to multiples of π/2, where reductions cancel.
    if (i % 4 === 3) xs[i] = (Math.floor(random() * 10 ** (7 * random())) * Math.PI) / 2;
    if (op === "log" && i % 8) xs[i] = Math.abs(xs[i] as number);
  }
  return xs;
}

export function largestError(
  xs: Float32Array,
  ys: ArrayLike<number | bigint>,
  reference: (x: number) => number,
): { error: number; at: number } {
  let worst = { error: 0, at: 0 };
  xs.forEach((x, i) => {
    const error = ulps("f32", ys[i] as number, reference(x));
    if (error > worst.error) worst = { error, at: x };
  });
  return worst;
}

export type Rows = readonly (readonly number[])[];
export const fixture: Record<string, Rows> = JSON.parse(
  readFileSync(new URL("../fixtures/ir/math64.json", import.meta.url), "utf8"),
);

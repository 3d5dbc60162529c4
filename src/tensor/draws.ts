// Random values as nodes: each draw takes the next part of a generator's stream. All pointwise, so it fuses with its use.
import { ArgumentError, type DType, isFloat, isHalf, numel, type Shape } from "../base/index.js";
import type { Node } from "../graph/index.js";
import * as ops from "../ops/index.js";
import { defaultGenerator, type Generator } from "./generator.js";

/** `count` random int32 words. */
function drawBits(count: number, generator: Generator = defaultGenerator()): Node {
  const { seed, offset } = generator.take(ops.randomBlocks(count));
  return ops.randomBits(count, seed, offset);
}

/** Words without their lowest bits, as numbers of `dtype` below 2^bits. */
function topBits(words: Node, bits: number, dtype: DType): Node {
  const shifted = ops.shiftRight(words, ops.constant(32 - bits, "int32"));
  return ops.cast(ops.and(shifted, ops.constant(2 ** bits - 1, "int32")), dtype);
}

/** `count` numbers in [0, 1): 24 random bits in float32, 53 in float64. */
function drawFlat(count: number, dtype: DType, generator: Generator | undefined): Node {
  if (dtype !== "float64") return ops.uniformFromBits(drawBits(count, generator));
  const words = ops.reshape(drawBits(2 * count, generator), [2, count]);
  const part = (row: number, bits: number) => topBits(ops.select(words, 0, row), bits, "float64");
  const [high, low] = [part(0, 27), part(1, 26)];
  const whole = ops.add(ops.mul(high, ops.constant(2 ** 26, "float64")), low);
  return ops.mul(whole, ops.constant(2 ** -53, "float64"));
}

export function checkRandomDType(op: string, dtype: DType): void {
  if (!isFloat(dtype)) {
    throw new ArgumentError(`${op}: dtype must be a float dtype, got ${dtype}; use randint for integers`, { op });
  }
}

/** Significant bits of the half dtypes: so many of a random word are a number below 1 without rounding. */
const HALF_BITS = { float16: 11, bfloat16: 8 } as const;

/** Uniform in [low, high). */
export function drawUniform(shape: Shape, dtype: DType, low: number, high: number, generator?: Generator): Node {
  if (isHalf(dtype)) {
    const bits = HALF_BITS[dtype];
    const whole = topBits(drawBits(numel(shape), generator), bits, "float32");
    const scaled = ops.mul(whole, ops.constant((high - low) * 2 ** -bits, "float32"));
    return ops.cast(ops.reshape(low === 0 ? scaled : ops.add(scaled, ops.constant(low, "float32")), shape), dtype);
  }
  const u = ops.reshape(drawFlat(numel(shape), dtype, generator), shape);
  const scaled = high - low === 1 ? u : ops.mul(u, ops.constant(high - low, dtype));
  return low === 0 ? scaled : ops.add(scaled, ops.constant(low, dtype));
}

/**
 * Standard normal, by Box and Muller's transform: a pair of uniform numbers gives r cos φ and r sin φ.
 * Source: Box & Muller, "A Note on the Generation of Random Normal Deviates", 1958.
 */
export function drawNormal(shape: Shape, dtype: DType, mean: number, std: number, generator?: Generator): Node {
  if (isHalf(dtype)) return ops.cast(drawNormal(shape, "float32", mean, std, generator), dtype);
  const count = numel(shape);
  const half = Math.ceil(count / 2);
  const u = ops.reshape(drawFlat(2 * half, dtype, generator), [2, half]);
  const one = ops.constant(1, dtype);
  const radius = ops.sqrt(ops.mul(ops.log(ops.sub(one, ops.select(u, 0, 0))), ops.constant(-2, dtype)));
  const angle = ops.mul(ops.select(u, 0, 1), ops.constant(2 * Math.PI, dtype));
  // The second row is the sine: a cosine a quarter turn later.
  const turn = ops.mul(ops.cast(ops.reshape(ops.iota(2), [2, 1]), dtype), ops.constant(-Math.PI / 2, dtype));
  const pairs = ops.mul(radius, ops.cos(ops.add(angle, turn))); // [2, half]
  const flat = ops.slice(ops.reshape(pairs, [2 * half]), 0, 0, count, 1);
  const scaled = std === 1 ? flat : ops.mul(flat, ops.constant(std, dtype));
  return ops.reshape(mean === 0 ? scaled : ops.add(scaled, ops.constant(mean, dtype)), shape);
}

/** As `drawUniform`, for values that get memory of their own anyway: one kernel serves all sizes and ranges. */
export function fillUniform(shape: Shape, dtype: DType, low: number, high: number, generator?: Generator): Node {
  return (
    fill(shape, dtype, { distribution: "uniform", scale: high - low, shift: low }, generator) ??
    drawUniform(shape, dtype, low, high, generator)
  );
}

/** As `drawNormal`, for values that get memory of their own anyway. */
export function fillNormal(shape: Shape, dtype: DType, mean: number, std: number, generator?: Generator): Node {
  return (
    fill(shape, dtype, { distribution: "normal", scale: std, shift: mean }, generator) ??
    drawNormal(shape, dtype, mean, std, generator)
  );
}

/** Null where there is no such kernel: other dtypes, and sizes that are no whole number of draws. */
function fill(shape: Shape, dtype: DType, what: ops.RandomFill, generator: Generator = defaultGenerator()) {
  const count = numel(shape);
  if (dtype !== "float32" || count === 0 || count % ops.valuesOfDraw(what.distribution) !== 0) return null;
  const { seed, offset } = generator.take(ops.randomBlocks(count));
  return ops.randomFill(shape, what, seed, offset);
}

/** Whole numbers in [low, high). */
export function drawIntegers(shape: Shape, dtype: DType, low: number, high: number, generator?: Generator): Node {
  const op = "randint";
  if (!Number.isSafeInteger(low) || !Number.isSafeInteger(high) || high <= low) {
    throw new ArgumentError(`${op}: low ${low} and high ${high} must be integers, low < high`, { op });
  }
  const u = drawFlat(numel(shape), "float64", generator);
  const value = ops.add(ops.floor(ops.mul(u, ops.constant(high - low, "float64"))), ops.constant(low, "float64"));
  return ops.reshape(ops.cast(value, dtype), shape);
}

/** True with the given probability. */
export function drawTrue(shape: Shape, probability: number, generator?: Generator): Node {
  const u = ops.reshape(drawFlat(numel(shape), "float32", generator), shape);
  return ops.lt(u, ops.constant(probability, "float32"));
}

/** True with the probabilities of a tensor that broadcasts to `shape`; others than probabilities are an error of `op`. */
export function drawByChance(op: string, shape: Shape, probability: Node, generator?: Generator): Node {
  const dtype = probability.dtype === "float64" ? "float64" : "float32";
  const u = ops.reshape(drawFlat(numel(shape), dtype, generator), shape);
  const isDrawn = ops.lt(u, ops.cast(probability, dtype));
  return ops.checked(isDrawn, probability, { op, says: "probability", low: 0, high: 1 });
}

/** 0, 1 … count - 1 in random order. */
export function drawPermutation(count: number, generator?: Generator): Node {
  return ops.argsort(drawBits(count, generator));
}

/** Zeroes elements with probability `p` and scales the others by 1 / (1 - p). */
export function dropoutNode(x: Node, p: number, generator?: Generator): Node {
  const zero = ops.constantLike(x, 0);
  if (p === 1) return ops.mul(x, zero);
  const keep = drawTrue(x.shape, 1 - p, generator);
  return ops.where(keep, ops.mul(x, ops.constantLike(x, 1 / (1 - p))), zero);
}

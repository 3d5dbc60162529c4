// Random choices, and draws from further distributions in place.
import {
  ArgumentError,
  broadcastShapes,
  checkOptions,
  type DType,
  DTypeError,
  isFloat,
  largestFinite,
  noMore,
  ShapeError,
} from "../../base/index.js";
import type { Node } from "../../graph/index.js";
import * as ops from "../../ops/index.js";
import { nodeOf } from "../args.js";
import { checkRandomDType, drawNormal, drawUniform } from "../draws.js";
import { defaultGenerator, type Generator } from "../generator.js";
import { overwrite } from "../in-place.js";
import { type Tensor, wrap } from "../tensor.js";
import type { GeneratorOptions } from "./random-forms.js";

export interface MultinomialOptions extends GeneratorOptions {
  /** Whether an index may come again. Default false. */
  readonly replacement?: boolean;
}

/**
 * `numSamples` indices (int32) with probabilities in proportion to the weights. Without replacement the places of the
 * largest w_i / e_i with exponential e_i: Efraimidis & Spirakis, "Weighted random sampling with a reservoir", 2006.
 * With replacement by the running sums of the weights.
 *
 * Shapes: `[n]` → `[numSamples]`, `[N, n]` → `[N, numSamples]`.
 * @throws ShapeError unless the input is a float tensor of 1 or 2 dims.
 * @throws ArgumentError unless `numSamples` is a positive integer, without replacement at most n.
 * @throws NumericError for weights that are negative, not finite, or all 0 in a row: at the call where their values are
 * known, else at the read or step that computes them.
 */
export function multinomial(
  input: Tensor,
  numSamples: number,
  options: MultinomialOptions = {},
  ...surplus: []
): Tensor {
  const op = "multinomial";
  noMore(op, surplus);
  checkOptions(op, options, ["replacement", "generator"]);
  const w = nodeOf(op, "input", input);
  const rank = w.shape.length;
  if (rank < 1 || rank > 2 || !isFloat(w.dtype)) {
    throw new ShapeError(`${op}: takes a float tensor of 1 or 2 dims (input ${w.dtype}[${w.shape.join(",")}])`, {
      op,
      shapes: [w.shape],
    });
  }
  const count = w.shape[rank - 1] as number;
  const { replacement = false, generator } = options;
  if (!Number.isInteger(numSamples) || numSamples < 1 || (!replacement && numSamples > count)) {
    throw new ArgumentError(
      `${op}: numSamples must be a positive integer${replacement ? "" : `, at most the ${count} weights without replacement`}, got ${numSamples}`,
      { op },
    );
  }
  const finite = ops.checked(w, w, { op, says: "weight", low: 0, high: largestFinite(w.dtype) });
  const hasSome = { op, says: "noWeight", except: 0 } as const;
  if (!replacement) {
    const weights = ops.checked(finite, ops.sum(w, [rank - 1]), hasSome);
    const waits = ops.div(exponential(w.shape, w.dtype, 1, generator), weights);
    return wrap(ops.slice(ops.argsort(waits), rank - 1, 0, numSamples));
  }
  const sums = ops.cumsum(finite, rank - 1);
  const last = ops.slice(sums, rank - 1, count - 1, count);
  const total = ops.checked(last, last, hasSome);
  const u = drawUniform([...w.shape.slice(0, -1), numSamples], w.dtype, 0, 1, generator);
  const places = ops.searchsorted(sums, ops.mul(u, total), true);
  return wrap(ops.minimum(places, ops.constant(count - 1, "int32"))); // u total may round up to the total
}

/** The next blocks of a generator's stream, one an element. */
function blocksFor(x: Node, generator: Generator = defaultGenerator()) {
  return generator.take(x.size);
}

/** Counts are drawn in float32 or float64. */
const drawingType = (dtype: DType): DType => (dtype === "float64" ? dtype : "float32");

/**
 * Poisson numbers with the means that the elements of `input` state, in its dtype. Without a gradient. Sources: by
 * inversion below 10, else Hörmann's PTRS, 1993.
 *
 * Shapes: any → the same.
 * @throws DTypeError if the input is no float tensor.
 * @throws NumericError for a negative mean, NaN or Infinity: at the call where its value is known, else at the read or
 * step that computes it.
 * @example poisson(full([3], 4)) // for instance [5, 2, 4]
 */
export function poisson(input: Tensor, options: GeneratorOptions = {}, ...surplus: []): Tensor {
  const op = "poisson";
  noMore(op, surplus);
  checkOptions(op, options, ["generator"]);
  const given = nodeOf(op, "input", input);
  ops.checkFloat(op, "input", given);
  const rates = ops.cast(given, drawingType(given.dtype));
  if (rates.size === 0) return wrap(given);
  const { seed, offset } = blocksFor(rates, options.generator);
  const counts = ops.poissonCounts(rates, seed, offset);
  const tested = ops.checked(counts, rates, { op, says: "rate", low: 0, high: largestFinite(rates.dtype) });
  return wrap(ops.cast(tested, given.dtype));
}

/**
 * How many of `count` trials succeed that do so with the chance `prob`. Counts are rounded down, negative ones are 0;
 * chances are limited to [0, 1]. Without a gradient. Sources: by inversion for means below 10, else Hörmann's BTRS,
 * 1993.
 *
 * Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws DTypeError unless both have one float dtype.
 * @example binomial(full([2], 100), tensor([0.1, 0.9])) // for instance [11, 87]
 */
export function binomial(count: Tensor, prob: Tensor, options: GeneratorOptions = {}, ...surplus: []): Tensor {
  const op = "binomial";
  noMore(op, surplus);
  checkOptions(op, options, ["generator"]);
  const [counts, chances] = [nodeOf(op, "count", count), nodeOf(op, "prob", prob)];
  for (const [name, x] of [["count", counts] as const, ["prob", chances] as const]) ops.checkFloat(op, name, x);
  if (counts.dtype !== chances.dtype) {
    throw new DTypeError(`${op}: count and prob must have one dtype (count ${counts.dtype}, prob ${chances.dtype})`, {
      op,
    });
  }
  const shape = broadcastShapes(op, counts.shape, chances.shape);
  const dtype = drawingType(counts.dtype);
  const [n, p] = [ops.expand(ops.cast(counts, dtype), shape), ops.expand(ops.cast(chances, dtype), shape)];
  if (n.size === 0) return wrap(ops.cast(n, counts.dtype));
  const number = (value: number): Node => ops.constant(value, dtype);
  const whole = ops.maximum(ops.floor(n), number(0));
  const limited = ops.clamp(p, 0, 1);
  // The rarer of success and failure is counted.
  const isLikely = ops.gt(limited, number(0.5));
  const rarer = ops.where(isLikely, ops.sub(number(1), limited), limited);
  const { seed, offset } = blocksFor(n, options.generator);
  const drawn = ops.binomialCounts(whole, rarer, seed, offset);
  return wrap(ops.cast(ops.where(isLikely, ops.sub(whole, drawn), drawn), counts.dtype));
}

/** -log(1 - u) / rate. */
function exponential(
  shape: readonly number[],
  dtype: Node["dtype"],
  rate: number,
  generator: GeneratorOptions["generator"],
): Node {
  const u = drawUniform(shape, dtype, 0, 1, generator);
  return ops.div(ops.neg(ops.log1p(ops.neg(u))), ops.constant(rate, dtype));
}

function filler(
  op: string,
  draw: (x: Node, options: GeneratorOptions) => Node,
  input: Tensor,
  options: GeneratorOptions,
): Tensor {
  checkOptions(op, options, ["generator"]);
  checkRandomDType(op, input.dtype);
  return overwrite(op, input, (x) => draw(x, options));
}

/**
 * Overwrites with exponential numbers of rate `lambd`: density lambd exp(-lambd x). Shapes: any → the same.
 * @throws ArgumentError unless `lambd` > 0 and the dtype is a float.
 * @throws AutogradError if the tensor is a leaf that requires grad.
 */
export function exponential_(input: Tensor, lambd = 1, options: GeneratorOptions = {}, ...surplus: []): Tensor {
  noMore("exponential_", surplus);
  if (!(lambd > 0)) throw new ArgumentError(`exponential_: lambd must be > 0, got ${lambd}`, { op: "exponential_" });
  return filler("exponential_", (x, o) => exponential(x.shape, x.dtype, lambd, o.generator), input, options);
}

/**
 * Overwrites with exp of normal numbers of the given mean and standard deviation. Shapes: any → the same.
 * @throws ArgumentError unless `std` > 0 and the dtype is a float.
 * @throws AutogradError if the tensor is a leaf that requires grad.
 */
export function logNormal_(input: Tensor, mean = 1, std = 2, options: GeneratorOptions = {}, ...surplus: []): Tensor {
  noMore("logNormal_", surplus);
  if (!(std > 0)) throw new ArgumentError(`logNormal_: std must be > 0, got ${std}`, { op: "logNormal_" });
  const draw = (x: Node, o: GeneratorOptions): Node => ops.exp(drawNormal(x.shape, x.dtype, mean, std, o.generator));
  return filler("logNormal_", draw, input, options);
}

/**
 * Overwrites with Cauchy numbers of the given median and scale. Shapes: any → the same.
 * @throws ArgumentError unless `sigma` > 0 and the dtype is a float.
 * @throws AutogradError if the tensor is a leaf that requires grad.
 */
export function cauchy_(input: Tensor, median = 0, sigma = 1, options: GeneratorOptions = {}, ...surplus: []): Tensor {
  noMore("cauchy_", surplus);
  if (!(sigma > 0)) throw new ArgumentError(`cauchy_: sigma must be > 0, got ${sigma}`, { op: "cauchy_" });
  const draw = (x: Node, o: GeneratorOptions): Node => {
    const angle = ops.mul(drawUniform(x.shape, x.dtype, -0.5, 0.5, o.generator), ops.constantLike(x, Math.PI));
    return ops.add(ops.mul(ops.tan(angle), ops.constantLike(x, sigma)), ops.constantLike(x, median));
  };
  return filler("cauchy_", draw, input, options);
}

/**
 * Overwrites with how many trials of probability `p` the first success takes: 1, 2 … Shapes: any → the same.
 * @throws ArgumentError unless `p` lies in (0, 1) and the dtype is a float.
 * @throws AutogradError if the tensor is a leaf that requires grad.
 */
export function geometric_(input: Tensor, p: number, options: GeneratorOptions = {}, ...surplus: []): Tensor {
  noMore("geometric_", surplus);
  if (!(p > 0 && p < 1)) throw new ArgumentError(`geometric_: p must lie in (0, 1), got ${p}`, { op: "geometric_" });
  const draw = (x: Node, o: GeneratorOptions): Node => {
    const waits = exponential(x.shape, x.dtype, -Math.log1p(-p), o.generator);
    return ops.maximum(ops.ceil(waits), ops.constantLike(x, 1));
  };
  return filler("geometric_", draw, input, options);
}

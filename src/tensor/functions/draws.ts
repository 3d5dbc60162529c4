// Random choices, and draws from further distributions in place.
import { ArgumentError, checkOptions, isFloat, largestFinite, ShapeError } from "../../base/index.js";
import type { Node } from "../../graph/index.js";
import * as ops from "../../ops/index.js";
import { nodeOf, noMore } from "../args.js";
import { checkRandomDType, drawUniform } from "../draws.js";
import { overwrite } from "../in-place.js";
import { type Tensor, wrap } from "../tensor.js";
import type { GeneratorOptions } from "./random-forms.js";

export interface MultinomialOptions extends GeneratorOptions {
  /** Whether an index may come again. Default false. */
  readonly replacement?: boolean;
}

/**
 * `numSamples` indices (int32) with probabilities in proportion to the weights `[…, n]`.
 *
 * Without replacement the places of the largest w_i / e_i with exponential e_i: Efraimidis & Spirakis, "Weighted random sampling
 * with a reservoir", 2006. With replacement by the running sums of the weights.
 * @throws NumericError for weights that are negative, not finite, or all 0 in a row.
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

/** Exponential with rate `lambd`: density lambd exp(-lambd x). */
export function exponential_(input: Tensor, lambd = 1, options: GeneratorOptions = {}, ...surplus: []): Tensor {
  noMore("exponential_", surplus);
  if (!(lambd > 0)) throw new ArgumentError(`exponential_: lambd must be > 0, got ${lambd}`, { op: "exponential_" });
  return filler("exponential_", (x, o) => exponential(x.shape, x.dtype, lambd, o.generator), input, options);
}

/** Cauchy with the given median and scale. */
export function cauchy_(input: Tensor, median = 0, sigma = 1, options: GeneratorOptions = {}, ...surplus: []): Tensor {
  noMore("cauchy_", surplus);
  if (!(sigma > 0)) throw new ArgumentError(`cauchy_: sigma must be > 0, got ${sigma}`, { op: "cauchy_" });
  const draw = (x: Node, o: GeneratorOptions): Node => {
    const angle = ops.mul(drawUniform(x.shape, x.dtype, -0.5, 0.5, o.generator), ops.constantLike(x, Math.PI));
    return ops.add(ops.mul(ops.tan(angle), ops.constantLike(x, sigma)), ops.constantLike(x, median));
  };
  return filler("cauchy_", draw, input, options);
}

/** How many trials of probability `p` the first success takes: 1, 2 … */
export function geometric_(input: Tensor, p: number, options: GeneratorOptions = {}, ...surplus: []): Tensor {
  noMore("geometric_", surplus);
  if (!(p > 0 && p < 1)) throw new ArgumentError(`geometric_: p must lie in (0, 1), got ${p}`, { op: "geometric_" });
  const draw = (x: Node, o: GeneratorOptions): Node => {
    const waits = exponential(x.shape, x.dtype, -Math.log1p(-p), o.generator);
    return ops.maximum(ops.ceil(waits), ops.constantLike(x, 1));
  };
  return filler("geometric_", draw, input, options);
}

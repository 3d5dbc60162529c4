// Sums, means, deviations and norms over dims, with PyTorch's forms: no dim means all, keepdim keeps reduced dims as 1.
import { type DType, sumDType } from "../base/index.js";
import { attr, type Node } from "../graph/index.js";
import { apply } from "./apply.js";
import { clamp } from "./clamp.js";
import { constantLike, countAlong, dimList, keepDims, toFloat } from "./composing.js";
import { defineComposite } from "./composite.js";
import { abs, cast, div, eq, mul, ne, sqrt, sub, where } from "./elementwise.js";
import { constant } from "./leaves.js";
import { expand, sum } from "./movement.js";
import { pow } from "./power.js";
import { amax, amin, prod } from "./reductions.js";

export type Dims = number | readonly number[] | null;

export interface ReduceOptions {
  readonly keepdim?: boolean;
  /** The input is converted to it first; default: float stays, bool and integers sum in int64. */
  readonly dtype?: DType;
}

function finish(reduced: Node, x: Node, dims: readonly number[], keepdim: boolean | undefined): Node {
  return keepdim ? keepDims(reduced, x.shape, dims) : reduced;
}

/** Sum over dims. */
export function sumOver(x: Node, dim: Dims = null, { keepdim, dtype }: ReduceOptions = {}): Node {
  const dims = dimList("sum", dim, x.shape.length);
  return finish(sum(cast(x, dtype ?? sumDType(x.dtype)), dims), x, dims, keepdim);
}

/** Product over one dim, or all. */
export function prodOver(x: Node, dim: number | null = null, { keepdim, dtype }: ReduceOptions = {}): Node {
  const dims = dimList("prod", dim, x.shape.length);
  return finish(prod(cast(x, dtype ?? sumDType(x.dtype)), dims), x, dims, keepdim);
}

/** Mean over dims; bool and integers give float32, an empty input NaN. */
export function mean(x: Node, dim: Dims = null, { keepdim, dtype }: ReduceOptions = {}): Node {
  const input = toFloat(dtype ? cast(x, dtype) : x);
  const dims = dimList("mean", dim, x.shape.length);
  const total = sum(input, dims);
  return finish(div(total, constantLike(total, countAlong(x.shape, dims))), x, dims, keepdim);
}

/** Or over dims of what is not 0, or and; of no elements the neutral one. */
function logicOver(op: "any" | "all", x: Node, dim: Dims, keepdim: boolean): Node {
  const dims = dimList(op, dim, x.shape.length);
  const truth = cast(x, "bool");
  if (countAlong(x.shape, dims) > 0) return finish((op === "any" ? amax : amin)(truth, dims), x, dims, keepdim);
  const shape = x.shape.filter((_, d) => !dims.includes(d));
  return finish(expand(constant(op === "all", "bool"), shape), x, dims, keepdim);
}

/** True where any element along dims is not 0. */
export function anyOver(x: Node, dim: Dims = null, keepdim = false): Node {
  return logicOver("any", x, dim, keepdim);
}

/** True where all elements along dims are not 0. */
export function allOver(x: Node, dim: Dims = null, keepdim = false): Node {
  return logicOver("all", x, dim, keepdim);
}

/** How many elements along dims are not 0, as int64. */
export function countNonzero(x: Node, dim: Dims = null): Node {
  const dims = dimList("countNonzero", dim, x.shape.length);
  return sum(cast(cast(x, "bool"), "int64"), dims);
}

function centred(x: Node, dims: readonly number[]): Node {
  return sub(x, keepDims(mean(x, dims), x.shape, dims));
}

// Two passes: E[x²] - E[x]² cancels in float32 once |mean| >> std. The gradient is 2 (x - mean) / divisor: the part that
// would flow through the mean sums to 0, which the chain of the parts would compute at the price of another pass.
const variancePrimitive = defineComposite("variance", {
  infer([x], attrs) {
    const { shape, dtype } = x as Node;
    const dims = attrs.dims as readonly number[];
    return { shape: shape.filter((_, d) => !dims.includes(d)), dtype };
  },
  compose([x], attrs) {
    const dims = attrs.dims as readonly number[];
    const difference = centred(x as Node, dims);
    const total = sum(mul(difference, difference), dims);
    return div(total, constantLike(total, attrs.divisor as number));
  },
  vjp(node, grad) {
    const x = node.inputs[0] as Node;
    const dims = attr<readonly number[]>(node, "dims");
    const scaled = mul(grad, constantLike(grad, 2 / attr<number>(node, "divisor")));
    return [mul(centred(x, dims), keepDims(scaled, x.shape, dims))];
  },
  saves: { inputs: [0], output: false },
});

export interface VarianceOptions {
  readonly keepdim?: boolean;
  /** Subtracted from the number of elements: 1 (default) for the unbiased estimate, 0 for the plain mean of squares. */
  readonly correction?: number;
}

/** Variance over dims; NaN if there are no more elements than `correction`. */
export function variance(x: Node, dim: Dims = null, { keepdim, correction = 1 }: VarianceOptions = {}): Node {
  const input = toFloat(x);
  const dims = dimList("var", dim, x.shape.length);
  const divisor = Math.max(0, countAlong(x.shape, dims) - correction);
  return finish(apply(variancePrimitive, [input], { dims, divisor }), x, dims, keepdim);
}

/** √x with gradient 0 at 0, where the true one is infinite. */
function sqrtOrZero(x: Node): Node {
  const isZero = eq(x, constantLike(x, 0));
  return where(isZero, constantLike(x, 0), sqrt(where(isZero, constantLike(x, 1), x)));
}

/** Standard deviation over dims; its gradient is 0 where it is 0. */
export function std(x: Node, dim: Dims = null, options: VarianceOptions = {}): Node {
  return sqrtOrZero(variance(x, dim, options));
}

/** Variance and mean over the same dims. */
export function varMean(x: Node, dim: Dims = null, options: VarianceOptions = {}): { variance: Node; mean: Node } {
  const { keepdim = false } = options;
  return { variance: variance(x, dim, options), mean: mean(x, dim, { keepdim }) };
}

/** Standard deviation and mean over the same dims. */
export function stdMean(x: Node, dim: Dims = null, options: VarianceOptions = {}): { std: Node; mean: Node } {
  const { keepdim = false } = options;
  return { std: std(x, dim, options), mean: mean(x, dim, { keepdim }) };
}

/** (Σ |x|^p)^(1/p) over dims; p = Infinity and -Infinity give the largest and smallest |x|, p = 0 counts what is not 0. */
export function norm(x: Node, p = 2, dim: Dims = null, keepdim = false): Node {
  const input = toFloat(x);
  const dims = dimList("norm", dim, x.shape.length);
  return finish(reducedNorm(input, p, dims), x, dims, keepdim);
}

function reducedNorm(x: Node, p: number, dims: readonly number[]): Node {
  if (p === 2) return sqrtOrZero(sum(mul(x, x), dims));
  if (p === 1) return sum(abs(x), dims);
  if (p === 0) return sum(cast(ne(x, constantLike(x, 0)), x.dtype), dims);
  if (p === Number.POSITIVE_INFINITY) return amax(abs(x), dims);
  if (p === Number.NEGATIVE_INFINITY) return amin(abs(x), dims);
  const total = sum(powOrZero(abs(x), p), dims);
  return powOrZero(total, 1 / p);
}

/** x^p for x >= 0. Below p = 1 the slope at 0 is infinite; like PyTorch's norm it counts as 0. */
function powOrZero(x: Node, p: number): Node {
  const exponent = constantLike(x, p);
  if (p >= 1) return pow(x, exponent);
  const isZero = eq(x, constantLike(x, 0));
  const power = pow(where(isZero, constantLike(x, 1), x), exponent);
  return where(isZero, constantLike(x, p > 0 ? 0 : Number.POSITIVE_INFINITY), power);
}

/** x / max(norm(x), eps) along `dim`. */
export function normalize(x: Node, p = 2, dim = 1, eps = 1e-12): Node {
  const input = toFloat(x);
  return div(input, clamp(norm(input, p, dim, true), eps));
}

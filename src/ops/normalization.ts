// Layer, batch, group, instance and RMS normalisation.
import { ArgumentError, checkArray, formatShape, numel, type Shape, ShapeError } from "../base/index.js";
import { attr, type Node } from "../graph/index.js";
import { apply } from "./apply.js";
import { checkFloat, constantLike, countAlong, shapeError } from "./composing.js";
import { defineComposite } from "./composite.js";
import { add, mul, rsqrt, sub } from "./elementwise.js";
import { reshape } from "./movement.js";
import { mean, variance } from "./statistics.js";

/** 1 / √(variance + eps) over `dims`, which stay as 1. */
function inverseDeviation(x: Node, dims: readonly number[], eps: number): Node {
  const v = variance(x, dims, { correction: 0, keepdim: true });
  return rsqrt(add(v, constantLike(v, eps)));
}

// y = (x - mean) r with r = 1 / √(var + eps). The gradient r (g - mean(g) - y mean(g y)) needs two row sums that one pass
// can take; the chain of the parts would need a third, after them.
const standardizePrimitive = defineComposite("standardize", {
  compose([x], attrs) {
    const input = x as Node;
    const dims = attrs.dims as readonly number[];
    const centred = sub(input, mean(input, dims, { keepdim: true }));
    return mul(centred, inverseDeviation(input, dims, attrs.eps as number));
  },
  vjp(y, grad) {
    const dims = attr<readonly number[]>(y, "dims");
    const shift = mean(grad, dims, { keepdim: true });
    const slope = mean(mul(grad, y), dims, { keepdim: true });
    const r = inverseDeviation(y.inputs[0] as Node, dims, attr<number>(y, "eps"));
    return [mul(sub(sub(grad, shift), mul(y, slope)), r)];
  },
  saves: { inputs: [0], output: true },
});

/** (x - mean) / √(var + eps), both over `dims`. */
export function standardize(x: Node, dims: readonly number[], eps: number): Node {
  return apply(standardizePrimitive, [x], { dims, eps });
}

/** y * weight + bias, each broadcast by `shape`. */
function affine(y: Node, weight: Node | null, bias: Node | null, shape: Shape): Node {
  const shaped = (p: Node) => (p.shape.length === shape.length ? p : reshape(p, shape));
  const scaled = weight ? mul(y, shaped(weight)) : y;
  return bias ? add(scaled, shaped(bias)) : scaled;
}

function checkParameter(op: string, name: string, p: Node | null, x: Node, shape: Shape): void {
  if (!p || (p.shape.length === shape.length && p.shape.every((size, d) => size === shape[d]))) return;
  throw shapeError(op, `${name} must have shape ${formatShape(shape)}`, { input: x, [name]: p });
}

function checkEps(op: string, eps: number): void {
  if (!(eps >= 0)) throw new ArgumentError(`${op}: eps must be >= 0, got ${eps}`, { op });
}

export interface AffineOptions {
  readonly weight?: Node | null;
  readonly bias?: Node | null;
  readonly eps?: number;
}

/** The trailing dims that `normalizedShape` names. */
function trailingDims(op: string, x: Node, normalizedShape: Shape): number[] {
  checkArray(op, "normalizedShape", normalizedShape);
  const first = x.shape.length - normalizedShape.length;
  if (normalizedShape.length === 0 || first < 0 || normalizedShape.some((size, i) => size !== x.shape[first + i])) {
    throw new ShapeError(
      `${op}: the last dims of the input must be ${formatShape(normalizedShape)} (input ${formatShape(x.shape)})`,
      { op, shapes: [x.shape] },
    );
  }
  return normalizedShape.map((_, i) => first + i);
}

/**
 * Layer normalisation over the trailing dims `normalizedShape`: (x - mean) / √(var + eps) * weight + bias.
 * Ba, Kiros & Hinton, 2016, arXiv:1607.06450.
 */
export function layerNorm(x: Node, normalizedShape: Shape, options: AffineOptions = {}): Node {
  const { weight = null, bias = null, eps = 1e-5 } = options;
  checkFloat("layerNorm", "input", x);
  checkEps("layerNorm", eps);
  const dims = trailingDims("layerNorm", x, normalizedShape);
  checkParameter("layerNorm", "weight", weight, x, normalizedShape);
  checkParameter("layerNorm", "bias", bias, x, normalizedShape);
  return affine(standardize(x, dims, eps), weight, bias, normalizedShape);
}

// The distance from 1 to the next number of each dtype.
const EPSILON = { float32: 2 ** -23, float64: Number.EPSILON } as const;

/** x / √(mean(x²) + eps) * weight over the trailing dims. Zhang & Sennrich, 2019, arXiv:1910.07467, eq. 4. */
export function rmsNorm(
  x: Node,
  normalizedShape: Shape,
  options: { weight?: Node | null; eps?: number | null } = {},
): Node {
  checkFloat("rmsNorm", "input", x);
  const { weight = null } = options;
  const eps = options.eps ?? EPSILON[x.dtype as "float32" | "float64"];
  checkEps("rmsNorm", eps);
  const dims = trailingDims("rmsNorm", x, normalizedShape);
  checkParameter("rmsNorm", "weight", weight, x, normalizedShape);
  const power = mean(mul(x, x), dims, { keepdim: true });
  return affine(mul(x, rsqrt(add(power, constantLike(power, eps)))), weight, null, normalizedShape);
}

export interface BatchStatistics {
  readonly output: Node;
  /** Per channel, over batch and space. */
  readonly mean: Node;
  /** The unbiased variance, which running statistics collect; `output` is normalised with the biased one. */
  readonly variance: Node;
}

function channelShape(op: string, x: Node): { channels: number; shape: number[]; dims: number[] } {
  if (x.shape.length < 2) throw shapeError(op, "needs dims [N, C, …]", { input: x });
  const channels = x.shape[1] as number;
  const shape = [channels, ...new Array<number>(x.shape.length - 2).fill(1)];
  return { channels, shape, dims: x.shape.map((_, d) => d).filter((d) => d !== 1) };
}

/** Batch normalisation with the batch's own statistics over all dims but 1. Ioffe & Szegedy, 2015, arXiv:1502.03167. */
export function batchNormTraining(x: Node, options: AffineOptions = {}): BatchStatistics {
  const op = "batchNorm";
  const { weight = null, bias = null, eps = 1e-5 } = options;
  checkFloat(op, "input", x);
  checkEps(op, eps);
  const { channels, shape, dims } = channelShape(op, x);
  checkParameter(op, "weight", weight, x, [channels]);
  checkParameter(op, "bias", bias, x, [channels]);
  if (countAlong(x.shape, dims) === 1) {
    throw shapeError(op, "training needs more than one value a channel; use eval() or a larger batch", { input: x });
  }
  return {
    output: affine(standardize(x, dims, eps), weight, bias, shape),
    mean: mean(x, dims),
    variance: variance(x, dims),
  };
}

/** Batch normalisation with given statistics: one multiplication and one addition an element. */
export function batchNormInference(
  x: Node,
  runningMean: Node,
  runningVariance: Node,
  options: AffineOptions = {},
): Node {
  const op = "batchNorm";
  const { weight = null, bias = null, eps = 1e-5 } = options;
  checkFloat(op, "input", x);
  checkEps(op, eps);
  const { channels, shape } = channelShape(op, x);
  checkParameter(op, "weight", weight, x, [channels]);
  checkParameter(op, "bias", bias, x, [channels]);
  checkParameter(op, "runningMean", runningMean, x, [channels]);
  checkParameter(op, "runningVar", runningVariance, x, [channels]);
  const r = rsqrt(add(runningVariance, constantLike(runningVariance, eps)));
  const scale = weight ? mul(r, weight) : r;
  const moved = mul(runningMean, scale);
  const shift = bias ? sub(bias, moved) : mul(moved, constantLike(moved, -1));
  return affine(x, scale, shift, shape);
}

/** Standardises `groups` groups of channels by themselves, then scales each channel. Wu & He, 2018, arXiv:1803.08494. */
export function groupNorm(x: Node, groups: number, options: AffineOptions = {}, op = "groupNorm"): Node {
  const { weight = null, bias = null, eps = 1e-5 } = options;
  checkFloat(op, "input", x);
  checkEps(op, eps);
  const { channels, shape } = channelShape(op, x);
  if (!Number.isInteger(groups) || groups < 1 || channels % groups !== 0) {
    throw new ArgumentError(
      `${op}: numGroups ${groups} must be a positive divisor of the ${channels} channels (input ${formatShape(x.shape)})`,
      { op },
    );
  }
  checkParameter(op, "weight", weight, x, [channels]);
  checkParameter(op, "bias", bias, x, [channels]);
  const batch = x.shape[0] as number;
  const rest = numel(x.shape.slice(2));
  const grouped = reshape(x, [batch, groups, (channels / groups) * rest]); // [N, G, C/G * L]
  return affine(reshape(standardize(grouped, [2], eps), x.shape), weight, bias, shape);
}

/** Standardises each channel of each sample by itself. */
export function instanceNorm(x: Node, options: AffineOptions = {}): Node {
  const { channels } = channelShape("instanceNorm", x);
  if (numel(x.shape.slice(2)) === 1) {
    throw shapeError("instanceNorm", "needs more than one spatial element", { input: x });
  }
  return groupNorm(x, channels, options, "instanceNorm");
}

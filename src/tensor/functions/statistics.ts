// Sums and means past NaN, covariances, counts by value, differences and integrals along a dim.
import {
  ArgumentError,
  checkDType,
  checkOptions,
  checkWholeNumber,
  type DType,
  formatShape,
  isFloat,
  isInteger,
  largestFinite,
  type Named,
  named,
  noMore,
  normalizeDim,
  ShapeError,
  shapesEqual,
} from "../../base/index.js";
import type { Node } from "../../graph/index.js";
import * as ops from "../../ops/index.js";
import { type Dims, floatNode, nodeOf, optionsWith } from "../args.js";
import { readValues } from "../read.js";
import { isTensor, type Tensor, wrap } from "../tensor.js";
import { made } from "./define.js";
import type { SumOptions } from "./reduction.js";
import { checkHasMean } from "./reduction.js";

const number = ops.constantLike;

function pastNaN(op: "nansum" | "nanmean", compute: (x: Node, dim: Dims, options: { keepdim?: boolean }) => Node) {
  return (input: Tensor, dim?: Dims | SumOptions, options?: Omit<SumOptions, "dim">, ...surplus: []): Tensor => {
    const given = optionsWith<SumOptions>(op, "dim", dim, options, ["dim", "keepdim", "dtype"], surplus);
    const x = nodeOf(op, "input", input);
    const cast = given.dtype === undefined ? x : ops.cast(x, checkDType(op, given.dtype));
    return made(op, () => compute(cast, given.dim ?? null, given));
  };
}

const zeroNaN = (x: Node): Node => (isFloat(x.dtype) ? ops.where(ops.isnan(x), number(x, 0), x) : x);

/**
 * Sum over `dim` (all dims by default) where NaN counts as 0; `dtype` converts the input first. Integers and bool sum
 * to int64.
 *
 * Shapes: `[…, n, …]` → `[…, …]`, with size 1 for n if `keepdim`.
 * @throws IndexError if a dim is out of range or named twice.
 * @throws ArgumentError if options are given twice.
 */
export const nansum = pastNaN("nansum", (x, dim, options) =>
  ops.sumOver(zeroNaN(x), dim, { keepdim: options.keepdim ?? false }),
);
/**
 * Mean over `dim` (all dims by default) of the elements that are not NaN; `dtype` converts the input first.
 *
 * Shapes: `[…, n, …]` → `[…, …]`, with size 1 for n if `keepdim`.
 * @throws DTypeError for integers and bool without `dtype`.
 * @throws IndexError if a dim is out of range or named twice.
 * @throws ArgumentError if options are given twice.
 */
export const nanmean = pastNaN("nanmean", (x, dim, options) => {
  checkHasMean("nanmean", x);
  const f = x;
  const keepdim = options.keepdim ?? false;
  const count = ops.sumOver(ops.cast(ops.not(ops.isnan(f)), f.dtype), dim, { keepdim });
  return ops.div(ops.sumOver(zeroNaN(f), dim, { keepdim }), count);
});

/**
 * The p-norm (`p` 2 by default) of input - other. Shapes: any that broadcast → `[]`.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws DTypeError if one is no float tensor.
 */
export function dist(input: Tensor, other: Tensor, options: { readonly p?: number } = {}, ...surplus: []): Tensor {
  noMore("dist", surplus);
  checkOptions("dist", options, ["p"]);
  const [a, b] = [floatNode("dist", "input", input), floatNode("dist", "other", other)];
  return made("dist", () => ops.norm(ops.sub(a, b), options.p ?? 2));
}

/** Slices along `dim` whose p-norm exceeds `maxnorm` are scaled down to it. */
export const renormNode = ops.inFloat32(renormed);

function renormed(x: Node, p: number, dim: number, maxnorm: number): Node {
  ops.checkFloat("renorm", "input", x);
  if (!(p > 0) || !(maxnorm >= 0)) {
    throw new ArgumentError(`renorm: p must be > 0 and maxnorm >= 0, got ${p} and ${maxnorm}`, { op: "renorm" });
  }
  const d = normalizeDim("renorm", dim, x.shape.length);
  const others = x.shape.map((_, i) => i).filter((i) => i !== d);
  const size = ops.norm(x, p, others, true);
  const limit = number(x, maxnorm);
  const factor = ops.where(ops.lt(limit, size), ops.div(limit, ops.add(size, number(x, 1e-7))), number(x, 1));
  return ops.mul(x, factor);
}

/**
 * Slices along `dim` whose p-norm is above `maxnorm`, scaled down to it; the others stay. Shapes: any → the same.
 * @throws DTypeError if the input is no float tensor.
 * @throws IndexError if `dim` is out of range.
 * @throws ArgumentError unless p > 0 and maxnorm >= 0.
 */
export function renorm(input: Tensor, p: number, dim: number, maxnorm: number, ...surplus: []): Tensor {
  noMore("renorm", surplus);
  return made("renorm", () => renormNode(nodeOf("renorm", "input", input), p, dim, maxnorm));
}

export interface CovOptions {
  /** Divides by n - correction. Default 1. */
  readonly correction?: number;
  /** How often each observation counts: integers. */
  readonly fweights?: Tensor;
  /** How much each observation counts. */
  readonly aweights?: Tensor;
}

/**
 * Covariances of variables (rows): Σ w (x - mean)(x - mean)ᵀ / (Σ w - correction). Integers and bool give float32.
 *
 * Shapes: `[variables, observations]` → `[variables, variables]`; `[observations]` → `[]`; weights `[observations]`.
 * @throws ShapeError unless weights have one element an observation.
 * @throws ArgumentError if the input has more than 2 dims, `correction` is no integer, or a weight negative.
 */
export function cov(input: Tensor, options: CovOptions = {}, ...surplus: []): Tensor {
  noMore("cov", surplus);
  checkOptions("cov", options, ["correction", "fweights", "aweights"]);
  const x = nodeOf("cov", "input", input);
  checkMatrix("cov", x);
  checkWholeNumber("cov", "correction", options.correction ?? 1);
  checkWeights("cov", "fweights", options.fweights, x);
  checkWeights("cov", "aweights", options.aweights, x);
  return made("cov", () => covNode("cov", x, options));
}

function checkMatrix(op: string, input: Node): void {
  if (input.shape.length <= 2) return;
  throw new ArgumentError(`${op}: takes at most 2 dims (input [${input.shape.join(",")}])`, { op });
}

/** Weights of observations: a vector of them, none negative. */
function checkWeights(op: string, name: string, weights: Tensor | undefined, input: Node): void {
  if (weights === undefined) return;
  const w = nodeOf(op, name, weights);
  const count = input.shape.length < 2 ? input.size : input.shape[1];
  if (w.shape.length !== 1 || w.size !== count) {
    throw new ShapeError(
      `${op}: ${name} must have one element for each of the ${count} observations (${name} [${w.shape.join(",")}])`,
      {
        op,
        shapes: [w.shape, input.shape],
      },
    );
  }
  ops.testHost(w, {
    input: 0,
    low: 0,
    error: (value) => new ArgumentError(`${op}: ${name} must be >= 0, got ${value}`, { op }),
  });
}

function covNode(op: string, input: Node, { correction = 1, fweights, aweights }: CovOptions): Node {
  const f = ops.toFloat(input);
  const isVector = f.shape.length < 2;
  const x = isVector ? ops.reshape(f, [1, f.size]) : f;
  const repeats = fweights ? ops.cast(nodeOf(op, "fweights", fweights), x.dtype) : null;
  const shares = aweights ? ops.cast(nodeOf(op, "aweights", aweights), x.dtype) : null;
  const weights = repeats && shares ? ops.mul(repeats, shares) : (repeats ?? shares);
  const count = x.shape[1] as number;
  const total = weights ? ops.sumOver(weights) : number(x, count);
  const mean = ops.div(ops.sumOver(weights ? ops.mul(x, weights) : x, 1, { keepdim: true }), total);
  const centred = ops.sub(x, mean);
  let divisor = ops.sub(total, number(x, correction));
  if (shares && correction !== 0) {
    const spread = ops.div(ops.sumOver(ops.mul(weights as Node, shares)), total);
    divisor = ops.sub(total, ops.mul(number(x, correction), spread));
  }
  const weighted = weights ? ops.mul(centred, weights) : centred;
  const products = ops.matmul(weighted, ops.matrixTranspose(centred));
  const positive = ops.where(ops.lt(divisor, number(x, 0)), number(x, 0), divisor);
  const result = ops.div(products, positive);
  return isVector ? ops.reshape(result, []) : result;
}

/**
 * Correlation coefficients of variables (rows), in [-1, 1]. Integers and bool give float32.
 *
 * Shapes: `[variables, observations]` → `[variables, variables]`; `[observations]` → `[]`.
 * @throws ArgumentError if the input has more than 2 dims.
 */
export function corrcoef(input: Tensor, ...surplus: []): Tensor {
  noMore("corrcoef", surplus);
  const x = nodeOf("corrcoef", "input", input);
  checkMatrix("corrcoef", x);
  const c = covNode("corrcoef", x, {});
  if (c.shape.length === 0) return made("corrcoef", () => ops.div(c, c));
  const deviation = ops.sqrt(ops.diagonal(c));
  const size = deviation.size;
  const scaled = ops.div(ops.div(c, ops.reshape(deviation, [size, 1])), deviation);
  return made("corrcoef", () => ops.clamp(scaled, -1, 1));
}

// ---- counts by value --------------------------------------------------------------------------------------------

/**
 * How many elements fall into each of `bins` (100) equal intervals of [min, max]; equal bounds stand for those of the
 * data. Integers and bool give float32.
 *
 * Shapes: any → `[bins]`.
 * @throws ArgumentError unless `bins` is a positive integer, the bounds are finite, and `max` is not below `min`.
 * @throws NumericError if the bounds are those of data with NaN or an infinity, when the result is computed.
 */
export function histc(
  input: Tensor,
  options: { readonly bins?: number; readonly min?: number; readonly max?: number } = {},
  ...surplus: []
): Tensor {
  const op = "histc";
  noMore(op, surplus);
  checkOptions(op, options, ["bins", "min", "max"]);
  const { bins = 100, min = 0, max = 0 } = options;
  const x = ops.toFloat(nodeOf(op, "input", input));
  checkBins(op, bins);
  const [low, high] = bounds(op, x, min, max);
  return made(op, () => countIn(x, bins, low, high, null));
}

function checkBins(op: string, bins: number): void {
  if (Number.isInteger(bins) && bins > 0) return;
  throw new ArgumentError(`${op}: bins must be a positive integer, got ${bins}`, { op });
}

/** The least and the largest value, and an error of the function `op` unless both are finite. */
function dataRange(op: string, x: Node): [Node, Node] {
  const most = largestFinite(x.dtype);
  const finite = (end: Node) => ops.checked(end, end, { op, says: "dataRange", low: -most, high: most });
  return [finite(ops.aminOver(x)), finite(ops.amaxOver(x))];
}

/** The bounds as nodes; of the data if both are equal, one apart if these are. */
function bounds(op: string, x: Node, min: number, max: number): [Node, Node] {
  if (!Number.isFinite(min) || !Number.isFinite(max)) {
    throw new ArgumentError(`${op}: the bounds must be finite, got ${min} and ${max}`, { op });
  }
  if (min > max) throw new ArgumentError(`${op}: max ${max} must not be below min ${min}`, { op });
  if (min !== max) return [number(x, min), number(x, max)];
  if (x.size === 0) return [number(x, min), number(x, min + 1)];
  const [low, high] = dataRange(op, x);
  const isFlat = ops.eq(low, high);
  const one = number(x, 1);
  return [ops.where(isFlat, ops.sub(low, one), low), ops.where(isFlat, ops.add(high, one), high)];
}

/** Counts (or weights summed up) by equal intervals; the last one includes its end. */
function countIn(x: Node, bins: number, low: Node, high: Node, weight: Node | null): Node {
  const flat = ops.reshape(x, [x.size]);
  const place = ops.floor(ops.div(ops.mul(ops.sub(flat, low), number(x, bins)), ops.sub(high, low)));
  const isInside = ops.and(ops.le(low, flat), ops.le(flat, high));
  const safe = ops.where(isInside, ops.minimum(place, number(x, bins - 1)), number(x, 0));
  const one = weight ? ops.reshape(ops.cast(weight, x.dtype), [x.size]) : number(x, 1);
  const counted = ops.where(isInside, one, number(x, 0));
  const zeros = ops.full([bins], 0, x.dtype);
  return ops.scatterAdd(zeros, 0, ops.cast(safe, "int32"), counted);
}

export interface HistogramOptions {
  /** Bounds of equal intervals; default those of the data. */
  readonly range?: readonly [number, number];
  /** How much each point counts; the shape of the input. Default 1. */
  readonly weight?: Tensor;
  /** Scales the counts so that the area is 1. */
  readonly density?: boolean;
}

/**
 * Counts by intervals, `bins` of them or between the edges given as a tensor. Integers and bool give float32.
 *
 * Shapes: any → hist `[bins]`, binEdges `[bins + 1]`; weight has the input's shape.
 * @throws ShapeError if edges are no vector of at least 2, or the weight has not the input's shape.
 * @throws ArgumentError unless `bins` is a positive integer, and the range is finite and ascends.
 * @throws NumericError if the bounds are those of data with NaN or an infinity, when the result is computed.
 */
export function histogram(
  input: Tensor,
  bins: number | Tensor,
  options: HistogramOptions = {},
  ...surplus: []
): Named<{ readonly hist: Tensor; readonly binEdges: Tensor }> {
  const op = "histogram";
  noMore(op, surplus);
  checkOptions(op, options, ["range", "weight", "density"]);
  if (!isTensor(bins)) checkWholeNumber(op, "bins", bins, 1);
  else if (bins.shape.length !== 1 || bins.size(0) < 2) {
    throw new ShapeError(
      `${op}: the edges in bins must be a vector of at least 2, got shape [${bins.shape.join(",")}]`,
      {
        op,
        shapes: [bins.shape],
      },
    );
  }
  const x = ops.toFloat(nodeOf(op, "input", input));
  const weight = options.weight ? nodeOf(op, "weight", options.weight) : null;
  if (weight && !shapesEqual(weight.shape, x.shape)) {
    throw new ShapeError(
      `${op}: weight must have the shape of the input (input ${formatShape(x.shape)}, weight ${formatShape(weight.shape)})`,
      { op, shapes: [x.shape, weight.shape] },
    );
  }
  const { hist, edges } = counted(op, x, isTensor(bins) ? ops.cast(bins.node, x.dtype) : bins, weight, options);
  return named({ hist: wrap(hist), binEdges: wrap(edges) });
}

type Counts = { readonly hist: Node; readonly edges: Node };
type Intervals = Pick<HistogramOptions, "range" | "density">;

const counted = ops.inFloat32(
  (op: string, x: Node, bins: Node | number, weight: Node | null, { range, density }: Intervals): Counts => {
    const { hist, edges } =
      typeof bins === "number" ? equalIntervals(op, x, bins, range, weight) : betweenEdges(x, bins, weight);
    if (!density) return { hist, edges };
    const count = hist.size;
    const width = ops.sub(ops.slice(edges, 0, 1, count + 1), ops.slice(edges, 0, 0, count));
    return { hist: ops.div(hist, ops.mul(ops.sumOver(hist), width)), edges };
  },
);

function equalIntervals(
  op: string,
  x: Node,
  bins: number,
  range: readonly [number, number] | undefined,
  weight: Node | null,
) {
  checkBins(op, bins);
  const [low, high] = bounds(op, x, range?.[0] ?? 0, range?.[1] ?? 0);
  const step = ops.div(ops.sub(high, low), number(x, bins));
  const inner = ops.add(low, ops.mul(ops.cast(ops.iota(bins), x.dtype), step));
  const edges = ops.cat([inner, ops.reshape(high, [1])]);
  return { hist: countIn(x, bins, low, high, weight), edges };
}

function betweenEdges(x: Node, edges: Node, weight: Node | null) {
  const bins = edges.size - 1;
  const flat = ops.reshape(x, [x.size]);
  const place = ops.sub(ops.searchsorted(edges, flat, true), ops.constant(1, "int32"));
  const isLast = ops.eq(flat, ops.select(edges, 0, bins));
  const index = ops.where(isLast, ops.constant(bins - 1, "int32"), place);
  const isInside = ops.and(ops.le(ops.constant(0, "int32"), index), ops.lt(index, ops.constant(bins, "int32")));
  const one = weight ? ops.reshape(ops.cast(weight, x.dtype), [x.size]) : number(x, 1);
  const counted = ops.where(isInside, one, number(x, 0));
  const safe = ops.where(isInside, index, ops.constant(0, "int32"));
  return { hist: ops.scatterAdd(ops.full([bins], 0, x.dtype), 0, safe, counted), edges };
}

/**
 * How often each of 0, 1 … occurs (int64), or the sums of `weights` (float32 of float32, else float64). A read: the
 * largest value is the result's size.
 *
 * Shapes: `[n]` → `[max(input) + 1]`, at least `minlength`; weights `[n]`.
 * @throws ArgumentError if the input is no vector of integers, one is negative, or `minlength` no integer >= 0.
 * @throws ShapeError if the weights have not the input's shape.
 */
export function bincount(
  input: Tensor,
  options: { readonly weights?: Tensor; readonly minlength?: number } = {},
  ...surplus: []
): Tensor {
  const op = "bincount";
  noMore(op, surplus);
  checkOptions(op, options, ["weights", "minlength"]);
  const x = nodeOf(op, "input", input);
  if (x.shape.length !== 1 || !isInteger(x.dtype)) {
    throw new ArgumentError(`${op}: takes a vector of integers (input ${x.dtype}[${x.shape.join(",")}])`, { op });
  }
  checkWholeNumber(op, "minlength", options.minlength ?? 0, 0);
  let size = options.minlength ?? 0;
  for (const value of readValues(op, input)) {
    if (value < 0) throw new ArgumentError(`${op}: values must be >= 0, got ${value}`, { op });
    size = Math.max(size, Number(value) + 1);
  }
  const weights = options.weights ? nodeOf(op, "weights", options.weights) : null;
  if (weights && (weights.shape.length !== 1 || weights.size !== x.size)) {
    throw new ShapeError(
      `${op}: weights must have the shape of the input (input [${x.size}], weights [${weights.shape.join(",")}])`,
      {
        op,
        shapes: [x.shape, weights.shape],
      },
    );
  }
  const dtype: DType = weights ? (weights.dtype === "float32" ? "float32" : "float64") : "int64";
  const source = weights ? ops.cast(weights, dtype) : ops.full([x.size], dtype === "int64" ? 1n : 1, dtype);
  return made(op, () => ops.scatterAdd(ops.full([size], dtype === "int64" ? 0n : 0, dtype), 0, x, source));
}

// ---- differences and integrals ----------------------------------------------------------------------------------

export interface DiffOptions {
  /** How many times. Default 1. */
  readonly n?: number;
  /** The dim of neighbours; default the last. */
  readonly dim?: number;
  /** Joined before along `dim`, first of all. */
  readonly prepend?: Tensor;
  /** Joined behind along `dim`. */
  readonly append?: Tensor;
}

/**
 * Differences of neighbours along `dim` (the last by default), `n` times.
 *
 * Shapes: `[…, m, …]` → `[…, m - n, …]`, with what is prepended and appended counted in.
 * @throws ShapeError if `prepend` or `append` do not fit.
 * @throws IndexError if `dim` is out of range.
 * @throws ArgumentError if the input is 0-d, or `n` no integer >= 0.
 */
export function diff(input: Tensor, options: DiffOptions = {}, ...surplus: []): Tensor {
  const op = "diff";
  noMore(op, surplus);
  checkOptions(op, options, ["n", "dim", "prepend", "append"]);
  const { n = 1, dim = -1, prepend, append } = options;
  const x = nodeOf(op, "input", input);
  checkWholeNumber(op, "n", n, 0);
  const d = normalizeDim(op, dim, x.shape.length);
  if (x.shape.length === 0) throw new ArgumentError(`${op}: takes at least 1 dim`, { op });
  const parts = [prepend && nodeOf(op, "prepend", prepend), x, append && nodeOf(op, "append", append)];
  return made(op, () => {
    let y = ops.cat(
      parts.filter((part): part is Node => part !== undefined),
      d,
    );
    for (let i = 0; i < n && (y.shape[d] as number) > 0; i++) {
      const size = y.shape[d] as number;
      const [late, early] = [ops.slice(y, d, 1, size), ops.slice(y, d, 0, size - 1)];
      y = y.dtype === "bool" ? ops.xor(late, early) : ops.sub(late, early);
    }
    return y;
  });
}

export interface TrapezoidOptions {
  /** Distance between points. Default 1. */
  readonly dx?: number;
  /** The dim of neighbours; default the last. */
  readonly dim?: number;
}

/** Areas between neighbouring points along `dim`: (y₀ + y₁) / 2 times their distance. */
function trapezoids(
  op: string,
  y: Node,
  x: Tensor | undefined,
  { dx = 1, dim = -1 }: TrapezoidOptions,
): { d: number; areas: Node } {
  const f = ops.toFloat(y);
  const d = normalizeDim(op, dim, f.shape.length);
  if (f.shape.length === 0) throw new ShapeError(`${op}: y needs at least 1 dim`, { op, shapes: [f.shape] });
  const size = f.shape[d] as number;
  const ends = ops.add(ops.slice(f, d, 1, size), ops.slice(f, d, 0, size - 1));
  if (!x) return { d, areas: ops.mul(ends, number(f, dx / 2)) };
  const place = nodeOf(op, "x", x);
  if (place.shape.length === 0) throw new ShapeError(`${op}: x needs at least 1 dim`, { op, shapes: [place.shape] });
  const own = place.shape.length === 1 ? ops.reshape(place, [place.size, ...f.shape.slice(d + 1).map(() => 1)]) : place;
  const at = place.shape.length === 1 ? own.shape.length - (f.shape.length - d) : d + own.shape.length - f.shape.length;
  const points = own.shape[at] as number;
  const gaps = ops.sub(ops.slice(own, at, 1, points), ops.slice(own, at, 0, points - 1));
  return { d, areas: ops.mul(ops.mul(ends, gaps), number(f, 0.5)) };
}

function splitPoints(x: Tensor | TrapezoidOptions | undefined, options: TrapezoidOptions) {
  return isTensor(x) || x === undefined ? { x: x as Tensor | undefined, given: options } : { x: undefined, given: x };
}

/**
 * The integral of `y` along `dim` by the trapezoidal rule: `trapezoid(y, x)` or `trapezoid(y, { dx })`. Integers and
 * bool give float32.
 *
 * Shapes: y `[…, n, …]`, x `[n]` or that of y → `[…, …]`.
 * @throws ShapeError if y is 0-d, or x does not fit.
 * @throws IndexError if `dim` is out of range.
 * @throws DTypeError if x is bool.
 */
export function trapezoid(
  y: Tensor,
  x?: Tensor | TrapezoidOptions,
  options: TrapezoidOptions = {},
  ...surplus: []
): Tensor {
  noMore("trapezoid", surplus);
  const { x: points, given } = splitPoints(x, options);
  checkOptions("trapezoid", given, ["dx", "dim"]);
  return made("trapezoid", () => {
    const { d, areas } = trapezoids("trapezoid", nodeOf("trapezoid", "y", y), points, given);
    return ops.sumOver(areas, d);
  });
}

/**
 * The integrals up to each point but the first, as {@link trapezoid}. Integers and bool give float32.
 *
 * Shapes: y `[…, n, …]`, x `[n]` or that of y → `[…, n - 1, …]`.
 * @throws ShapeError if y is 0-d, or x does not fit.
 * @throws IndexError if `dim` is out of range.
 * @throws DTypeError if x is bool.
 */
export function cumulativeTrapezoid(
  y: Tensor,
  x?: Tensor | TrapezoidOptions,
  options: TrapezoidOptions = {},
  ...surplus: []
): Tensor {
  const op = "cumulativeTrapezoid";
  noMore(op, surplus);
  const { x: points, given } = splitPoints(x, options);
  checkOptions(op, given, ["dx", "dim"]);
  return made(op, () => {
    const { d, areas } = trapezoids(op, nodeOf(op, "y", y), points, given);
    return ops.cumsum(areas, d);
  });
}

export interface GradientOptions {
  /** Distance between points: one number, one a dim, or a vector of places a dim. Default 1. */
  readonly spacing?: number | readonly number[] | readonly Tensor[];
  /** The dims to differentiate along; default all. */
  readonly dim?: Dims;
  /** At the borders: differences of first (1) or second order (2). Default 1. */
  readonly edgeOrder?: 1 | 2;
}

/**
 * Numerical derivatives along dims (all by default) by central differences; one tensor a dim. Integers and bool give
 * float32.
 *
 * Shapes: any → one tensor of the same for each dim.
 * @throws ArgumentError if `spacing` has no entry for a dim, or a dim has fewer than `edgeOrder` + 1 elements.
 * @throws IndexError if a dim is out of range or named twice.
 * @throws ShapeError if places do not have the size of their dim.
 */
export function gradient(input: Tensor, options: GradientOptions = {}, ...surplus: []): Tensor[] {
  const op = "gradient";
  noMore(op, surplus);
  checkOptions(op, options, ["spacing", "dim", "edgeOrder"]);
  const { spacing = 1, edgeOrder = 1 } = options;
  const x = ops.toFloat(nodeOf(op, "input", input));
  const dims = ops.dimList(op, options.dim ?? null, x.shape.length);
  return dims.map((d, i) => {
    const own = typeof spacing === "number" ? spacing : (spacing[i] as number | Tensor | undefined);
    if (own === undefined) throw new ArgumentError(`${op}: spacing has no entry for dim ${d}`, { op });
    const size = x.shape[d] as number;
    if (size < edgeOrder + 1) {
      throw new ArgumentError(`${op}: dim ${d} has ${size} elements, needs ${edgeOrder + 1}`, { op });
    }
    const places = isTensor(own)
      ? ops.cast(own.node, x.dtype)
      : ops.mul(ops.cast(ops.iota(size), x.dtype), number(x, own));
    return made(op, () =>
      derivative(x, d, ops.reshape(places, [size, ...x.shape.slice(d + 1).map(() => 1)]), edgeOrder),
    );
  });
}

/** Second-order differences inside, one-sided ones at both ends; `places` broadcasts against dims d … */
const derivative = ops.inFloat32(derivativeOf);

function derivativeOf(x: Node, d: number, places: Node, edgeOrder: 1 | 2): Node {
  const size = x.shape[d] as number;
  const part = (from: number, to: number): Node => ops.slice(x, d, from, to);
  const place = (from: number, to: number): Node => ops.slice(places, 0, from, to);
  const gap = (from: number): Node => ops.sub(place(from + 1, from + 2), place(from, from + 1));
  const slope = (from: number): Node => ops.div(ops.sub(part(from + 1, from + 2), part(from, from + 1)), gap(from));
  const sections: Node[] = [];
  // Of second order: the slope at the end of the parabola through three points, half a bend away from the middle slope.
  const edge = (near: number, far: number): Node => {
    if (edgeOrder === 1) return slope(near);
    const bend = ops.div(ops.sub(slope(near), slope(far)), ops.add(gap(near), gap(far)));
    return ops.add(slope(near), ops.mul(bend, gap(near)));
  };
  sections.push(edge(0, 1));
  if (size > 2) {
    const left = ops.sub(place(1, size - 1), place(0, size - 2));
    const right = ops.sub(place(2, size), place(1, size - 1));
    const down = ops.div(ops.sub(part(1, size - 1), part(0, size - 2)), left);
    const up = ops.div(ops.sub(part(2, size), part(1, size - 1)), right);
    const weighted = ops.add(ops.mul(down, right), ops.mul(up, left));
    sections.push(ops.div(weighted, ops.add(left, right)));
  }
  sections.push(edge(size - 2, size - 3));
  return ops.cat(sections, d);
}

// Reductions: sums, extremes, statistics, norms; cumulative sums.
import {
  ArgumentError,
  checkDType,
  checkFlag,
  checkNumber,
  checkOptions,
  type DType,
  DTypeError,
  formatShape,
  isFloat,
  named,
  noMore,
  normalizeDim,
  type Places,
  shownValue,
} from "../../base/index.js";
import type { Node } from "../../graph/index.js";
import * as ops from "../../ops/index.js";
import { type Dims, floatNode, nodeOf, optionsWith, type TensorLike } from "../args.js";
import { isTensor, type Tensor, wrap } from "../tensor.js";
import { maximum, minimum } from "./arithmetic.js";
import { composed } from "./composed.js";
import { matrixNorm } from "./decompositions.js";
import { made } from "./define.js";

export interface KeepOptions {
  /** The dims that are reduced, a number or a list; default all. */
  readonly dim?: Dims;
  /** Reduced dims stay as size 1. */
  readonly keepdim?: boolean;
}

export interface SumOptions extends KeepOptions {
  /** Dtype of the result; converts the input first. */
  readonly dtype?: DType;
}

interface OneDimOptions {
  /** The dim that is reduced; default all elements. */
  readonly dim?: number | null;
  /** The reduced dim stays as size 1; default false. */
  readonly keepdim?: boolean;
}

/** Values along a dim and where they are (int32): `x.max(1).values`, `x.max(1)[0]`, or in order, `const [values, indices] = x.max(1)`. */
export interface ValuesIndices extends Places<Tensor>, Iterable<Tensor, undefined> {
  /** The chosen elements, in the dtype of the input. */
  readonly values: Tensor;
  /** Where they stand along the dim, int32. */
  readonly indices: Tensor;
}

type Reduce<O> = (input: Tensor, dim?: Dims | O, options?: Omit<O, "dim">, ...surplus: []) => Tensor;

function reducer(op: string, compute: (x: Node, dim: Dims, options: SumOptions) => Node): Reduce<SumOptions> {
  return (input, dim, options, ...surplus) => {
    const given = optionsWith<SumOptions>(op, "dim", dim, options, ["dim", "keepdim", "dtype"], surplus);
    if (given.dtype !== undefined) checkDType(op, given.dtype);
    return made(op, () => compute(nodeOf(op, "input", input), given.dim ?? null, given));
  };
}

function plainReducer(op: string, compute: (x: Node, dim: Dims, keepdim: boolean) => Node): Reduce<KeepOptions> {
  return (input, dim, options, ...surplus) => {
    const given = optionsWith<KeepOptions>(op, "dim", dim, options, ["dim", "keepdim"], surplus);
    return made(op, () => compute(nodeOf(op, "input", input), given.dim ?? null, given.keepdim ?? false));
  };
}

/**
 * Sum over `dim` (all dims by default). Integers and bool sum to int64; `dtype` converts the input first.
 *
 * Shapes: `[…, n, …]` → `[…, …]`, with size 1 for n if `keepdim`.
 * @throws IndexError if a dim is out of range or named twice.
 * @throws ArgumentError if options are given twice.
 */
export const sum = reducer("sum", ops.sumOver);
/** Throws for integers and bool, whose mean has no dtype of its own. */
export function checkHasMean(op: string, x: Node): void {
  if (isFloat(x.dtype)) return;
  throw new DTypeError(
    `${op}: input must be a float tensor, is ${x.dtype}; convert it with .to("float32") or pass { dtype: "float32" }`,
    { op },
  );
}

/**
 * Mean over `dim` (all dims by default); `dtype` converts the input first.
 *
 * Shapes: `[…, n, …]` → `[…, …]`, with size 1 for n if `keepdim`.
 * @throws DTypeError for integers and bool without `dtype`.
 * @throws IndexError if a dim is out of range or named twice.
 * @throws ArgumentError if options are given twice.
 */
export const mean = reducer("mean", (x, dim, options) => {
  if (options.dtype === undefined) checkHasMean("mean", x);
  return ops.mean(x, dim, options);
});
/**
 * Product over one `dim`, or over everything. Integers and bool give int64; `dtype` converts the input first.
 *
 * Shapes: `[…, n, …]` → `[…, …]`, with size 1 for n if `keepdim`.
 * @throws IndexError if `dim` is out of range.
 * @throws ArgumentError if several dims are given, or options twice.
 */
export const prod = reducer("prod", (x, dim, options) => ops.prodOver(x, oneDim("prod", dim), options));
/**
 * Largest element over dims (all by default); equal ones share the gradient.
 *
 * Shapes: `[…, n, …]` → `[…, …]`, with size 1 for n if `keepdim`.
 * @throws NumericError if there are no elements along a dim.
 * @throws IndexError if a dim is out of range or named twice.
 * @throws ArgumentError if options are given twice.
 */
export const amax = plainReducer("amax", ops.amaxOver);
/**
 * Smallest element over dims (all by default); equal ones share the gradient.
 *
 * Shapes: `[…, n, …]` → `[…, …]`, with size 1 for n if `keepdim`.
 * @throws NumericError if there are no elements along a dim.
 * @throws IndexError if a dim is out of range or named twice.
 * @throws ArgumentError if options are given twice.
 */
export const amin = plainReducer("amin", ops.aminOver);
/**
 * Whether any element over dims (all by default) is not 0, as bool.
 *
 * Shapes: `[…, n, …]` → `[…, …]`, with size 1 for n if `keepdim`.
 * @throws IndexError if a dim is out of range or named twice.
 * @throws ArgumentError if options are given twice.
 */
export const any = plainReducer("any", ops.anyOver);
/**
 * Whether all elements over dims (all by default) are not 0, as bool.
 *
 * Shapes: `[…, n, …]` → `[…, …]`, with size 1 for n if `keepdim`.
 * @throws IndexError if a dim is out of range or named twice.
 * @throws ArgumentError if options are given twice.
 */
export const all = plainReducer("all", ops.allOver);
/**
 * log(Σ exp(x)) over dims (all by default), without overflow. Integers and bool give float32.
 *
 * Shapes: `[…, n, …]` → `[…, …]`, with size 1 for n if `keepdim`.
 * @throws IndexError if a dim is out of range or named twice.
 * @throws ArgumentError if options are given twice.
 */
export const logsumexp = plainReducer("logsumexp", ops.logsumexp);
/**
 * Position of the first largest element (int32) along `dim`, of the flat tensor without.
 *
 * Shapes: `[…, n, …]` → `[…, …]`, with size 1 for n if `keepdim`.
 * @throws NumericError if there are no elements along the dim.
 * @throws IndexError if `dim` is out of range.
 * @throws ArgumentError if several dims are given, or options twice.
 */
export const argmax = plainReducer("argmax", (x, dim, keepdim) => ops.argmax(x, oneDim("argmax", dim), keepdim));
/**
 * Position of the first smallest element (int32) along `dim`, of the flat tensor without.
 *
 * Shapes: `[…, n, …]` → `[…, …]`, with size 1 for n if `keepdim`.
 * @throws NumericError if there are no elements along the dim.
 * @throws IndexError if `dim` is out of range.
 * @throws ArgumentError if several dims are given, or options twice.
 */
export const argmin = plainReducer("argmin", (x, dim, keepdim) => ops.argmin(x, oneDim("argmin", dim), keepdim));

function oneDim(op: string, dim: Dims): number | null {
  if (dim === null || typeof dim === "number") return dim;
  const shown = Array.isArray(dim) ? `[${dim.join(",")}]` : shownValue(dim);
  throw new ArgumentError(`${op}: takes one dim, got ${shown}`, { op });
}

/**
 * Number of elements that are not 0, over dims (all by default), as int64. Shapes: `[…, n, …]` → `[…, …]`.
 * @throws IndexError if a dim is out of range or named twice.
 */
export function countNonzero(input: Tensor, dim: Dims = null, ...surplus: []): Tensor {
  noMore("countNonzero", surplus);
  return made("countNonzero", () => ops.countNonzero(nodeOf("countNonzero", "input", input), dim));
}

type Extremum = {
  /** Largest (smallest) element of all. */
  (input: Tensor): Tensor;
  /** Elementwise. */
  (input: Tensor, other: Tensor): Tensor;
  /** Along a dim, with the place of the first one. */
  (input: Tensor, dim: number | OneDimOptions, options?: { readonly keepdim?: boolean }): ValuesIndices;
};

function extremum(
  op: "max" | "min",
  over: (x: Node) => Node,
  along: (x: Node, dim: number, keepdim: boolean) => { values: Node; indices: Node },
  elementwise: (a: TensorLike, b: TensorLike) => Tensor,
): Extremum {
  const compute = (input: Tensor, dim?: number | Tensor | OneDimOptions, options?: OneDimOptions, ...surplus: []) => {
    noMore(op, surplus);
    if (dim === undefined && options === undefined) return made(op, () => over(nodeOf(op, "input", input)));
    if (isTensor(dim)) {
      if (options !== undefined) noMore(op, [options]);
      return elementwise(input, dim);
    }
    const given = optionsWith<OneDimOptions>(op, "dim", dim, options, ["dim", "keepdim"], surplus);
    if (given.dim === undefined || given.dim === null) {
      throw new ArgumentError(`${op}: keepdim needs a dim; use a${op} to reduce all dims`, { op });
    }
    return pair(along(nodeOf(op, "input", input), given.dim, given.keepdim ?? false));
  };
  return compute as Extremum;
}

function pair({ values, indices }: { values: Node; indices: Node }): ValuesIndices {
  return named({ values: wrap(values), indices: wrap(indices) });
}

/**
 * `max(x)`: the largest element, whose equals share the gradient; `max(x, dim)`: along a dim, with the place of the
 * first one; `max(a, b)`: elementwise, as {@link maximum}.
 *
 * Shapes: any → `[]`; `[…, n, …]` with `dim` → values and indices (int32) `[…, …]`, with size 1 for n if `keepdim`; two
 * that broadcast → the common shape.
 * @throws NumericError if there are no elements.
 * @throws IndexError if `dim` is out of range.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws ArgumentError for `keepdim` without a dim, and if options are given twice.
 */
export const max = extremum("max", ops.maxOfAll, ops.maxAlong, maximum);
/**
 * `min(x)`: the smallest element, whose equals share the gradient; `min(x, dim)`: along a dim, with the place of the
 * first one; `min(a, b)`: elementwise, as {@link minimum}.
 *
 * Shapes: any → `[]`; `[…, n, …]` with `dim` → values and indices (int32) `[…, …]`, with size 1 for n if `keepdim`; two
 * that broadcast → the common shape.
 * @throws NumericError if there are no elements.
 * @throws IndexError if `dim` is out of range.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws ArgumentError for `keepdim` without a dim, and if options are given twice.
 */
export const min = extremum("min", ops.minOfAll, ops.minAlong, minimum);

export interface VarianceOptions extends KeepOptions {
  /** Divides by n - correction; default 1. */
  readonly correction?: number;
  /** PyTorch's older word: true is correction 1, false 0. Not beside `correction`. */
  readonly unbiased?: boolean;
}

const varianceOptions = ["dim", "keepdim", "correction", "unbiased"] as const;

/** `unbiased` as a correction. */
function corrected(op: string, { unbiased, ...given }: VarianceOptions): VarianceOptions {
  if (unbiased === undefined) return given;
  checkFlag(op, "unbiased", unbiased);
  if (given.correction !== undefined) throw new ArgumentError(`${op}: takes correction or unbiased, not both`, { op });
  return { ...given, correction: unbiased ? 1 : 0 };
}

function spread(op: string, compute: (x: Node, dim: Dims, options: VarianceOptions) => Node): Reduce<VarianceOptions> {
  return (input, dim, options, ...surplus) => {
    const given = corrected(op, optionsWith<VarianceOptions>(op, "dim", dim, options, varianceOptions, surplus));
    return made(op, () => compute(spreadInput(op, input, given), given.dim ?? null, given));
  };
}

function spreadInput(op: string, input: Tensor, { correction }: VarianceOptions): Node {
  if (correction !== undefined) checkNumber(op, "correction", correction);
  return floatNode(op, "input", input);
}

/**
 * Σ (x - mean)² / (n - correction) over dims (all by default). Named so since `var` is a word of the language.
 *
 * Shapes: `[…, n, …]` → `[…, …]`, with size 1 for n if `keepdim`.
 * @throws DTypeError if the input is no float tensor.
 * @throws IndexError if a dim is out of range or named twice.
 * @throws ArgumentError if options are given twice.
 */
export const variance = spread("var", ops.variance);
/**
 * √(Σ (x - mean)² / (n - correction)) over dims (all by default).
 *
 * Shapes: `[…, n, …]` → `[…, …]`, with size 1 for n if `keepdim`.
 * @throws DTypeError if the input is no float tensor.
 * @throws IndexError if a dim is out of range or named twice.
 * @throws ArgumentError if options are given twice.
 */
export const std = spread("std", ops.std);

function withMean<K extends "variance" | "std">(
  op: string,
  compute: (x: Node, dim: Dims, options: VarianceOptions) => { mean: Node } & Record<K, Node>,
  key: K,
) {
  return (
    input: Tensor,
    dim?: Dims | VarianceOptions,
    options?: Omit<VarianceOptions, "dim">,
    ...surplus: []
  ): [Tensor, Tensor] => {
    const given = corrected(op, optionsWith<VarianceOptions>(op, "dim", dim, options, varianceOptions, surplus));
    return composed(op, () => {
      const result = compute(spreadInput(op, input, given), given.dim ?? null, given);
      return [wrap(result[key]), wrap(result.mean)];
    });
  };
}

/**
 * Variance and mean over dims (all by default). Shapes: `[…, n, …]` → two of `[…, …]`, with size 1 for n if `keepdim`.
 * @throws DTypeError if the input is no float tensor.
 * @throws IndexError if a dim is out of range or named twice.
 * @throws ArgumentError if options are given twice.
 */
export const varMean = withMean("varMean", ops.varMean, "variance");
/**
 * Standard deviation and mean over dims (all by default).
 *
 * Shapes: `[…, n, …]` → two of `[…, …]`, with size 1 for n if `keepdim`.
 * @throws DTypeError if the input is no float tensor.
 * @throws IndexError if a dim is out of range or named twice.
 * @throws ArgumentError if options are given twice.
 */
export const stdMean = withMean("stdMean", ops.stdMean, "std");

interface NormOptions extends KeepOptions {
  /** Order: 2 (default), 1, 0, Infinity, -Infinity or any other number; "fro" is 2; "nuc", of matrices, the sum of singular values. */
  readonly p?: number | "fro" | "nuc";
}

/** Of matrices only: over two dims, or all of an input that has two. */
function nuclear(input: Tensor, { dim, keepdim = false }: NormOptions): Tensor {
  const dims = dim ?? input.shape.map((_, d) => d);
  if (typeof dims === "number" || dims.length !== 2) {
    throw new ArgumentError(
      `norm: p "nuc" needs two dims, got ${JSON.stringify(dims)} (input ${formatShape(input.shape)})`,
      { op: "norm" },
    );
  }
  return composed("norm", () => matrixNorm(input, "nuc", { dim: [dims[0] as number, dims[1] as number], keepdim }));
}

/**
 * (Σ |x|^p)^(1/p) over `dim` (all dims by default); `p` is an option.
 *
 * Shapes: `[…, n, …]` → `[…, …]`, with size 1 for n if `keepdim`.
 * @throws DTypeError if the input is no float tensor.
 * @throws IndexError if a dim is out of range or named twice.
 * @throws ArgumentError if `p` is another name, `"nuc"` is not over two dims, or options are given twice.
 */
export function norm(
  input: Tensor,
  dim?: Dims | NormOptions,
  options?: Omit<NormOptions, "dim">,
  ...surplus: []
): Tensor {
  const given = optionsWith<NormOptions>("norm", "dim", dim, options, ["p", "dim", "keepdim"], surplus);
  if (given.p === "nuc") return nuclear(input, given);
  const order = given.p === undefined || given.p === "fro" ? 2 : given.p;
  if (typeof order !== "number") {
    throw new ArgumentError(`norm: p must be a number, "fro" or "nuc", got ${JSON.stringify(order)}`, { op: "norm" });
  }
  return made("norm", () =>
    ops.norm(floatNode("norm", "input", input), order, given.dim ?? null, given.keepdim ?? false),
  );
}

export interface DTypeOptions {
  /** Dtype of the result; converts the input first. */
  readonly dtype?: DType;
}

function scan(op: string, compute: (x: Node, dim: number) => Node) {
  return (input: Tensor, dim: number, options: DTypeOptions = {}, ...surplus: []): Tensor => {
    noMore(op, surplus);
    checkOptions(op, options, ["dtype"]);
    const x = nodeOf(op, "input", input);
    const d = normalizeDim(op, dim, x.shape.length);
    return made(op, () => compute(options.dtype === undefined ? x : ops.cast(x, checkDType(op, options.dtype)), d));
  };
}

/**
 * Sums of all elements up to each along `dim`. Integers and bool give int64; `dtype` converts the input first.
 *
 * Shapes: any → the same.
 * @throws IndexError if `dim` is out of range.
 */
export const cumsum = scan("cumsum", ops.cumsum);
/**
 * Products of all elements up to each along `dim`. Integers and bool give int64; `dtype` converts the input first.
 *
 * Shapes: any → the same.
 * @throws IndexError if `dim` is out of range.
 */
export const cumprod = scan("cumprod", ops.cumprod);

/**
 * x / max(‖x‖, eps) along `dim` (default 1), with the `p`-norm (default 2). Shapes: any → the same.
 * @throws DTypeError if the input is no float tensor.
 * @throws IndexError if `dim` is out of range.
 */
export function normalize(
  input: Tensor,
  options: { readonly p?: number; readonly dim?: number; readonly eps?: number } = {},
  ...surplus: []
): Tensor {
  noMore("normalize", surplus);
  checkOptions("normalize", options, ["p", "dim", "eps"]);
  return made("normalize", () =>
    ops.normalize(floatNode("normalize", "input", input), options.p, options.dim, options.eps),
  );
}

// Tensor methods: the functions that PyTorch has as methods too, with the tensor as first argument.
import { ArgumentError } from "../base/index.js";
import type { TensorLike } from "./args.js";
import * as autograd from "./autograd.js";
import * as activation from "./functions/activation.js";
import * as arithmetic from "./functions/arithmetic.js";
import * as arrange from "./functions/arrange.js";
import * as comparison from "./functions/comparison.js";
import * as construct from "./functions/construct.js";
import * as conversion from "./functions/conversion.js";
import * as decompositions from "./functions/decompositions.js";
import * as draws from "./functions/draws.js";
import * as dropouts from "./functions/dropout.js";
import * as gather from "./functions/gather.js";
import * as forms from "./functions/in-place-forms.js";
import * as linalg from "./functions/linalg.js";
import * as linear from "./functions/linear-algebra.js";
import * as systems from "./functions/linear-systems.js";
import * as newForms from "./functions/new-forms.js";
import * as ordering from "./functions/ordering.js";
import * as pairs from "./functions/pairs.js";
import * as placing from "./functions/placing.js";
import * as pointwise from "./functions/pointwise.js";
import * as products from "./functions/products.js";
import * as random from "./functions/random-forms.js";
import * as rearrange from "./functions/rearrange.js";
import * as reduction from "./functions/reduction.js";
import { type SortedUniqueOptions, type UniqueOptions, unique, uniqueConsecutive } from "./functions/sets.js";
import * as shape from "./functions/shape.js";
import * as special from "./functions/special.js";
import * as statistics from "./functions/statistics.js";
import * as indexing from "./indexing.js";
import * as read from "./read.js";
import { isSyncHeld } from "./sync.js";
import { Tensor } from "./tensor.js";

/**
 * The functions of a file that become methods. The result's type points at the file, so that editors show a method with the
 * text of its function.
 */
function pick<M, K extends keyof M>(file: M, names: readonly K[]): Pick<M, K> {
  return Object.fromEntries(names.map((name) => [name, file[name]])) as Pick<M, K>;
}

const fromActivation = pick(activation, ["clamp", "clip", "hardshrink", "logSoftmax", "prelu", "relu", "softmax"]);
const fromPointwise = pick(pointwise, [
  "abs",
  "absolute",
  "acos",
  "acosh",
  "arccos",
  "arccosh",
  "arcsin",
  "arcsinh",
  "arctan",
  "arctanh",
  "asin",
  "asinh",
  "atan",
  "atanh",
  "ceil",
  "cos",
  "cosh",
  "deg2rad",
  "digamma",
  "erf",
  "erfc",
  "erfinv",
  "exp",
  "exp2",
  "expm1",
  "fix",
  "floor",
  "frac",
  "lgamma",
  "log",
  "log10",
  "log1p",
  "log2",
  "logit",
  "nanToNum",
  "neg",
  "negative",
  "positive",
  "rad2deg",
  "reciprocal",
  "round",
  "rsqrt",
  "sgn",
  "sigmoid",
  "sign",
  "signbit",
  "sin",
  "sinc",
  "sinh",
  "sqrt",
  "square",
  "tan",
  "tanh",
  "trunc",
]);
const fromArithmetic = pick(arithmetic, [
  "add",
  "addcdiv",
  "addcmul",
  "arctan2",
  "atan2",
  "div",
  "divide",
  "floorDivide",
  "fmod",
  "lerp",
  "maskedFill",
  "maximum",
  "minimum",
  "mul",
  "multiply",
  "pow",
  "remainder",
  "sub",
  "subtract",
  "trueDivide",
]);
const fromComparison = pick(comparison, [
  "allclose",
  "bitwiseAnd",
  "bitwiseNot",
  "bitwiseOr",
  "bitwiseXor",
  "eq",
  "equal",
  "ge",
  "greater",
  "greaterEqual",
  "gt",
  "isclose",
  "isfinite",
  "isFloatingPoint",
  "isinf",
  "isnan",
  "isneginf",
  "isposinf",
  "le",
  "less",
  "lessEqual",
  "logicalAnd",
  "logicalNot",
  "logicalOr",
  "logicalXor",
  "lt",
  "ne",
  "notEqual",
]);
const fromReduction = pick(reduction, [
  "all",
  "amax",
  "amin",
  "any",
  "argmax",
  "argmin",
  "countNonzero",
  "cumprod",
  "cumsum",
  "logsumexp",
  "mean",
  "norm",
  "prod",
  "std",
  "sum",
]);
const fromShape = pick(shape, [
  "broadcastTo",
  "chunk",
  "clone",
  "contiguous",
  "diagonal",
  "expand",
  "expandAs",
  "flatten",
  "moveaxis",
  "movedim",
  "narrow",
  "permute",
  "ravel",
  "reshape",
  "reshapeAs",
  "select",
  "split",
  "squeeze",
  "swapaxes",
  "swapdims",
  "t",
  "transpose",
  "unbind",
  "unflatten",
  "unsqueeze",
  "view",
  "viewAs",
]);
const fromArrange = pick(arrange, ["diag", "flip", "repeat", "repeatInterleave", "roll", "tile", "tril", "triu"]);
const fromGather = pick(gather, [
  "argsort",
  "gather",
  "indexSelect",
  "kthvalue",
  "scatter",
  "scatterAdd",
  "sort",
  "takeAlongDim",
  "topk",
]);
const fromLinear = pick(linear, ["addmm", "bmm", "dot", "matmul", "mm", "mv", "outer"]);
const fromConversion = pick(conversion, [
  "bfloat16",
  "bool",
  "byte",
  "char",
  "cpu",
  "detach",
  "dim",
  "double",
  "elementSize",
  "float",
  "half",
  "int",
  "long",
  "detach_",
  "numel",
  "registerHook",
  "registerPostAccumulateGradHook",
  "requiresGrad_",
  "retainGrad",
  "short",
  "storageOffset",
  "to",
  "typeAs",
]);
const fromPairs = pick(pairs, [
  "bitwiseLeftShift",
  "bitwiseRightShift",
  "clampMax",
  "clampMin",
  "copysign",
  "floatPower",
  "fmax",
  "fmin",
  "gcd",
  "heaviside",
  "hypot",
  "lcm",
  "logaddexp",
  "logaddexp2",
  "xlogy",
]);
const fromOrdering = pick(ordering, [
  "aminmax",
  "cummax",
  "cummin",
  "logcumsumexp",
  "mode",
  "msort",
  "nanquantile",
  "quantile",
]);
const fromPlacing = pick(placing, [
  "argwhere",
  "diagonalScatter",
  "indexAdd",
  "indexCopy",
  "indexFill",
  "indexPut",
  "maskedScatter",
  "put",
  "scatterReduce",
  "selectScatter",
  "sliceScatter",
  "take",
]);
const fromProducts = pick(products, ["addbmm", "addmv", "addr", "baddbmm", "cross", "inner", "kron", "trace"]);
const fromRearrange = pick(rearrange, ["dsplit", "fliplr", "flipud", "hsplit", "rot90", "tensorSplit", "vsplit"]);
const fromStatistics = pick(statistics, [
  "bincount",
  "corrcoef",
  "cov",
  "diff",
  "dist",
  "histc",
  "histogram",
  "nanmean",
  "nansum",
  "renorm",
]);
const fromConstruct = pick(construct, ["diagEmbed", "diagflat"]);
const fromLinalg = pick(linalg, ["det", "inverse", "logdet", "matrixExp", "matrixPower", "slogdet"]);
const fromRead = pick(read, ["data", "item", "toArray", "toTypedArray"]);
const fromDraws = pick(draws, ["cauchy_", "exponential_", "geometric_", "logNormal_", "multinomial"]);
const fromIndexing = pick(indexing, ["at", "maskedSelect", "nonzero", "setAt"]);
const fromAutograd = pick(autograd, ["backward"]);
const fromSystems = pick(systems, ["choleskyInverse", "choleskySolve"]);
const fromSpecial = pick(special, ["ldexp", "mvlgamma"]);
const fromDropout = pick(dropouts, ["bernoulli"]);
const fromDecompositions = pick(decompositions, ["pinverse"]);

/** This tensor where the condition holds, else `other`. */
function whereMethod(input: Tensor, condition: Tensor, other: TensorLike, ...surplus: []): Tensor {
  return arithmetic.where(condition, input, other, ...surplus);
}

/** The n-th derivative of digamma at this tensor. */
function polygammaMethod(input: Tensor, n: number, ...surplus: []): Tensor {
  return pointwise.polygamma(n, input, ...surplus);
}

/** Methods whose functions have other names or another order of arguments. */
const renamed = {
  /**
   * Σ (x - mean)² / (n - correction) over dims (all by default).
   *
   * Shapes: `[…, n, …]` → `[…, …]`, with size 1 for n if `keepdim`.
   * @throws DTypeError if the tensor is no float tensor.
   * @throws IndexError if a dim is out of range or named twice.
   * @throws ArgumentError if options are given twice.
   */
  var: reduction.variance,
  /** True if the elements lie in row-major order without gaps. Shapes: any → a boolean. */
  isContiguous: conversion.isContiguousTensor,
  /**
   * All windows of `size` elements, `step` apart, along `dim`: a last dim more. A copy, where PyTorch gives a view.
   *
   * Shapes: `[…, n, …]` → `[…, ⌊(n - size) / step⌋ + 1, …, size]`.
   * @throws ArgumentError if windows do not fit, or `step` is no positive integer.
   * @throws IndexError if `dim` is out of range.
   */
  unfold: rearrange.unfoldDim,
  /**
   * This tensor where the condition holds, else `other`; their dtypes are promoted.
   *
   * Shapes: any that broadcast → the common shape.
   * @throws ShapeError if the shapes do not broadcast.
   * @throws DTypeError if the condition is no bool tensor.
   */
  where: whereMethod,
  /**
   * The n-th derivative of digamma at this tensor: `x.polygamma(1)`. For n >= 2 x below -10 give NaN. Integers and bool give
   * float32. Shapes: any → the same.
   * @throws ArgumentError if `n` is negative or no integer.
   */
  polygamma: polygammaMethod,
};

/** Functions with several call signatures: their method types are written out below. */
const overloaded = {
  max: reduction.max,
  min: reduction.min,
  size: conversion.size,
  stride: conversion.stride,
  median: ordering.median,
  nanmedian: ordering.nanmedian,
  unique,
  uniqueConsecutive,
};

type Method<F> = F extends (self: never, ...args: infer A extends readonly unknown[]) => infer R
  ? (...args: A) => R
  : never;
type Methods<T> = { [K in keyof T]: Method<T[K]> };

declare module "./tensor.js" {
  interface Tensor
    extends Methods<typeof fromActivation>,
      Methods<typeof fromPointwise>,
      Methods<typeof fromArithmetic>,
      Methods<typeof fromComparison>,
      Methods<typeof fromReduction>,
      Methods<typeof fromShape>,
      Methods<typeof fromArrange>,
      Methods<typeof fromGather>,
      Methods<typeof fromLinear>,
      Methods<typeof fromConversion>,
      Methods<typeof fromPairs>,
      Methods<typeof fromOrdering>,
      Methods<typeof fromPlacing>,
      Methods<typeof fromProducts>,
      Methods<typeof fromRearrange>,
      Methods<typeof fromStatistics>,
      Methods<typeof fromConstruct>,
      Methods<typeof fromLinalg>,
      Methods<typeof fromRead>,
      Methods<typeof fromDraws>,
      Methods<typeof fromIndexing>,
      Methods<typeof fromAutograd>,
      Methods<typeof fromDropout>,
      Methods<typeof fromSpecial>,
      Methods<typeof fromSystems>,
      Methods<typeof fromDecompositions>,
      Methods<typeof newForms>,
      Methods<typeof renamed>,
      Methods<typeof forms>,
      Methods<typeof random> {
    /**
     * The largest element, elementwise with another tensor, or along a dim with the places.
     *
     * Shapes: any → `[]`; `[…, n, …]` with a dim → values and indices `[…, …]`, with size 1 for n if `keepdim`; two that
     * broadcast → the common shape.
     * @throws NumericError if there are no elements.
     * @throws IndexError if `dim` is out of range.
     * @throws ShapeError if the shapes do not broadcast.
     * @throws ArgumentError for `keepdim` without a dim, and if options are given twice.
     */
    max(): Tensor;
    max(other: Tensor): Tensor;
    max(dim: number, options?: { readonly keepdim?: boolean }): reduction.ValuesIndices;
    max(options: { readonly dim: number; readonly keepdim?: boolean }): reduction.ValuesIndices;
    /**
     * The smallest element, elementwise with another tensor, or along a dim with the places.
     *
     * Shapes: any → `[]`; `[…, n, …]` with a dim → values and indices `[…, …]`, with size 1 for n if `keepdim`; two that
     * broadcast → the common shape.
     * @throws NumericError if there are no elements.
     * @throws IndexError if `dim` is out of range.
     * @throws ShapeError if the shapes do not broadcast.
     * @throws ArgumentError for `keepdim` without a dim, and if options are given twice.
     */
    min(): Tensor;
    min(other: Tensor): Tensor;
    min(dim: number, options?: { readonly keepdim?: boolean }): reduction.ValuesIndices;
    min(options: { readonly dim: number; readonly keepdim?: boolean }): reduction.ValuesIndices;
    /**
     * The lower of the middle elements, of all or along a dim with the places.
     *
     * Shapes: any → `[]`; `[…, n, …]` with a dim → values and indices `[…, …]`, with size 1 for n if `keepdim`.
     * @throws ArgumentError if there is no element to take, for `keepdim` without a dim, and if options are given twice.
     * @throws IndexError if `dim` is out of range.
     */
    median(): Tensor;
    median(
      dim: number | { readonly dim: number; readonly keepdim?: boolean },
      options?: { readonly keepdim?: boolean },
    ): reduction.ValuesIndices;
    /**
     * As `median`, of the elements that are not NaN.
     *
     * Shapes: any → `[]`; `[…, n, …]` with a dim → values and indices `[…, …]`, with size 1 for n if `keepdim`.
     * @throws ArgumentError if there is no element to take, for `keepdim` without a dim, and if options are given twice.
     * @throws IndexError if `dim` is out of range.
     */
    nanmedian(): Tensor;
    nanmedian(
      dim: number | { readonly dim: number; readonly keepdim?: boolean },
      options?: { readonly keepdim?: boolean },
    ): reduction.ValuesIndices;
    /**
     * The distinct elements in order; with `returnInverse` or `returnCounts` in an array with these. A read.
     *
     * Shapes: any → `[k]`, or `[…, k, …]` with `dim`; inverse as the input (`[n]` with `dim`), counts `[k]`.
     * @throws IndexError if `dim` is out of range.
     * @throws ArgumentError inside of `compile` or `vmap`.
     */
    unique(
      options: SortedUniqueOptions & ({ readonly returnInverse: true } | { readonly returnCounts: true }),
    ): Tensor[];
    unique(options?: SortedUniqueOptions): Tensor;
    /**
     * As `unique`, of neighbours only.
     *
     * Shapes: any → `[k]`, or `[…, k, …]` with `dim`; inverse as the input (`[n]` with `dim`), counts `[k]`.
     * @throws IndexError if `dim` is out of range.
     * @throws ArgumentError inside of `compile` or `vmap`.
     */
    uniqueConsecutive(
      options: UniqueOptions & ({ readonly returnInverse: true } | { readonly returnCounts: true }),
    ): Tensor[];
    uniqueConsecutive(options?: UniqueOptions): Tensor;
    /**
     * Sizes of all dims, or of one.
     * @throws IndexError if `dim` is out of range.
     */
    size(): number[];
    size(dim: number): number;
    /**
     * Steps in memory between neighbours, of all dims or of one.
     * @throws IndexError if `dim` is out of range.
     */
    stride(): number[];
    stride(dim: number): number;
    /** All dims in reverse order. */
    readonly T: Tensor;
    /** The last two dims swapped. */
    readonly mT: Tensor;
    toString(): string;
    [Symbol.iterator](): IterableIterator<Tensor>;
  }
}

const groups: readonly object[] = [
  fromActivation,
  fromPointwise,
  fromArithmetic,
  fromComparison,
  fromReduction,
  fromShape,
  fromArrange,
  fromGather,
  fromLinear,
  fromConversion,
  fromPairs,
  fromOrdering,
  fromPlacing,
  fromProducts,
  fromRearrange,
  fromStatistics,
  fromConstruct,
  fromLinalg,
  fromRead,
  fromDraws,
  fromIndexing,
  fromAutograd,
  fromDropout,
  fromSpecial,
  fromSystems,
  fromDecompositions,
  newForms,
  renamed,
  overloaded,
  forms,
  random,
];

type AnyFunction = (...args: never[]) => unknown;

/** Adds the methods to the class. Idempotent. */
export function installMethods(): void {
  const prototype = Tensor.prototype as unknown as Record<string, unknown>;
  for (const [name, fn] of groups.flatMap((group) => Object.entries(group as Record<string, AnyFunction>))) {
    const call = fn as (...args: unknown[]) => unknown;
    define(prototype, name, function (this: Tensor, ...args: unknown[]) {
      return call(this, ...args);
    });
  }
  getter(prototype, "T", (x) =>
    shape.permute(
      x,
      x.shape.map((_, d) => x.shape.length - 1 - d),
    ),
  );
  getter(prototype, "mT", (x) => shape.transpose(x, -2, -1));
  define(prototype, "toString", function (this: Tensor) {
    return describe(this);
  });
  define(prototype, Symbol.iterator, function (this: Tensor) {
    return shape.unbind(this)[Symbol.iterator]();
  });
  define(prototype, Symbol.toPrimitive, function (this: Tensor, hint: string) {
    if (hint === "string") return describe(this);
    throw noOperators();
  });
  define(prototype, Symbol.for("nodejs.util.inspect.custom"), function (this: Tensor) {
    return describe(this);
  });
}

function define(prototype: object, name: PropertyKey, value: unknown): void {
  Object.defineProperty(prototype, name, { value, writable: true, configurable: true, enumerable: false });
}

function getter(prototype: object, name: string, get: (x: Tensor) => Tensor): void {
  Object.defineProperty(prototype, name, {
    get(this: Tensor) {
      return get(this);
    },
    configurable: true,
    enumerable: false,
  });
}

/** Values are unknown while a function is traced: what can be said is shown. */
function describe(x: Tensor): string {
  return isSyncHeld() ? `tensor(…, shape=[${x.shape.join(", ")}], dtype=${x.dtype})` : read.printed(x);
}

function noOperators(): ArgumentError {
  return new ArgumentError(
    "tensor: JavaScript operators do not work on tensors; write a.add(b), a.mul(b), a.lt(b), a.neg(), and x.item() for its number",
    { op: "toPrimitive" },
  );
}

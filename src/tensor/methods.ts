// Tensor methods: the functions that PyTorch has as methods too, with the tensor as first argument.
import { ArgumentError } from "../base/index.js";
import type { TensorLike } from "./args.js";
import { backward } from "./autograd.js";
import { clamp, logSoftmax, prelu, relu, softmax } from "./functions/activation.js";
import * as arithmetic from "./functions/arithmetic.js";
import * as arrange from "./functions/arrange.js";
import * as comparison from "./functions/comparison.js";
import * as construct from "./functions/construct.js";
import * as conversion from "./functions/conversion.js";
import { cauchy_, exponential_, geometric_, multinomial } from "./functions/draws.js";
import * as gather from "./functions/gather.js";
import * as forms from "./functions/in-place-forms.js";
import * as linalg from "./functions/linalg.js";
import * as linear from "./functions/linear-algebra.js";
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
import * as statistics from "./functions/statistics.js";
import { at, maskedSelect, nonzero, setAt } from "./indexing.js";
import * as read from "./read.js";
import { isSyncHeld } from "./sync.js";
import { Tensor } from "./tensor.js";

const { abs, absolute, atan, ceil, cos, cosh, erf, erfc, exp, exp2, expm1, floor, frac, log, log10, log1p, log2 } =
  pointwise;
const { neg, negative, reciprocal, round, rsqrt, sigmoid, sign, sin, sinh, sqrt, square, tan, tanh, trunc } = pointwise;
const { add, addcdiv, addcmul, div, floorDivide, fmod, lerp, maskedFill, maximum, minimum, mul, multiply } = arithmetic;
const { atan2, pow, remainder, sub, subtract, trueDivide } = arithmetic;
const { allclose, bitwiseAnd, bitwiseNot, bitwiseOr, bitwiseXor, eq, equal, ge, greater, greaterEqual, gt } =
  comparison;
const { isFloatingPoint, isclose, isfinite, isinf, isnan, isneginf, isposinf, le, less, lessEqual } = comparison;
const { logicalAnd, logicalNot, logicalOr, logicalXor, lt, ne, notEqual } = comparison;
const { all, amax, amin, any, argmax, argmin, countNonzero, cumprod, cumsum, logsumexp, mean, norm, prod, std, sum } =
  reduction;
const { broadcastTo, chunk, clone, contiguous, diagonal, expand, expandAs, flatten, moveaxis, movedim, narrow } = shape;
const { permute, ravel, reshape, reshapeAs, select, split, squeeze, swapaxes, swapdims, t, transpose, unbind } = shape;
const { unflatten, unsqueeze, view, viewAs } = shape;
const { diag, flip, repeat, repeatInterleave, roll, tile, tril, triu } = arrange;
const { argsort, indexSelect, kthvalue, scatter, scatterAdd, sort, takeAlongDim, topk } = gather;
const { addmm, bmm, dot, matmul, mm, mv, outer } = linear;
const { bool, byte, cpu, detach, dim, double, elementSize, float, int, long, numel, registerHook } = conversion;
const { requiresGrad_, retainGrad, storageOffset, to, typeAs } = conversion;
const { acos, acosh, arccos, arccosh, arcsin, arcsinh, arctan, arctanh, asin, asinh, atanh, deg2rad, digamma } =
  pointwise;
const { erfinv, fix, lgamma, logit, nanToNum, positive, rad2deg, sgn, signbit, sinc } = pointwise;
const { bitwiseLeftShift, bitwiseRightShift, clampMax, clampMin, copysign, floatPower, fmax, fmin, heaviside, hypot } =
  pairs;
const { logaddexp, logaddexp2, xlogy } = pairs;
const { aminmax, cummax, cummin, logcumsumexp, msort, nanquantile, quantile, mode } = ordering;
const { argwhere, diagonalScatter, indexAdd, indexCopy, indexFill, indexPut, maskedScatter, put, scatterReduce } =
  placing;
const { selectScatter, sliceScatter, take } = placing;
const { addbmm, addmv, addr, baddbmm, cross, inner, kron, trace } = products;
const { dsplit, fliplr, flipud, hsplit, rot90, tensorSplit, vsplit } = rearrange;
const { bincount, corrcoef, cov, diff, dist, histc, histogram, nanmean, nansum, renorm } = statistics;
const { diagEmbed, diagflat } = construct;
const { det, inverse, logdet, matrixPower, slogdet } = linalg;
const { data, item, toArray, toTypedArray } = read;

/** This tensor where the condition holds, else `other`. */
function whereMethod(input: Tensor, condition: Tensor, other: TensorLike, ...surplus: []): Tensor {
  return arithmetic.where(condition, input, other, ...surplus);
}

/** The n-th derivative of digamma at this tensor. */
function polygammaMethod(input: Tensor, n: number, ...surplus: []): Tensor {
  return pointwise.polygamma(n, input, ...surplus);
}

/** Functions whose types carry over as they are. */
const methods = {
  ...{ abs, absolute, atan, ceil, cos, cosh, erf, erfc, exp, exp2, expm1, floor, frac, log, log10, log1p, log2 },
  ...{ neg, negative, reciprocal, round, rsqrt, sigmoid, sign, sin, sinh, sqrt, square, tan, tanh, trunc },
  ...{ relu, softmax, logSoftmax, clamp, clip: clamp, prelu },
  ...{ add, addcdiv, addcmul, div, divide: div, floorDivide, fmod, lerp, maskedFill, maximum, minimum, mul, multiply },
  ...{ atan2, pow, remainder, sub, subtract, trueDivide, where: whereMethod },
  ...{ allclose, bitwiseAnd, bitwiseNot, bitwiseOr, bitwiseXor, eq, equal, ge, greater, greaterEqual, gt },
  ...{ isFloatingPoint, isclose, isfinite, isinf, isnan, isneginf, isposinf, le, less, lessEqual },
  ...{ logicalAnd, logicalNot, logicalOr, logicalXor, lt, ne, notEqual },
  ...{ all, amax, amin, any, argmax, argmin, countNonzero, cumprod, cumsum, logsumexp, mean, norm, prod, std, sum },
  var: reduction.variance,
  ...{ broadcastTo, chunk, clone, contiguous, diagonal, expand, expandAs, flatten, moveaxis, movedim, narrow },
  ...{ permute, ravel, reshape, reshapeAs, select, split, squeeze, swapaxes, swapdims, t, transpose, unbind },
  ...{ unflatten, unsqueeze, view, viewAs },
  ...{ diag, flip, repeat, repeatInterleave, roll, tile, tril, triu },
  ...{ argsort, gather: gather.gather, indexSelect, kthvalue, scatter, scatterAdd, sort, takeAlongDim, topk },
  ...{ addmm, bmm, dot, matmul, mm, mv, outer },
  ...{ bool, byte, cpu, detach, dim, double, elementSize, float, int, long, numel, registerHook },
  ...{ requiresGrad_, retainGrad, storageOffset, to, typeAs, isContiguous: conversion.isContiguousTensor },
  ...{ acos, acosh, arccos, arccosh, arcsin, arcsinh, arctan, arctanh, asin, asinh, atanh, deg2rad, digamma },
  ...{ erfinv, fix, lgamma, logit, nanToNum, polygamma: polygammaMethod, positive, rad2deg, sgn, signbit, sinc },
  ...{
    arctan2: atan2,
    bitwiseLeftShift,
    bitwiseRightShift,
    clampMax,
    clampMin,
    copysign,
    floatPower,
    fmax,
    fmin,
    heaviside,
  },
  ...{ hypot, logaddexp, logaddexp2, xlogy },
  ...{ aminmax, cummax, cummin, logcumsumexp, mode, msort, nanquantile, quantile },
  ...{ argwhere, diagonalScatter, indexAdd, indexCopy, indexFill, indexPut, maskedScatter, put, scatterReduce },
  ...{ selectScatter, sliceScatter, take },
  ...{ addbmm, addmv, addr, baddbmm, cross, inner, kron, trace },
  ...{ dsplit, fliplr, flipud, hsplit, rot90, tensorSplit, vsplit, unfold: rearrange.unfoldDim },
  ...{ bincount, corrcoef, cov, diff, dist, histc, histogram, nanmean, nansum, renorm },
  ...{ det, inverse, logdet, matrixPower, slogdet },
  ...{ diagEmbed, diagflat, multinomial, cauchy_, exponential_, geometric_ },
  ...{ data, item, toArray, toTypedArray, backward, at, setAt, maskedSelect, nonzero },
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
  interface Tensor extends Methods<typeof methods>, Methods<typeof forms>, Methods<typeof random> {
    /** The largest element, elementwise with another tensor, or along a dim with the places. */
    max(): Tensor;
    max(other: Tensor): Tensor;
    max(dim: number, options?: { readonly keepdim?: boolean }): reduction.ValuesIndices;
    max(options: { readonly dim: number; readonly keepdim?: boolean }): reduction.ValuesIndices;
    /** The smallest element, elementwise with another tensor, or along a dim with the places. */
    min(): Tensor;
    min(other: Tensor): Tensor;
    min(dim: number, options?: { readonly keepdim?: boolean }): reduction.ValuesIndices;
    min(options: { readonly dim: number; readonly keepdim?: boolean }): reduction.ValuesIndices;
    /** The lower of the middle elements, of all or along a dim with the places. */
    median(): Tensor;
    median(
      dim: number | { readonly dim: number; readonly keepdim?: boolean },
      options?: { readonly keepdim?: boolean },
    ): reduction.ValuesIndices;
    /** As `median`, of the elements that are not NaN. */
    nanmedian(): Tensor;
    nanmedian(
      dim: number | { readonly dim: number; readonly keepdim?: boolean },
      options?: { readonly keepdim?: boolean },
    ): reduction.ValuesIndices;
    /** The distinct elements in order; with `returnInverse` or `returnCounts` in an array with these. */
    unique(
      options: SortedUniqueOptions & ({ readonly returnInverse: true } | { readonly returnCounts: true }),
    ): Tensor[];
    unique(options?: SortedUniqueOptions): Tensor;
    /** As `unique`, of neighbours only. */
    uniqueConsecutive(
      options: UniqueOptions & ({ readonly returnInverse: true } | { readonly returnCounts: true }),
    ): Tensor[];
    uniqueConsecutive(options?: UniqueOptions): Tensor;
    /** Sizes of all dims, or of one. */
    size(): number[];
    size(dim: number): number;
    /** Steps in memory between neighbours, of all dims or of one. */
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

type AnyFunction = (...args: never[]) => unknown;

/** Adds the methods to the class. Idempotent. */
export function installMethods(): void {
  const prototype = Tensor.prototype as unknown as Record<string, unknown>;
  for (const [name, fn] of Object.entries({ ...methods, ...overloaded, ...forms, ...random } as Record<
    string,
    AnyFunction
  >)) {
    const call = fn as (...args: unknown[]) => unknown;
    define(prototype, name, function (this: Tensor, ...args: unknown[]) {
      return call(this, ...args);
    });
  }
  getter(prototype, "T", (x) =>
    permute(
      x,
      x.shape.map((_, d) => x.shape.length - 1 - d),
    ),
  );
  getter(prototype, "mT", (x) => transpose(x, -2, -1));
  define(prototype, "toString", function (this: Tensor) {
    return describe(this);
  });
  define(prototype, Symbol.iterator, function (this: Tensor) {
    return unbind(this)[Symbol.iterator]();
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

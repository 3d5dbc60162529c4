// Functions of one value at a time: rounding, powers, exponentials, trigonometry.
import { checkNumber, checkOptions, checkWholeNumber, DTypeError, noMore } from "../../base/index.js";
import type { NanToNumOptions } from "../../ops/index.js";
import * as ops from "../../ops/index.js";
import { nodeOf } from "../args.js";
import { type Tensor, wrap } from "../tensor.js";
import { floatUnary, unary } from "./define.js";

/**
 * -x. Shapes: any → the same.
 * @throws DTypeError if the input is bool.
 */
export const neg = unary("neg", ops.neg);
/**
 * As {@link neg}: -x. Shapes: any → the same.
 * @throws DTypeError if the input is bool.
 */
export const negative = neg;
/**
 * x itself. Shapes: any → the same.
 * @throws DTypeError if the input is bool.
 */
export function positive(input: Tensor, ...surplus: []): Tensor {
  noMore("positive", surplus);
  if (nodeOf("positive", "input", input).dtype !== "bool") return input;
  throw new DTypeError('positive: bool tensors have no sign; convert with .to("int32")', { op: "positive" });
}
/**
 * |x|; the gradient at 0 is 0. Shapes: any → the same.
 * @throws DTypeError if the input is bool.
 */
export const abs = unary("abs", ops.abs);
/**
 * As {@link abs}: |x|. Shapes: any → the same.
 * @throws DTypeError if the input is bool.
 */
export const absolute = abs;
/** -1, 0 or 1, in x's dtype; the gradient is 0. Shapes: any → the same. */
export const sign = unary("sign", ops.sign);
/** As {@link sign}: -1, 0 or 1. Shapes: any → the same. */
export const sgn = sign;
/** True for negative values. Computations need not keep the sign of a zero. Shapes: any → the same. */
export const signbit = unary("signbit", ops.signbit);
/** The largest integer <= x, in x's dtype. Shapes: any → the same. */
export const floor = unary("floor", ops.floor);
/** The smallest integer >= x, in x's dtype. Shapes: any → the same. */
export const ceil = unary("ceil", ops.ceil);
/** x without its fraction: rounded towards zero, in x's dtype. Shapes: any → the same. */
export const trunc = unary("trunc", ops.trunc);
/** As {@link trunc}: rounded towards zero. Shapes: any → the same. */
export const fix = trunc;
/**
 * x - trunc(x), with the sign of x. Shapes: any → the same.
 * @throws DTypeError if the input is no float tensor.
 */
export const frac = floatUnary("frac", (x) => ops.sub(x, ops.trunc(x)));
/** e^x. Integers and bool give float32. Shapes: any → the same. */
export const exp = unary("exp", ops.exp);
/** 2^x. Integers and bool give float32. Shapes: any → the same. */
export const exp2 = unary("exp2", (x) => {
  const f = ops.toFloat(x);
  return ops.pow(ops.constantLike(f, 2), f);
});
/** exp(x) - 1, exact near 0. Integers and bool give float32. Shapes: any → the same. */
export const expm1 = unary("expm1", ops.expm1);
/** Natural logarithm; -Infinity at 0, NaN below. Integers and bool give float32. Shapes: any → the same. */
export const log = unary("log", ops.log);
/** The logarithm to base 2; -Infinity at 0, NaN below. Integers and bool give float32. Shapes: any → the same. */
export const log2 = unary("log2", (x) => scaled(ops.log(x), 1 / Math.LN2));
/** The logarithm to base 10; -Infinity at 0, NaN below. Integers and bool give float32. Shapes: any → the same. */
export const log10 = unary("log10", (x) => scaled(ops.log(x), 1 / Math.LN10));
/** log(1 + x), exact near 0. Integers and bool give float32. Shapes: any → the same. */
export const log1p = unary("log1p", ops.log1p);
/** √x; NaN below 0. Integers and bool give float32. Shapes: any → the same. */
export const sqrt = unary("sqrt", ops.sqrt);
/** 1 / √x. Integers and bool give float32. Shapes: any → the same. */
export const rsqrt = unary("rsqrt", ops.rsqrt);
/** x²; bool gives int64. Shapes: any → the same. */
export const square = unary("square", (x) => {
  const number = x.dtype === "bool" ? ops.cast(x, "int64") : x;
  return ops.mul(number, number);
});
/** 1 / x. Integers and bool give float32. Shapes: any → the same. */
export const reciprocal = unary("reciprocal", ops.reciprocal);
/** The sine of x in radians. Integers and bool give float32. Shapes: any → the same. */
export const sin = unary("sin", ops.sin);
/** The cosine of x in radians. Integers and bool give float32. Shapes: any → the same. */
export const cos = unary("cos", ops.cos);
/** The tangent of x in radians. Integers and bool give float32. Shapes: any → the same. */
export const tan = unary("tan", ops.tan);
/** The angle in (-π/2, π/2) with this tangent. Integers and bool give float32. Shapes: any → the same. */
export const atan = unary("atan", ops.atan);
/** The hyperbolic tangent: (e^x - e^-x) / (e^x + e^-x). Integers and bool give float32. Shapes: any → the same. */
export const tanh = unary("tanh", ops.tanh);
/** As {@link atan}: the angle with this tangent. Shapes: any → the same. */
export const arctan = atan;
/**
 * The angle in [-π/2, π/2] with this sine; NaN outside [-1, 1]. Integers and bool give float32.
 *
 * Shapes: any → the same.
 */
export const asin = unary("asin", ops.asin);
/** As {@link asin}: the angle with this sine. Shapes: any → the same. */
export const arcsin = asin;
/**
 * The angle in [0, π] with this cosine; NaN outside [-1, 1]. Integers and bool give float32.
 *
 * Shapes: any → the same.
 */
export const acos = unary("acos", ops.acos);
/** As {@link acos}: the angle with this cosine. Shapes: any → the same. */
export const arccos = acos;
/** (exp(x) - exp(-x)) / 2. Integers and bool give float32. Shapes: any → the same. */
export const sinh = unary("sinh", ops.sinh);
/** (exp(x) + exp(-x)) / 2. Integers and bool give float32. Shapes: any → the same. */
export const cosh = unary("cosh", ops.cosh);
/** log(x + √(x² + 1)): the inverse of sinh. Integers and bool give float32. Shapes: any → the same. */
export const asinh = unary("asinh", ops.asinh);
/** As {@link asinh}: the inverse of sinh. Shapes: any → the same. */
export const arcsinh = asinh;
/** log(x + √(x² - 1)): the inverse of cosh; NaN below 1. Integers and bool give float32. Shapes: any → the same. */
export const acosh = unary("acosh", ops.acosh);
/** As {@link acosh}: the inverse of cosh. Shapes: any → the same. */
export const arccosh = acosh;
/**
 * log((1 + x) / (1 - x)) / 2: the inverse of tanh; NaN outside [-1, 1]. Integers and bool give float32.
 *
 * Shapes: any → the same.
 */
export const atanh = unary("atanh", ops.atanh);
/** As {@link atanh}: the inverse of tanh. Shapes: any → the same. */
export const arctanh = atanh;
/** sin(πx) / (πx); 1 at 0. Integers and bool give float32. Shapes: any → the same. */
export const sinc = unary("sinc", ops.sinc);
/** Degrees as radians: x π / 180. Integers and bool give float32. Shapes: any → the same. */
export const deg2rad = unary("deg2rad", (x) => scaled(ops.toFloat(x), Math.PI / 180));
/** Radians as degrees: x 180 / π. Integers and bool give float32. Shapes: any → the same. */
export const rad2deg = unary("rad2deg", (x) => scaled(ops.toFloat(x), 180 / Math.PI));
/** 2/√π ∫₀ˣ exp(-t²) dt. Integers and bool give float32. Shapes: any → the same. */
export const erf = unary("erf", ops.erf);
/** 1 - erf(x). Integers and bool give float32. Shapes: any → the same. */
export const erfc = unary("erfc", (x) => ops.sub(ops.constantLike(ops.toFloat(x), 1), ops.erf(x)));
/** 1 / (1 + exp(-x)). Integers and bool give float32. Shapes: any → the same. */
export const sigmoid = unary("sigmoid", ops.sigmoid);

function scaled(x: ReturnType<typeof ops.log>, factor: number) {
  return ops.mul(x, ops.constantLike(x, factor));
}

/** log |Γ(x)|; Infinity at 0, -1, -2 … Integers and bool give float32. Shapes: any → the same. */
export const lgamma = unary("lgamma", ops.lgamma);
/** The derivative of log Γ; NaN at -1, -2 … Integers and bool give float32. Shapes: any → the same. */
export const digamma = unary("digamma", ops.digamma);
/** The x with erf(x) = y; ±Infinity at ±1, NaN beyond. Integers and bool give float32. Shapes: any → the same. */
export const erfinv = unary("erfinv", ops.erfinv);

/**
 * The n-th derivative of digamma: `polygamma(1, x)`. For n >= 2 x below -10 give NaN. Integers and bool give float32.
 *
 * Shapes: any → the same.
 * @throws ArgumentError if `n` is negative or no integer.
 */
export function polygamma(n: number, input: Tensor, ...surplus: []): Tensor {
  noMore("polygamma", surplus);
  return wrap(ops.polygamma(n, nodeOf("polygamma", "input", input)));
}

/**
 * log(x / (1 - x)), of x limited to [eps, 1 - eps] if `eps` is given. Integers and bool give float32.
 *
 * Shapes: any → the same.
 */
export function logit(input: Tensor, eps?: number | null, ...surplus: []): Tensor {
  noMore("logit", surplus);
  if (eps !== undefined && eps !== null) checkNumber("logit", "eps", eps);
  return wrap(ops.logit(nodeOf("logit", "input", input), eps ?? null));
}

/**
 * NaN and infinities replaced: NaN by `nan` (0), infinities by `posinf` and `neginf` (default, or null: the largest
 * finite numbers).
 *
 * Shapes: any → the same.
 */
export function nanToNum(input: Tensor, options: NanToNumOptions = {}, ...surplus: []): Tensor {
  noMore("nanToNum", surplus);
  checkOptions("nanToNum", options, ["nan", "posinf", "neginf"]);
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined && value !== null && !Number.isNaN(value)) checkNumber("nanToNum", name, value);
  }
  return wrap(ops.nanToNum(nodeOf("nanToNum", "input", input), options));
}

/**
 * To the nearest integer, ties to even; `decimals` digits after the point are kept (of the one before it, if negative).
 * Integers stay as they are.
 *
 * Shapes: any → the same.
 * @throws ArgumentError if `decimals` is no integer.
 * @throws DTypeError for other `decimals` than 0, if the input is no float tensor.
 */
export function round(input: Tensor, options: { readonly decimals?: number } = {}, ...surplus: []): Tensor {
  noMore("round", surplus);
  checkOptions("round", options, ["decimals"]);
  const x = nodeOf("round", "input", input);
  const { decimals = 0 } = options;
  checkWholeNumber("round", "decimals", decimals);
  if (decimals === 0) return wrap(ops.round(x));
  ops.checkFloat("round", "an input with decimals", x);
  const scale = ops.constantLike(x, 10 ** decimals);
  return wrap(ops.div(ops.round(ops.mul(x, scale)), scale));
}

// Functions of one value at a time: rounding, powers, exponentials, trigonometry.
import { checkNumber, checkOptions, checkWholeNumber, DTypeError } from "../../base/index.js";
import type { NanToNumOptions } from "../../ops/index.js";
import * as ops from "../../ops/index.js";
import { nodeOf, noMore } from "../args.js";
import { type Tensor, wrap } from "../tensor.js";
import { floatUnary, unary } from "./define.js";

/** -x. */
export const neg = unary("neg", ops.neg);
/** As `neg`: -x. */
export const negative = neg;
/** x itself; a bool tensor is refused, as PyTorch does. */
export function positive(input: Tensor, ...surplus: []): Tensor {
  noMore("positive", surplus);
  if (nodeOf("positive", "input", input).dtype !== "bool") return input;
  throw new DTypeError('positive: bool tensors have no sign; convert with .to("int32")', { op: "positive" });
}
/** |x|; the gradient at 0 is 0. */
export const abs = unary("abs", ops.abs);
/** As `abs`: |x|. */
export const absolute = abs;
/** -1, 0 or 1. */
export const sign = unary("sign", ops.sign);
/** As `sign`: -1, 0 or 1. */
export const sgn = sign;
/** True for negative values. Computations need not keep the sign of a zero. */
export const signbit = unary("signbit", ops.signbit);
/** The largest integer <= x, in x's dtype. */
export const floor = unary("floor", ops.floor);
/** The smallest integer >= x, in x's dtype. */
export const ceil = unary("ceil", ops.ceil);
/** Towards zero. */
export const trunc = unary("trunc", ops.trunc);
/** Towards zero. */
export const fix = trunc;
/** x - trunc(x). */
export const frac = floatUnary("frac", (x) => ops.sub(x, ops.trunc(x)));
/** e^x; integers give float32. */
export const exp = unary("exp", ops.exp);
/** 2^x. */
export const exp2 = unary("exp2", (x) => {
  const f = ops.toFloat(x);
  return ops.pow(ops.constantLike(f, 2), f);
});
/** exp(x) - 1, exact near 0. */
export const expm1 = unary("expm1", ops.expm1);
/** Natural logarithm. */
export const log = unary("log", ops.log);
/** The logarithm to base 2; -Infinity at 0, NaN below. */
export const log2 = unary("log2", (x) => scaled(ops.log(x), 1 / Math.LN2));
/** The logarithm to base 10; -Infinity at 0, NaN below. */
export const log10 = unary("log10", (x) => scaled(ops.log(x), 1 / Math.LN10));
/** log(1 + x), exact near 0. */
export const log1p = unary("log1p", ops.log1p);
/** √x; NaN below 0. */
export const sqrt = unary("sqrt", ops.sqrt);
/** 1 / sqrt(x). */
export const rsqrt = unary("rsqrt", ops.rsqrt);
/** x². */
export const square = unary("square", (x) => {
  const number = x.dtype === "bool" ? ops.cast(x, "int64") : x;
  return ops.mul(number, number);
});
/** 1 / x. */
export const reciprocal = unary("reciprocal", ops.reciprocal);
/** The sine of x in radians. */
export const sin = unary("sin", ops.sin);
/** The cosine of x in radians. */
export const cos = unary("cos", ops.cos);
/** The tangent of x in radians. */
export const tan = unary("tan", ops.tan);
/** The angle in (-π/2, π/2) with this tangent. */
export const atan = unary("atan", ops.atan);
/** The hyperbolic tangent: (e^x - e^-x) / (e^x + e^-x). */
export const tanh = unary("tanh", ops.tanh);
/** As `atan`: the angle with this tangent. */
export const arctan = atan;
/** Angle in [-π/2, π/2] with this sine; NaN outside [-1, 1]. */
export const asin = unary("asin", ops.asin);
/** As `asin`: the angle with this sine. */
export const arcsin = asin;
/** Angle in [0, π] with this cosine; NaN outside [-1, 1]. */
export const acos = unary("acos", ops.acos);
/** As `acos`: the angle with this cosine. */
export const arccos = acos;
/** (exp(x) - exp(-x)) / 2. */
export const sinh = unary("sinh", ops.sinh);
/** (exp(x) + exp(-x)) / 2. */
export const cosh = unary("cosh", ops.cosh);
/** log(x + √(x² + 1)): the inverse of sinh. */
export const asinh = unary("asinh", ops.asinh);
/** As `asinh`: the inverse of sinh. */
export const arcsinh = asinh;
/** log(x + √(x² - 1)): the inverse of cosh; NaN below 1. */
export const acosh = unary("acosh", ops.acosh);
/** As `acosh`: the inverse of cosh. */
export const arccosh = acosh;
/** log((1 + x) / (1 - x)) / 2: the inverse of tanh; NaN outside [-1, 1]. */
export const atanh = unary("atanh", ops.atanh);
/** As `atanh`: the inverse of tanh. */
export const arctanh = atanh;
/** sin(πx) / (πx); 1 at 0. */
export const sinc = unary("sinc", ops.sinc);
/** Degrees as radians. */
export const deg2rad = unary("deg2rad", (x) => scaled(ops.toFloat(x), Math.PI / 180));
/** Radians as degrees. */
export const rad2deg = unary("rad2deg", (x) => scaled(ops.toFloat(x), 180 / Math.PI));
/** 2/√π ∫₀ˣ exp(-t²) dt. */
export const erf = unary("erf", ops.erf);
/** 1 - erf(x). */
export const erfc = unary("erfc", (x) => ops.sub(ops.constantLike(ops.toFloat(x), 1), ops.erf(x)));
/** 1 / (1 + exp(-x)). */
export const sigmoid = unary("sigmoid", ops.sigmoid);

function scaled(x: ReturnType<typeof ops.log>, factor: number) {
  return ops.mul(x, ops.constantLike(x, factor));
}

/** log |Γ(x)|; Infinity at 0, -1, -2 … */
export const lgamma = unary("lgamma", ops.lgamma);
/** The derivative of log Γ; NaN at -1, -2 … */
export const digamma = unary("digamma", ops.digamma);
/** The x with erf(x) = y; ±Infinity at ±1, NaN beyond. */
export const erfinv = unary("erfinv", ops.erfinv);

/** The n-th derivative of digamma: `polygamma(1, x)`. For n >= 2 x below -10 give NaN. */
export function polygamma(n: number, input: Tensor, ...surplus: []): Tensor {
  noMore("polygamma", surplus);
  return wrap(ops.polygamma(n, nodeOf("polygamma", "input", input)));
}

/** log(x / (1 - x)), of x limited to [eps, 1 - eps] if `eps` is given. */
export function logit(input: Tensor, eps?: number | null, ...surplus: []): Tensor {
  noMore("logit", surplus);
  if (eps !== undefined && eps !== null) checkNumber("logit", "eps", eps);
  return wrap(ops.logit(nodeOf("logit", "input", input), eps ?? null));
}

/** NaN and infinities replaced: NaN by `nan` (0), infinities by `posinf` and `neginf` (the largest finite numbers). */
export function nanToNum(input: Tensor, options: NanToNumOptions = {}, ...surplus: []): Tensor {
  noMore("nanToNum", surplus);
  checkOptions("nanToNum", options, ["nan", "posinf", "neginf"]);
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined && !Number.isNaN(value)) checkNumber("nanToNum", name, value);
  }
  return wrap(ops.nanToNum(nodeOf("nanToNum", "input", input), options));
}

/** To the nearest integer, ties to even; `decimals` digits after the point are kept. */
export function round(input: Tensor, options: { readonly decimals?: number } = {}, ...surplus: []): Tensor {
  noMore("round", surplus);
  checkOptions("round", options, ["decimals"]);
  const x = nodeOf("round", "input", input);
  const { decimals = 0 } = options;
  checkWholeNumber("round", "decimals", decimals);
  if (decimals === 0) return wrap(ops.round(x));
  const scale = ops.constantLike(x, 10 ** decimals);
  return wrap(ops.div(ops.round(ops.mul(x, scale)), scale));
}

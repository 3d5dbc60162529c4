// Functions of one value at a time: rounding, powers, exponentials, trigonometry.
import { checkOptions } from "../../base/index.js";
import * as ops from "../../ops/index.js";
import { nodeOf, noMore } from "../args.js";
import { type Tensor, wrap } from "../tensor.js";
import { unary } from "./define.js";

/** -x. */
export const neg = unary("neg", ops.neg);
export const negative = neg;
/** |x|; the gradient at 0 is 0. */
export const abs = unary("abs", ops.abs);
export const absolute = abs;
/** -1, 0 or 1. */
export const sign = unary("sign", ops.sign);
export const floor = unary("floor", ops.floor);
export const ceil = unary("ceil", ops.ceil);
/** Towards zero. */
export const trunc = unary("trunc", ops.trunc);
/** x - trunc(x). */
export const frac = unary("frac", (x) => ops.sub(x, ops.trunc(x)));
export const exp = unary("exp", ops.exp);
/** 2^x. */
export const exp2 = unary("exp2", (x) => ops.exp(ops.mul(ops.toFloat(x), ops.constantLike(ops.toFloat(x), Math.LN2))));
/** exp(x) - 1, exact near 0. */
export const expm1 = unary("expm1", ops.expm1);
/** Natural logarithm. */
export const log = unary("log", ops.log);
export const log2 = unary("log2", (x) => scaled(ops.log(x), 1 / Math.LN2));
export const log10 = unary("log10", (x) => scaled(ops.log(x), 1 / Math.LN10));
/** log(1 + x), exact near 0. */
export const log1p = unary("log1p", ops.log1p);
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
export const sin = unary("sin", ops.sin);
export const cos = unary("cos", ops.cos);
export const tan = unary("tan", ops.tan);
export const atan = unary("atan", ops.atan);
export const tanh = unary("tanh", ops.tanh);
/** (exp(x) - exp(-x)) / 2. */
export const sinh = unary("sinh", (x) => {
  const f = ops.toFloat(x);
  return scaled(ops.sub(ops.expm1(f), ops.expm1(ops.neg(f))), 0.5);
});
/** (exp(x) + exp(-x)) / 2. */
export const cosh = unary("cosh", (x) => {
  const f = ops.toFloat(x);
  return scaled(ops.add(ops.exp(f), ops.exp(ops.neg(f))), 0.5);
});
/** 2/√π ∫₀ˣ exp(-t²) dt. */
export const erf = unary("erf", ops.erf);
/** 1 - erf(x). */
export const erfc = unary("erfc", (x) => ops.sub(ops.constantLike(ops.toFloat(x), 1), ops.erf(x)));
/** 1 / (1 + exp(-x)). */
export const sigmoid = unary("sigmoid", ops.sigmoid);

function scaled(x: ReturnType<typeof ops.log>, factor: number) {
  return ops.mul(x, ops.constantLike(x, factor));
}

/** To the nearest integer, ties to even; `decimals` digits after the point are kept. */
export function round(input: Tensor, options: { readonly decimals?: number } = {}, ...surplus: []): Tensor {
  noMore("round", surplus);
  checkOptions("round", options, ["decimals"]);
  const x = nodeOf("round", "input", input);
  const { decimals = 0 } = options;
  if (decimals === 0) return wrap(ops.round(x));
  const scale = ops.constantLike(x, 10 ** decimals);
  return wrap(ops.div(ops.round(ops.mul(x, scale)), scale));
}

// Inverse trigonometric and hyperbolic functions, composed of primitives. Each has its gradient in closed form: the chain of
// the parts would meet 0 * Infinity at the ends of the domain.
import type { Node } from "../graph/index.js";
import { apply } from "./apply.js";
import { constantLike, toFloat } from "./composing.js";
import { defineComposite } from "./composite.js";
import {
  abs,
  add,
  and,
  atan,
  cos,
  div,
  eq,
  exp,
  expm1,
  le,
  log,
  log1p,
  lt,
  mul,
  neg,
  rsqrt,
  sin,
  sqrt,
  sub,
  where,
} from "./elementwise.js";

const number = constantLike;

/** A function of one value whose slope at `x` is known. */
function defineCurve(name: string, compose: (x: Node) => Node, slope: (x: Node) => Node) {
  const primitive = defineComposite(name, {
    compose: ([x]) => compose(x as Node),
    vjp: (node, grad) => [mul(grad, slope(node.inputs[0] as Node))],
    saves: { inputs: [0], output: false },
  });
  return (x: Node): Node => apply(primitive, [toFloat(x)]);
}

/** 1 - x² as (1 - x) (1 + x), exact near ±1. */
const coSquare = (x: Node): Node => mul(sub(number(x, 1), x), add(number(x, 1), x));

/** Arcsine: atan(x / √(1 - x²)); outside [-1, 1] NaN. */
export const asin = defineCurve(
  "asin",
  (x) => {
    const isEnd = eq(abs(x), number(x, 1));
    const angle = atan(div(x, sqrt(where(isEnd, number(x, 1), coSquare(x)))));
    return where(isEnd, mul(x, number(x, Math.PI / 2)), angle);
  },
  (x) => rsqrt(coSquare(x)),
);

/** Arccosine: 2 atan(√((1 - x) / (1 + x))); outside [-1, 1] NaN. */
export const acos = defineCurve(
  "acos",
  (x) => {
    const isEnd = eq(x, number(x, -1));
    const half = atan(sqrt(div(sub(number(x, 1), x), where(isEnd, number(x, 1), add(number(x, 1), x)))));
    return where(isEnd, number(x, Math.PI), mul(half, number(x, 2)));
  },
  (x) => neg(rsqrt(coSquare(x))),
);

/** Beyond this x² + 1 is x² in every float dtype, and x² has not overflowed yet. */
const FAR = 1e10;

/** log(x + √(x² + 1)) with the sign outside: log1p(|x| + x² / (1 + √(1 + x²))). */
export const asinh = defineCurve(
  "asinh",
  (x) => {
    const size = abs(x);
    const isFar = lt(number(x, FAR), size);
    const near = where(isFar, number(x, 1), size);
    const square = mul(near, near);
    const one = number(x, 1);
    const value = log1p(add(near, div(square, add(one, sqrt(add(one, square))))));
    const far = add(log(where(isFar, size, one)), number(x, Math.LN2));
    const result = where(isFar, far, value);
    return where(lt(x, number(x, 0)), neg(result), result);
  },
  (x) => rsqrt(add(mul(x, x), number(x, 1))),
);

/** log(x + √(x² - 1)) as log1p(t + √(t (t + 2))) with t = x - 1; below 1 NaN. */
export const acosh = defineCurve(
  "acosh",
  (x) => {
    const isFar = lt(number(x, FAR), x);
    const t = sub(where(isFar, number(x, 1), x), number(x, 1));
    const near = log1p(add(t, sqrt(mul(t, add(t, number(x, 2))))));
    return where(isFar, add(log(where(isFar, x, number(x, 1))), number(x, Math.LN2)), near);
  },
  (x) => rsqrt(sub(mul(x, x), number(x, 1))),
);

/** (log(1 + x) - log(1 - x)) / 2; ±Infinity at ±1. */
export const atanh = defineCurve(
  "atanh",
  (x) => mul(sub(log1p(x), log1p(neg(x))), number(x, 0.5)),
  (x) => div(number(x, 1), coSquare(x)),
);

/** (exp(x) - exp(-x)) / 2, exact near 0. */
export function sinh(x: Node): Node {
  const f = toFloat(x);
  return mul(sub(expm1(f), expm1(neg(f))), number(f, 0.5));
}

/** (exp(x) + exp(-x)) / 2. */
export function cosh(x: Node): Node {
  const f = toFloat(x);
  return mul(add(exp(f), exp(neg(f))), number(f, 0.5));
}

/** sin(πx) / (πx), 1 at 0. */
export const sinc = defineCurve(
  "sinc",
  (x) => {
    const isZero = eq(x, number(x, 0));
    const angle = mul(where(isZero, number(x, 1), x), number(x, Math.PI));
    return where(isZero, number(x, 1), div(sin(angle), angle));
  },
  (x) => {
    // (πx cos πx - sin πx) / (πx²); near 0, where the terms cancel, the series' -π²x/3.
    const isSmall = and(le(x, number(x, 1e-4)), le(number(x, -1e-4), x));
    const safe = where(isSmall, number(x, 1), x);
    const angle = mul(safe, number(x, Math.PI));
    const slope = div(sub(mul(angle, cos(angle)), sin(angle)), mul(angle, safe));
    return where(isSmall, mul(x, number(x, (-Math.PI * Math.PI) / 3)), slope);
  },
);

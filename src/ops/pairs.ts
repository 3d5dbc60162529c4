// Functions of two values, composed: sums of exponentials, lengths, signs, limits that pass NaN by.
import { floatDType, isFloat, largestFinite, promote } from "../base/index.js";
import type { Node } from "../graph/index.js";
import { sigmoid } from "./activations.js";
import { apply } from "./apply.js";
import { aligned, resultType } from "./broadcasting.js";
import { isnan } from "./comparison.js";
import { constantLike } from "./composing.js";
import { defineComposite } from "./composite.js";
import {
  abs,
  add,
  and,
  cast,
  div,
  eq,
  exp,
  le,
  log1p,
  lt,
  maximum,
  minimum,
  mul,
  neg,
  not,
  or,
  reciprocal,
  sqrt,
  sub,
  where,
} from "./elementwise.js";
import { expand } from "./movement.js";
import { xlogy as xlogyOf } from "./special-functions.js";

const number = constantLike;

/** Both operands as one float dtype and one shape: what composites of two operands need. */
function floatPair(op: string, a: Node, b: Node): [Node, Node] {
  const dtype = floatDType(resultType(a, b));
  const [x, y] = aligned(op, [a, b], [dtype, dtype]) as [Node, Node];
  const shape = x.shape.length >= y.shape.length ? x.shape : y.shape;
  return [expand(x, shape), expand(y, shape)];
}

function definePair(
  name: string,
  compose: (a: Node, b: Node) => Node,
  slopes: (node: Node, a: Node, b: Node) => [Node, Node],
) {
  const primitive = defineComposite(name, {
    compose: ([a, b]) => compose(a as Node, b as Node),
    vjp(node, grad, needs) {
      const [a, b] = node.inputs as [Node, Node];
      const [da, db] = slopes(node, a, b);
      return [needs[0] ? mul(grad, da) : null, needs[1] ? mul(grad, db) : null];
    },
    saves: { inputs: [0, 1], output: true },
  });
  return (a: Node, b: Node): Node => apply(primitive, floatPair(name, a, b));
}

/** log of a sum of two exponentials with base e^rate: max + log(1 + e^(-rate |a - b|)) / rate. */
function logSum(rate: number) {
  return (a: Node, b: Node): Node => {
    const isSame = and(eq(a, b), eq(abs(a), number(a, Number.POSITIVE_INFINITY)));
    const gap = neg(abs(sub(a, where(isSame, number(a, 0), b))));
    const excess = log1p(exp(rate === 1 ? gap : mul(gap, number(a, rate))));
    return where(isSame, a, add(maximum(a, b), rate === 1 ? excess : mul(excess, number(a, 1 / rate))));
  };
}

/** The share of `b` in the sum: 1 / (1 + e^(rate (b - a))). */
function share(rate: number, a: Node, b: Node): Node {
  return sigmoid(mul(sub(a, b), number(a, rate)));
}

/** log(exp(a) + exp(b)). */
export const logaddexp = definePair("logaddexp", logSum(1), (_, a, b) => [share(1, a, b), share(1, b, a)]);
/** log2(2^a + 2^b). */
export const logaddexp2 = definePair("logaddexp2", logSum(Math.LN2), (_, a, b) => [
  share(Math.LN2, a, b),
  share(Math.LN2, b, a),
]);

/** √(a² + b²) without overflow: the larger side is taken out. */
export const hypot = definePair(
  "hypot",
  (a, b) => {
    const [x, y] = [abs(a), abs(b)];
    const [large, small] = [maximum(x, y), minimum(x, y)];
    const isPlain = or(eq(large, number(a, 0)), eq(large, number(a, Number.POSITIVE_INFINITY)));
    const ratio = div(small, where(isPlain, number(a, 1), large));
    return where(isPlain, large, mul(large, sqrt(add(mul(ratio, ratio), number(a, 1)))));
  },
  (node, a, b) => [div(a, node), div(b, node)],
);

/** x log y; 0 where x is 0, unless y is NaN. */
export function xlogy(a: Node, b: Node): Node {
  return xlogyOf(...floatPair("xlogy", a, b));
}

/** True for negative values and for -0 (whose sign computations do not keep). */
export function signbit(x: Node): Node {
  const zero = number(x, 0);
  if (!isFloat(x.dtype)) return lt(x, zero);
  return or(lt(x, zero), and(eq(x, zero), lt(reciprocal(x), zero)));
}

/** |a| with the sign of b. */
export function copysign(a: Node, b: Node): Node {
  const size = abs(cast(a, floatDType(resultType(a, b))));
  return where(signbit(b), neg(size), size);
}

/** The larger value; a NaN loses against a number. */
export function fmax(a: Node, b: Node): Node {
  return where(or(le(b, a), isnan(b)), a, b);
}

/** The smaller value; a NaN loses against a number. */
export function fmin(a: Node, b: Node): Node {
  return where(or(le(a, b), isnan(b)), a, b);
}

/** 0 below 0, 1 above, `values` at 0; a NaN stays. */
export function heaviside(x: Node, values: Node): Node {
  const zero = number(x, 0);
  const step = cast(lt(zero, x), promote(x.dtype, values.dtype));
  const chosen = where(eq(x, zero), values, step);
  return isFloat(x.dtype) ? where(isnan(x), x, chosen) : chosen;
}

export interface NanToNumOptions {
  /** Takes NaN's place; default 0. */
  readonly nan?: number;
  /** Takes Infinity's place; default or null: the dtype's largest number. */
  readonly posinf?: number | null;
  /** Takes -Infinity's place; default or null: the dtype's lowest number. */
  readonly neginf?: number | null;
}

/** NaN and infinities replaced: by 0, and by the largest and smallest finite numbers unless said otherwise. */
export function nanToNum(x: Node, { nan = 0, posinf = null, neginf = null }: NanToNumOptions = {}): Node {
  if (!isFloat(x.dtype)) return x;
  const limit = largestFinite(x.dtype);
  const isHigh = eq(x, number(x, Number.POSITIVE_INFINITY));
  const isLow = eq(x, number(x, Number.NEGATIVE_INFINITY));
  const high = where(isHigh, number(x, posinf ?? limit), x);
  return where(not(isnan(x)), where(isLow, number(x, neginf ?? -limit), high), number(x, nan));
}

// exp and expm1. e^x = t² · e^r with t = 2^k, k = round(x / (2 ln 2)) and |r| <= ln 2: squaring t reaches overflow
// and denormals in two exact steps, where one power of two would not fit the exponent.
import type { ExprFactory } from "../expr.js";
import type { Expr } from "../types.js";
import { FloatBuilder, type PerType } from "./float-builder.js";

// (e^r - 1 - r) / r² on |r| <= ln 2: minimax by test/ir/remez.py (exp32, exp64), for the error relative to e^r …
const tail: PerType<readonly number[]> = {
  f32: [0.500000358, 0.166666105, 0.04166108, 0.00833621435, 0.00141087093, 0.000196095294],
  f64: [
    0.49999999999999994, 0.16666666666666663, 0.041666666666670502, 0.0083333333333352414, 0.0013888888888259794,
    0.00019841269838143926, 2.4801587742711639e-5, 2.7557321416586975e-6, 2.7557169325811182e-7, 2.5051361374958874e-8,
    2.0901062192639863e-9, 1.6181081419746158e-10, 9.9875256467157366e-12,
  ],
};
// … and to e^r - 1, which asks for one more term in float32 (expm132).
const tailForDifference: PerType<readonly number[]> = {
  f32: [0.50000006, 0.166666701, 0.0416655354, 0.00833275262, 0.00139362644, 0.000200782801, 1.94261156e-5],
  f64: tail.f64,
};
// 2 ln 2; the first part times |k| < 2^10 is exact (fdlibm's and musl's splitting of ln 2, doubled).
const twoLn2: PerType<readonly [number, number]> = {
  f32: [1.38629150390625, 2.8572135e-6],
  f64: [1.3862943607382476, 3.8164298585427414e-10],
};
// e^r on |r| <= ln 2 / 2 (expsmall32, expsmall64), and ln 2 as a float.
const powers: PerType<readonly number[]> = {
  f32: [1, 1, 0.5, 0.166664869, 0.0416655503, 0.00837244745, 0.00140350359],
  f64: [
    1, 1, 0.50000000000000178, 0.16666666666666155, 0.041666666666488987, 0.0083333333335642423, 0.0013888888952236153,
    0.00019841269425979172, 2.4801485434563706e-5, 2.7557625833759546e-6, 2.763269631730216e-7, 2.4993989374222702e-8,
  ],
};
const ln2: PerType<number> = { f32: Math.fround(Math.LN2), f64: Math.LN2 };
// Beyond these e^x is Infinity or rounds to 0; k stays in the range of normal exponents.
const limits: PerType<readonly [number, number]> = { f32: [-104, 89], f64: [-746, 710] };

/** Parts of e^x = t² (1 + p): t = 2^k, p = e^r - 1 with relative accuracy. */
interface Parts {
  readonly t: Expr;
  readonly p: Expr;
}

/** t² e^(r + correction) for |r| <= ln 2 and a `correction` below its last place; t = 2^k with k as in `rounded`. */
export function exponential(b: FloatBuilder, rounded: Expr, r: Expr, correction: Expr): Expr {
  const small = b.fma(b.mul(r, r), b.polynomial(r, tail[b.type]), b.fma(correction, r, correction));
  return whole(b, { t: b.powerOfTwo(rounded), p: b.add(small, r) });
}

function whole(b: FloatBuilder, { t, p }: Parts): Expr {
  return b.mul(b.mul(b.add(p, 1), t), t);
}

/** `x` must lie within `limits`, or be NaN. */
function parts(b: FloatBuilder, x: Expr, coefficients: PerType<readonly number[]>): Parts {
  const rounded = b.fma(x, 0.5 * Math.LOG2E, b.roundingConstant);
  const k = b.sub(rounded, b.roundingConstant);
  const r = b.subtractMultiple(x, k, twoLn2[b.type]);
  return { t: b.powerOfTwo(rounded), p: b.fma(b.mul(r, r), b.polynomial(r, coefficients[b.type]), r) };
}

function clamp(b: FloatBuilder, x: Expr): Expr {
  const [low, high] = limits[b.type];
  return b.f.max(b.f.min(x, b.num(high)), b.num(low));
}

/**
 * What rounds to 0, as -Infinity in masked scores, is no product that underflows: processors take a hundred cycles and more for
 * each such product.
 */
export function expandExp(f: ExprFactory, x: Expr): Expr {
  const b = new FloatBuilder(f, x);
  const [low, high] = limits[b.type];
  const vanishes = b.lt(x, low);
  const safe = b.select(vanishes, b.num(0), f.min(x, b.num(high)));
  return b.select(vanishes, b.num(0), whole(b, parts(b, safe, tail)));
}

/**
 * e^x for |x| <= 80, where nothing overflows: k = round(x / ln 2), and 2^k is added to the exponent of e^r as an integer. For values
 * that are small beside what they are added to, as k ln 2 is not exact; of NaN the result is anything.
 */
export function expOfSmall(b: FloatBuilder, x: Expr): Expr {
  const rounded = b.fma(x, Math.LOG2E, b.roundingConstant);
  const r = b.fma(b.sub(rounded, b.roundingConstant), -ln2[b.type], x);
  const k = b.onBits("shl", b.bits(rounded), b.fractionBits);
  return b.float(b.f.add(b.bits(b.polynomial(r, powers[b.type])), k));
}

/** t² (1 + p) - 1 = t (t p + (t - 1/t)): no intermediate overflows before the result does. */
function expm1OfParts(b: FloatBuilder, { t, p }: Parts): Expr {
  const twoOnes = b.type === "f32" ? 0x7f000000 : 0x7fe0000000000000n;
  const inverse = b.float(b.f.sub(b.int(twoOnes), b.bits(t)));
  return b.mul(t, b.fma(t, p, b.sub(t, inverse)));
}

export function expandExpm1(f: ExprFactory, x: Expr): Expr {
  const b = new FloatBuilder(f, x);
  return expm1OfParts(b, parts(b, clamp(b, x), tailForDifference));
}

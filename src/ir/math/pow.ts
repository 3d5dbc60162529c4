// pow: |x|^y = 2^(y log2 |x|), then the sign and the special cases of C's pow. float32 is computed in float64; float64
// carries log2 |x| in two floats, in the way of fdlibm's e_pow.c (Sun Microsystems, freely usable), whose constants these are.
import type { ExprFactory } from "../expr.js";
import type { Expr } from "../types.js";
import { exponential } from "./exp.js";
import { FloatBuilder, inFloat64 } from "./float-builder.js";
import { splitExponent } from "./log.js";

// R(z) / z and (2^r - 1) / r: minimax by test/ir/remez.py (powlog32, powexp32).
const logTail = [
  0.66666666675318453, 0.39999995772778846, 0.28572094288245348, 0.2217676987375117, 0.19576291922987737,
];
const exp2Tail = [
  0.69314718054109148, 0.24022651080394911, 0.055504109645581209, 0.0096180361750515028, 0.0013333429192184916,
  0.00015467364347729575, 1.5315309942877246e-5,
];
// (3 atanh(s) / s - 3 - z) / z², z = s² (powlog64).
const atanhTail = [
  0.59999999999999964, 0.42857142857183167, 0.33333333320498848, 0.27272729168907911, 0.23076770114253131,
  0.20007129249805486, 0.17456704343592436, 0.18452731495239219,
];
/** 2 / (3 ln 2) and ln 2, in a part of 21 bits and what is missing. */
const twoThirdsLog2e = { full: 0.9617966939259756, high: 0.9617967009544373, low: -7.028461650952758e-9 };
const ln2 = { full: Math.LN2, high: 0.6931471824645996, low: -1.904654299957768e-9 };

export function expandPow(f: ExprFactory, x: Expr, y: Expr): Expr {
  if (x.type === "f64") return powOf(f, x, y, doubleMagnitude);
  return inFloat64(f, [x, y], (base, exponent) => [powOf(f, base, exponent, singleMagnitude)])[0] as Expr;
}

type Magnitude = (b: FloatBuilder, base: Expr, exponent: Expr) => Expr;

function powOf(f: ExprFactory, x: Expr, y: Expr, magnitude: Magnitude): Expr {
  const b = new FloatBuilder(f, x);
  return signed(b, x, y, magnitude(b, b.abs(x), y));
}

/** Gives |x|^y the sign of x^y, NaN where that is not real, and 1 for 1^y, x^0 and (-1)^±Infinity. */
function signed(b: FloatBuilder, x: Expr, y: Expr, magnitude: Expr): Expr {
  const { f } = b;
  const half = b.mul(y, 0.5);
  const isInteger = f.eq(f.unary("floor", y), y);
  const isOdd = f.and(isInteger, f.not(f.eq(f.unary("floor", half), half)));
  const isNegative = f.lt(b.bits(x), b.int(0));
  const withSign = b.select(f.and(isNegative, isOdd), f.unary("neg", magnitude), magnitude);
  const isReal = f.or(isInteger, f.not(f.and(b.lt(x, 0), b.lt(-Infinity, x))));
  const isUnitToInfinity = f.and(b.eq(b.abs(x), 1), b.eq(b.abs(y), Infinity));
  const isOne = f.or(f.or(b.eq(x, 1), b.eq(y, 0)), isUnitToInfinity);
  return b.select(isOne, 1, b.select(isReal, withSign, NaN));
}

/** `ordinary` for 0 < a < Infinity; else y times log 0, log Infinity or log NaN. */
function withLogSpecials(b: FloatBuilder, a: Expr, y: Expr, ordinary: Expr): Expr {
  const isOrdinary = b.f.and(b.lt(0, a), b.lt(a, Infinity));
  return b.select(isOrdinary, ordinary, b.mul(y, b.select(b.eq(a, 0), -Infinity, a)));
}

function clamp(b: FloatBuilder, x: Expr, limit: number): Expr {
  return b.f.max(b.f.min(x, b.num(limit)), b.num(-limit));
}

/** a^y for float32 values a >= 0 and y: a float64 with some 40 bits right. */
function singleMagnitude(b: FloatBuilder, a: Expr, y: Expr): Expr {
  const { m, k } = splitExponent(b, a);
  const d = b.sub(m, 1);
  const s = b.f.div(d, b.add(d, 2));
  const z = b.mul(s, s);
  const logM = b.sub(d, b.mul(s, b.sub(d, b.mul(z, b.polynomial(z, logTail)))));
  const log2 = b.fma(logM, Math.LOG2E, k);
  // 2^±200 is beyond float32 and well within float64.
  const p = clamp(b, withLogSpecials(b, a, y, b.mul(y, log2)), 200);
  const rounded = b.add(p, b.roundingConstant);
  const r = b.sub(p, b.sub(rounded, b.roundingConstant));
  return b.mul(b.fma(r, b.polynomial(r, exp2Tail), 1), b.powerOfTwo(rounded));
}

/** The leading 21 bits of a float64: products of two such are exact. */
function head(b: FloatBuilder, x: Expr): Expr {
  return b.float(b.onBits("and", b.bits(x), -(1n << 32n)));
}

/** An unevaluated sum; `high` has at most 21 bits. */
interface Pair {
  readonly high: Expr;
  readonly low: Expr;
}

/** a^y for float64. Sums that must not lose bits are spelled without fma, so that no target contracts them. */
function doubleMagnitude(b: FloatBuilder, a: Expr, y: Expr): Expr {
  const log2 = log2Pair(b, a);
  // |log2 a| >= 2^-53 unless a = 1: larger exponents overflow or vanish as these do, and products stay finite.
  const exponent = clamp(b, y, 2 ** 65);
  const exponentHead = head(b, exponent);
  const low = b.add(b.mul(b.sub(exponent, exponentHead), log2.high), b.mul(exponent, log2.low));
  const high = withLogSpecials(b, a, exponent, b.mul(exponentHead, log2.high));
  return exp2OfPair(b, clamp(b, high, 1100), clamp(b, low, 1));
}

/** log2 a = k + 2/(3 ln 2) · s (3 + s² + s⁴ R(s²)), s = (m - 1) / (m + 1), to about 64 bits. */
function log2Pair(b: FloatBuilder, a: Expr): Pair {
  const isSmall = b.lt(a, 2 ** -1022);
  const { m, k } = splitExponent(b, b.select(isSmall, b.mul(a, 2 ** 52), a));
  const exponent = b.sub(k, b.select(isSmall, 52, 0));
  const s = atanhArgument(b, m);
  const whole = b.add(s.high, s.low);
  const z = b.mul(whole, whole);
  const squareHead = b.mul(s.high, s.high);
  const tail = b.add(b.mul(b.mul(z, z), b.polynomial(z, atanhTail)), b.mul(s.low, b.add(s.high, whole)));
  const seriesHead = head(b, b.add(b.add(squareHead, 3), tail));
  const seriesLow = b.sub(tail, b.sub(b.sub(seriesHead, 3), squareHead));
  const productHead = b.mul(s.high, seriesHead);
  const productLow = b.add(b.mul(s.low, seriesHead), b.mul(seriesLow, whole));
  const p = head(b, b.add(productHead, productLow));
  const pLow = b.sub(productLow, b.sub(p, productHead));
  const scaled = b.mul(p, twoThirdsLog2e.high);
  const scaledLow = b.add(b.mul(p, twoThirdsLog2e.low), b.mul(pLow, twoThirdsLog2e.full));
  const high = head(b, b.add(b.add(scaled, scaledLow), exponent));
  return { high, low: b.sub(scaledLow, b.sub(b.sub(high, exponent), scaled)) };
}

/** (m - 1) / (m + 1) as a pair. */
function atanhArgument(b: FloatBuilder, m: Expr): Pair {
  const difference = b.sub(m, 1);
  const sum = b.add(m, 1);
  const high = head(b, b.f.div(difference, sum));
  const sumHead = head(b, sum);
  const sumLow = b.sub(m, b.sub(sumHead, 1));
  const remainder = b.sub(b.sub(difference, b.mul(high, sumHead)), b.mul(high, sumLow));
  return { high, low: b.f.div(remainder, sum) };
}

/** 2^(high + low) for |high| <= 1100. */
function exp2OfPair(b: FloatBuilder, high: Expr, low: Expr): Expr {
  const rounded = b.add(b.mul(b.add(high, low), 0.5), b.roundingConstant);
  const rest = b.sub(high, b.mul(b.sub(rounded, b.roundingConstant), 2));
  const t = head(b, b.add(rest, low));
  const main = b.mul(t, ln2.high);
  const correction = b.add(b.mul(b.sub(low, b.sub(t, rest)), ln2.full), b.mul(t, ln2.low));
  const r = b.add(main, correction);
  return exponential(b, rounded, r, b.sub(correction, b.sub(r, main)));
}

// log and log1p after fdlibm (Sun Microsystems, freely usable): x = 2^k m with m in [√½, √2), f = m - 1, s = f / (2 + f),
// log m = f - s (f - R(s²)).
import type { ExprFactory } from "../expr.js";
import type { Expr } from "../types.js";
import { FloatBuilder, type PerType } from "./float-builder.js";

// R(z) / z on 0 <= z <= (3 - 2√2)²: minimax by test/ir/remez.py (log32, log64).
const rest: PerType<readonly number[]> = {
  f32: [0.6666677, 0.399781883, 0.298568726],
  f64: [
    0.66666666666667307, 0.39999999999437164, 0.28571428737793508, 0.22222199007574248, 0.18183543494832974,
    0.15314542638561607, 0.14791403578438689,
  ],
};
// ln 2; the first part times an exponent is exact (musl's and fdlibm's splitting).
const ln2: PerType<readonly [number, number]> = {
  f32: [0.693145751953125, 1.42860677e-6],
  f64: [0.6931471803691238, 1.9082149292705877e-10],
};
/** Bit pattern of √½, and of the smallest normal number's value. */
const rootHalfBits: PerType<number | bigint> = { f32: 0x3f3504f3, f64: 0x3fe6a09e667f3bcdn };
const smallestNormal: PerType<number> = { f32: 2 ** -126, f64: 2 ** -1022 };

/** x = 2^k m for a positive normal x: m in [√½, √2) and k, both floats. */
export function splitExponent(b: FloatBuilder, x: Expr): { m: Expr; k: Expr } {
  const offset = b.f.sub(b.bits(x), b.int(rootHalfBits[b.type]));
  const k = b.smallIntToFloat(b.onBits("shr", offset, b.fractionBits));
  const fraction = b.onBits("and", offset, b.type === "f32" ? 0x7fffff : 0xfffffffffffffn);
  return { m: b.float(b.f.add(fraction, b.int(rootHalfBits[b.type]))), k };
}

/** k ln 2 + log m + extra, for a small `extra`. */
function logOfParts(b: FloatBuilder, m: Expr, k: Expr, extra: Expr | null): Expr {
  const [high, low] = ln2[b.type];
  const f = b.sub(m, 1);
  const s = b.f.div(f, b.add(f, 2));
  const z = b.mul(s, s);
  const r = b.mul(z, b.polynomial(z, rest[b.type]));
  const small = b.sub(extra ? b.fma(k, low, extra) : b.mul(k, low), b.mul(s, b.sub(f, r)));
  return b.fma(k, high, b.add(small, f));
}

/** `finite` where 0 < x < Infinity; else -Infinity for 0, NaN below, and x itself above (Infinity, NaN). */
function withSpecials(b: FloatBuilder, x: Expr, finite: Expr): Expr {
  const belowOrZero = b.select(b.eq(x, 0), -Infinity, NaN);
  return b.select(b.lt(0, x), b.select(b.lt(x, Infinity), finite, x), belowOrZero);
}

export function expandLog(f: ExprFactory, x: Expr): Expr {
  const b = new FloatBuilder(f, x);
  const isSmall = b.lt(x, smallestNormal[b.type]);
  const scaled = b.select(isSmall, b.mul(x, 2 ** b.fractionBits), x);
  const { m, k } = splitExponent(b, scaled);
  const exponent = b.sub(k, b.select(isSmall, b.fractionBits, 0));
  return withSpecials(b, x, logOfParts(b, m, exponent, null));
}

/** log(1 + x) = log u + c / u, where u = 1 + x as rounded and c = (1 + x) - u exactly. */
export function expandLog1p(f: ExprFactory, x: Expr): Expr {
  const b = new FloatBuilder(f, x);
  const u = b.add(x, 1);
  const isLarge = b.lt(1, x);
  const c = b.sub(b.select(isLarge, 1, x), b.sub(u, b.select(isLarge, x, 1)));
  const { m, k } = splitExponent(b, u);
  return withSpecials(b, u, logOfParts(b, m, k, f.div(c, u)));
}

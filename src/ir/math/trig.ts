// sin, cos and tan. sin and cos subtract the nearest multiple of π (for cos: odd multiple of π/2) and need one polynomial
// on |r| <= π/2; the multiple's parity is the sign. Arguments not known to be small are reduced exactly, see `Turns`.
import type { ExprFactory } from "../expr.js";
import type { Expr } from "../types.js";
import { FloatBuilder, inFloat64, type PerType } from "./float-builder.js";
import { isBoundedBy } from "./range.js";
import { Turns } from "./turns.js";

// (sin r - r) / r³ in r² on |r| <= π/2: minimax by test/ir/remez.py (sin32, sin64).
const sinTail: PerType<readonly number[]> = {
  f32: [-0.166666597, 0.00833306927, -0.000198097739, 2.6060809e-6],
  f64: [
    -0.16666666666666666, 0.0083333333333331875, -0.00019841269841190394, 2.7557319202693572e-6,
    -2.5052105148103283e-8, 1.6058745863582849e-10, -7.6302356289010719e-13, 2.231084258661981e-15,
    1.0187106507852364e-16, -8.853828864620287e-18,
  ],
};
// (sin r - r) / r³ and (cos r - 1) / r² in r² on |r| <= π/4 (tansin32 …): results of float32 precision are computed in
// float64, so both sets are float64 numbers.
const tanSin: PerType<readonly number[]> = {
  f32: [-0.16666666640625274, 0.0083333292681049172, -0.00019839296517569247, 2.7179430090310466e-6],
  f64: [
    -0.16666666666666666, 0.00833333333333304, -0.00019841269840959862, 2.7557319072648938e-6, -2.5052070628120433e-8,
    1.6054284008909227e-10, -7.3886773900660464e-13,
  ],
};
const tanCos: PerType<readonly number[]> = {
  f32: [-0.49999999714115678, 0.041666622031239289, -0.0013886721726013677, 2.4386405213558044e-5],
  f64: [
    -0.5, 0.041666666666666595, -0.0013888888888873303, 2.4801587288947378e-5, -2.7557314192045369e-7,
    2.0875700761913453e-9, -1.1358447487669733e-11,
  ],
};
// π in parts that are exact times half-integers up to 8.
const smallArgument = 25;
const piParts: PerType<readonly number[]> = {
  f32: [3.14159393310546875, -1.2795171642210334539e-6, 1.4887095462629007514e-12],
  f64: [3.141592653589782456857926, 1.078060571631626317976988e-14, -2.507398041386499840237267e-29],
};

type Phase = "sin" | "cos";

export function expandSin(f: ExprFactory, x: Expr): Expr {
  return expandPhase(f, x, "sin");
}

export function expandCos(f: ExprFactory, x: Expr): Expr {
  return expandPhase(f, x, "cos");
}

function expandPhase(f: ExprFactory, x: Expr, phase: Phase): Expr {
  const b = new FloatBuilder(f, x);
  if (isBoundedBy(x, smallArgument)) return sinPolynomial(b, reduceSmall(b, x, phase));
  const reduce = (wide: Expr): Expr => reduceAny(new FloatBuilder(f, wide), wide, phase, b.type);
  if (x.type === "f32") return sinPolynomial(b, inFloat64(f, [x], reduce));
  const y = sinPolynomial(b, reduce(x));
  // Pieces of 1/2π times tiny arguments are denormals: there sin x = x, while cos is fine.
  return phase === "sin" ? b.select(b.lt(b.abs(x), 2 ** -30), x, y) : y;
}

/** sin r for |r| <= π/2. */
function sinPolynomial(b: FloatBuilder, r: Expr): Expr {
  const z = b.mul(r, r);
  return b.fma(b.mul(r, z), b.polynomial(z, sinTail[b.type]), r);
}

/** r with sin r = sin x (or cos x) for |x| <= `smallArgument`. */
function reduceSmall(b: FloatBuilder, x: Expr, phase: Phase): Expr {
  const shift = phase === "sin" ? 0 : 0.5;
  const halfTurns = b.add(b.mul(x, 1 / Math.PI), shift);
  const rounded = b.add(halfTurns, b.roundingConstant);
  const n = b.sub(b.sub(rounded, b.roundingConstant), shift);
  const r = b.subtractMultiple(x, n, piParts[b.type]);
  return b.flipSign(r, b.parityAsSign(rounded));
}

/** The same for any float64 `x`. */
function reduceAny(b: FloatBuilder, x: Expr, phase: Phase, precision: "f32" | "f64"): Expr {
  const turns = new Turns(b, x, precision);
  const shift = phase === "sin" ? 0 : 0.5;
  const rounded = b.add(b.add(b.mul(turns.sum, 2), shift), b.roundingConstant);
  const n = b.sub(b.sub(rounded, b.roundingConstant), shift);
  return b.flipSign(turns.angleFrom(b.mul(n, 0.5)), b.parityAsSign(rounded));
}

export function expandTan(f: ExprFactory, x: Expr): Expr {
  if (x.type === "f32") return inFloat64(f, [x], (wide) => tanOf(new FloatBuilder(f, wide), wide, "f32"));
  const b = new FloatBuilder(f, x);
  return b.select(b.lt(b.abs(x), 2 ** -30), x, tanOf(b, x, "f64"));
}

/** sin r / cos r, or -cos r / sin r after an odd number of quarter turns. */
function tanOf(b: FloatBuilder, x: Expr, precision: "f32" | "f64"): Expr {
  const turns = new Turns(b, x, precision);
  const rounded = b.fma(turns.sum, 4, b.roundingConstant);
  const r = turns.angleFrom(b.mul(b.sub(rounded, b.roundingConstant), 0.25));
  const z = b.mul(r, r);
  const sine = b.fma(b.mul(r, z), b.polynomial(z, tanSin[precision]), r);
  const cosine = b.fma(z, b.polynomial(z, tanCos[precision]), 1);
  const sign = b.parityAsSign(rounded);
  const isOdd = b.f.lt(sign, b.int(0));
  return b.f.div(b.select(isOdd, b.flipSign(cosine, sign), sine), b.select(isOdd, sine, cosine));
}

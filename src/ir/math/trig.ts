// sin, cos and tan. With n the number of quarter turns nearest to x and r = x - n π/2, |r| <= π/4, each is ±sin r, ±cos r or
// their quotient. Arguments not known to be small are reduced exactly in float64, see `Turns`.
import type { ExprFactory } from "../expr.js";
import type { Expr } from "../types.js";
import { FloatBuilder, inFloat64, type PerType } from "./float-builder.js";
import { isBoundedBy } from "./range.js";
import { Turns } from "./turns.js";

interface Polynomials {
  /** (sin r - r) / r³ in r². */
  readonly sin: readonly number[];
  /** (cos r - 1) / r² in r². */
  readonly cos: readonly number[];
}

// Minimax on |r| <= π/4 by test/ir/remez.py (sin32, cos32, sin64, cos64) …
const tails: PerType<Polynomials> = {
  f32: {
    sin: [-0.166666552, 0.00833218452, -0.000195172164],
    cos: [-0.5, 0.0416666456, -0.00138873013, 2.44306702e-5],
  },
  f64: {
    sin: [
      -0.16666666666666666, 0.00833333333333304, -0.00019841269840959862, 2.7557319072648938e-6, -2.5052070628120433e-8,
      1.6054284008909227e-10, -7.3886773900660464e-13,
    ],
    cos: [
      -0.5, 0.041666666666666595, -0.0013888888888873303, 2.4801587288947378e-5, -2.7557314192045369e-7,
      2.0875700761913453e-9, -1.1358447487669733e-11,
    ],
  },
};
// … and float64 coefficients for results of float32 precision (tansin32, tancos32).
const shortTails: Polynomials = {
  sin: [-0.16666666640625274, 0.0083333292681049172, -0.00019839296517569247, 2.7179430090310466e-6],
  cos: [-0.49999999714115678, 0.041666622031239289, -0.0013886721726013677, 2.4386405213558044e-5],
};
const smallArgument = 25;
// π/2 in parts that are exact times integers up to 16.
const halfPiParts: PerType<readonly number[]> = {
  f32: [1.5707969665527344, -6.397585821105167e-7, 7.443547731314504e-13],
  f64: [1.5707963267948912, 5.390302858158132e-15, -1.25369902069325e-29],
};

/** x = r + n π/2, with the integer n in the low bits of `quarters`. */
interface Reduced {
  readonly r: Expr;
  readonly quarters: Expr;
}

export function expandSin(f: ExprFactory, x: Expr): Expr {
  return expandWave(f, x, 0);
}

export function expandCos(f: ExprFactory, x: Expr): Expr {
  return expandWave(f, x, 1);
}

/** sin(x + shift π/2). */
function expandWave(f: ExprFactory, x: Expr, shift: 0 | 1): Expr {
  const b = new FloatBuilder(f, x);
  const { r, quarters } = isBoundedBy(x, smallArgument) ? reduceSmall(b, x) : reduceAny(b, x);
  const [sine, cosine] = sineAndCosine(b, r, tails[b.type]);
  const n = shift === 0 ? quarters : b.onBits("add", quarters, 1);
  const isOdd = f.binary("ne", b.onBits("and", n, 1), b.int(0));
  return b.flipSign(b.select(isOdd, cosine, sine), b.bitAsSign(n, 1));
}

/** sin r and cos r for |r| <= π/4. */
function sineAndCosine(b: FloatBuilder, r: Expr, { sin, cos }: Polynomials): [Expr, Expr] {
  const z = b.mul(r, r);
  return [b.fma(b.mul(r, z), b.polynomial(z, sin), r), b.fma(z, b.polynomial(z, cos), 1)];
}

/** For |x| <= `smallArgument`. */
function reduceSmall(b: FloatBuilder, x: Expr): Reduced {
  const rounded = b.fma(x, 2 / Math.PI, b.roundingConstant);
  const r = b.subtractMultiple(x, b.sub(rounded, b.roundingConstant), halfPiParts[b.type]);
  return { r, quarters: b.bits(rounded) };
}

function reduceAny(b: FloatBuilder, x: Expr): Reduced {
  if (b.type === "f64") {
    const { angle, quarters } = reduceWide(b, x, "f64");
    return { r: angle, quarters: b.bits(b.add(quarters, b.roundingConstant)) };
  }
  const [r, quarters] = inFloat64(b.f, [x], (wide) => {
    const reduced = reduceWide(new FloatBuilder(b.f, wide), wide, "f32");
    return [reduced.angle, reduced.quarters];
  }) as [Expr, Expr];
  return { r, quarters: b.bits(b.add(quarters, b.roundingConstant)) };
}

/** The same for any float64 `x` that `Turns` takes; the quarter turns as a float. */
function reduceWide(b: FloatBuilder, x: Expr, precision: "f32" | "f64"): { angle: Expr; quarters: Expr } {
  const turns = new Turns(b, x, precision);
  const quarters = b.f.unary("nearest", b.mul(turns.sum, 4));
  const r = turns.angleFrom(b.mul(quarters, 0.25));
  if (precision === "f32") return { angle: r, quarters };
  // Pieces of 1/2π times tiny arguments are denormals; there is nothing to reduce.
  return { angle: b.select(b.lt(b.abs(x), 2 ** -30), x, r), quarters };
}

export function expandTan(f: ExprFactory, x: Expr): Expr {
  if (x.type === "f64") return tangent(f, x, "f64");
  return inFloat64(f, [x], (wide) => [tangent(f, wide, "f32")])[0] as Expr;
}

/** sin r / cos r, or -cos r / sin r after an odd number of quarter turns. */
function tangent(f: ExprFactory, x: Expr, precision: "f32" | "f64"): Expr {
  const b = new FloatBuilder(f, x);
  const { angle, quarters } = reduceWide(b, x, precision);
  const [sine, cosine] = sineAndCosine(b, angle, precision === "f32" ? shortTails : tails.f64);
  const sign = b.bitAsSign(b.bits(b.add(quarters, b.roundingConstant)), 0);
  const isOdd = f.lt(sign, b.int(0));
  return f.div(b.select(isOdd, b.flipSign(cosine, sign), sine), b.select(isOdd, sine, cosine));
}

// atan: tan(a - b) = (x - y) / (1 + x y) brings |x| into [-tan π/8, tan π/8] around 0, π/4 or π/2.
import type { ExprFactory } from "../expr.js";
import type { Expr } from "../types.js";
import { FloatBuilder, type PerType } from "./float-builder.js";

// (atan t - t) / t³ in t² on |t| <= tan π/8: minimax by test/ir/remez.py (atan32, atan64).
const tail: PerType<readonly number[]> = {
  f32: [-0.333329529, 0.199778274, -0.138786837, 0.0805622041],
  f64: [
    -0.33333333333333326, 0.1999999999999767, -0.14285714285388135, 0.11111111088185383, -0.090909081447927698,
    0.076922827644524711, -0.066662268402215216, 0.058770225815441897, -0.052184092376878391, 0.045035682831349337,
    -0.03347487442293938, 0.015195554215140791,
  ],
};
/** π/4 as a float and what is missing from it; twice these make π/2. */
const quarterPi: PerType<readonly [number, number]> = {
  f32: [0.7853981852531433, -2.1855695e-8],
  f64: [0.7853981633974483, 3.061616997868383e-17],
};

export function expandAtan(f: ExprFactory, x: Expr): Expr {
  const b = new FloatBuilder(f, x);
  const [high, low] = quarterPi[b.type];
  const a = b.abs(x);
  const isLarge = b.lt(Math.SQRT2 + 1, a);
  const isMiddle = b.lt(Math.SQRT2 - 1, a);
  const numerator = b.select(isLarge, -1, b.select(isMiddle, b.sub(a, 1), a));
  const denominator = b.select(isLarge, a, b.select(isMiddle, b.add(a, 1), 1));
  const t = f.div(numerator, denominator);
  const z = b.mul(t, t);
  const baseHigh = b.select(isLarge, 2 * high, b.select(isMiddle, high, 0));
  const baseLow = b.select(isLarge, 2 * low, b.select(isMiddle, low, 0));
  const angle = b.add(baseHigh, b.add(b.fma(b.mul(t, z), b.polynomial(z, tail[b.type]), baseLow), t));
  return b.withSignOf(angle, x);
}

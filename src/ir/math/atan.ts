// atan: a polynomial for |x| <= 1, and π/2 - atan(1/|x|) beyond.
import type { ExprFactory } from "../expr.js";
import type { Expr } from "../types.js";
import { FloatBuilder, type PerType } from "./float-builder.js";

// (atan t - t) / t³ in t² on |t| <= 1: minimax by test/ir/remez.py (atan32, atan64).
const tail: PerType<readonly number[]> = {
  f32: [
    -0.333331674, 0.199941471, -0.142142847, 0.106792219, -0.0758115053, 0.0435600244, -0.0165850297, 0.00297551998,
  ],
  f64: [
    -0.33333333333333093, 0.19999999999955437, -0.14285714282802262, 0.11111111013651641, -0.09090907119255015,
    0.076922811865442683, -0.066664149941978418, 0.058805925281065485, -0.052538054143620977, 0.047232928361105347,
    -0.042217163113002817, 0.036693493305275653, -0.029985510850699157, 0.022085071523041965, -0.013994909183609031,
    0.0072633025368638183, -0.0029193142273860389, 0.00084347523468954026, -0.0001547951302849682,
    1.3489098378160423e-5,
  ],
};
/** π/2 as a float and what is missing from it. */
const halfPi: PerType<readonly [number, number]> = {
  f32: [1.5707963705062866, -4.371139e-8],
  f64: [1.5707963267948966, 6.123233995736766e-17],
};

export function expandAtan(f: ExprFactory, x: Expr): Expr {
  const b = new FloatBuilder(f, x);
  const [high, low] = halfPi[b.type];
  const a = b.abs(x);
  const isLarge = b.lt(1, a);
  const t = f.div(b.select(isLarge, -1, a), b.select(isLarge, a, 1));
  const z = b.mul(t, t);
  const correction = b.fma(b.mul(t, z), b.polynomial(z, tail[b.type]), b.select(isLarge, low, 0));
  return b.withSignOf(b.add(b.select(isLarge, high, 0), b.add(correction, t)), x);
}

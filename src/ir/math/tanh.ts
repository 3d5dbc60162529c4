// tanh: a polynomial up to 0.55, and 1 - 2 / (e^(2|x|) + 1) beyond, where that is at least 1/2 and hardly cancels.
import type { ExprFactory } from "../expr.js";
import type { Expr } from "../types.js";
import { expOfSmall } from "./exp.js";
import { FloatBuilder, type PerType } from "./float-builder.js";

const border = 0.55;
// (tanh x - x) / x³ in x² on |x| <= border: minimax by test/ir/remez.py (tanh32, tanh64).
const tail: PerType<readonly number[]> = {
  f32: [-0.333333164, 0.133325413, -0.0538469702, 0.0210481305, -0.00624001632],
  f64: [
    -0.33333333333333331, 0.13333333333333067, -0.053968253968043459, 0.021869488527807561, -0.0088632353356427433,
    0.0035921251523928117, -0.0014558057410099657, 0.00058983233391170806, -0.00023821109341152924,
    9.3959271877559866e-5, -3.2954120526193596e-5, 7.4412876444185426e-6,
  ],
};

export function expandTanh(f: ExprFactory, x: Expr): Expr {
  const b = new FloatBuilder(f, x);
  const a = f.min(b.abs(x), b.num(20)); // from there on tanh rounds to 1 in both types
  const z = b.mul(a, a);
  const small = b.fma(b.mul(a, z), b.polynomial(z, tail[b.type]), a);
  const large = b.sub(b.num(1), f.div(b.num(2), b.add(expOfSmall(b, b.mul(a, 2)), 1)));
  return b.withSignOf(b.select(b.lt(border, a), large, small), x);
}

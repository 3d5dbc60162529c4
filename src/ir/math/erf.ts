// erf: x times a polynomial in x² near 0, and 1 - e^g(|x|) elsewhere, where g = log erfc is smooth.
import type { ExprFactory } from "../expr.js";
import type { Expr } from "../types.js";
import { expOfSmall } from "./exp.js";
import { FloatBuilder, type PerType } from "./float-builder.js";

// erf(x) / x - 1 in x² on |x| <= `border`: minimax by test/ir/remez.py (erfsmall32, erfsmall64).
const near: PerType<readonly number[]> = {
  f32: [0.128379151, -0.376124978, 0.112818271, -0.0267662331, 0.00499176653, -0.000598024228],
  f64: [
    0.12837916709551256, -0.37612638903183548, 0.11283791670945253, -0.026866170643276219, 0.0052239776074234677,
    -0.00085483259896967576, 0.00012055295320494294, -1.4924744663335489e-5, 1.6447517677871873e-6,
    -1.6209175911748696e-7, 1.3722976265924504e-8, -7.8011888740977512e-10,
  ],
};
// log erfc(a) on border <= a <= `saturation` (erflarge32, erflarge64).
const far: PerType<readonly number[]> = {
  f32: [-0.0001957567, -1.12767529, -0.637182772, -0.103931196, 0.0222267732, -0.00304319663, 0.000195937188],
  f64: [
    -4.6997346716316427e-7, -1.1283743961629615, -0.63664229952260898, -0.10270698838519232, 0.018996724380162255,
    0.00040178341007322848, -0.0019068786580914651, 0.00076344660946175156, -0.00013057019443138721,
    -2.2465974502856976e-5, 2.3673779905605211e-5, -8.9254774003151349e-6, 2.1963714079959659e-6, -3.841134856809551e-7,
    4.7832532465753168e-8, -4.0610630110876863e-9, 2.1152235988483596e-10, -5.1091923505683762e-12,
  ],
};
const border: PerType<number> = { f32: 0.93, f64: 1 };
/** From here on erf rounds to 1. */
const saturation: PerType<number> = { f32: 4, f64: 5.95 };

export function expandErf(f: ExprFactory, x: Expr): Expr {
  const b = new FloatBuilder(f, x);
  const a = f.min(b.abs(x), b.num(saturation[b.type]));
  const z = b.mul(a, a);
  const small = b.fma(a, b.polynomial(z, near[b.type]), a);
  const large = b.sub(b.num(1), expOfSmall(b, b.polynomial(a, far[b.type])));
  return b.withSignOf(b.select(b.lt(border[b.type], a), large, small), x);
}

// Elementary functions as plain, branch-free IR of any lane count, within the error bounds that test/ir/math.test.ts states.
import { InternalError } from "../../base/index.js";
import type { ExprFactory } from "../expr.js";
import type { Expr, UnaryOp } from "../types.js";
import { expandAtan } from "./atan.js";
import { expandErf } from "./erf.js";
import { expandExp, expandExpm1 } from "./exp.js";
import { expandLog, expandLog1p } from "./log.js";
import { expandPow as expandOrdinaryPow } from "./pow.js";
import { expandTanh } from "./tanh.js";
import { expandCos, expandSin, expandTan } from "./trig.js";

type Expander = (f: ExprFactory, x: Expr) => Expr;

const expanders: Partial<Record<UnaryOp, Expander>> = {
  exp: expandExp,
  log: expandLog,
  expm1: expandExpm1,
  log1p: expandLog1p,
  sin: expandSin,
  cos: expandCos,
  tan: expandTan,
  tanh: expandTanh,
  erf: expandErf,
  atan: expandAtan,
};

/** Unary operators that `expandUnary` spells out; targets have the others. */
export function isMathFunction(op: UnaryOp): boolean {
  return op in expanders;
}

/** The function `op` of a float expression. */
export function expandUnary(f: ExprFactory, op: UnaryOp, x: Expr): Expr {
  const expand = expanders[op];
  if (!expand || (x.type !== "f32" && x.type !== "f64")) throw new InternalError(`expandUnary: no ${op} of ${x.type}`);
  return x.kind === "const" ? f.unary(op, x) : expand(f, x);
}

/** a to the power of b, both of one float type. */
export function expandPow(f: ExprFactory, a: Expr, b: Expr): Expr {
  const lanes = Math.max(a.lanes, b.lanes);
  if (a.kind === "const" && b.kind === "const") return f.binary("pow", a, b);
  return expandOrdinaryPow(f, f.splat(a, lanes), f.splat(b, lanes));
}

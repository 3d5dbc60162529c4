import type { ExprFactory } from "../expr.js";
import type { Expr, UnaryOp } from "../types.js";
export function expandUnary(f: ExprFactory, op: UnaryOp, x: Expr): Expr {
  return f.unary(op, x);
}
export function expandPow(f: ExprFactory, a: Expr, b: Expr): Expr {
  return f.binary("pow", a, b);
}

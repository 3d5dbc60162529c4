// Small shapes of statements that the parts of the schedule share.
import type { Expr, ExprFactory, LoopHint, Stmt, Var } from "../../ir/index.js";

/** for (v = 0; v < to; v++). */
export function loop(f: ExprFactory, v: Var, to: Expr, body: Stmt[], hint?: LoopHint): Stmt {
  return { kind: "for", v, from: f.int(0), to, step: 1, body, ...(hint && { hint }) };
}

/** An `if`, or the side that is taken when the condition is known. */
export function branch(cond: Expr, then: Stmt[], other: Stmt[]): Stmt[] {
  if (cond.kind === "const") return cond.value ? then : other;
  return [{ kind: "if", cond, then, else: other }];
}

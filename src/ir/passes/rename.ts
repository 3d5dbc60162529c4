// Copies of statements with variables of their own: a kernel declares each variable once.
import type { ExprFactory } from "../expr.js";
import { mapStatements, visitStatements } from "../statements.js";
import type { Expr, Stmt, Var } from "../types.js";

/** A copy of `body` in which everything that it declares is a fresh variable. */
export function renameDeclared(f: ExprFactory, body: readonly Stmt[]): Stmt[] {
  const fresh = new Map<Expr, Expr>();
  visitStatements(body, (stmt) => {
    if (stmt.kind !== "let" && stmt.kind !== "for") return;
    const { name, type, lanes, mutable, min, max } = stmt.v;
    fresh.set(stmt.v, f.variable(name, type, { lanes, mutable, min, max }));
  });
  if (fresh.size === 0) return [...body];
  return mapStatements(
    body,
    (x) => f.substitute(x, fresh),
    (v) => (fresh.get(v) ?? v) as Var,
  );
}

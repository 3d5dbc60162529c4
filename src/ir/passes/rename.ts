// Copies of statements with variables of their own: a kernel declares each variable once.
import type { ExprFactory } from "../expr.js";
import type { Expr, Stmt, Var } from "../types.js";

/** A copy of `body` in which everything that it declares is a fresh variable. */
export function renameDeclared(f: ExprFactory, body: readonly Stmt[]): Stmt[] {
  const fresh = new Map<Expr, Expr>();
  forEachDeclared(body, (v) => {
    const { name, type, lanes, mutable, min, max } = v;
    fresh.set(v, f.variable(name, type, { lanes, mutable, min, max }));
  });
  return fresh.size === 0 ? [...body] : rename(f, body, fresh);
}

function forEachDeclared(body: readonly Stmt[], visit: (v: Var) => void): void {
  for (const stmt of body) {
    if (stmt.kind === "let" || stmt.kind === "for") visit(stmt.v);
    if (stmt.kind === "for" || stmt.kind === "while") forEachDeclared(stmt.body, visit);
    if (stmt.kind === "if") {
      forEachDeclared(stmt.then, visit);
      forEachDeclared(stmt.else, visit);
    }
  }
}

function rename(f: ExprFactory, body: readonly Stmt[], fresh: ReadonlyMap<Expr, Expr>): Stmt[] {
  const at = (x: Expr): Expr => f.substitute(x, fresh);
  const variable = (v: Var): Var => (fresh.get(v) ?? v) as Var;
  const inner = (stmts: readonly Stmt[]): Stmt[] => rename(f, stmts, fresh);
  return body.map((stmt): Stmt => {
    switch (stmt.kind) {
      case "let":
      case "assign":
        return { ...stmt, v: variable(stmt.v), value: at(stmt.value) };
      case "store":
        return { ...stmt, index: at(stmt.index), value: at(stmt.value), guard: stmt.guard && at(stmt.guard) };
      case "for":
        return { ...stmt, v: variable(stmt.v), from: at(stmt.from), to: at(stmt.to), body: inner(stmt.body) };
      case "if":
        return { ...stmt, cond: at(stmt.cond), then: inner(stmt.then), else: inner(stmt.else) };
      case "while":
        return { ...stmt, cond: at(stmt.cond), body: inner(stmt.body) };
    }
  });
}

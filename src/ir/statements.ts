// Walking statements: what each evaluates, and the blocks it holds.
import { children } from "./expr.js";
import type { Buffer, Expr, Stmt, Var } from "./types.js";

/** The blocks inside a statement. */
export function nestedBodies(stmt: Stmt): readonly (readonly Stmt[])[] {
  if (stmt.kind === "for" || stmt.kind === "while") return [stmt.body];
  return stmt.kind === "if" ? [stmt.then, stmt.else] : [];
}

/** The expressions a statement evaluates itself. */
export function expressionsOf(stmt: Stmt): Expr[] {
  switch (stmt.kind) {
    case "let":
    case "assign":
      return [stmt.value];
    case "store":
      return stmt.guard ? [stmt.index, stmt.value, stmt.guard] : [stmt.index, stmt.value];
    case "prefetch":
      return [stmt.index];
    case "for":
      return [stmt.from, stmt.to];
    case "if":
    case "while":
      return [stmt.cond];
  }
}

/** Calls `visit` for every statement, nested ones after the one that holds them. */
export function visitStatements(body: readonly Stmt[], visit: (stmt: Stmt) => void): void {
  for (const stmt of body) {
    visit(stmt);
    for (const nested of nestedBodies(stmt)) visitStatements(nested, visit);
  }
}

/** Visits expressions and what they are made of, each once in all calls: shared parts have many paths to them. */
export function visitOnce(visit: (x: Expr) => void): (x: Expr) => void {
  const seen = new Set<Expr>();
  const walk = (x: Expr): void => {
    if (seen.has(x)) return;
    seen.add(x);
    visit(x);
    for (const child of children(x)) walk(child);
  };
  return walk;
}

/** Calls `visit` for each distinct expression of `body`, nested statements included. */
export function visitExpressions(body: readonly Stmt[], visit: (x: Expr) => void): void {
  const walk = visitOnce(visit);
  visitStatements(body, (stmt) => {
    for (const x of expressionsOf(stmt)) walk(x);
  });
}

/** The same statements over mapped expressions (and variables). */
export function mapStatements(
  body: readonly Stmt[],
  map: (x: Expr) => Expr,
  variable: (v: Var) => Var = (v) => v,
): Stmt[] {
  const inner = (stmts: readonly Stmt[]): Stmt[] => stmts.map(one);
  const one = (stmt: Stmt): Stmt => {
    switch (stmt.kind) {
      case "let":
      case "assign":
        return { ...stmt, v: variable(stmt.v), value: map(stmt.value) };
      case "store":
        return { ...stmt, index: map(stmt.index), value: map(stmt.value), guard: stmt.guard && map(stmt.guard) };
      case "prefetch":
        return { ...stmt, index: map(stmt.index) };
      case "for":
        return { ...stmt, v: variable(stmt.v), from: map(stmt.from), to: map(stmt.to), body: inner(stmt.body) };
      case "if":
        return { ...stmt, cond: map(stmt.cond), then: inner(stmt.then), else: inner(stmt.else) };
      case "while":
        return { ...stmt, cond: map(stmt.cond), body: inner(stmt.body) };
    }
  };
  return inner(body);
}

/** The loads of an expression, as often as they are written: of finished kernels, whose shared parts are variables. */
export function visitLoads(x: Expr, visit: (buffer: Buffer, index: Expr) => void): void {
  if (x.kind === "load") visit(x.buffer, x.index);
  for (const child of children(x)) visitLoads(child, visit);
}

/** Visits the accesses that statements make, in order, as often as they are written; what `for` loops hold is `onLoop`'s. */
export function visitAccesses(
  body: readonly Stmt[],
  visit: (buffer: Buffer, index: Expr) => void,
  onLoop: (loop: Extract<Stmt, { kind: "for" }>) => void,
): void {
  for (const s of body) {
    if (s.kind === "for") {
      onLoop(s);
      continue;
    }
    if (s.kind === "store" || s.kind === "prefetch") visit(s.buffer, s.index);
    for (const x of expressionsOf(s)) visitLoads(x, visit);
    for (const nested of nestedBodies(s)) visitAccesses(nested, visit, onLoop);
  }
}

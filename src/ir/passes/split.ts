// Loops that have work up to a bound only: where from some iteration on nothing is added to a sum and constants are stored, as under
// a causal mask, that end becomes a loop of its own, which holds no more than those stores.
import type { ExprFactory } from "../expr.js";
import { visitExpressions } from "../statements.js";
import type { Expr, Stmt } from "../types.js";

type ForStmt = Extract<Stmt, { kind: "for" }>;

/** Fewer vectors than this are not worth a second loop. */
const MIN_VECTORS = 4;

/** `loop`, or the loops that do the same: whole vectors of `lanes` iterations with what is computed, then the rest. */
export function splitAtBound(f: ExprFactory, loop: ForStmt, lanes: number): readonly ForStmt[] {
  const trips = f.sub(loop.to, loop.from);
  const count = trips.kind === "const" ? Number(trips.value) : 0;
  if (count < MIN_VECTORS * lanes || count % lanes !== 0) return [loop];
  for (const condition of boundsIn(loop.body)) {
    const end = endOf(f, condition, loop.v);
    const rest = end && withoutWork(f, loop.body, condition);
    if (!end || !rest) continue;
    const vectors = f.div(f.add(f.max(f.int(0), f.sub(end, loop.from)), f.int(lanes - 1)), f.int(lanes));
    const at = f.add(loop.from, f.mul(f.min(vectors, f.int(count / lanes)), f.int(lanes)));
    const first: ForStmt = { ...loop, to: at };
    return rest.length === 0 ? [first] : [first, { ...loop, from: at, body: rest }];
  }
  return [loop];
}

/** The comparisons that choose between values. */
function boundsIn(body: readonly Stmt[]): ReadonlySet<Expr> {
  const found = new Set<Expr>();
  visitExpressions(body, (x) => {
    if (x.kind === "select" && x.cond.kind === "binary" && (x.cond.op === "le" || x.cond.op === "lt"))
      found.add(x.cond);
  });
  return found;
}

/** The iteration from which on `condition` is false, while it holds before; null if there is none. */
function endOf(f: ExprFactory, condition: Expr, v: Expr): Expr | null {
  if (condition.kind !== "binary" || condition.a.type !== "i32") return null;
  const left = f.sub(condition.b, condition.a);
  const atZero = f.substitute(left, new Map([[v, f.int(0)]]));
  if (left !== f.sub(atZero, v)) return null;
  return condition.op === "le" ? f.add(atZero, f.int(1)) : atZero;
}

/** What is left of the statements where `condition` is false: stores of constants. Null if there is more. */
function withoutWork(f: ExprFactory, body: readonly Stmt[], condition: Expr): Stmt[] | null {
  const rest: Stmt[] = [];
  for (const stmt of body) {
    if (stmt.kind === "prefetch") rest.push(stmt);
    else if (stmt.kind === "store" && !stmt.guard) {
      const value = f.substitute(stmt.value, new Map([[condition, f.bool(false)]]));
      if (value.kind !== "const") return null;
      rest.push({ ...stmt, value });
    } else if (stmt.kind !== "assign" || !addsNothing(f, stmt, condition)) return null;
  }
  return rest;
}

const neutral: Partial<Record<string, number>> = { add: 0, max: -Infinity, min: Infinity, mul: 1 };

function addsNothing(f: ExprFactory, { v, value }: Extract<Stmt, { kind: "assign" }>, condition: Expr): boolean {
  if (value.kind !== "binary" || (value.a !== v && value.b !== v)) return false;
  const term = f.substitute(value.a === v ? value.b : value.a, new Map([[condition, f.bool(false)]]));
  return term.kind === "const" && term.value === neutral[value.op];
}

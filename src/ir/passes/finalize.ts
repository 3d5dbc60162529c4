// From the kernel as lowered to the kernel as targets take it: vectors, then elementary functions spelled out, then lets.
import { children, type ExprFactory } from "../expr.js";
import { expandPow, expandUnary } from "../math/index.js";
import type { TargetInfo } from "../target.js";
import type { Buffer, Expr, Kernel, Stmt, UnaryOp, Var } from "../types.js";
import { placeExpressions } from "./place.js";
import { visitExpressions, vectorize } from "./vectorize.js";

const native: ReadonlySet<UnaryOp> = new Set(["neg", "abs", "sqrt", "floor", "ceil", "trunc", "nearest", "not"]);

export interface KernelDraft {
  readonly name: string;
  readonly tiles: number;
  readonly tile: Var;
  readonly body: readonly Stmt[];
  readonly flops: number;
  readonly bytes: number;
}

export function finalizeKernel(f: ExprFactory, draft: KernelDraft, info: TargetInfo): Kernel {
  const vectors = vectorize(f, draft.body, { lanes: (bytes) => info.lanes(bytes), maxUnroll: 4 });
  const expanded = mapExpressions(vectors, mathExpander(f));
  const body = placeExpressions(f, expanded, draft.tile);
  return { ...draft, body, buffers: buffersOf(body) };
}

/** The buffers that loads and stores of `body` name, in order of appearance. */
export function buffersOf(body: readonly Stmt[]): Buffer[] {
  const buffers = new Set<Buffer>();
  const stores = (stmts: readonly Stmt[]): void => {
    for (const stmt of stmts) {
      if (stmt.kind === "store") buffers.add(stmt.buffer);
      if (stmt.kind === "for" || stmt.kind === "while") stores(stmt.body);
      if (stmt.kind === "if") {
        stores(stmt.then);
        stores(stmt.else);
      }
    }
  };
  visitExpressions(body, (x) => {
    if (x.kind === "load") buffers.add(x.buffer);
  });
  stores(body);
  return [...buffers];
}

function mathExpander(f: ExprFactory): (x: Expr) => Expr {
  const done = new Map<Expr, Expr>();
  const expand = (x: Expr): Expr => {
    const known = done.get(x);
    if (known) return known;
    const inner = children(x).length === 0 ? x : f.rebuildPlain(x, expand);
    let result = inner;
    if (inner.kind === "unary" && !native.has(inner.op)) result = expandUnary(f, inner.op, inner.x);
    if (inner.kind === "binary" && inner.op === "pow") result = expandPow(f, inner.a, inner.b);
    done.set(x, result);
    return result;
  };
  return expand;
}

function mapExpressions(body: readonly Stmt[], map: (x: Expr) => Expr): Stmt[] {
  return body.map((stmt): Stmt => {
    switch (stmt.kind) {
      case "let":
      case "assign":
        return { ...stmt, value: map(stmt.value) };
      case "store":
        return { ...stmt, index: map(stmt.index), value: map(stmt.value), guard: stmt.guard && map(stmt.guard) };
      case "for":
        return { ...stmt, from: map(stmt.from), to: map(stmt.to), body: mapExpressions(stmt.body, map) };
      case "if":
        return { ...stmt, cond: map(stmt.cond), then: mapExpressions(stmt.then, map), else: mapExpressions(stmt.else, map) };
      case "while":
        return { ...stmt, cond: map(stmt.cond), body: mapExpressions(stmt.body, map) };
    }
  });
}

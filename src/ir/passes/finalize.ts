// From the kernel as lowered to the kernel as targets take it: halves by their bits, then vectors, then elementary functions spelled out, then lets.
import { children, type ExprFactory } from "../expr.js";
import { expandPow, expandUnary } from "../math/index.js";
import { mapStatements, visitExpressions, visitStatements } from "../statements.js";
import type { TargetInfo } from "../target.js";
import type { Buffer, Expr, Kernel, Stmt, UnaryOp, Var } from "../types.js";
import { spellHalves } from "./halves.js";
import { placeExpressions } from "./place.js";
import { vectorize } from "./vectorize.js";

const native: ReadonlySet<UnaryOp> = new Set([
  ...(["neg", "abs", "sqrt", "floor", "ceil", "trunc", "nearest", "not"] as const),
  ...(["fromHalf", "toHalf"] as const),
]);

export interface KernelDraft {
  readonly name: string;
  readonly tiles: number;
  readonly tile: Var;
  readonly body: readonly Stmt[];
  readonly flops: number;
  readonly bytes: number;
}

/** Values that the computation of an elementary function keeps at a time. */
const REGISTERS_OF_CHAIN = 8;

export function finalizeKernel(f: ExprFactory, draft: KernelDraft, info: TargetInfo): Kernel {
  const { masks } = info;
  const plain = spellHalves(f, draft.body, info.halves);
  const expand = mathExpander(f);
  const chains = Math.max(2, Math.floor(info.vectorRegisters / REGISTERS_OF_CHAIN));
  const vectors = vectorize(f, plain, { lanes: (bytes) => info.lanes(bytes), maxUnroll: 4, masks, expand, chains });
  const expanded = mapStatements(vectors, expand);
  const body = placeExpressions(f, expanded, draft.tile);
  return { ...draft, body, buffers: buffersOf(body) };
}

/** The buffers that loads and stores of `body` name. */
export function buffersOf(body: readonly Stmt[]): Buffer[] {
  const buffers = new Set<Buffer>();
  visitExpressions(body, (x) => {
    if (x.kind === "load") buffers.add(x.buffer);
  });
  visitStatements(body, (stmt) => {
    if (stmt.kind === "store" || stmt.kind === "prefetch") buffers.add(stmt.buffer);
  });
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

// Loads of every second element, by lanes: which of a block lie so close that two vectors hold the elements of all.
import type { ExprFactory } from "../expr.js";
import { expressionsOf, visitOnce } from "../statements.js";
import type { Expr, Stmt } from "../types.js";

type Load = Extract<Expr, { kind: "load" }>;

/** Loads that share two vectors. */
export interface Cluster {
  /** The load that comes first in memory. */
  readonly first: Load;
  /** How far the last one is from there. */
  readonly reach: number;
}

/** Where a load is in its cluster. */
export interface Member {
  readonly cluster: Cluster;
  readonly offset: number;
}

/** Loads that run whenever the block does. */
function certainLoads(body: readonly Stmt[], visit: (x: Load) => void): void {
  const walk = visitOnce((x) => {
    if (x.kind === "load" && x.guard === null) visit(x);
  });
  const statements = (stmts: readonly Stmt[]): void => {
    for (const stmt of stmts) {
      for (const x of expressionsOf(stmt)) walk(x);
      if (stmt.kind !== "for") continue;
      const { from, to } = stmt;
      if (from.kind === "const" && to.kind === "const" && to.value > from.value) statements(stmt.body);
    }
  };
  statements(body);
}

/** Divides loads among clusters that reach no farther than `reach`. `isEven` says which loads are meant. */
export function clustersOf(
  f: ExprFactory,
  body: readonly Stmt[],
  reach: number,
  isEven: (x: Load) => boolean,
): ReadonlyMap<Expr, Member> {
  /** Loads of one buffer a constant apart, with the distance from the first of them. */
  const rows: { readonly base: Load; readonly loads: { readonly x: Load; readonly at: number }[] }[] = [];
  certainLoads(body, (x) => {
    if (!isEven(x)) return;
    for (const { base, loads } of rows) {
      const at = base.buffer === x.buffer && base.type === x.type ? f.sub(x.index, base.index) : null;
      if (at?.kind !== "const") continue;
      loads.push({ x, at: Number(at.value) });
      return;
    }
    rows.push({ base: x, loads: [{ x, at: 0 }] });
  });
  const members = new Map<Expr, Member>();
  for (const { loads } of rows) {
    loads.sort((a, b) => a.at - b.at);
    for (let begin = 0, end = 0; begin < loads.length; begin = end) {
      const { x: first, at: start } = loads[begin] as (typeof loads)[number];
      while (end < loads.length && (loads[end] as (typeof loads)[number]).at - start <= reach) end++;
      const cluster = { first, reach: (loads[end - 1] as (typeof loads)[number]).at - start };
      for (const { x, at } of loads.slice(begin, end)) members.set(x, { cluster, offset: at - start });
    }
  }
  return members;
}

// Turns the expression DAG into trees: what is used more than once, or does not change in a loop, becomes a `let` in the
// outermost block where its operands are known. Index sums are spelled out so that their invariant parts hoist.
import { children, type ExprFactory } from "../expr.js";
import { expressionsOf, nestedBodies } from "../statements.js";
import type { Buffer, Expr, Linear, Stmt, Var } from "../types.js";

/** A list of statements being rebuilt. */
interface Block {
  readonly depth: number;
  readonly out: Stmt[];
  readonly parent: Block | null;
  /** Runs at least once whenever its parent runs: loads may leave it. */
  readonly certain: boolean;
  readonly isLoop: boolean;
  readonly lets: Map<Expr, Var>;
}

/** Rewrites a kernel body. Stores to a buffer pin its loads to their statement. */
export function placeExpressions(f: ExprFactory, body: readonly Stmt[], tile: Var): Stmt[] {
  return new Placer(f, tile, body).run();
}

class Placer {
  readonly #depths = new Map<Expr, number>();
  readonly #written = new Set<Buffer>();
  readonly #uses = new Map<Expr, number>();
  readonly #pinned = new Map<Expr, boolean>();
  readonly #spelled = new Map<Expr, Expr>();
  readonly #top: Block = { depth: 0, out: [], parent: null, certain: true, isLoop: false, lets: new Map() };

  constructor(
    private readonly f: ExprFactory,
    tile: Var,
    private readonly body: readonly Stmt[],
  ) {
    this.#depths.set(tile, 0);
  }

  run(): Stmt[] {
    this.#survey(this.body, 0);
    this.#tally(this.body);
    for (const stmt of this.body) this.#statement(stmt, this.#top);
    return this.#top.out;
  }

  /** Notes each variable's block depth and which buffers are written. */
  #survey(body: readonly Stmt[], depth: number): void {
    for (const stmt of body) {
      if (stmt.kind === "let") this.#depths.set(stmt.v, depth);
      if (stmt.kind === "for") this.#depths.set(stmt.v, depth + 1);
      if (stmt.kind === "store") this.#written.add(stmt.buffer);
      for (const nested of nestedBodies(stmt)) this.#survey(nested, depth + 1);
    }
  }

  /** Counts uses: a pure expression's over the kernel, a pinned one's not at all (see `#statement`). */
  #tally(body: readonly Stmt[]): void {
    for (const stmt of body) {
      this.#count(this.#rootsOf(stmt), this.#uses);
      for (const nested of nestedBodies(stmt)) this.#tally(nested);
    }
  }

  #rootsOf(stmt: Stmt): Expr[] {
    return expressionsOf(stmt).map((x) => this.#spell(x));
  }

  #count(roots: readonly Expr[], counts: Map<Expr, number>): void {
    const pinnedHere = new Set<Expr>();
    const visit = (x: Expr): void => {
      const n = counts.get(x) ?? 0;
      counts.set(x, n + 1);
      const again = this.#isPinned(x) ? pinnedHere.has(x) : n > 0;
      if (again) return;
      if (this.#isPinned(x)) pinnedHere.add(x);
      for (const child of children(x)) visit(child);
    };
    roots.forEach(visit);
  }

  #isPinned(x: Expr): boolean {
    if (x.kind === "var") return x.mutable;
    const known = this.#pinned.get(x);
    if (known !== undefined) return known;
    const result = (x.kind === "load" && this.#written.has(x.buffer)) || children(x).some((c) => this.#isPinned(c));
    this.#pinned.set(x, result);
    return result;
  }

  #nested(body: readonly Stmt[], parent: Block, certain: boolean, isLoop = true): Stmt[] {
    const block: Block = { depth: parent.depth + 1, out: [], parent, certain, isLoop, lets: new Map() };
    for (const stmt of body) this.#statement(stmt, block);
    return block.out;
  }

  #statement(stmt: Stmt, block: Block): void {
    if (stmt.kind === "while") {
      // Evaluated anew each time round, so nothing of the condition may be bound outside, invariants included.
      const cond = this.#spell(stmt.cond);
      block.out.push({ kind: "while", cond, body: this.#nested(stmt.body, block, false) });
      return;
    }
    const roots = this.#rootsOf(stmt);
    const local = new Map<Expr, number>();
    this.#count(roots, local);
    const shared = new Map<Expr, Var>();
    const placed = roots.map((x) => this.#place(x, block, local, shared));
    const [first, second] = placed as [Expr, Expr];
    switch (stmt.kind) {
      case "let":
      case "assign":
        block.out.push({ ...stmt, value: first });
        return;
      case "store":
        block.out.push({ ...stmt, index: first, value: second, guard: placed[2] ?? null });
        return;
      case "prefetch":
        block.out.push({ ...stmt, index: first });
        return;
      case "for": {
        const runs = this.f.lt(stmt.from, stmt.to);
        if (runs.kind === "const" && !runs.value) return;
        const body = this.#nested(stmt.body, block, runs.kind === "const");
        block.out.push({ kind: "for", v: stmt.v, from: first, to: second, step: stmt.step, body });
        return;
      }
      case "if":
        block.out.push({
          kind: "if",
          cond: first,
          then: this.#nested(stmt.then, block, false, false),
          else: this.#nested(stmt.else, block, false, false),
        });
    }
  }

  #place(x: Expr, block: Block, local: Map<Expr, number>, shared: Map<Expr, Var>): Expr {
    if (x.kind === "const" || x.kind === "var") return x;
    const known = lookup(x, block) ?? shared.get(x);
    if (known) return known;
    const pinned = this.#isPinned(x);
    const home = pinned ? block : this.#homeOf(x, block);
    const hoisted = home.depth < block.depth && !isOffset(x);
    const target = hoisted ? home : block;
    const value = this.f.rebuildPlain(x, (child) => this.#place(child, target, local, shared));
    const uses = (pinned ? local.get(x) : this.#uses.get(x)) ?? 0;
    if (!hoisted && (uses < 2 || isOffset(x) || x.kind === "param")) return value;
    const v = this.f.variable("t", x.type, { lanes: x.lanes, min: x.min, max: x.max });
    target.out.push({ kind: "let", v, value });
    if (pinned) shared.set(x, v);
    else target.lets.set(x, v);
    return v;
  }

  /** The outermost block on the way from `block` to the top in which `x` can be computed. */
  #homeOf(x: Expr, block: Block): Block {
    const depth = this.#depth(x);
    const stays = containsLoad(x);
    let home = block;
    // A load may leave a block only if it runs anyway: an index outside a loop's range may be out of bounds.
    let best = block;
    while (home.parent && home.depth > depth && (home.certain || !stays)) {
      // Leaving a loop saves work; leaving a branch only would do it in vain where the branch is not taken.
      if (home.isLoop) best = home.parent;
      home = home.parent;
    }
    return best;
  }

  #depth(x: Expr): number {
    const known = this.#depths.get(x);
    if (known !== undefined) return known;
    let depth = 0;
    for (const child of children(x)) depth = Math.max(depth, this.#depth(child));
    this.#depths.set(x, depth);
    return depth;
  }

  /** Replaces index sums by additions, outer variables first, so that prefixes of the sum are invariant in inner loops. */
  #spell(x: Expr): Expr {
    const known = this.#spelled.get(x);
    if (known) return known;
    const made = x.kind === "linear" ? this.#spellSum(x) : this.f.rebuildPlain(x, (c) => this.#spell(c));
    this.#spelled.set(x, made);
    return made;
  }

  #spellSum(x: Linear): Expr {
    const { f } = this;
    const parts = x.terms.map((term, i) => ({ term: this.#spell(term), c: x.coefficients[i] as number }));
    parts.sort((p, q) => this.#depth(p.term) - this.#depth(q.term));
    let sum: Expr | null = null;
    for (const { term, c } of parts) {
      const scaled = c === 1 ? term : f.plain("mul", term, f.int(c));
      sum = sum ? f.plain("add", sum, scaled) : scaled;
    }
    if (!sum) return f.int(x.constant);
    return x.constant === 0 ? sum : f.plain("add", sum, f.int(x.constant)); // last: it becomes the load's offset
  }
}

function lookup(x: Expr, block: Block): Var | undefined {
  for (let b: Block | null = block; b; b = b.parent) {
    const v = b.lets.get(x);
    if (v) return v;
  }
  return undefined;
}

const loadMemo = new WeakMap<Expr, boolean>();

function containsLoad(x: Expr): boolean {
  const known = loadMemo.get(x);
  if (known !== undefined) return known;
  const result = x.kind === "load" || children(x).some(containsLoad);
  loadMemo.set(x, result);
  return result;
}

/** A constant offset belongs to the load that uses it. */
function isOffset(x: Expr): boolean {
  return x.kind === "binary" && x.type === "i32" && x.lanes === 1 && x.op === "add" && x.b.kind === "const";
}

// Kernels whose accesses to some buffers go to other memory.
import type { Buffer, Expr, ExprFactory, Stmt, Var } from "../ir/index.js";

/** An element of a buffer. */
export interface Access {
  readonly buffer: Buffer;
  readonly index: Expr;
}

export interface Move {
  /** Where element `index` of a buffer lies: loads, stores and prefetches go there; null: where it was. */
  place(buffer: Buffer, index: Expr, lanes: number): Access | null;
  /** Statements that are left out. */
  isIdle?(stmt: Stmt): boolean;
  /** Variables with other names. */
  readonly names?: readonly (readonly [before: Var, name: Var])[];
}

export function moveAccesses(f: ExprFactory, body: readonly Stmt[], move: Move): Stmt[] {
  return new Mover(f, move).statements(body);
}

class Mover {
  readonly #done: Map<Expr, Expr>;

  constructor(
    private readonly f: ExprFactory,
    private readonly move: Move,
  ) {
    this.#done = new Map(move.names);
  }

  statements(body: readonly Stmt[]): Stmt[] {
    return body.flatMap((stmt) => (this.move.isIdle?.(stmt) ? [] : [this.#statement(stmt)]));
  }

  #statement(stmt: Stmt): Stmt {
    switch (stmt.kind) {
      case "store": {
        const { buffer, index } = this.#placeOf(stmt.buffer, stmt.index, stmt.value.lanes);
        return {
          ...stmt,
          buffer,
          index,
          value: this.#value(stmt.value),
          guard: stmt.guard && this.#value(stmt.guard),
        };
      }
      case "prefetch":
        return { ...stmt, ...this.#placeOf(stmt.buffer, stmt.index, 1) };
      case "let":
      case "assign":
        return { ...stmt, value: this.#value(stmt.value) };
      case "for": {
        const [from, to] = [this.#value(stmt.from), this.#value(stmt.to)];
        return { ...stmt, from, to, body: this.statements(stmt.body) };
      }
      case "while":
        return { ...stmt, cond: this.#value(stmt.cond), body: this.statements(stmt.body) };
      case "if":
        return {
          ...stmt,
          cond: this.#value(stmt.cond),
          then: this.statements(stmt.then),
          else: this.statements(stmt.else),
        };
    }
  }

  #placeOf(buffer: Buffer, before: Expr, lanes: number): Access {
    const index = this.#value(before);
    return this.move.place(buffer, index, lanes) ?? { buffer, index };
  }

  #value(x: Expr): Expr {
    const known = this.#done.get(x);
    if (known) return known;
    const made = this.#make(x);
    this.#done.set(x, made);
    return made;
  }

  #make(x: Expr): Expr {
    const { f } = this;
    const visit = (child: Expr): Expr => this.#value(child);
    // Indices are simplified anew, as a part of them may vanish.
    if (x.kind !== "load") return x.type === "i32" && x.lanes === 1 ? f.rebuild(x, visit) : f.rebuildPlain(x, visit);
    const { buffer, index } = this.#placeOf(x.buffer, x.index, x.lanes);
    const guard = x.guard && visit(x.guard);
    if (buffer === x.buffer && index === x.index && guard === x.guard) return x;
    // Loads that were apart stay so: a store may lie between them.
    return guard ? f.load(buffer, index, x.lanes, guard) : f.freshLoad(buffer, index, x.lanes);
  }
}

// Writes equal computations of several vectors in step: the first operation of each, then the second of each. Elementary
// functions are long chains in which each operation waits for the one before; a processor looks some hundred instructions
// ahead, which is two such chains if they follow one another.
import { children, type ExprFactory } from "../expr.js";
import type { Expr, Stmt } from "../types.js";

/** Operations from which on a computation is a chain worth it; shorter ones overlap by themselves. */
const LONG_CHAIN = 10;

export interface InStep {
  /** The operations, each in a variable. */
  readonly before: readonly Stmt[];
  readonly values: readonly Expr[];
}

/** Operations on vectors. The rest is read where it is used: loads and constants can be operands in memory. */
function isOperation(x: Expr): boolean {
  return x.lanes > 1 && x.kind !== "load" && children(x).some((child) => child.lanes > 1);
}

function isLong(root: Expr): boolean {
  const seen = new Set<Expr>();
  const visit = (x: Expr): void => {
    if (seen.has(x) || !isOperation(x)) return;
    seen.add(x);
    children(x).forEach(visit);
  };
  visit(root);
  return seen.size >= LONG_CHAIN;
}

const commutative: ReadonlySet<string> = new Set(["add", "mul", "min", "max", "and", "or", "xor", "eq", "ne"]);

/** Nodes that stand at one place of several computations, and what stands for them. */
interface Place {
  readonly nodes: readonly Expr[];
  readonly results: readonly Expr[];
}

class Different extends Error {}

/** The computations of one block of statements. */
export class Lockstep {
  /** By the node of the first computation. */
  #places = new Map<Expr, Place>();
  #before: Stmt[] = [];
  readonly #shapes = new Map<Expr, string>();
  /** Short names of shapes, by their description. */
  readonly #names = new Map<string, string>();

  /**
   * @param chains - most computations that are written in step.
   * @param isSteady - true for values that no statement of the block changes: later ones do not compute them again.
   */
  constructor(
    private readonly f: ExprFactory,
    private readonly chains: number,
    private readonly isSteady: (x: Expr) => boolean,
  ) {}

  /** The computations of a statement's `values`; unchanged where they are short or not equal. */
  inStep(values: readonly Expr[]): InStep {
    const before: Stmt[] = [];
    const out: Expr[] = [];
    for (let from = 0; from < values.length; from += this.chains) {
      const some = values.slice(from, from + this.chains);
      out.push(...(some.length > 1 && isLong(some[0] as Expr) ? this.#weave(some, before) : some));
    }
    return { before, values: out };
  }

  #weave(roots: readonly Expr[], before: Stmt[]): readonly Expr[] {
    const known = new Map(this.#places);
    this.#before = [];
    try {
      const values = this.#results(roots);
      before.push(...this.#before);
      for (const x of [...this.#places.keys()]) if (!this.isSteady(x)) this.#places.delete(x);
      return values;
    } catch (error) {
      if (!(error instanceof Different)) throw error;
      this.#places = known;
      return roots;
    }
  }

  /** What stands for the nodes at one place of all computations. */
  #results(nodes: readonly Expr[]): readonly Expr[] {
    const [first] = nodes as [Expr];
    if (!nodes.every((x) => this.#shape(x) === this.#shape(first))) throw new Different();
    if (!isOperation(first) || nodes.every((x) => x === first)) return nodes;
    const known = this.#places.get(first);
    if (known?.nodes.every((x, u) => x === nodes[u])) return known.results;
    if (known) throw new Different();
    const operands = nodes.map((x) => this.#operands(x));
    const parts = (operands[0] as Expr[]).map((_, i) => this.#results(operands.map((own) => own[i] as Expr)));
    const results = nodes.map((x, u) => {
      const own = operands[u] as Expr[];
      const made = this.f.rebuildPlain(x, (child) => (parts[own.indexOf(child)] as readonly Expr[])[u] as Expr);
      return this.#isKept(x) ? this.#declare(made) : made;
    });
    this.#places.set(first, { nodes, results });
    return results;
  }

  /** Masks stay where they are used, as there are few registers for them; a running sum is computed in place. */
  #isKept(x: Expr): boolean {
    return x.type !== "bool" && !children(x).some((child) => child.kind === "var" && child.mutable);
  }

  #declare(value: Expr): Expr {
    const v = this.f.variable("s", value.type, { lanes: value.lanes });
    this.#before.push({ kind: "let", v, value });
    return v;
  }

  /** Operands in an order that does not depend on when they were made. */
  #operands(x: Expr): Expr[] {
    const parts = [...children(x)];
    if (x.kind !== "binary" || !commutative.has(x.op)) return parts;
    return parts.sort((a, b) => (this.#shape(a) < this.#shape(b) ? -1 : 1));
  }

  /** Equal for computations that differ in the places they load from and the variables they read. */
  #shape(x: Expr): string {
    const known = this.#shapes.get(x);
    if (known !== undefined) return known;
    const text = this.#describe(x);
    const shape = this.#names.get(text) ?? `#${this.#names.size}`;
    this.#names.set(text, shape);
    this.#shapes.set(x, shape);
    return shape;
  }

  #describe(x: Expr): string {
    const type = `${x.type}${x.lanes}`;
    if (x.kind === "const") return `${type} ${Object.is(x.value, -0) ? "-0" : x.value}`;
    if (x.kind === "load") return `${type} load ${x.buffer.id}`;
    if (!isOperation(x)) return `${type} ${x.kind}`;
    const op = x.kind === "unary" || x.kind === "binary" ? x.op : x.kind;
    const pattern = x.kind === "shuffle" ? x.pattern : "";
    return `${type} ${op} ${pattern} ${this.#operands(x).map((part) => this.#shape(part))}`;
  }
}

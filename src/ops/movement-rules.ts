// How movements are defined: an index map that serves the compiler (on expressions) and the reference (on numbers).
import type { DType, Shape } from "../base/index.js";
import { type Attrs, hashText, type Node, type PointwisePrimitive, type Vjp } from "../graph/index.js";
import { type Expr, type ExprFactory, scalarOf } from "../ir/index.js";
import { gatherArray } from "./define.js";

/** Integer arithmetic on indices: numbers for the reference, IR expressions for the compiler. */
export interface IndexAlgebra<I> {
  int(value: number): I;
  add(a: I, b: I): I;
  mul(a: I, b: I): I;
  div(a: I, b: I): I;
  rem(a: I, b: I): I;
}

/** Where an output element comes from. Outside `within` the value is the movement's fill. */
export interface Source<I> {
  readonly index: readonly I[];
  /** Pairs `[i, n]`: the element exists only if 0 ≤ i < n. */
  readonly within?: readonly (readonly [I, number])[];
  /** The element exists only if these are all 0. */
  readonly zero?: readonly I[];
}

export interface MovementRules {
  readonly shape: (input: Shape, attrs: Attrs) => Shape;
  readonly source: <I>(math: IndexAlgebra<I>, index: readonly I[], node: Node) => Source<I>;
  readonly vjp: Vjp;
  /** Value of elements that come from nowhere; default 0. */
  readonly fill?: (node: Node) => number;
}

const numbers: IndexAlgebra<number> = {
  int: (value) => value,
  add: (a, b) => a + b,
  mul: (a, b) => a * b,
  div: (a, b) => Math.trunc(a / b),
  rem: (a, b) => a % b,
};

const movements = new WeakSet<object>();

/** True for primitives whose result's elements are all elements of the only input, or a fill value. */
export function isMovement(primitive: object): boolean {
  return movements.has(primitive);
}

export function defineMovement(name: string, rules: MovementRules): PointwisePrimitive {
  const primitive: PointwisePrimitive = {
    kind: "pointwise",
    name,
    hash: hashText(name),
    cost: 0,
    isElementwise: false,
    saves: { inputs: [], output: false },
    vjp: rules.vjp,
    infer: ([x], attrs) => ({ shape: rules.shape((x as Node).shape, attrs), dtype: (x as Node).dtype }),
    lower: ({ f, input }, index, node) => {
      const { index: at, within = [], zero = [] } = rules.source<Expr>(f, index, node);
      const guard = guardOf(f, within, zero);
      if (guard.kind === "const" && guard.value) return input(0, at);
      const fill = f.const(scalarOf(node.dtype), rules.fill?.(node) ?? 0);
      return f.select(guard, input(0, at, guard), fill);
    },
    reference: (node, [x]) => {
      const from = x as { shape: Shape; dtype: DType; data: never };
      return gatherArray(
        node.shape,
        from,
        (out) => {
          const { index, within = [], zero = [] } = rules.source(numbers, out, node);
          const exists = within.every(([i, n]) => i >= 0 && i < n) && zero.every((i) => i === 0);
          return exists ? index : null;
        },
        rules.fill?.(node) ?? 0,
      );
    },
  };
  movements.add(primitive);
  return primitive;
}

function guardOf(f: ExprFactory, within: NonNullable<Source<Expr>["within"]>, zero: readonly Expr[]): Expr {
  let guard: Expr = f.bool(true);
  for (const [i, n] of within) guard = f.and(guard, f.and(f.le(f.int(0), i), f.lt(i, f.int(n))));
  for (const i of zero) guard = f.and(guard, f.eq(i, f.int(0)));
  return guard;
}

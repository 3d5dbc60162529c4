// In which order operands are evaluated: the one that needs more registers first, so that fewer results wait.
import { children, type Expr } from "../../../ir/index.js";
import type { KernelContext } from "./context.js";

const needs = new WeakMap<Expr, number>();

/** Registers an expression takes while it is evaluated, roughly (Sethi and Ullman's numbers). */
function need(x: Expr): number {
  const known = needs.get(x);
  if (known !== undefined) return known;
  const below = children(x)
    .map(need)
    .sort((p, q) => q - p);
  const result = below.reduce((most, n, i) => Math.max(most, n + i), x.kind === "var" || x.kind === "const" ? 0 : 1);
  needs.set(x, result);
  return result;
}

/** Evaluates two operands in the better order; results in the order given. */
export function inOrder<A, B>(a: readonly [Expr, () => A], b: readonly [Expr, () => B]): [A, B] {
  if (need(b[0]) > need(a[0])) {
    const second = b[1]();
    return [a[1](), second];
  }
  const first = a[1]();
  return [first, b[1]()];
}

/** A register and the operand of an instruction that takes memory last. */
export function registerAndOperand<T>(context: KernelContext, a: Expr, b: Expr, operand: (x: Expr) => T) {
  return inOrder([a, () => context.value(a)], [b, () => operand(b)]);
}

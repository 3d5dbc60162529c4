// "Any" and "all" over a bool vector's lanes. The IR spells them out as a tree of scalars that pairs the halves; found again here,
// the whole mask is looked at.
import type { Binary, Expr } from "../../../ir/index.js";
import { imm, type Reg } from "../asm/operands.js";
import { logicOf } from "./condition.js";
import type { KernelContext } from "./context.js";
import { maskToBits } from "./mask.js";

/** The value of a bool scalar that combines all lanes of one vector; null if it does not. */
export function emitReduction(context: KernelContext, x: Binary): Reg | null {
  const op = x.a.type === "bool" ? logicOf(x.op) : null;
  if (op !== "and" && op !== "or") return null;
  const vector = reducedVector(x);
  if (!vector) return null;
  const bits = maskToBits(context, context.mask(vector, 32), 4, vector.lanes);
  const all = imm(2 ** vector.lanes - 1);
  context.emit("and", 32, bits, all);
  if (op === "and") context.emit("cmp", 32, bits, all);
  return context.gp("movzxb", 32, context.gp(op === "and" ? "sete" : "setne", 8));
}

/** The vector whose lanes `x` combines, halves first. */
function reducedVector(x: Binary): Expr | null {
  let leaf: Expr = x;
  let depth = 0;
  while (leaf.kind === "binary" && leaf.op === x.op) {
    leaf = leaf.a;
    depth++;
  }
  if (leaf.kind !== "extract" || leaf.x.lanes !== 2 ** depth) return null;
  const vector = leaf.x;
  /** True if `node` combines the lanes `first`, `first` + `apart`, first + 2·apart … */
  const matches = (node: Expr, first: number, apart: number): boolean => {
    if (apart === vector.lanes) return node.kind === "extract" && node.x === vector && node.lane === first;
    if (node.kind !== "binary" || node.op !== x.op) return false;
    const [near, far] = [first, first + apart];
    return (
      (matches(node.a, near, apart * 2) && matches(node.b, far, apart * 2)) ||
      (matches(node.a, far, apart * 2) && matches(node.b, near, apart * 2))
    );
  };
  return matches(x, 0, 1) ? vector : null;
}

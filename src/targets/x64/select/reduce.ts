// Sums (and products, extremes) over a vector's lanes. The IR spells them out as a tree of scalars that pairs the halves; found
// again here, the halves are combined as vectors, in the same order.
import type { Binary, BinaryOp, Expr } from "../../../ir/index.js";
import type { Mnemonic } from "../asm/instructions.js";
import type { Reg } from "../asm/operands.js";
import type { KernelContext } from "./context.js";
import { extremeOf } from "./float.js";
import { extractLane, extractPart } from "./lanes.js";
import { elementBytes, isFloat, packed, vectorSize } from "./shape.js";

/** The value of a scalar that combines all lanes of one vector; null if it does not. */
export function emitReduction(context: KernelContext, x: Binary): Reg | null {
  if (x.type === "bool" || x.a.type !== x.type) return null;
  const vector = reducedVector(x);
  if (!vector) return null;
  const combine = combiner(context, x.op, vector);
  if (!combine) return null;
  const bytes = elementBytes(x.type);
  let value = context.pin(context.value(vector));
  for (let lanes = vector.lanes / 2; lanes >= 1; lanes /= 2) {
    const size = vectorSize(x.type, lanes * 2);
    const high =
      lanes * bytes >= 8
        ? extractPart(context, value, size, lanes * bytes, lanes * bytes)
        : context.vec("vpermilps", 128, value, { kind: "imm", value: 1 });
    value = combine(lanes, value, high);
  }
  return isFloat(x.type) ? value : extractLane(context, value, x.type, 1, 0);
}

/** The vector whose lanes 0, 1, … `x` combines, halves first. */
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

type Combine = (lanes: number, a: Reg, b: Reg) => Reg;

function combiner(context: KernelContext, op: BinaryOp, { type }: Expr): Combine | null {
  const simple =
    (name: Mnemonic): Combine =>
    (lanes, a, b) =>
      context.vec(name, vectorSize(type, lanes), a, b);
  const wide = elementBytes(type) === 8;
  const suffix = wide ? "q" : "d";
  const form = packed(elementBytes(type));
  switch (op) {
    case "add":
      return simple(isFloat(type) ? `vadd${form}` : `vpadd${suffix}`);
    case "mul":
      if (isFloat(type)) return simple(`vmul${form}`);
      return wide && !context.avx512 ? null : simple(wide ? "vpmullq" : "vpmulld");
    case "min":
    case "max":
      if (isFloat(type)) return (lanes, a, b) => extremeOf(context, op, { type, lanes: Math.max(2, lanes) }, a, b);
      return wide && !context.avx512 ? null : simple(`vp${op}s${suffix}`);
    case "and":
    case "or":
    case "xor":
      return simple(`v${op}${form}`);
    default:
      return null;
  }
}

// cond ? a : b, without a branch unless one condition decides for a whole vector.
import type { Expr, Select } from "../../../ir/index.js";
import type { Mem, Reg } from "../asm/operands.js";
import type { KernelContext } from "./context.js";
import { emitIntegerSelect } from "./integer.js";
import { blend, compare, keep } from "./mask.js";
import { operand, wholeOperand } from "./operand.js";
import { inOrder } from "./order.js";
import { elementBytes, floatSuffix, isFloat, isZero, vectorSize } from "./shape.js";

/** Selections of numbers and of bool scalars. */
export function emitSelect(context: KernelContext, x: Select): Reg {
  if (x.lanes > 1) return x.cond.kind === "splat" ? emitBranch(context, x, x.cond.x) : emitVectorSelect(context, x);
  if (!isFloat(x.type)) return emitIntegerSelect(context, x.cond, x.a, x.b);
  const [a, b] = inOrder([x.a, () => context.pin(context.value(x.a))], [x.b, () => context.value(x.b)]);
  return blend(context, scalarMask(context, x.cond, elementBytes(x.type)), elementBytes(x.type), 128, a, b);
}

/** A bool scalar as a mask of lane 0. */
function scalarMask(context: KernelContext, cond: Expr, bytes: 4 | 8): Reg {
  if (cond.kind === "binary" && isFloat(cond.a.type) && elementBytes(cond.a.type) === bytes) {
    const { a, b, op } = cond;
    return compare(context, op, { type: a.type, lanes: 16 / bytes }, context.value(a), context.value(b));
  }
  const bool = context.value(cond);
  if (context.avx512) {
    const mask = context.f.mask();
    context.emit("kmovw", 64, mask, bool);
    return mask;
  }
  const all = context.own(bool);
  context.emit("neg", 64, all);
  return context.vec("vmovq", 128, all);
}

/** Only the side that is chosen is computed. */
function emitBranch(context: KernelContext, x: Select, cond: Expr): Reg {
  const { f } = context;
  const [other, end] = [f.label(), f.label()];
  const to = f.vec();
  context.jumpIf(cond, false, other);
  context.inScope(() => f.copy(to, context.value(x.a)));
  f.jump(end);
  f.bind(other);
  context.inScope(() => f.copy(to, context.value(x.b)));
  f.bind(end);
  return to;
}

/**
 * `y <= 0 ? 0 : y` of floats, which is what ReLU becomes, as one instruction: the maximum that gives its second operand where one is
 * NaN. Null for other selections.
 */
function emitPositivePart(context: KernelContext, { cond, a, b, type, lanes }: Select): Reg | null {
  if (!isFloat(type) || cond.kind !== "binary" || cond.op !== "le") return null;
  if (cond.a !== b || !isZero(cond.b) || !isZero(a)) return null;
  return context.vec(
    `vmax${floatSuffix(type, lanes)}`,
    vectorSize(type, lanes),
    context.zeroVector(),
    operand(context, b),
  );
}

function emitVectorSelect(context: KernelContext, x: Select): Reg {
  const positivePart = emitPositivePart(context, x);
  if (positivePart) return positivePart;
  const bytes = elementBytes(x.type);
  const size = vectorSize(x.type, x.lanes);
  const mask = () => context.mask(x.cond, bytes === 8 ? 64 : 32);
  if (isZero(x.a) || isZero(x.b)) {
    const side = isZero(x.b) ? x.a : x.b;
    const [value, zeroed] = inOrder([side, () => wholeOperand(context, side)], [x.cond, mask]);
    return keep(context, zeroed, bytes, size, value, side === x.b);
  }
  const b = context.value(x.b);
  const [a, chosen] = inOrder<Reg | Mem, Reg>([x.a, () => wholeOperand(context, x.a)], [x.cond, mask]);
  return blend(context, chosen, bytes, size, a, b);
}

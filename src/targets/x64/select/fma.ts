// Multiply-adds: which of the three forms (the operand that is overwritten) saves moves, and which operand comes from memory.
import type { Expr, Fma } from "../../../ir/index.js";
import type { Mem, Reg } from "../asm/operands.js";
import type { KernelContext } from "./context.js";
import { inMemory, operand } from "./operand.js";
import { floatSuffix, vectorSize } from "./shape.js";

/** The operand that goes to memory: factors before the addend, which is mostly a running sum. At most one can. */
function memorySide(context: KernelContext, x: Fma): "a" | "b" | "c" | null {
  for (const side of ["b", "a", "c"] as const) if (inMemory(context, x[side])) return side;
  return null;
}

/** a * b + c in a new register, or in that of an operand that is not needed any more. */
export function emitFma(context: KernelContext, x: Fma): Reg {
  const { a, b, c } = operands(context, x);
  if (c.kind === "mem") {
    // One operand at most is in memory.
    if (b.kind === "reg" && context.isTemporary(b)) return apply(context, x, "213", b, a as Reg, c);
    return apply(context, x, "213", context.own(a as Reg), b as Reg, c);
  }
  if (context.isTemporary(c)) return multiplyInto(context, x, c, a, b);
  if (a.kind === "reg" && context.isTemporary(a)) return multiplyAway(context, x, a, b, c);
  if (b.kind === "reg" && context.isTemporary(b)) return multiplyAway(context, x, b, a, c);
  return multiplyInto(context, x, context.own(c), a, b);
}

/** v = a * b + c where `v` is one of the operands; null if it is none. */
export function emitFmaAssign(context: KernelContext, x: Fma, v: Expr, to: Reg): Reg | null {
  if (x.c !== v && x.a !== v && x.b !== v) return null;
  const { a, b, c } = operands(context, x);
  if (x.c === v) return x.a === v || x.b === v ? null : multiplyInto(context, x, to, a, b);
  const other = x.a === v ? b : a;
  if (c.kind === "mem") return apply(context, x, "213", to, other as Reg, c); // one operand at most is in memory
  return multiplyAway(context, x, to, other, c);
}

function operands(context: KernelContext, x: Fma) {
  const side = memorySide(context, x);
  const get = (which: "a" | "b" | "c"): Reg | Mem =>
    which === side ? operand(context, x[which]) : context.value(x[which]);
  // The sum first: it is the longest way to the result, and may be overwritten.
  const c = get("c");
  const a = get("a");
  return { a, b: get("b"), c };
}

/** sum += a * b */
function multiplyInto(context: KernelContext, x: Fma, sum: Reg, a: Reg | Mem, b: Reg | Mem): Reg {
  return a.kind === "mem" ? apply(context, x, "231", sum, b as Reg, a) : apply(context, x, "231", sum, a, b);
}

/** a = a * b + c */
function multiplyAway(context: KernelContext, x: Fma, a: Reg, b: Reg | Mem, c: Reg): Reg {
  return b.kind === "mem" ? apply(context, x, "132", a, c, b) : apply(context, x, "213", a, b, c);
}

/** 213: to = second * to + third; 231: to = second * third + to; 132: to = to * third + second. */
function apply(
  context: KernelContext,
  x: Fma,
  form: "132" | "213" | "231",
  to: Reg,
  second: Reg,
  third: Reg | Mem,
): Reg {
  context.emit(`vfmadd${form}${floatSuffix(x.type, x.lanes)}`, vectorSize(x.type, x.lanes), to, second, third);
  return to;
}

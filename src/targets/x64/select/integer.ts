// Integer and bool scalars, in general registers. Values of 32 bits have the upper half of their register zero.
import type { Binary, Expr, Linear, Unary } from "../../../ir/index.js";
import { imm, type Mem, mem, type Reg } from "../asm/operands.js";
import { emitBool, emitConditionalMove, logicOf } from "./condition.js";
import { type KernelContext, unsupported } from "./context.js";
import { emitDivision } from "./divide.js";
import { integerOperand } from "./operand.js";
import { registerAndOperand } from "./order.js";
import { gpSize, isInt32 } from "./shape.js";

export function integerConstant(context: KernelContext, value: number | bigint | boolean, size: 32 | 64): Reg {
  const number = Number(value);
  if (size === 32) return context.gp("mov", 32, imm(number));
  return isInt32(number) ? context.gp("mov", 64, imm(number)) : context.gp("mov", 64, imm(BigInt(value)));
}

export function emitIntegerUnary(context: KernelContext, x: Unary): Reg {
  if (x.type === "bool") return emitBool(context, x);
  const size = gpSize(x.type);
  switch (x.op) {
    case "neg":
    case "not": {
      const to = context.own(context.value(x.x));
      context.emit(x.op, size, to);
      return to;
    }
    case "abs": {
      const value = context.value(x.x);
      const to = context.f.copyOf(value);
      context.emit("neg", size, to);
      context.emit("cmovs", size, to, value); // the negated value is negative: it was not
      return to;
    }
    case "floor":
    case "ceil":
    case "trunc":
    case "nearest":
      return context.value(x.x);
    default:
      throw unsupported(`${x.op} of ${x.type}`);
  }
}

/** Binary operators of i32, i64 and bool, and comparisons of any type. */
export function emitIntegerBinary(context: KernelContext, x: Binary): Reg {
  if (x.type === "bool") {
    const logic = x.a.type === "bool" ? logicOf(x.op) : null;
    return logic ? twoOperands(context, x, logic) : emitBool(context, x);
  }
  switch (x.op) {
    case "add":
      return emitAdd(context, x);
    case "sub":
    case "and":
    case "or":
    case "xor":
      return twoOperands(context, x, x.op);
    case "mul":
      return emitMultiply(context, x);
    case "shl":
    case "shr":
    case "shru":
      return emitShift(context, x, x.op);
    case "min":
    case "max":
      return emitExtreme(context, x, x.op);
    case "mulhu":
      return emitMultiplyHigh(context, x);
    case "div":
    case "rem":
      return emitDivision(context, x);
    default:
      throw unsupported(`${x.op} of ${x.type}`);
  }
}

function twoOperands(context: KernelContext, x: Binary, op: "add" | "sub" | "and" | "or" | "xor"): Reg {
  const [a, b] = registerAndOperand(context, x.a, x.b, (y) => integerOperand(context, y));
  const to = context.own(a);
  context.emit(op, gpSize(x.type), to, b);
  return to;
}

function emitAdd(context: KernelContext, x: Binary): Reg {
  const [first, second] = x.a.kind === "const" ? [x.b, x.a] : [x.a, x.b];
  const [a, b] = registerAndOperand(context, first, second, (y) => integerOperand(context, y));
  const size = gpSize(x.type);
  if (b.kind === "imm") return context.gp("lea", size, mem(a, Number(b.value)));
  if (b.kind === "reg" && !context.isTemporary(a)) return context.gp("lea", size, mem(a, 0, b));
  const to = context.own(a);
  context.emit("add", size, to, b);
  return to;
}

const scales: readonly number[] = [2, 4, 8];

function emitMultiply(context: KernelContext, x: Binary): Reg {
  const size = gpSize(x.type);
  const [first, second] = x.a.kind === "const" ? [x.b, x.a] : [x.a, x.b];
  const [a, b] = registerAndOperand(context, first, second, (y) => integerOperand(context, y));
  if (b.kind !== "imm") {
    const to = context.own(a);
    context.emit("imul", size, to, b);
    return to;
  }
  const factor = Number(b.value);
  if (scales.includes(factor)) return context.gp("lea", size, mem(null, 0, a, factor as Mem["scale"]));
  if (scales.includes(factor - 1)) return context.gp("lea", size, mem(a, 0, a, (factor - 1) as Mem["scale"]));
  const shift = Math.log2(factor);
  if (!Number.isInteger(shift)) return context.gp("imul", size, a, imm(factor));
  const to = context.own(a);
  context.emit("shl", size, to, imm(shift));
  return to;
}

function emitShift(context: KernelContext, x: Binary, op: "shl" | "shr" | "shru"): Reg {
  const size = gpSize(x.type);
  if (x.b.kind === "const") {
    const to = context.own(context.value(x.a));
    const amount = Number(BigInt.asUintN(size === 64 ? 6 : 5, BigInt(x.b.value)));
    context.emit(op === "shl" ? "shl" : op === "shr" ? "sar" : "shr", size, to, imm(amount));
    return to;
  }
  const [a, b] = registerAndOperand(context, x.a, x.b, (y) => context.value(y));
  return context.gp(op === "shl" ? "shlx" : op === "shr" ? "sarx" : "shrx", size, a, b);
}

function emitExtreme(context: KernelContext, x: Binary, op: "min" | "max"): Reg {
  const size = gpSize(x.type);
  const [a, b] = registerAndOperand(context, x.a, x.b, (y) => context.value(y));
  const to = context.own(a);
  context.emit("cmp", size, to, b);
  context.emit(op === "min" ? "cmovg" : "cmovl", size, to, b);
  return to;
}

/** Operands have zero upper halves, so their 64-bit product is the unsigned one. */
function emitMultiplyHigh(context: KernelContext, x: Binary): Reg {
  const [a, b] = registerAndOperand(context, x.a, x.b, (y) => context.value(y));
  const to = context.own(a);
  context.emit("imul", 64, to, b);
  context.emit("shr", 64, to, imm(32));
  return to;
}

/** An index sum, in 32 bits. */
export function emitLinear(context: KernelContext, x: Linear): Reg {
  const sum = integerConstant(context, x.constant, 32);
  x.terms.forEach((term, i) => {
    const coefficient = x.coefficients[i] as number;
    const value = context.value(term);
    if (coefficient === 1) context.emit("add", 32, sum, value);
    else context.emit("add", 32, sum, context.gp("imul", 32, value, imm(coefficient)));
  });
  return sum;
}

/** cond ? a : b without a branch. */
export function emitIntegerSelect(context: KernelContext, cond: Expr, a: Expr, b: Expr): Reg {
  const to = context.f.copyOf(context.value(b));
  const other = context.value(a);
  emitConditionalMove(context, cond, gpSize(a.type), to, other);
  return to;
}

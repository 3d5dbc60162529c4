// Bool scalars: as flags for jumps and conditional moves, or as 0 or 1 in a general register.
import type { Binary, BinaryOp, Expr } from "../../../ir/index.js";
import type { Label, Reg } from "../asm/operands.js";
import { type KernelContext, unsupported } from "./context.js";
import { integerOperand, operand } from "./operand.js";
import { gpSize, isFloat, isZero } from "./shape.js";

/** Suffix of the jump, set or move that is taken. */
type Flag = "e" | "ne" | "l" | "le" | "g" | "ge" | "a" | "ae" | "b" | "be";

const opposite: Readonly<Record<Flag, Flag>> = {
  e: "ne",
  ne: "e",
  l: "ge",
  ge: "l",
  le: "g",
  g: "le",
  a: "be",
  be: "a",
  b: "ae",
  ae: "b",
};

const signed: Partial<Record<BinaryOp, Flag>> = { eq: "e", ne: "ne", lt: "l", le: "le" };
const unsigned: Partial<Record<BinaryOp, Flag>> = { eq: "e", ne: "ne", lt: "b", le: "be" };

/** Sets the flags for a bool scalar and names the one that tells; not for equality of floats, which takes two. */
function emitFlags(context: KernelContext, x: Expr): Flag {
  if (x.kind === "unary") return opposite[emitFlags(context, x.x)];
  if (x.kind === "binary" && x.op in signed) {
    if (isFloat(x.a.type)) return emitFloatFlags(context, x);
    const flag = (x.a.type === "bool" ? unsigned : signed)[x.op] as Flag; // `x.op in signed`
    const a = context.value(x.a);
    if (isZero(x.b) && (flag === "e" || flag === "ne")) context.emit("test", gpSize(x.a.type), a, a);
    else context.emit("cmp", gpSize(x.a.type), a, integerOperand(context, x.b));
    return flag;
  }
  if (x.kind === "cast" && (x.x.type === "i32" || x.x.type === "i64")) {
    const value = context.value(x.x);
    context.emit("test", gpSize(x.x.type), value, value);
    return "ne";
  }
  const value = context.value(x);
  context.emit("test", 32, value, value);
  return "ne";
}

/** ucomis sets "above" only for ordered operands, so the comparison is turned round. */
function emitFloatFlags(context: KernelContext, x: Binary): Flag {
  const b = context.value(x.b);
  context.emit(x.a.type === "f64" ? "vucomisd" : "vucomiss", 128, b, operand(context, x.a));
  return x.op === "lt" ? "a" : "ae";
}

/** Equality of floats, or a cast that compares with 0: NaN needs a flag of its own. */
function isEquality(x: Expr): boolean {
  if (x.kind === "unary") return isEquality(x.x);
  if (x.kind === "cast") return isFloat(x.x.type);
  return x.kind === "binary" && (x.op === "eq" || x.op === "ne") && isFloat(x.a.type);
}

/** Compares for `isEquality`; operands are equal if "e" is set and "p" is not. */
function emitFloatEquality(context: KernelContext, x: Expr): { readonly equal: boolean } {
  if (x.kind === "unary") return { equal: !emitFloatEquality(context, x.x).equal };
  if (x.kind === "binary" && (x.op === "eq" || x.op === "ne")) {
    const a = context.value(x.a);
    context.emit(x.a.type === "f64" ? "vucomisd" : "vucomiss", 128, a, operand(context, x.b));
    return { equal: x.op === "eq" };
  }
  if (x.kind === "cast") {
    const value = context.value(x.x);
    context.emit(x.x.type === "f64" ? "vucomisd" : "vucomiss", 128, value, context.zeroVector());
    return { equal: false };
  }
  throw unsupported(`a condition of kind ${x.kind}`);
}

export function emitJumpIf(context: KernelContext, cond: Expr, when: boolean, to: Label): void {
  if (cond.kind === "const") {
    if (Boolean(cond.value) === when) context.f.jump(to);
    return;
  }
  if (cond.kind === "unary") return emitJumpIf(context, cond.x, !when, to);
  if (cond.kind === "binary" && (isAnd(cond) || isOr(cond))) return emitJumpLogic(context, cond, when, to);
  if (isEquality(cond)) return emitJumpEquality(context, cond, when, to);
  const flag = emitFlags(context, cond);
  context.emit(`j${when ? flag : opposite[flag]}`, 64, to);
}

function isAnd(x: Binary): boolean {
  return x.a.type === "bool" && (x.op === "and" || x.op === "mul" || x.op === "min");
}

function isOr(x: Binary): boolean {
  return x.a.type === "bool" && (x.op === "or" || x.op === "add" || x.op === "max");
}

/** One side decides alone: jumps out for the value that does, falls through to the other side else. */
function emitJumpLogic(context: KernelContext, x: Binary, when: boolean, to: Label): void {
  const deciding = isOr(x);
  if (deciding === when) {
    emitJumpIf(context, x.a, when, to);
    context.inScope(() => emitJumpIf(context, x.b, when, to));
    return;
  }
  const end = context.f.label();
  emitJumpIf(context, x.a, deciding, end);
  context.inScope(() => emitJumpIf(context, x.b, when, to));
  context.f.bind(end);
}

function emitJumpEquality(context: KernelContext, cond: Expr, when: boolean, to: Label): void {
  const { equal } = emitFloatEquality(context, cond);
  if (equal === when) {
    const end = context.f.label();
    context.emit("jp", 64, end);
    context.emit("je", 64, to);
    context.f.bind(end);
  } else {
    context.emit("jp", 64, to);
    context.emit("jne", 64, to);
  }
}

/** A bool scalar that is not a variable or load, as 0 or 1. */
export function emitBool(context: KernelContext, x: Expr): Reg {
  if (isEquality(x)) return emitEqualityBool(context, x);
  const byte = context.gp(`set${emitFlags(context, x)}`, 8);
  return context.gp("movzxb", 32, byte);
}

function emitEqualityBool(context: KernelContext, x: Expr): Reg {
  const { equal } = emitFloatEquality(context, x);
  const same = context.gp(equal ? "sete" : "setne", 8);
  const ordered = context.gp(equal ? "setnp" : "setp", 8);
  context.emit(equal ? "and" : "or", 8, same, ordered);
  return context.gp("movzxb", 32, same);
}

/** Logic on bools as numbers; null if `op` compares. */
export function logicOf(op: BinaryOp): "and" | "or" | "xor" | null {
  switch (op) {
    case "and":
    case "mul":
    case "min":
      return "and";
    case "or":
    case "add":
    case "max":
      return "or";
    case "xor":
    case "ne":
      return "xor";
    default:
      return null;
  }
}

/** Puts `from` in `to` where the bool scalar `cond` holds; both are general registers of `size` bits. */
export function emitConditionalMove(context: KernelContext, cond: Expr, size: 32 | 64, to: Reg, from: Reg): void {
  if (!isEquality(cond)) {
    context.emit(`cmov${emitFlags(context, cond)}`, size, to, from);
    return;
  }
  const value = emitBool(context, cond);
  context.emit("test", 32, value, value);
  context.emit("cmovne", size, to, from);
}

// Integer division: by 0 it gives 0, and the least number divided by -1 wraps.
import type { Binary } from "../../../ir/index.js";
import { imm, type Reg, rax } from "../asm/operands.js";
import type { KernelContext } from "./context.js";
import { isInt32 } from "./shape.js";

/** Quotient or remainder of scalars. */
export function emitDivision(context: KernelContext, x: Binary): Reg {
  const divisor = x.b.kind === "const" ? Number(x.b.value) : 0;
  if (x.type === "i32" && divisor > 0) return emitByConstant(context, x, divisor);
  const [a, b] = [context.value(x.a), context.value(x.b)];
  return divideScalars(context, x.op === "div" ? "div" : "rem", x.type === "i64" ? "i64" : "i32", a, b);
}

/** The same for values in registers. */
export function divideScalars(context: KernelContext, op: "div" | "rem", type: "i32" | "i64", a: Reg, b: Reg): Reg {
  context.pin(a);
  context.pin(b);
  const quotient = type === "i32" ? quotientOf32(context, a, b) : quotientOf64(context, a, b);
  if (op === "div") return quotient;
  // a - (a / b) * b, but 0 where b is: there the "quotient" is 0.
  const size = type === "i64" ? 64 : 32;
  context.emit("imul", size, quotient, b);
  const rest = context.f.copyOf(a);
  context.emit("sub", size, rest, quotient);
  context.emit("test", size, b, b);
  context.emit("cmove", size, rest, b);
  return rest;
}

/** The quotient of doubles, truncated, is exact for 32-bit numbers: no quotient lies so close below an integer. */
function quotientOf32(context: KernelContext, a: Reg, b: Reg): Reg {
  const [x, y] = [a, b].map((side) => context.vec("vcvtsi2sd", 32, context.zeroVector(), side)) as [Reg, Reg];
  const quotient = context.gp("vcvttsd2si", 32, context.vec("vdivsd", 128, x, y));
  context.emit("test", 32, b, b);
  context.emit("cmove", 32, quotient, b);
  return quotient;
}

function quotientOf64(context: KernelContext, a: Reg, b: Reg): Reg {
  const { f } = context;
  const [negates, end] = [f.label(), f.label()];
  const quotient = f.copyOf(b);
  // 0 and -1 are the numbers b for which b + 1 is 0 or 1, unsigned.
  const next = context.gp("lea", 64, { kind: "mem", base: b, index: null, scale: 1, disp: 1 });
  context.emit("cmp", 64, next, imm(1));
  context.emit("jbe", 64, negates);
  f.copy(rax, a);
  context.emit("cqo", 64);
  context.emit("idiv", 64, b);
  f.copy(quotient, rax);
  f.jump(end);
  f.bind(negates);
  context.emit("imul", 64, quotient, a); // 0 · a or -1 · a
  f.bind(end);
  return quotient;
}

/** By a positive constant: shifts for powers of two, else a multiplication by the reciprocal. */
function emitByConstant(context: KernelContext, x: Binary, divisor: number): Reg {
  const a = context.pin(context.value(x.a));
  const shift = Math.log2(divisor);
  if (Number.isInteger(shift) && x.a.min >= 0) {
    const to = context.f.copyOf(a);
    context.emit(x.op === "div" ? "shr" : "and", 32, to, imm(x.op === "div" ? shift : divisor - 1));
    return to;
  }
  const quotient = Number.isInteger(shift)
    ? shiftSigned(context, a, shift)
    : multiplyByReciprocal(context, x, a, divisor);
  if (x.op === "div") return quotient;
  const product = context.gp("imul", 32, quotient, imm(divisor));
  const rest = context.f.copyOf(a);
  context.emit("sub", 32, rest, product);
  return rest;
}

/** Adds divisor - 1 to negative numbers, so that the shift rounds towards 0. */
function shiftSigned(context: KernelContext, a: Reg, shift: number): Reg {
  if (shift === 0) return a;
  const to = context.f.copyOf(a);
  context.emit("sar", 32, to, imm(31));
  context.emit("shr", 32, to, imm(32 - shift));
  context.emit("add", 32, to, a);
  context.emit("sar", 32, to, imm(shift));
  return to;
}

/**
 * floor(a·m / 2^k) with m = ceil(2^k / d) is the quotient of non-negative a if a·(m·d - 2^k) < 2^k (Granlund & Montgomery,
 * "Division by invariant integers using multiplication", 1994): k = 31 + ceil(log2 d) does for all, smaller ones for small a.
 */
function multiplyByReciprocal(context: KernelContext, x: Binary, a: Reg, divisor: number): Reg {
  const most = BigInt(Number.isFinite(x.a.max) && x.a.min >= 0 ? x.a.max : 2 ** 31);
  const d = BigInt(divisor);
  let k = 31n + BigInt(Math.ceil(Math.log2(divisor)));
  const factor = (bits: bigint) => (2n ** bits + d - 1n) / d;
  const isExact = (bits: bigint) => most * (factor(bits) * d - 2n ** bits) < 2n ** bits;
  while (k > 1n && !isInt32(Number(factor(k))) && isExact(k - 1n)) k--;
  const m = factor(k);
  const signed = !(x.a.min >= 0);
  const wide = signed ? context.gp("movsxd", 64, a) : a;
  let product: Reg;
  if (isInt32(Number(m))) product = context.gp("imul", 64, wide, imm(Number(m)));
  else {
    product = context.gp("mov", 64, imm(m));
    context.emit("imul", 64, product, wide);
  }
  context.emit(signed ? "sar" : "shr", 64, product, imm(Number(k)));
  if (!signed) return product;
  // Rounded down so far: towards 0 is one more for negative numbers.
  const sign = context.gp("mov", 32, a);
  context.emit("shr", 32, sign, imm(31));
  context.emit("add", 32, product, sign);
  return product;
}

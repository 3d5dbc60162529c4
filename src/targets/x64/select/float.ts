// Float arithmetic on scalars and vectors.
import type { Binary, BinaryOp, Expr, Unary } from "../../../ir/index.js";
import type { Mnemonic } from "../asm/instructions.js";
import { imm, type Mem, type Reg } from "../asm/operands.js";
import { type KernelContext, unsupported } from "./context.js";
import { emitFloatRemainder } from "./fmod.js";
import { compare, type Form } from "./mask.js";
import { inMemory, operand } from "./operand.js";
import { registerAndOperand } from "./order.js";
import { elementBytes, floatSuffix, packed, vectorSize } from "./shape.js";

type Rounding = "floor" | "ceil" | "trunc" | "nearest";

/** Immediates of round instructions: the direction, and no exception for inexact results. */
const roundings: Readonly<Record<Rounding, number>> = { nearest: 8, floor: 9, ceil: 10, trunc: 11 };

export function emitFloatUnary(context: KernelContext, x: Unary): Reg {
  const size = vectorSize(x.type, x.lanes);
  const suffix = floatSuffix(x.type, x.lanes);
  switch (x.op) {
    case "neg":
      return context.vec(
        `vxor${packed(elementBytes(x.type))}`,
        size,
        context.value(x.x),
        bitsOperand(context, x, "sign"),
      );
    case "abs":
      return context.vec(
        `vand${packed(elementBytes(x.type))}`,
        size,
        context.value(x.x),
        bitsOperand(context, x, "magnitude"),
      );
    case "sqrt":
      if (x.lanes > 1) return context.vec(`vsqrt${suffix}`, size, operand(context, x.x));
      return mergedScalar(context, `vsqrt${suffix}`, context.value(x.x));
    case "floor":
    case "ceil":
    case "trunc":
    case "nearest": {
      const op = `v${context.avx512 ? "rndscale" : "round"}${suffix}` as const;
      if (x.lanes > 1) return context.vec(op, size, operand(context, x.x), imm(roundings[x.op]));
      return mergedScalar(context, op, context.value(x.x), imm(roundings[x.op]));
    }
    default:
      throw unsupported(`${x.op} of ${x.type}`);
  }
}

/** Scalar instructions with one operand take the other lanes from a register: the operand itself, so that nothing is waited for. */
function mergedScalar(context: KernelContext, op: Mnemonic, x: Reg, ...more: readonly ReturnType<typeof imm>[]): Reg {
  return context.vec(op, 128, x, x, ...more);
}

/** The sign bit, or all others, of each lane. */
function bitsOperand(context: KernelContext, x: Expr, which: "sign" | "magnitude"): Mem {
  const { pool } = context.f;
  const wide = elementBytes(x.type) === 8;
  const length = context.avx512 ? 1 : vectorSize(x.type, x.lanes) / 8 / (wide ? 8 : 4);
  const bits = which === "sign" ? -(2n ** (wide ? 63n : 31n)) : 2n ** (wide ? 63n : 31n) - 1n;
  const constant = pool.vector(wide ? new BigInt64Array(length).fill(bits) : new Int32Array(length).fill(Number(bits)));
  return context.avx512 ? { ...constant, broadcast: true } : constant;
}

const arithmetic: Partial<Record<BinaryOp, "vadd" | "vsub" | "vmul" | "vdiv">> = {
  add: "vadd",
  sub: "vsub",
  mul: "vmul",
  div: "vdiv",
};

export function emitFloatBinary(context: KernelContext, x: Binary): Reg {
  if (arithmetic[x.op]) return emitFloatArithmetic(context, x, context.f.vec());
  if (x.op === "min" || x.op === "max") return emitExtreme(context, x, x.op);
  if (x.op === "rem") return emitFloatRemainder(context, x);
  throw unsupported(`${x.op} of ${x.type}`);
}

/** True for operators that are one instruction, which may write the register of an operand. */
export function isFloatArithmetic({ op, type }: Binary): boolean {
  return op in arithmetic && (type === "f32" || type === "f64");
}

export function emitFloatArithmetic(context: KernelContext, x: Binary, to: Reg): Reg {
  const swaps = (x.op === "add" || x.op === "mul") && inMemory(context, x.a) && !inMemory(context, x.b);
  const [first, second] = swaps ? [x.b, x.a] : [x.a, x.b];
  const [a, b] = registerAndOperand(context, first, second, (y) => operand(context, y));
  const op = arithmetic[x.op] as "vadd"; // one of the four: `isFloatArithmetic`
  context.emit(`${op}${floatSuffix(x.type, x.lanes)}`, vectorSize(x.type, x.lanes), to, a, b);
  return to;
}

/**
 * Minimum or maximum with NaN from either side. The instruction gives its second operand if one is NaN: one that is no NaN
 * (a constant) goes first. Else a NaN of the first is put in by or-ing the all-ones lanes of a != a.
 */
function emitExtreme(context: KernelContext, x: Binary, name: "min" | "max"): Reg {
  const size = vectorSize(x.type, x.lanes);
  const op = `v${name}${floatSuffix(x.type, x.lanes)}` as const;
  const constant = [x.a, x.b].find((side) => side.kind === "const" && !Number.isNaN(Number(side.value)));
  if (constant) {
    const other = constant === x.a ? x.b : x.a;
    return context.vec(op, size, context.value(constant), operand(context, other));
  }
  const a = context.value(x.a);
  return extremeOf(context, name, x, a, context.value(x.b));
}

/** Minimum or maximum of registers. */
export function extremeOf(context: KernelContext, name: "min" | "max", { type, lanes }: Form, a: Reg, b: Reg): Reg {
  const size = vectorSize(type, lanes);
  const op = `v${name}${floatSuffix(type, lanes)}` as const;
  const suffix = packed(elementBytes(type));
  context.pin(a);
  if (name === "min") {
    // Either order of operands keeps one side's NaN; or-ing them keeps both, and the sign of -0. Equal results stay.
    const [ab, ba] = [context.vec(op, size, a, b), context.vec(op, size, b, a)];
    return context.vec(`vor${suffix}`, size, ab, ba);
  }
  const extreme = context.vec(op, size, a, b);
  if (!context.avx512) {
    return context.vec(`vor${suffix}`, size, extreme, context.vec(`vcmp${suffix}`, size, a, a, imm(3)));
  }
  const unordered = compare(context, "ne", { type, lanes: Math.max(2, lanes) }, a, a);
  context.f.emit(`vmovu${suffix}`, size, [extreme, a], { mask: unordered });
  return extreme;
}

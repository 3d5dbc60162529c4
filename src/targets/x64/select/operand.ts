// Expressions as operands of instructions: loads and constants straight from memory where an instruction can, else a register.
import type { Const, Expr, Load } from "../../../ir/index.js";
import { broadcast, type Imm, imm, type Mem, type Reg } from "../asm/operands.js";
import { addressOf } from "./address.js";
import { isNarrow } from "./bytes.js";
import { type KernelContext, unsupported } from "./context.js";
import { elementBytes, isInt32, isZero, vectorSize } from "./shape.js";

/** The second operand of an integer instruction. */
export function integerOperand(context: KernelContext, x: Expr): Reg | Mem | Imm {
  if (x.kind === "const" && isInt32(Number(x.value))) return imm(Number(x.value));
  if (x.type !== "bool" && isPlainLoad(x)) return addressOf(context, x.buffer, x.index);
  return context.value(x);
}

/** The last operand of a float or vector instruction: memory where `inMemory` says so, else a register. */
export function operand(context: KernelContext, x: Expr): Reg | Mem {
  return inMemory(context, x) ? memoryOperand(context, x) : context.value(x);
}

/** Like `operand`, for vector instructions that cannot spread one element over all lanes. */
export function wholeOperand(context: KernelContext, x: Expr): Reg | Mem {
  const isWhole = x.kind === "load" || (x.kind === "const" && !context.avx512);
  return isWhole && inMemory(context, x) ? memoryOperand(context, x) : context.value(x);
}

/** True if the last operand of a float or numeric vector instruction can be this expression without an instruction before. */
export function inMemory(context: KernelContext, x: Expr): boolean {
  switch (x.kind) {
    case "const":
      return !isZero(x);
    case "load":
      return isPlainLoad(x) && (x.lanes === 1 || x.lanes * elementBytes(x.type) >= 16);
    case "splat":
      return context.avx512 && isPlainLoad(x.x);
    case "bitcast":
      return inMemory(context, x.x) && (x.lanes > 1 || x.x.kind === "load");
    default:
      return false;
  }
}

function memoryOperand(context: KernelContext, x: Expr): Mem {
  switch (x.kind) {
    case "const":
      return constantOperand(context, x);
    case "load":
      return addressOf(context, x.buffer, x.index);
    case "splat":
      return broadcast(memoryOperand(context, x.x));
    case "bitcast":
      return memoryOperand(context, x.x);
    default:
      throw unsupported(`a memory operand of kind ${x.kind}`);
  }
}

/** A load whose elements need no conversion. */
export function isDirectLoad(x: Expr): x is Load {
  return x.kind === "load" && !isNarrow(x.buffer.dtype);
}

/** A load without a guard whose elements need no conversion. */
export function isPlainLoad(x: Expr): x is Load {
  return isDirectLoad(x) && x.guard === null;
}

/** A numeric constant in the constant pool, as an operand of its lanes. */
export function constantOperand(context: KernelContext, x: Const): Mem {
  const { pool } = context.f;
  if (x.lanes === 1 || context.avx512) {
    const one = pool.vector(constantArray(x, 1));
    return x.lanes === 1 ? one : broadcast(one);
  }
  return pool.vector(constantArray(x, vectorSize(x.type, x.lanes) / 8 / elementBytes(x.type)));
}

export function constantArray(
  { type, value }: Const,
  length: number,
): Float32Array | Float64Array | Int32Array | BigInt64Array {
  switch (type) {
    case "f32":
      return new Float32Array(length).fill(Number(value));
    case "f64":
      return new Float64Array(length).fill(Number(value));
    case "i64":
      return new BigInt64Array(length).fill(BigInt(value));
    default:
      return new Int32Array(length).fill(Number(value));
  }
}

// Any expression to a register.
import type { Binary, Bitcast, Const, Expr, Splat } from "../../../ir/index.js";
import { mem, type Reg } from "../asm/operands.js";
import { emitLoad } from "./access.js";
import { addressOf } from "./address.js";
import { castScalar, emitScalarBitcast, emitScalarCast, emitVectorCast } from "./cast.js";
import { emitBool } from "./condition.js";
import type { KernelContext } from "./context.js";
import { emitFloatBinary, emitFloatUnary } from "./float.js";
import { emitFma } from "./fma.js";
import { emitLanes } from "./gather.js";
import { emitFromHalf, emitToHalf } from "./half.js";
import { emitIntegerBinary, emitIntegerUnary, emitLinear, integerConstant } from "./integer.js";
import { emitIntsBinary, emitIntsUnary } from "./ints.js";
import { extractLane, splatScalar } from "./lanes.js";
import { extractBool } from "./mask.js";
import { maskBits } from "./mask-form.js";
import { constantArray, isPlainLoad } from "./operand.js";
import { emitReduction } from "./reduce.js";
import { emitSelect } from "./select.js";
import { elementBytes, gpSize, isFloat, isZero, vectorSize } from "./shape.js";
import { emitShuffle } from "./shuffle.js";

/** The value in a register, which belongs to the caller unless the context has pinned it. */
export function emitValue(context: KernelContext, x: Expr): Reg {
  if (x.kind === "var") return emitVariable(context, x);
  if (x.kind === "load") return emitLoad(context, x);
  if (x.type === "bool" && x.lanes > 1) return context.mask(x, maskBits(x.lanes));
  switch (x.kind) {
    case "const":
      return emitConstant(context, x);
    case "param":
      return castScalar(context, context.vec("vmovsd", 128, context.scalar(x.slot)), "f64", x.type);
    case "unary":
      if (x.op === "fromHalf") return emitFromHalf(context, x);
      if (x.op === "toHalf") return emitToHalf(context, x);
      if (isFloat(x.type)) return emitFloatUnary(context, x);
      return x.lanes > 1 ? emitIntsUnary(context, x) : emitIntegerUnary(context, x);
    case "binary":
      return emitBinary(context, x);
    case "select":
      return emitSelect(context, x);
    case "cast":
      if (x.lanes > 1) return emitVectorCast(context, x);
      return x.type === "bool" ? emitBool(context, x) : emitScalarCast(context, x);
    case "bitcast":
      return emitBitcast(context, x);
    case "fma":
      return emitFma(context, x);
    case "splat":
      return emitSplat(context, x);
    case "lanes":
      return emitLanes(context, x);
    case "shuffle":
      return emitShuffle(context, x);
    case "extract":
      if (x.type === "bool") return extractBool(context, x.x, x.lane);
      return extractLane(context, context.value(x.x), x.type, x.x.lanes, x.lane);
    case "linear":
      return emitLinear(context, x);
  }
}

function emitVariable(context: KernelContext, x: Extract<Expr, { kind: "var" }>): Reg {
  const known = context.constant(x);
  if (known !== undefined) return integerConstant(context, known, 32);
  const sum = context.sum(x);
  if (sum) return context.cached(`value of ${x.id}`, () => context.own(context.value(sum)));
  const offset = context.offset(x);
  return offset === 0 ? context.register(x) : context.gp("lea", 32, mem(context.register(x), offset));
}

function emitConstant(context: KernelContext, x: Const): Reg {
  if (x.lanes === 1 && !isFloat(x.type)) return integerConstant(context, x.value, gpSize(x.type));
  if (isZero(x)) return context.zeroVector();
  const one = context.f.pool.vector(constantArray(x, 1));
  if (x.lanes === 1) return context.vec(x.type === "f64" ? "vmovsd" : "vmovss", 128, one);
  const size = vectorSize(x.type, x.lanes);
  return context.constantVector(elementBytes(x.type) === 4 ? "vbroadcastss" : "vpbroadcastq", size, one);
}

function emitBinary(context: KernelContext, x: Binary): Reg {
  const reduced = x.lanes === 1 && x.type === "bool" ? emitReduction(context, x) : null;
  if (reduced) return reduced;
  if (isFloat(x.type)) return emitFloatBinary(context, x);
  return x.lanes > 1 ? emitIntsBinary(context, x) : emitIntegerBinary(context, x);
}

function emitBitcast(context: KernelContext, x: Bitcast): Reg {
  if (x.lanes > 1) return context.value(x.x);
  return emitScalarBitcast(context, x.x, x.type);
}

function emitSplat(context: KernelContext, x: Splat): Reg {
  if (!isPlainLoad(x.x)) return splatScalar(context, context.value(x.x), x.type, x.lanes);
  const size = vectorSize(x.type, x.lanes);
  const from = addressOf(context, x.x.buffer, x.x.index);
  if (elementBytes(x.type) === 4) return context.vec("vbroadcastss", size, from);
  return context.vec("vpbroadcastq", size, from);
}

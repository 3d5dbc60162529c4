// Bool vectors (see mask-form.ts): comparisons, logic, conversions to and from numbers.
import type { Binary, BinaryOp, Expr, Lanes, Scalar, Select } from "../../../ir/index.js";
import { imm, type Label, type Mem, type Reg } from "../asm/operands.js";
import { logicOf } from "./condition.js";
import { type KernelContext, unsupported } from "./context.js";
import { extractLane, extractPart, insertLanes } from "./lanes.js";
import { maskBits } from "./mask-form.js";
import { operand } from "./operand.js";
import { elementBytes, floatSuffix, isFloat, sizeOfLanes, vectorSize } from "./shape.js";
import { shuffleLanes } from "./shuffle.js";

type Bits = 32 | 64;

/** What a vector register holds. */
export interface Form {
  readonly type: Scalar;
  readonly lanes: number;
}

/** A bool vector as an opmask, or with lanes of `bits` bits. */
export function emitMask(context: KernelContext, x: Expr, bits: Bits): Reg {
  switch (x.kind) {
    case "const":
      return constantMask(context, Boolean(x.value), bits === 64 ? 8 * x.lanes : 4 * x.lanes);
    case "splat":
      return splatMask(context, context.value(x.x), sizeOfLanes(bits === 64 ? 8 : 4, x.lanes));
    case "unary":
      return invertMask(context, context.mask(x.x, bits));
    case "binary":
      if (x.a.type === "bool") return emitLogic(context, x, bits);
      return resizeMask(context, emitCompare(context, x), x.lanes, operandBits(x.a), bits);
    case "select":
      return emitMaskSelect(context, x, bits);
    case "cast":
      return resizeMask(context, emitIsNotZero(context, x.x), x.lanes, operandBits(x.x), bits);
    case "var":
    case "load":
      return resizeMask(context, context.value(x), x.lanes, maskBits(x.lanes), bits);
    case "lanes": {
      if (context.avx512 && x.elements.every((element) => element.kind === "const")) return constantLanes(context, x);
      const made = maskFromLanes(
        context,
        x.elements.map((element) => context.pin(context.value(element))),
      );
      return resizeMask(context, made, x.lanes, maskBits(x.lanes), bits);
    }
    case "shuffle": {
      const [a, b] = [
        maskToLanes(context, context.mask(x.a, 32), x.lanes),
        maskToLanes(context, context.mask(x.b, 32), x.lanes),
      ];
      return lanesToMask(context, shuffleLanes(context, a, b, 4, x.pattern), x.lanes, bits);
    }
    default:
      throw unsupported(`a bool vector ${x.kind}`);
  }
}

function operandBits(x: Expr): Bits {
  return elementBytes(x.type) === 8 ? 64 : 32;
}

/** Between lane widths; opmasks have none. */
export function resizeMask(context: KernelContext, mask: Reg, lanes: number, from: Bits, to: Bits): Reg {
  if (context.avx512 || from === to) return mask;
  if (to === 64) return context.vec("vpmovsxdq", sizeOfLanes(8, lanes), mask);
  return lowWords(context, mask, lanes);
}

/** The low 32 bits of each 64-bit lane (AVX2). */
export function lowWords(context: KernelContext, vector: Reg, lanes: number): Reg {
  const high = lanes > 2 ? extractPart(context, vector, 256, 16, 16) : vector;
  return context.vec("vshufps", 128, vector, high, imm(0b10001000));
}

function constantMask(context: KernelContext, value: boolean, bytes: number): Reg {
  if (context.avx512) {
    const to = context.f.mask();
    context.emit(value ? "kxnorw" : "kxorw", 64, to, to, to);
    return to;
  }
  return value ? allOnes(context, bytes > 16 ? 256 : 128) : context.zeroVector();
}

/** Known lanes as the bits of a number. */
function constantLanes(context: KernelContext, x: Lanes): Reg {
  const bits = x.elements.reduce((sum, element, i) => (isTrue(element) ? sum | (1 << i) : sum), 0);
  const to = context.f.mask();
  context.emit("kmovw", 64, to, context.gp("mov", 32, imm(bits)));
  return to;
}

function isTrue(x: Expr): boolean {
  return x.kind === "const" && Boolean(x.value);
}

function allOnes(context: KernelContext, size: 128 | 256): Reg {
  const to = context.f.vec();
  context.emit("vpcmpeqd", size, to, to, to);
  return to;
}

function splatMask(context: KernelContext, bool: Reg, size: 128 | 256 | 512): Reg {
  const all = context.f.copyOf(bool);
  context.emit("neg", 32, all);
  if (!context.avx512) return context.vec("vpbroadcastd", size, context.vec("vmovd", 128, all));
  const to = context.f.mask();
  context.emit("kmovw", 64, to, all);
  return to;
}

function invertMask(context: KernelContext, mask: Reg): Reg {
  if (!context.avx512) return context.vec("vxorps", 256, mask, allOnes(context, 256));
  const to = context.f.mask();
  context.emit("knotw", 64, to, mask);
  return to;
}

// ---- logic ------------------------------------------------------------------------------------------------------

const opmaskOps = { and: "kandw", or: "korw", xor: "kxorw", andn: "kandnw" } as const;
const vectorOps = { and: "vandps", or: "vorps", xor: "vxorps", andn: "vandnps" } as const;

/** `andn` is ~a & b. */
function combine(context: KernelContext, op: keyof typeof opmaskOps, a: Reg, b: Reg): Reg {
  if (!context.avx512) return context.vec(vectorOps[op], 256, a, b);
  const to = context.f.mask();
  context.emit(opmaskOps[op], 64, to, a, b);
  return to;
}

/** Bools are ordered false < true: a < b is ~a & b, and a <= b is ~a | b. */
function emitLogic(context: KernelContext, x: Binary, bits: Bits): Reg {
  const [a, b] = [context.mask(x.a, bits), context.mask(x.b, bits)];
  const plain = logicOf(x.op);
  if (plain) return combine(context, plain, a, b);
  switch (x.op) {
    case "lt":
      return combine(context, "andn", a, b);
    case "le":
      return combine(context, "or", invertMask(context, a), b);
    case "eq":
      return invertMask(context, combine(context, "xor", a, b));
    default:
      throw unsupported(`${x.op} of bool vectors`);
  }
}

function emitMaskSelect(context: KernelContext, x: Select, bits: Bits): Reg {
  const [cond, a, b] = [context.mask(x.cond, bits), context.mask(x.a, bits), context.mask(x.b, bits)];
  return combine(context, "or", combine(context, "and", cond, a), combine(context, "andn", cond, b));
}

// ---- comparisons ------------------------------------------------------------------------------------------------

/** Predicates of vcmpps (ordered, but "not equal", which NaN is) and of vpcmpd. */
const floatPredicates: Partial<Record<BinaryOp, number>> = { eq: 0, ne: 4, lt: 0x11, le: 0x12 };
const intPredicates: Partial<Record<BinaryOp, number>> = { eq: 0, lt: 1, le: 2, ne: 4 };

function emitCompare(context: KernelContext, x: Binary): Reg {
  const a = context.value(x.a);
  return compare(context, x.op, x.a, a, operand(context, x.b));
}

/** Compares vectors; the mask has lanes of their width. */
export function compare(context: KernelContext, op: BinaryOp, { type, lanes }: Form, a: Reg, b: Reg | Mem): Reg {
  const size = vectorSize(type, lanes);
  const to = context.avx512 ? context.f.mask() : context.f.vec();
  if (isFloat(type)) {
    context.emit(`vcmp${floatSuffix(type, 2)}`, size, to, a, b, imm(floatPredicates[op] as number)); // comparisons only
    return to;
  }
  if (context.avx512) {
    const name = type === "i64" ? "vpcmpq" : "vpcmpd";
    context.emit(name, size, to, a, b, imm(intPredicates[op] as number));
    return to;
  }
  return compareInts(context, op, type === "i64" ? "q" : "d", size, a, b);
}

/** AVX2 has "equal" and "greater" only. */
function compareInts(
  context: KernelContext,
  op: BinaryOp,
  suffix: "d" | "q",
  size: 128 | 256 | 512,
  a: Reg,
  b: Reg | Mem,
): Reg {
  switch (op) {
    case "eq":
      return context.vec(`vpcmpeq${suffix}`, size, a, b);
    case "ne":
      return invertMask(context, context.vec(`vpcmpeq${suffix}`, size, a, b));
    case "le":
      return invertMask(context, context.vec(`vpcmpgt${suffix}`, size, a, b));
    default:
      return context.vec(`vpcmpgt${suffix}`, size, b.kind === "reg" ? b : context.vec("vmovups", size, b), a);
  }
}

function emitIsNotZero(context: KernelContext, x: Expr): Reg {
  return compare(context, "ne", x, context.value(x), context.zeroVector());
}

// ---- conversions ------------------------------------------------------------------------------------------------

/** A natural mask from scalars 0 or 1. */
export function maskFromLanes(context: KernelContext, elements: readonly Reg[]): Reg {
  const lanes = elements.length;
  if (!context.avx512) {
    return lanesToMask(context, insertLanes(context, "i32", elements), lanes, maskBits(lanes));
  }
  // Lane by lane from the last: bits = 2 bits + lane.
  let bits = elements[lanes - 1] as Reg;
  for (let lane = lanes - 2; lane >= 0; lane--) {
    bits = context.gp("lea", 32, { kind: "mem", base: elements[lane] as Reg, index: bits, scale: 2, disp: 0 });
  }
  const to = context.f.mask();
  context.emit("kmovw", 64, to, bits);
  return to;
}

/** i32 lanes, 0 where not set, as a mask; on AVX2 the other lanes are 1 or all ones. */
function lanesToMask(context: KernelContext, vector: Reg, lanes: number, bits: Bits): Reg {
  const size = sizeOfLanes(4, lanes);
  if (context.avx512) {
    const to = context.f.mask();
    context.emit("vptestmd", size, to, vector, vector);
    return to;
  }
  const set = invertMask(context, context.vec("vpcmpeqd", size, vector, context.zeroVector()));
  return resizeMask(context, set, lanes, 32, bits);
}

/** A mask (with lanes of 32 bits) as i32 lanes of all ones or all zeros. */
function maskToLanes(context: KernelContext, mask: Reg, lanes: number): Reg {
  return context.avx512 ? context.vec("vpmovm2d", sizeOfLanes(4, lanes), mask) : mask;
}

/** One lane as a scalar. */
export function extractBool(context: KernelContext, x: Expr, lane: number): Reg {
  const { lanes } = x;
  if (!context.avx512) {
    const value = extractLane(context, context.mask(x, 32), "i32", lanes, lane);
    context.emit("and", 32, value, imm(1));
    return value;
  }
  const bits = context.gp("kmovw", 64, context.mask(x, 32));
  if (lane > 0) context.emit("shr", 32, bits, imm(lane));
  context.emit("and", 32, bits, imm(1));
  return bits;
}

// ---- choosing by a mask -----------------------------------------------------------------------------------------

/** mask ? a : b for vectors of `bytes` bytes a lane. */
export function blend(
  context: KernelContext,
  mask: Reg,
  bytes: 4 | 8,
  size: 128 | 256 | 512,
  a: Reg | Mem,
  b: Reg,
): Reg {
  const suffix = bytes === 8 ? "pd" : "ps";
  if (!context.avx512) return context.vec(`vblendv${suffix}`, size, b, a, mask);
  if (context.isTemporary(b)) {
    context.f.emit(`vmovu${suffix}`, size, [b, a], { mask });
    return b;
  }
  const to = context.f.vec();
  context.f.emit(`vblendm${suffix}`, size, [to, b, a], { mask });
  return to;
}

/** mask ? a : 0, or with `inverted` mask ? 0 : a. */
export function keep(
  context: KernelContext,
  mask: Reg,
  bytes: 4 | 8,
  size: 128 | 256 | 512,
  a: Reg | Mem,
  inverted = false,
): Reg {
  const suffix = bytes === 8 ? "pd" : "ps";
  if (!context.avx512) return context.vec(inverted ? `vandn${suffix}` : `vand${suffix}`, size, mask, a);
  if (inverted) {
    const to = a.kind === "reg" && context.isTemporary(a) ? a : context.vec(`vmovu${suffix}`, size, a);
    context.f.emit(`vxor${suffix}`, size, [to, to, to], { mask });
    return to;
  }
  const to = context.f.vec();
  context.f.emit(`vmovu${suffix}`, size, [to, a], { mask, zeroing: true });
  return to;
}

/** The lanes of a mask as bits of a general register; only as many as there are lanes mean something. */
export function maskToBits(context: KernelContext, mask: Reg, bytes: 4 | 8, lanes: number): Reg {
  if (context.avx512) return context.gp("kmovw", 64, mask);
  return context.gp(bytes === 8 ? "vmovmskpd" : "vmovmskps", sizeOfLanes(bytes, lanes), mask);
}

/** Jumps if no lane of a mask holds; lanes have `bytes` bytes. */
export function jumpIfNone(context: KernelContext, mask: Reg, bytes: 4 | 8, lanes: number, to: Label): void {
  context.emit("test", 32, maskToBits(context, mask, bytes, lanes), imm(2 ** lanes - 1));
  context.emit("je", 64, to);
}

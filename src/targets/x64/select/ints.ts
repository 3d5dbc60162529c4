// Vectors of integers.
import type { Binary, Expr, Unary } from "../../../ir/index.js";
import type { Mnemonic } from "../asm/instructions.js";
import { imm, type Mem, type Reg } from "../asm/operands.js";
import { type KernelContext, unsupported } from "./context.js";
import { divideScalars } from "./divide.js";
import { extractPart, joinParts, laneByLane } from "./lanes.js";
import { blend, compare, keep } from "./mask.js";
import { constantArray, inMemory, operand } from "./operand.js";
import { inOrder, registerAndOperand } from "./order.js";
import { elementBytes, packed, sizeOfLanes, type VectorSize, vectorSize } from "./shape.js";

export function emitIntsUnary(context: KernelContext, x: Unary): Reg {
  const size = vectorSize(x.type, x.lanes);
  const suffix = x.type === "i64" ? "q" : "d";
  switch (x.op) {
    case "neg":
      return context.vec(`vpsub${suffix}`, size, context.zeroVector(), operand(context, x.x));
    case "abs":
      if (suffix === "d" || context.avx512) return context.vec(`vpabs${suffix}`, size, context.value(x.x));
      return abs64(context, context.value(x.x), size);
    case "not":
      return context.vec("vxorps", size, allOnes(context, size), operand(context, x.x));
    case "floor":
    case "ceil":
    case "trunc":
    case "nearest":
      return context.value(x.x);
    default:
      throw unsupported(`${x.op} of ${x.type} vectors`);
  }
}

function allOnes(context: KernelContext, size: VectorSize): Reg {
  const ones = context.f.vec();
  if (context.avx512) context.emit("vpternlogd", size, ones, ones, ones, imm(255));
  else context.emit("vpcmpeqd", size, ones, ones, ones);
  return ones;
}

/** (x ^ s) - s with s = x >> 63 */
function abs64(context: KernelContext, x: Reg, size: VectorSize): Reg {
  const sign = context.vec("vpcmpgtq", size, context.zeroVector(), x);
  return context.vec("vpsubq", size, context.vec("vxorps", size, x, sign), sign);
}

/** Binary operators of integer vectors. */
export function emitIntsBinary(context: KernelContext, x: Binary): Reg {
  const suffix = x.type === "i64" ? "q" : "d";
  switch (x.op) {
    case "add":
      return commutative(context, x, `vpadd${suffix}`);
    case "sub":
      return simple(context, x, `vpsub${suffix}`, x.a, x.b);
    case "and":
    case "or":
    case "xor":
      return commutative(context, x, `v${x.op}${packed(elementBytes(x.type))}`);
    case "mul":
      if (suffix === "d") return commutative(context, x, "vpmulld");
      return context.avx512 ? commutative(context, x, "vpmullq") : multiply64(context, x);
    case "min":
    case "max":
      if (suffix === "d" || context.avx512) return commutative(context, x, `vp${x.op}s${suffix}`);
      return extreme64(context, x);
    case "shl":
    case "shr":
    case "shru":
      return emitShift(context, x);
    case "mulhu":
      return multiplyHigh(context, x);
    case "div":
    case "rem":
      return x.type === "i32" ? divide32(context, x) : divide64(context, x, x.op);
    default:
      throw unsupported(`${x.op} of ${x.type} vectors`);
  }
}

function commutative(context: KernelContext, x: Binary, op: Mnemonic): Reg {
  const swaps = inMemory(context, x.a) && !inMemory(context, x.b);
  return swaps ? simple(context, x, op, x.b, x.a) : simple(context, x, op, x.a, x.b);
}

function simple(context: KernelContext, x: Binary, op: Mnemonic, first: Expr, second: Expr): Reg {
  const [a, b] = registerAndOperand(context, first, second, (y) => operand(context, y));
  return context.vec(op, vectorSize(x.type, x.lanes), a, b);
}

function bothRegisters(context: KernelContext, x: Binary): [Reg, Reg] {
  const [a, b] = inOrder([x.a, () => context.value(x.a)], [x.b, () => context.value(x.b)]);
  return [context.pin(a), context.pin(b)];
}

/** AVX2: low·low + ((low·high + high·low) << 32), from 32-bit halves. */
function multiply64(context: KernelContext, x: Binary): Reg {
  const size = vectorSize(x.type, x.lanes);
  const [a, b] = bothRegisters(context, x);
  const [aHigh, bHigh] = [a, b].map((side) => context.vec("vpsrlq", size, side, imm(32))) as [Reg, Reg];
  const crossed = context.vec(
    "vpaddq",
    size,
    context.vec("vpmuludq", size, a, bHigh),
    context.vec("vpmuludq", size, aHigh, b),
  );
  const high = context.vec("vpsllq", size, crossed, imm(32));
  return context.vec("vpaddq", size, context.vec("vpmuludq", size, a, b), high);
}

function extreme64(context: KernelContext, x: Binary): Reg {
  const size = vectorSize(x.type, x.lanes);
  const [a, b] = bothRegisters(context, x);
  const greater = context.vec("vpcmpgtq", size, a, b);
  return x.op === "min" ? blend(context, greater, 8, size, b, a) : blend(context, greater, 8, size, a, b);
}

const shifts = { shl: "vpsll", shr: "vpsra", shru: "vpsrl" } as const;

function emitShift(context: KernelContext, x: Binary): Reg {
  const size = vectorSize(x.type, x.lanes);
  const wide = x.type === "i64";
  const op = x.op as keyof typeof shifts; // the caller's case
  const suffix = wide ? "q" : "d";
  const emulates = wide && op === "shr" && !context.avx512;
  if (x.b.kind === "const") {
    const amount = imm(Number(BigInt.asUintN(wide ? 6 : 5, BigInt(x.b.value))));
    const a = context.value(x.a);
    if (!emulates) return context.vec(`${shifts[op]}${suffix}`, size, a, amount);
    return extendSign(context, context.vec("vpsrlq", size, a, amount), size, (bit) =>
      context.vec("vpsrlq", size, bit, amount),
    );
  }
  const [a, b] = bothRegisters(context, x);
  const limit = constantMem(context, x, wide ? 63 : 31);
  const amounts = context.vec(`vand${packed(wide ? 8 : 4)}`, size, b, limit);
  if (!emulates) return context.vec(`${shifts[op]}v${suffix}`, size, a, amounts);
  return extendSign(context, context.vec("vpsrlvq", size, a, amounts), size, (bit) =>
    context.vec("vpsrlvq", size, bit, amounts),
  );
}

/** (x ^ m) - m where m is the sign bit, shifted like x. */
function extendSign(context: KernelContext, shifted: Reg, size: VectorSize, shift: (bit: Reg) => Reg): Reg {
  const bit = context.vec("vmovups", size, context.f.pool.vector(new BigInt64Array(size / 64).fill(-(2n ** 63n))));
  const m = context.pin(shift(bit));
  return context.vec("vpsubq", size, context.vec("vxorps", size, shifted, m), m);
}

/** A number in all lanes, as a memory operand of an instruction on lanes like those of `x`. */
function constantMem(context: KernelContext, x: Expr, value: number): Mem {
  const { pool } = context.f;
  const size = vectorSize(x.type, x.lanes);
  const length = context.avx512 ? 1 : size / 8 / elementBytes(x.type);
  const constant = { type: x.type, value } as Parameters<typeof constantArray>[0]; // all that it reads
  const place = pool.vector(constantArray(constant, length));
  return context.avx512 ? { ...place, broadcast: true } : place;
}

/** High words of unsigned products: of even lanes in place, of odd ones shifted down and multiplied. */
function multiplyHigh(context: KernelContext, x: Binary): Reg {
  const size = vectorSize(x.type, x.lanes);
  const [a, b] = bothRegisters(context, x);
  const odd = (side: Reg, from: Expr): Reg =>
    from.kind === "const" || from.kind === "splat" ? side : context.vec("vpsrlq", size, side, imm(32));
  const even = context.vec("vpsrlq", size, context.vec("vpmuludq", size, a, b), imm(32));
  const odds = context.vec("vpmuludq", size, odd(a, x.a), odd(b, x.b));
  if (!context.avx512) return context.vec("vpblendd", size, even, odds, imm(0b10101010));
  const { pool } = context.f;
  const high = { ...pool.i64(-(2n ** 32n)), broadcast: true };
  const to = context.own(odds);
  context.emit("vpternlogq", size, to, even, high, imm(0xec)); // even | (odds & high)
  return to;
}

/**
 * By double division, which is exact after truncation for 32-bit numbers; the least number divided by -1 comes out as itself.
 */
function divide32(context: KernelContext, x: Binary): Reg {
  const { lanes } = x;
  const size = vectorSize("i32", lanes);
  const [a, b] = bothRegisters(context, x);
  const wide = sizeOfLanes(8, lanes);
  const halves = lanes * 8 * 8 > (context.avx512 ? 512 : 256) ? 2 : 1;
  const part = halves === 1 ? wide : context.avx512 ? 512 : 256;
  const bytes = size / 8 / halves;
  const quotients = Array.from({ length: halves }, (_, half) => {
    const [p, q] = [a, b].map((side) =>
      context.vec("vcvtdq2pd", part, extractPart(context, side, size, half * bytes, bytes)),
    ) as [Reg, Reg];
    return context.vec("vcvttpd2dq", part, context.vec("vdivpd", part, p, q));
  });
  const whole =
    halves === 1 ? (quotients[0] as Reg) : joinParts(context, quotients[0] as Reg, quotients[1] as Reg, bytes);
  const value = x.op === "div" ? whole : context.vec("vpsubd", size, a, context.vec("vpmulld", size, whole, b));
  const isZero = compare(context, "eq", { type: "i32", lanes }, b, context.zeroVector());
  return keep(context, isZero, 4, size, value, true);
}

function divide64(context: KernelContext, x: Binary, op: "div" | "rem"): Reg {
  const [a, b] = bothRegisters(context, x);
  const sides = [
    { reg: a, type: x.type },
    { reg: b, type: x.type },
  ];
  return laneByLane(context, sides, x.lanes, "i64", (p, q) => divideScalars(context, op, "i64", p as Reg, q as Reg));
}

// Moving lanes between vectors and scalars: single lanes, parts of vectors, vectors from scalars.
import type { Scalar } from "../../../ir/index.js";
import { imm, type Mem, type Reg } from "../asm/operands.js";
import type { KernelContext } from "./context.js";
import { elementBytes, isFloat, vectorSize } from "./shape.js";

/** The 128 bits number `at` of a vector. */
function quarter(context: KernelContext, vector: Reg, size: 128 | 256 | 512, at: number): Reg {
  if (at === 0) return vector;
  return context.vec(context.avx512 ? "vextractf32x4" : "vextractf128", size, vector, imm(at));
}

/** One lane as a scalar; lane 0 of a float vector is the vector's own register. */
export function extractLane(context: KernelContext, vector: Reg, type: Scalar, lanes: number, lane: number): Reg {
  const inQuarter = 16 / elementBytes(type);
  const part = quarter(context, vector, vectorSize(type, lanes), Math.floor(lane / inQuarter));
  const at = lane % inQuarter;
  switch (type) {
    case "f32":
      return at === 0 ? part : context.vec("vpermilps", 128, part, imm(at));
    case "f64":
      return at === 0 ? part : context.vec("vpermilpd", 128, part, imm(1));
    case "i64":
      return at === 0 ? context.gp("vmovq", 128, part) : context.gp("vpextrq", 128, part, imm(1));
    default:
      return at === 0 ? context.gp("vmovd", 128, part) : context.gp("vpextrd", 128, part, imm(at));
  }
}

/** `bytes` bytes of a vector of `size` bits from byte `offset` on; parts do not straddle their own multiples. */
export function extractPart(
  context: KernelContext,
  vector: Reg,
  size: 128 | 256 | 512,
  offset: number,
  bytes: number,
): Reg {
  if (offset === 0) return vector;
  if (bytes === 32) return context.vec("vextractf32x8", size, vector, imm(1));
  const part = quarter(context, vector, size, Math.floor(offset / 16));
  return bytes === 8 && offset % 16 === 8 ? context.vec("vpermilpd", 128, part, imm(1)) : part;
}

/** A vector of `bytes` bytes and one that follows it. */
export function joinParts(context: KernelContext, low: Reg, high: Reg, bytes: number): Reg {
  if (bytes === 8) return context.vec("vunpcklpd", 128, low, high);
  if (bytes === 32) return context.vec("vinsertf32x8", 512, low, high, imm(1));
  return context.vec(context.avx512 ? "vinsertf32x4" : "vinsertf128", 256, low, high, imm(1));
}

/** A vector from scalars in registers, or in memory. */
export function insertLanes(context: KernelContext, type: Scalar, elements: readonly Reg[]): Reg {
  return buildLanes(context, type, elements.length, (lane) => elements[lane] as Reg);
}

/** A vector from scalars that `element` gives one after the other. */
export function buildLanes(
  context: KernelContext,
  type: Scalar,
  lanes: number,
  element: (lane: number) => Reg | Mem,
): Reg {
  const bytes = elementBytes(type);
  const inQuarter = Math.min(lanes, 16 / bytes);
  let parts: Reg[] = [];
  for (let first = 0; first < lanes; first += inQuarter) {
    parts.push(context.pin(buildQuarter(context, type, inQuarter, (lane) => element(first + lane))));
  }
  for (let width = 16; parts.length > 1; width *= 2) {
    parts = Array.from({ length: parts.length / 2 }, (_, i) =>
      joinParts(context, parts[2 * i] as Reg, parts[2 * i + 1] as Reg, width),
    );
  }
  return parts[0] as Reg;
}

function buildQuarter(context: KernelContext, type: Scalar, lanes: number, element: (lane: number) => Reg | Mem): Reg {
  const wide = elementBytes(type) === 8;
  let vector = firstLane(context, type, element(0));
  for (let lane = 1; lane < lanes; lane++) {
    const next = element(lane);
    if (!isFloat(type)) vector = context.vec(wide ? "vpinsrq" : "vpinsrd", 128, vector, next, imm(lane));
    else if (!wide) vector = context.vec("vinsertps", 128, vector, next, imm(lane << 4));
    else if (next.kind === "mem") vector = context.vec("vpinsrq", 128, vector, next, imm(1));
    else vector = context.vec("vunpcklpd", 128, vector, next);
  }
  return vector;
}

function firstLane(context: KernelContext, type: Scalar, element: Reg | Mem): Reg {
  const wide = elementBytes(type) === 8;
  if (!isFloat(type)) return context.vec(wide ? "vmovq" : "vmovd", 128, element);
  return element.kind === "reg" ? element : context.vec(wide ? "vmovsd" : "vmovss", 128, element);
}

/** Builds a vector by applying a scalar operation to each lane of others. */
export function laneByLane(
  context: KernelContext,
  vectors: readonly { readonly reg: Reg; readonly type: Scalar }[],
  lanes: number,
  to: Scalar,
  apply: (...scalars: Reg[]) => Reg,
): Reg {
  for (const { reg } of vectors) context.pin(reg);
  return buildLanes(context, to, lanes, (lane) =>
    apply(...vectors.map(({ reg, type }) => extractLane(context, reg, type, lanes, lane))),
  );
}

/** All lanes equal to a scalar. */
export function splatScalar(context: KernelContext, scalar: Reg, type: Scalar, lanes: number): Reg {
  const size = vectorSize(type, lanes);
  const wide = elementBytes(type) === 8;
  if (isFloat(type)) {
    return context.vec(wide ? "vpbroadcastq" : "vbroadcastss", size, scalar);
  }
  const op = wide ? "vpbroadcastq" : "vpbroadcastd";
  if (context.avx512) return context.vec(op, size, scalar);
  return context.vec(op, size, context.vec(wide ? "vmovq" : "vmovd", 128, scalar));
}

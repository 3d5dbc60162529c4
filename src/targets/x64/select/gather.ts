// Vectors from scalar expressions: constants, loads at constant distances, lanes of other vectors, or whatever there is.
import type { Expr, Extract as LaneOf, Lanes, Load } from "../../../ir/index.js";
import { imm, type Mem, mem, type Reg } from "../asm/operands.js";
import { addressOf, splitAddress } from "./address.js";
import type { KernelContext } from "./context.js";
import { buildLanes, extractPart, joinParts } from "./lanes.js";
import { maskFromLanes } from "./mask.js";
import { inMemory, isDirectLoad, isPlainLoad, operand } from "./operand.js";
import { elementBytes, isFloat, isInt32, isZero, type VectorSize, vectorSize } from "./shape.js";
import { shuffleLanes } from "./shuffle.js";

/** Fewer lanes than this are loaded one by one. */
const leastGather = 8;

/** A numeric vector from scalars. */
export function emitLanes(context: KernelContext, x: Lanes): Reg {
  const made = constants(context, x) ?? fromVectors(context, x) ?? fromMemory(context, x);
  if (made) return made;
  return buildLanes(context, x.type, x.lanes, (lane) => {
    const element = x.elements[lane] as Expr;
    if (isFloat(x.type)) return inMemory(context, element) ? operand(context, element) : context.value(element);
    return isPlainLoad(element) ? addressOf(context, element.buffer, element.index) : context.value(element);
  });
}

function constants(context: KernelContext, x: Lanes): Reg | null {
  const values = x.elements.map((element) => (element.kind === "const" ? element.value : null));
  if (values.includes(null)) return null;
  const size = vectorSize(x.type, x.lanes);
  const length = size / 8 / elementBytes(x.type);
  const padded = [...values, ...new Array<number>(length - values.length).fill(0)];
  return context.vec("vmovups", size, context.f.pool.vector(arrayOf(x, padded as (number | bigint)[])));
}

function arrayOf({ type }: Lanes, values: readonly (number | bigint)[]) {
  switch (type) {
    case "f32":
      return Float32Array.from(values, Number);
    case "f64":
      return Float64Array.from(values, Number);
    case "i64":
      return BigInt64Array.from(values, BigInt);
    default:
      return Int32Array.from(values, Number);
  }
}

// ---- lanes of vectors ---------------------------------------------------------------------------------------------

function fromVectors(context: KernelContext, x: Lanes): Reg | null {
  if (!x.elements.every((element): element is LaneOf => element.kind === "extract")) return null;
  const elements = x.elements as readonly LaneOf[];
  const sources = [...new Set(elements.map((element) => element.x))];
  const [a, b] = sources as [Expr, Expr | undefined];
  if (sources.length === 1)
    return fromOne(
      context,
      x,
      a,
      elements.map(({ lane }) => lane),
    );
  if (sources.length !== 2 || !b || a.lanes !== b.lanes) return null;
  const pattern = elements.map(({ x: source, lane }) => (source === a ? lane : a.lanes + lane));
  const bytes = elementBytes(x.type);
  if (2 * a.lanes === x.lanes && pattern.every((p, i) => p === i)) {
    return joinParts(context, context.value(a), context.value(b), bytes * a.lanes);
  }
  return a.lanes === x.lanes ? shuffleLanes(context, context.value(a), context.value(b), bytes, pattern) : null;
}

function fromOne(context: KernelContext, x: Lanes, source: Expr, pattern: readonly number[]): Reg | null {
  const bytes = elementBytes(x.type);
  const first = pattern[0] as number;
  if (source.lanes === x.lanes) {
    const vector = context.value(source);
    return shuffleLanes(context, vector, vector, bytes, pattern);
  }
  const isPart = source.lanes > x.lanes && first % x.lanes === 0 && pattern.every((lane, i) => lane === first + i);
  if (!isPart) return null;
  return extractPart(context, context.value(source), vectorSize(x.type, source.lanes), first * bytes, x.lanes * bytes);
}

// ---- loads --------------------------------------------------------------------------------------------------------

/** Loads of one buffer that lie constant distances apart; lanes that are 0 or whose guard does not hold are left out. */
function fromMemory(context: KernelContext, x: Lanes): Reg | null {
  const bytes = elementBytes(x.type);
  const isLoad = context.avx512 ? isDirectLoad : isPlainLoad;
  if (!x.elements.every((element) => isLoad(element) || isZero(element))) return null;
  const loads = x.elements.filter(isLoad);
  if (loads.length === 0) return null;
  const distances = distancesOf(context, loads);
  if (!distances) return null;
  const first = loads[0] as Load;
  const size = vectorSize(x.type, x.lanes);
  const from = () => addressOf(context, first.buffer, first.index);
  const isWhole = x.elements.every(isPlainLoad);
  if (isWhole && distances.every((distance, i) => distance === i * bytes)) {
    return bytes * x.lanes < 16 ? context.vec("vmovsd", 128, from()) : context.vec("vmovups", size, from());
  }
  if (loads.length < leastGather) return null;
  const offsets = spreadOut(x.elements.map(isLoad), distances);
  return gather(context, x, from(), offsets);
}

/** The distances at the lanes that are loaded, 0 at the others. */
function spreadOut(isLoaded: readonly boolean[], distances: readonly number[]): number[] {
  let next = 0;
  return isLoaded.map((loaded) => (loaded ? (distances[next++] as number) : 0));
}

/** Bytes from the first load to each. */
function distancesOf(context: KernelContext, loads: readonly Load[]): number[] | null {
  const first = loads[0] as Load;
  const start = splitAddress(context, first.buffer, first.index);
  const distances: number[] = [];
  for (const load of loads) {
    if (load.buffer !== first.buffer) return null;
    const { terms, constant } = splitAddress(context, load.buffer, load.index);
    const isSame =
      terms.length === start.terms.length &&
      terms.every(({ x, scale }, i) => x === start.terms[i]?.x && scale === start.terms[i]?.scale);
    const distance = constant - start.constant;
    if (!isSame || !isInt32(distance)) return null;
    distances.push(distance);
  }
  return distances;
}

function gather(context: KernelContext, x: Lanes, first: Mem, distances: readonly number[]): Reg {
  const { pool } = context.f;
  const bytes = elementBytes(x.type);
  const size = vectorSize(x.type, x.lanes);
  const indexSize = (bytes === 4 ? size : size / 2) as 128 | 256 | 512;
  const index = context.vec("vmovups", indexSize, pool.vector(Int32Array.from(distances)));
  const start: Mem = first.index ? { ...first, ...mem(context.gp("lea", 64, first)), symbol: undefined } : first;
  const base = { ...start, index, scale: 1 as const };
  const to = context.zeroVector();
  const op = bytes === 4 ? "vgatherdps" : "vgatherdpd";
  if (context.avx512) {
    context.f.emit(op, size, [to, base], { mask: loadedMask(context, x) });
  } else {
    context.emit(op, size, to, base, loadedLanes(context, x.elements.map(isPlainLoad), bytes, size));
  }
  return to;
}

/** The lanes that are loaded; the instruction clears the mask, so it is made anew each time. */
function loadedMask(context: KernelContext, x: Lanes): Reg {
  if (x.elements.some((element) => element.kind === "load" && element.guard)) return guardedMask(context, x);
  const mask = context.f.mask();
  if (x.elements.every(isPlainLoad)) context.emit("kxnorw", 64, mask, mask, mask);
  else {
    const bits = x.elements.reduce((sum, element, lane) => (isPlainLoad(element) ? sum | (1 << lane) : sum), 0);
    context.emit("kmovw", 64, mask, context.gp("mov", 32, imm(bits)));
  }
  return mask;
}

function guardedMask(context: KernelContext, x: Lanes): Reg {
  return maskFromLanes(
    context,
    x.elements.map((element) => {
      const guard = element.kind === "load" ? element.guard : null;
      return context.pin(guard ? context.value(guard) : context.gp("mov", 32, imm(element.kind === "load" ? 1 : 0)));
    }),
  );
}

function loadedLanes(context: KernelContext, isLoaded: readonly boolean[], bytes: 4 | 8, size: VectorSize): Reg {
  const lanes = isLoaded.map((loaded) => (loaded ? -1 : 0));
  const all = bytes === 8 ? BigInt64Array.from(lanes, BigInt) : Int32Array.from(lanes);
  if (!isLoaded.every(Boolean)) return context.vec("vmovups", size, context.f.pool.vector(all));
  const mask = context.f.vec();
  context.emit("vpcmpeqd", size, mask, mask, mask);
  return mask;
}

// Lanes chosen from one or two vectors. Patterns are worked out on lanes of 32 bits; those that repeat in each 128 bits take
// one instruction, all others a permutation by a constant of indices.
import type { Shuffle } from "../../../ir/index.js";
import { imm, type Reg } from "../asm/operands.js";
import type { KernelContext } from "./context.js";
import { elementBytes, type VectorSize } from "./shape.js";

/** The result of a shuffle of numeric vectors. */
export function emitShuffle(context: KernelContext, x: Shuffle): Reg {
  const a = context.value(x.a);
  const b = x.a === x.b ? a : context.value(x.b);
  return shuffleLanes(context, a, b, elementBytes(x.type), x.pattern);
}

/** Lanes 0 … n-1 of `pattern` are those of `a`, n … 2n-1 of `b`. */
export function shuffleLanes(context: KernelContext, a: Reg, b: Reg, bytes: 4 | 8, pattern: readonly number[]): Reg {
  const size = bytes * pattern.length * 8 <= 128 ? 128 : ((bytes * pattern.length * 8) as VectorSize);
  const units = toUnits(pattern, bytes, size / 32);
  const n = units.length;
  const same = a === b;
  if (same || units.every((u) => u < n))
    return permuteOne(
      context,
      a,
      size,
      units.map((u) => u % n),
    );
  if (units.every((u) => u >= n))
    return permuteOne(
      context,
      b,
      size,
      units.map((u) => u - n),
    );
  return inPlace(context, a, b, size, units) ?? permuteTwo(context, a, b, size, units);
}

/** The pattern in units of 32 bits, counted from each vector's start, for a register of `n` units. */
function toUnits(pattern: readonly number[], bytes: 4 | 8, n: number): number[] {
  const lanes = pattern.length;
  const start = (lane: number) => (lane < lanes ? (lane * bytes) / 4 : n + ((lane - lanes) * bytes) / 4);
  const units = pattern.flatMap((lane) => (bytes === 8 ? [start(lane), start(lane) + 1] : [start(lane)]));
  while (units.length < n) units.push(...units.slice(0, n - units.length));
  return units;
}

/** The pattern within 128 bits (0 … 3 of a, 4 … 7 of b) if all groups of 128 bits follow the same. */
function repeated(units: readonly number[]): number[] | null {
  const n = units.length;
  const local = units.map((u, i) => {
    const group = i - (i % 4);
    const within = (u % n) - group;
    return within < 0 || within > 3 ? -1 : within + (u >= n ? 4 : 0);
  });
  return local.every((u, i) => u >= 0 && u === local[i % 4]) ? local.slice(0, 4) : null;
}

function order(units: readonly number[]): number {
  return units.reduce((bits, u, i) => bits | ((u & 3) << (2 * i)), 0);
}

function permuteOne(context: KernelContext, a: Reg, size: VectorSize, units: readonly number[]): Reg {
  const local = repeated(units);
  if (local) return local.every((u, i) => u === i) ? a : context.vec("vpermilps", size, a, imm(order(local)));
  const lanesOf128 = groupsOf(units);
  if (lanesOf128 && size === 256 && !context.avx512) {
    return context.vec("vperm2f128", 256, a, a, imm((lanesOf128[0] as number) | ((lanesOf128[1] as number) << 4)));
  }
  if (lanesOf128 && size === 512) return context.vec("vshuff32x4", 512, a, a, imm(order(lanesOf128)));
  return context.vec("vpermps", size, indices(context, units), a);
}

/** Which 128 bits each 128 bits of the result are, if they stay whole. */
function groupsOf(units: readonly number[]): number[] | null {
  const whole = units.every((u, i) => u % 4 === i % 4 && u - (u % 4) === (units[i - (i % 4)] as number));
  return whole ? units.filter((_, i) => i % 4 === 0).map((u) => u / 4) : null;
}

/** Interleaving and choosing within 128 bits: one instruction. */
function inPlace(context: KernelContext, a: Reg, b: Reg, size: VectorSize, units: readonly number[]): Reg | null {
  const local = repeated(units);
  if (!local) return null;
  const is = (...wanted: number[]) => wanted.every((u, i) => u === local[i]);
  if (is(0, 4, 1, 5)) return context.vec("vunpcklps", size, a, b);
  if (is(4, 0, 5, 1)) return context.vec("vunpcklps", size, b, a);
  if (is(2, 6, 3, 7)) return context.vec("vunpckhps", size, a, b);
  if (is(6, 2, 7, 3)) return context.vec("vunpckhps", size, b, a);
  const [p, q, r, s] = local as [number, number, number, number];
  if (p < 4 && q < 4 && r > 3 && s > 3) return context.vec("vshufps", size, a, b, imm(order(local)));
  if (p > 3 && q > 3 && r < 4 && s < 4) return context.vec("vshufps", size, b, a, imm(order(local)));
  return null;
}

function permuteTwo(context: KernelContext, a: Reg, b: Reg, size: VectorSize, units: readonly number[]): Reg {
  if (context.avx512) {
    const to = context.own(a);
    context.emit("vpermt2ps", size, to, indices(context, units), b);
    return to;
  }
  const n = units.length;
  const fromA = permuteOne(
    context,
    a,
    size,
    units.map((u, i) => (u < n ? u : i)),
  );
  const fromB = permuteOne(
    context,
    b,
    size,
    units.map((u, i) => (u < n ? i : u - n)),
  );
  const choice = units.reduce((bits, u, i) => (u < n ? bits : bits | (1 << i)), 0);
  return context.vec("vblendps", size, fromA, fromB, imm(choice));
}

function indices(context: KernelContext, units: readonly number[]): Reg {
  const size = (units.length * 32) as VectorSize;
  return context.constantVector("vmovups", size, context.f.pool.vector(Int32Array.from(units)));
}

// Accesses guarded lane by lane: lanes whose guard does not hold are not touched, and load as 0.
import { itemSize } from "../../../base/index.js";
import type { Expr, Load, Stmt } from "../../../ir/index.js";
import { imm, type Mem, type Reg } from "../asm/operands.js";
import { addressOf } from "./address.js";
import { isNarrow, maskToBytes, narrowingOf, packBytes, packWords, testBytes, wideningOf } from "./bytes.js";
import type { KernelContext } from "./context.js";
import { insertLanes } from "./lanes.js";
import { maskFromLanes, maskToBits } from "./mask.js";
import { elementBytes, sizeOfLanes, packed as suffixOf, vectorSize } from "./shape.js";

type Store = Extract<Stmt, { kind: "store" }>;

export function emitMaskedLoad(context: KernelContext, x: Load, guard: Expr): Reg {
  const narrow = isNarrow(x.buffer.dtype);
  if (narrow && !context.avx512) return loadNarrowLanes(context, x, guard);
  const mask = guardMask(context, guard, narrow ? 4 : elementBytes(x.type));
  const from = addressOf(context, x.buffer, x.index);
  if (!context.avx512) {
    return context.vec(`vmaskmov${suffixOf(elementBytes(x.type))}`, vectorSize(x.type, x.lanes), mask, from);
  }
  const to = context.f.vec();
  if (x.type === "bool") {
    context.f.emit("vmovdqu8", 128, [to, from], { mask, zeroing: true });
    return testBytes(context, to);
  }
  const op = narrow ? wideningOf(x.buffer.dtype) : (`vmovu${suffixOf(elementBytes(x.type))}` as const);
  context.f.emit(op, vectorSize(x.type, x.lanes), [to, from], { mask, zeroing: true });
  return to;
}

export function emitMaskedStore(context: KernelContext, s: Store, guard: Expr): void {
  const { value, buffer } = s;
  const narrow = isNarrow(buffer.dtype);
  if (narrow && !context.avx512) return storeNarrowLanes(context, s, guard);
  const bytes = value.type === "bool" ? maskToBytes(context, context.mask(value, 32)) : null;
  const source = bytes ?? context.value(value);
  const mask = guardMask(context, guard, narrow ? 4 : elementBytes(value.type));
  const to = addressOf(context, buffer, s.index);
  if (!context.avx512) {
    const op = `vmaskmov${suffixOf(elementBytes(value.type))}` as const;
    return context.emit(op, vectorSize(value.type, value.lanes), to, mask, source);
  }
  if (bytes) return context.f.emit("vmovdqu8", 128, [to, bytes], { mask });
  const op = narrow ? narrowingOf(buffer.dtype) : (`vmovu${suffixOf(elementBytes(value.type))}` as const);
  context.f.emit(op, vectorSize(value.type, value.lanes), [to, source], { mask });
}

/** The guard with nothing set beyond its lanes, for elements of `bytes` bytes. */
function guardMask(context: KernelContext, guard: Expr, bytes: 4 | 8): Reg {
  const { lanes } = guard;
  const mask = context.mask(guard, bytes === 8 ? 64 : 32);
  if (!context.avx512) return lanes * bytes < 16 ? context.vec("vmovq", 128, mask) : mask;
  if (lanes === 16) return mask;
  const [high, low] = [context.f.mask(), context.f.mask()];
  context.emit("kshiftlw", 64, high, mask, imm(16 - lanes));
  context.emit("kshiftrw", 64, low, high, imm(16 - lanes));
  return low;
}

/** Runs `emitLane` for each lane whose guard holds. */
function forGuardedLanes(context: KernelContext, guard: Expr, emitLane: (lane: number) => void): void {
  const bits = context.pin(maskToBits(context, context.mask(guard, 32), 4, guard.lanes));
  for (let lane = 0; lane < guard.lanes; lane++) {
    const end = context.f.label();
    context.emit("test", 32, bits, imm(1 << lane));
    context.emit("je", 64, end);
    context.inScope(() => emitLane(lane));
    context.f.bind(end);
  }
}

function elementOf(from: Mem, lane: number, bytes: number): Mem {
  return { ...from, disp: from.disp + lane * bytes };
}

/** AVX2 has no masked access to elements of 8 and 16 bits. */
function loadNarrowLanes(context: KernelContext, x: Load, guard: Expr): Reg {
  const { dtype } = x.buffer;
  const from = addressOf(context, x.buffer, x.index);
  const numbers = Array.from({ length: x.lanes }, () => context.gp("mov", 32, imm(0)));
  const signed = dtype === "int8" || dtype === "int16";
  const op = itemSize(dtype) === 1 ? (signed ? "movsxb" : "movzxb") : signed ? "movsxw" : "movzxw";
  forGuardedLanes(context, guard, (lane) =>
    context.emit(op, 32, numbers[lane] as Reg, elementOf(from, lane, itemSize(dtype))),
  );
  return x.type === "bool" ? maskFromLanes(context, numbers) : insertLanes(context, "i32", numbers);
}

function storeNarrowLanes(context: KernelContext, s: Store, guard: Expr): void {
  const { value } = s;
  const bytes = itemSize(s.buffer.dtype);
  const pack = bytes === 1 ? packBytes : packWords;
  const packed =
    value.type === "bool"
      ? packBytes(
          context,
          context.vec("vpsrld", sizeOfLanes(4, value.lanes), context.mask(value, 32), imm(31)),
          value.lanes,
        )
      : pack(context, context.value(value), value.lanes);
  const to = addressOf(context, s.buffer, s.index);
  const op = bytes === 1 ? "vpextrb" : "vpextrw";
  forGuardedLanes(context, guard, (lane) => context.emit(op, 128, elementOf(to, lane, bytes), packed, imm(lane)));
}

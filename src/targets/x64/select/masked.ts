// Accesses guarded lane by lane: lanes whose guard does not hold are not touched, and load as 0.
import type { Expr, Load, Stmt } from "../../../ir/index.js";
import { imm, type Mem, type Reg } from "../asm/operands.js";
import { addressOf } from "./address.js";
import { maskToBytes, packBytes, testBytes } from "./bytes.js";
import type { KernelContext } from "./context.js";
import { insertLanes } from "./lanes.js";
import { maskFromLanes, maskToBits } from "./mask.js";
import { elementBytes, packed, sizeOfLanes, vectorSize } from "./shape.js";

type Store = Extract<Stmt, { kind: "store" }>;

export function emitMaskedLoad(context: KernelContext, x: Load, guard: Expr): Reg {
  const isByte = x.buffer.dtype === "uint8" || x.buffer.dtype === "bool";
  if (isByte && !context.avx512) return loadByteLanes(context, x, guard);
  const mask = guardMask(context, guard, isByte ? 4 : elementBytes(x.type));
  const from = addressOf(context, x.buffer, x.index);
  if (!context.avx512) {
    return context.vec(`vmaskmov${packed(elementBytes(x.type))}`, vectorSize(x.type, x.lanes), mask, from);
  }
  const to = context.f.vec();
  if (x.type === "bool") {
    context.f.emit("vmovdqu8", 128, [to, from], { mask, zeroing: true });
    return testBytes(context, to);
  }
  const op = isByte ? "vpmovzxbd" : (`vmovu${packed(elementBytes(x.type))}` as const);
  context.f.emit(op, vectorSize(x.type, x.lanes), [to, from], { mask, zeroing: true });
  return to;
}

export function emitMaskedStore(context: KernelContext, s: Store, guard: Expr): void {
  const { value, buffer } = s;
  const isByte = buffer.dtype === "uint8" || buffer.dtype === "bool";
  if (isByte && !context.avx512) return storeByteLanes(context, s, guard);
  const bytes = value.type === "bool" ? maskToBytes(context, context.mask(value, 32)) : null;
  const source = bytes ?? context.value(value);
  const mask = guardMask(context, guard, isByte ? 4 : elementBytes(value.type));
  const to = addressOf(context, buffer, s.index);
  if (!context.avx512) {
    const op = `vmaskmov${packed(elementBytes(value.type))}` as const;
    return context.emit(op, vectorSize(value.type, value.lanes), to, mask, source);
  }
  if (bytes) return context.f.emit("vmovdqu8", 128, [to, bytes], { mask });
  const op = isByte ? "vpmovdb" : (`vmovu${packed(elementBytes(value.type))}` as const);
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

function byteOf(from: Mem, lane: number): Mem {
  return { ...from, disp: from.disp + lane };
}

/** AVX2 has no masked access to bytes. */
function loadByteLanes(context: KernelContext, x: Load, guard: Expr): Reg {
  const from = addressOf(context, x.buffer, x.index);
  const numbers = Array.from({ length: x.lanes }, () => context.gp("mov", 32, imm(0)));
  forGuardedLanes(context, guard, (lane) => context.emit("movzxb", 32, numbers[lane] as Reg, byteOf(from, lane)));
  return x.type === "bool" ? maskFromLanes(context, numbers) : insertLanes(context, "i32", numbers);
}

function storeByteLanes(context: KernelContext, s: Store, guard: Expr): void {
  const { value } = s;
  const bytes =
    value.type === "bool"
      ? packBytes(
          context,
          context.vec("vpsrld", sizeOfLanes(4, value.lanes), context.mask(value, 32), imm(31)),
          value.lanes,
        )
      : packBytes(context, context.value(value), value.lanes);
  const to = addressOf(context, s.buffer, s.index);
  forGuardedLanes(context, guard, (lane) => context.emit("vpextrb", 128, byteOf(to, lane), bytes, imm(lane)));
}

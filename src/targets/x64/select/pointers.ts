// Strength reduction: the addresses that the accesses of a loop have in common are computed in front of it. Where a loop's
// variable does not fit the addressing mode, a pointer moves along with it.
import { type Buffer, type Expr, type Stmt, visitAccesses } from "../../../ir/index.js";
import { imm, type Reg } from "../asm/operands.js";
import { addTerms, divide, isDirectScale, pointerKey, splitAddress } from "./address.js";
import type { KernelContext, Loop } from "./context.js";
import { isInt32 } from "./shape.js";
import { unrolledValues } from "./unroll.js";

/** Addresses kept in registers across one loop; the others are computed where they are needed. */
const maxPointers = 11;

export interface LoopPointers {
  readonly registers: Map<string, Reg>;
  /** Pointers that move, with the bytes for each unit of the loop variable. */
  readonly moving: { readonly reg: Reg; readonly stride: number }[];
}

/** Emits the addresses of a loop's accesses; the loop variable has its first value, 0 if `isFromZero`. */
export function makePointers(
  context: KernelContext,
  loop: Loop,
  body: readonly Stmt[],
  step: number,
  isFromZero: boolean,
): LoopPointers {
  const registers = new Map<string, Reg>();
  const moving: { reg: Reg; stride: number }[] = [];
  forEachAccess(context, body, (buffer, index) => {
    const { base, terms } = splitAddress(context, buffer, index);
    const start = base.register(); // so that it is read in front of the loop
    const { fixed, stride } = divide(context, loop, terms);
    const moves = stride !== 0 && !(isDirectScale(stride) && loop.v.min >= 0) && isInt32(stride * step);
    const key = pointerKey(base, fixed, moves ? stride : 0);
    if (registers.has(key) || registers.size >= maxPointers) return;
    const standing = addTerms(context, base.key, start, fixed);
    if (!moves) {
      registers.set(key, standing);
      return;
    }
    // In a scope of its own: what is computed from the variable's first value must not be taken for later ones.
    const first = isFromZero
      ? standing
      : context.inScope(() => addTerms(context, "", standing, [{ x: loop.v, scale: stride }]));
    const reg = context.pin(context.f.copyOf(first));
    registers.set(key, reg);
    moving.push({ reg, stride });
  });
  return { registers, moving };
}

/** Moves the pointers of a loop on, as its variable grows by `step`. */
export function movePointers(context: KernelContext, { moving }: LoopPointers, step: number): void {
  for (const { reg, stride } of moving) context.emit("add", 64, reg, imm(stride * step));
}

/** Visits the accesses of a loop body; `for` loops inside it are written out. */
function forEachAccess(
  context: KernelContext,
  body: readonly Stmt[],
  visit: (buffer: Buffer, index: Expr) => void,
): void {
  visitAccesses(body, visit, (loop) => {
    for (const value of unrolledValues(loop)) {
      context.declareConstant(loop.v, value);
      forEachAccess(context, loop.body, visit);
      context.leave(loop.v);
    }
  });
}

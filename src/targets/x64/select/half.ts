// float16 to f32 and back, with F16C's instructions, which AVX-512 has for its own registers. Half to even: rounding mode 0.
import type { Expr, Stmt, Unary } from "../../../ir/index.js";
import { imm, type Reg } from "../asm/operands.js";
import { addressOf } from "./address.js";
import { packWords } from "./bytes.js";
import type { KernelContext } from "./context.js";
import { sizeOfLanes } from "./shape.js";

type Store = Extract<Stmt, { kind: "store" }>;

const toNearest = imm(0);

/** The f32 of the float16 in the low bits of each i32. */
export function emitFromHalf(context: KernelContext, { x, lanes }: Unary): Reg {
  const size = sizeOfLanes(4, lanes);
  if (x.kind === "unary" && x.op === "toHalf") return context.vec("vcvtph2ps", size, packedHalves(context, x.x));
  if (lanes === 1) return context.vec("vcvtph2ps", 128, context.vec("vmovd", 128, context.value(x)));
  if (x.kind === "load" && x.guard === null && lanes > 2)
    return context.vec("vcvtph2ps", size, addressOf(context, x.buffer, x.index));
  return context.vec("vcvtph2ps", size, packWords(context, context.value(x), lanes));
}

/** The bits of the float16 nearest to each f32, as i32. */
export function emitToHalf(context: KernelContext, { x, lanes }: Unary): Reg {
  const halves = packedHalves(context, x);
  if (lanes > 1) return context.vec("vpmovzxwd", sizeOfLanes(4, lanes), halves);
  return context.gp("movzxw", 32, context.gp("vmovd", 128, halves));
}

/** float16 values side by side at the low end of a register. */
function packedHalves(context: KernelContext, x: Expr): Reg {
  return context.vec("vcvtps2ph", sizeOfLanes(4, x.lanes), context.value(x), toNearest);
}

/** Stores f32 values as float16, more than two. */
export function storeHalves(context: KernelContext, s: Store, values: Expr): void {
  const source = context.value(values);
  context.emit("vcvtps2ph", sizeOfLanes(4, values.lanes), addressOf(context, s.buffer, s.index), source, toNearest);
}

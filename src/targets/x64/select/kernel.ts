// Statements: one kernel becomes one function (begin, end, table, scratch) that runs a range of tiles.
import type { Expr, Kernel, Stmt, Var } from "../../../ir/index.js";
import type { ConstantPool } from "../asm/constants.js";
import { type Features, type Imm, imm, type Mem, type Reg, rcx, rdi, rdx, rsi } from "../asm/operands.js";
import { MachineFunction } from "../machine.js";
import type { Places } from "../places.js";
import { emitStore } from "./access.js";
import { addressOf } from "./address.js";
import { emitJumpIf } from "./condition.js";
import { type Emitters, KernelContext } from "./context.js";
import { emitFloatArithmetic, isFloatArithmetic } from "./float.js";
import { emitFmaAssign } from "./fma.js";
import { indexSums } from "./index-sums.js";
import { emitMask } from "./mask.js";
import { integerOperand } from "./operand.js";
import { type LoopPointers, makePointers, movePointers } from "./pointers.js";
import { gpSize, isInt32 } from "./shape.js";
import { copiesOf, isInnermost, isWrittenOut, unrolledValues } from "./unroll.js";
import { emitValue } from "./value.js";

type For = Extract<Stmt, { kind: "for" }>;
type Assign = Extract<Stmt, { kind: "assign" }>;

const emitters: Emitters = { value: emitValue, mask: emitMask, jumpIf: emitJumpIf };

/** Heads of innermost loops start a block of this many bytes, as the processor fetches them. */
const loopAlign = 32;

/** The function that runs tiles begin … end-1 (edi, esi; begin < end) with the program's table (rdx) and scratch (rcx). */
export function selectKernel(
  kernel: Kernel,
  places: Places,
  features: Features,
  pool: ConstantPool,
  checksBounds = false,
): MachineFunction {
  const f = new MachineFunction(kernel.name, pool);
  const [tile, end] = [f.gp(), f.gp()];
  f.emit("mov", 32, [tile, rdi]); // the upper halves of arguments may hold anything
  f.emit("mov", 32, [end, rsi]);
  const context = new KernelContext(f, features, kernel, places, f.copyOf(rdx), f.copyOf(rcx), emitters, checksBounds);
  const start = f.code.length;
  runLoop(context, { v: kernel.tile, step: 1, body: kernel.body, isFromZero: false }, tile, end);
  context.placeConstants(start);
  f.emit("vzeroupper", 128, []);
  f.return();
  return f;
}

function emitBlock(context: KernelContext, body: readonly Stmt[]): void {
  const declared: Var[] = [];
  for (const s of body) {
    emitStatement(context, s);
    if (s.kind === "let") declared.push(s.v);
  }
  for (const v of declared) context.leave(v);
}

function emitStatement(context: KernelContext, s: Stmt): void {
  switch (s.kind) {
    case "let":
      if (context.sum(s.v)) return;
      return emitLet(context, s.v, s.value);
    case "assign":
      return emitAssign(context, s);
    case "store":
      return emitStore(context, s);
    case "prefetch":
      context.f.emit(prefetches[s.use], 64, [unchecked(addressOf(context, s.buffer, s.index))]);
      return;
    case "for":
      return isWrittenOut(s) ? emitUnrolled(context, s) : emitFor(context, s);
    case "if":
      return emitIf(context, s);
    case "while":
      return emitWhile(context, s);
  }
}

const prefetches = { read: "prefetcht0", later: "prefetcht1", write: "prefetchw" } as const;

/** A prefetch may be of any address. */
function unchecked({ bounds: _, ...memory }: Mem): Mem {
  return memory;
}

/** The variable takes over the register of its value, if nobody else changes that. */
function emitLet(context: KernelContext, v: Var, value: Expr): void {
  const reg = context.value(value);
  const isFree = context.isTemporary(reg) || (!v.mutable && context.isSteady(reg));
  context.declare(v, isFree ? reg : context.f.copyOf(reg));
}

/** Running sums and the like are computed in place. */
function emitAssign(context: KernelContext, { v, value }: Assign): void {
  const to = context.register(v);
  if (value.kind === "fma" && emitFmaAssign(context, value, v, to)) return;
  if (value.kind === "binary" && isFloatArithmetic(value)) {
    emitFloatArithmetic(context, value, to);
    return;
  }
  const isInteger = value.lanes === 1 && (value.type === "i32" || value.type === "i64");
  if (isInteger && value.kind === "binary" && value.op === "add" && value.a === v) {
    return context.emit("add", gpSize(v.type), to, integerOperand(context, value.b));
  }
  context.f.copy(to, context.value(value));
}

function emitIf(context: KernelContext, s: Extract<Stmt, { kind: "if" }>): void {
  const { f } = context;
  const [other, end] = [f.label(), f.label()];
  context.jumpIf(s.cond, false, other);
  context.inScope(() => emitBlock(context, s.then));
  if (s.else.length > 0) f.jump(end);
  f.bind(other);
  if (s.else.length === 0) return;
  context.inScope(() => emitBlock(context, s.else));
  f.bind(end);
}

/** Tested at the bottom; the way in leads there. */
function emitWhile(context: KernelContext, s: Extract<Stmt, { kind: "while" }>): void {
  const { f } = context;
  const [head, test] = [f.label(), f.label()];
  f.jump(test);
  f.bind(head);
  context.inScope(() => emitBlock(context, s.body));
  f.bind(test);
  context.inScope(() => context.jumpIf(s.cond, true, head));
}

function emitUnrolled(context: KernelContext, s: For): void {
  for (const value of unrolledValues(s)) {
    context.declareConstant(s.v, value);
    context.inScope(() => emitBlock(context, s.body)); // what the body declares is something else each time
    context.leave(s.v);
  }
}

/** Tested at the bottom; the test before it is left out when the first round is certain. */
function emitFor(context: KernelContext, s: For): void {
  const { f } = context;
  const to = loopBound(context, s.to);
  const v = f.gp();
  if (s.from.kind === "const") context.emit("mov", 32, v, imm(Number(s.from.value)));
  else f.copy(v, context.value(s.from));
  const end = f.label();
  if (!(s.from.max < s.to.min)) {
    context.emit("cmp", 32, v, to);
    context.emit("jge", 64, end);
  }
  const isFromZero = s.from.kind === "const" && s.from.value === 0;
  context.inScope(() =>
    runLoop(context, { v: s.v, step: s.step, body: s.body, isFromZero, copies: copiesOf(s) }, v, to),
  );
  f.bind(end);
}

interface LoopParts {
  readonly v: Var;
  readonly step: number;
  readonly body: readonly Stmt[];
  readonly isFromZero: boolean;
  /** Rounds written one after the other between two tests. */
  readonly copies?: number;
}

/** Rounds until the variable reaches `to`, at least one. */
function runLoop(
  context: KernelContext,
  { v, step, body, isFromZero, copies = 1 }: LoopParts,
  reg: Reg,
  to: Reg | Imm,
): void {
  const { f } = context;
  const head = f.label();
  const innermost = isInnermost(body);
  const sums = innermost ? indexSums(body) : [];
  for (const sum of sums) context.declareSum(sum.v, sum.value);
  let pointers: LoopPointers = { registers: new Map(), moving: [] };
  context.inLoop(
    v,
    reg,
    (loop) => {
      // Outer loops would only keep registers from the inner ones.
      if (innermost) pointers = makePointers(context, loop, body, step * copies, isFromZero);
      return pointers.registers;
    },
    () => {
      f.bind(head, innermost ? loopAlign : 1);
      for (let copy = 0; copy < copies; copy++) {
        context.loopOffset = copy * step;
        context.inScope(() => emitBlock(context, body)); // what a copy computes is something else in the next
      }
      context.loopOffset = 0;
      movePointers(context, pointers, step * copies);
      context.emit("add", 32, reg, imm(step * copies));
      context.emit("cmp", 32, reg, to);
      context.emit("jl", 64, head);
    },
  );
  for (const sum of sums) context.forgetSum(sum.v);
}

/** The loop's end: a constant, or a register computed once. */
function loopBound(context: KernelContext, to: Expr): Reg | Imm {
  if (to.kind === "const" && isInt32(Number(to.value))) return imm(Number(to.value));
  const reg = context.value(to);
  return context.pin(context.isSteady(reg) ? reg : context.f.copyOf(reg));
}

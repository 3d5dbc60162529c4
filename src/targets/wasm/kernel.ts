// Statements: one kernel becomes one function that runs a range of tiles.
import type { Expr, Kernel, Program, Stmt, Var } from "../../ir/index.js";
import { emitStore } from "./access.js";
import { makePointers, movePointers } from "./address.js";
import { KernelContext, tileParams } from "./context.js";
import type { Helpers } from "./helpers.js";
import type { TableLayout } from "./layout.js";
import { FunctionBuilder } from "./module-builder.js";
import { I32, op } from "./opcodes.js";
import { emitScalar } from "./scalar.js";
import { emitVector } from "./vector.js";

type For = Extract<Stmt, { kind: "for" }>;

function emitExpr(context: KernelContext, x: Expr): void {
  if (x.lanes > 1) emitVector(context, x);
  else emitScalar(context, x);
}

/** The function (begin, end, table, scratch) that runs tiles begin … end-1; begin < end. */
export function emitKernel(
  kernel: Kernel,
  program: Program,
  table: TableLayout,
  helpers: Helpers,
  relaxed: boolean,
): FunctionBuilder {
  const f = new FunctionBuilder([I32, I32, I32, I32]);
  const context = new KernelContext(f, kernel, program, table, helpers, relaxed, emitExpr);
  context.declare(kernel.tile, tileParams.begin);
  f.loop();
  emitBlock(context, kernel.body);
  f.get(tileParams.begin);
  f.i32(1);
  f.op(op.i32Add);
  f.tee(tileParams.begin);
  f.get(tileParams.end);
  f.op(op.i32LtS);
  f.brIf(0);
  f.end();
  return f;
}

function emitBlock(context: KernelContext, body: readonly Stmt[]): void {
  const declared: Var[] = [];
  for (const s of body) {
    emitStmt(context, s);
    if (s.kind === "let") declared.push(s.v);
  }
  for (const v of declared) context.leave(v);
}

function emitStmt(context: KernelContext, s: Stmt): void {
  const { f } = context;
  switch (s.kind) {
    case "let":
      emitExpr(context, s.value);
      return f.set(context.declare(s.v));
    case "assign":
      emitExpr(context, s.value);
      return f.set(context.local(s.v));
    case "store":
      return emitStore(context, s);
    case "prefetch":
      return; // WebAssembly has none
    case "for":
      return emitFor(context, s);
    case "if":
      emitExpr(context, s.cond);
      f.if();
      emitBlock(context, s.then);
      if (s.else.length > 0) {
        f.else();
        emitBlock(context, s.else);
      }
      return f.end();
    case "while":
      f.block();
      f.loop();
      emitExpr(context, s.cond);
      f.op(op.i32Eqz);
      f.brIf(1);
      emitBlock(context, s.body);
      f.br(0);
      f.end();
      return f.end();
  }
}

/** A loop tested at its end; the test before it is left out when the first round is certain. */
function emitFor(context: KernelContext, s: For): void {
  const { f } = context;
  const emitTo = loopBound(context, s.to);
  const always = s.from.max < s.to.min;
  emitExpr(context, s.from);
  const v = context.local(s.v);
  f.set(v);
  if (!always) {
    f.get(v);
    emitTo();
    f.op(op.i32LtS);
    f.if();
  }
  context.inLoop(
    s.v,
    () => makePointers(context, s.body),
    () => {
      f.loop();
      emitBlock(context, s.body);
      movePointers(context, s.step);
      f.get(v);
      f.i32(s.step);
      f.op(op.i32Add);
      f.tee(v);
      emitTo();
      f.op(op.i32LtS);
      f.brIf(0);
      f.end();
    },
  );
  if (!always) f.end();
}

/** How to put the loop's end on the stack: constants again each time, anything else from a local computed once. */
function loopBound(context: KernelContext, to: Expr): () => void {
  const { f } = context;
  if (to.kind === "const") return () => f.i32(Number(to.value));
  const local = f.local(I32);
  emitExpr(context, to);
  f.set(local);
  return () => f.get(local);
}

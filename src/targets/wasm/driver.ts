// The exported functions of a program's module: `runAlone` for one thread, `run` for several, with barriers between
// segments.
import { InternalError } from "../../base/errors.js";
import type { Kernel, Program } from "../../ir/index.js";
import { control, type TableLayout } from "./layout.js";
import { FunctionBuilder, type ModuleBuilder } from "./module-builder.js";
import { I32, I64, op } from "./opcodes.js";
import type { Segment, Share } from "./work-plan.js";

/** What the exported functions return. */
export const outcome = { done: 0, statusSet: 1, fault: 2 } as const;

/** Rounds of spinning at a barrier, 3-4 µs: longer than a balanced stage's spread, shorter than a thread switch. */
const spinRounds = 2000;
/** Sleeping threads look for faults this often … */
const sleepMs = 100;

export interface DriverOptions {
  /** False where the calling thread must not sleep (a browser's main thread). */
  readonly callerMaySleep: boolean;
  /** Time without progress after which a barrier gives up. */
  readonly barrierTimeoutMs: number;
}

type KernelIndices = ReadonlyMap<Kernel, number>;

/** Adds `runAlone(table, scratch)`. */
export function addRunAlone(module: ModuleBuilder, program: Program, table: TableLayout, kernels: KernelIndices): void {
  const f = new FunctionBuilder([I32, I32], [I32]);
  program.stages.forEach((stage, index) => {
    if (index === program.commitStage) emitStatusReturn(f, program, table, 0);
    for (const kernel of stage) emitCall(f, kernels, kernel, 0, 1);
  });
  f.i32(outcome.done);
  module.add(f, "runAlone");
}

/** Adds `run(thread, threads, table, scratch)`; all threads get the same outcome, except for faults. */
export function addRun(
  module: ModuleBuilder,
  program: Program,
  table: TableLayout,
  kernels: KernelIndices,
  segments: readonly Segment[],
  options: DriverOptions,
): void {
  const barrier = module.add(buildBarrier(options));
  const [thread, threads, tableLocal, scratch] = [0, 1, 2, 3];
  const f = new FunctionBuilder([I32, I32, I32, I32], [I32]);
  const claim = f.local(I32);
  const emitBarrier = (generation: number, isLast: boolean) => {
    f.i32(generation);
    f.get(thread);
    f.get(threads);
    f.i32(isLast ? 1 : 0);
    f.call(barrier);
    f.if();
    f.i32(outcome.fault);
    f.op(op.return);
    f.end();
  };
  segments.forEach((segment, index) => {
    if (segment.isCommit && index > 0) {
      emitStatus(f, program, table, tableLocal);
      f.if();
      // The caller must not reuse the control block before everybody has left: one more barrier.
      emitBarrier(index + 1, true);
      f.i32(outcome.statusSet);
      f.op(op.return);
      f.end();
    }
    f.loop();
    f.get(tableLocal);
    f.i32(1);
    f.memory(op.i32AtomicAdd, table.counters + index * 4, 2);
    f.tee(claim);
    f.i32(segment.claims);
    f.op(op.i32LtU);
    f.if();
    emitDispatch(f, kernels, segment.shares, claim, tableLocal, scratch);
    f.br(1);
    f.end();
    f.end();
    emitBarrier(index + 1, index === segments.length - 1);
  });
  f.i32(outcome.done);
  module.add(f, "run");
}

/** Finds the share of a claim by halving and runs it. */
function emitDispatch(
  f: FunctionBuilder,
  kernels: KernelIndices,
  shares: readonly Share[],
  claim: number,
  table: number,
  scratch: number,
): void {
  if (shares.length > 1) {
    const middle = shares.length >> 1;
    f.get(claim);
    f.i32((shares[middle] as Share).first);
    f.op(op.i32LtU);
    f.if();
    emitDispatch(f, kernels, shares.slice(0, middle), claim, table, scratch);
    f.else();
    emitDispatch(f, kernels, shares.slice(middle), claim, table, scratch);
    return f.end();
  }
  const share = shares[0] as Share;
  if (share.kind === "kernels") {
    for (const kernel of share.kernels) emitCall(f, kernels, kernel, table, scratch);
    return;
  }
  const begin = f.local(I32);
  const end = f.local(I32);
  f.get(claim);
  f.i32(share.first);
  f.op(op.i32Sub);
  f.i32(share.chunk);
  f.op(op.i32Mul);
  f.tee(begin);
  f.i32(share.chunk);
  f.op(op.i32Add);
  f.set(end);
  f.get(begin);
  // min(end, tiles)
  f.get(end);
  f.i32(share.kernel.tiles);
  f.get(end);
  f.i32(share.kernel.tiles);
  f.op(op.i32LtS);
  f.op(op.select);
  f.get(table);
  f.get(scratch);
  f.call(indexOf(kernels, share.kernel));
}

/** Runs all tiles of a kernel. */
function emitCall(f: FunctionBuilder, kernels: KernelIndices, kernel: Kernel, table: number, scratch: number): void {
  if (kernel.tiles === 0) return;
  f.i32(0);
  f.i32(kernel.tiles);
  f.get(table);
  f.get(scratch);
  f.call(indexOf(kernels, kernel));
}

function indexOf(kernels: KernelIndices, kernel: Kernel): number {
  const index = kernels.get(kernel);
  if (index === undefined) throw new InternalError(`kernel ${kernel.name} was not compiled`);
  return index;
}

function emitStatusReturn(f: FunctionBuilder, program: Program, table: TableLayout, tableLocal: number): void {
  if (!program.status) return;
  emitStatus(f, program, table, tableLocal);
  f.if();
  f.i32(outcome.statusSet);
  f.op(op.return);
  f.end();
}

/** Leaves the first word of the program's status buffer on the stack. */
function emitStatus(f: FunctionBuilder, program: Program, table: TableLayout, tableLocal: number): void {
  const placement = program.status && program.placements.get(program.status);
  if (!placement) throw new InternalError(`program ${program.name} tests a status word that has no placement`);
  f.get(tableLocal);
  if (placement.kind === "bound") f.memory(op.i32Load, placement.slot * 4, 2);
  else f.memory(op.i32Load, table.arena, 2);
  f.memory(op.i32Load, placement.kind === "arena" ? placement.offset : 0, 2);
}

/**
 * barrier(generation, thread, threads, isLast): returns 0 when all threads have arrived, 1 after a fault. The last to
 * arrive moves `generation` on; the others spin, then sleep. At the last barrier of a run only thread 0 waits.
 */
function buildBarrier({ callerMaySleep, barrierTimeoutMs }: DriverOptions): FunctionBuilder {
  const f = new FunctionBuilder([I32, I32, I32, I32], [I32]);
  const [generation, thread, threads, isLast] = [0, 1, 2, 3];
  emitArrival(f, generation, threads);
  f.get(isLast);
  f.get(thread);
  f.i32(0);
  f.op(op.i32Ne);
  f.op(op.i32And);
  f.if();
  f.i32(0);
  f.op(op.return);
  f.end();
  emitSpin(f, generation, BigInt(spinRounds));
  if (!callerMaySleep) {
    f.get(thread);
    f.op(op.i32Eqz);
    f.if();
    // About 2 ns a round.
    emitSpin(f, generation, BigInt(barrierTimeoutMs) * 500_000n);
    f.i32(1);
    f.op(op.return);
    f.end();
  }
  emitSleep(f, generation, Math.ceil(barrierTimeoutMs / sleepMs));
  return f;
}

/** Counts this thread in; the last one releases the others and returns. */
function emitArrival(f: FunctionBuilder, generation: number, threads: number): void {
  f.i32(0);
  f.i32(1);
  f.memory(op.i32AtomicAdd, control.arrived, 2);
  f.i32(1);
  f.op(op.i32Add);
  f.get(generation);
  f.get(threads);
  f.op(op.i32Mul);
  f.op(op.i32Eq);
  f.if();
  f.i32(0);
  f.get(generation);
  f.memory(op.i32AtomicStore, control.generation, 2);
  f.i32(0);
  f.memory(op.i32AtomicLoad, control.sleepers, 2);
  f.if();
  f.i32(0);
  f.i32(-1);
  f.memory(op.atomicNotify, control.generation, 2);
  f.op(op.drop);
  f.end();
  f.i32(0);
  f.op(op.return);
  f.end();
}

/** Returns 0 from the function once the generation has come, 1 on a fault; falls through after `rounds`. */
function emitSpin(f: FunctionBuilder, generation: number, rounds: bigint): void {
  const left = f.local(I64);
  f.i64(rounds);
  f.set(left);
  f.loop();
  emitReturnIfReleased(f, generation);
  emitReturnIfFault(f);
  f.get(left);
  f.i64(1n);
  f.op(op.i64Sub);
  f.tee(left);
  f.i64(0n);
  f.op(op.i64Ne);
  f.brIf(0);
  f.end();
}

function emitReturnIfReleased(f: FunctionBuilder, generation: number): void {
  emitIsReleased(f, generation);
  f.if();
  f.i32(0);
  f.op(op.return);
  f.end();
}

function emitIsReleased(f: FunctionBuilder, generation: number): void {
  f.i32(0);
  f.memory(op.i32AtomicLoad, control.generation, 2);
  f.get(generation);
  f.op(op.i32GeU);
}

function emitReturnIfFault(f: FunctionBuilder): void {
  f.i32(0);
  f.memory(op.i32AtomicLoad, control.fault, 2);
  f.if();
  f.i32(1);
  f.op(op.return);
  f.end();
}

/** Sleeps until the generation comes (leaves 0), or a fault or `rounds` timeouts do (leaves 1). */
function emitSleep(f: FunctionBuilder, generation: number, rounds: number): void {
  const left = f.local(I32);
  const released = f.local(I32);
  f.i32(rounds);
  f.set(left);
  emitCountSleeper(f, 1);
  f.loop();
  f.i32(0);
  f.get(generation);
  f.i32(1);
  f.op(op.i32Sub);
  f.i64(BigInt(sleepMs) * 1_000_000n);
  f.memory(op.atomicWait32, control.generation, 2);
  f.op(op.drop);
  emitIsReleased(f, generation);
  f.tee(released);
  f.i32(0);
  f.memory(op.i32AtomicLoad, control.fault, 2);
  f.get(left);
  f.i32(1);
  f.op(op.i32Sub);
  f.tee(left);
  f.op(op.i32Eqz);
  f.op(op.i32Or);
  f.op(op.i32Or);
  f.op(op.i32Eqz);
  f.brIf(0);
  f.end();
  emitCountSleeper(f, -1);
  f.get(released);
  f.op(op.i32Eqz);
}

function emitCountSleeper(f: FunctionBuilder, by: 1 | -1): void {
  f.i32(0);
  f.i32(by);
  f.memory(op.i32AtomicAdd, control.sleepers, 2);
  f.op(op.drop);
}

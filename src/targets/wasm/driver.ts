// The exported functions of a program's module: `runAlone` for one thread, `open` and `run` for several, with barriers
// between segments.
import { InternalError } from "../../base/index.js";
import type { Kernel, Program } from "../../ir/index.js";
import { closedPhase, control, outcome } from "../threads/control.js";
import type { Segment, Share } from "../threads/work-plan.js";
import type { TableLayout } from "./layout.js";
import { FunctionBuilder, type ModuleBuilder } from "./module-builder.js";
import { I32, I64, op } from "./opcodes.js";

/** Rounds of spinning at a barrier, 3-4 µs: longer than a balanced stage's spread, shorter than a thread switch. */
const spinRounds = 2000;
/** Sleeping threads look for faults this often. */
const sleepMs = 100;

/** Parameters of `run`. */
const run = { epoch: 0, isWorker: 1, threads: 2, table: 3, scratch: 4, stride: 5 } as const;

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

/**
 * Adds `open(epoch)` and `run(epoch, isWorker, threads, table, scratch, stride)`.
 *
 * The caller opens the run and is its first thread. Workers join whenever they wake up, in the middle of a segment too:
 * nobody waits for a thread that has not begun, which may have lost its core. A segment ends when all who joined have
 * found its counter used up.
 */
export function addRun(
  module: ModuleBuilder,
  program: Program,
  table: TableLayout,
  kernels: KernelIndices,
  segments: readonly Segment[],
  options: DriverOptions,
): void {
  module.add(buildOpen(), "open");
  const finish = module.add(buildFinish(options));
  const f = new FunctionBuilder([I32, I32, I32, I32, I32, I32], [I32]);
  const start = f.local(I32);
  const claim = f.local(I32);
  f.get(run.isWorker);
  f.if();
  emitJoin(f, start);
  f.end();
  const emitFinish = (index: number, isLast: boolean) => {
    f.i32(index);
    f.get(run.isWorker);
    f.i32(isLast ? 1 : 0);
    f.call(finish);
    f.if();
    f.i32(outcome.fault);
    f.op(op.return);
    f.end();
  };
  segments.forEach((segment, index) => {
    f.get(start);
    f.i32(index);
    f.op(op.i32LeS);
    f.if();
    if (segment.isCommit && index > 0) {
      emitStatus(f, program, table, run.table);
      f.if();
      emitFinish(index, true);
      f.i32(outcome.statusSet);
      f.op(op.return);
      f.end();
    }
    f.loop();
    f.get(run.table);
    f.i32(1);
    f.memory(op.i32AtomicAdd, table.counters + index * 4, 2);
    f.tee(claim);
    f.i32(segment.regionEnds.at(-1) as number);
    f.op(op.i32LtU);
    f.if();
    emitDispatch(f, kernels, segment.shares, claim, run.table, run.scratch);
    f.br(1);
    f.end();
    f.end();
    emitFinish(index, index === segments.length - 1);
    f.end();
  });
  f.i32(outcome.done);
  module.add(f, "run");
}

/** open(epoch): a new run in its first segment, with the caller as its only thread. */
function buildOpen(): FunctionBuilder {
  const f = new FunctionBuilder([I32]);
  f.i32(0);
  f.get(0);
  f.op(op.i64ExtendI32U);
  f.i64(32n);
  f.op(op.i64Shl);
  f.i64(0x100n);
  f.op(op.i64Or);
  f.memory(op.i64AtomicStore, control.phase, 3);
  return f;
}

/** Adds this thread to the run, or returns; sets `start` to the segment under way and moves `scratch` to its part. */
function emitJoin(f: FunctionBuilder, start: number): void {
  const phase = f.local(I64);
  const others = f.local(I32);
  f.loop();
  emitPhase(f);
  f.tee(phase);
  f.i64(32n);
  f.op(op.i64ShrU);
  f.op(op.i32WrapI64);
  f.get(run.epoch);
  f.op(op.i32Ne);
  emitThreads(f, phase);
  f.tee(others);
  f.op(op.i32Eqz);
  f.op(op.i32Or);
  f.get(others);
  f.get(run.threads);
  f.op(op.i32GeU);
  f.op(op.i32Or);
  f.if();
  f.i32(outcome.notJoined);
  f.op(op.return);
  f.end();
  emitExchange(f, phase, () => {
    f.get(phase);
    f.i64(0x100n);
    f.op(op.i64Add);
  });
  f.brIf(0);
  f.end();
  emitSegment(f, () => f.get(phase));
  f.set(start);
  f.get(run.scratch);
  f.get(others);
  f.get(run.stride);
  f.op(op.i32Mul);
  f.op(op.i32Add);
  f.set(run.scratch);
}

function emitPhase(f: FunctionBuilder): void {
  f.i32(0);
  f.memory(op.i64AtomicLoad, control.phase, 3);
}

/** Leaves the number of threads that take part. */
function emitThreads(f: FunctionBuilder, phase: number): void {
  f.get(phase);
  f.op(op.i32WrapI64);
  f.i32(8);
  f.op(op.i32ShrU);
  f.i32(0xff);
  f.op(op.i32And);
}

/** Leaves the segment number of the phase that `emitValue` leaves. */
function emitSegment(f: FunctionBuilder, emitValue: () => void): void {
  emitValue();
  f.op(op.i32WrapI64);
  f.i32(16);
  f.op(op.i32ShrU);
}

/** Replaces the phase if it is still `phase`; leaves 1 if it was not. */
function emitExchange(f: FunctionBuilder, phase: number, emitNext: () => void): void {
  f.i32(0);
  f.get(phase);
  emitNext();
  f.memory(op.i64AtomicCompareExchange, control.phase, 3);
  f.get(phase);
  f.op(op.i64Ne);
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
  if (share.firstTile > 0) {
    f.i32(share.firstTile);
    f.op(op.i32Add);
  }
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
 * finish(segment, isWorker, isLast): returns 0 when all threads that joined have finished the segment, 1 after a fault.
 * The last to finish moves the phase on; the others spin, then sleep. At the end of the run only the caller waits.
 */
function buildFinish({ callerMaySleep, barrierTimeoutMs }: DriverOptions): FunctionBuilder {
  const f = new FunctionBuilder([I32, I32, I32], [I32]);
  const [segment, isWorker, isLast] = [0, 1, 2];
  const phase = f.local(I64);
  emitArrival(f, phase, isLast);
  f.get(isLast);
  f.get(isWorker);
  f.op(op.i32And);
  f.if();
  f.i32(0);
  f.op(op.return);
  f.end();
  emitSpin(f, segment, BigInt(spinRounds));
  if (!callerMaySleep) {
    f.get(isWorker);
    f.op(op.i32Eqz);
    f.if();
    // About 2 ns a round.
    emitSpin(f, segment, BigInt(barrierTimeoutMs) * 500_000n);
    f.i32(1);
    f.op(op.return);
    f.end();
  }
  emitSleep(f, phase, segment, Math.ceil(barrierTimeoutMs / sleepMs));
  return f;
}

/** Counts this thread as finished; the last one starts the next segment, or ends the run, and returns. */
function emitArrival(f: FunctionBuilder, phase: number, isLast: number): void {
  f.loop();
  emitPhase(f);
  f.tee(phase);
  f.op(op.i32WrapI64);
  f.i32(1);
  f.op(op.i32Add);
  f.i32(0xff);
  f.op(op.i32And);
  emitThreads(f, phase);
  f.op(op.i32Eq);
  f.if();
  emitExchange(f, phase, () => emitNextPhase(f, phase, isLast));
  f.brIf(1);
  emitWakeSleepers(f);
  f.i32(0);
  f.op(op.return);
  f.end();
  emitExchange(f, phase, () => {
    f.get(phase);
    f.i64(1n);
    f.op(op.i64Add);
  });
  f.brIf(0);
  f.end();
}

/** The phase after all threads have finished a segment: nobody has finished the next, or the run is over. */
function emitNextPhase(f: FunctionBuilder, phase: number, isLast: number): void {
  f.get(phase);
  f.i64(-0x1_0000_0000n);
  f.op(op.i64And);
  f.i64(BigInt(closedPhase));
  f.op(op.i64Or);
  f.get(phase);
  f.i64(-0x100n);
  f.op(op.i64And);
  f.i64(0x1_0000n);
  f.op(op.i64Add);
  f.get(isLast);
  f.op(op.select);
}

function emitWakeSleepers(f: FunctionBuilder): void {
  f.i32(0);
  f.memory(op.i32AtomicLoad, control.sleepers, 2);
  f.if();
  f.i32(0);
  f.i32(-1);
  f.memory(op.atomicNotify, control.phase, 2);
  f.op(op.drop);
  f.end();
}

/** Returns 0 from the function once the segment is over, 1 on a fault; falls through after `rounds`. */
function emitSpin(f: FunctionBuilder, segment: number, rounds: bigint): void {
  const left = f.local(I64);
  f.i64(rounds);
  f.set(left);
  f.loop();
  // First the fault: the phase of an abandoned run looks like the end of every segment.
  emitFault(f);
  f.if();
  f.i32(1);
  f.op(op.return);
  f.end();
  emitIsOver(f, () => emitPhase(f), segment);
  f.if();
  f.i32(0);
  f.op(op.return);
  f.end();
  f.get(left);
  f.i64(1n);
  f.op(op.i64Sub);
  f.tee(left);
  f.i64(0n);
  f.op(op.i64Ne);
  f.brIf(0);
  f.end();
}

function emitIsOver(f: FunctionBuilder, emitValue: () => void, segment: number): void {
  emitSegment(f, emitValue);
  f.get(segment);
  f.op(op.i32Ne);
}

function emitFault(f: FunctionBuilder): void {
  f.i32(0);
  f.memory(op.i32AtomicLoad, control.fault, 2);
}

/** Sleeps until the segment is over (leaves 0), or there was a fault or `rounds` timeouts (leaves 1). */
function emitSleep(f: FunctionBuilder, phase: number, segment: number, rounds: number): void {
  const left = f.local(I32);
  const over = f.local(I32);
  const timedOut = f.local(I32);
  f.i32(rounds);
  f.set(left);
  emitCountSleeper(f, 1);
  f.block();
  f.loop();
  emitPhase(f);
  f.set(phase);
  emitIsOver(f, () => f.get(phase), segment);
  f.tee(over);
  emitFault(f);
  f.op(op.i32Or);
  f.get(left);
  f.op(op.i32Eqz);
  f.op(op.i32Or);
  f.brIf(1);
  f.i32(0);
  f.get(phase);
  f.i64(BigInt(sleepMs) * 1_000_000n);
  f.memory(op.atomicWait64, control.phase, 3);
  // 2 is a timeout; other threads' arrivals end a sleep early without counting.
  f.i32(2);
  f.op(op.i32Eq);
  f.set(timedOut);
  f.get(left);
  f.get(timedOut);
  f.op(op.i32Sub);
  f.set(left);
  f.br(0);
  f.end();
  f.end();
  emitCountSleeper(f, -1);
  f.get(over);
  f.op(op.i32Eqz);
}

function emitCountSleeper(f: FunctionBuilder, by: 1 | -1): void {
  f.i32(0);
  f.i32(by);
  f.memory(op.i32AtomicAdd, control.sleepers, 2);
  f.op(op.drop);
}

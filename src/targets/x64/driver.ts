// The driver: machine code, made once a process, that runs plans (plan.ts) on one thread or on several with barriers between
// segments. The rules are those of targets/threads/control.ts.
import { closedPhase, control, outcome, workerWord } from "../threads/control.js";
import {
  imm,
  type Label,
  type Mem,
  mem,
  type Operand,
  type Reg,
  r8,
  r9,
  r10,
  r11,
  rax,
  rcx,
  rdi,
  rdx,
  rsi,
} from "./asm/operands.js";
import { MachineFunction } from "./machine.js";
import { callField, entryShift, eventField, eventShift, logField, planHead, segmentField, shareField } from "./plan.js";

/**
 * Ticks of the processor's clock (2-5 a nanosecond) that a thread spins at a barrier before it sleeps: about half of what waking it takes in a
 * virtual machine. Measured with products of 0.7-1.5 ms on 2 threads: 5 % faster than with a tenth of it.
 */
const barrierTicks = 130_000;
/** How long a worker spins for the next run before it offers others its processor: the JavaScript between the steps of a plain loop. */
const serveTicks = 150_000;
/**
 * How long it looks for the next run in all before it sleeps, a millisecond: collections of young objects come between runs as well. Waking
 * takes a tenth of that, and Linux may have it wait behind the caller for several.
 */
const restTicks = 3_000_000;

/** Linux on x86-64. */
const SYS_sched_yield = 24;
const SYS_gettid = 186;
const SYS_futex = 202;
const FUTEX_WAIT_PRIVATE = 128;
const FUTEX_WAKE_PRIVATE = 129;

/** In the control block: the announced plan, and how many threads may be in the run when a worker joins. */
export const command = { plan: control.command, threads: control.command + 8 } as const;

/** The driver's functions. Those with a name for JavaScript return an outcome, or nothing. */
export interface Driver {
  /** `runAlone(plan, end)`: the calls before `end`, on the calling thread. */
  readonly runAlone: MachineFunction;
  /** `open(plan, control, threads, segment)`: announces a run from `segment` on to so many workers. */
  readonly open: MachineFunction;
  /** `join(plan, control, threads)`: the caller takes part in the run it has opened, one of so many, until it has ended. */
  readonly join: MachineFunction;
  /** `serve(control, line)`: takes part in runs until there was none for some time. */
  readonly serve: MachineFunction;
  /** `ticks()`: the processor's clock. */
  readonly ticks: MachineFunction;
  /** Called by the others. */
  readonly inner: readonly MachineFunction[];
}

export function buildDriver(): Driver {
  const finish = buildFinish();
  const takePart = buildTakePart(finish.entry);
  return {
    runAlone: buildRunAlone(),
    open: buildOpen(),
    join: buildJoin(takePart.entry),
    serve: buildServe(takePart.entry),
    ticks: buildTicks(),
    inner: [takePart, finish],
  };
}

/** What a call of compiled code may leave changed, of the general registers. */
const lost = [rax, rcx, rdx, rsi, rdi, r8, r9, r10, r11];
const parameters = [rdi, rsi, rdx, rcx, r8];

/** A machine function with the few idioms that the driver is made of. */
class Code extends MachineFunction {
  /** Registers with the function's arguments. */
  arguments(count: number): Reg[] {
    return parameters.slice(0, count).map((register) => this.copyOf(register));
  }

  load(from: Mem, size: 32 | 64 = 64): Reg {
    const to = this.gp();
    this.emit("mov", size, [to, from]);
    return to;
  }

  constant(value: number): Reg {
    const to = this.gp();
    this.emit("mov", 32, [to, imm(value)]);
    return to;
  }

  store(to: Mem, value: Operand, size: 32 | 64 = 64): void {
    this.emit("mov", size, [to, value]);
  }

  /** `a op b` into a new register. */
  compute(op: "add" | "sub" | "and" | "or" | "imul" | "shl" | "shr", a: Reg, b: Operand, size: 32 | 64 = 64): Reg {
    const to = this.copyOf(a);
    this.emit(op, size, [to, b]);
    return to;
  }

  /** Jumps to `to` if `a` and `b` compare so. */
  branch(condition: "je" | "jne" | "jb" | "jae", a: Operand, b: Operand, to: Label, size: 32 | 64 = 64): void {
    this.emit("cmp", size, [a, b]);
    this.emit(condition, 64, [to]);
  }

  /** Calls an address or a function of the driver; the result, if there is one, is in rax. */
  call(target: Mem | Label, args: readonly Reg[]): void {
    const used = parameters.slice(0, args.length);
    args.forEach((value, index) => {
      this.copy(used[index] as Reg, value);
    });
    this.emit("call", 64, [target], { uses: used, defs: lost });
  }

  /** The processor's clock. */
  ticks(): Reg {
    this.emit("rdtsc", 64, []);
    const high = this.compute("shl", rdx, imm(32));
    this.emit("or", 64, [high, rax]);
    return high;
  }

  /** Goes back to `again` while fewer than `limit` ticks have passed since `start`. */
  spin(start: Reg, limit: number, again: Label): void {
    this.emit("pause", 64, []);
    const now = this.ticks();
    this.emit("sub", 64, [now, start]);
    this.branch("jb", now, imm(limit), again);
  }

  /** As `spin`, but leaves the processor to whoever else wants it. */
  spinPolitely(start: Reg, limit: number, again: Label): void {
    this.systemCall(SYS_sched_yield);
    this.spin(start, limit, again);
  }

  /** A call of the system without arguments; returns its result. */
  systemCall(number: number): Reg {
    this.emit("mov", 32, [rax, imm(number)]);
    this.emit("syscall", 64, [], { defs: [rcx, r11] });
    return this.copyOf(rax);
  }

  futex(address: Reg, operation: number, value: Operand): void {
    this.copy(rdi, address);
    this.emit("mov", 32, [rsi, imm(operation)]);
    this.emit("mov", 32, [rdx, value]);
    this.emit("xor", 32, [r10, r10]);
    this.emit("mov", 32, [rax, imm(SYS_futex)]);
    this.emit("syscall", 64, [], { uses: [rdi, rsi, rdx, r10], defs: [rcx, r11] });
  }

  /**
   * Replaces the phase `known` by `next` if it is still the same; else `known` becomes what it is now, and it goes on at
   * `again`.
   */
  exchangePhase(block: Reg, known: Reg, next: Reg, again: Label): void {
    const done = this.label();
    this.copy(rax, known);
    this.emit("lock cmpxchg", 64, [mem(block, control.phase), next]);
    this.emit("je", 64, [done]);
    this.copy(known, rax);
    this.jump(again);
    this.bind(done);
  }

  /** A part of the phase: its segment from bit 16 on, threads from bit 8 on, those that have finished from bit 0 on. */
  phasePart(phase: Reg, from: 0 | 8 | 16): Reg {
    const part = this.copyOf(phase);
    if (from > 0) this.emit("shr", 32, [part, imm(from)]);
    this.emit("and", 32, [part, imm(from === 16 ? 0xffff : 0xff)]);
    return part;
  }

  result(value: number): void {
    this.emit("mov", 32, [rax, imm(value)]);
    this.return([rax]);
  }
}

/** Calls a kernel on tiles [begin, end), and notes it in the log where there is one. */
function emitKernel(f: Code, plan: Reg, call: Reg, begin: Reg, end: Reg, scratch: Reg, thread: Reg): void {
  const log = f.load(mem(plan, planHead.log));
  const [plain, done] = [f.label(), f.label()];
  const emitCall = () => {
    const table = f.load(mem(plan, planHead.table));
    f.call(mem(call, callField.address), [begin, end, table, scratch]);
  };
  f.emit("test", 64, [log, log]);
  f.emit("je", 64, [plain]);
  const start = f.ticks();
  emitCall();
  const stop = f.ticks();
  const number = f.constant(1);
  f.emit("lock xadd", 64, [mem(log, logField.count), number]);
  f.branch("jae", number, mem(log, logField.capacity), done);
  f.emit("shl", 64, [number, imm(eventShift)]);
  f.emit("add", 64, [log, number]);
  const field = (offset: number) => mem(log, logField.first + offset);
  f.store(field(eventField.start), start);
  f.store(field(eventField.end), stop);
  f.store(field(eventField.kernel), f.load(mem(call, callField.kernel), 32), 32);
  f.store(field(eventField.thread), thread, 32);
  f.store(field(eventField.begin), begin, 32);
  f.store(field(eventField.endTile), end, 32);
  f.jump(done);
  f.bind(plain);
  emitCall();
  f.bind(done);
}

/** Zeroes the status words, if the program has some. */
function emitClearStatus(f: Code, plan: Reg): void {
  const none = f.label();
  const status = f.load(mem(plan, planHead.status));
  f.emit("test", 64, [status, status]);
  f.emit("je", 64, [none]);
  const zero = f.constant(0);
  f.store(mem(status), zero);
  f.store(mem(status, 8), zero);
  f.bind(none);
}

/** Goes to `isSet` if the program's status word is not 0. */
function emitStatusTest(f: Code, plan: Reg, isSet: Label): void {
  const none = f.label();
  const status = f.load(mem(plan, planHead.status));
  f.emit("test", 64, [status, status]);
  f.emit("je", 64, [none]);
  f.branch("jne", mem(status), imm(0), isSet, 32);
  f.bind(none);
}

/** Leaves the function: copies the status words into the plan, and returns whether they are set. */
function emitEnd(f: Code, plan: Reg): void {
  const none = f.label();
  const status = f.load(mem(plan, planHead.status));
  f.emit("test", 64, [status, status]);
  f.emit("je", 64, [none]);
  const low = f.load(mem(status));
  f.store(mem(plan, planHead.statusCopy), low);
  f.store(mem(plan, planHead.statusCopy + 8), f.load(mem(status, 8)));
  f.emit("test", 32, [low, low]);
  f.emit("je", 64, [none]);
  f.result(outcome.statusSet);
  f.bind(none);
  f.result(outcome.done);
}

function buildTicks(): MachineFunction {
  const f = new Code("ticks");
  f.copy(rax, f.ticks());
  f.return([rax]);
  return f;
}

function buildRunAlone(): MachineFunction {
  const f = new Code("runAlone");
  const [plan, end] = f.arguments(2) as [Reg, Reg];
  const [next, over, open] = [f.label("next"), f.label("over"), f.label()];
  emitClearStatus(f, plan);
  const call = f.load(mem(plan, planHead.alone));
  f.bind(next);
  f.branch("je", call, end, over);
  f.branch("jne", call, mem(plan, planHead.aloneCommit), open);
  emitStatusTest(f, plan, over);
  f.bind(open);
  const tiles = f.load(mem(call, callField.tiles), 32);
  const scratch = f.load(mem(plan, planHead.scratch));
  emitKernel(f, plan, call, f.constant(0), tiles, scratch, f.constant(0));
  f.emit("add", 64, [call, imm(1 << entryShift)]);
  f.jump(next);
  f.bind(over);
  emitEnd(f, plan);
  return f;
}

function buildOpen(): MachineFunction {
  const f = new Code("open");
  const [plan, block, threads, segment] = f.arguments(4) as [Reg, Reg, Reg, Reg];
  emitClearStatus(f, plan);
  const counters = f.load(mem(plan, planHead.counters));
  const first = f.load(mem(plan, planHead.firstClaims));
  const left = f.load(mem(plan, planHead.regions), 32);
  f.emit("imul", 64, [left, mem(plan, planHead.rowBytes)]);
  const reset = f.label("reset");
  f.bind(reset);
  f.emit("sub", 64, [left, imm(8)]);
  f.store(mem(counters, 0, left), f.load(mem(first, 0, left)));
  f.branch("jne", left, imm(0), reset);
  f.store(mem(block, command.plan), plan);
  f.store(mem(block, command.threads), threads, 32);
  const epoch = f.load(mem(block, control.epoch), 32);
  f.emit("add", 32, [epoch, imm(1)]);
  const phase = f.compute("shl", epoch, imm(32));
  f.emit("or", 64, [phase, f.compute("shl", segment, imm(16))]);
  f.store(mem(block, control.phase), phase);
  // Seen by all before the caller looks for workers that sleep: those that fall asleep later see the run.
  f.emit("xchg", 32, [mem(block, control.epoch), epoch]);
  f.return();
  return f;
}

function buildJoin(takePart: Label): MachineFunction {
  const f = new Code("join");
  const [plan, block, threads] = f.arguments(3) as [Reg, Reg, Reg];
  const [join, over] = [f.label("join"), f.label("over")];
  const phase = f.load(mem(block, control.phase));
  f.bind(join);
  f.branch("je", f.phasePart(phase, 16), imm(0xffff), over, 32);
  f.exchangePhase(block, phase, f.compute("add", phase, imm(0x100)), join);
  // Workers left a place for the caller; now that it is in, all may be taken.
  f.store(mem(block, command.threads), threads, 32);
  f.call(takePart, [plan, block, f.phasePart(phase, 8), f.phasePart(phase, 16), f.constant(1)]);
  f.bind(over);
  emitEnd(f, plan);
  return f;
}

/**
 * serve(control, line): looks for announced runs and joins them, in the middle of a segment too: nobody waits for a thread
 * that has not begun, which may have lost its core. Until it has joined, it touches nothing of the program, which may be
 * gone already.
 */
function buildServe(takePart: Label): MachineFunction {
  const f = new Code("serve");
  const [block, line] = f.arguments(2) as [Reg, Reg];
  const [look, idle, join] = [f.label("look"), f.label("idle"), f.label("join")];
  const seenWord = mem(line, workerWord.seen * 4);
  f.store(mem(line, workerWord.thread * 4), f.systemCall(SYS_gettid), 32);
  const seen = f.load(seenWord, 32);
  const start = f.ticks();
  f.bind(look);
  const epoch = f.load(mem(block, control.epoch), 32);
  f.branch("je", epoch, seen, idle, 32);
  f.copy(seen, epoch);
  f.store(seenWord, seen, 32);
  const phase = f.load(mem(block, control.phase));
  f.bind(join);
  f.branch("jne", f.compute("shr", phase, imm(32)), seen, look, 32);
  const threads = f.phasePart(phase, 8);
  f.branch("je", f.phasePart(phase, 16), imm(0xffff), look, 32);
  f.branch("jae", threads, mem(block, command.threads), look, 32);
  f.exchangePhase(block, phase, f.compute("add", phase, imm(0x100)), join);
  f.emit("lock add", 32, [mem(block, control.joined), imm(1)]);
  f.call(takePart, [f.load(mem(block, command.plan)), block, threads, f.phasePart(phase, 16), f.constant(0)]);
  f.copy(start, f.ticks());
  f.jump(look);
  f.bind(idle);
  f.spin(start, serveTicks, look);
  f.spinPolitely(start, restTicks, look);
  f.result(outcome.notJoined);
  return f;
}

/**
 * takePart(plan, control, thread, segment, isCaller): what a thread does in a run from `segment` on. It claims what is in its
 * own region first, then what is left in the others'. A segment ends when all who joined have found nothing more. After the
 * last one the plan may be gone.
 */
function buildTakePart(finish: Label): MachineFunction {
  const f = new Code("takePart");
  const [plan, block, thread, index, isCaller] = f.arguments(5) as [Reg, Reg, Reg, Reg, Reg];
  const [nextSegment, lookInRegion, claim, nextRegion, finished, statusSet, leave] = [
    ...["segment", "region", "claim", "nextRegion", "finished", "statusSet", "leave"].map((name) => f.label(name)),
  ] as [Label, Label, Label, Label, Label, Label, Label];
  const scratch = f.load(mem(plan, planHead.stride));
  f.emit("imul", 64, [scratch, thread]);
  f.emit("add", 64, [scratch, mem(plan, planHead.scratch)]);
  const home = f.copyOf(thread);
  const [wrapHome, isHome] = [f.label(), f.label()];
  f.bind(wrapHome);
  f.branch("jb", home, mem(plan, planHead.regions), isHome, 32);
  f.emit("sub", 32, [home, mem(plan, planHead.regions)]);
  f.jump(wrapHome);
  f.bind(isHome);

  f.bind(nextSegment);
  const segment = f.compute("shl", index, imm(entryShift));
  f.emit("add", 64, [segment, mem(plan, planHead.segments)]);
  const isOpen = f.label();
  f.branch("je", mem(segment, segmentField.isCommit), imm(0), isOpen, 32);
  emitStatusTest(f, plan, statusSet);
  f.bind(isOpen);

  const region = f.copyOf(home);
  const left = f.load(mem(plan, planHead.regions), 32);

  f.bind(lookInRegion);
  const row = f.load(mem(plan, planHead.rowBytes));
  f.emit("imul", 64, [row, region]);
  const counter = f.compute("add", row, mem(plan, planHead.counters));
  f.emit("add", 64, [row, mem(plan, planHead.firstClaims)]);
  f.emit("add", 64, [row, mem(plan, planHead.rowBytes)]);
  const endClaim = f.load(mem(row, 0, index, 4), 32);

  f.bind(claim);
  // Looking first: a line that nobody writes any more is shared.
  f.branch("jae", mem(counter, 0, index, 4), endClaim, nextRegion, 32);
  const number = f.constant(1);
  f.emit("lock xadd", 32, [mem(counter, 0, index, 4), number]);
  f.branch("jae", number, endClaim, nextRegion, 32);
  const share = emitFindShare(f, plan, segment, number);
  const begin = f.compute("sub", number, mem(share, shareField.first), 32);
  const chunk = f.load(mem(share, shareField.chunk), 32);
  f.emit("imul", 32, [begin, chunk]);
  f.emit("add", 32, [begin, mem(share, shareField.firstTile)]);
  const limit = f.compute("add", begin, chunk, 32);
  const callAt = (field: number) => {
    const call = f.load(mem(share, field), 32);
    f.emit("shl", 64, [call, imm(entryShift)]);
    f.emit("add", 64, [call, mem(plan, planHead.calls)]);
    return call;
  };
  const call = callAt(shareField.firstCall);
  const endCall = callAt(shareField.endCall);
  const nextCall = f.label("call");
  f.bind(nextCall);
  const end = f.load(mem(call, callField.tiles), 32);
  f.emit("cmp", 32, [end, limit]);
  f.emit("cmovg", 32, [end, limit]);
  emitKernel(f, plan, call, begin, end, scratch, thread);
  f.emit("add", 64, [call, imm(1 << entryShift)]);
  f.branch("jne", call, endCall, nextCall);
  f.jump(claim);

  f.bind(nextRegion);
  f.emit("sub", 32, [left, imm(1)]);
  f.emit("je", 64, [finished]);
  f.emit("add", 32, [region, imm(1)]);
  f.branch("jb", region, mem(plan, planHead.regions), lookInRegion, 32);
  f.copy(region, f.constant(0));
  f.jump(lookInRegion);

  f.bind(finished);
  const following = f.compute("add", index, imm(1), 32);
  const isLast = f.constant(0);
  const yes = f.constant(1);
  f.emit("cmp", 32, [following, mem(plan, planHead.segmentCount)]);
  f.emit("cmove", 32, [isLast, yes]);
  f.call(finish, [block, index, isCaller, isLast]);
  f.copy(index, following);
  f.emit("test", 32, [isLast, isLast]);
  f.emit("jne", 64, [leave]);
  f.jump(nextSegment);
  f.bind(statusSet);
  f.call(finish, [block, index, isCaller, f.constant(1)]);
  f.bind(leave);
  f.return();
  return f;
}

/** The share of a claim: the last of the segment's whose first claim is not beyond it, found by halving. */
function emitFindShare(f: Code, plan: Reg, segment: Reg, claim: Reg): Reg {
  const shares = f.load(mem(plan, planHead.shares));
  const low = f.load(mem(segment, segmentField.firstShare), 32);
  const high = f.load(mem(segment, segmentField.endShare), 32);
  const [halve, upper, found] = [f.label("halve"), f.label("upper"), f.label("found")];
  f.bind(halve);
  f.branch("je", f.compute("sub", high, imm(1), 32), low, found, 32);
  const middle = f.compute("add", low, high, 32);
  f.emit("shr", 32, [middle, imm(1)]);
  const candidate = f.compute("shl", middle, imm(entryShift));
  f.branch("jae", claim, mem(shares, shareField.first, candidate), upper, 32);
  f.copy(high, middle);
  f.jump(halve);
  f.bind(upper);
  f.copy(low, middle);
  f.jump(halve);
  f.bind(found);
  f.emit("shl", 64, [low, imm(entryShift)]);
  f.emit("add", 64, [low, shares]);
  return low;
}

/**
 * finish(control, segment, isCaller, isLast): returns when all threads that joined have finished the segment. The last to
 * finish moves the phase on; the others spin, then sleep. At the end of the run only the caller waits.
 */
function buildFinish(): MachineFunction {
  const f = new Code("finish");
  const [block, index, isCaller, isLast] = f.arguments(4) as [Reg, Reg, Reg, Reg];
  const [arrive, last, runGoesOn, moveOn, wait, spin, sleep, awake, leave] = [
    ...["arrive", "last", "runGoesOn", "moveOn", "wait", "spin", "sleep", "awake", "leave"].map((name) =>
      f.label(name),
    ),
  ] as [Label, Label, Label, Label, Label, Label, Label, Label, Label];
  const phase = f.load(mem(block, control.phase));
  f.bind(arrive);
  const arrived = f.phasePart(phase, 0);
  f.emit("add", 32, [arrived, imm(1)]);
  f.branch("je", arrived, f.phasePart(phase, 8), last, 32);
  f.exchangePhase(block, phase, f.compute("add", phase, imm(1)), arrive);
  f.jump(wait);

  f.bind(last);
  const next = f.copyOf(phase);
  f.emit("test", 32, [isLast, isLast]);
  f.emit("je", 64, [runGoesOn]);
  f.emit("shr", 64, [next, imm(32)]);
  f.emit("shl", 64, [next, imm(32)]);
  f.emit("or", 64, [next, f.constant(closedPhase)]);
  f.jump(moveOn);
  f.bind(runGoesOn);
  f.emit("and", 64, [next, imm(-0x100)]);
  f.emit("add", 64, [next, imm(0x10000)]);
  f.bind(moveOn);
  f.exchangePhase(block, phase, next, arrive);
  f.branch("je", mem(block, control.sleepers), imm(0), leave, 32);
  f.futex(f.compute("add", block, imm(control.phase)), FUTEX_WAKE_PRIVATE, imm(0x7fff_ffff));
  f.jump(leave);

  f.bind(wait);
  const stays = f.label();
  f.branch("jne", isCaller, imm(0), stays, 32);
  f.emit("test", 32, [isLast, isLast]);
  f.emit("jne", 64, [leave]);
  f.bind(stays);
  const start = f.ticks();
  f.bind(spin);
  f.branch("jne", f.phasePart(f.load(mem(block, control.phase)), 16), index, leave, 32);
  f.spin(start, barrierTicks, spin);
  f.emit("lock add", 32, [mem(block, control.sleepers), imm(1)]);
  f.bind(sleep);
  const now = f.load(mem(block, control.phase));
  f.branch("jne", f.phasePart(now, 16), index, awake, 32);
  // Returns at once if the low half of the phase has changed; other reasons to wake up do no harm either.
  f.futex(f.compute("add", block, imm(control.phase)), FUTEX_WAIT_PRIVATE, now);
  f.jump(sleep);
  f.bind(awake);
  f.emit("lock sub", 32, [mem(block, control.sleepers), imm(1)]);
  f.bind(leave);
  f.return();
  return f;
}

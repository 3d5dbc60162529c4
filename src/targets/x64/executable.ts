// One loaded program: its code, its table and plan, and how a run goes.
import { platform } from "#platform";
import { ArgumentError, InternalError, MemoryError, type Native, type Storage } from "../../base/index.js";
import {
  type Executable,
  kernelsUs,
  type Placement,
  type Program,
  ProgramStatusError,
  type RunListener,
  runListener,
} from "../../ir/index.js";
import { formatBytes, roundUp } from "../sizes.js";
import { mostSegments, outcome } from "../threads/control.js";
import { isWorthThreads, planSegments, programUs } from "../threads/work-plan.js";
import type { Access } from "./bounds.js";
import type { KernelCode } from "./code.js";
import { EventLog } from "./event-log.js";
import { type TableLayout, tableLayout } from "./layout.js";
import { preferHugePages } from "./memory.js";
import { PlanBlock, planHead } from "./plan.js";
import type { Runtime } from "./runtime.js";

/** A program's checks of values take no longer than this, or its caller waits for all of it. */
const briefUs = 4;

interface Pages {
  readonly native: Native;
  readonly address: number;
  readonly bytes: number;
}

/** Gives back the code of programs that nobody has freed, but nobody can run any more either. */
const forgotten = new FinalizationRegistry<Pages>(({ native, address, bytes }) => native.unmapCode(address, bytes));

export class X64Executable implements Executable {
  readonly sizeBytes: number;
  readonly #runtime: Runtime;
  readonly #program: Program;
  readonly #table: TableLayout;
  readonly #plan: PlanBlock;
  readonly #pages: Pages;
  readonly #stride: number;
  readonly #segments: number;
  /** The first segment whose predecessors all run before the workers are told, on the calling thread. */
  readonly #firstSegment: number;
  /** After those segments the program cannot fail any more. */
  readonly #isChecked: boolean;
  readonly #accesses: readonly Access[] | undefined;
  readonly #estimateUs: number;
  readonly #statusPlacement: Placement | null;
  /** Address of each bound storage, as the table has it. */
  readonly #addresses: Float64Array;
  /** Slots whose storages lie elsewhere in the run that is about to begin. */
  readonly #moved: number[] = [];
  #arena = -1;
  #scratch = -1;
  #status = 0;
  #isFree = false;

  constructor(runtime: Runtime, program: Program, code: KernelCode) {
    const { native } = runtime;
    this.#runtime = runtime;
    this.#program = program;
    this.#table = tableLayout(program);
    this.#stride = roundUp(program.localBytes, 128);
    this.#estimateUs = programUs(program);
    this.#statusPlacement = program.status ? (program.placements.get(program.status) ?? null) : null;
    this.#addresses = new Float64Array(program.bindings.length);
    // A program outlives `setThreads`, so it is made ready for threads even while there is one.
    const threads = Math.max(2, runtime.threads);
    const planned = isWorthThreads(program, threads) ? planSegments(program, { threads, regions: threads }) : [];
    const segments = planned.length < mostSegments ? planned : [];
    this.#segments = segments.length;
    const early = segments.filter(({ stage }) => stage < program.checkedStage).length;
    this.#isChecked =
      kernelsUs(program.stages.slice(0, program.checkedStage).flat()) < briefUs && early < segments.length;
    this.#firstSegment = this.#isChecked ? early : 0;
    this.#accesses = code.accesses;
    const address = native.mapCode(code.bytes);
    this.#pages = { native, address, bytes: code.bytes.length };
    this.#plan = new PlanBlock(
      {
        program,
        table: this.#table,
        segments,
        regions: threads,
        address: (kernel) => address + (code.entries.get(kernel) as number),
      },
      (buffer) => native.addressOf(buffer),
    );
    this.#plan.setAddress(this.#plan.head + planHead.stride, this.#stride);
    this.sizeBytes = roundUp(code.bytes.length, 4096) + this.#plan.byteLength;
    forgotten.register(this, this.#pages, this);
  }

  run(bindings: readonly Storage[], scalars: Float64Array): void {
    const { name, bindings: expected, scalarCount } = this.#program;
    if (this.#isFree) throw new InternalError(`program ${name} was run after free()`);
    if (bindings.length !== expected.length || scalars.length !== scalarCount) {
      throw new ArgumentError(
        `program ${name}: got ${bindings.length} storages and ${scalars.length} scalars, takes ${expected.length} and ${scalarCount}`,
      );
    }
    const runtime = this.#runtime;
    const { threads } = runtime;
    // All that takes time comes first: once the last run has ended, the workers wait for this one to begin.
    this.#locate(bindings);
    const isShared = threads > 1 && this.#segments > 0;
    const written = isShared ? bindings.filter((_, slot) => this.#program.bindings[slot]?.written) : [];
    runtime.settle();
    this.#writeAddresses(bindings);
    this.#reserve(threads);
    if (scalarCount > 0) this.#plan.doubles.set(scalars, this.#table.scalars / 8);
    const listener = runListener();
    const mayLeave = listener === null && this.#accesses === undefined;
    const execute = () => this.#execute(bindings, written, threads, mayLeave);
    const result = listener === null ? execute() : this.#measure(execute, listener);
    if (this.#accesses !== undefined) this.#checkAccesses(this.#accesses);
    if (result === outcome.statusSet) this.#throwStatus();
  }

  /** Runs the program; where the caller may leave, it does so as soon as the program cannot fail any more. */
  #execute(bindings: readonly Storage[], written: readonly Storage[], threads: number, mayLeave: boolean): number {
    const runtime = this.#runtime;
    const { address, head, aloneEnd, aloneChecked } = this.#plan;
    const plan = address + head;
    if (threads === 1 || this.#segments === 0) return runtime.runAlone(plan, aloneEnd);
    if (this.#firstSegment > 0) {
      const checks = runtime.runAlone(plan, aloneChecked);
      if (checks !== outcome.done) return checks;
    }
    const [estimateUs, segment] = [this.#estimateUs, this.#firstSegment];
    const run = { plan, threads, estimateUs, segment, bindings, written, owner: this };
    if (!mayLeave || !this.#isChecked) return runtime.run(run);
    runtime.start(run);
    return outcome.done;
  }

  /** A run in which the driver notes when each kernel began and ended. */
  #measure(execute: () => number, listener: RunListener): number {
    const { native } = this.#pages;
    const { kernels, mostCalls, head } = this.#plan;
    const { clock } = this.#runtime;
    const log = new EventLog(mostCalls, native);
    this.#plan.setAddress(head + planHead.log, log.address);
    try {
      const start = clock.read();
      const result = execute();
      const end = platform.now();
      const events = log.events(kernels, clock.translation(start));
      listener({ program: this.#program, start: start.ms, end, events });
      return result;
    } finally {
      this.#plan.setAddress(head + planHead.log, 0);
    }
  }

  settle(): void {
    this.#runtime.settle();
  }

  free(): void {
    if (this.#isFree) return;
    this.#isFree = true;
    this.#runtime.settle();
    forgotten.unregister(this);
    const { native, address, bytes } = this.#pages;
    native.unmapCode(address, bytes);
  }

  /** Finds where the storages are, and gives those memory that have none; the run under way may go on. */
  #locate(bindings: readonly Storage[]): void {
    const addresses = this.#addresses;
    const moved = this.#moved;
    moved.length = 0; // where the last call has failed, some are left
    const runtime = this.#runtime;
    const { native } = this.#pages;
    for (let slot = 0; slot < bindings.length; slot++) {
      const storage = bindings[slot] as Storage;
      // What the run under way writes lies where it will be read.
      const isElsewhere = storage.home !== null && storage.home !== runtime;
      const buffer = isElsewhere ? storage.hostBuffer() : storage.buffer;
      if (buffer === null) runtime.results.place(storage);
      else if (storage.addressed !== buffer) {
        storage.address = native.addressOf(buffer) + storage.byteOffset;
        storage.addressed = buffer;
        preferHugePages(native, storage.address, storage.byteLength);
      }
      if (addresses[slot] !== storage.address) moved.push(slot);
    }
  }

  /** Tells the table where the storages are. */
  #writeAddresses(bindings: readonly Storage[]): void {
    for (const slot of this.#moved) {
      const { address } = bindings[slot] as Storage;
      this.#addresses[slot] = address;
      this.#plan.setAddress(slot * 8, address);
    }
  }

  /** Arena and scratch memory for a run, and the table and plan knowing of them. */
  #reserve(threads: number): void {
    const { arena, scratch } = this.#runtime;
    try {
      arena.reserve(this.#program.arenaBytes);
      scratch.reserve(this.#stride * threads);
    } catch (error) {
      throw this.#outOfMemory(error);
    }
    if (arena.address !== this.#arena) {
      this.#arena = arena.address;
      this.#plan.setAddress(this.#table.arena, arena.address);
    }
    if (scratch.address !== this.#scratch) {
      this.#scratch = scratch.address;
      this.#plan.setAddress(this.#plan.head + planHead.scratch, scratch.address);
    }
    const status = this.#statusAddress();
    if (status === this.#status) return;
    this.#status = status;
    this.#plan.setAddress(this.#plan.head + planHead.status, status);
  }

  /** 0 if the program has no status words. */
  #statusAddress(): number {
    const placement = this.#statusPlacement;
    if (placement === null) return 0;
    return placement.kind === "arena" ? this.#arena + placement.offset : (this.#addresses[placement.slot] as number);
  }

  /** @throws InternalError if an access was left out because it is outside of its buffer. */
  #checkAccesses(accesses: readonly Access[]): void {
    const { words } = this.#plan;
    const at = this.#table.violation / 4;
    const [number, low, high] = [words[at], words[at + 2], words[at + 3]] as [number, number, number];
    if (number === 0) return;
    words[at] = 0;
    const { kernel, buffer, bytes, text } = accesses[number - 1] as Access;
    const offset = high * 2 ** 32 + (low >>> 0);
    throw new InternalError(
      `kernel ${kernel}: ${text} at byte ${offset} of buffer ${buffer}, which has ${bytes} bytes`,
    );
  }

  #throwStatus(): never {
    const { words, head } = this.#plan;
    const at = (head + planHead.statusCopy) / 4;
    const [code, ...details] = words.subarray(at, at + 4) as unknown as [number, number, number, number];
    throw new ProgramStatusError(code, details);
  }

  #outOfMemory(cause: unknown): MemoryError {
    const { name, arenaBytes } = this.#program;
    return new MemoryError(
      `program ${name}: needs ${formatBytes(arenaBytes)} of intermediate values at once, which the system does not give; use smaller batches or a smaller model`,
      { cause },
    );
  }
}

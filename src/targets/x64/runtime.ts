// What all programs of a thread share: the driver's code, the arena, scratch memory, and the workers.
import type { Native } from "#platform";
import type { Storage, StorageHome } from "../../base/index.js";
import { controlBytes } from "../threads/control.js";
import { checkThreads, threadCount } from "../threads/settings.js";
import { Workers } from "../threads/workers.js";
import { assemble } from "./assemble.js";
import { Clock } from "./clock.js";
import { buildDriver } from "./driver.js";
import type { MachineFunction } from "./machine.js";
import { Region } from "./memory.js";
import { Results } from "./results.js";
import { type WorkerData, workerSource } from "./worker-source.js";

/** Waking a sleeping thread takes about 100 µs (virtual machines), 10 of them the caller's: shorter runs go without. */
const worthWakingUs = 100;

/** Results of a step are freed in bursts, when the engine collects garbage, and the next steps want as much again. */
const keptBytes = 256 << 20;

interface DriverCode {
  runAlone(plan: number, end: number): number;
  open(plan: number, control: number, threads: number, segment: number): number;
  join(plan: number, control: number, threads: number): number;
  ticks(): number;
  readonly serve: number;
}

const drivers = new WeakMap<Native, DriverCode>();

/** The driver's code, made once and never given back. Throws an Error with the system's refusal. */
function driverCode(native: Native): DriverCode {
  const known = drivers.get(native);
  if (known) return known;
  native.keepFreedMemory(keptBytes);
  const { runAlone, open, join, serve, ticks, inner } = buildDriver();
  const { bytes, entries } = assemble([runAlone, open, join, serve, ticks, ...inner], "avx2");
  const address = native.mapCode(bytes);
  const at = (f: MachineFunction) => address + (entries.get(f) as number);
  const code: DriverCode = {
    runAlone: native.functionAt(at(runAlone), 2),
    open: native.functionAt(at(open), 4),
    join: native.functionAt(at(join), 3),
    ticks: native.functionAt(at(ticks), 0),
    serve: at(serve),
  };
  drivers.set(native, code);
  return code;
}

export interface RuntimeOptions {
  /** Default: as many as all targets use. */
  readonly threads?: number;
}

/** A run of a plan on several threads. */
export interface Run {
  /** Address of the plan. */
  readonly plan: number;
  readonly threads: number;
  /** Rough time on one thread. */
  readonly estimateUs: number;
  /** The segments before this one are done. */
  readonly segment: number;
  readonly bindings: readonly Storage[];
  /** Those of them that it writes. */
  readonly written: readonly Storage[];
  /** What has to outlive the run beside the storages. */
  readonly owner: object;
}

export class Runtime implements StorageHome {
  /** Intermediate values of the program that runs. */
  readonly arena: Region;
  /** Local buffers, one part a thread. */
  readonly scratch: Region;
  readonly results: Results;
  readonly workers: Workers;
  /** The run that the workers are left with, kept here because machine code has addresses only. */
  #underWay: Run | null = null;
  readonly #threads: number | null;
  /** The processor's clock beside the platform's, from when somebody first wanted times. */
  #clock: Clock | null = null;
  /** The processor that workers leave to the caller, and how many of them. */
  #kept = { processor: -1, threads: 0 };
  readonly #driver: DriverCode;
  readonly #control: SharedArrayBuffer;
  readonly #block: number;

  constructor(
    readonly native: Native,
    { threads }: RuntimeOptions = {},
  ) {
    this.#threads = threads === undefined ? null : checkThreads(threads);
    this.arena = new Region(native);
    this.scratch = new Region(native);
    this.results = new Results(native);
    this.#driver = driverCode(native);
    this.#control = new SharedArrayBuffer(controlBytes);
    this.#block = native.addressOf(this.#control);
    this.workers = new Workers({
      words: new Int32Array(this.#control),
      source: workerSource(native.workerFunctionAt),
      data: (line): WorkerData => ({
        control: this.#control,
        block: this.#block,
        line,
        serve: this.#driver.serve,
      }),
      greetings: () => [],
    });
  }

  /** Threads that run programs, the calling one included. */
  get threads(): number {
    return this.#threads ?? threadCount();
  }

  get clock(): Clock {
    this.#clock ??= new Clock(() => Number(this.#driver.ticks()));
    return this.#clock;
  }

  /** Runs the calls of a plan before the one at `end` on the calling thread; returns an outcome. */
  runAlone(plan: number, end: number): number {
    return this.#driver.runAlone(plan, end);
  }

  /** Runs a plan on all threads; returns an outcome. The first run that wants workers starts them, and goes on alone. */
  run(run: Run): number {
    this.#open(run);
    return this.#join(run);
  }

  /** Leaves a run that cannot fail to the workers. Whoever asks for what it writes, or wants to run another, waits and helps. */
  start(run: Run): void {
    this.#open(run);
    this.#underWay = run;
    for (const storage of run.written) storage.home = this;
  }

  /** Waits until the run that was started has ended, and takes part in it until then. */
  settle(): void {
    const run = this.#underWay;
    if (run === null) return;
    this.#underWay = null;
    this.#join(run);
    for (const storage of run.written) storage.home = null;
  }

  #open({ plan, threads, estimateUs, segment }: Run): void {
    this.workers.start(threads - 1);
    this.#driver.open(plan, this.#block, threads - 1, segment);
    // Not before the run is announced: a worker that falls asleep in between would sleep through it.
    if (estimateUs <= worthWakingUs || this.workers.restingCount === 0) return;
    this.#keepWorkersOff();
    this.workers.wake();
  }

  /**
   * Has the workers wake up on other processors than the caller's. Linux wakes a thread where it ran last or on the processor of who
   * wakes it, and on a machine as busy as this pool makes it, it does not look for an idle one: both threads would share a
   * processor, the other one idle, for several milliseconds.
   */
  #keepWorkersOff(): void {
    const { native, workers } = this;
    const processor = native.processor();
    const threads = workers.threadNumbers;
    const known = this.#kept;
    if (processor === undefined || (processor === known.processor && threads.length === known.threads)) return;
    this.#kept = { processor, threads: threads.length };
    native.keepOff(processor, threads);
  }

  #join({ plan, threads }: Run): number {
    return this.#driver.join(plan, this.#block, threads);
  }

  // ---- StorageHome: of what the run under way writes ----------------------------------------------------------

  read(storage: Storage, into: Uint8Array): void {
    this.settle();
    into.set(storage.hostBytes().subarray(0, into.length));
  }

  evict(): void {
    this.settle();
  }
}

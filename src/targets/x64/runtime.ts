// What all programs of a thread share: the driver's code, the arena, scratch memory, and the workers.
import type { Native } from "#platform";
import type { Storage } from "../../base/index.js";
import { controlBytes } from "../threads/control.js";
import { checkThreads, threadCount } from "../threads/settings.js";
import { Workers } from "../threads/workers.js";
import { assemble } from "./assemble.js";
import { Clock } from "./clock.js";
import { buildDriver } from "./driver.js";
import type { MachineFunction } from "./machine.js";
import { Region } from "./memory.js";
import { type WorkerData, workerSource } from "./worker-source.js";

/** Waking a sleeping thread takes about 100 µs (virtual machines), 10 of them the caller's: shorter runs go without. */
const worthWakingUs = 100;

/** Results of a step are freed in bursts, when the engine collects garbage, and the next steps want as much again. */
const keptBytes = 256 << 20;

interface DriverCode {
  runAlone(plan: number): number;
  open(plan: number, control: number, threads: number): number;
  run(plan: number, control: number): number;
  ticks(): number;
  readonly serve: number;
}

const drivers = new WeakMap<Native, DriverCode>();

/** The driver's code, made once and never given back. Throws an Error with the system's refusal. */
function driverCode(native: Native): DriverCode {
  const known = drivers.get(native);
  if (known) return known;
  native.keepFreedMemory(keptBytes);
  const { runAlone, open, run, serve, ticks, inner } = buildDriver();
  const { bytes, entries } = assemble([runAlone, open, run, serve, ticks, ...inner], "avx2");
  const address = native.mapCode(bytes);
  const at = (f: MachineFunction) => address + (entries.get(f) as number);
  const code: DriverCode = {
    runAlone: native.functionAt(at(runAlone), 1),
    open: native.functionAt(at(open), 3),
    run: native.functionAt(at(run), 2),
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

export class Runtime {
  /** Intermediate values of the program that runs. */
  readonly arena: Region;
  /** Local buffers, one part a thread. */
  readonly scratch: Region;
  readonly workers: Workers;
  /** Storages of the run under way, kept here because machine code has their addresses only. */
  bound: readonly Storage[] | null = null;
  readonly #threads: number | null;
  /** The processor's clock beside the platform's, from when somebody first wanted times. */
  #clock: Clock | null = null;
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

  /** Runs a plan on the calling thread; returns an outcome. */
  runAlone(plan: number): number {
    return this.#driver.runAlone(plan);
  }

  /** Runs a plan on all threads. The first run that wants workers starts them, and goes on alone. */
  run(plan: number, threads: number, estimateUs: number): number {
    this.workers.start(threads - 1);
    this.#driver.open(plan, this.#block, threads);
    // Not before the run is announced: a worker that falls asleep in between would sleep through it.
    if (estimateUs > worthWakingUs) this.workers.wake();
    return this.#driver.run(plan, this.#block);
  }
}

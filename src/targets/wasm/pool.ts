// The worker threads: started when a program first wants them, told about runs through shared memory.
import { type PlatformWorker, platform } from "#platform";
import { closedPhase } from "./driver.js";
import { control, maxThreads, workerLineBytes } from "./layout.js";
import { workerSource, workerState, workerWord } from "./worker-source.js";

/** Time for threads to notice a fault: they look every 100 ms. */
const leaveMs = 1000;
/** Waking a sleeping thread takes about 100 µs (virtual machines), 10 of them the caller's: shorter runs go without. */
const worthWakingUs = 100;

const word = (offset: number) => offset / 4;

interface PoolWorker {
  readonly worker: PlatformWorker;
  /** Index of its line in the control words. */
  readonly line: number;
  /** Messages sent to it. */
  posted: number;
}

/** What the workers need to know to join a run. */
export interface Command {
  readonly program: number;
  /** Most threads that may take part, the caller included. */
  readonly threads: number;
  readonly table: number;
  readonly scratch: number;
  readonly scratchStride: number;
}

export class ThreadPool {
  readonly #memory: WebAssembly.Memory;
  /** The control block. Growing the memory does not move it. */
  readonly #words: Int32Array;
  readonly #workers: PoolWorker[] = [];
  readonly #modules = new Map<number, WebAssembly.Module>();
  #epoch = 0;
  /** Set when a worker could not start or died: no more threads then. */
  #failure: unknown = null;

  /** @param isShared - false for a memory that workers cannot have; the pool stays empty then. */
  constructor(memory: WebAssembly.Memory, isShared: boolean) {
    this.#memory = memory;
    // Growing a memory that is not shared would detach a view of it.
    this.#words = isShared ? new Int32Array(memory.buffer, 0, 1 << 14) : new Int32Array(1 << 14);
  }

  /** Makes sure that `count` workers exist; they become ready some time later. */
  start(count: number): void {
    while (this.#workers.length < Math.min(count, maxThreads - 1) && this.#failure === null) this.#startOne();
  }

  /** Workers that have reported for work at least once. */
  get readyCount(): number {
    const isReady = ({ line }: PoolWorker) =>
      Atomics.load(this.#words, line + workerWord.state) !== workerState.starting;
    return this.#workers.filter(isReady).length;
  }

  /** How often workers have joined runs. */
  get joinCount(): number {
    return Atomics.load(this.#words, word(control.joined));
  }

  /** Gives all workers a program, unless they have it. */
  load(id: number, module: WebAssembly.Module): void {
    if (this.#modules.has(id)) return;
    this.#modules.set(id, module);
    for (const worker of this.#workers) this.#post(worker, { kind: "load", id, module });
  }

  free(id: number): void {
    if (!this.#modules.delete(id)) return;
    for (const worker of this.#workers) this.#post(worker, { kind: "free", id });
  }

  /** Announces a run that `open` has opened or is about to; `open` gets its number. Returns that number. */
  announce(command: Command, estimateUs: number, open: (epoch: number) => void): number {
    const words = this.#words;
    const { program, threads, table, scratch, scratchStride } = command;
    words.set([program, threads, table, scratch, scratchStride], word(control.command));
    this.#epoch = (this.#epoch + 1) | 0;
    open(this.#epoch);
    Atomics.store(words, word(control.epoch), this.#epoch);
    if (estimateUs > worthWakingUs) this.#wake();
    return this.#epoch;
  }

  /** The text of a fault that a worker reported, or null. */
  fault(): string | null {
    const words = this.#words;
    if (Atomics.load(words, word(control.fault)) === 0) return null;
    const length = Atomics.load(words, word(control.faultLength));
    // Text decoders refuse shared memory.
    return new TextDecoder().decode(new Uint8Array(words.buffer, control.faultText, length).slice());
  }

  /**
   * Ends a run that failed: nobody can join it any more, and threads at a barrier see the fault and leave. When one does
   * not, it may still be writing; then there are no threads from now on.
   */
  abandon(): void {
    const words = this.#words;
    Atomics.store(words, word(control.phase), closedPhase);
    Atomics.store(words, word(control.fault), 1);
    Atomics.notify(words, word(control.phase));
    const deadline = platform.now() + leaveMs;
    while (Atomics.load(words, word(control.active)) !== 0) {
      if (platform.now() > deadline) return this.#fail("a worker does not return");
    }
    Atomics.store(words, word(control.fault), 0);
    Atomics.store(words, word(control.faultLength), 0);
  }

  #startOne(): void {
    const line = word(control.workers + this.#workers.length * workerLineBytes);
    try {
      const worker = platform.startWorker(workerSource, { memory: this.#memory, line }, (error) => this.#fail(error));
      const started: PoolWorker = { worker, line, posted: 0 };
      this.#workers.push(started);
      for (const [id, module] of this.#modules) this.#post(started, { kind: "load", id, module });
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Threads are an optimisation: without them programs run on the calling thread. */
  #fail(error: unknown): void {
    if (this.#failure !== null) return;
    this.#failure = error ?? "unknown reason";
    platform.warn(`gradus: no worker threads (${describe(this.#failure)}); running on one thread`);
    for (const { worker } of this.#workers) worker.terminate();
    this.#workers.length = 0;
  }

  #post(worker: PoolWorker, message: unknown): void {
    worker.posted++;
    worker.worker.post(message);
    Atomics.store(this.#words, worker.line + workerWord.posted, worker.posted);
    // A browser's worker that sleeps outside its event loop has to wake up to see its mail.
    if (!platform.workersPoll) Atomics.notify(this.#words, word(control.epoch));
  }

  #wake(): void {
    const words = this.#words;
    if (Atomics.load(words, word(control.resting)) > 0) Atomics.notify(words, word(control.epoch));
    if (platform.workersPoll) return;
    for (const { worker, line } of this.#workers) {
      const state = line + workerWord.state;
      const { idle, waking } = workerState;
      if (Atomics.compareExchange(words, state, idle, waking) === idle) worker.post({ kind: "wake" });
    }
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String((error as { message?: unknown }).message ?? error);
}

// The worker threads: started when a program first wants them, woken through shared memory.
import { type PlatformWorker, platform } from "#platform";
import { control, maxThreads, workerLineBytes } from "./layout.js";
import { workerSource, workerState, workerWord } from "./worker-source.js";

/** Time for workers to notice a fault: they look every 100 ms. */
const leaveMs = 1000;

interface PoolWorker {
  readonly worker: PlatformWorker;
  /** Index of its line in the control words. */
  readonly line: number;
  posted: number;
}

/** What the workers run: the module's `run` with these arguments. */
export interface Command {
  readonly program: number;
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
  #reserved: PoolWorker[] = [];
  #runCount = 0;
  /** Set when a worker could not start or died: no more threads then. */
  #failure: unknown = null;

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory;
    this.#words = new Int32Array(memory.buffer, 0, 1 << 14);
  }

  /** Makes sure that `count` workers exist; they become ready some time later. */
  start(count: number): void {
    while (this.#workers.length < Math.min(count, maxThreads - 1) && this.#failure === null) this.#startOne();
  }

  /** Workers that have reported for work at least once. */
  get readyCount(): number {
    let count = 0;
    for (const { line } of this.#workers) {
      if (Atomics.load(this.#words, line + workerWord.state) !== workerState.starting) count++;
    }
    return count;
  }

  /** Runs in which workers took part. */
  get runCount(): number {
    return this.#runCount;
  }

  /** Gives all workers a program. */
  load(id: number, module: WebAssembly.Module): void {
    this.#modules.set(id, module);
    for (const worker of this.#workers) this.#post(worker, { kind: "load", id, module });
  }

  isLoaded(id: number): boolean {
    return this.#modules.has(id);
  }

  free(id: number): void {
    if (!this.#modules.delete(id)) return;
    for (const worker of this.#workers) this.#post(worker, { kind: "free", id });
  }

  /**
   * Takes up to `count` workers that can start; returns how many. They wait for `release`. One that still leaves the
   * previous run after `patienceMs` has lost its core, and sits this run out.
   */
  reserve(count: number, patienceMs: number): number {
    for (const worker of this.#workers) {
      if (this.#reserved.length === count) break;
      if (this.#take(worker, patienceMs)) this.#reserved.push(worker);
    }
    return this.#reserved.length;
  }

  /** Starts the reserved workers on a command, as threads 1, 2 …; the caller is thread 0. */
  release(command: Command): void {
    this.#runCount++;
    const words = this.#words;
    const threads = this.#reserved.length + 1;
    words.set([command.program, threads, command.table, command.scratch, command.scratchStride], control.command / 4);
    Atomics.store(words, control.arrived / 4, 0);
    Atomics.store(words, control.generation / 4, 0);
    this.#reserved.forEach(({ line }, index) => {
      words[line + workerWord.thread] = index + 1;
      // A sleeper was marked reserved without being woken; notifying a spinning worker does nothing.
      Atomics.store(words, line + workerWord.state, workerState.claimed);
      Atomics.notify(words, line + workerWord.state);
    });
    this.#reserved = [];
  }

  /** The text of a fault that a worker reported, or null. */
  fault(): string | null {
    const words = this.#words;
    if (Atomics.load(words, control.fault / 4) === 0) return null;
    const length = Atomics.load(words, control.faultLength / 4);
    // Text decoders refuse shared memory.
    return new TextDecoder().decode(new Uint8Array(words.buffer, control.faultText, length).slice());
  }

  /**
   * Ends a run that failed: threads at a barrier see the fault and leave. When one does not, it may still be writing, so
   * there are no threads from then on.
   */
  abandon(): void {
    const words = this.#words;
    Atomics.store(words, control.fault / 4, 1);
    Atomics.notify(words, control.generation / 4);
    const deadline = platform.now() + leaveMs;
    const isRunning = ({ line }: PoolWorker) => Atomics.load(words, line + workerWord.state) === workerState.claimed;
    while (this.#workers.some(isRunning)) {
      if (platform.now() > deadline) return this.#fail("a worker does not return");
    }
    words.fill(0, 0, control.command / 4);
  }

  #terminate(): void {
    for (const { worker } of this.#workers) worker.terminate();
    this.#workers.length = 0;
    this.#reserved = [];
  }

  #startOne(): void {
    const line = (control.workers + this.#workers.length * workerLineBytes) / 4;
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
    this.#failure = error ?? new Error("unknown reason");
    platform.warn(`gradus: no worker threads (${describe(this.#failure)}); running on one thread`);
    this.#terminate();
  }

  #post(worker: PoolWorker, message: unknown): void {
    worker.posted++;
    worker.worker.post(message);
    Atomics.store(this.#words, worker.line + workerWord.posted, worker.posted);
    // A browser's worker that sleeps outside its event loop has to wake up to see its mail.
    if (!platform.workersPoll) Atomics.notify(this.#words, worker.line + workerWord.state);
  }

  #take(worker: PoolWorker, patienceMs: number): boolean {
    if (this.#hasMail(worker)) return false;
    const words = this.#words;
    const state = worker.line + workerWord.state;
    const deadline = platform.now() + patienceMs;
    for (;;) {
      const seen = Atomics.load(words, state);
      if (seen === workerState.claimed) {
        if (platform.now() > deadline) return false;
        continue;
      }
      if (seen === workerState.idle) this.#wake(worker);
      if (seen !== workerState.ready && seen !== workerState.sleeping) return false;
      if (Atomics.compareExchange(words, state, seen, workerState.reserved) === seen) return true;
    }
  }

  /** True if the worker cannot run yet because messages wait for its event loop. */
  #hasMail({ line, posted }: PoolWorker): boolean {
    return !platform.workersPoll && Atomics.load(this.#words, line + workerWord.handled) !== posted;
  }

  #wake(worker: PoolWorker): void {
    const state = worker.line + workerWord.state;
    const seen = Atomics.compareExchange(this.#words, state, workerState.idle, workerState.waking);
    if (seen === workerState.idle) worker.worker.post({ kind: "wake" });
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String((error as { message?: unknown }).message ?? error);
}

// The worker threads of a pool: started when a program first wants them, told about runs through a control block.
import { type PlatformWorker, platform } from "#platform";
import { control, maxThreads, word, workerLineBytes, workerState, workerWord } from "./control.js";

interface PoolWorker {
  readonly worker: PlatformWorker;
  /** Index of its line in the control words. */
  readonly line: number;
  /** Messages sent to it. */
  posted: number;
}

export interface WorkersOptions {
  /** The control block. */
  readonly words: Int32Array;
  /** The workers' script. */
  readonly source: string;
  /** What the script starts with; `line` is the index of the worker's line in the control words. */
  data(line: number): object;
  /** Messages that a worker needs which starts now. */
  greetings(): Iterable<unknown>;
}

export class Workers {
  readonly #options: WorkersOptions;
  readonly #words: Int32Array;
  readonly #workers: PoolWorker[] = [];
  /** Set when a worker could not start or died: no more threads then. */
  #failure: unknown = null;

  constructor(options: WorkersOptions) {
    this.#options = options;
    this.#words = options.words;
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

  /** Workers that sleep until the next run. */
  get restingCount(): number {
    return Atomics.load(this.#words, word(control.resting));
  }

  /** The system's numbers of the workers' threads, of those that have told. */
  get threadNumbers(): number[] {
    const numbers = this.#workers.map(({ line }) => Atomics.load(this.#words, line + workerWord.thread));
    return numbers.filter((number) => number !== 0);
  }

  /** Sends a message to each worker there is. */
  post(message: unknown): void {
    for (const worker of this.#workers) this.#post(worker, message);
  }

  /** Wakes workers that have nothing to do, for the run that is announced now. */
  wake(): void {
    const words = this.#words;
    if (Atomics.load(words, word(control.resting)) > 0) Atomics.notify(words, word(control.epoch));
    if (platform.workersPoll) return;
    for (const { worker, line } of this.#workers) {
      const state = line + workerWord.state;
      const { idle, waking } = workerState;
      if (Atomics.compareExchange(words, state, idle, waking) === idle) worker.post({ kind: "wake" });
    }
  }

  /** Threads are an optimisation: without them programs run on the calling thread. */
  fail(error: unknown): void {
    if (this.#failure !== null) return;
    this.#failure = error ?? "unknown reason";
    platform.warn(`gradus: no worker threads (${describe(this.#failure)}); running on one thread`);
    for (const { worker } of this.#workers) worker.terminate();
    this.#workers.length = 0;
  }

  #startOne(): void {
    const line = word(control.workers + this.#workers.length * workerLineBytes);
    const { source, data, greetings } = this.#options;
    try {
      const worker = platform.startWorker(source, data(line), (error) => this.fail(error));
      const started: PoolWorker = { worker, line, posted: 0 };
      this.#workers.push(started);
      for (const message of greetings()) this.#post(started, message);
    } catch (error) {
      this.fail(error);
    }
  }

  #post(worker: PoolWorker, message: unknown): void {
    worker.posted++;
    worker.worker.post(message);
    Atomics.store(this.#words, worker.line + workerWord.posted, worker.posted);
    // A browser's worker that sleeps outside its event loop has to wake up to see its mail.
    if (!platform.workersPoll) Atomics.notify(this.#words, word(control.epoch));
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String((error as { message?: unknown }).message ?? error);
}

// Runs on several threads: workers that have the programs' modules, and the announcement of a run.
import { platform } from "#platform";
import { closedPhase, control, word } from "../threads/control.js";
import { Workers } from "../threads/workers.js";
import type { WasmMemory } from "./heap.js";
import { workerSource } from "./worker-source.js";

/** Time for threads to notice a fault: they look every 100 ms. */
const leaveMs = 1000;
/** Waking a sleeping thread takes about 100 µs (virtual machines), 10 of them the caller's: shorter runs go without. */
const worthWakingUs = 100;

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
  /** The control block. Growing the memory does not move it. */
  readonly #words: Int32Array;
  readonly #workers: Workers;
  readonly #modules = new Map<number, object>();
  #epoch = 0;

  /** @param isShared - false for a memory that workers cannot have; the pool stays empty then. */
  constructor(memory: WasmMemory, isShared: boolean) {
    // Growing a memory that is not shared would detach a view of it.
    this.#words = isShared ? new Int32Array(memory.buffer, 0, 1 << 14) : new Int32Array(1 << 14);
    const modules = this.#modules;
    this.#workers = new Workers({
      words: this.#words,
      source: workerSource,
      data: (line) => ({ memory, line }),
      *greetings() {
        for (const [id, module] of modules) yield { kind: "load", id, module };
      },
    });
  }

  /** Makes sure that `count` workers exist; they become ready some time later. */
  start(count: number): void {
    this.#workers.start(count);
  }

  /** Workers that have reported for work at least once. */
  get readyCount(): number {
    return this.#workers.readyCount;
  }

  /** How often workers have joined runs. */
  get joinCount(): number {
    return this.#workers.joinCount;
  }

  /** Gives all workers a program, unless they have it. */
  load(id: number, module: object): void {
    if (this.#modules.has(id)) return;
    this.#modules.set(id, module);
    this.#workers.post({ kind: "load", id, module });
  }

  free(id: number): void {
    if (this.#modules.delete(id)) this.#workers.post({ kind: "free", id });
  }

  /** Announces a run that `open` has opened or is about to; `open` gets its number. Returns that number. */
  announce(command: Command, estimateUs: number, open: (epoch: number) => void): number {
    const words = this.#words;
    const { program, threads, table, scratch, scratchStride } = command;
    words.set([program, threads, table, scratch, scratchStride], word(control.command));
    this.#epoch = (this.#epoch + 1) | 0;
    open(this.#epoch);
    Atomics.store(words, word(control.epoch), this.#epoch);
    if (estimateUs > worthWakingUs) this.#workers.wake();
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
      if (platform.now() > deadline) return this.#workers.fail("a worker does not return");
    }
    Atomics.store(words, word(control.fault), 0);
    Atomics.store(words, word(control.faultLength), 0);
  }
}

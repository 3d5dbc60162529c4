// Times of kernels that the host calls one by one, on one thread.
import { platform } from "#platform";
import { type Kernel, type KernelEvent, type Program, runListener } from "../ir/index.js";

/** Measures one run, if somebody listens. */
export class RunMeasure {
  readonly #listener = runListener();
  readonly #events: KernelEvent[] = [];
  readonly #start = platform.now();

  constructor(readonly program: Program) {}

  /** Runs all tiles of a kernel. */
  time(kernel: Kernel, run: () => void): void {
    const start = this.#listener === null ? 0 : platform.now();
    run();
    if (this.#listener === null) return;
    this.#events.push({ kernel, thread: 0, start, end: platform.now(), first: 0, last: kernel.tiles });
  }

  /** Says what was measured. */
  report(): void {
    this.#listener?.({ program: this.program, start: this.#start, end: platform.now(), events: this.#events });
  }
}

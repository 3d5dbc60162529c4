// Threads are not ended while they are inside the addon that makes native calls.
import { workerData } from "node:worker_threads";

/**
 * A thread of which the end has begun can throw nothing, and an addon that tries to ends the process (koffi, while it loads: "FATAL
 * ERROR: Error::ThrowAsJavaScriptException"). So whoever ends a thread waits until it has left the addon, and then nobody gets in.
 */
export class Gate {
  readonly shared = new SharedArrayBuffer(4);
  readonly #state = new Int32Array(this.shared);

  /** From then on the thread can be ended. Waits for a few milliseconds at most. */
  close(): void {
    const [open, entered, closed] = [0, 1, 2];
    while (Atomics.compareExchange(this.#state, 0, open, closed) === entered) Atomics.wait(this.#state, 0, entered);
  }
}

/** Where a thread finds the gate of whoever started it, in its `workerData`. */
export interface Gated {
  readonly gradusGate: SharedArrayBuffer;
}

/**
 * Calls `use` inside the addon; waits for the end of the thread if it comes too late. Scripts of workers get this function as text, so
 * it holds on to nothing around it.
 */
function enter<T>(shared: SharedArrayBuffer, use: () => T): T {
  const state = new Int32Array(shared);
  const [open, entered, closed] = [0, 1, 2];
  if (Atomics.compareExchange(state, 0, open, entered) === closed) Atomics.wait(state, 0, closed);
  try {
    return use();
  } finally {
    Atomics.store(state, 0, open);
    Atomics.notify(state, 0);
  }
}

const own: unknown = (workerData as Partial<Gated> | null)?.gradusGate;

/** Calls `use`, which uses the addon in ways that can throw: loading it, and making functions. */
export function throughGate<T>(use: () => T): T {
  return own instanceof SharedArrayBuffer ? enter(own, use) : use();
}

/** As text, for the scripts of workers, which have `require`: an expression that runs the body of a function, and is what it returns. */
export function gatedSource(body: string): string {
  return `(${enter})(require("node:worker_threads").workerData.gradusGate, () => { ${body} })`;
}

// Ctrl-C: the first asks the work to stop at a good place, the second ends the process.

/** npm passes a terminal's SIGINT on, which the process group got already: two within this time are one key press. */
const samePressMs = 500;
/** What shells expect of a process that SIGINT ended. */
export const interruptedExitCode = 130;

export interface InterruptOptions {
  /** Called once, at the first interrupt. */
  readonly onStop: () => void;
  /** Called at the second. */
  readonly onAbort: () => void;
  readonly now?: () => number;
}

/** Tells one interrupt from two. */
export class InterruptCounter {
  private first: number | null = null;

  constructor(private readonly options: InterruptOptions) {}

  get isStopping(): boolean {
    return this.first !== null;
  }

  signal(): void {
    const now = (this.options.now ?? (() => performance.now()))();
    if (this.first === null) {
      this.first = now;
      this.options.onStop();
    } else if (now - this.first >= samePressMs) {
      this.options.onAbort();
    }
  }
}

/** Listens to SIGINT and SIGTERM until the returned function is called. */
export function listenToInterrupts(counter: InterruptCounter): () => void {
  const signal = () => counter.signal();
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const name of signals) process.on(name, signal);
  return () => {
    for (const name of signals) process.off(name, signal);
  };
}

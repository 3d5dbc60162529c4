// Who wants to know how long kernels take. Targets look here before each run, and measure if somebody listens.
import type { Kernel, Program } from "./types.js";

/** Some tiles of a kernel on one thread. Times are milliseconds of the platform's clock. */
export interface KernelEvent {
  readonly kernel: Kernel;
  /** 0 is the calling thread. */
  readonly thread: number;
  readonly start: number;
  readonly end: number;
  /** Tiles first … last - 1. */
  readonly first: number;
  readonly last: number;
}

/** One run of a program. */
export interface RunReport {
  readonly program: Program;
  readonly start: number;
  readonly end: number;
  readonly events: readonly KernelEvent[];
}

export type RunListener = (report: RunReport) => void;

let listeners: readonly RunListener[] = [];

function tellAll(report: RunReport): void {
  for (const listener of listeners) listener(report);
}

/** Who listens now; null most of the time. */
export function runListener(): RunListener | null {
  return listeners.length === 0 ? null : tellAll;
}

/** Has a function hear of runs, beside those that do already; the result ends that. Listeners may come and go in any order. */
export function listenToRuns(listener: RunListener): () => void {
  const own: RunListener = (report) => listener(report);
  listeners = [...listeners, own];
  return () => {
    listeners = listeners.filter((one) => one !== own);
  };
}

/** What runs for `call` is nobody's but this listener's; null: nobody hears of it. */
export function listenAlone<R>(listener: RunListener | null, call: () => R): R {
  const outer = listeners;
  listeners = listener === null ? [] : [listener];
  try {
    return call();
  } finally {
    listeners = outer;
  }
}

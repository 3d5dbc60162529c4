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

let listener: RunListener | null = null;

/** Who listens now; null most of the time. */
export function runListener(): RunListener | null {
  return listener;
}

/** Sets who hears of runs; returns who did before. */
export function setRunListener(next: RunListener | null): RunListener | null {
  const previous = listener;
  listener = next;
  return previous;
}

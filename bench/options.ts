// What the benchmarks take from the command line.
import type { PeerName } from "./peers.js";

export interface BenchOptions {
  /** Thread counts to measure. */
  readonly threads: readonly number[];
  readonly rounds: number;
  /** Training steps a round (mnist) or in all (memory); null: the benchmark's own number. */
  readonly steps: number | null;
  /** Time for one measurement of a kernel. */
  readonly seconds: number;
  /** Null: the default target. */
  readonly target: string | null;
  /** Part of the names of the cases to compare; null: all. */
  readonly only: string | null;
  /** Libraries to measure beside Gradus, where they are. */
  readonly peers: readonly PeerName[];
  /** Folder of another built checkout of Gradus, to measure beside this one. */
  readonly against: string | null;
}

/** Arguments for a process of bench/gradus. */
export function sideArguments(options: BenchOptions, threads: number): string[] {
  return ["--threads", String(threads), ...(options.target ? ["--target", options.target] : [])];
}

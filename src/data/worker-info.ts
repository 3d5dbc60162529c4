import { noMore } from "../base/index.js";

// Which worker of a loader this thread is.

/** A worker thread of a `DataLoader`, as it sees itself. */
export interface WorkerInfo {
  /** From 0. */
  readonly id: number;
  /** How many workers the loader has. */
  readonly numWorkers: number;
  /** Seed of this worker's default generator in the current epoch: differs from worker to worker. */
  readonly seed: number;
}

let current: WorkerInfo | null = null;

export function setWorkerInfo(info: WorkerInfo): void {
  current = info;
}

/**
 * In a worker of a `DataLoader`, who it is; null elsewhere. Streams ask it which part of the data is theirs.
 * @example
 * function* mine(lines: readonly string[]) {
 *   const { id, numWorkers } = workerInfo() ?? { id: 0, numWorkers: 1 };
 *   for (let i = id; i < lines.length; i += numWorkers) yield lines[i];
 * }
 * [...mine(["a", "b"])]; // ["a", "b"]
 */
export function workerInfo(...surplus: []): WorkerInfo | null {
  noMore("workerInfo", surplus);
  return current;
}

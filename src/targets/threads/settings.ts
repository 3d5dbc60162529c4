// How many threads run programs, whatever the target.
import { platform } from "#platform";
import { ArgumentError, noMore } from "../../base/index.js";
import { maxThreads } from "./control.js";

let wished: number | null = null;

/** Sets how many threads run programs, the calling one included. Results do not depend on it. */
export function setThreads(count: number): void {
  wished = checkThreads(count);
}

/**
 * Threads that run programs; where memory cannot be shared it is 1.
 * @throws ArgumentError if GRADUS_THREADS is no whole number from 1 to 64.
 */
export function threadCount(...surplus: []): number {
  noMore("threadCount", surplus);
  wished ??= defaultThreads();
  return platform.hasSharedMemory ? wished : 1;
}

export function checkThreads(count: number): number {
  if (isCount(count)) return count;
  throw new ArgumentError(`setThreads: ${count} is not a whole number from 1 to ${maxThreads}`, { op: "setThreads" });
}

function isCount(count: number): boolean {
  return Number.isInteger(count) && count >= 1 && count <= maxThreads;
}

function defaultThreads(): number {
  const setting = platform.env("GRADUS_THREADS");
  if (setting === undefined) return Math.min(platform.cores(), maxThreads);
  if (isCount(Number(setting))) return Number(setting);
  throw new ArgumentError(`GRADUS_THREADS: "${setting}" is not a whole number from 1 to ${maxThreads}`);
}

// Where things are in the wasm memory: the control block, and the binding table of a program.
import type { Program } from "../../ir/index.js";

/** Byte offsets in the control block at address 0; words that different threads write lie in different cache lines. */
export const control = {
  /**
   * i64, the state of the run: its number (32 bits), the segment under way (16), threads that take part (8), threads
   * that have finished the segment (8). No threads take part in a run that is over.
   */
  phase: 64,
  /** Threads asleep at the end of a segment. */
  sleepers: 128,
  /** Number of the last run that was announced. */
  epoch: 192,
  /** Workers asleep until the next run. */
  resting: 256,
  /** Workers that may be in a run. */
  active: 320,
  /** How often workers have joined runs. */
  joined: 324,
  /** Not 0 when a thread failed; `faultLength` bytes of text follow at `faultText`. */
  fault: 384,
  faultLength: 388,
  faultText: 448,
  /** The announced run: program id, most threads, table address, scratch address and scratch bytes a thread. */
  command: 1024,
  /** One cache line a worker. */
  workers: 2048,
} as const;

export const faultTextBytes = 512;
export const workerLineBytes = 64;
export const maxThreads = 64;

/**
 * First address of buffers. Constant index parts below this become immediate offsets without proof that the rest of
 * the index is not negative, because base + rest cannot wrap below 0 then.
 */
export const heapStart = 1 << 20;

/** Byte offsets in a program's binding table: i32 addresses, f64 scalars, one i32 tile counter a stage. */
export interface TableLayout {
  /** Address of bound storage `slot` is at 4 * slot; the arena's follows them. */
  readonly arena: number;
  readonly scalars: number;
  readonly counters: number;
  readonly bytes: number;
}

export function tableLayout(program: Program): TableLayout {
  const arena = program.bindings.length * 4;
  const scalars = roundUp(arena + 4, 8);
  const counters = roundUp(scalars + program.scalarCount * 8, 64);
  return { arena, scalars, counters, bytes: roundUp(counters + program.stages.length * 4, 64) };
}

export function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}

// The control block that the threads of a pool share, and the rules of a run.

/** Byte offsets in the control block; words that different threads write lie in different cache lines. */
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
  /** The announced run, in the target's own words. */
  command: 1024,
  /** One cache line a worker. */
  workers: 2048,
} as const;

export const faultTextBytes = 512;
export const workerLineBytes = 64;
export const maxThreads = 64;
export const controlBytes = control.workers + maxThreads * workerLineBytes;

/**
 * Words of a worker's line in the control block: its state, messages it has handled, messages it was sent, the last run it looked at,
 * and the system's number of its thread, where somebody wants that.
 */
export const workerWord = { state: 0, handled: 1, posted: 2, seen: 3, thread: 4 } as const;

/** States of a worker. */
export const workerState = {
  starting: 0,
  /** Looking for runs, or in one. */
  working: 1,
  /** In its event loop (browsers): needs a message to come back. */
  idle: 2,
  /** That message is under way. */
  waking: 3,
} as const;

/** What a thread's part in a run ends with. */
export const outcome = { done: 0, statusSet: 1, fault: 2, notJoined: 3 } as const;

/** Segments are counted in 16 bits; the last number marks a run that is over. */
export const mostSegments = 0xffff;
/** The low half of the phase word of a run that is over. */
export const closedPhase = 0xffff_0000;

/** Index of a 32-bit word. */
export const word = (offset: number): number => offset / 4;

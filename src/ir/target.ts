// What a target is to the rest of Gradus: it loads programs and runs them on storages.
import type { Storage } from "../base/index.js";
import type { Program, Scalar } from "./types.js";

/** Accumulators of the contraction's micro-kernel: rows × vectors. */
export interface MicroShape {
  readonly rows: number;
  readonly vectors: number;
}

/** What the compiler has to know of a target to choose schedules. Affects speed, and the order of sums by `lanes` only. */
export interface TargetInfo {
  /** Lanes of a vector in a kernel whose widest element type has `bytes` bytes; 1 switches vectors off. */
  lanes(bytes: 1 | 4 | 8): number;
  /** True if integer and bool vectors are supported for these scalar types. */
  supportsVector(type: Scalar): boolean;
  /** Vector loads and stores may be guarded lane by lane; without, what is left of a vector loop runs one by one. */
  readonly masks: boolean;
  /** Blocks of accumulators that stay in registers beside what feeds them; fewer rows or vectors fit as well. */
  readonly microShapes: readonly MicroShape[];
  /** Registers for vectors: how many independent computations can be under way side by side. */
  readonly vectorRegisters: number;
  /** `fromHalf` and `toHalf` are instructions; without, they are spelled out. */
  readonly halves: boolean;
  /** `prefetch` does something; without, the compiler leaves it out. */
  readonly prefetches: boolean;
  readonly threads: number;
  readonly cacheBytes: { readonly l1: number; readonly l2: number };
}

/** A loaded program. */
export interface Executable {
  /**
   * Runs all stages; may return before they have ended, once they cannot fail any more. Reading a storage that they write waits.
   * Throws ProgramStatusError when the program's status word was set.
   */
  run(bindings: readonly Storage[], scalars: Float64Array): void;
  /** Waits until the last run has ended. */
  settle(): void;
  /** Gives back code and memory; called when the program cache evicts it. */
  free(): void;
  /** Bytes of code and fixed memory held. */
  readonly sizeBytes: number;
}

export interface Target {
  /** `interpreter`, `wasm`, `wasm:relaxed` … */
  readonly name: string;
  readonly info: TargetInfo;
  load(program: Program): Executable;
}

/** A value-dependent error that kernels reported: code and details of the program's status word. */
export class ProgramStatusError extends Error {
  constructor(
    readonly status: number,
    readonly details: readonly [number, number, number],
  ) {
    super(`program status ${status}`);
  }
}

// The interpreter target: runs kernel IR as it stands, before or after its passes, on one thread, and checks every access.
// It is what other targets are compared with.
import { InternalError, type Storage } from "../../base/index.js";
import {
  type Executable,
  type Program,
  ProgramStatusError,
  type Target,
  type TargetInfo,
  verifyProgram,
} from "../../ir/index.js";
import { RunMeasure } from "../run-measure.js";
import { type CompiledKernel, compileStages } from "./kernel.js";
import { ProgramMemory } from "./memory.js";

export interface InterpreterOptions {
  /**
   * Lanes of a vector of 4-byte elements. 4 gives sums the order they have on wasm, whose bits results then equal; 1 keeps
   * kernels scalar. Default 4.
   */
  readonly lanes?: 1 | 4 | 8 | 16;
  /** Vectors are masked where a loop ends within one. Default false, as on wasm. */
  readonly masks?: boolean;
  /** Throws when a tile touches an element that another tile wrote in the same stage. Default false: it is slow. */
  readonly detectRaces?: boolean;
}

export function createInterpreter(options: InterpreterOptions = {}): Target {
  const { lanes = 4, masks = false, detectRaces = false } = options;
  const info: TargetInfo = {
    lanes: (bytes) => (lanes === 1 ? 1 : bytes === 8 ? lanes / 2 : lanes),
    supportsVector: () => lanes > 1,
    masks: masks && lanes > 1,
    vectorRegisters: 16,
    microShapes: [{ rows: 4, vectors: 2 }],
    halves: true,
    prefetches: true,
    threads: 1,
    cacheBytes: { l1: 32768, l2: 1048576 },
  };
  return { name: "interpreter", info, load: (program) => new InterpretedProgram(program, detectRaces) };
}

class InterpretedProgram implements Executable {
  readonly sizeBytes: number;
  readonly #memory: ProgramMemory;
  readonly #stages: readonly (readonly CompiledKernel[])[];
  #isFree = false;

  constructor(
    private readonly program: Program,
    detectRaces: boolean,
  ) {
    verifyProgram(program);
    this.#memory = new ProgramMemory(program, detectRaces);
    this.#stages = compileStages(program, this.#memory);
    this.sizeBytes = program.arenaBytes + program.localBytes;
  }

  run(bindings: readonly Storage[], scalars: Float64Array): void {
    const { name, bindings: expected, scalarCount, commitStage } = this.program;
    if (this.#isFree) throw new InternalError(`interpreter: program ${name} was run after free()`);
    if (bindings.length !== expected.length || scalars.length !== scalarCount) {
      throw new InternalError(
        `interpreter: program ${name} got ${bindings.length} storages and ${scalars.length} scalars, takes ${expected.length} and ${scalarCount}`,
      );
    }
    this.#memory.bind(bindings);
    const measure = new RunMeasure(this.program);
    this.#stages.forEach((kernels, stage) => {
      if (stage === commitStage) this.#testStatus();
      this.#memory.position.stage = stage;
      for (const { kernel, run } of kernels) measure.time(kernel, () => run(scalars));
    });
    measure.report();
    this.#testStatus();
  }

  settle(): void {
    // `run` has waited.
  }

  free(): void {
    this.#isFree = true;
  }

  #testStatus(): void {
    const words = this.#memory.status?.view as Int32Array | undefined;
    if (!words) return;
    const [code = 0, ...details] = words.slice(0, 4);
    if (code !== 0) throw new ProgramStatusError(code, details as [number, number, number]);
  }
}

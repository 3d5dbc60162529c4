// One loaded program: its code, its binding table, and how a run goes.
import { ArgumentError, InternalError, itemSize, MemoryError, type Storage } from "../../base/index.js";
import { type Executable, type Program, ProgramStatusError, runListener } from "../../ir/index.js";
import { RunMeasure } from "../run-measure.js";
import { formatBytes, roundUp } from "../sizes.js";
import { outcome } from "../threads/control.js";
import { Bindings } from "./bindings.js";
import { type CompiledProgram, kernelExport, type ProgramExports } from "./compile.js";
import type { Runtime } from "./runtime.js";

/** Machine code is about this many times the size of the binary. */
const codeExpansion = 4;

export class WasmExecutable implements Executable {
  readonly sizeBytes: number;
  readonly #id: number;
  readonly #runtime: Runtime;
  readonly #program: Program;
  readonly #compiled: CompiledProgram;
  readonly #exports: ProgramExports;
  readonly #table: number;
  readonly #bindings: Bindings;
  readonly #scratchStride: number;
  #isFree = false;

  constructor(runtime: Runtime, program: Program, compiled: CompiledProgram) {
    this.#runtime = runtime;
    this.#program = program;
    this.#compiled = compiled;
    this.#id = runtime.nextId();
    this.#scratchStride = roundUp(program.localBytes, 128);
    const instance = new WebAssembly.Instance(compiled.module, {
      env: { memory: runtime.heap.memory as WebAssembly.Memory },
    });
    // The module was made by compile.ts with these exports.
    this.#exports = instance.exports as unknown as ProgramExports;
    const table = runtime.allocate(compiled.table.bytes);
    if (table === null) throw outOfMemory(runtime, program);
    this.#table = table;
    // Bindings start from address 0 in every slot.
    runtime.heap.bytes.fill(0, table, table + compiled.table.bytes);
    this.#bindings = new Bindings(runtime, program, table);
    this.sizeBytes = compiled.codeBytes * codeExpansion + compiled.table.bytes;
  }

  run(bindings: readonly Storage[], scalars: Float64Array): void {
    if (this.#isFree) throw new InternalError(`program ${this.#program.name} was run after free()`);
    this.#check(bindings, scalars);
    const runtime = this.#runtime;
    runtime.run++;
    const status = this.#prepare(bindings, scalars);
    try {
      this.#execute();
    } catch (error) {
      this.#bindings.forget();
      throw error;
    }
    this.#throwStatus(status);
    this.#bindings.takeOut();
    runtime.residency.trim(runtime.run);
  }

  settle(): void {
    // `run` has waited.
  }

  free(): void {
    if (this.#isFree) return;
    this.#isFree = true;
    this.#runtime.heap.free(this.#table, this.#compiled.table.bytes);
    this.#runtime.pool.free(this.#id);
  }

  #check(bindings: readonly Storage[], scalars: Float64Array): void {
    const { name, bindings: expected, scalarCount } = this.#program;
    if (bindings.length !== expected.length || scalars.length !== scalarCount) {
      throw new ArgumentError(
        `program ${name}: got ${bindings.length} storages and ${scalars.length} scalars, takes ${expected.length} and ${scalarCount}`,
      );
    }
  }

  /** Puts everything in its place; returns the word index of the status, or -1. */
  #prepare(bindings: readonly Storage[], scalars: Float64Array): number {
    if (!this.#place(bindings)) {
      // Room may be there in pieces only.
      this.#runtime.clear();
      if (!this.#place(bindings)) throw outOfMemory(this.#runtime, this.#program);
    }
    const { heap, arena } = this.#runtime;
    const { table } = this.#compiled;
    heap.words[(this.#table + table.arena) / 4] = arena.address;
    if (scalars.length > 0) heap.doubles.set(scalars, (this.#table + table.scalars) / 8);
    const status = this.#statusWord();
    if (status >= 0) heap.words.fill(0, status, status + 4);
    return status;
  }

  #place(bindings: readonly Storage[]): boolean {
    const runtime = this.#runtime;
    return (
      runtime.reserve(runtime.arena, Math.max(this.#program.arenaBytes, 1)) &&
      runtime.reserve(runtime.scratch, Math.max(this.#scratchStride * runtime.threads, 1)) &&
      this.#bindings.place(bindings)
    );
  }

  #statusWord(): number {
    const { status, placements } = this.#program;
    const placement = status && placements.get(status);
    if (!placement) return -1;
    const address =
      placement.kind === "arena"
        ? this.#runtime.arena.address + placement.offset
        : this.#bindings.address(placement.slot);
    return address / 4;
  }

  #execute(): void {
    const runtime = this.#runtime;
    const isThreaded = runtime.threads > 1 && this.#compiled.segments > 0;
    try {
      if (runListener() !== null) this.#measure();
      else if (isThreaded) this.#runThreaded();
      else this.#exports.runAlone(this.#table, runtime.scratch.address);
    } catch (error) {
      if (isThreaded) runtime.pool.abandon();
      throw new InternalError(`program ${this.#program.name} failed in WebAssembly: ${String(error)}`, {
        cause: error,
      });
    }
  }

  /** A run on one thread, kernel by kernel, that says how long each took. */
  #measure(): void {
    const { stages, commitStage, status } = this.#program;
    const measure = new RunMeasure(this.#program);
    const numbers = new Map([...new Set(stages.flat())].map((kernel, index) => [kernel, index]));
    const word = status === null ? -1 : this.#statusWord();
    for (const [index, stage] of stages.entries()) {
      if (index === commitStage && word >= 0 && this.#runtime.heap.words[word] !== 0) break;
      for (const kernel of stage) {
        if (kernel.tiles === 0) continue;
        const run = this.#exports[kernelExport(numbers.get(kernel) as number)] as ProgramExports["kernel0"];
        measure.time(kernel, () => run?.(0, kernel.tiles, this.#table, this.#runtime.scratch.address));
      }
    }
    measure.report();
  }

  /** The first run that wants workers starts them, and goes on alone. */
  #runThreaded(): void {
    const { heap, pool, scratch, threads } = this.#runtime;
    const { open, run } = this.#exports;
    if (!open || !run) throw new InternalError(`program ${this.#program.name} has no code for threads`);
    pool.start(threads - 1);
    pool.load(this.#id, this.#compiled.module);
    const counters = (this.#table + this.#compiled.table.counters) / 4;
    heap.words.fill(0, counters, counters + this.#compiled.segments);
    const command = {
      program: this.#id,
      threads,
      table: this.#table,
      scratch: scratch.address,
      scratchStride: this.#scratchStride,
    };
    const epoch = pool.announce(command, this.#compiled.estimateUs, open);
    const result = run(epoch, 0, threads, this.#table, scratch.address, this.#scratchStride);
    if (result !== outcome.fault) return;
    throw new Error(pool.fault() ?? "a thread did not reach the barrier in time (GRADUS_BARRIER_TIMEOUT_MS)");
  }

  #throwStatus(word: number): void {
    if (word < 0) return;
    const { words } = this.#runtime.heap;
    const code = words[word] as number;
    if (code === 0) return;
    this.#bindings.forget();
    throw new ProgramStatusError(code, [
      words[word + 1] as number,
      words[word + 2] as number,
      words[word + 3] as number,
    ]);
  }
}

/** Bytes that a run of the program needs in the memory at once. */
export function neededBytes(program: Program, threads: number, tableBytes: number): number {
  const bound = program.bindings.reduce((sum, { dtype, length }) => sum + roundUp(length * itemSize(dtype), 64), 0);
  return bound + roundUp(program.arenaBytes, 65536) + roundUp(program.localBytes, 128) * threads + tableBytes;
}

export function outOfMemory(runtime: Runtime, program: Program): MemoryError {
  const bound = program.bindings.reduce((sum, { dtype, length }) => sum + length * itemSize(dtype), 0);
  const parts = `${formatBytes(bound)} of tensors and ${formatBytes(program.arenaBytes)} of intermediate values`;
  const limit = formatBytes(runtime.heap.capacity);
  return new MemoryError(
    `program ${program.name}: needs ${parts} at once, WebAssembly memory holds ${limit}; use smaller batches or a smaller model`,
  );
}

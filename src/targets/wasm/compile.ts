// Program to module: emits all kernels and the driver, compiles, and describes what was made.
import { platform } from "#platform";
import type { Kernel, Program } from "../../ir/index.js";
import { mostSegments } from "../threads/control.js";
import { isWorthThreads, planSegments, programUs } from "../threads/work-plan.js";
import { addRun, addRunAlone, type DriverOptions } from "./driver.js";
import { Helpers } from "./helpers.js";
import { emitKernel } from "./kernel.js";
import { type TableLayout, tableLayout } from "./layout.js";
import { type MemoryLimits, ModuleBuilder } from "./module-builder.js";

export interface CompileOptions extends DriverOptions {
  readonly relaxed: boolean;
  readonly memory: MemoryLimits;
  /** Threads to plan for; more or fewer may run it. */
  readonly threads: number;
}

/** The exports of a program's instance. */
export interface ProgramExports {
  runAlone(table: number, scratch: number): number;
  open?(epoch: number): void;
  run?(epoch: number, isWorker: number, threads: number, table: number, scratch: number, stride: number): number;
  /** Each kernel by the name that `kernelExport` gives it: runs tiles begin … end - 1. */
  readonly [kernel: `kernel${number}`]: (begin: number, end: number, table: number, scratch: number) => void;
}

/** Name under which a kernel is exported, for runs that measure it: its number among the program's different kernels. */
export const kernelExport = (index: number): `kernel${number}` => `kernel${index}`;

export interface CompiledProgram {
  readonly module: WebAssembly.Module;
  readonly table: TableLayout;
  readonly codeBytes: number;
  /** Words of tile counters to clear before `run`; 0 if there is no `run`, because one thread is faster. */
  readonly segments: number;
  /** Rough time of a run on one thread. */
  readonly estimateUs: number;
}

/** The binary of a program; without `run` when threads would not pay. */
export function emitProgram(
  program: Program,
  options: CompileOptions,
): { bytes: Uint8Array<ArrayBuffer>; segments: number } {
  const table = tableLayout(program);
  const module = new ModuleBuilder(options.memory);
  const helpers = new Helpers(module);
  const kernels = new Map<Kernel, number>();
  for (const stage of program.stages) {
    for (const kernel of stage) {
      if (kernels.has(kernel)) continue;
      const f = emitKernel(kernel, program, table, helpers, options.relaxed);
      kernels.set(kernel, module.add(f, kernelExport(kernels.size)));
    }
  }
  addRunAlone(module, program, table, kernels);
  const threaded = options.memory.shared && isWorthThreads(program, options.threads);
  const segments = threaded ? planSegments(program, { threads: options.threads, regions: 1 }) : [];
  const isThreaded = segments.length > 0 && segments.length < mostSegments;
  if (isThreaded) addRun(module, program, table, kernels, segments, options);
  return { bytes: module.finish(), segments: isThreaded ? segments.length : 0 };
}

export function compileProgram(program: Program, options: CompileOptions): CompiledProgram {
  const { bytes, segments } = emitProgram(program, options);
  const module = platform.withOptimizingCompiler(() => new WebAssembly.Module(bytes));
  return { module, table: tableLayout(program), codeBytes: bytes.length, segments, estimateUs: programUs(program) };
}

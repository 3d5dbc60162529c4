// The WebAssembly target: 128-bit SIMD, threads over shared memory, with or without relaxed SIMD's multiply-add.
import { platform } from "#platform";
import { ArgumentError, DeviceError } from "../../base/index.js";
import type { Executable, Program, Target, TargetInfo } from "../../ir/index.js";
import { compileProgram } from "./compile.js";
import { neededBytes, outOfMemory, WasmExecutable } from "./executable.js";
import { tableLayout } from "./layout.js";
import { FunctionBuilder, ModuleBuilder } from "./module-builder.js";
import { op } from "./opcodes.js";
import { Runtime } from "./runtime.js";

/** A single tile that runs longer than this on a worker is taken for a dead worker. */
const defaultBarrierTimeoutMs = 120_000;

export interface WasmTargetOptions {
  /** Uses relaxed SIMD (fused multiply-add): faster on some machines, other bits. Default false. */
  readonly relaxed?: boolean;
  /** Threads, the caller included, in a memory of their own. Default: as many as all targets use. */
  readonly threads?: number;
  /** Memory and threads; default: those that all wasm targets of the process share. */
  readonly runtime?: Runtime;
}

let shared: Runtime | null = null;

/** The memory and threads that the process's wasm targets share. */
export function processRuntime(): Runtime {
  shared ??= new Runtime();
  return shared;
}

/** True if relaxed SIMD is there without asking the host for experimental features. */
export function hasRelaxedSimd(): boolean {
  const f = new FunctionBuilder([]);
  for (let operand = 0; operand < 3; operand++) f.v128(new Uint8Array(16));
  f.op(op.f32x4RelaxedMadd);
  f.op(op.drop);
  const module = new ModuleBuilder({ shared: false, initialPages: 1, maximumPages: 1 });
  module.add(f);
  return WebAssembly.validate(module.finish());
}

function barrierTimeoutMs(): number {
  const setting = platform.env("GRADUS_BARRIER_TIMEOUT_MS");
  const ms = setting === undefined ? defaultBarrierTimeoutMs : Number(setting);
  if (Number.isInteger(ms) && ms > 0) return ms;
  throw new ArgumentError(`GRADUS_BARRIER_TIMEOUT_MS: "${setting}" is not a whole number of milliseconds above 0`);
}

class WasmTarget implements Target {
  readonly name: string;
  readonly info: TargetInfo;
  readonly #runtime: Runtime;
  readonly #relaxed: boolean;

  constructor(runtime: Runtime, relaxed: boolean) {
    this.name = relaxed ? "wasm:relaxed" : "wasm";
    this.#runtime = runtime;
    this.#relaxed = relaxed;
    this.info = {
      lanes: (bytes) => (bytes === 8 ? 2 : 4),
      supportsVector: () => true,
      masks: false,
      halves: false,
      prefetches: false,
      vectorRegisters: 16, // what engines have on x64
      microShapes: [{ rows: 4, vectors: 2 }],
      get threads() {
        return runtime.threads;
      },
      cacheBytes: platform.cacheBytes(),
    };
  }

  load(program: Program): Executable {
    const runtime = this.#runtime;
    const { heap } = runtime;
    const needed = neededBytes(program, runtime.threads, tableLayout(program).bytes);
    if (needed > heap.capacity) throw outOfMemory(runtime, program);
    const compiled = compileProgram(program, {
      relaxed: this.#relaxed,
      memory: { shared: heap.isShared, initialPages: 1, maximumPages: heap.maximumPages },
      // A program outlives `setThreads`, so it is made ready for threads even while there is one.
      threads: Math.max(2, runtime.threads),
      callerMaySleep: platform.maySleep,
      barrierTimeoutMs: barrierTimeoutMs(),
    });
    return new WasmExecutable(runtime, program, compiled);
  }
}

/** The wasm target; `relaxed` makes it "wasm:relaxed", and throws DeviceError where the host does not have that. */
export function createWasmTarget({
  relaxed = false,
  threads,
  runtime = threads === undefined ? processRuntime() : new Runtime({ threads }),
}: WasmTargetOptions = {}): Target {
  if (relaxed && !hasRelaxedSimd()) {
    platform.enableRelaxedSimd();
    if (!hasRelaxedSimd()) throw new DeviceError("wasm:relaxed: this host has no relaxed SIMD; use the wasm target");
  }
  return new WasmTarget(runtime, relaxed);
}

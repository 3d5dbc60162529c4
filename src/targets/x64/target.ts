// The x64 target: what it tells the compiler, and what it needs of the machine.
import { type Native, platform } from "#platform";
import { DeviceError, InternalError } from "../../base/index.js";
import type { Executable, Program, Target, TargetInfo } from "../../ir/index.js";
import type { NativeName, NativeTargets } from "../native.js";
import type { Features } from "./asm/operands.js";
import { compileKernels } from "./code.js";
import { type CpuFeatures, detectCpu } from "./cpu.js";
import { X64Executable } from "./executable.js";
import { Runtime } from "./runtime.js";

export interface X64TargetOptions {
  /** Threads and memory; default: those that all x64 targets of the thread share. */
  readonly runtime?: Runtime;
}

/** The machine: native memory with the processor's features, or why there is neither. */
type Machine =
  | { readonly native: Native; readonly cpu: CpuFeatures }
  | { readonly native: null; readonly reason: string };

let machine: Machine | null = null;
let shared: Runtime | null = null;

function theMachine(): Machine {
  machine ??= findMachine();
  return machine;
}

function findMachine(): Machine {
  const { native, reason } = platform.native();
  if (native === null) return { native, reason };
  try {
    return { native, cpu: detectCpu(native) };
  } catch (error) {
    return { native: null, reason: error instanceof Error ? error.message : String(error) };
  }
}

function unavailable(features: Features): string | null {
  const found = theMachine();
  if (found.native === null) return found.reason;
  return features === "avx512" ? found.cpu.avx512Reason : found.cpu.avx2Reason;
}

function theNative(name: string): Native {
  const { native } = theMachine();
  if (native === null) throw new InternalError(`${name}: no native memory`);
  return native;
}

/** Memory and threads that the x64 targets of this thread share. */
export function processRuntime(): Runtime {
  shared ??= new Runtime(theNative("x64"));
  return shared;
}

const featuresOf: Readonly<Record<NativeName, Features>> = { "x64:avx512": "avx512", "x64:avx2": "avx2" };

/** Of 32 registers, some hold vectors of the columns; a row's element is an operand in memory. */
const wideShapes = [
  { rows: 14, vectors: 2 },
  { rows: 9, vectors: 3 },
  { rows: 6, vectors: 4 },
  { rows: 28, vectors: 1 },
];
/** Of 16 registers, one holds a row's element. */
const narrowShapes = [
  { rows: 6, vectors: 2 },
  { rows: 4, vectors: 3 },
  { rows: 13, vectors: 1 },
];

class X64Target implements Target {
  readonly info: TargetInfo;
  readonly #runtime: Runtime;
  readonly #features: Features;

  constructor(
    readonly name: NativeName,
    runtime: Runtime,
  ) {
    this.#runtime = runtime;
    const features = featuresOf[name];
    this.#features = features;
    const isWide = features === "avx512";
    const bits = isWide ? 512 : 256;
    this.info = {
      lanes: (bytes) => bits / (bytes === 8 ? 64 : 32),
      supportsVector: () => true,
      masks: true,
      halves: true,
      prefetches: true,
      vectorRegisters: isWide ? 32 : 16,
      microShapes: isWide ? wideShapes : narrowShapes,
      get threads() {
        return runtime.threads;
      },
      cacheBytes: platform.cacheBytes(),
    };
  }

  load(program: Program): Executable {
    return new X64Executable(this.#runtime, program, compileKernels(program, this.#features));
  }
}

/** @throws DeviceError if the machine lacks what the target needs. */
export function createX64Target(name: NativeName, { runtime }: X64TargetOptions = {}): Target {
  const reason = unavailable(featuresOf[name]);
  if (reason !== null) throw new DeviceError(`${name}: ${reason}; use the wasm target`);
  return new X64Target(name, runtime ?? processRuntime());
}

export const nativeTargets: NativeTargets = {
  names: ["x64:avx512", "x64:avx2"],
  unavailable: (name) => unavailable(featuresOf[name]),
  get isExpected() {
    return platform.native().isExpected;
  },
  create: (name) => createX64Target(name),
};

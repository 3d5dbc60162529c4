// How pending graphs are computed: compiled for a target, or by the reference interpreter of whole graphs.
import { platform } from "#platform";
import { ArgumentError, unknownName } from "../base/index.js";
import {
  type CompiledStep,
  clearProgramCache,
  compileStep as compileFor,
  runStep as runFor,
  type StepRequest,
} from "../compiler/index.js";
import type { Target } from "../ir/index.js";
import {
  createInterpreter,
  createWasmTarget,
  hasRelaxedSimd,
  setThreads as setPoolThreads,
  threadCount,
} from "../targets/index.js";
import { compileReference, runReference } from "./reference-engine.js";

export type { CompiledStep, StepRequest };

/**
 * How the CPU runs: `interpreter` compiles but interprets kernels, `interpreter:wide` those for long masked vectors;
 * `reference` interprets graphs node by node. All three are slow.
 */
export type TargetName = "wasm:relaxed" | "wasm" | "interpreter" | "interpreter:wide" | "reference";

const names: readonly TargetName[] = ["wasm:relaxed", "wasm", "interpreter", "interpreter:wide", "reference"];
const known = new Map<TargetName, Target | null>();
let current: TargetName | null = null;

function create(name: TargetName): Target | null {
  if (name === "reference") return null;
  if (name === "interpreter") return createInterpreter();
  if (name === "interpreter:wide") return createInterpreter({ lanes: 16, masks: true });
  return createWasmTarget({ relaxed: name === "wasm:relaxed" });
}

/** Null: the reference interpreter. */
function targetOf(name: TargetName): Target | null {
  const target = known.get(name) ?? create(name);
  known.set(name, target);
  return target;
}

/** Targets this host has, the default first. */
export function availableTargets(): TargetName[] {
  const hasWasm = typeof WebAssembly === "object";
  return names.filter((name) => {
    if (name === "wasm:relaxed") return hasWasm && hasRelaxedSimd();
    return name === "wasm" ? hasWasm : true;
  });
}

function checkName(op: string, name: string): TargetName {
  if ((names as readonly string[]).includes(name)) return name as TargetName;
  throw unknownName(op, "target", String(name), names);
}

/** The target that computes: GRADUS_TARGET, else the best there is; `setTarget` changes it. */
export function targetName(): TargetName {
  if (current === null) {
    const setting = platform.env("GRADUS_TARGET");
    current = setting === undefined ? (availableTargets()[0] as TargetName) : checkName("GRADUS_TARGET", setting);
  }
  return current;
}

/**
 * Chooses how the CPU computes from now on; returns the choice before. Tensors stay as they are: storage does not depend on
 * the target.
 * @throws DeviceError if the host lacks what the target needs.
 */
export function setTarget(name: string): TargetName {
  const previous = targetName();
  const checked = checkName("setTarget", name);
  targetOf(checked);
  if (previous !== checked) clearProgramCache();
  current = checked;
  return previous;
}

/** Sets how many threads compute, the calling one included. Results do not depend on it. Default: GRADUS_THREADS, else the cores. */
export function setThreads(count: number): void {
  if (!Number.isInteger(count) || count < 1) {
    throw new ArgumentError(`setThreads: the count must be a positive integer, got ${String(count)}`, {
      op: "setThreads",
    });
  }
  setPoolThreads(count);
}

export { threadCount };

/** Computes the request and attaches storages to its nodes. */
export function runStep(request: StepRequest): void {
  const target = targetOf(targetName());
  if (target) runFor(request, target);
  else runReference(request);
}

/** A program of its own for one request. */
export function compileStep(request: StepRequest): CompiledStep {
  const target = targetOf(targetName());
  return target ? compileFor(request, target) : compileReference(request);
}

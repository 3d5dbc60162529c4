// How pending graphs are computed: compiled for a target, or by the reference interpreter of whole graphs.
import { platform } from "#platform";
import { ArgumentError, debugLevel, noMore, unknownName } from "../base/index.js";
import {
  type CompiledStep,
  clearProgramCache,
  compileStep as compileFor,
  scheduleFolder as folderFor,
  runStep as runFor,
  type ScheduleFound,
  type ScheduleSearch,
  type StepRequest,
} from "../compiler/index.js";
import type { Target } from "../ir/index.js";
import {
  createInterpreter,
  createWasmTarget,
  hasRelaxedSimd,
  type NativeName,
  nativeTargets,
  setThreads as setPoolThreads,
  threadCount,
} from "../targets/index.js";
import { compileReference, runReference } from "./reference-engine.js";

export type { CompiledStep, ScheduleFound, ScheduleSearch, StepRequest };

/**
 * How the CPU runs: machine code, WebAssembly, or three slow ones: `interpreter` compiles but interprets kernels,
 * `interpreter:wide` those for long masked vectors; `reference` interprets graphs node by node.
 */
export type TargetName = NativeName | "wasm:relaxed" | "wasm" | "interpreter" | "interpreter:wide" | "reference";

const names: readonly TargetName[] = [
  ...nativeTargets.names,
  "wasm:relaxed",
  "wasm",
  "interpreter",
  "interpreter:wide",
  "reference",
];
/** Stands for the best target of machine code. */
const anyNative = "x64";
const known = new Map<TargetName, Target | null>();
let current: TargetName | null = null;

function create(name: TargetName): Target | null {
  if (name === "reference") return null;
  if (name === "interpreter") return createInterpreter();
  if (name === "interpreter:wide") return createInterpreter({ lanes: 16, masks: true });
  if (isNative(name)) return nativeTargets.create(name);
  return createWasmTarget({ relaxed: name === "wasm:relaxed" });
}

function isNative(name: TargetName): name is NativeName {
  return (nativeTargets.names as readonly TargetName[]).includes(name);
}

/** Null: the reference interpreter. */
function targetOf(name: TargetName): Target | null {
  const target = known.get(name) ?? create(name);
  known.set(name, target);
  return target;
}

/** A target, and why this host does not have it; `reason` is null where it does. */
export interface TargetStatus {
  /** The target, as `setTarget` takes it. */
  readonly name: TargetName;
  /** Why it cannot be used here; null if it can. */
  readonly reason: string | null;
}

/** All targets, the one that is the default where it can be had first. */
export function targetStatus(...surplus: []): TargetStatus[] {
  noMore("targetStatus", surplus);
  return names.map((name) => ({ name, reason: unavailable(name) }));
}

/** Targets this host has, the default first. */
export function availableTargets(...surplus: []): TargetName[] {
  noMore("availableTargets", surplus);
  return names.filter((name) => unavailable(name) === null);
}

function unavailable(name: TargetName): string | null {
  if (isNative(name)) return nativeTargets.unavailable(name);
  if (name !== "wasm" && name !== "wasm:relaxed") return null;
  if (typeof WebAssembly !== "object") return "this host has no WebAssembly";
  return name === "wasm" || hasRelaxedSimd() ? null : "this host has no relaxed SIMD";
}

function checkName(op: string, name: string): TargetName {
  if (name === anyNative) {
    const [best] = nativeTargets.names.filter((native) => unavailable(native) === null);
    return best ?? (nativeTargets.names.at(-1) as NativeName);
  }
  if ((names as readonly string[]).includes(name)) return name as TargetName;
  throw unknownName(op, "target", String(name), [anyNative, ...names]);
}

/** The best target; says so once, for all threads of the process, where machine code is missing that could be there. */
function defaultTarget(): TargetName {
  const [best] = availableTargets() as [TargetName];
  if (!isNative(best) && nativeTargets.isExpected && platform.isFirstToSay()) {
    const reason = nativeTargets.unavailable(nativeTargets.names.at(-1) as NativeName);
    platform.warn(
      `gradus: no machine code: ${reason}; running as ${best} (GRADUS_TARGET=${best} chooses that silently)`,
    );
  }
  return best;
}

/** The target that computes: GRADUS_TARGET (`x64` is the best of its kind), else the best there is; `setTarget` changes it. */
export function targetName(...surplus: []): TargetName {
  noMore("targetName", surplus);
  if (current === null) {
    const setting = platform.env("GRADUS_TARGET");
    current = setting === undefined ? defaultTarget() : checkName("GRADUS_TARGET", setting);
    if (debugLevel() > 0) {
      platform.warn(`gradus: cpu runs as ${current} on ${threadCount()} ${threadCount() === 1 ? "thread" : "threads"}`);
    }
  }
  return current;
}

/**
 * Chooses how the CPU computes from now on; returns the choice before. Tensors stay as they are: storage does not depend on
 * the target.
 * @throws DeviceError if the host lacks what the target needs.
 */
export function setTarget(name: string, ...surplus: []): TargetName {
  noMore("setTarget", surplus);
  const previous = targetName();
  const checked = checkName("setTarget", name);
  targetOf(checked);
  if (previous !== checked) clearProgramCache();
  current = checked;
  return previous;
}

/**
 * Sets how many threads compute, the calling one included. Results do not depend on it. Default: GRADUS_THREADS, else
 * the cores.
 * @throws ArgumentError unless `count` is a whole number from 1 to 64.
 */
export function setThreads(count: number, ...surplus: []): void {
  noMore("setThreads", surplus);
  if (!Number.isInteger(count) || count < 1) {
    throw new ArgumentError(`setThreads: the count must be a positive integer, got ${String(count)}`, {
      op: "setThreads",
    });
  }
  setPoolThreads(count);
}

export { threadCount };

/** The target that computes; null for the reference interpreter. */
export function currentTarget(): Target | null {
  return targetOf(targetName());
}

/** Computes the request and attaches storages to its nodes. */
export function runStep(request: StepRequest): void {
  const target = currentTarget();
  if (target) runFor(request, target);
  else runReference(request);
}

/** A program of its own for one request. */
export function compileStep(request: StepRequest, search: ScheduleSearch | null): CompiledStep {
  const target = currentTarget();
  return target ? compileFor(request, target, search) : compileReference(request);
}

/** Where schedules that searches find for the present target are kept; null if they are not. */
export function scheduleFolder(): string | null {
  const target = currentTarget();
  return target && folderFor(target);
}

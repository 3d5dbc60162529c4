// Programs by structure. Plain loops build the same graph each step and find their program here.
import { noMore, type Storage } from "../base/index.js";
import type { Node } from "../graph/index.js";
import type { Target } from "../ir/index.js";
import { Capture, type Signature, type StepRequest } from "./capture.js";
import { compileCapture, type LoadedStep } from "./compile-step.js";
import type { ScheduleSearch } from "./schedule-search.js";

const MAX_PROGRAMS = 256;
const MAX_BYTES = 256 << 20;

interface Variant {
  readonly step: LoadedStep;
  readonly constants: readonly (number | bigint | boolean)[];
  /** Which constants this program reads at run time. */
  readonly varying: readonly boolean[];
}

interface Family {
  readonly target: Target;
  readonly signature: Signature;
  readonly variants: Variant[];
}

const families = new Map<number, Family[]>();
/** All families, least recently used first. */
const recent = new Set<Family>();
const stats = { compiles: 0, hits: 0 };
/** What the families hold together, kept along: each compilation asks for it. */
const held = { programs: 0, bytes: 0 };

/** What the cache of compiled programs holds and has done since the start of the process. */
export interface ProgramCacheStats {
  /** Programs in the cache now. */
  readonly programs: number;
  /** Programs compiled so far. A training loop that compiles at each step has shapes that change at each step. */
  readonly compiles: number;
  /** Steps that found their program in the cache. */
  readonly hits: number;
  /** Machine code or WebAssembly of the programs in the cache, in bytes. */
  readonly bytes: number;
}

/**
 * How many compiled programs there are, and how often one was made or found. For tests that a loop does not compile
 * anew.
 * @example
 * trainOneEpoch();
 * const before = programCacheStats().compiles;
 * trainOneEpoch();
 * console.log(programCacheStats().compiles - before); // 0, once all shapes were seen
 */
export function programCacheStats(...surplus: []): ProgramCacheStats {
  noMore("programCacheStats", surplus);
  return { ...held, ...stats };
}

/** Frees all programs, as when the target changes. */
export function clearProgramCache(): void {
  for (const family of recent) freePrograms(family);
  recent.clear();
  families.clear();
}

function freePrograms({ variants }: Family): void {
  for (const { step } of variants) {
    held.programs--;
    held.bytes -= step.sizeBytes;
    step.free();
  }
}

/** Computes the request's outputs and updates, through the cache. */
export function runStep(request: StepRequest, target: Target): void {
  if (request.outputs.length === 0 && request.updates.length === 0) return;
  const capture = new Capture(request);
  const variant = findVariant(capture, target);
  const storages = variant.step.run(capture.leaves, capture.scalarValues(variant.varying));
  request.outputs.forEach((node, i) => {
    node.realize(storages[i] as Storage);
  });
  for (const { value, target: leaf } of request.updates) value.realize(leaf.storage as Storage);
}

function findVariant(capture: Capture, target: Target): Variant {
  const family = findFamily(capture, target);
  const constants = capture.constantValues();
  const known = family.variants.find((v) => v.constants.every((c, i) => v.varying[i] || Object.is(c, constants[i])));
  if (known) {
    stats.hits++;
    return known;
  }
  // The same structure with other numbers: those that differ from the first program's are read at run time from now on.
  const first = family.variants[0];
  const last = family.variants[family.variants.length - 1];
  const varying = constants.map(
    (c, i) => first !== undefined && (last?.varying[i] === true || !Object.is(c, first.constants[i])),
  );
  capture.setVarying(varying);
  const variant = { step: compileCapture(capture, target), constants, varying };
  stats.compiles++;
  family.variants.push(variant);
  held.programs++;
  held.bytes += variant.step.sizeBytes;
  evict();
  return variant;
}

function findFamily(capture: Capture, target: Target): Family {
  const list = families.get(capture.hash) ?? [];
  const known = list.find((f) => f.target === target && capture.matches(f.signature));
  const family = known ?? { target, signature: capture.signature(), variants: [] };
  if (!known) families.set(capture.hash, [...list, family]);
  recent.delete(family);
  recent.add(family);
  return family;
}

function evict(): void {
  for (const family of recent) {
    if (held.programs <= MAX_PROGRAMS && held.bytes <= MAX_BYTES) return;
    if (recent.size === 1) return;
    recent.delete(family);
    freePrograms(family);
    for (const [hash, list] of families) {
      const rest = list.filter((f) => f !== family);
      if (rest.length === list.length) continue;
      if (rest.length > 0) families.set(hash, rest);
      else families.delete(hash);
      break;
    }
  }
}

/** A program of its own for one request, outside the cache: what `compile(fn)` replays. */
export interface CompiledStep {
  /** Storages to bind, in order: those the request's leaves had when it was compiled. */
  readonly leaves: readonly Storage[];
  /** Scalar leaves to give numbers for, in order. */
  readonly scalars: readonly Node[];
  /** Computes fresh storages of the outputs; updates are written to the storages bound for their targets. */
  run(leaves: readonly Storage[], scalars: Float64Array): Storage[];
  free(): void;
  readonly sizeBytes: number;
}

export function compileStep(request: StepRequest, target: Target, search: ScheduleSearch | null = null): CompiledStep {
  const capture = new Capture(request);
  const step = compileCapture(capture, target, search);
  stats.compiles++;
  return {
    leaves: capture.leaves,
    scalars: capture.scalars,
    run: (leaves, scalars) => step.run(leaves, scalars),
    free: () => step.free(),
    sizeBytes: step.sizeBytes,
  };
}

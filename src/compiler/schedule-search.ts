// The search for a contraction's schedule: the group's kernels alone, on made-up data, with one schedule after the other.
import { platform } from "#platform";
import { Storage } from "../base/index.js";
import {
  type Buffer,
  type ExprFactory,
  finalizeKernel,
  type KernelDraft,
  listenAlone,
  type RunReport,
  type Target,
} from "../ir/index.js";
import {
  type ContractionOptions,
  describeSchedule,
  describeShape,
  otherSchedules,
  type ScheduleRequest,
} from "./contraction/schedule.js";
import { planProgram } from "./plan.js";

/** How hard to look for better schedules. */
export interface ScheduleSearch {
  /** Other schedules to try for each contraction that no search on this machine has seen. */
  readonly candidates: number;
  /** Hears of each finished search. */
  readonly report?: (found: ScheduleFound) => void;
}

/** What a search found. */
export interface ScheduleFound {
  /** The contraction as a product of matrices, such as `[512,64]·[64,512]`. */
  readonly contraction: string;
  /** Work in operations: two for each multiply-add. */
  readonly flops: number;
  /** Milliseconds with the schedule that the estimates chose. */
  readonly estimatedMs: number;
  /** Milliseconds with the best schedule; the same if that is the estimates' own. */
  readonly bestMs: number;
  /** The best schedule, in words. */
  readonly schedule: string;
  /** Schedules that were timed. */
  readonly tried: number;
}

/** What the kernels are made in and for. */
export interface SearchPlace {
  readonly f: ExprFactory;
  readonly target: Target;
  readonly scalarCount: number;
}

/** A schedule that is not faster by this share is noise. */
const LEAST_GAIN = 0.03;
const LEAST_RUNS = 3;
const MOST_RUNS = 12;
const ENOUGH_MS = 25;

/** The fastest schedule among the chosen one and some others. `lower` makes the group's kernels with a schedule. */
export function searchSchedule(
  place: SearchPlace,
  request: ScheduleRequest,
  lower: (options: ContractionOptions) => readonly KernelDraft[],
  search: ScheduleSearch,
): ContractionOptions {
  const { chosen, shape } = request;
  const time = (options: ContractionOptions): number => timeOf(place, lower(options));
  const others = otherSchedules(request, search.candidates).map((options) => ({ options, ms: time(options) }));
  // Timed last, with everything warm: it is never the loser for having come first.
  const estimatedMs = time(chosen);
  let best = { options: chosen, ms: estimatedMs };
  for (const other of others) {
    if (other.ms < best.ms && other.ms < estimatedMs * (1 - LEAST_GAIN)) best = other;
  }
  search.report?.({
    contraction: describeShape(shape),
    flops: 2 * shape.batch * shape.m * shape.n * shape.k,
    estimatedMs,
    bestMs: best.ms,
    schedule: describeSchedule(best.options),
    tried: others.length + 1,
  });
  return best.options;
}

/** Milliseconds from the first kernel's begin to the last one's end, the best of some runs. */
function timeOf({ f, target, scalarCount }: SearchPlace, drafts: readonly KernelDraft[]): number {
  const kernels = drafts.map((draft) => finalizeKernel(f, draft, target.info));
  const buffers = [...new Set(kernels.flatMap((kernel) => kernel.buffers))].filter(({ space }) => space === "global");
  const program = planProgram({
    name: "search",
    kernels: kernels.map((kernel) => ({ kernel, writesApart: false, phase: 0 })),
    bound: new Map(buffers.map((buffer, slot) => [buffer, slot])),
    bindings: buffers.map(({ dtype, size }) => ({ dtype, length: size, read: true, written: true })),
    status: null,
    scalarCount,
  });
  const executable = target.load(program);
  const storages = buffers.map(madeUp);
  const scalars = new Float64Array(scalarCount).fill(1);
  let best = Number.POSITIVE_INFINITY;
  let last = Number.POSITIVE_INFINITY;
  const time = (report: RunReport): void => {
    last = durationOf(report);
  };
  try {
    const start = platform.now();
    // One run more, which brings the storages to where the target wants them.
    for (let run = 0; run <= MOST_RUNS; run++) {
      listenAlone(time, () => executable.run(storages, scalars));
      if (run > 0) best = Math.min(best, last);
      if (run >= LEAST_RUNS && platform.now() - start > ENOUGH_MS) break;
    }
  } finally {
    executable.free();
  }
  return best;
}

function durationOf(report: RunReport): number {
  if (report.events.length === 0) return Number.POSITIVE_INFINITY;
  let [start, end] = [Number.POSITIVE_INFINITY, 0];
  for (const event of report.events) [start, end] = [Math.min(start, event.start), Math.max(end, event.end)];
  return end - start;
}

/** Ordinary numbers: denormal ones and infinities are slow on some machines. Indices are zero. */
function madeUp({ dtype, size }: Buffer): Storage {
  const storage = new Storage(dtype, size);
  if (dtype !== "float32" && dtype !== "float64") return storage;
  const values = storage.hostView() as Float32Array | Float64Array;
  for (let i = 0; i < values.length; i++) values[i] = ((i * 7) % 13) / 13 - 0.4;
  return storage;
}

// Kernels into stages, buffers into memory. A kernel runs as early as what it reads allows; what is written in place comes
// last, after a test that nothing went wrong.
import { InternalError, itemSize } from "../base/index.js";
import {
  actualBuffer,
  type Buffer,
  type Expr,
  type Kernel,
  kernelsUs,
  type Placement,
  type Program,
  visitExpressions,
  visitStatements,
  wholeBuffer,
} from "../ir/index.js";

const ALIGNMENT = 64;

/** Kernels of one unit run in order; units know what they read and write from their kernels. */
export interface PlannedKernel {
  readonly kernel: Kernel;
  /** Other kernels may write the same buffers at the same time: they write other elements. */
  readonly writesApart: boolean;
  /** 0: computes; 1: writes bound storage in place; 2: copies into bound storage. */
  readonly phase: 0 | 1 | 2;
}

export interface Access {
  readonly reads: ReadonlySet<Buffer>;
  readonly writes: ReadonlySet<Buffer>;
}

/** Per body, since equal kernels share one: the buffers as it names them. */
const namedAccesses = new WeakMap<Kernel["body"], Access>();

function namedAccess(body: Kernel["body"]): Access {
  const known = namedAccesses.get(body);
  if (known) return known;
  const reads = new Set<Buffer>();
  const writes = new Set<Buffer>();
  visitExpressions(body, (x: Expr) => {
    if (x.kind === "load" && x.buffer.space === "global") reads.add(x.buffer);
  });
  visitStatements(body, (stmt) => {
    if (stmt.kind === "store" && stmt.buffer.space === "global") writes.add(stmt.buffer);
  });
  const access = { reads, writes };
  namedAccesses.set(body, access);
  return access;
}

export function accessOf(kernel: Kernel): Access {
  const { reads, writes } = namedAccess(kernel.body);
  const actual = (named: ReadonlySet<Buffer>) => new Set([...named].map((x) => wholeBuffer(actualBuffer(kernel, x))));
  return { reads: actual(reads), writes: actual(writes) };
}

export interface ProgramParts {
  readonly name: string;
  readonly kernels: readonly PlannedKernel[];
  readonly bound: ReadonlyMap<Buffer, number>;
  readonly bindings: Program["bindings"];
  readonly status: Buffer | null;
  readonly scalarCount: number;
}

export function planProgram(parts: ProgramParts): Program {
  const accesses = parts.kernels.map(({ kernel }) => accessOf(kernel));
  const { levels, checkedLevel, commitLevel } = assignLevels(parts, accesses);
  const stages: Kernel[][] = [];
  for (const i of inOrder(accesses, levels, commitLevel)) {
    const level = levels[i] as number;
    while (stages.length <= level) stages.push([]);
    (stages[level] as Kernel[]).push((parts.kernels[i] as PlannedKernel).kernel);
  }
  const { placements, arenaBytes } = placeBuffers(parts, accesses, levels);
  const { localOffsets, localBytes } = placeLocals(parts.kernels.map((k) => k.kernel));
  return {
    name: parts.name,
    stages,
    commitStage: Math.min(commitLevel, stages.length),
    checkedStage: checkedLevel,
    status: parts.status,
    placements,
    bindings: parts.bindings,
    arenaBytes,
    localBytes,
    localOffsets,
    scalarCount: parts.scalarCount,
  };
}

/**
 * The kernels' numbers, stage by stage. Kernels of a stage that write little come first: they find in the caches what the last stage
 * left there, and what the others write is still there for the next stage. (Updates in place stay in the order of the program.)
 */
function inOrder(accesses: readonly Access[], levels: readonly number[], commitLevel: number): number[] {
  const written = accesses.map(({ writes }, i) => {
    if ((levels[i] as number) >= commitLevel) return 0;
    return [...writes].reduce((sum, buffer) => sum + buffer.size * itemSize(buffer.dtype), 0);
  });
  const of = (list: readonly number[], i: number): number => list[i] as number;
  return levels.map((_, i) => i).sort((a, b) => of(levels, a) - of(levels, b) || of(written, a) - of(written, b));
}

interface LastUse {
  writer: number;
  reader: number;
}

/** Checks of values come first if they cost no more: what follows is then known not to fail. */
const cheapChecksUs = 2;

function assignLevels(
  { kernels, status, bound }: ProgramParts,
  accesses: readonly Access[],
): { levels: number[]; checkedLevel: number; commitLevel: number } {
  const uses = new Map<Buffer, LastUse>();
  const levels = new Array<number>(kernels.length).fill(0);
  const run = (phase: number, floor: number, isOf: (planned: PlannedKernel) => boolean = () => true): number => {
    let last = floor - 1;
    kernels.forEach((planned, i) => {
      if (planned.phase !== phase || !isOf(planned)) return;
      const level = earliest(accesses[i] as Access, uses, planned.writesApart, floor);
      levels[i] = level;
      last = Math.max(last, level);
    });
    return last + 1;
  };
  const checks = status === null ? new Set<PlannedKernel>() : neededFor(status, kernels, accesses);
  const areCheap = kernelsUs([...checks].map(({ kernel }) => kernel)) <= cheapChecksUs;
  const first = areCheap ? run(0, 0, (planned) => checks.has(planned)) : 0;
  const commitLevel = run(0, first, (planned) => !areCheap || !checks.has(planned));
  run(2, run(1, commitLevel));
  sinkReadersOfBindings(kernels, accesses, { levels, commitLevel, bound, checks });
  const lastCheck = kernels.reduce(
    (last, planned, i) => (checks.has(planned) ? Math.max(last, levels[i] as number) : last),
    -1,
  );
  return { levels, checkedLevel: lastCheck + 1, commitLevel };
}

/**
 * Kernels that read nothing but the program's bindings (packed weights) go to the last stage before the first that needs them:
 * what they write is near then, and needs memory for a shorter time.
 */
function sinkReadersOfBindings(
  kernels: readonly PlannedKernel[],
  accesses: readonly Access[],
  {
    levels,
    commitLevel,
    bound,
    checks,
  }: {
    levels: number[];
    readonly commitLevel: number;
    readonly bound: ReadonlyMap<Buffer, number>;
    readonly checks: ReadonlySet<PlannedKernel>;
  },
): void {
  const needed = new Map<Buffer, number>(); // buffer → the first level that reads it
  accesses.forEach(({ reads }, i) => {
    for (const buffer of reads) needed.set(buffer, Math.min(needed.get(buffer) ?? commitLevel, levels[i] as number));
  });
  kernels.forEach((planned, i) => {
    const { reads, writes } = accesses[i] as Access;
    if (planned.phase !== 0 || checks.has(planned) || [...reads].some((buffer) => !bound.has(buffer))) return;
    // What writes nothing (a loop over no elements) is needed nowhere.
    const first = [...writes].reduce((least, buffer) => Math.min(least, needed.get(buffer) ?? 0), commitLevel);
    if (writes.size > 0) levels[i] = Math.max(levels[i] as number, first - 1);
  });
}

/** The kernels that write `buffer`, and all that compute what those read. */
function neededFor(buffer: Buffer, kernels: readonly PlannedKernel[], accesses: readonly Access[]): Set<PlannedKernel> {
  const wanted = new Set([buffer]);
  const needed = new Set<PlannedKernel>();
  for (let i = kernels.length - 1; i >= 0; i--) {
    const { reads, writes } = accesses[i] as Access;
    const planned = kernels[i] as PlannedKernel;
    if (planned.phase !== 0 || ![...writes].some((written) => wanted.has(written))) continue;
    needed.add(planned);
    for (const read of reads) wanted.add(read);
  }
  return needed;
}

/** The first level after the writers of what it reads, and after all users of what it overwrites. */
function earliest({ reads, writes }: Access, uses: Map<Buffer, LastUse>, writesApart: boolean, floor: number): number {
  let level = floor;
  for (const buffer of reads) level = Math.max(level, (uses.get(buffer)?.writer ?? -1) + 1);
  for (const buffer of writes) {
    const use = uses.get(buffer);
    if (use && !writesApart) level = Math.max(level, use.writer + 1, use.reader + 1);
  }
  for (const buffer of reads) {
    const use = uses.get(buffer) ?? { writer: -1, reader: -1 };
    uses.set(buffer, { ...use, reader: Math.max(use.reader, level) });
  }
  for (const buffer of writes) {
    const use = uses.get(buffer) ?? { writer: -1, reader: -1 };
    uses.set(buffer, { ...use, writer: Math.max(use.writer, level) });
  }
  return level;
}

interface Interval {
  readonly buffer: Buffer;
  readonly bytes: number;
  readonly from: number;
  to: number;
}

/** First fit over live intervals, big buffers first. */
function placeBuffers(
  parts: ProgramParts,
  accesses: readonly Access[],
  levels: readonly number[],
): { placements: Map<Buffer, Placement>; arenaBytes: number } {
  const placements = new Map<Buffer, Placement>();
  for (const [buffer, slot] of parts.bound) placements.set(buffer, { kind: "bound", slot });
  const intervals = new Map<Buffer, Interval>();
  accesses.forEach(({ reads, writes }, i) => {
    const level = levels[i] as number;
    for (const buffer of [...writes, ...reads]) {
      if (placements.has(buffer)) continue;
      const known = intervals.get(buffer);
      const from = Math.min(known?.from ?? level, buffer === parts.status ? 0 : level);
      const to = Math.max(known?.to ?? level, buffer === parts.status ? Number.MAX_SAFE_INTEGER : level);
      intervals.set(buffer, { buffer, bytes: alignedBytes(buffer), from, to });
    }
  });
  const placed: { interval: Interval; offset: number }[] = [];
  let arenaBytes = 0;
  for (const interval of [...intervals.values()].sort((p, q) => q.bytes - p.bytes || p.from - q.from)) {
    const offset = firstFit(interval, placed);
    placed.push({ interval, offset });
    placements.set(interval.buffer, { kind: "arena", offset });
    arenaBytes = Math.max(arenaBytes, offset + interval.bytes);
  }
  for (const { kernel } of parts.kernels) {
    for (const buffer of kernel.buffers) {
      const { part, dtype } = buffer;
      if (!part) continue;
      const whole = placements.get(part.of);
      if (!whole) throw new InternalError(`buffer ${buffer.name} is a part of one without a place`);
      placements.set(buffer, { ...whole, offset: (whole.offset ?? 0) + part.from * itemSize(dtype) });
    }
  }
  return { placements, arenaBytes };
}

function firstFit(interval: Interval, placed: readonly { interval: Interval; offset: number }[]): number {
  const busy = placed
    .filter((p) => p.interval.from <= interval.to && interval.from <= p.interval.to)
    .sort((p, q) => p.offset - q.offset);
  let offset = 0;
  for (const p of busy) {
    if (offset + interval.bytes <= p.offset) break;
    offset = Math.max(offset, p.offset + p.interval.bytes);
  }
  return offset;
}

function alignedBytes(buffer: Buffer): number {
  const bytes = buffer.size * itemSize(buffer.dtype);
  if (!Number.isSafeInteger(bytes)) throw new InternalError(`buffer ${buffer.name} has no size`);
  return Math.max(ALIGNMENT, Math.ceil(bytes / ALIGNMENT) * ALIGNMENT);
}

/** Local buffers of one kernel lie side by side; kernels share the space. */
function placeLocals(kernels: readonly Kernel[]): { localOffsets: Map<Buffer, number>; localBytes: number } {
  const localOffsets = new Map<Buffer, number>();
  let localBytes = 0;
  for (const kernel of kernels) {
    let offset = 0;
    for (const buffer of kernel.buffers) {
      if (buffer.space !== "local") continue;
      localOffsets.set(buffer, offset);
      offset += alignedBytes(buffer);
    }
    localBytes = Math.max(localBytes, offset);
  }
  return { localOffsets, localBytes };
}

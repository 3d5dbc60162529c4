// The pipeline: rewrite → choose what is stored → group → lower → finalise → plan → load.
import { platform } from "#platform";
import { type DType, InternalError, Storage } from "../base/index.js";
import { type Node, nodeListener, setNodeListener, type ValueCheck } from "../graph/index.js";
import {
  type Buffer,
  type Executable,
  type Expr,
  ExprFactory,
  type KernelDraft,
  type Program,
  ProgramStatusError,
  printProgram,
  type Stmt,
  type Target,
  verifyProgram,
  visitExpressions,
} from "../ir/index.js";
import { type BatchChain, findBatchChains, joinBatches, valuesWithin } from "./batch-chain.js";
import type { Capture } from "./capture.js";
import { lowerContraction } from "./contraction/lower.js";
import { type ScheduleHook, setScheduleHook } from "./contraction/options.js";
import type { ContractionOptions, ScheduleRequest } from "./contraction/schedule.js";
import { linearIndex } from "./evaluate.js";
import { formGroups, type Group, memoryReads } from "./group.js";
import { finishKernel } from "./kernel-cache.js";
import type { KernelEnv } from "./kernel-env.js";
import { longSum } from "./long-sum.js";
import { lowerBufferCopy, lowerConcat, lowerCopy } from "./lower-copy.js";
import { lowerLongSum } from "./lower-long-sum.js";
import { lowerLoops, lowerLoopsInTiles } from "./lower-loops.js";
import { lowerCheck, lowerRoutine, reportedValue } from "./lower-routine.js";
import { checksOf, chooseStored } from "./materialize.js";
import { type PlannedKernel, planProgram } from "./plan.js";
import { Rewriter } from "./rewrite.js";
import { type ScheduleBook, scheduleBook } from "./schedule-book.js";
import { type ScheduleSearch, searchSchedule } from "./schedule-search.js";
import { turnContractions } from "./turn.js";

/** A check with the dtype of what it reads. */
interface TestedValue {
  readonly check: ValueCheck;
  readonly dtype: DType;
}

/** A loaded program with what its bindings mean. */
export class LoadedStep {
  constructor(
    readonly program: Program,
    private readonly executable: Executable,
    private readonly outputs: readonly {
      readonly slot: number;
      readonly node: { dtype: Storage["dtype"]; size: number };
    }[],
    private readonly updateSlots: readonly number[],
    private readonly checks: readonly TestedValue[],
  ) {}

  get sizeBytes(): number {
    return this.executable.sizeBytes;
  }

  /** Runs on the storages of the captured leaves; returns fresh storages of the outputs. */
  run(leaves: readonly Storage[], scalars: Float64Array): Storage[] {
    const bindings = [...leaves];
    const results = this.outputs.map(({ slot, node }) => {
      const storage = Storage.output(node.dtype, node.size);
      bindings[slot] = storage;
      return storage;
    });
    try {
      this.executable.run(bindings, scalars);
    } catch (error) {
      if (error instanceof ProgramStatusError) throw this.#describe(error);
      throw error;
    }
    for (const slot of this.updateSlots) (bindings[slot] as Storage).version++;
    return results;
  }

  free(): void {
    this.executable.free();
  }

  #describe(error: ProgramStatusError): Error {
    const tested = this.checks[error.status - 1];
    if (!tested) return new InternalError(error.message);
    const [word, position] = error.details;
    return tested.check.error(reportedValue(word, tested.dtype), position);
  }
}

/** Compiles and loads what `capture` describes; with `search`, looks for better schedules on the way. */
export function compileCapture(capture: Capture, target: Target, search: ScheduleSearch | null = null): LoadedStep {
  const listener = nodeListener();
  setNodeListener(null); // nodes made while compiling are nobody's pending work
  try {
    return new StepCompiler(capture, target, search).compile();
  } finally {
    setNodeListener(listener);
  }
}

/** A kernel before its passes, with its place in the program. */
type Draft = Omit<PlannedKernel, "kernel"> & { readonly draft: KernelDraft };

class StepCompiler implements KernelEnv {
  /** Of the kernels that are being lowered: what they look like must not depend on those before. */
  f: ExprFactory;
  readonly info;
  readonly #bufferCount = { next: 0, hasHalves: false };
  readonly #factories = new Map<KernelDraft, ExprFactory>();
  readonly #buffers = new Map<Node, Buffer>();
  readonly #leafBuffers = new Map<Storage, Buffer>();
  readonly #bound = new Map<Buffer, number>();
  readonly #internal = new Set<Node>();
  /** Rows that only later loops of the same outer iteration read. */
  readonly #passing = new Set<Node>();
  readonly #checks: TestedValue[] = [];
  readonly #schedules: ScheduleBook;
  #status: Buffer | null = null;

  constructor(
    private readonly capture: Capture,
    private readonly target: Target,
    private readonly search: ScheduleSearch | null,
  ) {
    this.info = target.info;
    this.#schedules = scheduleBook(target);
    this.f = new ExprFactory(this.#bufferCount);
  }

  #lower(write: () => KernelDraft[]): KernelDraft[] {
    this.f = new ExprFactory(this.#bufferCount);
    const drafts = write();
    for (const draft of drafts) this.#factories.set(draft, this.f);
    return drafts;
  }

  // ---- KernelEnv ----------------------------------------------------------------------------------------------

  bufferOf(node: Node): Buffer | null {
    return node.isRealized ? this.#leafBuffer(node) : (this.#buffers.get(node) ?? null);
  }

  targetOf(node: Node): Buffer | null {
    return this.#internal.has(node) ? null : (this.#buffers.get(node) ?? null);
  }

  isPassing(node: Node): boolean {
    return this.#passing.has(node);
  }

  slotOf(node: Node): number {
    return this.capture.slotOf(node);
  }

  isRuntime(node: Node): boolean {
    return this.capture.isRuntime(node);
  }

  temporary(name: string, dtype: Storage["dtype"], size: number): Buffer {
    return this.f.buffer(name, dtype, size);
  }

  scheduleFor(request: ScheduleRequest): ContractionOptions {
    return this.#schedules.find(request) ?? request.chosen;
  }

  #leafBuffer(node: Node): Buffer {
    const storage = node.storage as Storage;
    const known = this.#leafBuffers.get(storage);
    if (known) return known;
    const buffer = this.f.buffer(`leaf${this.#leafBuffers.size}`, storage.dtype, storage.length);
    this.#leafBuffers.set(storage, buffer);
    this.#bound.set(buffer, this.capture.leaves.indexOf(storage));
    return buffer;
  }

  // ---- the pipeline -------------------------------------------------------------------------------------------

  compile(): LoadedStep {
    const { capture } = this;
    const rewriter = new Rewriter((node) => capture.isRuntime(node));
    const asked = [...capture.outputs, ...capture.updates.map(({ value }) => value)];
    const roots = turnContractions(asked.map((node) => rewriter.rewrite(node)));
    const outputs = roots.slice(0, capture.outputs.length);
    const updates = capture.updates.map(({ target }, i) => ({ value: roots[outputs.length + i] as Node, target }));
    const { order, stored } = chooseStored(
      [...outputs, ...updates.map((u) => u.value)].filter((n) => n.inputs.length > 0 && !n.isRealized),
    );
    const groups = formGroups(order, stored, new Set(updates.map((u) => u.value)));
    for (const node of stored)
      this.#buffers.set(node, this.f.buffer(`${node.primitive.name}${this.#buffers.size}`, node.dtype, node.size));
    this.#findInternal(order, groups, stored, new Set([...outputs, ...updates.map((u) => u.value)]));

    const drafts: { draft: KernelDraft; writesApart: boolean; group: Group | null }[] = [];
    const needed = new Set([...roots, ...checkedIndices(order)]);
    for (const unit of orderUnits(groups, this.#batchChains(groups, stored, updates))) {
      const joined = unit.chain && this.#lowerChain(unit.chain, groups, stored, needed);
      if (joined) drafts.push({ draft: joined, writesApart: false, group: null });
      else drafts.push(...unit.groups.flatMap((group) => this.#draftsOf(group)));
    }
    // After the groups: the planner takes kernels in order, and a check reads indices that a group may compute.
    for (const draft of this.#lower(() => this.#lowerChecks(order)))
      drafts.push({ draft, writesApart: true, group: null });
    const kernels: Draft[] = drafts.map(({ draft, writesApart }) => ({ draft, writesApart, phase: 0 }));
    const inPlace = this.#placeUpdates(updates, drafts, groups, stored, outputs);
    for (const { node, kernelIndex } of inPlace.direct) {
      const slot = capture.leaves.indexOf(node.target.storage as Storage);
      this.#bound.set(this.#buffers.get(node.value) as Buffer, slot);
      kernels[kernelIndex] = { ...(kernels[kernelIndex] as (typeof kernels)[number]), phase: 1 };
    }
    for (const { value, target } of inPlace.copied) kernels.push(...this.#copyInPlace(value, target));
    const outputSlots = this.#bindOutputs(outputs, kernels);
    const finished = kernels.map(({ draft, writesApart, phase }) => ({
      kernel: finishKernel(this.#factories.get(draft) as ExprFactory, draft, this.info),
      writesApart,
      phase,
    }));
    const updateSlots = [...new Set(updates.map(({ target }) => capture.leaves.indexOf(target.storage as Storage)))];
    const program = planProgram({
      name: `step${capture.hash >>> 0}`,
      kernels: finished,
      bound: this.#bound,
      bindings: this.#bindings(outputs, updateSlots),
      status: this.#status,
      scalarCount: capture.scalarCount,
    });
    inspect(program);
    return new LoadedStep(program, this.target.load(program), outputSlots, updateSlots, this.#checks);
  }

  /** Writes `value` over `target` at the end. A value that lies in bound storage is taken aside first: it may be overwritten too. */
  #copyInPlace(value: Node, target: Node): Draft[] {
    const buffer = this.f.buffer("in_place", target.dtype, target.size);
    this.#bound.set(buffer, this.capture.leaves.indexOf(target.storage as Storage));
    const place = (index: readonly Expr[]): Expr => linearIndex(this.f, value.shape, index);
    if (!value.isRealized) {
      const drafts = this.#lower(() => lowerCopy(this, value, { buffer, place }));
      return drafts.map((draft) => ({ draft, writesApart: false, phase: 2 }));
    }
    const aside = this.temporary("aside", value.dtype, value.size);
    const taken = this.#lower(() => lowerCopy(this, value, { buffer: aside, place }));
    const put = this.#lower(() => lowerBufferCopy(this, aside, buffer));
    return [
      ...taken.map((draft): Draft => ({ draft, writesApart: false, phase: 0 })),
      ...put.map((draft): Draft => ({ draft, writesApart: false, phase: 2 })),
    ];
  }

  #bindings(outputs: readonly Node[], updateSlots: readonly number[]): Program["bindings"] {
    const leaves = this.capture.leaves.map((storage, slot) => ({
      dtype: storage.dtype,
      length: storage.length,
      read: this.#leafBuffers.has(storage),
      written: updateSlots.includes(slot),
    }));
    return [...leaves, ...outputs.map((n) => ({ dtype: n.dtype, length: n.size, read: false, written: true }))];
  }

  #draftsOf(group: Group): { draft: KernelDraft; writesApart: boolean; group: Group }[] {
    return this.#lower(() => this.#lowerGroup(group)).map((draft) => ({
      draft,
      writesApart: group.kind === "concat",
      group,
    }));
  }

  /** While schedules are searched for, each kernel stands alone. */
  #batchChains(groups: readonly Group[], stored: ReadonlySet<Node>, updates: readonly { value: Node }[]): BatchChain[] {
    if (this.search) return [];
    const written = new Set(updates.map(({ value }) => value));
    return findBatchChains(
      orderUnits(groups, []).flatMap((unit) => unit.groups),
      stored,
      (node) => written.has(node),
    );
  }

  /** A chain's kernel; null if its groups do not become a kernel each with a tile for each batch. */
  #lowerChain(
    chain: BatchChain,
    groups: readonly Group[],
    stored: ReadonlySet<Node>,
    needed: ReadonlySet<Node>,
  ): KernelDraft | null {
    const [joined] = this.#lower(() => {
      const parts = chain.groups.map((group): (KernelDraft | null)[] =>
        group.kind === "loops" ? [lowerLoopsInTiles(this, group, chain.batches)] : lowerContraction(this, group),
      );
      const drafts = parts.flat().filter((draft) => draft?.tiles === chain.batches) as KernelDraft[];
      if (parts.some((of) => of.length !== 1) || drafts.length < parts.length) return [];
      const within = valuesWithin(chain, groups, stored, (node) => needed.has(node));
      const buffers = within.flatMap((node) => this.targetOf(node) ?? []);
      return [joinBatches(this.f, drafts, buffers)];
    });
    return joined ?? null;
  }

  #lowerGroup(group: Group): KernelDraft[] {
    const [{ node }] = group.members as [Group["members"][number]];
    switch (group.kind) {
      case "loops":
        return lowerLoops(this, group);
      case "contraction":
        if (longSum(node)) return lowerLongSum(this, group);
        if (this.search) this.#searchSchedule(group, this.search);
        return lowerContraction(this, group);
      case "concat":
        return lowerConcat(this, node);
      case "routine":
        return lowerRoutine(this, node);
    }
  }

  /** Finds the best schedule of a contraction, unless one is known, and keeps it. */
  #searchSchedule(group: Group, search: ScheduleSearch): void {
    const lowerWith = (hook: ScheduleHook): KernelDraft[] => {
      const outer = setScheduleHook(hook);
      try {
        return lowerContraction(this, group);
      } finally {
        setScheduleHook(outer);
      }
    };
    let asked: ScheduleRequest | null = null;
    lowerWith((request) => {
      asked = request;
      return request.chosen;
    });
    const request = asked as ScheduleRequest | null; // null where it has no schedule to choose
    if (!request || this.#schedules.find(request)) return;
    const place = { f: this.f, target: this.target, scalarCount: this.capture.scalarCount };
    const best = searchSchedule(place, request, (options) => lowerWith(() => options), search);
    this.#schedules.keep(request, best);
  }

  #lowerChecks(order: readonly Node[]): KernelDraft[] {
    const done = new Set<string>();
    const kernels: KernelDraft[] = [];
    for (const node of order) {
      if (node.isRealized) continue;
      for (const check of checksOf(node) ?? []) {
        const tested = this.bufferOf(node.inputs[check.input] as Node);
        if (!tested) continue; // a number: tested at the call
        const key = `${tested.id}:${check.low}:${check.high}:${check.except}`;
        if (done.has(key)) continue;
        done.add(key);
        this.#status ??= this.f.buffer("status", "int32", 4);
        this.#checks.push({ check, dtype: tested.dtype });
        kernels.push(lowerCheck(this, tested, check, this.#status, this.#checks.length));
      }
    }
    return kernels;
  }

  /** Stored nodes that only their own loop reads need no memory after all. */
  #findInternal(
    order: readonly Node[],
    groups: readonly Group[],
    stored: ReadonlySet<Node>,
    roots: ReadonlySet<Node>,
  ): void {
    const home = new Map<Node, Group>();
    for (const group of groups) for (const m of group.members) home.set(m.node, group);
    const needed = new Set<Node>(roots);
    const rows = new Set<Node>();
    for (const group of groups) {
      for (const m of group.members) {
        for (const read of memoryReads(m.node, stored)) {
          const source = home.get(read);
          const other = source?.members.find((x) => x.node === read);
          const isRow = other && other.inner.length > 0 && !other.isReduction;
          if (source !== group) needed.add(read);
          else if (isRow && other.phase !== m.phase) rows.add(read);
        }
      }
    }
    for (const node of checkedIndices(order)) needed.add(node);
    for (const node of home.keys()) {
      const kind = home.get(node)?.kind;
      if (needed.has(node) || (kind !== "loops" && kind !== "contraction")) continue;
      (rows.has(node) ? this.#passing : this.#internal).add(node);
    }
  }

  /**
   * An update is written in place by the kernel that computes it if nobody else reads the value, and the old value is read
   * only by that kernel (at the element being written) or by kernels that run before. Else it is copied at the end.
   */
  #placeUpdates(
    updates: readonly { value: Node; target: Node }[],
    drafts: readonly { draft: KernelDraft; group: Group | null }[],
    groups: readonly Group[],
    stored: ReadonlySet<Node>,
    outputs: readonly Node[],
  ) {
    const readers = new Map<Node, Set<Group>>();
    for (const group of groups) {
      for (const m of group.members) {
        for (const read of memoryReads(m.node, stored)) {
          const set = readers.get(read) ?? new Set();
          readers.set(read, set.add(group));
        }
      }
    }
    const isReadElsewhere = (group: Group): boolean =>
      group.members.some((m) => [...(readers.get(m.node) ?? [])].some((g) => g !== group));
    const values = new Map<Node, number>();
    for (const { value } of updates) values.set(value, (values.get(value) ?? 0) + 1);
    const candidates = updates.flatMap((update) => {
      const group = groups.find((g) => g.members.some((m) => m.node === update.value));
      const own = drafts.flatMap((d, i) => (group && d.group === group ? [i] : []));
      const isAlone = group?.kind === "loops" && own.length === 1 && !isReadElsewhere(group);
      const isOutput = outputs.includes(update.value) || (values.get(update.value) ?? 0) > 1;
      if (!group || !isAlone || isOutput || this.bufferOf(update.target)?.dtype !== update.value.dtype) return [];
      return [{ node: update, group, kernelIndex: own[0] as number }];
    });
    const direct = candidates.filter(({ node, kernelIndex }) => {
      const old = this.#leafBuffer(node.target);
      const body = (drafts[kernelIndex] as { draft: KernelDraft }).draft.body;
      if (!readsOnlyWhatItWrites(body, old, this.#buffers.get(node.value) as Buffer)) return false;
      return candidates.every(
        (c) =>
          c.kernelIndex === kernelIndex || !mentions((drafts[c.kernelIndex] as { draft: KernelDraft }).draft.body, old),
      );
    });
    const done = new Set(direct.map((d) => d.node));
    return { direct, copied: updates.filter((u) => !done.has(u)) };
  }

  /** Outputs get bindings of their own; one that is a leaf, repeated, or written in place is copied. */
  #bindOutputs(outputs: readonly Node[], kernels: { draft: KernelDraft; writesApart: boolean; phase: 0 | 1 | 2 }[]) {
    const taken = new Set<Node>();
    return outputs.map((node, i) => {
      const slot = this.capture.leaves.length + i;
      const own = this.#buffers.get(node);
      if (own && !taken.has(node) && !this.#bound.has(own)) this.#bound.set(own, slot);
      else {
        const buffer = this.f.buffer("output", node.dtype, node.size);
        this.#bound.set(buffer, slot);
        const place = (index: readonly Expr[]): Expr => linearIndex(this.f, node.shape, index);
        // A leaf is copied before it can be overwritten; other values may come from a kernel that also writes in place.
        const phase = node.isRealized ? 0 : 2;
        for (const draft of this.#lower(() => lowerCopy(this, node, { buffer, place })))
          kernels.push({ draft, writesApart: false, phase });
      }
      taken.add(node);
      return { slot, node: { dtype: node.dtype, size: node.size } };
    });
  }
}

/** Verifies programs in tests and where GRADUS_DEBUG is set; from level 3 on prints them, before what is wrong with them. */
function inspect(program: Program): void {
  const debug = platform.env("GRADUS_DEBUG");
  if (Number(debug) >= 3) platform.warn(printProgram(program));
  if (debug || platform.env("VITEST")) verifyProgram(program, { final: true });
}

/** Nodes that are checked before anything is written in place. */
function checkedIndices(order: readonly Node[]): Node[] {
  return order.flatMap((node) => (checksOf(node) ?? []).map(({ input }) => node.inputs[input] as Node));
}

/** A group, or a chain of groups. */
interface Unit {
  readonly groups: readonly Group[];
  readonly chain: BatchChain | null;
}

/** Groups and chains with everything they need before them. */
function orderUnits(groups: readonly Group[], chains: readonly BatchChain[]): Unit[] {
  const chainOf = new Map(chains.flatMap((chain) => chain.groups.map((group): [Group, BatchChain] => [group, chain])));
  const out: Unit[] = [];
  const seen = new Set<Group>();
  const visit = (group: Group): void => {
    if (seen.has(group)) return;
    const chain = chainOf.get(group) ?? null;
    const unit = { groups: chain?.groups ?? [group], chain };
    for (const own of unit.groups) seen.add(own);
    for (const own of unit.groups) own.needs.forEach(visit);
    out.push(unit);
  };
  groups.forEach(visit);
  return out;
}

function mentions(body: readonly Stmt[], buffer: Buffer): boolean {
  let found = false;
  visitExpressions(body, (x) => {
    if (x.kind === "load" && x.buffer === buffer) found = true;
  });
  return found;
}

/**
 * True if every load of `old` in the kernel is of the element that the same iteration stores to `written`, and none is
 * first needed after that store (a value needed twice is loaded once, where it is needed first).
 */
function readsOnlyWhatItWrites(body: readonly Stmt[], old: Buffer, written: Buffer): boolean {
  const stored = new Set<Expr>();
  const loads = new Map<Expr, boolean>(); // load of old → whether it came before the store
  const visit = (stmts: readonly Stmt[]): void => {
    for (const stmt of stmts) {
      if (stmt.kind === "for" || stmt.kind === "while") visit(stmt.body);
      else {
        visitExpressions([stmt], (x) => {
          if (x.kind === "load" && x.buffer === old && !loads.has(x)) loads.set(x, stored.size === 0);
        });
        if (stmt.kind === "store" && stmt.buffer === written) stored.add(stmt.index);
      }
    }
  };
  visit(body);
  return [...loads].every(([x, isEarly]) => isEarly && x.kind === "load" && stored.has(x.index));
}

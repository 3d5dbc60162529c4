// The pipeline: rewrite → choose what is stored → group → lower → finalise → plan → load.
import { platform } from "#platform";
import { type DType, debugLevel, InternalError, isVerifying, Storage } from "../base/index.js";
import { type Node, nodeListener, setNodeListener, type ValueCheck } from "../graph/index.js";
import {
  type Buffer,
  type Executable,
  type Expr,
  ExprFactory,
  type Kernel,
  type KernelDraft,
  type Program,
  ProgramStatusError,
  printProgram,
  type Target,
  verifyProgram,
} from "../ir/index.js";
import { type BatchChain, findBatchChains, joinBatches, valuesWithin } from "./batch-chain.js";
import { fitsByte } from "./byte-values.js";
import type { Capture } from "./capture.js";
import { lowerContraction } from "./contraction/lower.js";
import { type ScheduleHook, scheduleHook, setScheduleHook } from "./contraction/options.js";
import type { ContractionOptions, ScheduleRequest } from "./contraction/schedule.js";
import { linearIndex } from "./evaluate.js";
import { formGroups, type Group, type Member, memoryReads } from "./group.js";
import { GroupTexts } from "./group-text.js";
import { findParts, Parts } from "./joined.js";
import type { KernelEnv } from "./kernel-env.js";
import { lowerBufferCopy, lowerConcat, lowerCopy } from "./lower-copy.js";
import { isBestAsLongSum, lowerLongSum } from "./lower-long-sum.js";
import { lowerLoops, lowerLoopsInTiles } from "./lower-loops.js";
import { lowerCheck, lowerRoutine, reportedValue } from "./lower-routine.js";
import { type LoweredKernel, type Lowering, lowerApart, lowerOnce } from "./lowering-cache.js";
import { checksOf, chooseStored } from "./materialize.js";
import { accessOf, type PlannedKernel, planProgram } from "./plan.js";
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
  if (debugLevel() >= 2) platform.warn(capture.describe());
  const listener = nodeListener();
  setNodeListener(null); // nodes made while compiling are nobody's pending work
  try {
    return new StepCompiler(capture, target, search).compile();
  } finally {
    setNodeListener(listener);
  }
}

/** A kernel of a group; null for those that no single group stands for. */
type GroupKernel = LoweredKernel & { readonly group: Group | null };

class StepCompiler implements KernelEnv {
  /** Of the kernels that are being lowered: what they look like must not depend on those before. */
  f: ExprFactory;
  parts = new Parts();
  readonly info;
  readonly #bufferCount = { next: 0, hasHalves: false };
  /** Memory that the kernels under construction asked for. */
  #temporaries: Buffer[] = [];
  readonly #buffers = new Map<Node, Buffer>();
  readonly #leafBuffers = new Map<Storage, Buffer>();
  readonly #bound = new Map<Buffer, number>();
  readonly #internal = new Set<Node>();
  /** Rows that only later loops of the same outer iteration read. */
  readonly #passing = new Set<Node>();
  readonly #checks: TestedValue[] = [];
  readonly #schedules: ScheduleBook;
  readonly #texts = new GroupTexts(this);
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

  #lower(write: () => KernelDraft[], mayWriteInPlace = false): Lowering {
    this.f = new ExprFactory(this.#bufferCount);
    this.#temporaries = [];
    return { drafts: write(), f: this.f, temporaries: this.#temporaries, mayWriteInPlace };
  }

  /** Kernels that the program has once. */
  #lowerApart(write: () => KernelDraft[]): Kernel[] {
    return lowerApart(this.#lower(write), this.info).map(({ kernel }) => kernel);
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
    const buffer = this.f.buffer(name, dtype, size);
    this.#temporaries.push(buffer);
    return buffer;
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
    const needed = new Set([...roots, ...checkedIndices(order)]);
    for (const node of stored) {
      const dtype = !needed.has(node) && fitsByte(node) ? "uint8" : node.dtype;
      this.#buffers.set(node, this.f.buffer(`${node.primitive.name}${this.#buffers.size}`, dtype, node.size));
    }
    this.#findInternal(order, groups, stored, new Set([...outputs, ...updates.map((u) => u.value)]));

    const lowered: GroupKernel[] = [];
    this.parts = findParts(groups, stored, needed);
    for (const unit of orderUnits(groups, this.#batchChains(groups, stored, updates))) {
      const joined = unit.chain && this.#lowerChain(unit.chain, groups, stored, needed);
      if (joined) lowered.push({ ...joined, group: null });
      else for (const group of unit.groups) for (const one of this.#lowerGroup(group)) lowered.push({ ...one, group });
    }
    const wholes = new Set(
      groups.filter(({ kind }) => kind === "concat").map(({ members: [m] }) => this.targetOf((m as Member).node)),
    );
    const writesPart = (kernel: Kernel): boolean => [...accessOf(kernel).writes].some((buffer) => wholes.has(buffer));
    const kernels = lowered.map(({ kernel }): PlannedKernel => ({ kernel, writesApart: writesPart(kernel), phase: 0 }));
    // After the groups: the planner takes kernels in order, and a check reads indices that a group may compute.
    for (const kernel of this.#lowerApart(() => this.#lowerChecks(order)))
      kernels.push({ kernel, writesApart: true, phase: 0 });
    const inPlace = this.#placeUpdates(updates, lowered, groups, stored, outputs);
    for (const { node, kernelIndex } of inPlace.direct) {
      const slot = capture.leaves.indexOf(node.target.storage as Storage);
      this.#bound.set(this.#buffers.get(node.value) as Buffer, slot);
      kernels[kernelIndex] = { ...(kernels[kernelIndex] as PlannedKernel), phase: 1 };
    }
    for (const { value, target } of inPlace.copied) kernels.push(...this.#copyInPlace(value, target));
    const outputSlots = this.#bindOutputs(outputs, kernels);
    const updateSlots = [...new Set(updates.map(({ target }) => capture.leaves.indexOf(target.storage as Storage)))];
    const program = planProgram({
      name: `step${capture.hash >>> 0}`,
      kernels,
      bound: this.#bound,
      bindings: this.#bindings(outputs, updateSlots),
      status: this.#status,
      scalarCount: capture.scalarCount,
    });
    inspect(program);
    return new LoadedStep(program, this.target.load(program), outputSlots, updateSlots, this.#checks);
  }

  /** Writes `value` over `target` at the end. A value that lies in bound storage is taken aside first: it may be overwritten too. */
  #copyInPlace(value: Node, target: Node): PlannedKernel[] {
    const buffer = this.f.buffer("in_place", target.dtype, target.size);
    this.#bound.set(buffer, this.capture.leaves.indexOf(target.storage as Storage));
    const place = (index: readonly Expr[]): Expr => linearIndex(this.f, value.shape, index);
    const planned = (phase: 0 | 2, write: () => KernelDraft[]) =>
      this.#lowerApart(write).map((kernel): PlannedKernel => ({ kernel, writesApart: false, phase }));
    if (!value.isRealized) return planned(2, () => lowerCopy(this, value, { buffer, place }));
    const aside = this.temporary("aside", value.dtype, value.size);
    return [
      ...planned(0, () => lowerCopy(this, value, { buffer: aside, place })),
      ...planned(2, () => lowerBufferCopy(this, aside, buffer)),
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

  #lowerGroup(group: Group): LoweredKernel[] {
    const write = () => this.parts.store(this, [group], this.#draftsOf(group));
    const lowered = this.#lowerOnce([group], "", () => this.#lower(write, group.kind === "loops"));
    return lowered.length === 0 && this.parts.drop([group]) ? this.#lowerGroup(group) : lowered;
  }

  /** While somebody chooses schedules, they are asked each time. */
  #lowerOnce(groups: readonly Group[], more: string, lower: () => Lowering): LoweredKernel[] {
    if (this.search || scheduleHook()) return lowerApart(lower(), this.info);
    const text = this.#texts.of(
      groups,
      `${this.info.threads} ${this.#schedules.edition} ${more}${this.parts.textOf(groups)}`,
    );
    return lowerOnce(this.f, this.info, text, lower);
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
  ): LoweredKernel | null {
    const within = valuesWithin(chain, groups, stored, (node) => needed.has(node)).filter((node) =>
      this.targetOf(node),
    );
    const members = chain.groups.flatMap((group) => group.members.map(({ node }) => node));
    const more = `${chain.batches} ${within.map((node) => members.indexOf(node)).join()}`;
    const write = (): KernelDraft[] => {
      const parts = chain.groups.map((group): (KernelDraft | null)[] =>
        group.kind === "loops" ? [lowerLoopsInTiles(this, group, chain.batches)] : lowerContraction(this, group),
      );
      const drafts = parts.flat().filter((draft) => draft?.tiles === chain.batches) as KernelDraft[];
      if (parts.some((of) => of.length !== 1) || drafts.length < parts.length) return [];
      const buffers = within.map((node) => this.targetOf(node) as Buffer);
      return this.parts.store(this, chain.groups, [joinBatches(this.f, drafts, buffers)]);
    };
    const [joined] = this.#lowerOnce(chain.groups, `chain ${more}`, () => this.#lower(write));
    if (!joined && this.parts.drop(chain.groups)) return this.#lowerChain(chain, groups, stored, needed);
    return joined ?? null;
  }

  #draftsOf(group: Group): KernelDraft[] {
    const [{ node }] = group.members as [Group["members"][number]];
    switch (group.kind) {
      case "loops":
        return lowerLoops(this, group);
      case "contraction":
        if (isBestAsLongSum(this, group)) return lowerLongSum(this, group);
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
    lowered: readonly GroupKernel[],
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
      const own = lowered.flatMap((one, i) => (group && one.group === group ? [i] : []));
      const isAlone = group?.kind === "loops" && own.length === 1 && !isReadElsewhere(group);
      const isOutput = outputs.includes(update.value) || (values.get(update.value) ?? 0) > 1;
      if (!group || !isAlone || isOutput || this.bufferOf(update.target)?.dtype !== update.value.dtype) return [];
      return [{ node: update, group, kernelIndex: own[0] as number }];
    });
    const reads = (index: number, buffer: Buffer): boolean =>
      accessOf((lowered[index] as GroupKernel).kernel).reads.has(buffer);
    const direct = candidates.filter(({ node, kernelIndex }) => {
      const old = this.#leafBuffer(node.target);
      const written = this.#buffers.get(node.value) as Buffer;
      const { inPlace } = lowered[kernelIndex] as GroupKernel;
      const isInPlace = inPlace.some(([read, to]) => read === old && to === written);
      if (!isInPlace && reads(kernelIndex, old)) return false;
      return candidates.every((c) => c.kernelIndex === kernelIndex || !reads(c.kernelIndex, old));
    });
    const done = new Set(direct.map((d) => d.node));
    return { direct, copied: updates.filter((u) => !done.has(u)) };
  }

  /** Outputs get bindings of their own; one that is a leaf, repeated, or written in place is copied. */
  #bindOutputs(outputs: readonly Node[], kernels: PlannedKernel[]) {
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
        for (const kernel of this.#lowerApart(() => lowerCopy(this, node, { buffer, place })))
          kernels.push({ kernel, writesApart: false, phase });
      }
      taken.add(node);
      return { slot, node: { dtype: node.dtype, size: node.size } };
    });
  }
}

/** Verifies programs in tests and where GRADUS_DEBUG is set; from level 3 on prints them, before what is wrong with them. */
function inspect(program: Program): void {
  if (debugLevel() >= 3) platform.warn(printProgram(program));
  if (isVerifying()) verifyProgram(program, { final: true });
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

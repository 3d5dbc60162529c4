// Groups of loop nodes become kernels: outer loops spread over tiles, phases of inner loops, one loop marked as vector.
import { numel } from "../base/index.js";
import { attr, type Node } from "../graph/index.js";
import { type Buffer, type Expr, type KernelDraft, type Stmt, scalarOf, type Var } from "../ir/index.js";
import { ownCost } from "./costs.js";
import { combine, Evaluator, identity, linearIndex } from "./evaluate.js";
import type { Group, Member } from "./group.js";
import { iterationIndex, withoutDims } from "./group.js";
import type { KernelEnv } from "./kernel-env.js";
import {
  dimIndices,
  improveNest,
  type Loop,
  lastLoop,
  type Nest,
  type Probe,
  plainNest,
  stride,
  visitAll,
  writtenOutLast,
} from "./nest.js";
import { Prefetches } from "./prefetches.js";
import { emitOuterLoops, isCutInOrder, planTiles, wishedTiles } from "./tiles.js";

/** Partial results of a reduction with few outputs. A constant: the order of a sum depends on shapes only. */
const PARTS = 64;
const MIN_SPLIT = 1 << 15;

/** Elements of a row that passes from loop to loop in the thread's own memory, which stays in the nearer caches. */
const MOST_PASSING = 1 << 14;

/** Elements that pass before memory that was asked for is there: of shorter rows, one is asked for that comes later. */
const MIN_AHEAD = 512;
/** Rows shorter than this are few lines, which the processor finds by itself. */
const MIN_ROW = 128;

/** Iterations of a loop that is worth turning inside, and loads (in vectors) that it may save. */
const MIN_INSIDE = 8;
const MIN_LOADS = 8;

export function lowerLoops(env: KernelEnv, group: Group): KernelDraft[] {
  if (numel(group.outer) === 0) return [];
  const [only] = group.members as [Member];
  const isSplit =
    group.members.length === 1 && only.isReduction && numel(group.outer) < 16 && numel(only.inner) >= MIN_SPLIT;
  return isSplit ? lowerSplitReduction(env, group, only) : [new LoopLowering(env, group).kernel()];
}

/** One kernel whose tiles are `tiles` equal parts of the outer loops, in order; null if they cannot be cut so. */
export function lowerLoopsInTiles(env: KernelEnv, group: Group, tiles: number): KernelDraft | null {
  return new LoopLowering(env, group).kernel(tiles);
}

/** A reduction to few values of many elements, in two kernels: parts, then their combination. */
function lowerSplitReduction(env: KernelEnv, group: Group, member: Member): KernelDraft[] {
  const { f } = env;
  const lowering = new LoopLowering(env, group);
  const nest = lowering.innerNest(member);
  const first = nest[0] as Loop;
  const chunk = Math.ceil(first.extent / PARTS);
  const parts = Math.ceil(first.extent / chunk);
  const outputs = numel(group.outer);
  const partial = env.temporary("partial", member.node.dtype, outputs * parts);
  const out = env.bufferOf(member.node) as Buffer;
  const tile = f.variable("tile", "i32", { min: 0, max: outputs * parts - 1 });
  const part = f.rem(tile, f.int(parts));
  const outer = dimIndices(f, [{ dims: group.outer.map((_, d) => d), extent: outputs }], group.outer, [
    f.div(tile, f.int(parts)),
  ]);
  const body = lowering.reduce([member], outer, { start: f.mul(part, f.int(chunk)), limit: chunk }, (_, value) => [
    { kind: "store", buffer: partial, index: tile, value, guard: null },
  ]);
  const at = f.variable("tile", "i32", { min: 0, max: outputs - 1 });
  const acc = f.variable("acc", scalarOf(member.node.dtype), { mutable: true });
  const p = f.variable("p", "i32", { min: 0, max: parts - 1 });
  const load = f.load(partial, f.add(f.mul(at, f.int(parts)), p));
  const combineParts: Stmt[] = [
    { kind: "let", v: acc, value: identity(f, member.node) },
    {
      kind: "for",
      v: p,
      from: f.int(0),
      to: f.int(parts),
      step: 1,
      hint: "vectorize",
      body: [{ kind: "assign", v: acc, value: combine(f, member.node, acc, load) }],
    },
    { kind: "store", buffer: out, index: at, value: acc, guard: null },
  ];
  const name = lowering.name();
  const { flops, bytes } = lowering.estimate();
  return [
    { name: `${name}_parts`, tiles: outputs * parts, tile, body, flops, bytes },
    {
      name: `${name}_join`,
      tiles: outputs,
      tile: at,
      body: combineParts,
      flops: outputs * parts,
      bytes: 4 * outputs * parts,
    },
  ];
}

/** Restricts the first inner loop to `limit` iterations from `start`. */
interface Range {
  readonly start: Expr;
  readonly limit: number;
}

/** What the loops of one phase ask of memory for later, beside each of their iterations. */
interface Ahead {
  readonly phase: number;
  readonly at: (inner: readonly Expr[]) => Stmt[];
}

class LoopLowering {
  /** Values of members that the current outer iteration has: reductions and outer-level ones. */
  readonly #values = new Map<Node, Expr>();
  /** Values of the current inner iteration. */
  readonly #rowValues = new Map<Node, Expr>();
  readonly #members: ReadonlyMap<Node, Member>;
  readonly #innerNests = new Map<Member, Nest>();
  /** The thread's own memory for rows that nothing else reads. */
  readonly #passing = new Map<Node, Buffer>();
  #memoEpoch: Evaluator;

  constructor(
    private readonly env: KernelEnv,
    private readonly group: Group,
  ) {
    this.#members = new Map(group.members.map((m) => [m.node, m]));
    this.#memoEpoch = this.#makeEvaluator();
  }

  kernel(): KernelDraft;
  kernel(tiles: number): KernelDraft | null;
  kernel(tiles?: number): KernelDraft | null {
    const { f } = this.env;
    const nest = this.#outerNest();
    const { flops, bytes } = this.estimate();
    const vectorLoop = this.#vectorOuterLoop(nest);
    if (vectorLoop < 0) this.#keepPassingRows();
    const plan = planTiles(nest, tiles ?? wishedTiles(Math.max(flops, bytes / 4)), vectorLoop);
    if (tiles !== undefined && !isCutInOrder(nest, plan, tiles)) return null;
    const tile = f.variable("tile", "i32", { min: 0, max: plan.tiles - 1 });
    const body = emitOuterLoops(this.env, nest, plan, tile, vectorLoop, (vars) =>
      this.#outerBody(
        dimIndices(f, nest, this.group.outer, vars),
        vectorLoop >= 0,
        vectorLoop < 0 ? this.#ahead(nest, vars) : null,
      ),
    );
    return { name: this.name(), tiles: plan.tiles, tile, body, flops, bytes };
  }

  /** Loops of one row at a time pass it on without a trip to the program's memory. */
  #keepPassingRows(): void {
    for (const { node, inner } of this.group.members) {
      if (!this.env.isPassing(node) || numel(inner) > MOST_PASSING) continue;
      this.#passing.set(node, this.env.f.buffer("row", node.dtype, numel(inner), "local"));
    }
  }

  /** Where a member's element lies: in the thread's own memory by its place in the row, or in the program's. */
  #placeOf(m: Member, index: readonly Expr[]): { buffer: Buffer; at: Expr } | null {
    const { f } = this.env;
    const own = this.#passing.get(m.node);
    if (own) {
      const inRow = index.filter((_, d) => m.roles[d]?.loop === "inner");
      return { buffer: own, at: linearIndex(f, m.inner, inRow) };
    }
    const buffer = this.env.targetOf(m.node);
    return buffer && { buffer, at: linearIndex(f, m.node.shape, index) };
  }

  name(): string {
    const names = this.group.members.map((m) => m.node.primitive.name);
    return `${names.slice(0, 4).join("_")}${names.length > 4 ? `_and_${names.length - 4}` : ""}`;
  }

  estimate(): { flops: number; bytes: number } {
    let flops = 0;
    let bytes = 0;
    const seen = new Set<Node>();
    const visit = (x: Node, times: number): void => {
      if (seen.has(x) || this.#members.has(x)) return;
      seen.add(x);
      if (this.env.bufferOf(x)) {
        bytes += Math.min(times, x.size) * 4;
        return;
      }
      flops += ownCost(x) * times;
      for (const input of x.inputs) visit(input, times);
    };
    for (const m of this.group.members) {
      const n = numel(m.space);
      if (m.isReduction) flops += n;
      else flops += ownCost(m.node) * n;
      if (!this.env.isPassing(m.node)) bytes += m.node.size * 4;
      for (const input of m.node.inputs) visit(input, n);
    }
    return { flops, bytes };
  }

  // ---- choosing loops -----------------------------------------------------------------------------------------

  #outerNest(): Nest {
    const { f } = this.env;
    const keepFlat = this.group.members.some((m) => ownCost(m.node) >= 50);
    const probe = (nest: Nest) => {
      const vars = nest.map((l, k) => f.variable(`o${k}`, "i32", { min: 0, max: l.extent - 1 }));
      const outer = dimIndices(f, nest, this.group.outer, vars);
      return { vars, exprs: this.group.members.flatMap((m) => this.#probeMember(m, outer, this.#plainInner(m))) };
    };
    const plain = plainNest(this.group.outer);
    const reused = keepFlat ? null : this.#loopInside(plain, probe);
    if (!reused) return improveNest(plain, probe, keepFlat);
    const others = plain.filter((loop) => loop !== reused);
    const inside: Loop = { ...reused, isInside: true };
    return [...improveNest(others, (nest) => probe([...nest, inside]), false), inside];
  }

  /**
   * A loop to run inside the vector loop, because most of what the vectors load is the same for all its iterations (output
   * channels of a convolution: the windows stay in registers, weights are broadcast). Null if none saves half the loads.
   */
  #loopInside(nest: Nest, probe: Probe): Loop | null {
    if (nest.length < 2 || this.group.members.some((m) => m.inner.length > 0)) return null;
    const { vars, exprs } = probe(nest);
    const along = vars[vars.length - 1] as Expr;
    const plain = this.#loadCost(exprs, along, along);
    let best: Loop | null = null;
    let least = plain / 2;
    nest.slice(0, -1).forEach((loop, k) => {
      if (loop.extent < MIN_INSIDE) return;
      const cost = this.#loadCost(exprs, along, vars[k] as Expr);
      if (plain >= MIN_LOADS && cost < least) [best, least] = [loop, cost];
    });
    return best;
  }

  /** Cost of the loads that an iteration of the loop over `inner` makes anew, with vectors along `along`. */
  #loadCost(exprs: readonly Expr[], along: Expr, inner: Expr): number {
    const { f } = this.env;
    let cost = 0;
    visitAll(exprs, (x) => {
      if (x.kind !== "load" || stride(f, x.index, inner) === 0) return;
      const step = stride(f, x.index, along);
      cost += step === 0 ? 0.5 : step === 1 ? 1 : step === 2 || step === -1 ? 2 : 6;
    });
    return cost;
  }

  #plainInner(m: Member): Expr[] {
    return m.inner.map((size, k) => this.env.f.variable(`r${k}`, "i32", { min: 0, max: size - 1 }));
  }

  innerNest(m: Member): Nest {
    const known = this.#innerNests.get(m);
    if (known) return known;
    const { f } = this.env;
    const phase = this.group.members.filter((other) => other.phase === m.phase);
    const outer = this.group.outer.map((size, k) => f.variable(`o${k}`, "i32", { min: 0, max: size - 1 }));
    const probe = (nest: Nest) => {
      const vars = nest.map((l, k) => f.variable(`r${k}`, "i32", { min: 0, max: l.extent - 1 }));
      const inner = dimIndices(f, nest, m.inner, vars);
      return { vars, exprs: phase.flatMap((other) => this.#probeMember(other, outer, inner)) };
    };
    const nest = writtenOutLast(improveNest(plainNest(m.inner), probe, false));
    for (const other of phase) this.#innerNests.set(other, nest);
    return nest;
  }

  /** The expressions that a member computes and stores, for looking at their indices. */
  #probeMember(m: Member, outer: readonly Expr[], inner: readonly Expr[]): Expr[] {
    const { f } = this.env;
    const probing = this.#makeEvaluator((x, index) => {
      const buffer = this.env.bufferOf(x);
      const known = this.#members.has(x) && x !== m.node;
      if (!known) return undefined;
      return buffer ? f.load(buffer, linearIndex(f, x.shape, index)) : f.variable("x", scalarOf(x.dtype));
    });
    const index = iterationIndex(f, m, outer, inner);
    const value = m.isReduction ? probing.value(m.node.inputs[0] as Node, index) : probing.compute(m.node, index);
    const position = m.isReduction ? withoutDims(index, attr<readonly number[]>(m.node, "dims")) : index;
    return [value, linearIndex(f, m.node.shape, position)];
  }

  /** The outer loop to run in vectors, or -1 if the inner loops suit better. */
  #vectorOuterLoop(nest: Nest): number {
    const last = lastLoop(nest);
    const isRows = this.group.members.some((m) => m.inner.length > 0);
    if (!isRows) return last;
    if (last < 0) return -1;
    const { f } = this.env;
    const vars = nest.map((l, k) => f.variable(`o${k}`, "i32", { min: 0, max: l.extent - 1 }));
    const outer = dimIndices(f, nest, this.group.outer, vars);
    let [outerCost, innerCost] = [0, 0];
    for (const m of this.group.members) {
      if (m.inner.length === 0) continue;
      const inner = this.innerNest(m);
      const rvars = inner.map((l, k) => f.variable(`r${k}`, "i32", { min: 0, max: l.extent - 1 }));
      const exprs = this.#probeMember(m, outer, dimIndices(f, inner, m.inner, rvars));
      const along = lastLoop(inner);
      outerCost += this.#vectorCost(exprs, vars[last] as Expr, (nest[last] as Loop).extent);
      innerCost += this.#vectorCost(exprs, rvars[along] as Expr, (inner[along] as Loop).extent);
    }
    return outerCost < innerCost ? last : -1;
  }

  /** Cost of the memory accesses of one vector along `v`, in units of one vector load. */
  #vectorCost(exprs: readonly Expr[], v: Expr, extent: number): number {
    const lanes = this.env.info.lanes(4);
    let cost = extent < lanes ? 8 : extent < 4 * lanes ? 1 : 0;
    visitAll(exprs, (x) => {
      if (x.kind !== "load") return;
      const step = stride(this.env.f, x.index, v);
      cost += step === 1 ? 1 : step === 0 ? 0.5 : step === 2 || step === -1 ? 2 : 6;
    });
    return cost;
  }

  // ---- writing loops ------------------------------------------------------------------------------------------

  /**
   * For rows that several loops pass over: what the second loop asks of memory, which it needs little of itself. Else the first
   * loop waits for what it reads, and the last one for the place to store to.
   */
  #ahead(nest: Nest, vars: readonly Expr[]): Ahead | null {
    const { f, info } = this.env;
    const last = vars.at(-1);
    const looped = this.group.members.filter((m) => m.inner.length > 0 || m.isReduction);
    const phases = [...new Set(looped.map((m) => m.phase))].sort((a, b) => a - b);
    const [first, second] = phases;
    const size = numel(looped[0]?.inner ?? []);
    const isRow = looped.every((m) => numel(m.inner) === size) && size >= MIN_ROW && size <= MOST_PASSING;
    if (!info.prefetches || !last || first === undefined || second === undefined || !isRow) return null;
    const outerAt = (v: Expr): Expr[] => dimIndices(f, nest, this.group.outer, [...vars.slice(0, -1), v]);
    const rows = Math.ceil(MIN_AHEAD / size);
    const [outer, nextOuter] = [outerAt(last), outerAt(f.add(last, f.int(rows)))];
    const read = looped.filter((m) => m.phase === first);
    const written = phases.length > 2 ? looped.filter((m) => m.phase === phases.at(-1) && !m.isReduction) : [];
    const at = (inner: readonly Expr[]): Stmt[] => [
      ...this.#loadsOf(read, outer, nextOuter, inner),
      ...written.flatMap((m): Stmt[] => {
        const place = this.#placeOf(m, iterationIndex(f, m, outer, inner));
        if (!place || place.buffer.space === "local") return [];
        return [{ kind: "prefetch", buffer: place.buffer, index: place.at, use: "write" }];
      }),
    ];
    return { phase: second, at };
  }

  /** Prefetches of what members read in a row that comes and not in this one. */
  #loadsOf(members: readonly Member[], outer: readonly Expr[], next: readonly Expr[], inner: readonly Expr[]): Stmt[] {
    const loads = (at: readonly Expr[]): Map<string, Stmt> => {
      const asked = new Prefetches();
      for (const m of members) asked.addLoads((this.#probeMember(m, at, inner) as [Expr])[0]);
      return asked.byPlace;
    };
    const own = loads(outer);
    return [...loads(next)].flatMap(([key, stmt]) => (own.has(key) ? [] : [stmt]));
  }

  #outerBody(outer: readonly Expr[], isOuterVector: boolean, ahead: Ahead | null): Stmt[] {
    this.#values.clear();
    this.#memoEpoch = this.#makeEvaluator();
    const phases = Math.max(...this.group.members.map((m) => m.phase)) + 1;
    const body: Stmt[] = [];
    for (let phase = 0; phase < phases; phase++) {
      const members = this.group.members.filter((m) => m.phase === phase);
      const single = members.filter((m) => m.inner.length === 0 && !m.isReduction);
      const looped = members.filter((m) => !single.includes(m));
      for (const m of single) body.push(...this.#single(m, outer));
      const own = ahead?.phase === phase ? ahead : null;
      if (looped.length > 0) body.push(...this.#phaseLoops(looped, outer, isOuterVector, own));
    }
    return body;
  }

  #single(m: Member, outer: readonly Expr[]): Stmt[] {
    const index = iterationIndex(this.env.f, m, outer, []);
    const value = this.#memoEpoch.compute(m.node, index);
    this.#values.set(m.node, value);
    return this.#storeTo(m, index, value);
  }

  #storeTo(m: Member, index: readonly Expr[], value: Expr): Stmt[] {
    const place = this.#placeOf(m, index);
    return place ? [{ kind: "store", buffer: place.buffer, index: place.at, value, guard: null }] : [];
  }

  #phaseLoops(members: readonly Member[], outer: readonly Expr[], isOuterVector: boolean, ahead: Ahead | null): Stmt[] {
    return this.reduce(
      members,
      outer,
      null,
      (m, value) => {
        const position = withoutDims(
          iterationIndex(
            this.env.f,
            m,
            outer,
            m.inner.map(() => this.env.f.int(0)),
          ),
          attr<readonly number[]>(m.node, "dims"),
        );
        return this.#storeTo(m, position, value);
      },
      isOuterVector,
      ahead,
    );
  }

  /** The loops of one phase: accumulators, the nest, what is done with each result. */
  reduce(
    members: readonly Member[],
    outer: readonly Expr[],
    range: Range | null,
    finish: (m: Member, value: Expr) => Stmt[],
    isOuterVector = false,
    ahead: Ahead | null = null,
  ): Stmt[] {
    const { f } = this.env;
    const accumulators = new Map<Member, Var>();
    const body: Stmt[] = [];
    for (const m of members) {
      if (!m.isReduction) continue;
      const acc = f.variable("acc", scalarOf(m.node.dtype), { mutable: true });
      accumulators.set(m, acc);
      body.push({ kind: "let", v: acc, value: identity(f, m.node) });
    }
    body.push(...this.#innerLoops(members, outer, range, accumulators, isOuterVector, ahead));
    for (const [m, acc] of accumulators) {
      const result = f.variable("sum", acc.type);
      body.push({ kind: "let", v: result, value: acc });
      this.#values.set(m.node, result);
      body.push(...finish(m, result));
    }
    return body;
  }

  #innerLoops(
    members: readonly Member[],
    outer: readonly Expr[],
    range: Range | null,
    accumulators: ReadonlyMap<Member, Var>,
    isOuterVector: boolean,
    ahead: Ahead | null,
  ): Stmt[] {
    const { f } = this.env;
    const [head] = members as [Member];
    const nest = this.innerNest(head);
    const along = lastLoop(nest);
    const emit = (k: number, vars: readonly Expr[]): Stmt[] => {
      if (k === nest.length) {
        const inner = dimIndices(f, nest, head.inner, vars);
        return [...(ahead?.at(inner) ?? []), ...this.#innerBody(members, outer, inner, accumulators)];
      }
      const loop = nest[k] as Loop;
      if (loop.part === "inner") {
        return Array.from({ length: loop.extent }, (_, c) => emit(k + 1, [...vars, f.int(c)])).flat();
      }
      const cut = k === 0 && range ? range : null;
      const start = cut ? cut.start : f.int(0);
      const to = cut ? f.min(f.int(cut.limit), f.sub(f.int(loop.extent), start)) : f.int(loop.extent);
      const v = f.variable(`r${k}`, "i32", { min: 0, max: (cut ? cut.limit : loop.extent) - 1 });
      const isVector = k === along && !isOuterVector;
      const body = emit(k + 1, [...vars, f.add(start, v)]);
      return [{ kind: "for", v, from: f.int(0), to, step: 1, body, ...(isVector && { hint: "vectorize" as const }) }];
    };
    return emit(0, []);
  }

  #innerBody(
    members: readonly Member[],
    outer: readonly Expr[],
    inner: readonly Expr[],
    accumulators: ReadonlyMap<Member, Var>,
  ): Stmt[] {
    const { f } = this.env;
    this.#rowValues.clear();
    const evaluator = this.#makeEvaluator();
    return members.flatMap((m): Stmt[] => {
      const index = iterationIndex(f, m, outer, inner);
      const acc = accumulators.get(m);
      if (acc) {
        const value = evaluator.value(m.node.inputs[0] as Node, index);
        return [{ kind: "assign", v: acc, value: combine(f, m.node, acc, value) }];
      }
      const value = evaluator.compute(m.node, index);
      this.#rowValues.set(m.node, value);
      return this.#storeTo(m, index, value);
    });
  }

  #makeEvaluator(probe?: (x: Node, index: readonly Expr[]) => Expr | undefined): Evaluator {
    const { env } = this;
    return new Evaluator(env.f, {
      bufferOf: (x) => env.bufferOf(x),
      slotOf: (x) => env.slotOf(x),
      local: (x, index) => {
        if (probe) return probe(x, index);
        const value = this.#values.get(x) ?? this.#rowValues.get(x);
        const member = this.#members.get(x);
        if (value || !member) return value;
        const place = this.#placeOf(member, index); // a row that an earlier phase stored
        return place ? env.f.freshLoad(place.buffer, place.at) : undefined;
      },
    });
  }
}

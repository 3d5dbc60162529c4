// Groups that go over the same batches become one kernel: a tile works through its batch from one group to the next (scores,
// softmax, weighted sum of an attention head), and what only the next groups read stays in the thread's own memory.
import { numel, type Shape } from "../base/index.js";
import { attr, type Node } from "../graph/index.js";
import {
  type Buffer,
  type Expr,
  ExprFactory,
  type KernelDraft,
  type Stmt,
  type Var,
  visitStatements,
} from "../ir/index.js";
import { isTiled } from "./contraction/views.js";
import { MIN_BATCHES } from "./costs.js";
import { linearIndex } from "./evaluate.js";
import { type Group, iterationIndex, type Member, memoryReads, type Read, readsOf, readsOfValue } from "./group.js";
import { longSum } from "./long-sum.js";
import { type Access, moveAccesses } from "./move-accesses.js";

/** Elements of a batch's value that stays in the nearer caches. */
const MOST_ELEMENTS = 1 << 16;

export interface BatchChain {
  readonly groups: readonly Group[];
  /** One tile a batch. */
  readonly batches: number;
}

/** The batch loops of a contraction whose tiles may be its batches: what both operands and the result have. */
interface Batch {
  readonly labels: readonly number[];
  readonly sizes: Shape;
  /** They come first in the result, so that a tile writes neighbours. */
  readonly isLeading: boolean;
}

const noBatch: Batch = { labels: [], sizes: [], isLeading: true };

function batchOf({ kind, members, rowSums }: Group): Batch {
  const [{ node }] = members as [Member];
  if (kind !== "contraction" || rowSums.length > 0 || !isTiled(node) || longSum(node)) return noBatch;
  const [a, b, out] = (["a", "b", "out"] as const).map((side) => attr<readonly number[]>(node, side)) as [
    readonly number[],
    readonly number[],
    readonly number[],
  ];
  const places = out.flatMap((label, d) => (a.includes(label) && b.includes(label) && node.shape[d] !== 1 ? [d] : []));
  const lead = node.shape.slice(0, (places.at(-1) ?? -1) + 1).filter((size) => size !== 1);
  return {
    labels: places.map((d) => out[d] as number),
    sizes: places.map((d) => node.shape[d] as number),
    isLeading: lead.length === places.length,
  };
}

/** Finds chains among groups in topological order; a group is in one chain at most. */
export function findBatchChains(
  groups: readonly Group[],
  stored: ReadonlySet<Node>,
  isWrittenInPlace: (node: Node) => boolean,
): BatchChain[] {
  const taken = new Set<Group>();
  const chains: BatchChain[] = [];
  for (const head of groups) {
    const { sizes } = batchOf(head);
    const batches = numel(sizes);
    if (taken.has(head) || batches < MIN_BATCHES || !fits(head, batches)) continue;
    const chain = [head];
    for (const group of groups.slice(groups.indexOf(head) + 1)) {
      if (taken.has(group) || !(follows(group, chain) || isBeside(group, chain, stored))) continue;
      const isOpen = !group.members.some(({ node }) => isWrittenInPlace(node)) && fits(group, batches);
      if (isOpen && staysInBatch(group, sizes, chain, stored)) chain.push(group);
    }
    if (chain.length < 2) continue;
    for (const group of chain) taken.add(group);
    chains.push({ groups: chain, batches });
  }
  return chains;
}

function fits(group: Group, batches: number): boolean {
  return group.members.every(({ node }) => node.size / batches <= MOST_ELEMENTS);
}

/** True if the group needs one of the chain, and nothing else that needs the chain. */
function follows(group: Group, chain: readonly Group[]): boolean {
  if (!chain.some((link) => group.needs.has(link))) return false;
  return [...group.needs].every((need) => chain.includes(need) || !reaches(need, chain));
}

/** True for a contraction that neither needs the chain nor is needed by it, but reads what one of the chain reads. */
function isBeside(group: Group, chain: readonly Group[], stored: ReadonlySet<Node>): boolean {
  if (group.kind !== "contraction" || reaches(group, chain) || reaches(chain, [group])) return false;
  const reads = new Set(group.members.flatMap(({ node }) => [...memoryReads(node, stored)]));
  return chain.some((link) =>
    link.members.some(({ node }) => [...memoryReads(node, stored)].some((x) => reads.has(x))),
  );
}

/** True if one of the groups is, or needs, one of the others. */
function reaches(from: Group | readonly Group[], to: readonly Group[]): boolean {
  const seen = new Set<Group>();
  const visit = (group: Group): boolean => {
    if (to.includes(group)) return true;
    if (seen.has(group)) return false;
    seen.add(group);
    return [...group.needs].some(visit);
  };
  return [from].flat().some((group) => visit(group as Group));
}

/** True if each batch of the group reads that batch alone of what the chain computes. */
function staysInBatch(group: Group, sizes: Shape, chain: readonly Group[], stored: ReadonlySet<Node>): boolean {
  const f = new ExprFactory();
  const own = new Map(chain.flatMap((link) => link.members.map(({ node }): [Node, Group] => [node, link])));
  const batches = numel(sizes);
  const digits = sizes.map((size, d) => f.variable(`b${d}`, "i32", { min: 0, max: size - 1 }));
  const batch = linearIndex(f, sizes, digits);
  const reads =
    group.kind === "contraction"
      ? contractionReads(f, group, sizes, digits, stored)
      : loopReads(f, group, digits, sizes, stored);
  return (
    reads?.every(({ node, index }) => {
      const home = own.get(node);
      if (!home) return true;
      const each = node.size / batches;
      const place = f.sub(linearIndex(f, node.shape, index), f.mul(batch, f.int(each)));
      return writesRuns(home) && Number.isInteger(each) && place.min >= 0 && place.max < each;
    }) ?? false
  );
}

/** True if a tile of a chain's group writes neighbours: its part of the whole. */
function writesRuns(group: Group): boolean {
  return group.kind === "loops" || batchOf(group).isLeading;
}

/** What a contraction's operands and the elementwise work on its sums read; null if its batches are others. */
function contractionReads(
  f: ExprFactory,
  group: Group,
  sizes: Shape,
  digits: readonly Var[],
  stored: ReadonlySet<Node>,
): Read[] | null {
  const batch = batchOf(group);
  if (batch.sizes.length !== sizes.length || batch.sizes.some((size, d) => size !== sizes[d])) return null;
  const [{ node }, ...others] = group.members as [Member, ...Member[]];
  const variables = new Map<number, Expr>(batch.labels.map((label, i) => [label, digits[i] as Var]));
  const indexOf = (labels: readonly number[], shape: Shape): Expr[] =>
    labels.map((label, d) => {
      const size = shape[d] as number;
      const known =
        variables.get(label) ?? (size === 1 ? f.int(0) : f.variable(`l${label}`, "i32", { min: 0, max: size - 1 }));
      variables.set(label, known);
      return known;
    });
  const operands = (["a", "b"] as const).flatMap((side, i) => {
    const operand = node.inputs[i] as Node;
    return readsOfValue(f, operand, indexOf(attr<readonly number[]>(node, side), operand.shape), stored);
  });
  const at = indexOf(attr<readonly number[]>(node, "out"), node.shape).filter((_, d) => node.shape[d] !== 1);
  return [...operands, ...others.flatMap((m) => readsOf(f, m.node, iterationIndex(f, m, at, []), stored))];
}

/** What loops read whose leading outer dims are the batches; null if those are others. */
function loopReads(
  f: ExprFactory,
  group: Group,
  digits: readonly Var[],
  sizes: Shape,
  stored: ReadonlySet<Node>,
): Read[] | null {
  if (group.kind !== "loops" || sizes.some((size, d) => group.outer[d] !== size)) return null;
  const outer = group.outer.map((size, d) => digits[d] ?? f.variable(`o${d}`, "i32", { min: 0, max: size - 1 }));
  return group.members.flatMap((m) => {
    const inner = m.inner.map((size, k) => f.variable(`i${k}`, "i32", { min: 0, max: size - 1 }));
    return readsOf(f, m.node, iterationIndex(f, m, outer, inner), stored);
  });
}

/** Values of a chain that nobody outside of it reads. */
export function valuesWithin(
  { groups }: BatchChain,
  all: readonly Group[],
  stored: ReadonlySet<Node>,
  isNeeded: (node: Node) => boolean,
): Node[] {
  const runs = groups.filter(writesRuns).flatMap((group) => group.members.map(({ node }) => node));
  const within = new Set(runs.filter((x) => !isNeeded(x)));
  for (const group of all) {
    if (groups.includes(group)) continue;
    for (const node of [...group.members.map((m) => m.node), ...group.rowSums])
      for (const read of memoryReads(node, stored)) within.delete(read);
  }
  return [...within];
}

/**
 * The kernels of a chain's groups as one; `within` is the memory of values that need no more than a batch's. What the chain writes
 * itself is near when it is read: nobody asks for it ahead.
 */
export function joinBatches(f: ExprFactory, drafts: readonly KernelDraft[], within: readonly Buffer[]): KernelDraft {
  const [{ tile, tiles }] = drafts as [KernelDraft];
  const own = new Map(within.map((x) => [x, f.buffer(x.name, x.dtype, x.size / tiles, "local")]));
  const near = new Set(drafts.flatMap((draft) => storedBy(draft.body)));
  const isIdle = (stmt: Stmt): boolean =>
    stmt.kind === "prefetch" && (own.has(stmt.buffer) || (stmt.use === "read" && near.has(stmt.buffer)));
  const place = (buffer: Buffer, index: Expr): Access | null => {
    const local = own.get(buffer);
    return local ? { buffer: local, index: f.sub(index, f.mul(tile, f.int(local.size))) } : null;
  };
  const bodies = drafts.map((draft) => moveAccesses(f, draft.body, { place, isIdle, names: [[draft.tile, tile]] }));
  const sum = (of: (draft: KernelDraft) => number): number => drafts.reduce((n, draft) => n + of(draft), 0);
  const name = drafts.map((draft) => draft.name).join("_");
  return { name, tiles, tile, body: bodies.flat(), flops: sum((x) => x.flops), bytes: sum((x) => x.bytes) };
}

function storedBy(body: readonly Stmt[]): Buffer[] {
  const stored: Buffer[] = [];
  visitStatements(body, (stmt) => {
    if (stmt.kind === "store") stored.push(stmt.buffer);
  });
  return stored;
}

// Fusion: stored nodes that can share one loop nest form a group. A group's outer loops are common to all members; inside
// an outer iteration, phases follow one another: loops that reduce, loops that map, or single values.
import { numel, type Shape } from "../base/index.js";
import { attr, type Node, topologicalOrder } from "../graph/index.js";
import { type Expr, ExprFactory, scalarOf, type Var } from "../ir/index.js";
import { isOperandSum } from "./contraction/operand-sum.js";
import { isPointLike } from "./costs.js";
import { Evaluator } from "./evaluate.js";
import { isRowSum, longSum } from "./long-sum.js";
import { isLeaf } from "./rewrite.js";
import { indexVariables } from "./views.js";

/** Rows with less than this many outer iterations are not worth fusing: there would be nothing to share among threads. */
const MIN_OUTER = 16;
/** … unless the whole group is so small that one thread runs it anyway. */
const SMALL_ELEMENTS = 1 << 14;

/** Where a dim of a member's iteration space runs: outer loop `at`, or inner loop `at` of its phase; null if its size is 1. */
export type DimRole = { readonly loop: "outer" | "inner"; readonly at: number } | null;

export interface Member {
  readonly node: Node;
  /** Iteration space: the node's shape, or the input's shape of a reduction with a loop. */
  readonly space: Shape;
  readonly roles: readonly DimRole[];
  /** Sizes of its inner loops; empty for a value of the outer iteration. */
  readonly inner: Shape;
  readonly isReduction: boolean;
  readonly phase: number;
}

export interface Group {
  readonly kind: "loops" | "contraction" | "concat" | "routine";
  /** Sizes of the outer loops (none of size 1). */
  readonly outer: Shape;
  readonly members: Member[];
  /** Sums of an operand that a contraction computes beside its own (long-sum.ts, contraction/operand-sum.ts). */
  readonly rowSums: Node[];
  /** Groups that must run before. */
  readonly needs: Set<Group>;
}

/** Forms groups from the stored nodes, in topological order. `updates` may be written in place by loops of their own. */
export function formGroups(
  order: readonly Node[],
  stored: ReadonlySet<Node>,
  updates: ReadonlySet<Node> = new Set(),
): Group[] {
  const former = new GroupFormer(stored, updates);
  for (const node of besideTheirSums(order, stored)) if (stored.has(node)) former.add(node);
  return former.groups;
}

/**
 * `order` with sums of rows behind the long sums that compute them beside their own, so that these have a group by then:
 * which of a layer's two gradients comes first is up to the program.
 */
function besideTheirSums(order: readonly Node[], stored: ReadonlySet<Node>): readonly Node[] {
  const longSums = order.flatMap((node) => {
    const sum = stored.has(node) ? longSum(node) : null;
    return sum?.isManyInline ? [{ node, sum }] : [];
  });
  if (longSums.length === 0) return order;
  const placed = new Set<Node>();
  for (const node of order) {
    const isSum = stored.has(node) && node.primitive.kind === "reduction";
    const partner = isSum && longSums.find((x) => !placed.has(x.node) && isRowSum(x.sum, node));
    if (partner) {
      const before = topologicalOrder([partner.node], (x) => isLeaf(x) || placed.has(x));
      if (!before.includes(node)) for (const x of before) placed.add(x);
    }
    placed.add(node);
  }
  return [...placed];
}

class GroupFormer {
  readonly groups: Group[] = [];
  readonly #groupOf = new Map<Node, Group>();

  constructor(
    private readonly stored: ReadonlySet<Node>,
    private readonly updates: ReadonlySet<Node>,
  ) {}

  add(node: Node): void {
    const needs = new Set<Group>();
    for (const read of this.#storedReads(node)) needs.add(this.#groupOf.get(read) as Group);
    const beside = this.#besideContraction(node, needs);
    if (beside) {
      beside.rowSums.push(node);
      this.#groupOf.set(node, beside);
      return;
    }
    const home = isLoopNode(node) ? this.#join(node, needs) : null;
    if (home) {
      for (const need of needs) if (need !== home) home.needs.add(need);
      this.#groupOf.set(node, home);
      return;
    }
    const group = this.#start(node, needs);
    this.groups.push(group);
    this.#groupOf.set(node, group);
  }

  /** The group of a contraction that goes over the same elements as the sum `node`; it needs no more than that group does. */
  #besideContraction(node: Node, needs: ReadonlySet<Group>): Group | null {
    if (node.primitive.kind !== "reduction") return null;
    const hasMemory = (x: Node): boolean => this.stored.has(x) || x.isRealized;
    for (const group of this.groups) {
      if (group.kind !== "contraction" || group.rowSums.length > 0) continue;
      if (![...needs].every((need) => group.needs.has(need))) continue;
      const [{ node: product }] = group.members as [Member];
      const sum = longSum(product);
      const isBeside = sum ? sum.isManyInline && isRowSum(sum, node) : isOperandSum(product, node, hasMemory);
      if (isBeside) return group;
    }
    return null;
  }

  /** Stored nodes that computing `node` reads, through whatever is computed on the spot. */
  #storedReads(node: Node): Node[] {
    return [...memoryReads(node, this.stored)].filter((x) => this.stored.has(x));
  }

  #start(node: Node, needs: Set<Group>): Group {
    const { kind } = node.primitive;
    if (!isLoopNode(node)) {
      const roles = outerRoles(node.shape);
      const alone: Member = { node, space: node.shape, roles, inner: [], isReduction: false, phase: 0 };
      const outer = node.shape.filter((size) => size !== 1);
      return { kind: kind as "contraction" | "concat" | "routine", outer, members: [alone], rowSums: [], needs };
    }
    return { ...loneGroup(node), needs };
  }

  /** A group that `node` fits into without making a cycle, latest first. */
  #join(node: Node, needs: ReadonlySet<Group>): Group | null {
    for (let i = this.groups.length - 1; i >= 0; i--) {
      const group = this.groups[i] as Group;
      const isOpen = group.kind === "loops" || (group.kind === "contraction" && this.#takesSums(group, node, needs));
      if (!isOpen || !this.#keepsOrder(group, needs)) continue;
      const member = this.#fit(group, node, needs.has(group));
      if (!member) continue;
      group.members.push(member);
      return group;
    }
    return null;
  }

  /** Elementwise work on a contraction's sums, done before they are stored. An update in place has loops of its own. */
  #takesSums(group: Group, node: Node, needs: ReadonlySet<Group>): boolean {
    return needs.has(group) && node.primitive.kind === "pointwise" && !this.updates.has(node);
  }

  /** True if no other group that the node needs comes after `group`. */
  #keepsOrder(group: Group, needs: ReadonlySet<Group>): boolean {
    for (const need of needs) if (need !== group && reaches(need, group, new Set())) return false;
    return true;
  }

  #fit(group: Group, node: Node, isConsumer: boolean): Member | null {
    const head = group.members[0] as Member;
    const isRows = group.members.some((m) => m.isReduction);
    if (!isRows) {
      // Elementwise groups: same shape, values read at the same position only.
      if (!isPointLike(node) || !sameSizes(node.shape, group.outer) || head.node.size === 0) return null;
      if (node.primitive.kind === "pointwise" && node.primitive.cost >= 50) return null;
      const roles = outerRoles(node.shape);
      const member: Member = { node, space: node.shape, roles, inner: [], isReduction: false, phase: 0 };
      return this.#isAligned(group, member) ? member : null;
    }
    if (numel(group.outer) < MIN_OUTER && head.space.reduce((n, s) => n * s, 1) > SMALL_ELEMENTS) return null;
    const draft = isPointLike(node)
      ? this.#rowMember(group, node, isConsumer)
      : this.#reduction(group, node, isConsumer);
    if (!draft || !this.#isAligned(group, draft)) return null;
    return { ...draft, phase: this.#phaseFor(group, draft) };
  }

  #reduction(group: Group, node: Node, isConsumer: boolean): Member | null {
    if (!sameSizes(node.shape, group.outer)) return null;
    const member = reductionMember(node, 0);
    // Siblings share a pass over memory only if they walk it alike.
    const alike = group.members.some((m) => sameSizes(m.inner, member.inner));
    return alike && (isConsumer || this.#sharesReads(group, node)) ? member : null;
  }

  #sharesReads(group: Group, node: Node): boolean {
    const mine = memoryReads(node, this.stored);
    return group.members.some((m) =>
      [...memoryReads(m.node, this.stored)].some((x) => mine.has(x) && x.size >= node.size),
    );
  }

  /** A pointwise node in a row group: one value an outer iteration, or a full row whose outer dims its reads reveal. */
  #rowMember(group: Group, node: Node, isConsumer: boolean): Member | null {
    if (!isConsumer) return null;
    if (sameSizes(node.shape, group.outer)) {
      return { node, space: node.shape, roles: outerRoles(node.shape), inner: [], isReduction: false, phase: 0 };
    }
    const f = new ExprFactory();
    const index = indexVariables(f, node.shape);
    const outerVars = new Map<Expr, number>(); // node's index variable → outer loop
    for (const read of readsOf(f, node, index, this.stored)) {
      const member = group.members.find((m) => m.node === read.node);
      if (!member) continue;
      const isRow = member.inner.length > 0 && !member.isReduction;
      let k = 0;
      for (const [d, size] of member.node.shape.entries()) {
        if (size === 1 || (isRow && member.roles[d]?.loop !== "outer")) continue;
        const at = read.index[d] as Expr;
        // A guarded read (of a padded value) covers a part of the node's dim only: that is no outer loop of it.
        if (node.shape[index.indexOf(at)] !== size || (outerVars.get(at) ?? k) !== k) return null;
        outerVars.set(at, k++);
      }
    }
    if (outerVars.size !== group.outer.length) return null;
    const inner: number[] = [];
    const roles = index.map((v, d): DimRole => {
      if (v.kind !== "var") return null;
      const at = outerVars.get(v);
      if (at !== undefined) return { loop: "outer", at };
      inner.push(node.shape[d] as number);
      return { loop: "inner", at: inner.length - 1 };
    });
    return { node, space: node.shape, roles, inner, isReduction: false, phase: 0 };
  }

  /** All reads of group members are at the member's own position of the same outer (and inner) iteration. */
  #isAligned(group: Group, draft: Member): boolean {
    const f = new ExprFactory();
    const outer = group.outer.map((size, k) => f.variable(`o${k}`, "i32", { min: 0, max: size - 1 }));
    const inner = draft.inner.map((size, k) => f.variable(`i${k}`, "i32", { min: 0, max: size - 1 }));
    for (const { node, index } of readsOf(f, draft.node, iterationIndex(f, draft, outer, inner), this.stored)) {
      const member = group.members.find((m) => m.node === node);
      if (!member) continue;
      const isRow = member.inner.length > 0 && !member.isReduction;
      if (isRow && !sameSizes(member.inner, draft.inner)) return false;
      const own = iterationIndex(f, member, outer, isRow ? inner : member.inner.map(() => f.int(0)));
      const position = member.isReduction ? withoutDims(own, attr<readonly number[]>(member.node, "dims")) : own;
      if (!position.every((x, d) => x === index[d])) return false;
    }
    return true;
  }

  /** The first phase after everything the member reads; phases hold members with the same inner loops. */
  #phaseFor(group: Group, draft: Member): number {
    const f = new ExprFactory();
    const outer = group.outer.map((size, k) => f.variable(`o${k}`, "i32", { min: 0, max: size - 1 }));
    const inner = draft.inner.map((size, k) => f.variable(`i${k}`, "i32", { min: 0, max: size - 1 }));
    const members = new Map(group.members.map((m) => [m.node, m]));
    let first = 0;
    for (const { node } of readsOf(f, draft.node, iterationIndex(f, draft, outer, inner), this.stored)) {
      const m = members.get(node);
      if (!m) continue;
      const sameLoop = sameSizes(m.inner, draft.inner) && !m.isReduction;
      first = Math.max(first, sameLoop ? m.phase : m.phase + 1);
    }
    const last = Math.max(...group.members.map((m) => m.phase));
    for (let phase = first; phase <= last; phase++) {
      const resident = group.members.find((m) => m.phase === phase);
      if (!resident || sameSizes(resident.inner, draft.inner)) return phase;
    }
    return last + 1;
  }
}

/** A node that loops compute, as a group of its own. */
export function loneGroup(node: Node): Group {
  const outer = node.shape.filter((size) => size !== 1);
  const roles = outerRoles(node.shape);
  const member: Member = isPointLike(node)
    ? { node, space: node.shape, roles, inner: [], isReduction: false, phase: 0 }
    : reductionMember(node, 0);
  return { kind: "loops", outer, members: [member], rowSums: [], needs: new Set() };
}

function reaches(from: Group, target: Group, seen: Set<Group>): boolean {
  if (from === target) return true;
  if (seen.has(from)) return false;
  seen.add(from);
  for (const need of from.needs) if (reaches(need, target, seen)) return true;
  return false;
}

/** Nodes that loops compute: pointwise ones and reductions. */
export function isLoopNode(node: Node): boolean {
  return node.primitive.kind === "pointwise" || node.primitive.kind === "reduction";
}

function outerRoles(shape: Shape): DimRole[] {
  let at = 0;
  return shape.map((size) => (size === 1 ? null : { loop: "outer", at: at++ }));
}

function reductionMember(node: Node, phase: number): Member {
  const space = (node.inputs[0] as Node).shape;
  const dims = new Set(attr<readonly number[]>(node, "dims"));
  const inner: number[] = [];
  let outer = 0;
  const roles = space.map((size, d): DimRole => {
    if (size === 1) return null;
    if (!dims.has(d)) return { loop: "outer", at: outer++ };
    inner.push(size);
    return { loop: "inner", at: inner.length - 1 };
  });
  return { node, space, roles, inner, isReduction: true, phase };
}

/** A member's index in its iteration space for given loop positions. */
export function iterationIndex(f: ExprFactory, m: Member, outer: readonly Expr[], inner: readonly Expr[]): Expr[] {
  return m.roles.map((role) => (role === null ? f.int(0) : ((role.loop === "outer" ? outer : inner)[role.at] as Expr)));
}

export function withoutDims<T>(items: readonly T[], dims: readonly number[]): T[] {
  return items.filter((_, d) => !dims.includes(d));
}

/** Equal but for dims of size 1. */
function sameSizes(a: Shape, b: Shape): boolean {
  const [x, y] = [a.filter((s) => s !== 1), b.filter((s) => s !== 1)];
  return x.length === y.length && x.every((size, d) => size === y[d]);
}

export interface Read {
  readonly node: Node;
  readonly index: readonly Expr[];
}

/** The reads of stored nodes that computing `node` at `index` (of its iteration space) makes. */
export function readsOf(f: ExprFactory, node: Node, index: readonly Expr[], stored: ReadonlySet<Node>): Read[] {
  return readsBy(f, stored, (evaluator) =>
    isPointLike(node) ? evaluator.compute(node, index) : evaluator.value(node.inputs[0] as Node, index),
  );
}

/** The reads of stored nodes that having the value of `node` at `index` makes: its own, or those of what it is computed from. */
export function readsOfValue(f: ExprFactory, node: Node, index: readonly Expr[], stored: ReadonlySet<Node>): Read[] {
  return readsBy(f, stored, (evaluator) => evaluator.value(node, index));
}

function readsBy(f: ExprFactory, stored: ReadonlySet<Node>, evaluate: (evaluator: Evaluator) => void): Read[] {
  const reads: Read[] = [];
  const names = new Map<Node, Var>();
  const nameOf = (x: Node): Var => {
    const name = names.get(x) ?? f.variable("x", scalarOf(x.dtype));
    names.set(x, name);
    return name;
  };
  const evaluator = new Evaluator(f, {
    bufferOf: () => null,
    slotOf: () => -1,
    local: (x, at) => {
      if (stored.has(x)) reads.push({ node: x, index: at });
      return stored.has(x) || x.isRealized ? nameOf(x) : undefined;
    },
  });
  evaluate(evaluator);
  return reads;
}

/** Values in memory that computing `node` reads: stored nodes and realised leaves. */
export function memoryReads(node: Node, stored: ReadonlySet<Node>): Set<Node> {
  const reads = new Set<Node>();
  const seen = new Set<Node>();
  const visit = (x: Node): void => {
    if (seen.has(x)) return;
    seen.add(x);
    if (stored.has(x) || x.isRealized) reads.add(x);
    else x.inputs.forEach(visit);
  };
  node.inputs.forEach(visit);
  return reads;
}

// Which nodes get memory of their own. Everything else is computed where it is read.
import { type Node, topologicalOrder } from "../graph/index.js";
import { affineView } from "./contraction/form.js";
import { isTiled, operandView, sizesOf } from "./contraction/views.js";
import {
  isBroadcast,
  isPointLike,
  isPosition,
  isShortConvolution,
  MIN_BATCHES,
  ownCost,
  reductionCount,
  termCount,
} from "./costs.js";
import { longSum } from "./long-sum.js";
import { isLeaf } from "./rewrite.js";
import { isGuarded, isView } from "./views.js";

/** Work per element that storing and loading a value must save to be worth it; measured in the units of `cost`. */
const STORE_COST = 6;
/** The same for an elementary function of more elements than caches hold: storing, and loading much later, costs more than it does. */
const FAR_STORE_COST = 48;
const FAR_ELEMENTS = 1 << 20;
const ELEMENTARY = 8;
/** A single evaluation this dear is stored rather than tied to its consumer's loop order (random bits). */
const ALWAYS_STORE = 50;

export interface Materialization {
  /** All nodes below the roots, inputs first; leaves included. */
  readonly order: readonly Node[];
  /** Nodes computed into memory, in order. */
  readonly stored: ReadonlySet<Node>;
}

export function chooseStored(roots: readonly Node[]): Materialization {
  const order = topologicalOrder(roots, isLeaf);
  const stored = new Set<Node>();
  for (const root of roots) if (!hasMemory(root)) stored.add(root);
  for (const node of order) {
    if (isLeaf(node)) continue;
    if (isShortConvolution(node)) continue; // see below
    if (!isPointLike(node)) stored.add(node);
    if (node.primitive.kind === "contraction") storeOperands(node, stored);
    if (node.primitive.kind === "routine") storeInputs(node, node.primitive.numbers ?? [], stored);
    if (checksOf(node)) for (const { input } of checksOf(node) ?? []) storeIndex(node.inputs[input] as Node, stored);
  }
  storeWhereReadOften(order, stored);
  storeForLater(order, roots, stored);
  for (const node of order) {
    if (isShortConvolution(node) && stored.has(node)) storeOperands(node, stored);
  }
  return { order, stored: new Set(order.filter((n) => stored.has(n))) };
}

/** Realised leaves lie in memory already; numbers need none. */
function hasMemory(node: Node): boolean {
  return node.isRealized;
}

function storeInputs(node: Node, numbers: readonly number[], stored: Set<Node>): void {
  node.inputs.forEach((x, i) => {
    if (!hasMemory(x) && !numbers.includes(i)) stored.add(x);
  });
}

export function checksOf(node: Node) {
  const { primitive } = node;
  // A value that is there was checked when it was computed; its inputs may be gone.
  if (node.isRealized) return undefined;
  return primitive.kind === "pointwise" || primitive.kind === "routine" ? primitive.checks?.(node) : undefined;
}

/** Index values are read by the check as well as by the gather. */
function storeIndex(node: Node, stored: Set<Node>): void {
  if (!isLeaf(node)) stored.add(node);
}

/** A long sum computes one operand where it reads it. */
function storeOperands(node: Node, stored: Set<Node>): void {
  const sum = longSum(node);
  for (const which of [0, 1] as const) {
    if (!sum?.isManyInline || node.inputs[which] !== sum.many) storeOperand(node, which, stored);
  }
}

/** An operand dearer than this is stored rather than worked out while it is packed. */
const PACKED_COST = 12;

/**
 * Contractions read operands through strides, many times: what is below the pure movements lies in memory, or is cheap to work
 * out while it is packed or staged, which happens about once an element.
 */
function storeOperand(node: Node, which: 0 | 1, stored: Set<Node>): void {
  const inMemory = (x: Node): boolean => stored.has(x) || hasMemory(x);
  const { view } = operandView(node, which, inMemory);
  if (inMemory(view.base)) return;
  const isPacked = isTiled(node) && !longSum(node);
  if (!isPacked) {
    // Read where it lies, if it does so below views that keep it affine.
    const plain = affineView(node.inputs[which] as Node, isView, inMemory);
    if (!plain || !inMemory(plain.base)) stored.add(view.base);
  } else if (costAbove(view.base, inMemory) > PACKED_COST) stored.add(belowMovements(view.base));
}

/** What `node` moves or pads: that is worth storing, while moving and padding it while it is packed costs next to nothing. */
function belowMovements(node: Node): Node {
  let at = node;
  while (isView(at) || isGuarded(at)) at = at.inputs[0] as Node;
  return at;
}

/** Cost of one element with everything down to memory. */
function costAbove(node: Node, inMemory: (node: Node) => boolean): number {
  if (inMemory(node) || isLeaf(node)) return 1;
  return [...new Set(node.inputs)].reduce(
    (sum, input) => sum + costAbove(input, inMemory) * readsPerElement(node, input),
    ownCost(node),
  );
}

/**
 * Stores dear nodes that several evaluations would repeat. Goes from the roots down: once a node is stored, its inputs are
 * read once an element, however often it is read itself. Reads within one kernel at one index are one evaluation; through
 * slices and paddings they are at others.
 */
function storeWhereReadOften(order: readonly Node[], stored: Set<Node>): void {
  const demands = new Map<Node, Map<Node, number>>(); // node → kernel that reads it → evaluations an element of the kernel
  const summed = new Set<Node>(); // read by reductions, directly or on the way
  const costs = inlineCosts(order, stored);
  const kernels = kernelNames(order, stored);
  for (const node of [...order].reverse()) {
    if (isLeaf(node)) continue;
    const demand = demands.get(node) ?? new Map<Node, number>();
    let count = 0;
    for (const [kernel, times] of demand) count += kernel.size * times;
    // Operands of several such products (an attention's gradients) are rather stored as a whole.
    const isOperand = [...demand.keys()].every(isOfBatches);
    const cost = (costs.get(node) ?? 0) - (isOperand ? 0 : dearestInput(node, costs, stored));
    const repeats = node.size === 0 ? 0 : count / node.size - 1;
    // One operation on positions and numbers costs no more than a load, and says more (a loop ends where a mask does).
    const isDear =
      (costs.get(node) ?? 0) > 1 &&
      ownCost(node) > 0 &&
      (repeats * cost > storeCost(node, summed.has(node)) || ownCost(node) >= ALWAYS_STORE);
    if (isDear) stored.add(node);
    if (node.primitive.kind === "contraction" && stored.has(node) && !longSum(node)) {
      for (const which of [0, 1] as const) {
        // Packed or staged about once an element, whatever movements lie between.
        const { base } = operandView(node, which, (x) => stored.has(x) || hasMemory(x)).view;
        const mine = demands.get(base) ?? new Map<Node, number>();
        demands.set(base, mine.set(node, (mine.get(node) ?? 0) + base.size / Math.max(1, node.size)));
      }
      continue;
    }
    const isSum = node.primitive.kind === "reduction" || (summed.has(node) && !stored.has(node));
    if (isSum) for (const input of node.inputs) summed.add(input);
    const passed = stored.has(node) ? new Map([[kernels(node), 1]]) : demand;
    for (const input of new Set(node.inputs)) {
      const mine = demands.get(input) ?? new Map<Node, number>();
      const reads = readsPerElement(node, input);
      const isShifted = isGuarded(node) || (isView(node) && node.size < input.size);
      for (const [kernel, times] of passed) {
        const [before, own] = [mine.get(kernel) ?? 0, withoutRepeats(node, input, times * reads)];
        mine.set(kernel, isShifted ? before + own : Math.max(before, own));
      }
      demands.set(input, mine);
    }
  }
}

/**
 * What a later kernel computes of a contraction's result alone, and dearly, takes the result's place in memory: the contraction's
 * kernel has the result in registers, and often half of what is to be computed (the error function of GELU and of its derivative).
 */
function storeForLater(order: readonly Node[], roots: readonly Node[], stored: Set<Node>): void {
  const readers = new Map<Node, Node[]>();
  for (const node of order) {
    if (isLeaf(node)) continue;
    for (const input of new Set(node.inputs)) readers.set(input, [...(readers.get(input) ?? []), node]);
  }
  const costs = inlineCosts(order, stored);
  const isRoot = new Set(roots);
  for (const node of order) {
    if (node.primitive.kind !== "contraction" || isRoot.has(node) || !stored.has(node)) continue;
    const own = computedOf(node, readers, stored);
    const isLater = (x: Node): boolean => !stored.has(x) && (readers.get(x) ?? []).some((reader) => !own.has(reader));
    const [later, ...others] = [...own].filter(isLater);
    const isNear = (readers.get(node) ?? []).every((reader) => own.has(reader));
    if (later && others.length === 0 && isNear && (costs.get(later) ?? 0) >= ELEMENTARY) stored.add(later);
  }
}

/** Elementwise nodes that need `node`, but no other value in memory of its size. */
function computedOf(
  node: Node,
  readers: ReadonlyMap<Node, readonly Node[]>,
  stored: ReadonlySet<Node>,
): ReadonlySet<Node> {
  const own = new Set<Node>();
  const known = new Map<Node, boolean>([[node, true]]);
  const needsOnly = (x: Node): boolean => {
    const found = known.get(x);
    if (found !== undefined) return found;
    const isInMemory = isLeaf(x) || stored.has(x);
    const fits = isInMemory ? x.size < node.size : isElementwise(x) ? x.inputs.every(needsOnly) : isApart(x);
    known.set(x, fits);
    return fits;
  };
  /** Movements are of smaller values (a bias). */
  const isApart = (x: Node): boolean =>
    x.primitive.kind === "pointwise" && x.inputs.every((y) => y.size < node.size && needsOnly(y));
  const visit = (x: Node): void => {
    for (const reader of readers.get(x) ?? []) {
      const isAlike = isElementwise(reader) && reader.size === node.size && reader.inputs.every(needsOnly);
      if (own.has(reader) || !isAlike) continue;
      own.add(reader);
      visit(reader);
    }
  };
  visit(node);
  return own;
}

function isElementwise({ primitive }: Node): boolean {
  return primitive.kind === "pointwise" && primitive.isElementwise;
}

/** What a reduction reads as well (exp of a softmax) passes from loop to loop of one kernel, which is cheap. */
function storeCost(node: Node, isSummed: boolean): number {
  const isFar = node.size >= FAR_ELEMENTS && ownCost(node) >= ELEMENTARY && !isSummed;
  return isFar ? FAR_STORE_COST : STORE_COST;
}

/**
 * A node that stands for the kernel which computes `node`: pointwise nodes of one shape share one, if as many kernels of other
 * kinds come before them.
 */
function kernelNames(order: readonly Node[], stored: ReadonlySet<Node>): (node: Node) => Node {
  const levels = new Map<Node, number>();
  for (const node of order) {
    let level = 0;
    for (const input of node.inputs) {
      const isApart = stored.has(input) && !isPointLike(input);
      level = Math.max(level, (levels.get(input) ?? 0) + (isApart ? 1 : 0));
    }
    levels.set(node, level);
  }
  const names = new Map<string, Node>();
  return (node) => {
    if (!isPointLike(node)) return node;
    const key = `${node.shape.filter((size) => size !== 1)}|${levels.get(node)}`;
    const name = names.get(key) ?? node;
    names.set(key, name);
    return name;
  };
}

/**
 * Evaluations of `input` for `times` evaluations of `node`, which may repeat it along dims: a value repeated along the last
 * dims is computed outside the innermost loop, one repeated within a written-out reduction is computed once.
 */
function withoutRepeats(node: Node, input: Node, times: number): number {
  if (node.inputs.length !== 1 || ownCost(node) > 0 || node.size <= input.size || input.size === 0) return times;
  if (!isBroadcast(node, input)) return times;
  const fewer = (times * input.size) / node.size;
  if (repeatsInnermost(node, input)) return fewer;
  return times > 1 ? Math.max(1, fewer) : times;
}

/** True if all repeated dims come after all others. */
function repeatsInnermost(node: Node, input: Node): boolean {
  const lead = node.shape.length - input.shape.length;
  let isInner = true;
  for (let d = node.shape.length - 1; d >= 0; d--) {
    const size = node.shape[d] as number;
    const isRepeated = size !== 1 && (d < lead || input.shape[d - lead] === 1);
    if (isRepeated && !isInner) return false;
    if (size !== 1 && !isRepeated) isInner = false;
  }
  return true;
}

/**
 * The part of a node's cost that storing one of its inputs, no bigger than itself, would save as well: that input comes up
 * later, and is the better place to store (a position in a window rather than a mask over the window).
 */
function dearestInput(node: Node, costs: ReadonlyMap<Node, number>, stored: ReadonlySet<Node>): number {
  let dearest = 0;
  for (const input of node.inputs) {
    if (isLeaf(input) || stored.has(input) || input.size > node.size) continue;
    dearest = Math.max(dearest, (costs.get(input) ?? 0) * readsPerElement(node, input));
  }
  return dearest;
}

/** How many elements of `input` are evaluated for each element of the result. */
function readsPerElement(node: Node, input: Node): number {
  if (node.primitive.kind === "reduction") return reductionCount(node);
  if (isShortConvolution(node)) return termCount(node);
  if (isGuarded(node)) return Math.min(1, input.size / node.size);
  if (node.primitive.kind === "concat") return input.size / node.size;
  const sum = longSum(node);
  if (sum) return (input.size / node.size) * (input === sum.many ? 1 : sum.rowCount);
  return 1;
}

/** Cost of one element with everything that would be computed with it. */
function inlineCosts(order: readonly Node[], stored: ReadonlySet<Node>): Map<Node, number> {
  const costs = new Map<Node, number>();
  const read = (x: Node): number => {
    if (isLeaf(x)) return hasMemory(x) ? 1 : 0;
    return stored.has(x) && !isPosition(x) ? 1 : (costs.get(x) ?? 0);
  };
  for (const node of order) {
    if (isLeaf(node)) continue;
    let inputs = 0;
    for (const input of new Set(node.inputs)) inputs += read(input) * readsPerElement(node, input);
    costs.set(node, ownCost(node) + inputs);
  }
  return costs;
}

/** True for a product of so many batches that what it reads may stay with the thread (batch-chain.ts). */
function isOfBatches(node: Node): boolean {
  if (node.primitive.kind !== "contraction") return false;
  const { m, n } = sizesOf(node);
  return node.size / (m * n) >= MIN_BATCHES;
}

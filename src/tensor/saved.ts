// Which pending values a later backward() will read, and which storages must stay as they are until it ran.
import { runScope, Storage } from "../base/index.js";
import { type Node, nodeListener, setNodeListener } from "../graph/index.js";
import { leaf } from "../ops/index.js";
import { applyRule, GradientMap, gradientOrder, isLeafNode } from "./walk.js";

/** Elementwise nodes up to this cost (an add is 1) are computed again in backward rather than stored. */
const CHEAP = 4;

interface Pin {
  readonly storages: readonly Storage[];
  isReleased: boolean;
}

const pinCounts = new WeakMap<Storage, number>();
const pinsOfNodes = new WeakMap<Node, Pin>();

/** True while a graph that waits for its backward() reads these bytes. */
export function isPinned(storage: Storage): boolean {
  return (pinCounts.get(storage) ?? 0) > 0;
}

/** Lets go of what `node` kept from being overwritten. */
export function releasePins(node: Node): void {
  const pin = pinsOfNodes.get(node);
  if (!pin || pin.isReleased) return;
  pin.isReleased = true;
  for (const storage of pin.storages) pinCounts.set(storage, (pinCounts.get(storage) ?? 1) - 1);
}

export interface SavedValues {
  /** Pending nodes to store. */
  readonly pending: readonly Node[];
  /** To be called once these are computed. */
  pin(): void;
}

/**
 * Found by tracing the backward graph of those `nodes` that wait for one: what its rules read must be stored now, or
 * backward() would compute the forward pass again.
 */
export function savedValues(nodes: readonly Node[]): SavedValues | null {
  const waiting = new Set<Node>();
  for (const node of nodes) {
    if (node.requiresGrad && !node.isReleased && !node.isRealized && !isLeafNode(node)) waiting.add(node);
  }
  if (waiting.size === 0) return null;
  const reads = traceBackward(waiting);
  const { pending, leaves } = storeCheaply(reads);
  return {
    pending,
    pin() {
      const storages = [...leaves, ...pending].map((node) => node.storage).filter((x) => x !== null);
      const pin: Pin = { storages, isReleased: false };
      for (const storage of storages) pinCounts.set(storage, (pinCounts.get(storage) ?? 0) + 1);
      for (const node of waiting) pinsOfNodes.set(node, pin);
    },
  };
}

let isTrial = false;

/** True while gradient rules run only to find out what they read. */
export function isTrialBackward(): boolean {
  return isTrial;
}

/** Forward nodes that the gradient rules of `waiting` read. Older nodes count as leaves: their sync point saw to them. */
function traceBackward(waiting: ReadonlySet<Node>): Set<Node> {
  const inner = new Set<Node>();
  for (const node of waiting) for (const input of node.inputs) if (waiting.has(input)) inner.add(input);
  const roots = [...waiting].filter((node) => !inner.has(node));
  const made: Node[] = [];
  const listener = nodeListener();
  setNodeListener((node) => made.push(node));
  isTrial = true;
  try {
    runScope({ gradMode: false }, () => {
      const grads = new GradientMap();
      for (const root of roots) grads.add(root, placeholder(root));
      for (const node of gradientOrder(roots, (x) => !waiting.has(x))) {
        const grad = grads.take(node);
        if (grad && waiting.has(node)) applyRule(node, grad, grads, () => true);
      }
    });
  } finally {
    isTrial = false;
    setNodeListener(listener);
  }
  const own = new Set(made);
  const reads = new Set<Node>();
  for (const node of made) for (const input of node.inputs) if (!own.has(input)) reads.add(input);
  return reads;
}

/** Stands for a gradient that nobody computes. */
function placeholder(node: Node): Node {
  return leaf(new Storage(node.dtype, 1), node.shape);
}

/** Stores the inputs of cheap elementwise nodes and movements instead of these: fewer and smaller buffers. */
function storeCheaply(reads: ReadonlySet<Node>): { pending: Node[]; leaves: Node[] } {
  const seen = new Set<Node>(reads);
  const stack = [...reads];
  const pending: Node[] = [];
  const leaves: Node[] = [];
  for (let node = stack.pop(); node; node = stack.pop()) {
    const { primitive } = node;
    if (node.isRealized) leaves.push(node);
    else if (primitive.kind === "pointwise" && primitive.cost <= CHEAP && node.inputs.length > 0 && canRepeat(node)) {
      for (const input of node.inputs) {
        if (seen.has(input)) continue;
        seen.add(input);
        stack.push(input);
      }
    } else if (primitive.kind !== "constant" && primitive.kind !== "scalar") pending.push(node);
  }
  return { pending, leaves };
}

function canRepeat(node: Node): boolean {
  return node.primitive.kind === "pointwise" && (node.primitive.isElementwise || node.primitive.cost === 0);
}

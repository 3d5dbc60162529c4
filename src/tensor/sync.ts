// Sync points: one program over the whole pending graph. Decides what is stored and what is overwritten in place.
import { AutogradError, type DType, Storage } from "../base/index.js";
import type { Node } from "../graph/index.js";
import { repeatedNumber } from "../ops/index.js";
import { throughAliases } from "./alias.js";
import { type Cell, dropped, forgetWrites, takeDirty, takeUnsettled, traced, writtenNodes } from "./cell.js";
import { runStep, type StepRequest } from "./engine.js";
import {
  isBackwardAwaited,
  isUserLevel,
  isWanted,
  LONG,
  LONGEST,
  type Place,
  pendingCount,
  pendingTail,
  prunePending,
  SHORT,
  takePending,
  withoutRecording,
} from "./pending.js";
import { isPinned, savedValues } from "./saved.js";
import { Variable } from "./variable.js";
import { isLeafNode } from "./walk.js";

let isHeld = false;

/** While a function is traced no sync point may run; steps in it end with the program. */
export function holdSync(held: boolean): void {
  isHeld = held;
}

export function isSyncHeld(): boolean {
  return isHeld;
}

/** What the pending graph ended with when it was last run for its length. */
let lastCut = 0;
let lastBackwardCut = 0;

/**
 * Runs the pending graph if it has grown too long. In a loop the cut comes at the same place of the body each time, so that
 * the programs are the same and found in the cache.
 */
export function limitPending(): void {
  const count = pendingCount();
  if (count <= LONG || isHeld) return;
  // Inside a module nothing is stored for the local variables, which later code would compute again.
  if (!isUserLevel()) {
    if (count > LONGEST) sync();
    return;
  }
  const place = pendingTail();
  if (count <= 2 * LONG && lastCut !== 0 && place !== lastCut) return;
  lastCut = place;
  sync();
}

/** As `limitPending`, inside a backward pass whose forward values are there; `frontier` is what it still needs. */
export function limitBackward(frontier: () => readonly Node[]): void {
  const count = pendingCount();
  if (count <= LONG || isHeld) return;
  const place = pendingTail();
  if (count <= 2 * LONG && lastBackwardCut !== 0 && place !== lastBackwardCut) return;
  lastBackwardCut = place;
  sync(frontier());
}

/**
 * Computes the first values of state made since the last call, apart from everything else that is pending. A step then finds
 * it in storage, as all later steps will, and has the same program.
 */
export function settleState(): void {
  if (isHeld) return;
  const cells = takeUnsettled();
  if (cells.length === 0) return;
  const states = new Set(cells.map((cell) => cell.peek()).filter((node) => !node.isRealized));
  const nodes = [...states, ...storedBelow(states)];
  const computed = nodes.filter((node) => !fillOnHost(node));
  if (computed.length > 0) {
    checkStale(computed);
    const sources = computed.map(soleSource);
    withoutRecording(() => runStep({ outputs: sources, updates: [] }));
    sources.forEach((source, i) => {
      if (source !== computed[i]) computed[i]?.realize(source.storage as Storage);
    });
  }
  for (const node of nodes) drop(node);
  for (const cell of cells) forgetWrites(cell);
  prunePending();
}

/** Element types whose typed arrays hold the numbers themselves. */
const plainTypes: ReadonlySet<DType> = new Set(["float32", "float64", "int32", "int64", "bool"]);

/** Zeros, ones and the like need no program. */
function fillOnHost(node: Node): boolean {
  const value = repeatedNumber(throughAliases(node));
  if (value === null || !plainTypes.has(node.dtype)) return false;
  const storage = new Storage(node.dtype, node.size);
  const view = storage.hostView();
  if (view instanceof BigInt64Array) view.fill(BigInt(value));
  else if (value !== 0) view.fill(Number(value));
  node.realize(storage);
  return true;
}

/** The node that `node` is another name of, where nobody else can ask for its value: their storage may be one. */
function soleSource(node: Node): Node {
  const source = throughAliases(node);
  let at = node;
  while (at !== source) {
    at = at.inputs[0] as Node;
    if (at.uses !== 1 || at.holders > 0 || at.isUserVisible) return node;
  }
  return source;
}

/** What the next sync point would store of all that `nodes` are computed from. */
function storedBelow(nodes: ReadonlySet<Node>): Node[] {
  const written = new Set(writtenNodes());
  const seen = new Set(nodes);
  const found: Node[] = [];
  // The set grows while it is walked.
  for (const node of seen) {
    if ((node.isUserVisible || written.has(node)) && !nodes.has(node)) found.push(node);
    for (const input of node.inputs) if (!input.isRealized && input.inputs.length > 0) seen.add(input);
  }
  return found;
}

/** Called before an outermost module runs: a natural place to run what a loop without reads has left, such as evaluations. */
export function limitBeforeModule(): void {
  settleState();
  if (pendingCount() > SHORT && !isHeld && !isBackwardAwaited()) sync();
}

/** Runs everything pending, and `wanted`, as one program. A failure leaves everything that was written in place as before. */
export function sync(wanted: readonly Node[] = []): void {
  if (isHeld) return;
  settleState();
  const { computed, views, undo } = takePending();
  const written = takeDirty();
  if (computed.length === 0 && written.size === 0 && wanted.every((node) => node.isRealized)) return;
  try {
    checkInputs(computed);
    // What the pending nodes are made of has just been checked, but not what views are made of.
    checkStale(views.length > 0 ? wanted : wanted.filter((node) => !isAmong(computed, node)));
    const { request, saved } = planStep(computed, views, written, wanted);
    if (request.outputs.length > 0 || request.updates.length > 0) withoutRecording(() => runStep(request));
    saved?.pin();
    dropInputs(request);
  } catch (error) {
    for (const [cell, previous] of written) if (previous.isRealized) cell.hold(previous);
    for (let i = undo.length - 1; i >= 0; i--) (undo[i] as () => void)();
    throw error;
  }
}

/** Computes one value by itself, apart from everything pending. */
export function computeNow(node: Node): void {
  checkStale([node]);
  withoutRecording(() => runStep({ outputs: [node], updates: [] }));
}

/** As `computeNow`, and the value stands for itself from then on, if it needs no gradient. */
export function computeApart(node: Node): void {
  computeNow(node);
  drop(node);
}

function planStep(
  computed: readonly Node[],
  views: readonly Node[],
  written: Map<Cell, Node>,
  wanted: readonly Node[],
) {
  const outputs = new Set<Node>();
  const want = (node: Node) => {
    if (!node.isRealized) outputs.add(node);
  };
  for (const node of computed) if (isWanted(node)) outputs.add(node);
  const isView = new Set(views);
  for (const view of views) if (view.uses === 0 || view.isUserVisible) want(lookThrough(view, isView));
  for (const node of wanted) want(throughAliases(node));
  const saved = savedValues([...computed, ...views]);
  for (const node of saved?.pending ?? []) want(node);
  const updates = planUpdates(written, outputs);
  return { request: { outputs: [...outputs], updates }, saved };
}

/** What a view looks at: storing that serves the view and everything else on the same base. */
function lookThrough(view: Node, isView: ReadonlySet<Node>): Node {
  let node = view;
  while (isView.has(node) && !node.isRealized) node = node.inputs[0] as Node;
  return node;
}

/** Cells written in place get their old storage overwritten if nothing else depends on it, else a fresh one. */
function planUpdates(written: Map<Cell, Node>, outputs: Set<Node>): { value: Node; target: Node }[] {
  const updates: { value: Node; target: Node }[] = [];
  const targets = new Set<Storage>();
  for (const [cell, target] of written) {
    const value = cell.peek();
    if (value.isRealized) continue;
    const { storage } = target;
    if (!target.isRealized || !storage || target.holders > 0 || targets.has(storage) || isPinned(storage)) {
      outputs.add(value);
      continue;
    }
    outputs.delete(value);
    targets.add(storage);
    updates.push({ value, target });
  }
  return updates;
}

/** A realised node drops its inputs unless a gradient will go through it, so that nothing grows from step to step. */
function dropInputs({ outputs, updates }: StepRequest): void {
  for (const node of outputs) drop(node);
  for (const { value } of updates) drop(value);
}

function drop(node: Node): void {
  if (node.requiresGrad && !node.isReleased && !isLeafNode(node)) return;
  if (node.isRealized && node.inputs.length > 0) node.inputs = dropped;
}

/** Gives up the expression of a node whose backward ran, if its value is there. */
export function release(node: Node): void {
  node.isReleased = true;
  drop(node);
}

/** Makes nodes whose gradient can no longer be computed plain values, and finds those whose inputs are gone. */
function checkInputs(computed: readonly Node[]): void {
  const first = computed[0]?.id ?? 0;
  const older: Node[] = [];
  for (const node of computed) {
    const { inputs } = node;
    for (let i = 0; i < inputs.length; i++) {
      const input = inputs[i] as Node;
      if (input.isReleased && node.requiresGrad && input.requiresGrad) node.isReleased = true;
      if ((input.storage !== null || input.id < first) && !input.isRealized) older.push(input);
    }
  }
  if (older.length > 0) checkStale(older);
}

/** Whether `node` is one of `nodes`, which are in the order in which they were made. */
function isAmong(nodes: readonly Node[], node: Node): boolean {
  let [low, high] = [0, nodes.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((nodes[middle] as Node).id < node.id) low = middle + 1;
    else high = middle;
  }
  return nodes[low] === node;
}

/** Throws if a value that `nodes` need was overwritten and cannot be computed again; the error names the one of `nodes`. */
function checkStale(nodes: readonly Node[]): void {
  const seen = new Set<Node>(nodes);
  const stack = [...seen].map((node) => ({ node, user: node }));
  for (let entry = stack.pop(); entry; entry = stack.pop()) {
    const { node, user } = entry;
    if (node.isRealized) continue;
    if (isStale(node)) throw staleError(user, node);
    for (const input of node.inputs) {
      if (seen.has(input)) continue;
      seen.add(input);
      stack.push({ node: input, user });
    }
  }
}

/** True if the value is gone (overwritten in place, or never there) with nothing left to compute it from. */
export function isStale(node: Node): boolean {
  if (node.isRealized) return false;
  return node.inputs === dropped || node.inputs === traced || node.primitive.kind === "storage";
}

export function staleError(user: Node, stale: Node): AutogradError {
  const name = stale.owner instanceof Variable ? stale.owner.name : null;
  const what = name ? `"${name}"` : `a ${stale.dtype} tensor of shape [${stale.shape.join(",")}]`;
  const op = user.primitive.name;
  if (stale.inputs === traced) {
    return new AutogradError(
      `${op}: the tensor (shape [${stale.shape.join(",")}]) was made inside a compiled function and not returned, so it has no value; return it from the function`,
      { op, fix: "return the tensor" },
    );
  }
  const place = (user.place as Place | null)?.describePlace();
  return new AutogradError(
    `${op}${place ? ` in ${place}` : ""}: the value (shape [${user.shape.join(",")}]) was not stored and cannot be computed again, since ${what} that it depends on was changed in place; read it before that, or keep(tensor) it where it is made`,
    { op, fix: "keep" },
  );
}

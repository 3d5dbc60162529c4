// The list of pending work: nodes made since the last sync point, and what users will see of them.
import { scopeValues } from "../base/index.js";
import { mix, type Node } from "../graph/index.js";
import { isLeafOwner } from "./variable.js";

// A graph longer than this is run before it grows on. Counted in nodes, never in bytes or time: runs must repeat.
/** At user level. Compiling costs about a millisecond a node, and results at user level are stored anyway. */
export const LONG = 1_000;
/** Inside a module, where a cut costs recomputation. */
export const LONGEST = 20_000;
/** Before an outermost module, unless a backward pass is to come. */
export const SHORT = 100;

/** A module, as far as error messages need to know it. */
export interface Place {
  /** Its class and the path of fields to it: `Net.body.0`. */
  describePlace(): string;
}

let computed: Node[] = [];
let views: Node[] = [];
let isViewing = false;
let isSuspended = false;
let isApplyingRules = false;
let moduleDepth = 0;
let place: Place | null = null;
let undo: (() => void)[] = [];

/** Where nodes were made while anomalies are looked for. */
const lines = new WeakMap<Node, string>();

/** The line that made `node`, as a stack trace has it: `at train (file.ts:10:5)`. Known if it was made inside detectAnomaly(). */
export function lineOf(node: Node): string | null {
  return lines.get(node) ?? null;
}

/** This package's own files: their lines are not the user's. */
const ownFolder = new URL("..", import.meta.url).href;

/** The first line of the stack outside of this package, else the last one. */
function callLine(): string {
  const engine = Error as { stackTraceLimit?: number };
  const limit = engine.stackTraceLimit;
  // The user's line may stand below many of our own.
  engine.stackTraceLimit = Number.POSITIVE_INFINITY;
  const { stack } = new Error();
  if (limit !== undefined) engine.stackTraceLimit = limit;
  const frames = (stack ?? "").split("\n").filter((line) => line.trim().startsWith("at "));
  const isOwn = (line: string): boolean => line.includes(ownFolder) || line.includes(ownFolder.replace("file://", ""));
  return (frames.find((line) => !isOwn(line)) ?? frames.at(-1) ?? "").trim();
}

/** Observes every new node. Leaves are no work. */
export function nodeCreated(node: Node): void {
  if (isSuspended) return;
  const { kind } = node.primitive;
  if (kind === "storage" || kind === "constant" || kind === "scalar") return;
  node.place = place;
  node.isForsaken = isApplyingRules;
  if (scopeValues().detectAnomaly) lines.set(node, callLine());
  if (isViewing) views.push(node);
  else computed.push(node);
}

/** Nodes made by `derive` are views: a sync point stores what they look at instead of them. */
export function recordViews<R>(derive: () => R): R {
  const saved = isViewing;
  isViewing = true;
  try {
    return derive();
  } finally {
    isViewing = saved;
  }
}

/** Nodes made by `fn` are nobody's pending work: the engine's, or a trial backward's. */
export function withoutRecording<R>(fn: () => R): R {
  const saved = isSuspended;
  isSuspended = true;
  try {
    return fn();
  } finally {
    isSuspended = saved;
  }
}

/** Nodes made by the gradient rules that `fn` applies are stored only if something is made of them, or a tensor holds them. */
export function applyingRules<R>(fn: () => R): R {
  const saved = isApplyingRules;
  isApplyingRules = true;
  try {
    return fn();
  } finally {
    isApplyingRules = saved;
  }
}

export function pendingCount(): number {
  return computed.length;
}

/** Whether a sync point stores `node` for its own sake: something at user level, or the end of a computation. */
export function isWanted(node: Node): boolean {
  return !node.isRealized && (node.isUserVisible || (node.uses === 0 && !node.isForsaken));
}

/** Leaves those nodes pending that something wanted is made of. */
export function prunePending(): void {
  const needed = new Set<Node>();
  const kept: Node[] = [];
  for (let i = computed.length - 1; i >= 0; i--) {
    const node = computed[i] as Node;
    if (node.isRealized || !(isWanted(node) || needed.has(node))) continue;
    kept.push(node);
    for (const input of node.inputs) needed.add(input);
  }
  computed = kept.reverse();
}

/** Stands for the operations that came last: equal at the same place of a loop's body. */
export function pendingTail(): number {
  let hash = 1;
  for (const node of computed.slice(-4)) {
    hash = mix(hash, node.primitive.hash);
    for (const size of node.shape) hash = mix(hash, size);
  }
  return hash;
}

/** True if the pending graph holds a forward pass whose backward pass has not run. */
export function isBackwardAwaited(): boolean {
  for (let i = computed.length - 1; i >= 0; i--) {
    const node = computed[i] as Node;
    if (node.requiresGrad && !node.isReleased && !isLeafOwner(node.owner)) return true;
  }
  return false;
}

/** Takes the list over: it is empty afterwards. */
export function takePending(): { computed: readonly Node[]; views: readonly Node[]; undo: readonly (() => void)[] } {
  const taken = { computed, views, undo };
  computed = [];
  views = [];
  undo = [];
  return taken;
}

/** Registers how to take back a host effect (an optimizer's step count) if the program that runs next fails. */
export function onFailure(restore: () => void): void {
  undo.push(restore);
}

/** As a module's forward begins: what is made inside is not stored at sync points unless something needs it. */
export function openModule(module: Place | null): void {
  moduleDepth++;
  place = module;
}

/** Called as a module's forward ends; `caller` is the module whose forward goes on. */
export function leaveModule(caller: Place | null = null): void {
  moduleDepth--;
  place = caller;
}

/** Runs `fn` as if inside a module: nothing made in it is stored for the user's sake (an optimizer's arithmetic). */
export function quietly<R>(fn: () => R): R {
  moduleDepth++;
  try {
    return fn();
  } finally {
    moduleDepth--;
  }
}

/** True outside any module's forward. */
export function isUserLevel(): boolean {
  return moduleDepth === 0;
}

/** A tensor at user level stands for `node`: the next sync point stores it. */
export function markVisible(node: Node): void {
  if (moduleDepth === 0) node.isUserVisible = true;
}

// Gradient checkpointing: what a function computes on the way is not kept for backward but computed again there.
// Chen et al., "Training Deep Nets with Sublinear Memory Cost", 2016, arXiv:1604.06174.
import { ArgumentError, isFloat, runScope, scopeValues } from "../base/index.js";
import { gradEnabled, type Node, nodeListener, setNodeListener } from "../graph/index.js";
import { copyOf } from "./alias.js";
import { gradientsAt } from "./autograd.js";
import { applyFunction } from "./custom-function.js";
import { defaultGenerator } from "./generator.js";
import { isSyncHeld, sync } from "./sync.js";
import { isTensor, type Tensor, wrap } from "./tensor.js";

type Outputs = Tensor | readonly Tensor[];

/** Runs `fn` and lists the nodes from outside that it reads and that require grad, such as parameters. */
function withCaptured<Y>(fn: () => Y): { result: Y; captured: Node[] } {
  const made = new Set<Node>();
  const captured = new Set<Node>();
  const listener = nodeListener();
  setNodeListener((node) => {
    made.add(node);
    for (const input of node.inputs) if (input.requiresGrad && !made.has(input)) captured.add(input);
    listener?.(node);
  });
  try {
    return { result: fn(), captured: [...captured] };
  } finally {
    setNodeListener(listener);
  }
}

/**
 * `fn(...args)`, without keeping what is computed on the way: backward runs `fn` again. Less memory for one more forward pass.
 *
 * The values of the results are computed at the call. Random draws of the default generator come out the same both times. `fn` must do
 * the same both times, and must not change tensors in place.
 *
 * Derivatives of any order go through it, also to tensors that `fn` reads from outside.
 *
 * Shapes: what `fn` takes → what it gives.
 * @throws ArgumentError if `fn` gives something else than tensors.
 * @example const y = checkpoint((x) => block(x), x)
 */
export function checkpoint<A extends readonly unknown[], Y extends Outputs>(fn: (...args: A) => Y, ...args: A): Y {
  if (typeof fn !== "function")
    throw new ArgumentError("checkpoint: takes a function, then its arguments", { op: "checkpoint" });
  if (!gradEnabled()) return fn(...args);
  const generator = defaultGenerator();
  const before = generator.getState();
  const { autocast } = scopeValues();
  // Nodes of their own: what `fn` reads of an argument past its parameters, as a closure, is told from the argument.
  const own = copies(args);
  const { result, captured } = runScope({ gradMode: false }, () => withCaptured(() => fn(...own.args)));
  const values: readonly Tensor[] = isTensor(result) ? [result] : result;
  if (!Array.isArray(values) || !values.every(isTensor)) {
    throw new ArgumentError("checkpoint: the function must return a tensor or an array of tensors", {
      op: "checkpoint",
    });
  }
  const outside = captured.filter((node) => !own.nodes.has(node)).map(wrap);
  // The forward pass ends here: as part of one program with backward its values would be kept after all.
  if (!isSyncHeld()) sync(values.map((y) => y.node));
  const again = (): readonly Tensor[] => {
    const after = generator.getState();
    generator.setState(before);
    try {
      const fresh = copies(args).args;
      // The same arguments, in the precision that they had.
      const repeated = runScope({ autocast }, () => fn(...fresh));
      const list: readonly Tensor[] = isTensor(repeated) ? [repeated] : repeated;
      return [...list, ...(fresh.filter((x) => isTensor(x) && x.requiresGrad) as Tensor[])];
    } finally {
      generator.setState(after);
    }
  };
  const outputs = applyFunction<readonly unknown[], readonly Tensor[]>(
    {
      name: "checkpoint",
      forward: () => values,
      backward: (context, ...grads) => recomputed(again, values, context.needsInputGrad, grads, outside),
    },
    ...[...args, ...outside],
  );
  return (isTensor(result) ? outputs[0] : outputs) as Y; // in the form that fn gave
}

/** The arguments, their tensors as nodes of their own with the same history, so that gradients of gradients reach it. */
function copies<A extends readonly unknown[]>(args: A): { args: A; nodes: ReadonlySet<Node> } {
  const list = args.map((x) => (isTensor(x) ? wrap(copyOf(x.node)) : x));
  return { args: list as unknown as A, nodes: new Set(list.flatMap((x) => (isTensor(x) ? [x.node] : []))) };
}

/** Runs the function again with recording, and takes gradients through it. */
function recomputed(
  again: () => readonly Tensor[],
  values: readonly Tensor[],
  needs: readonly boolean[],
  grads: readonly Tensor[],
  outside: readonly Tensor[],
): (Tensor | null)[] {
  const createGraph = gradEnabled();
  const run = runScope({ gradMode: true }, again);
  const [ys, inputs] = [run.slice(0, values.length), run.slice(values.length)];
  const roots = ys.filter((y) => isFloat(y.dtype));
  const pairs = roots.map((y, k) => ({ y, g: grads[k] as Tensor })).filter(({ y }) => y.requiresGrad);
  const wanted = [...inputs, ...outside];
  if (pairs.length === 0) return needs.map(() => null);
  const found = gradientsAt(
    pairs.map(({ y }) => y),
    pairs.map(({ g }) => g),
    wanted,
    createGraph,
  );
  let next = 0;
  return needs.map((need) => (need ? (found[next++] ?? null) : null));
}

// Reverse mode at the level of tensors: backward() and grad(), with PyTorch's rules of accumulation, hooks and release.
import {
  ArgumentError,
  AutogradError,
  checkOptions,
  isFloat,
  NumericError,
  noMore,
  runScope,
  ShapeError,
  scopeValues,
  shapesEqual,
} from "../base/index.js";
import type { Node } from "../graph/index.js";
import { add, constant, expand } from "../ops/index.js";
import { checkTensor, optionsWith } from "./args.js";
import { Cell } from "./cell.js";
import { assign } from "./in-place.js";
import { applyingRules, LONG, lineOf } from "./pending.js";
import { releasePins } from "./saved.js";
import { isSyncHeld, limitBackward, release, sync } from "./sync.js";
import { Tensor, variableOf, wrap } from "./tensor.js";
import { Variable } from "./variable.js";
import { applyRule, GradientMap, gradientOrder, isLeafNode, keyOf } from "./walk.js";

/** Options of `backward`. */
export interface BackwardOptions {
  /** Gradient of the tensor itself; needed unless it has one element. */
  readonly gradient?: Tensor;
  /** Keeps the graph for a further backward(). Default: `createGraph`. */
  readonly retainGraph?: boolean;
  /** Records the gradients' own graph, for derivatives of higher order. */
  readonly createGraph?: boolean;
  /** Accumulate into these leaves only. */
  readonly inputs?: readonly Tensor[];
}

/** Options of `grad`. */
export interface GradOptions {
  /** Gradients of the outputs; needed for those with more than one element. */
  readonly gradOutputs?: Tensor | readonly (Tensor | null)[];
  /** Keep the graph, so that it can be walked again; default: the value of `createGraph`. */
  readonly retainGraph?: boolean;
  /** Record the gradients themselves, so that they can be differentiated; default false. */
  readonly createGraph?: boolean;
  /** Inputs that the outputs do not depend on give null instead of an error. */
  readonly allowUnused?: boolean;
  /** Zeros for inputs the outputs do not depend on, in place of null. */
  readonly materializeGrads?: boolean;
}

const backwardOptions = ["gradient", "retainGraph", "createGraph", "inputs"] as const;

interface Walk {
  readonly op: string;
  readonly retainGraph: boolean;
  readonly createGraph: boolean;
  /** Keys of the nodes whose gradients are wanted; null: all leaves. */
  readonly targets: ReadonlySet<object> | null;
  /** Targets are ends: what they were made of is no way from one to another. */
  readonly endsAtTargets?: boolean;
  /** Called once with the whole gradient of a target, or of each leaf. */
  readonly deliver: (node: Node, grad: Node) => void;
}

/**
 * Adds the gradient of `x` with respect to each leaf to the leaf's `grad`: `loss.backward()`, `y.backward(gradient)`.
 * Releases the graph: a second call needs `retainGraph: true` in the first.
 *
 * Shapes: one element, or any with a `gradient` of the same.
 * @throws AutogradError if the tensor has no history, more than one element without a `gradient`, or its graph was
 * released; also if a hook gives something else than a gradient of the same shape and dtype.
 * @throws ShapeError if the gradient has another shape.
 * @throws ArgumentError if the gradient has another dtype, or options are given twice.
 * @throws NumericError inside of `detectAnomaly`, for the first gradient with a NaN.
 */
export function backward(
  x: Tensor,
  gradient?: Tensor | BackwardOptions,
  options?: Omit<BackwardOptions, "gradient">,
  ...surplus: []
): void {
  const op = "backward";
  const given = optionsWith<BackwardOptions>(op, "gradient", gradient, options, backwardOptions, surplus);
  const { createGraph = false, retainGraph = createGraph, inputs } = given;
  const root = checkRoot(op, x);
  const seed = seedGradient(op, x, given.gradient ?? null);
  const targets = inputs ? new Set(inputs.map((input) => keyOf(input.node))) : null;
  const hooks: (() => void)[] = [];
  const deliver = (node: Node, grad: Node) => {
    if (isLeafNode(node)) {
      const variable = node.owner as Variable<Tensor>;
      accumulate(variable, grad, createGraph);
      if (variable.accumulatedHooks) hooks.push(...variable.accumulatedHooks.values());
    } else if (targets)
      accumulate(variableOf(inputs?.find((input) => input.node === node) as Tensor, op), grad, createGraph);
  };
  walk([root], [seed], { op, retainGraph, createGraph, targets, deliver });
  // After the walk: a hook that steps an optimizer would compute the first half of the pass by itself.
  for (const hook of hooks) hook();
}

/**
 * Gradients of `outputs` with respect to `inputs`; `grad` of leaves is left alone.
 *
 * Shapes: outputs of one element, or of those of `gradOutputs`; inputs of any → one gradient of the same for each.
 * @throws AutogradError if an output has no history or more than one element without a gradient, an input does not
 * require grad, the outputs do not depend on one (unless `allowUnused`), or the graph was released.
 * @throws ShapeError if a gradient of an output has another shape.
 * @throws ArgumentError if a gradient of an output has another dtype.
 * @throws NumericError inside of `detectAnomaly`, for the first gradient with a NaN.
 */
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: Tensor | readonly Tensor[],
  options: GradOptions & { readonly allowUnused: true; readonly materializeGrads?: false },
  ...surplus: []
): (Tensor | null)[];
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: Tensor | readonly Tensor[],
  options?: GradOptions,
  ...surplus: []
): Tensor[];
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: Tensor | readonly Tensor[],
  options: GradOptions = {},
  ...surplus: []
): (Tensor | null)[] {
  const op = "grad";
  noMore(op, surplus);
  checkOptions(op, options, ["gradOutputs", "retainGraph", "createGraph", "allowUnused", "materializeGrads"]);
  const { createGraph = false, retainGraph = createGraph, materializeGrads = false } = options;
  const { allowUnused = materializeGrads } = options;
  if (materializeGrads && !allowUnused) {
    throw new ArgumentError("grad: materializeGrads gives zeros for what is unused, so allowUnused cannot be false", {
      op,
    });
  }
  const [from, to] = [list(outputs), list(inputs)];
  const seeds = options.gradOutputs ? list(options.gradOutputs) : [];
  from.forEach((x, i) => {
    checkTensor(op, `outputs[${i}]`, x);
  });
  to.forEach((x, i) => {
    checkTensor(op, `inputs[${i}]`, x);
  });
  const roots = from.map((x) => checkRoot(op, x));
  const grads = from.map((x, i) => seedGradient(op, x, seeds[i] ?? null));
  const targets = to.map((x) => {
    if (!x.requiresGrad) throw new AutogradError("grad: one of the inputs does not require grad", { op });
    return x.node;
  });
  const results = new Map<object, Node>();
  walk(roots, grads, {
    op,
    retainGraph,
    createGraph,
    targets: new Set(targets.map(keyOf)),
    deliver: (node, value) => {
      const known = results.get(keyOf(node));
      results.set(keyOf(node), known ? add(known, value) : value);
    },
  });
  return targets.map((node, i) => {
    const result = results.get(keyOf(node));
    if (result) return wrap(result);
    if (materializeGrads) return wrap(expand(constant(0, node.dtype), node.shape));
    if (allowUnused) return null;
    throw new AutogradError(
      `grad: the outputs do not depend on input ${i} (shape [${node.shape.join(",")}]); pass { allowUnused: true } to get null for it`,
      { op, fix: "allowUnused" },
    );
  });
}

/** Gradients of `roots` at `targets`, null where none arrives; each as if it were a leaf, whatever it was made of. */
export function gradientsAt(
  roots: readonly Tensor[],
  seeds: readonly Tensor[],
  targets: readonly Tensor[],
  createGraph: boolean,
): (Tensor | null)[] {
  const results = new Map<object, Node>();
  walk(
    roots.map((x) => x.node),
    seeds.map((x) => x.node),
    {
      op: "backward",
      retainGraph: true,
      createGraph,
      targets: new Set(targets.map((x) => keyOf(x.node))),
      endsAtTargets: true,
      deliver: (node, value) => results.set(keyOf(node), value),
    },
  );
  return targets.map((x) => {
    const result = results.get(keyOf(x.node));
    return result ? wrap(result) : null;
  });
}

function list<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}

function checkRoot(op: string, x: Tensor): Node {
  const root = x.node;
  if (root.requiresGrad) return root;
  throw new AutogradError(
    `${op}: the tensor does not require grad and has no history; it comes from no tensor with requiresGrad, or was made under noGrad`,
    { op },
  );
}

function seedGradient(op: string, x: Tensor, gradient: Tensor | null): Node {
  if (gradient) {
    if (!shapesEqual(gradient.shape, x.shape)) {
      throw new ShapeError(
        `${op}: the gradient has shape [${gradient.shape.join(",")}] but the tensor [${x.shape.join(",")}]`,
        { op, shapes: [gradient.shape, x.shape] },
      );
    }
    if (gradient.dtype !== x.dtype) {
      throw new ArgumentError(`${op}: the gradient is ${gradient.dtype} but the tensor ${x.dtype}`, { op });
    }
    return gradient.node;
  }
  const count = x.shape.reduce((n, size) => n * size, 1);
  if (count !== 1) {
    throw new AutogradError(
      `${op}: only a tensor with one element starts without a gradient, this one has shape [${x.shape.join(",")}]; reduce it (sum, mean) or pass { ${op === "grad" ? "gradOutputs" : "gradient"} }`,
      { op, shapes: [x.shape] },
    );
  }
  return expand(constant(1, x.dtype), x.shape);
}

function walk(roots: readonly Node[], seeds: readonly Node[], options: Walk): void {
  const { op, retainGraph, createGraph, targets, endsAtTargets = false } = options;
  const isEnd = (node: Node) => isLeafNode(node) || (endsAtTargets && targets?.has(keyOf(node)) === true);
  const order = gradientOrder(roots, isEnd);
  const isNeeded = targets ? pathsTo(order, targets, isEnd) : null;
  const wants = (node: Node) => isNeeded === null || isNeeded.has(node);
  const applied = order.filter((node) => !isEnd(node) && wants(node) && (!targets || node.inputs.some(wants)));
  for (const node of applied) if (node.isReleased) throw releasedError(op);
  const { detectAnomaly } = scopeValues();
  const results: RuleResult[] = [];
  const applyRules = () => {
    const grads = new GradientMap();
    roots.forEach((root, i) => {
      grads.add(root, seeds[i] as Node);
    });
    // A forward pass that was run in pieces for its length has a backward pass that is.
    const isLong = order.length > LONG && (order[order.length >> 1] as Node).isRealized;
    for (const node of order) {
      if (isLong) limitBackward(() => grads.values());
      const arrived = grads.take(node);
      if (!arrived || !wants(node)) continue;
      const value = runHooks(node, arrived);
      if (targets ? targets.has(keyOf(node)) : isLeafNode(node)) options.deliver(node, value);
      if (isEnd(node) || (targets && !node.inputs.some(wants))) continue;
      const watch = (result: Node, input: number) => void results.push({ node, input, grad: result });
      applyRule(node, value, grads, wants, detectAnomaly ? watch : undefined);
    }
  };
  runScope({ gradMode: createGraph }, () => applyingRules(applyRules));
  if (results.length > 0) checkResults(results);
  if (retainGraph) return;
  for (const node of applied) {
    releasePins(node);
    release(node);
  }
}

function releasedError(op: string): AutogradError {
  return new AutogradError(
    `${op}: the graph was released by an earlier backward(); pass { retainGraph: true } to the earlier call to go through it twice`,
    { op, fix: "retainGraph" },
  );
}

/** Nodes on a path from the roots to a target; `order` has the latest first. */
function pathsTo(order: readonly Node[], targets: ReadonlySet<object>, isEnd: (node: Node) => boolean): Set<Node> {
  const needed = new Set<Node>();
  for (let i = order.length - 1; i >= 0; i--) {
    const node = order[i] as Node;
    if (targets.has(keyOf(node)) || (!isEnd(node) && node.inputs.some((input) => needed.has(input)))) needed.add(node);
  }
  return needed;
}

/** Hooks may replace the gradient; a retained gradient is what they leave. */
function runHooks(node: Node, arrived: Node): Node {
  const { owner } = node;
  if (!(owner instanceof Variable)) return arrived;
  const variable = owner as Variable<Tensor>;
  let value = arrived;
  for (const hook of [...variable.hooks.values()]) {
    const result = hook(visible(value));
    if (result === null || result === undefined) continue;
    if (!(result instanceof Tensor) || !shapesEqual(result.shape, value.shape) || result.dtype !== value.dtype) {
      throw new AutogradError("hook: must return nothing or a gradient of the same shape and dtype", { op: "hook" });
    }
    value = result.node;
  }
  if (variable.retainsGrad) variable.grad = visible(value);
  return value;
}

function visible(node: Node): Tensor {
  node.isUserVisible = true;
  return new Tensor(Cell.of(node));
}

/** PyTorch's rule: the first gradient is taken over, later ones are added in place, or anew if their graph is recorded. */
function accumulate(variable: Variable<Tensor>, grad: Node, createGraph: boolean): void {
  const known = variable.grad;
  if (known === null) variable.grad = visible(grad);
  else if (createGraph) variable.grad = visible(add(known.node, grad));
  else assign(known, add(known.node, grad));
}

/** What the gradient rule of `node` gave for one of its inputs. */
interface RuleResult {
  readonly node: Node;
  readonly input: number;
  readonly grad: Node;
}

/** Throws for the first rule that gave NaN: rules before it had none. Names the line that made the node. */
function checkResults(found: readonly RuleResult[]): void {
  if (isSyncHeld())
    throw new AutogradError("detectAnomaly: cannot look at gradients inside compile(); run the plain function");
  sync(found.map(({ grad }) => grad));
  for (const { node, input, grad } of found) {
    if (!isFloat(grad.dtype) || !grad.storage) continue;
    const values = grad.storage.toTypedArray() as Float32Array;
    if (!values.some((value) => Number.isNaN(value))) continue;
    const { name } = node.primitive;
    const line = lineOf(node);
    throw new NumericError(
      `backward: the gradient of ${name} (result of shape [${node.shape.join(",")}]) for its input ${input} contains NaN; ${
        line
          ? `the forward operation was called ${line}`
          : "run the forward pass inside detectAnomaly() to see its line"
      }`,
      { op: name },
    );
  }
}

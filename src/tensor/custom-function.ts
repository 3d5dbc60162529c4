// Functions with a gradient of their own, as torch.autograd.Function.
import { ArgumentError, AutogradError, checkFunction, isFloat, numel, runScope, shapesEqual } from "../base/index.js";
import { gradEnabled, hashText, Node, nodeListener, type PointwisePrimitive } from "../graph/index.js";
import * as ops from "../ops/index.js";
import { detached } from "./alias.js";
import { isTrialBackward } from "./saved.js";
import { isTensor, type Tensor, wrap } from "./tensor.js";

/** What forward leaves for backward. */
export class FunctionContext {
  #saved: readonly (Tensor | null)[] = [];
  /** Which tensor arguments need a gradient, by position among all arguments. */
  needsInputGrad: readonly boolean[] = [];
  /** Whatever else backward needs: numbers, shapes. */
  readonly attributes: Record<string, unknown> = {};

  /** Keeps tensors for `savedTensors`. Shapes: any. */
  saveForBackward(...tensors: (Tensor | null)[]): void {
    this.#saved = tensors;
    // Backward reads them: a sync point has to store them.
    for (const x of tensors) if (x) x.node.isUserVisible = true;
  }

  /** What `saveForBackward` kept, in its order. */
  get savedTensors(): readonly (Tensor | null)[] {
    return this.#saved;
  }

  /** @internal Results of forward as the caller gets them, with their history, in place of the plain ones. */
  replaceSaved(results: ReadonlyMap<Tensor, Tensor>): void {
    this.#saved = this.#saved.map((x) => (x && results.get(x)) ?? x);
  }
}

/** A function of tensors (and anything else) and its gradient rule. */
export interface CustomFunction<A extends readonly unknown[], Y extends Tensor | readonly Tensor[]> {
  /** Named in errors. */
  readonly name?: string;
  /** Computes the results. Runs without recording gradients. Shapes: any → any. */
  forward(context: FunctionContext, ...args: A): Y;
  /**
   * Gradients by the arguments, one each, from those of the results: a tensor, or null where none flows (an argument
   * that is no tensor, or does not need one).
   *
   * Shapes: those of the results → those of the arguments.
   */
  backward(context: FunctionContext, ...grads: Tensor[]): Tensor | null | readonly (Tensor | null)[];
}

interface Call {
  readonly context: FunctionContext;
  readonly fn: CustomFunction<readonly unknown[], Tensor | readonly Tensor[]>;
  /** Positions of the node's inputs, but the first, among the arguments. */
  readonly positions: readonly number[];
  readonly argumentCount: number;
  readonly shapes: readonly (readonly number[])[];
}

const calls = new WeakMap<Node, Call>();

/** The value of the first input; the gradient is what the call's `backward` says. */
const customP: PointwisePrimitive = {
  kind: "pointwise",
  name: "custom",
  hash: hashText("custom"),
  cost: 0,
  isElementwise: false,
  saves: { inputs: [], output: false },
  infer: ([x]) => ({ shape: (x as Node).shape, dtype: (x as Node).dtype }),
  lower: (context, index) => context.input(0, index),
  reference: (_, [x]) => x as NonNullable<typeof x>,
  vjp: (node, grad, needs) => gradientsOf(calls.get(node) as Call, node, grad, needs),
};

function gradientsOf(call: Call, node: Node, grad: Node, needs: readonly boolean[]): (Node | null)[] {
  // A trial only finds out what rules read: the user's code runs once, when it counts.
  if (isTrialBackward()) {
    return node.inputs.map((x, i) => (needs[i] ? ops.full(x.shape, 0, x.dtype) : null));
  }
  const { context, fn, positions, argumentCount } = call;
  const name = fn.name ?? "custom function";
  const grads = splitFlat(grad, call.shapes).map(wrap);
  const result = fn.backward(context, ...grads);
  const list = result === null || isTensor(result) ? [result] : (result as readonly (Tensor | null)[]);
  if (list.length !== argumentCount) {
    throw new AutogradError(
      `${name}: backward gave ${list.length} gradients for ${argumentCount} arguments; give null for those without one`,
      { op: name },
    );
  }
  return node.inputs.map((x, i) => {
    if (i === 0 || !needs[i]) return null;
    const own = list[positions[i - 1] as number];
    if (own === null || own === undefined) return null;
    if (!shapesEqual(own.shape, x.shape)) {
      throw new AutogradError(
        `${name}: backward gave a gradient of shape [${own.shape.join(",")}] for an argument of shape [${x.shape.join(",")}]`,
        { op: name, shapes: [own.shape, x.shape] },
      );
    }
    return ops.cast(own.node, x.dtype);
  });
}

/** Parts of a flat value, in these shapes. */
function splitFlat(flat: Node, shapes: readonly (readonly number[])[]): Node[] {
  if (shapes.length === 1) return [flat];
  let start = 0;
  return shapes.map((shape) => {
    const size = numel(shape);
    const part = ops.reshape(ops.slice(flat, 0, start, start + size), shape);
    start += size;
    return part;
  });
}

/**
 * Calls a function whose gradient you write yourself. `forward` runs at once and without recording; `backward` runs
 * when a gradient arrives, with the results' gradients. It is differentiable itself if it is made of differentiable
 * operations on saved tensors.
 *
 * Shapes: what `forward` takes → what it gives; gradients have the shapes of the arguments.
 * @throws ArgumentError if `forward` gives anything but a tensor or an array of tensors.
 * @throws AutogradError if backward gives the wrong number of gradients or one of another shape, as it is called.
 * @example
 * const cube = (x: Tensor) => applyFunction({
 *   forward: (ctx, x: Tensor) => { ctx.saveForBackward(x); return x.pow(3) },
 *   backward: (ctx, g) => g.mul(ctx.savedTensors[0]!.square().mul(3)),
 * }, x)
 */
export function applyFunction<A extends readonly unknown[], Y extends Tensor | readonly Tensor[]>(
  fn: CustomFunction<A, Y>,
  ...args: A
): Y {
  const { forward, backward } = (fn ?? {}) as Partial<CustomFunction<A, Y>>;
  checkFunction("applyFunction", "forward", forward);
  checkFunction("applyFunction", "backward", backward);
  const name = fn.name ?? "custom function";
  const context = new FunctionContext();
  context.needsInputGrad = args.map((x) => isTensor(x) && x.requiresGrad);
  const outputs = runScope({ gradMode: false }, () => fn.forward(context, ...args));
  const list: readonly Tensor[] = isTensor(outputs) ? [outputs] : outputs;
  for (const y of list) {
    if (!isTensor(y))
      throw new ArgumentError(`${name}: forward must return a tensor or an array of tensors`, { op: name });
  }
  if (!gradEnabled() || !context.needsInputGrad.some((need) => need)) return outputs;
  const results = record(name, fn as unknown as Call["fn"], context, args, list); // argument types are the caller's
  context.replaceSaved(results);
  const found = list.map((y) => results.get(y) as Tensor);
  return (isTensor(outputs) ? found[0] : found) as Y; // in the form that forward gave
}

/** The float results with the custom history; others stay as they are. */
function record(
  name: string,
  fn: Call["fn"],
  context: FunctionContext,
  args: readonly unknown[],
  list: readonly Tensor[],
): Map<Tensor, Tensor> {
  const results = new Map<Tensor, Tensor>(list.map((y) => [y, y]));
  const floats = list.filter((y) => isFloat(y.dtype));
  const dtypes = new Set(floats.map((y) => y.dtype));
  if (dtypes.size > 1) {
    throw new ArgumentError(`${name}: results must have one float dtype, got ${[...dtypes].join(" and ")}`, {
      op: name,
    });
  }
  if (floats.length === 0) return results;
  const positions = args.flatMap((x, i) => (isTensor(x) && x.requiresGrad ? [i] : []));
  const inputs = positions.map((i) => (args[i] as Tensor).node);
  const shapes = floats.map((y) => y.shape);
  const values = floats.map((y) => detached(y.node));
  // Several results share one node, so that their gradients arrive together.
  const joined = values.length === 1 ? (values[0] as Node) : ops.cat(values.map((y) => ops.reshape(y, [y.size])));
  const call: Call = { context, fn, positions, argumentCount: args.length, shapes };
  splitFlat(customNode(joined, inputs, call), shapes).forEach((node, k) => {
    results.set(floats[k] as Tensor, wrap(node));
  });
  return results;
}

function customNode(value: Node, inputs: readonly Node[], call: Call): Node {
  const node = new Node(customP, [value, ...inputs], {}, value.shape, value.dtype, value.device, true);
  calls.set(node, call);
  nodeListener()?.(node);
  return node;
}

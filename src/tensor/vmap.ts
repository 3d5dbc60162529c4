// vmap: a function of single examples applied to a whole batch. The function runs once, on one example; the graph it makes is
// then built again with a batch dim in front (ops/batching.ts).
import { ArgumentError, checkOptions, normalizeDim } from "../base/index.js";
import { apply, type Node, nodeListener, setNodeListener } from "../graph/index.js";
import * as ops from "../ops/index.js";
import { detached, leafOf } from "./alias.js";
import { quietly, withoutRecording } from "./pending.js";
import { holdSync, isSyncHeld } from "./sync.js";
import { isTensor, type Tensor, wrap } from "./tensor.js";
import { Variable } from "./variable.js";

/** A dim for each argument, or for all: what is null is the same for every example. */
export type InDims = number | null | readonly (number | null)[];

/** Options of `vmap`. */
export interface VmapOptions {
  /** Where the arguments have their batch dim. Default 0. */
  readonly inDims?: InDims;
  /** Where the results have it, one dim or one a result. Default 0. */
  readonly outDims?: number | readonly number[];
}

/** Tensors to a tensor, or to several. */
export type TensorFunction = (...args: Tensor[]) => Tensor | readonly Tensor[];

interface Batch {
  readonly size: number;
  /** The arguments' nodes with the batch dim first; null where an argument is the same for all. */
  readonly nodes: readonly (Node | null)[];
}

function batchOf(args: readonly Tensor[], inDims: InDims): Batch {
  const dims = Array.isArray(inDims) ? (inDims as readonly (number | null)[]) : args.map(() => inDims as number | null);
  if (dims.length !== args.length) {
    throw new ArgumentError(`vmap: inDims has ${dims.length} entries for ${args.length} arguments`, { op: "vmap" });
  }
  let size = -1;
  const nodes = args.map((x, i) => {
    const dim = dims[i] ?? null;
    if (!isTensor(x)) throw new ArgumentError(`vmap: argument ${i} must be a Tensor`, { op: "vmap" });
    if (dim === null) return null;
    if (x.shape.length === 0)
      throw new ArgumentError(`vmap: argument ${i} is 0-d and has no batch dim`, { op: "vmap" });
    const d = normalizeDim("vmap", dim, x.shape.length);
    const own = x.shape[d] as number;
    if (size >= 0 && own !== size) {
      throw new ArgumentError(
        `vmap: batch sizes differ: ${size} and ${own} (argument ${i} [${x.shape.join(",")}], dim ${dim})`,
        { op: "vmap" },
      );
    }
    size = own;
    return ops.movedim(x.node, d, 0);
  });
  if (size < 0) throw new ArgumentError("vmap: no argument has a batch dim; give one with inDims", { op: "vmap" });
  if (size === 0) throw new ArgumentError("vmap: the batch is empty", { op: "vmap" });
  return { size, nodes };
}

/** Runs `fn` on one example without leaving anything to compute; values cannot be read in it. */
function trace(
  fn: TensorFunction,
  examples: readonly Tensor[],
): { outputs: Tensor | readonly Tensor[]; made: ReadonlySet<Node> } {
  const made = new Set<Node>();
  const wasHeld = isSyncHeld();
  const listener = nodeListener();
  holdSync(true);
  setNodeListener((node) => {
    made.add(node);
    listener?.(node);
  });
  try {
    return { outputs: withoutRecording(() => quietly(() => fn(...examples))), made };
  } finally {
    setNodeListener(listener);
    holdSync(wasHeld);
  }
}

/** Builds the traced graph again, batched. */
class Rebuild {
  readonly #done = new Map<Node, ops.BatchedInput>();

  constructor(
    private readonly made: ReadonlySet<Node>,
    private readonly size: number,
  ) {}

  stand(node: Node, batched: Node): void {
    this.#done.set(node, { node: batched, isBatched: true });
  }

  /** What takes the place of `root`. Iterative: graphs may be deep. */
  of(root: Node): ops.BatchedInput {
    const stack = [root];
    for (let node = stack.at(-1); node; node = stack.at(-1)) {
      const open = this.#done.has(node) || !this.made.has(node) ? [] : node.inputs.filter((x) => !this.#done.has(x));
      if (open.length > 0) {
        stack.push(...open);
        continue;
      }
      stack.pop();
      if (!this.#done.has(node)) this.#done.set(node, this.#rebuild(node));
    }
    return this.#done.get(root) as ops.BatchedInput;
  }

  #rebuild(node: Node): ops.BatchedInput {
    // Not of this trace: a value from outside, the same for all.
    if (!this.made.has(node) || node.inputs.length === 0) return { node, isBatched: false };
    const inputs = node.inputs.map((x) => this.#done.get(x) as ops.BatchedInput);
    const isBatched = inputs.some((x) => x.isBatched);
    const value = isBatched
      ? ops.batchNode(node, inputs, this.size)
      : apply(
          node.primitive,
          inputs.map((x) => x.node),
          node.attrs,
        );
    // What the function cut off (detach, noGrad) stays cut off.
    return { node: value.requiresGrad && !node.requiresGrad ? detached(value) : value, isBatched };
  }
}

/**
 * `fn`, written for single examples, as a function of batches: `vmap(dot)(a, b)` takes the rows of `a` and `b`.
 *
 * `fn` runs once: values cannot be read in it, and random draws are the same for all examples. Every operation works; those
 * without a batching rule are applied example by example. Gradients flow, and `fn` may itself take gradients.
 * @throws ArgumentError if batch sizes differ or a result is no tensor.
 * @example vmap((x, y) => x.dot(y))(randn(8, 3), randn(8, 3)).shape // [8]
 */
export function vmap(fn: TensorFunction, options: VmapOptions = {}): (...args: Tensor[]) => Tensor | Tensor[] {
  checkOptions("vmap", options, ["inDims", "outDims"]);
  const { inDims = 0, outDims = 0 } = options;
  return (...args) => {
    const { size, nodes } = batchOf(args, inDims);
    const examples = args.map((x, i) => {
      const batch = nodes[i];
      return batch ? withoutRecording(() => wrap(exampleOf(batch))) : x;
    });
    const { outputs, made } = trace(fn, examples);
    const rebuild = new Rebuild(made, size);
    nodes.forEach((batch, i) => {
      if (batch) rebuild.stand((examples[i] as Tensor).node, batch);
    });
    const list = isTensor(outputs) ? [outputs] : outputs;
    const dims = Array.isArray(outDims) ? (outDims as readonly number[]) : list.map(() => outDims as number);
    const results = list.map((y, k) => {
      if (!isTensor(y)) throw new ArgumentError("vmap: the function must return tensors", { op: "vmap" });
      const { node, isBatched } = rebuild.of(y.node);
      const full = isBatched ? node : ops.expand(ops.reshape(node, [1, ...node.shape]), [size, ...node.shape]);
      return wrap(ops.movedim(full, 0, dims[k] ?? 0));
    });
    return isTensor(outputs) ? (results[0] as Tensor) : results;
  };
}

/** The first example, standing for all. Its values are never read. */
function exampleOf(batch: Node): Node {
  const first = detached(ops.select(batch, 0, 0));
  return batch.requiresGrad ? leafOf(first, new Variable<unknown>(true)) : first;
}

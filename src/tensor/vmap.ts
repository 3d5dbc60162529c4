// vmap: a function of single examples applied to a whole batch. The function runs once, on one example; the graph it makes is
// then built again with a batch dim in front (ops/batching.ts).
import { ArgumentError, checkFunction, checkOptions, normalizeDim } from "../base/index.js";
import { apply, type Node, nodeListener, setNodeListener } from "../graph/index.js";
import * as ops from "../ops/index.js";
import { detached, leafOf } from "./alias.js";
import { quietly, withoutRecording } from "./pending.js";
import { holdSync, isSyncHeld } from "./sync.js";
import { type Tensor, wrap } from "./tensor.js";
import { type TensorTree, TreeArguments, type TreeFunction } from "./tree-arguments.js";
import { fillTemplate, type Template, templateOf } from "./trees.js";
import { Variable } from "./variable.js";

/** A dim for each argument, or for all: what is null is the same for every example. */
export type InDims = number | null | readonly (number | null)[];

/** Options of `vmap`. */
export interface VmapOptions {
  /** Where the arguments have their batch dim; one for all tensors of an array or object. Default 0. */
  readonly inDims?: InDims;
  /** Where the results have it, one dim or one a tensor. Default 0. */
  readonly outDims?: number | readonly number[];
}

/** Tensors to a tensor, or to several. */
export type TensorFunction = (...args: Tensor[]) => Tensor | readonly Tensor[];

interface Batch {
  readonly size: number;
  /** The arguments' nodes with the batch dim first; null where an argument is the same for all. */
  readonly nodes: readonly (Node | null)[];
}

function batchOf(given: TreeArguments, inDims: InDims): Batch {
  const { tensors, count } = given;
  const dims = Array.isArray(inDims)
    ? (inDims as readonly (number | null)[])
    : new Array<number | null>(count).fill(inDims as number | null);
  if (dims.length !== count) {
    throw new ArgumentError(`vmap: inDims has ${dims.length} entries for ${count} arguments`, { op: "vmap" });
  }
  let size = -1;
  const nodeOf = (x: Tensor, i: number, dim: number): Node => {
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
  };
  const nodes = dims.flatMap((dim, i) =>
    given.numbersOf(i).map((n) => (dim === null ? null : nodeOf(tensors[n] as Tensor, i, dim))),
  );
  if (size < 0) throw new ArgumentError("vmap: no argument has a batch dim; give one with inDims", { op: "vmap" });
  if (size === 0) throw new ArgumentError("vmap: the batch is empty", { op: "vmap" });
  return { size, nodes };
}

/** Runs `fn` on one example without leaving anything to compute; values cannot be read in it. */
function trace(fn: () => unknown): { outputs: unknown; made: ReadonlySet<Node> } {
  const made = new Set<Node>();
  const wasHeld = isSyncHeld();
  const listener = nodeListener();
  holdSync(true);
  setNodeListener((node) => {
    made.add(node);
    listener?.(node);
  });
  try {
    return { outputs: withoutRecording(() => quietly(fn)), made };
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
 * Arguments and results may be arrays and objects of tensors. `fn` runs once: values cannot be read in it, and random draws are the same for all examples. Every operation works; those
 * without a batching rule are applied example by example. Gradients flow, and `fn` may itself take gradients.
 * @throws ArgumentError if batch sizes differ or a result is no tensor.
 * @example vmap((x, y) => x.dot(y))(randn(8, 3), randn(8, 3)).shape // [8]
 */
export function vmap(fn: TensorFunction, options?: VmapOptions): (...args: Tensor[]) => Tensor | Tensor[];
export function vmap<A extends readonly TensorTree[], R extends TensorTree>(
  fn: (...args: A) => R,
  options?: VmapOptions,
): (...args: A) => R;
export function vmap(fn: TreeFunction, options: VmapOptions = {}): (...args: never[]) => unknown {
  checkOptions("vmap", options, ["inDims", "outDims"]);
  checkFunction("vmap", "its first argument", fn);
  const { inDims = 0, outDims = 0 } = options;
  return (...args) => {
    const given = new TreeArguments("vmap", args);
    const { size, nodes } = batchOf(given, inDims);
    const examples = given.tensors.map((x, i) => {
      const batch = nodes[i];
      return batch ? withoutRecording(() => wrap(exampleOf(batch))) : x;
    });
    const { outputs, made } = trace(() => given.call(fn, examples));
    const rebuild = new Rebuild(made, size);
    nodes.forEach((batch, i) => {
      if (batch) rebuild.stand((examples[i] as Tensor).node, batch);
    });
    const results: Tensor[] = [];
    const template = templateOf(outputs, results);
    if (hasOtherValues(template)) throw new ArgumentError("vmap: the function must return tensors", { op: "vmap" });
    const dims = Array.isArray(outDims) ? (outDims as readonly number[]) : results.map(() => outDims as number);
    const batched = results.map((y, k) => {
      const { node, isBatched } = rebuild.of(y.node);
      const full = isBatched ? node : ops.expand(ops.reshape(node, [1, ...node.shape]), [size, ...node.shape]);
      return wrap(ops.movedim(full, 0, dims[k] ?? 0));
    });
    return fillTemplate(template, batched);
  };
}

function hasOtherValues(template: Template): boolean {
  if (template.kind === "array") return template.items.some(hasOtherValues);
  if (template.kind === "object") return template.entries.some(([, item]) => hasOtherValues(item));
  return template.kind === "value";
}

/** The first example, standing for all. Its values are never read. */
function exampleOf(batch: Node): Node {
  const first = detached(ops.select(batch, 0, 0));
  return batch.requiresGrad ? leafOf(first, new Variable<unknown>(true)) : first;
}

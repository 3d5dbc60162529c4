// vmap: a function of single examples applied to a whole batch. The function runs once, on one example; the graph it makes is
// then built again with a batch dim in front (ops/batching.ts).
import { ArgumentError, checkFunction, checkOptions, noMore, normalizeDim } from "../base/index.js";
import { apply, type Node, nodeListener, setNodeListener } from "../graph/index.js";
import * as ops from "../ops/index.js";
import { detached, leafOf } from "./alias.js";
import { type Draw, type Generator, withDrawListener } from "./generator.js";
import { quietly, withoutRecording } from "./pending.js";
import { holdSync, isSyncHeld } from "./sync.js";
import { type Tensor, wrap } from "./tensor.js";
import { type DimTree, type TensorTree, TreeArguments, type TreeFunction, TreeResults } from "./tree-arguments.js";
import { Variable } from "./variable.js";
import { isLeafNode } from "./walk.js";

/** A dim for all arguments, or one or a tree for each: what is null is the same for every example. */
export type InDims = number | null | readonly DimTree[];

/** Options of `vmap`. */
export interface VmapOptions {
  /** Where the arguments have their batch dim; one in the place of an array or object is for all tensors in it. Default 0. */
  readonly inDims?: InDims;
  /**
   * Where the results have it: a dim for all, or a tree as the results, where a dim in the place of an array or object is for all tensors
   * in it. null: the result is the same for all examples and has none. Default 0.
   */
  readonly outDims?: DimTree;
  /** Random draws in the function: an error (default), "different" for each example, or the "same" for all. */
  readonly randomness?: Randomness;
  /** Take so many examples at a time, to use less memory; null (default): all at once. */
  readonly chunkSize?: number | null;
}

/** What random draws in a mapped function are. */
export type Randomness = "error" | "different" | "same";

/** Tensors to a tensor, or to several. */
export type TensorFunction = (...args: Tensor[]) => Tensor | readonly Tensor[];

interface Batch {
  readonly size: number;
  /** The arguments' nodes with the batch dim first; null where an argument is the same for all. */
  readonly nodes: readonly (Node | null)[];
}

function batchOf(given: TreeArguments, inDims: InDims): Batch {
  const { tensors } = given;
  const dims = given.dimsOf("inDims", inDims);
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
  const nodes = dims.map((dim, n) => (dim === null ? null : nodeOf(tensors[n] as Tensor, given.argumentOf(n), dim)));
  if (size < 0) throw new ArgumentError("vmap: no argument has a batch dim; give one with inDims", { op: "vmap" });
  if (size === 0) throw new ArgumentError("vmap: the batch is empty", { op: "vmap" });
  return { size, nodes };
}

interface Drawn {
  readonly draw: Draw;
  readonly generator: Generator;
  readonly blocks: number;
}

/** The draws of a mapped function. */
class ExampleDraws {
  /** In order, those of the first chunk; later chunks take them again where all examples have the same. */
  readonly #first: Drawn[] = [];
  readonly #byOffset = new Map<Node, Drawn>();
  #count = 0;

  constructor(readonly randomness: Randomness) {}

  /** Calls `fn` for the next chunk. */
  during<R>(fn: () => R): R {
    this.#count = 0;
    return withDrawListener((generator, blocks, take) => this.#take(generator, blocks, take), fn);
  }

  #take(generator: Generator, blocks: number, take: () => Draw): Draw {
    if (this.randomness === "error") {
      throw new ArgumentError(
        'vmap: the function draws random numbers; pass randomness: "different" (for each example) or "same", or draw outside of it',
        { op: "vmap" },
      );
    }
    const known = this.randomness === "same" ? this.#first[this.#count++] : undefined;
    if (known) return known.draw;
    const drawn = { draw: take(), generator, blocks };
    this.#first.push(drawn);
    this.#byOffset.set(drawn.draw.offset.low, drawn);
    return drawn.draw;
  }

  /** The values of `node` for all examples if it draws some for each, else null. */
  batched(node: Node, inputs: readonly ops.BatchedInput[], size: number): Node | null {
    if (this.randomness !== "different") return null;
    const drawn = node.inputs.map((x) => this.#byOffset.get(x)).find((x) => x !== undefined);
    if (!drawn) return null;
    return ops.batchDraw(node, inputs, size, drawn.blocks, (blocks) => {
      const { seed, offset } = drawn.generator.take(blocks);
      return [seed.low, seed.high, offset.low, offset.high];
    });
  }
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
    private readonly draws: ExampleDraws,
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
    const drawn = this.draws.batched(node, inputs, this.size);
    if (drawn) return { node: drawn, isBatched: true };
    const isBatched = inputs.some((x) => x.isBatched);
    // A leaf from outside gets its node when it is first used; the gradient by it goes there.
    if (!isBatched && isLeafNode(node)) return { node, isBatched };
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

interface Mapped {
  readonly results: TreeResults;
  /** Of each result, the values of all examples, batch dim first; or the one value for all. */
  readonly nodes: readonly ops.BatchedInput[];
}

/** The results for the examples of `batches`, one an argument's tensor; null where it is the same for all. */
function mapped(fn: TreeFunction, given: TreeArguments, batch: Batch, draws: ExampleDraws): Mapped {
  const { size, nodes } = batch;
  const examples = given.tensors.map((x, i) => {
    const own = nodes[i];
    return own ? withoutRecording(() => wrap(exampleOf(own))) : x;
  });
  const { outputs, made } = draws.during(() => trace(() => given.call(fn, examples)));
  const rebuild = new Rebuild(made, size, draws);
  nodes.forEach((own, i) => {
    if (own) rebuild.stand((examples[i] as Tensor).node, own);
  });
  const results = new TreeResults("vmap", outputs);
  return { results, nodes: results.tensors.map((y) => rebuild.of(y.node)) };
}

/** Result `k` with its batch dim at `dim`, from its parts for chunks of some sizes. */
function placed(k: number, parts: readonly ops.BatchedInput[], sizes: readonly number[], dim: number | null): Tensor {
  if (dim === null) {
    const [first] = parts;
    if (first && !parts.some(({ isBatched }) => isBatched)) return wrap(first.node);
    throw new ArgumentError(
      `vmap: result ${k} differs between examples, so its entry in outDims must be a dim, not null`,
      { op: "vmap" },
    );
  }
  const nodes = parts.map(({ node, isBatched }, i) =>
    isBatched ? node : ops.expand(ops.reshape(node, [1, ...node.shape]), [sizes[i] as number, ...node.shape]),
  );
  return wrap(ops.movedim(nodes.length === 1 ? (nodes[0] as Node) : ops.concat(nodes, 0), 0, dim));
}

/** The batch in parts of `chunkSize` examples. */
function chunksOf({ size, nodes }: Batch, chunkSize: number): Batch[] {
  return Array.from({ length: Math.ceil(size / chunkSize) }, (_, k) => {
    const [from, to] = [k * chunkSize, Math.min(size, (k + 1) * chunkSize)];
    return { size: to - from, nodes: nodes.map((x) => x && ops.slice(x, 0, from, to)) };
  });
}

function checkChoices({ chunkSize = null, randomness = "error" }: VmapOptions): void {
  const op = "vmap";
  if (!["error", "different", "same"].includes(randomness)) {
    throw new ArgumentError(`vmap: randomness must be "error", "different" or "same", got ${String(randomness)}`, {
      op,
    });
  }
  if (chunkSize === null || (Number.isInteger(chunkSize) && chunkSize > 0)) return;
  throw new ArgumentError(`vmap: chunkSize must be null or a positive integer, got ${String(chunkSize)}`, { op });
}

/**
 * `fn`, written for single examples, as a function of batches: `vmap(dot)(a, b)` takes the rows of `a` and `b`.
 *
 * Arguments and results may be arrays and objects of tensors. `fn` runs once (once a chunk with `chunkSize`): values cannot be read in
 * it. Every operation works; those without a batching rule are applied example by example. Gradients flow, and `fn` may itself take
 * gradients. Random draws in `fn` are an error unless `randomness` says what they are.
 * @throws ArgumentError if batch sizes differ, a result is no tensor, or `fn` draws random numbers without leave.
 * @example vmap((x, y) => x.dot(y))(randn(8, 3), randn(8, 3)).shape // [8]
 */
export function vmap<R extends Tensor | readonly Tensor[]>(
  fn: (...args: Tensor[]) => R,
  options?: VmapOptions,
): (...args: Tensor[]) => R;
export function vmap<A extends readonly TensorTree[], R extends TensorTree>(
  fn: (...args: A) => R,
  options?: VmapOptions,
): (...args: A) => R;
export function vmap(fn: TreeFunction, options: VmapOptions = {}, ...surplus: []): (...args: never[]) => unknown {
  noMore("vmap", surplus);
  checkOptions("vmap", options, ["inDims", "outDims", "chunkSize", "randomness"]);
  checkFunction("vmap", "its first argument", fn);
  checkChoices(options);
  const { inDims = 0, outDims = 0, randomness = "error" } = options;
  return (...args) => {
    const given = new TreeArguments("vmap", args);
    const batch = batchOf(given, inDims);
    const draws = new ExampleDraws(randomness);
    const chunks = chunksOf(batch, options.chunkSize ?? batch.size);
    const parts = chunks.map((part) => mapped(fn, given, part, draws));
    const { results } = parts[0] as Mapped;
    const sizes = chunks.map(({ size }) => size);
    const whole = results.dimsOf("outDims", outDims).map((dim, k) => {
      const nodes = parts.map((part) => part.nodes[k] as ops.BatchedInput);
      return placed(k, nodes, sizes, dim);
    });
    return results.treeOf(whole);
  };
}

/** The first example, standing for all. Its values are never read. */
function exampleOf(batch: Node): Node {
  const first = detached(ops.select(batch, 0, 0));
  return batch.requiresGrad ? leafOf(first, new Variable<unknown>(true)) : first;
}

// Batching: the value of a node for a whole batch of inputs, `[B, …]` where the node has `[…]`. Elementwise work, movements,
// reductions, contractions, scans and scatters take the batch as one more dim; anything else is applied example by
// example and stacked, which is right for every primitive.
import type { Shape } from "../base/index.js";
import { type Attrs, apply, attr, type Node } from "../graph/index.js";
import { concat } from "./concat.js";
import { expand, reshape, slice } from "./movement.js";
import { randomBlocks } from "./random.js";

/** An input of a node: with a leading batch dim, or the same for all examples. */
export interface BatchedInput {
  readonly node: Node;
  readonly isBatched: boolean;
}

/** Gives the batched value of `node`, whose inputs were replaced by `inputs`; null if the rule does not apply. */
type Rule = (node: Node, inputs: readonly BatchedInput[], size: number) => Node | null;

/** An input as `[B, …shape]`, where it has `shape` for one example. */
function batched({ node, isBatched }: BatchedInput, size: number): Node {
  return isBatched ? node : expand(reshape(node, [1, ...node.shape]), [size, ...node.shape]);
}

const all = (inputs: readonly BatchedInput[], size: number): Node[] => inputs.map((x) => batched(x, size));

function withAttrs(node: Node, inputs: readonly Node[], attrs: Attrs): Node {
  return apply(node.primitive, inputs, { ...node.attrs, ...attrs });
}

const numbers = (node: Node, key: string): readonly number[] => attr<readonly number[]>(node, key);
const later = (dims: readonly number[]): number[] => dims.map((d) => d + 1);

/** Inputs have the result's shape or are 0-d: a batched 0-d one is spread over the result. */
const elementwise: Rule = (node, inputs, size) => {
  const rank = node.shape.length;
  const operands = inputs.map((x) => {
    const isNumber = (x.isBatched ? x.node.shape.length - 1 : x.node.shape.length) === 0;
    if (!x.isBatched) return isNumber || rank === 0 ? (isNumber ? x.node : batched(x, size)) : batched(x, size);
    if (!isNumber || rank === 0) return x.node;
    return expand(reshape(x.node, [size, ...new Array<number>(rank).fill(1)]), [size, ...node.shape]);
  });
  return apply(node.primitive, operands, node.attrs);
};

/** One more dim in front: the rule's dims all move by one. */
const shiftedDim: Rule = (node, inputs, size) =>
  withAttrs(node, all(inputs, size), { dim: attr<number>(node, "dim") + 1 });
const shiftedDims: Rule = (node, inputs, size) =>
  withAttrs(node, all(inputs, size), { dims: later(numbers(node, "dims")) });
const shapedDim: Rule = (node, inputs, size) =>
  withAttrs(node, all(inputs, size), {
    dim: attr<number>(node, "dim") + 1,
    shape: [size, ...numbers(node, "shape")],
  });

const movedAxes: Rule = (node, inputs, size) =>
  withAttrs(node, all(inputs, size), {
    axes: attr<readonly (readonly number[])[]>(node, "axes").map(([dim = 0, ...rest]) => [dim + 1, ...rest]),
  });

const rules: Readonly<Record<string, Rule>> = {
  reshape: (node, inputs, size) => withAttrs(node, all(inputs, size), { shape: [size, ...node.shape] }),
  permute: (node, inputs, size) => withAttrs(node, all(inputs, size), { dims: [0, ...later(numbers(node, "dims"))] }),
  expand: (node, inputs, size) => {
    const [x] = all(inputs, size) as [Node];
    const own: Shape = (node.inputs[0] as Node).shape;
    const lead = new Array<number>(node.shape.length - own.length).fill(1);
    return expand(reshape(x, [size, ...lead, ...own]), [size, ...node.shape]);
  },
  flip: shiftedDims,
  pad: (node, inputs, size) =>
    withAttrs(node, all(inputs, size), {
      before: [0, ...numbers(node, "before")],
      after: [0, ...numbers(node, "after")],
    }),
  slice: (node, inputs, size) => {
    const [dim = 0, ...rest] = numbers(node, "range");
    return withAttrs(node, all(inputs, size), { range: [dim + 1, ...rest] });
  },
  part: (node, inputs, size) => {
    const [x, start] = inputs as [BatchedInput, BatchedInput];
    const [dim = 0, ...rest] = numbers(node, "range");
    return withAttrs(node, [batched(x, size), start.node], { range: [dim + 1, ...rest] });
  },
  part_write: (node, inputs, size) => {
    const [x, value, start] = inputs as [BatchedInput, BatchedInput, BatchedInput];
    return withAttrs(node, [batched(x, size), batched(value, size), start.node], {
      dim: attr<number>(node, "dim") + 1,
    });
  },
  window: movedAxes,
  fold_apart: movedAxes,
  unwindow: movedAxes,
  rewindow: movedAxes,
  checked: (node, inputs, size) => apply(node.primitive, all(inputs, size), node.attrs),
  gather: shiftedDim,
  scatter_sum: shapedDim,
  scatter_fold: shapedDim,
  last_position: shiftedDim,
  argsort: shiftedDim,
  cumsum: shiftedDim,
  recurrence: shiftedDim,
  cummax: shiftedDim,
  cummin: shiftedDim,
  logcumsumexp: shiftedDim,
  softmax: shiftedDim,
  logSoftmax: shiftedDim,
  variance: shiftedDims,
  standardize: shiftedDims,
  logsumexp: shiftedDims,
  // A table read at batched places; the table itself is the same for all examples.
  index: (node, inputs, size) => {
    const [table, index, ...more] = inputs as [BatchedInput, BatchedInput, ...BatchedInput[]];
    const dim = attr<number>(node, "dim");
    if (table.isBatched && !index.isBatched && more.every((x) => !x.isBatched)) {
      return withAttrs(node, [table.node, ...inputs.slice(1).map((x) => x.node)], { dim: dim + 1 });
    }
    // Uses would be counted over all examples.
    if (table.isBatched || dim !== 0 || more.length > 0 || attr<boolean>(node, "byFrequency")) return null;
    return withAttrs(node, [table.node, batched(index, size)], {});
  },
  // Examples join the batch of the convolution where they share the weight.
  conv: (node, inputs, size) => {
    const [x, weight] = inputs as [BatchedInput, BatchedInput];
    if (weight.isBatched || attr<number>(node, "batchGroups") !== 1) return null;
    const [, n, ...rest] = x.node.shape as [number, number, ...number[]];
    const joined = apply(node.primitive, [reshape(x.node, [size * n, ...rest]), weight.node], node.attrs);
    return reshape(joined, [size, ...node.shape]);
  },
};

function contraction(node: Node, inputs: readonly BatchedInput[]): Node {
  const labels = (key: string): readonly number[] => numbers(node, key);
  const fresh = 1 + Math.max(0, ...labels("a"), ...labels("b"), ...labels("out"));
  const own = (key: "a" | "b", i: number): readonly number[] =>
    inputs[i]?.isBatched ? [fresh, ...labels(key)] : labels(key);
  const operands = inputs.map((x) => x.node);
  return withAttrs(node, operands, { a: own("a", 0), b: own("b", 1), out: [fresh, ...labels("out")] });
}

/** Composites whose parts are all elementwise need no dims. */
function isElementwiseComposite(node: Node): boolean {
  if ("dim" in node.attrs || "dims" in node.attrs) return false;
  const fits = (x: Node) => x.shape.length === 0 || sameShape(x.shape, node.shape);
  return node.inputs.every(fits) && elementwiseComposites.has(node.primitive.name);
}

/** Composites of elementwise parts, by name: a composite may as well be a sum over everything. */
const elementwiseComposites: ReadonlySet<string> = new Set([
  ...[
    "sigmoid",
    "gelu",
    "clamp",
    "binaryCrossEntropy",
    "asin",
    "acos",
    "asinh",
    "acosh",
    "atanh",
    "sinc",
    "lgamma",
    "digamma",
  ],
  ...["polygamma", "erfinv", "logit", "xlogy", "logaddexp", "logaddexp2", "hypot"],
]);

const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((size, d) => size === b[d]);

/** The batched value of `node`; `inputs` stand for its inputs, at least one of them batched. */
export function batchNode(node: Node, inputs: readonly BatchedInput[], size: number): Node {
  const { primitive } = node;
  if (primitive.kind === "pointwise" && primitive.isElementwise) return elementwise(node, inputs, size) as Node;
  if (primitive.kind === "reduction") return shiftedDims(node, inputs, size) as Node;
  if (primitive.kind === "contraction") return contraction(node, inputs);
  if (primitive.kind === "concat") return shiftedDim(node, inputs, size) as Node;
  if (primitive.kind === "composite" && isElementwiseComposite(node)) return elementwise(node, inputs, size) as Node;
  return rules[primitive.name]?.(node, inputs, size) ?? oneByOne(node, inputs, size);
}

/**
 * The definition: the primitive applied to each example, the results stacked. `instead` gives inputs that take the place of the first
 * ones, anew for each example.
 */
function oneByOne(
  node: Node,
  inputs: readonly BatchedInput[],
  size: number,
  instead: () => readonly Node[] = () => [],
): Node {
  const results = Array.from({ length: size }, (_, i) => {
    const own = inputs.map((x) => (x.isBatched ? reshape(slice(x.node, 0, i, i + 1), x.node.shape.slice(1)) : x.node));
    const first = instead();
    const y = apply(node.primitive, [...first, ...own.slice(first.length)], node.attrs);
    return reshape(y, [1, ...y.shape]);
  });
  return results.length === 1 ? (results[0] as Node) : concat(results, 0);
}

/** The key of a draw: what primitives that draw have as their first inputs. */
export type DrawKey = readonly [seedLow: Node, seedHigh: Node, offsetLow: Node, offsetHigh: Node];

/**
 * The values of a node that draws from a stream, drawn anew for each example.
 * @param blocks - of the stream that the node uses up.
 * @param draw - takes the next blocks of the stream.
 */
export function batchDraw(
  node: Node,
  inputs: readonly BatchedInput[],
  size: number,
  blocks: number,
  draw: (blocks: number) => DrawKey,
): Node {
  if (node.primitive.name !== "random_bits") return oneByOne(node, inputs, size, () => draw(blocks));
  // Words of a stream have no shape: one draw has those of all examples.
  const count = size * attr<number>(node, "count");
  return reshape(apply(node.primitive, draw(randomBlocks(count)), { count }), [size, ...node.shape]);
}

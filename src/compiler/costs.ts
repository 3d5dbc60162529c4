// Estimates that guide scheduling: what an element costs to compute, and how often it would be computed.
import { numel } from "../base/index.js";
import { attr, type Node } from "../graph/index.js";

/** Reductions over at most this many elements are written out as expressions (pooling windows, phases of a stride). */
export const UNROLLED_REDUCTION = 16;

/** Elements that each result of a reduction combines. */
export function reductionCount(node: Node): number {
  const input = node.inputs[0] as Node;
  return numel(attr<readonly number[]>(node, "dims").map((d) => input.shape[d] as number));
}

/**
 * True for nodes whose value is an expression of input elements, so that a consumer can compute it on the spot: pointwise
 * ones, and reductions over a pair or a pooling window. Short rows (a softmax over ten classes) stay loops: those fuse.
 */
export function isPointLike(node: Node): boolean {
  if (node.primitive.kind === "pointwise") return true;
  if (node.primitive.kind !== "reduction") return false;
  const count = reductionCount(node);
  return count <= 4 || (count <= UNROLLED_REDUCTION && readsWindows(node.inputs[0] as Node));
}

/** A convolution of so few terms has too little work an element for packing its windows to pay. */
const FEW_TERMS = 16;

/**
 * True for sums of few products over windows (the first layer of a network, depthwise convolutions): a consumer can compute
 * them on the spot, so that bias, activation and pooling follow without a pass over memory.
 */
export function isShortConvolution(node: Node): boolean {
  if (node.primitive.kind !== "contraction" || node.isRealized) return false;
  if (node.dtype !== "float32" && node.dtype !== "float64") return false;
  const terms = termCount(node);
  return terms > 0 && terms <= FEW_TERMS && node.inputs.some(readsWindows);
}

/** A contraction to few results whose sums are long: see lower-long-sum.ts. Dims by their labels. */
export interface LongSum {
  /** The operand with few free elements (the taps of a filter), read where it lies. */
  readonly few: Node;
  readonly fewLabels: readonly number[];
  /** The operand that is computed where it is read. */
  readonly many: Node;
  readonly manyLabels: readonly number[];
  /** Free dims of `many` and of `few`, and how many elements they make. */
  readonly rows: readonly number[];
  readonly columns: readonly number[];
  readonly rowCount: number;
  readonly columnCount: number;
  readonly summed: readonly number[];
  readonly extents: ReadonlyMap<number, number>;
}

/** Sums of fewer terms are left to the general schedule. */
const LONG_SUM = 4096;
/** Loops of the sum: the first is cut into parts for the threads, the last runs in vectors. */
const LEAST_OUTER = 8;
const LEAST_INNER = 8;
/** Accumulators of one row of results stay in registers. */
const MOST_COLUMNS = 12;
const MOST_ROWS = 128;

/** `node` as a long sum over windows, or null if it is none. */
export function longSum(node: Node): LongSum | null {
  if (node.primitive.kind !== "contraction" || node.isRealized || node.size === 0) return null;
  if ((node.dtype !== "float32" && node.dtype !== "float64") || termCount(node) < LONG_SUM) return null;
  const [a, b, out] = ["a", "b", "out"].map((key) => attr<readonly number[]>(node, key)) as [
    number[],
    number[],
    number[],
  ];
  const [x, y] = node.inputs as [Node, Node];
  const sizesOf = (labels: readonly number[], operand: Node): [number, number][] =>
    labels.map((label, d) => [label, operand.shape[d] as number]);
  const extents = new Map([...sizesOf(a, x), ...sizesOf(b, y)]);
  const count = (labels: readonly number[]): number => numel(labels.map((label) => extents.get(label) as number));
  const [freeA, freeB] = [a, b].map((labels) => labels.filter((label) => out.includes(label))) as [number[], number[]];
  if (count(freeA.filter((label) => b.includes(label))) > 1) return null;
  const swap = count(freeA) > count(freeB);
  const [few, many] = swap ? [y, x] : [x, y];
  const [fewLabels, manyLabels] = swap ? [b, a] : [a, b];
  const [columns, rows] = swap ? [freeB, freeA] : [freeA, freeB];
  const summed = manyLabels.filter((label) => !out.includes(label) && extents.get(label) !== 1);
  const [first, last] = [extents.get(summed[0] as number) ?? 0, extents.get(summed.at(-1) as number) ?? 0];
  const [rowCount, columnCount] = [count(rows), count(columns)];
  const fits = columnCount <= MOST_COLUMNS && rowCount <= MOST_ROWS && first >= LEAST_OUTER && last >= LEAST_INNER;
  if (!fits || summed.length < 2 || !readsWindows(few)) return null;
  return { few, fewLabels, many, manyLabels, rows, columns, rowCount, columnCount, summed, extents };
}

/** Products that each result of a contraction sums. */
function termCount(node: Node): number {
  const [a, out] = [attr<readonly number[]>(node, "a"), attr<readonly number[]>(node, "out")];
  const { shape } = node.inputs[0] as Node;
  return numel(shape.filter((_, d) => !out.includes(a[d] as number)));
}

/** True if the value is made, element by element, of overlapping windows: more elements than lie in memory. */
function readsWindows(node: Node): boolean {
  const { primitive } = node;
  if (primitive.kind !== "pointwise" || node.isRealized) return false;
  if (primitive.isElementwise) return node.inputs.some(readsWindows);
  const source = node.inputs[0];
  return (
    source !== undefined &&
    (readsWindows(source) ||
      (source.shape.length > 0 && node.size > source.size && node.inputs.length === 1 && !isBroadcast(node, source)))
  );
}

/** True if `node` can only be `source` repeated along dims of size 1 and new leading dims. */
export function isBroadcast(node: Node, source: Node): boolean {
  const lead = node.shape.length - source.shape.length;
  return lead >= 0 && source.shape.every((size, d) => size === 1 || size === node.shape[d + lead]);
}

/** Cost of a node's own work for one element, without its inputs. */
export function ownCost(node: Node): number {
  if (node.primitive.kind === "pointwise") return node.primitive.cost;
  if (node.primitive.kind === "reduction") return reductionCount(node);
  return isShortConvolution(node) ? termCount(node) : 0;
}

/** How many elements of `input` are evaluated for each element of the result. */
export function readsPerElement(node: Node, input: Node): number {
  if (node.primitive.kind === "reduction") return reductionCount(node);
  if (isShortConvolution(node)) return termCount(node);
  const sum = longSum(node);
  if (sum) return (input.size / node.size) * (input === sum.many ? 1 : sum.rowCount);
  return 1;
}

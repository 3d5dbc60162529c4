// Estimates that guide scheduling: what an element costs to compute, and how often it would be computed.
import { numel } from "../base/index.js";
import { attr, type Node } from "../graph/index.js";

/** Reductions over at most this many elements are written out as expressions (pooling windows, phases of a stride). */
export const UNROLLED_REDUCTION = 16;

/** Fewer batches, one for a tile, do not keep the threads busy. */
export const MIN_BATCHES = 16;

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

/** Windows of a group of channels that have more taps than this lose by it if each result loads all of its own. */
const FEW_TAPS = 4;

/**
 * True for sums of few products over windows (the first layer of a network): a consumer can compute them on the spot, so that
 * bias, activation and pooling follow without a pass over memory.
 */
export function isShortConvolution(node: Node): boolean {
  if (node.primitive.kind !== "contraction" || node.isRealized) return false;
  if (node.dtype !== "float32" && node.dtype !== "float64") return false;
  const terms = termCount(node);
  const most = isGrouped(node) ? FEW_TAPS : FEW_TERMS;
  return terms > 0 && terms <= most && node.inputs.some((input) => readsWindows(input));
}

/** True if both operands and the result have some dim in common: the groups of a convolution. */
function isGrouped(node: Node): boolean {
  const [a, b, out] = (["a", "b", "out"] as const).map((key) => attr<readonly number[]>(node, key)) as [
    readonly number[],
    readonly number[],
    readonly number[],
  ];
  return out.some((label, d) => a.includes(label) && b.includes(label) && node.shape[d] !== 1);
}

/** Products that each result of a contraction sums. */
export function termCount(node: Node): number {
  const [a, out] = [attr<readonly number[]>(node, "a"), attr<readonly number[]>(node, "out")];
  const { shape } = node.inputs[0] as Node;
  return numel(shape.filter((_, d) => !out.includes(a[d] as number)));
}

/**
 * True if the value is made, element by element, of overlapping windows: more elements than lie in memory. `known` keeps answers
 * of one compilation.
 */
export function readsWindows(node: Node, known: Map<Node, boolean> = new Map()): boolean {
  // Each node once: polynomials read their argument at each step, and the paths through them double with each.
  const visit = (at: Node): boolean => {
    const { primitive } = at;
    if (primitive.kind !== "pointwise" || at.isRealized) return false;
    let answer = known.get(at);
    if (answer !== undefined) return answer;
    if (primitive.isElementwise) answer = at.inputs.some(visit);
    else {
      const source = at.inputs[0];
      answer = source !== undefined && (visit(source) || repeats(at, source));
    }
    known.set(at, answer);
    return answer;
  };
  return visit(node);
}

/** True for a movement of overlapping parts of `source`. */
function repeats(node: Node, source: Node): boolean {
  if (source.shape.length === 0 || node.inputs.length !== 1) return false;
  return node.size > source.size && !isBroadcast(node, source);
}

/** True if `node` can only be `source` repeated along dims of size 1 and new leading dims. */
export function isBroadcast(node: Node, source: Node): boolean {
  const lead = node.shape.length - source.shape.length;
  return lead >= 0 && source.shape.every((size, d) => size === 1 || size === node.shape[d + lead]);
}

/** True for positions along a dim: numbers of the loops, whether this program stores them as well or not. (Values of others have no inputs left.) */
export function isPosition({ primitive, inputs, isRealized }: Node): boolean {
  return !isRealized && primitive.kind === "pointwise" && primitive.cost === 0 && inputs.length === 0;
}

/** Cost of a node's own work for one element, without its inputs. */
export function ownCost(node: Node): number {
  if (node.primitive.kind === "pointwise") return node.primitive.cost;
  if (node.primitive.kind === "reduction") return reductionCount(node);
  return isShortConvolution(node) ? termCount(node) : 0;
}

// Estimates that guide scheduling: what an element costs to compute, and how often it would be computed.
import { numel } from "../base/shape.js";
import { attr, type Node } from "../graph/index.js";

/** Reductions over at most this many elements are written out as expressions (pooling windows, phases of a stride). */
export const UNROLLED_REDUCTION = 16;

/** Elements that each result of a reduction combines. */
export function reductionCount(node: Node): number {
  const input = node.inputs[0] as Node;
  return numel(attr<readonly number[]>(node, "dims").map((d) => input.shape[d] as number));
}

/** True for nodes whose value is an expression of input elements, so that a consumer can compute it on the spot. */
export function isPointLike(node: Node): boolean {
  const { kind } = node.primitive;
  return kind === "pointwise" || (kind === "reduction" && reductionCount(node) <= UNROLLED_REDUCTION);
}

/** Cost of a node's own work for one element, without its inputs. */
export function ownCost(node: Node): number {
  if (node.primitive.kind === "pointwise") return node.primitive.cost;
  if (node.primitive.kind === "reduction") return reductionCount(node);
  return 0;
}

/** How many elements of an input one element of the result reads. */
export function readsPerElement(node: Node): number {
  return node.primitive.kind === "reduction" ? reductionCount(node) : 1;
}

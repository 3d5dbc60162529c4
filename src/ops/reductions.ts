// Reductions over dims beside the sum: products and extrema. The result lacks the reduced dims.
import type { Node, ReductionPrimitive, Vjp } from "../graph/index.js";
import { apply } from "./apply.js";
import { defineReduction, dimsOf } from "./define-reduction.js";
import { cast, div, eq, mul } from "./elementwise.js";
import { spreadBack, sum } from "./movement.js";
import { exclusiveProducts } from "./products.js";

export { sum } from "./movement.js";

/** Each element's gradient is the product of the others. */
const prodP = defineReduction("prod", "mul", { inputs: [0], output: false }, (node, grad) => {
  const x = node.inputs[0] as Node;
  return [mul(spreadBack(grad, x.shape, dimsOf(node)), exclusiveProducts(x, dimsOf(node)))];
});

/** The elements that equal the extremum share its gradient evenly. NaN equals nothing: as in PyTorch its row gets NaN. */
const extremumVjp: Vjp = (node, grad) => {
  const x = node.inputs[0] as Node;
  const dims = dimsOf(node);
  const hits = cast(eq(x, spreadBack(node, x.shape, dims)), grad.dtype);
  return [mul(hits, spreadBack(div(grad, sum(hits, dims)), x.shape, dims))];
};
const amaxP = defineReduction("amax", "max", { inputs: [0], output: true }, extremumVjp);
const aminP = defineReduction("amin", "min", { inputs: [0], output: true }, extremumVjp);

const reduce =
  (primitive: ReductionPrimitive) =>
  (x: Node, dims: readonly number[]): Node =>
    dims.length === 0 ? x : apply(primitive, [x], { dims });

/** Product over `dims` (ascending), in the input's dtype. */
export const prod = reduce(prodP);
/** Largest elements over `dims`; NaN wins. bool: any. */
export const amax = reduce(amaxP);
/** Smallest elements over `dims`; NaN wins. bool: all. */
export const amin = reduce(aminP);

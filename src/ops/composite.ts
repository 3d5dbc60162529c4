// Composites: functions whose gradient has a better form than the chain of their parts (fewer passes, no 0 * Infinity).
// They compile as their parts.
import { Storage } from "../base/index.js";
import { type Attrs, type CompositePrimitive, hashText, type NdArray, type Node, type Vjp } from "../graph/index.js";
import { interpret } from "./interpret.js";
import { leaf } from "./leaves.js";

export interface CompositeRules {
  /** Default: shape and dtype of the first input. */
  readonly infer?: CompositePrimitive["infer"];
  /** The value, composed of primitives and other composites. */
  readonly compose: (inputs: readonly Node[], attrs: Attrs) => Node;
  readonly vjp: Vjp;
  readonly saves: CompositePrimitive["saves"];
}

export function defineComposite(name: string, { infer, compose, vjp, saves }: CompositeRules): CompositePrimitive {
  return {
    kind: "composite",
    name,
    hash: hashText(name),
    infer: infer ?? (([x]) => x as Node),
    decompose: (node) => compose(node.inputs, node.attrs),
    vjp,
    saves,
    reference: (node, inputs) => interpret([compose(inputs.map(toLeaf), node.attrs)])[0] as NdArray,
  };
}

function toLeaf({ dtype, data, shape }: NdArray): Node {
  return leaf(Storage.from(dtype, data), shape);
}

// Nodes with the value of another node but a gradient history of their own. Free in programs.
import {
  gradEnabled,
  hashText,
  Node,
  noAttrs,
  nodeListener,
  type PointwisePrimitive,
  type Vjp,
} from "../graph/index.js";
import { full } from "../ops/index.js";

/** The value of the first input. */
function definedAs(name: string, vjp: Vjp): PointwisePrimitive {
  return {
    name,
    hash: hashText(name),
    kind: "pointwise",
    cost: 0,
    isElementwise: true,
    infer: ([x]) => ({ shape: (x as Node).shape, dtype: (x as Node).dtype }),
    vjp,
    saves: { inputs: [], output: false },
    lower: (context, index) => context.input(0, index),
    reference: (_, [x]) => x as NonNullable<typeof x>,
  };
}

/** A gradient goes to the last input. */
const alias = definedAs("alias", (_, grad, needs) =>
  needs.map((isNeeded, i) => (isNeeded && i === needs.length - 1 ? grad : null)),
);

/** A gradient goes to the first input, zeros to the one that was overwritten. */
const overwrite = definedAs("overwrite", (_, grad, needs) => [
  needs[0] ? grad : null,
  needs[1] ? full(grad.shape, 0, grad.dtype) : null,
]);

function make(inputs: readonly Node[], requiresGrad: boolean, primitive = alias): Node {
  const { shape, dtype, device } = inputs[0] as Node;
  const node = new Node(primitive, inputs, noAttrs, shape, dtype, device, requiresGrad);
  nodeListener()?.(node);
  return node;
}

/** `x` as a node of its own, same history. */
export function copyOf(x: Node): Node {
  return make([x], x.requiresGrad);
}

/** `x` cut off from its history. */
export function detached(x: Node): Node {
  return make([x], false);
}

/** A leaf that requires grad, with the value of `x`. */
export function leafOf(x: Node, owner: object): Node {
  const node = make([x], true);
  node.owner = owner;
  return node;
}

/** The value of `value` with the history of `tracked`: what an in-place write under noGrad leaves behind. */
export function withHistoryOf(value: Node, tracked: Node): Node {
  return make([value, tracked], true);
}

/** `value` written over `old`: as in PyTorch, what `old` came from gets a gradient of zeros. */
export function overwritten(value: Node, old: Node): Node {
  return old.requiresGrad && gradEnabled() ? make([value, old], true, overwrite) : value;
}

/** The node whose storage holds the same bytes: aliases are looked through. */
export function throughAliases(node: Node): Node {
  let source = node;
  while (source.primitive === alias && !source.isRealized && source.inputs.length > 0)
    source = source.inputs[0] as Node;
  return source;
}

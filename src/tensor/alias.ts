// Nodes with the value of another node but a gradient history of their own. Free in programs.
import { hashText, Node, nodeListener, type PointwisePrimitive } from "../graph/index.js";

/** The value of the first input; a gradient goes to the last. */
const alias: PointwisePrimitive = {
  name: "alias",
  hash: hashText("alias"),
  kind: "pointwise",
  cost: 0,
  isElementwise: true,
  infer: ([x]) => ({ shape: (x as Node).shape, dtype: (x as Node).dtype }),
  vjp: (_, grad, needs) => needs.map((isNeeded, i) => (isNeeded && i === needs.length - 1 ? grad : null)),
  saves: { inputs: [], output: false },
  lower: (context, index) => context.input(0, index),
  reference: (_, [x]) => x as NonNullable<typeof x>,
};

function make(inputs: readonly Node[], requiresGrad: boolean): Node {
  const { shape, dtype, device } = inputs[0] as Node;
  const node = new Node(alias, inputs, {}, shape, dtype, device, requiresGrad);
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

/** The node whose storage holds the same bytes: aliases are looked through. */
export function throughAliases(node: Node): Node {
  let source = node;
  while (source.primitive === alias && !source.isRealized && source.inputs.length > 0)
    source = source.inputs[0] as Node;
  return source;
}

// Reverse mode over nodes: orders the graph, applies gradient rules, sums what meets.
import { AutogradError } from "../base/index.js";
import { type Node, startWalk } from "../graph/index.js";
import { sumOfParts, withoutPadding } from "../ops/index.js";
import { isLeafOwner } from "./variable.js";

/** Leaves of the gradient graph: where a chain of rules ends. */
export function isLeafNode(node: Node): boolean {
  return isLeafOwner(node.owner);
}

/** A leaf counts by what owns it: once its value is stored, a tensor may stand for it by another node. */
export function keyOf(node: Node): object {
  return isLeafNode(node) ? (node.owner as object) : node;
}

/** Nodes below `roots` that a gradient flows through, latest first. Ids grow in creation order, so this is topological. */
export function gradientOrder(roots: readonly Node[], isEnd?: (node: Node) => boolean): Node[] {
  const walk = startWalk();
  const found: Node[] = [];
  const add = (nodes: readonly Node[]) => {
    for (let i = 0; i < nodes.length; i++) {
      const node = nodes[i] as Node;
      if (node.walk === walk || !node.requiresGrad) continue;
      node.walk = walk;
      found.push(node);
    }
  };
  add(roots);
  // The list grows while it is walked.
  for (let i = 0; i < found.length; i++) {
    const node = found[i] as Node;
    if (!isLeafNode(node) && !isEnd?.(node)) add(node.inputs);
  }
  return found.sort((a, b) => b.id - a.id);
}

/** Gradients by node, added up once all that arrive at it are there. */
export class GradientMap {
  readonly #grads = new Map<Node, Node[]>();

  add(node: Node, grad: Node): void {
    const known = this.#grads.get(node);
    if (known) known.push(grad);
    else this.#grads.set(node, [grad]);
  }

  /** What the gradients that have been handed on so far are made of: of a padded part, the part. */
  values(): Node[] {
    return [...this.#grads.values()].flatMap((grads) => grads.map(withoutPadding));
  }

  /** The gradient, which the map gives up: nothing adds to it any more. */
  take(node: Node): Node | undefined {
    const grads = this.#grads.get(node);
    if (!grads) return undefined;
    this.#grads.delete(node);
    return sumOfParts(grads);
  }
}

/** Applies the rule of `node` and hands the results on to those inputs that `wants`; `onResult` sees each by itself. */
export function applyRule(
  node: Node,
  grad: Node,
  grads: GradientMap,
  wants: (input: Node) => boolean,
  onResult?: (result: Node, input: number) => void,
): void {
  const { vjp, name } = node.primitive;
  if (typeof vjp !== "function") throw new AutogradError(`${name}: has no gradient; ${vjp.reason}`, { op: name });
  const { inputs } = node;
  const needs: boolean[] = [];
  for (let i = 0; i < inputs.length; i++) {
    const input = inputs[i] as Node;
    needs.push(input.requiresGrad && wants(input));
  }
  const results = vjp(node, grad, needs);
  for (let i = 0; i < needs.length; i++) {
    const result = results[i];
    if (!needs[i] || !result) continue;
    onResult?.(result, i);
    grads.add(inputs[i] as Node, result);
  }
}

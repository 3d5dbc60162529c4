// Reverse mode over nodes: orders the graph, applies gradient rules, sums what meets.
import { AutogradError } from "../base/index.js";
import type { Node } from "../graph/index.js";
import { sumOfParts, withoutPadding } from "../ops/index.js";
import { isLeafOwner } from "./variable.js";

/** Leaves of the gradient graph: where a chain of rules ends. */
export function isLeafNode(node: Node): boolean {
  return isLeafOwner(node.owner);
}

/** Nodes below `roots` that a gradient flows through, latest first. Ids grow in creation order, so this is topological. */
export function gradientOrder(roots: readonly Node[], isEnd: (node: Node) => boolean = () => false): Node[] {
  const seen = new Set<Node>();
  const stack: Node[] = [];
  for (const root of roots) {
    if (root.requiresGrad && !seen.has(root)) {
      seen.add(root);
      stack.push(root);
    }
  }
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (isLeafNode(node) || isEnd(node)) continue;
    for (const input of node.inputs) {
      if (!input.requiresGrad || seen.has(input)) continue;
      seen.add(input);
      stack.push(input);
    }
  }
  return [...seen].sort((a, b) => b.id - a.id);
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
  const needs = node.inputs.map((input) => input.requiresGrad && wants(input));
  const results = vjp(node, grad, needs);
  for (let i = 0; i < needs.length; i++) {
    const result = results[i];
    if (!needs[i] || !result) continue;
    onResult?.(result, i);
    grads.add(node.inputs[i] as Node, result);
  }
}

// Walks over the graph.
import type { Node } from "./node.js";

/** Nodes reachable from `roots` whose value is not there yet, inputs first; realised ones come as leaves of it. */
export function topologicalOrder(
  roots: readonly Node[],
  isLeaf: (node: Node) => boolean = (n) => n.isRealized,
): Node[] {
  const order: Node[] = [];
  const state = new Map<Node, 0 | 1>();
  const stack: Node[] = [...roots].reverse();
  while (stack.length > 0) {
    const node = stack[stack.length - 1] as Node;
    const seen = state.get(node);
    if (seen !== undefined) {
      stack.pop();
      if (seen === 0) {
        state.set(node, 1);
        order.push(node);
      }
      continue;
    }
    state.set(node, 0);
    if (isLeaf(node)) continue;
    for (let i = node.inputs.length - 1; i >= 0; i--) {
      const input = node.inputs[i] as Node;
      if (!state.has(input)) stack.push(input);
    }
  }
  return order;
}

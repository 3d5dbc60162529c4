// Walks over the graph.
import type { Node } from "./node.js";

let walks = 0;

/**
 * A number for a walk over nodes: those it came to have it as `node.walk`, and `node.mark` is the walk's own. Walks do not nest:
 * what runs between the first node and the last must not start another.
 */
export function startWalk(): number {
  return ++walks;
}

const open = -1;

/** Nodes reachable from `roots` whose value is not there yet, inputs first; realised ones come as leaves of it. Each node's `mark` is its place. */
export function topologicalOrder(
  roots: readonly Node[],
  isLeaf: (node: Node) => boolean = (n) => n.isRealized,
): Node[] {
  const order: Node[] = [];
  const walk = startWalk();
  const stack: Node[] = [];
  for (let i = roots.length - 1; i >= 0; i--) stack.push(roots[i] as Node);
  while (stack.length > 0) {
    const node = stack[stack.length - 1] as Node;
    if (node.walk === walk) {
      stack.pop();
      if (node.mark === open) node.mark = order.push(node) - 1;
      continue;
    }
    node.walk = walk;
    if (isLeaf(node) || node.inputs.length === 0) {
      stack.pop();
      node.mark = order.push(node) - 1;
      continue;
    }
    node.mark = open;
    const { inputs } = node;
    for (let i = inputs.length - 1; i >= 0; i--) {
      const input = inputs[i] as Node;
      if (input.walk !== walk) stack.push(input);
    }
  }
  return order;
}

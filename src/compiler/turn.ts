// Pass behind rewriting: a contraction whose only reader permutes it gives its result in that order at once, and so on where that is
// permuted again (the gradient of an attention's keys). Filter gradients end like this; written in the parameter's order, they need no
// pass over memory of their own.
import { apply, attr, type Node, topologicalOrder } from "../graph/index.js";
import { isLeaf } from "./rewrite.js";

/** The graph below `roots` with such pairs joined: what stands for each root. */
export function turnContractions(roots: readonly Node[]): Node[] {
  const order = topologicalOrder(roots, isLeaf);
  const isTurned = pairs(order, roots);
  if (isTurned.size === 0) return [...roots];
  const made = new Map<Node, Node>();
  const madeOf = (node: Node): Node => made.get(node) as Node;
  for (const node of order) {
    if (isTurned.has(node)) made.set(node, turned(node, madeOf));
    else if (isLeaf(node) || node.inputs.every((input) => madeOf(input) === input)) made.set(node, node);
    else made.set(node, apply(node.primitive, node.inputs.map(madeOf), node.attrs));
  }
  return roots.map(madeOf);
}

/** Permutations of contractions that nobody else reads. */
function pairs(order: readonly Node[], roots: readonly Node[]): ReadonlySet<Node> {
  const readers = new Map<Node, number>();
  const count = (node: Node): void => void readers.set(node, (readers.get(node) ?? 0) + 1);
  roots.forEach(count);
  for (const node of order) if (!isLeaf(node)) node.inputs.forEach(count);
  const found = new Set<Node>();
  for (const node of order) {
    const input = node.inputs[0];
    if (isLeaf(node) || node.primitive.name !== "permute" || !input || isLeaf(input)) continue;
    const isPair = input.primitive.kind === "contraction" || found.has(input);
    if (isPair && readers.get(input) === 1) found.add(node);
  }
  return found;
}

/** The contraction below `permuted`, its result's labels in the permuted order. */
function turned(permuted: Node, madeOf: (node: Node) => Node): Node {
  const product = madeOf(permuted.inputs[0] as Node);
  const labels = attr<readonly number[]>(product, "out");
  const out = attr<readonly number[]>(permuted, "dims").map((d) => labels[d] as number);
  return apply(product.primitive, product.inputs, { ...product.attrs, out });
}

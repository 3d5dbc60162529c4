// Sums of padded parts: what the gradients of slices of one value add up to.
import { attr, type Node } from "../graph/index.js";
import { concat } from "./concat.js";
import { add } from "./elementwise.js";

/** A value with zeros on both sides along one dim. */
interface Piece {
  readonly value: Node;
  readonly dim: number;
  readonly start: number;
}

/**
 * The sum of gradients of one value. Parts that lie end to end in zeros and cover the whole (the gradients of chunks, of a
 * value that was split) are joined: each element is written once, and read where it lies. The sign of a zero is free.
 *
 * Takes all summands at once, for a sum of the first few would be work of its own once the last part completes the whole.
 */
export function sumOfParts(grads: readonly Node[]): Node {
  const [first] = grads as readonly [Node, ...Node[]];
  if (grads.length === 1) return first;
  const pieces: Piece[] = [];
  const areParts: boolean[] = [];
  for (const grad of grads) {
    const count = pieces.length;
    const isPart = collect(grad, pieces);
    if (!isPart) pieces.length = count;
    areParts.push(isPart);
  }
  const whole = joined(pieces, first);
  if (!whole) return grads.reduce(add);
  const rest = grads.filter((_, i) => !areParts[i]);
  return [...rest, whole].reduce(add);
}

/** The part in a value that is one part in zeros: what to store of it. */
export function withoutPadding(node: Node): Node {
  return pieceOf(node)?.value ?? node;
}

/** Adds the parts whose sum `node` is to `pieces`; false if it is no such sum. */
function collect(node: Node, pieces: Piece[]): boolean {
  if (node.isRealized) return false;
  if (node.primitive.name === "add") return node.inputs.every((input) => collect(input, pieces));
  const piece = pieceOf(node);
  if (piece) pieces.push(piece);
  return piece !== null;
}

function pieceOf(node: Node): Piece | null {
  if (node.primitive.name !== "pad" || attr<number>(node, "value") !== 0) return null;
  const [before, after] = [attr<readonly number[]>(node, "before"), attr<readonly number[]>(node, "after")];
  let dim = -1;
  for (let d = 0; d < before.length; d++) {
    if (before[d] === 0 && after[d] === 0) continue;
    if (dim !== -1) return null;
    dim = d;
  }
  const start = before[dim] ?? -1;
  return start < 0 || (after[dim] as number) < 0 ? null : { value: node.inputs[0] as Node, dim, start };
}

/** The parts end to end, if they are as long as the whole. */
function joined(pieces: readonly Piece[], whole: Node): Node | null {
  if (pieces.length < 2) return null;
  const parts = [...pieces].sort((p, q) => p.start - q.start);
  const { dim } = parts[0] as Piece;
  let end = 0;
  for (const { value, dim: own, start } of parts) {
    if (own !== dim || start !== end || value.dtype !== whole.dtype) return null;
    end += value.shape[dim] as number;
  }
  if (end !== whole.shape[dim]) return null;
  const values = parts.map(({ value }) => value);
  return concat(values, dim);
}

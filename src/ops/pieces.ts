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

/** More parts than this stay a sum: each part that is joined has a kernel of its own. */
const MOST_PIECES = 64;

/**
 * a + b. Where the two are sums of parts that lie end to end in zeros and cover the whole (the gradients of chunks, of a value
 * that was split), the parts joined: each element is written once, and read where it lies. The sign of a zero is free.
 */
export function addPieces(a: Node, b: Node): Node {
  const pieces: Piece[] = [];
  const areParts = collect(a, pieces) && collect(b, pieces);
  return (areParts ? joined(pieces, a) : null) ?? add(a, b);
}

/** Adds the parts whose sum `node` is to `pieces`; false if it is no such sum. */
function collect(node: Node, pieces: Piece[]): boolean {
  if (node.isRealized || pieces.length >= MOST_PIECES) return false;
  if (node.primitive.name === "add") return node.inputs.every((input) => collect(input, pieces));
  const piece = pieceOf(node);
  if (piece) pieces.push(piece);
  return piece !== null;
}

function pieceOf(node: Node): Piece | null {
  if (node.primitive.name !== "pad" || attr<number>(node, "value") !== 0) return null;
  const [before, after] = [attr<readonly number[]>(node, "before"), attr<readonly number[]>(node, "after")];
  const dims = before.flatMap((n, d) => (n !== 0 || after[d] !== 0 ? [d] : []));
  const [dim] = dims;
  if (dim === undefined || dims.length > 1) return null;
  const start = before[dim] as number;
  return start < 0 || (after[dim] as number) < 0 ? null : { value: node.inputs[0] as Node, dim, start };
}

/** The parts end to end, if they are as long as the whole. */
function joined(pieces: readonly Piece[], whole: Node): Node | null {
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

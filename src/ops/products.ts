// Products of all other elements: the gradient of a product, right where elements are zero.
import type { Node } from "../graph/index.js";
import { mul } from "./elementwise.js";
import { flip, pad, permute, reshape, slice } from "./movement.js";

/**
 * Π_{j ≠ i} x_j over `dims`, in the shape of `x`: products of everything before times products of everything after, by
 * doubling steps (log n multiplications), so that no division by an element is needed.
 */
export function exclusiveProducts(x: Node, dims: readonly number[]): Node {
  const rest = x.shape.map((_, d) => d).filter((d) => !dims.includes(d));
  const order = [...rest, ...dims];
  const moved = permute(x, order);
  const lead = rest.map((d) => x.shape[d] as number);
  const count = dims.reduce((n, d) => n * (x.shape[d] as number), 1);
  const flat = reshape(moved, [...lead, count]); // [..., n]
  const last = lead.length;
  const before = shiftRight(inclusive(flat, last), last);
  const reversed = flip(flat, [last]);
  const after = flip(shiftRight(inclusive(reversed, last), last), [last]);
  const inverse = order.map((_, d) => order.indexOf(d));
  return permute(reshape(mul(before, after), moved.shape), inverse);
}

/** Running products along the last dim: after step s each element holds the product of the 2^s elements up to it. */
function inclusive(x: Node, dim: number): Node {
  const count = x.shape[dim] as number;
  let product = x;
  for (let width = 1; width < count; width *= 2) product = mul(product, shifted(product, dim, width));
  return product;
}

function shiftRight(x: Node, dim: number): Node {
  return (x.shape[dim] as number) === 0 ? x : shifted(x, dim, 1);
}

/** Moved `by` places to the right; ones come in. */
function shifted(x: Node, dim: number, by: number): Node {
  const zeros = x.shape.map(() => 0);
  const kept = slice(x, dim, 0, (x.shape[dim] as number) - by, 1);
  return pad(
    kept,
    zeros.map((z, d) => (d === dim ? by : z)),
    zeros,
    1,
  );
}

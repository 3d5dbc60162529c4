// Linear algebra on matrices `[…, n, n]`: systems, inverses, determinants, factorisations, with their gradients.
// Gradients after Giles, "Collected matrix derivative results for forward and reverse mode AD", 2008.
import { ShapeError } from "../base/index.js";
import { attr, type Node } from "../graph/index.js";
import { apply } from "./apply.js";
import { constantLike, shapeError } from "./composing.js";
import { defineComposite } from "./composite.js";
import { eye } from "./creation.js";
import { abs, add, cast, div, eq, log, mul, ne, neg, sub, where } from "./elementwise.js";
import { gatherUnchecked } from "./gathering.js";
import { iota } from "./leaves.js";
import { luPacked } from "./lu-kernels.js";
import { matmul, matrixTranspose } from "./matmul.js";
import { choleskyFactor, eighPacked, substitute } from "./matrix-kernels.js";
import { expand, reshape, slice } from "./movement.js";
import { prod, sum } from "./reductions.js";
import { diagonal } from "./shaping.js";
import { tril, triu } from "./triangular.js";
import { checked } from "./value-checks.js";

const size = (x: Node): number => x.shape[x.shape.length - 1] as number;

export function checkSquare(op: string, x: Node): void {
  const rank = x.shape.length;
  if (rank >= 2 && x.shape[rank - 1] === x.shape[rank - 2]) return;
  throw new ShapeError(`${op}: takes square matrices (input [${x.shape.join(",")}])`, { op, shapes: [x.shape] });
}

/** Main diagonals `[…, n]`. */
const diagonals = (x: Node): Node => diagonal(x, 0, -2, -1);

interface Factors {
  /** U above, L without its ones below the diagonal. */
  readonly lu: Node;
  /** Which row of the input each row is, `[…, n]`, int32. */
  readonly order: Node;
}

function factors(x: Node): Factors {
  const packed = luPacked(x);
  const [n, dim] = [size(x), x.shape.length - 1];
  const order = reshape(slice(packed, dim, n, n + 1), x.shape.slice(0, -1));
  return { lu: slice(packed, dim, 0, n), order: cast(order, "int32") };
}

/** 1 or -1 `[…]`: whether an even or odd number of exchanges makes the order, by counting the pairs out of order. */
function signOf(order: Node, like: Node): Node {
  const n = size(order);
  const lead = order.shape.slice(0, -1);
  const first = reshape(order, [...lead, n, 1]);
  const second = reshape(order, [...lead, 1, n]);
  const isAfter = reshape(cast(sub(reshape(iota(n), [n, 1]), iota(n)), like.dtype), [n, n]);
  const gap = cast(sub(first, second), like.dtype);
  // Π over i > j of sign((order_i - order_j)); pairs on and above the diagonal count as 1.
  const one = constantLike(like, 1);
  const signs = where(eq(abs(gap), gap), one, neg(one));
  const counted = where(ne(abs(isAfter), isAfter), one, where(eq(isAfter, constantLike(like, 0)), one, signs));
  const rank = lead.length;
  return prod(counted, [rank, rank + 1]);
}

/** The rows of `b` in the order of the factors. */
export function exchanged(b: Node, order: Node): Node {
  const rank = b.shape.length;
  const index = expand(reshape(order, [...order.shape, 1]), b.shape);
  return gatherUnchecked(b, rank - 2, index);
}

/** `b`, and an error where the factor U of the system has a zero on its diagonal. */
export function solvable(op: string, b: Node, lu: Node): Node {
  return checked(b, diagonals(lu), { op, says: "singular", except: 0 });
}

// With the user's function as attribute `op` a singular matrix is an error; gradients take it as it is.
const solveP = defineComposite("solve", {
  infer: ([, b]) => b as Node,
  compose([a, b], { op }) {
    const { lu, order } = factors(a as Node);
    const right = typeof op === "string" ? solvable(op, b as Node, lu) : (b as Node);
    return substitute(lu, substitute(lu, exchanged(right, order), false, true), true, false);
  },
  vjp(node, grad, needs) {
    const db = apply(solveP, [matrixTranspose(node.inputs[0] as Node), grad]);
    return [needs[0] ? neg(matmul(db, matrixTranspose(node))) : null, needs[1] ? db : null];
  },
  saves: { inputs: [0], output: true },
});

/** Both with the same leading dims. */
export function aligned(a: Node, b: Node): [Node, Node] {
  const [rankA, rankB] = [a.shape.length, b.shape.length];
  const lead = Math.max(rankA, rankB) - 2;
  const common = Array.from({ length: lead }, (_, d) =>
    Math.max(a.shape[d + rankA - 2 - lead] ?? 1, b.shape[d + rankB - 2 - lead] ?? 1),
  );
  return [expand(a, [...common, ...a.shape.slice(-2)]), expand(b, [...common, ...b.shape.slice(-2)])];
}

/**
 * X with A X = B: A `[…, n, n]`, B `[…, n, m]`, or `[…, n]` where that is A's leading dims and n. A singular matrix is an error
 * of the function `op`; null takes it, with infinities and NaN as results.
 */
export function solve(a: Node, b: Node, op: string | null = "solve"): Node {
  checkSquare(op ?? "solve", a);
  const isVector =
    b.shape.length === 1 || (b.shape.length === a.shape.length - 1 && b.shape.every((n, d) => n === a.shape[d]));
  const right = isVector ? reshape(b, [...b.shape, 1]) : b;
  if (right.shape[right.shape.length - 2] !== size(a)) {
    throw shapeError(op ?? "solve", `B must have ${size(a)} rows`, { A: a, B: b });
  }
  const x = apply(solveP, aligned(a, right), op === null ? {} : { op });
  return isVector ? reshape(x, x.shape.slice(0, -1)) : x;
}

/** A⁻¹. A singular matrix is an error of the function `op`; null takes it, with infinities and NaN as results. */
export function inv(x: Node, op: string | null = "inv"): Node {
  checkSquare(op ?? "inv", x);
  const n = size(x);
  return solve(x, expand(eye(n, n, x.dtype), x.shape), op);
}

const triangularP = defineComposite("solveTriangular", {
  infer: ([, b]) => b as Node,
  compose: ([a, b], attrs) => substitute(a as Node, b as Node, attrs.upper as boolean, attrs.unit as boolean),
  vjp(node, grad, needs) {
    const a = node.inputs[0] as Node;
    const [upper, unit] = [attr<boolean>(node, "upper"), attr<boolean>(node, "unit")];
    const db = apply(triangularP, [matrixTranspose(a), grad], { upper: !upper, unit });
    if (!needs[0]) return [null, db];
    const da = neg(matmul(db, matrixTranspose(node)));
    const shift = unit ? 1 : 0;
    return [upper ? triu(da, shift) : tril(da, -shift), needs[1] ? db : null];
  },
  saves: { inputs: [0], output: true },
});

/** X with A X = B for triangular A. */
export function solveTriangular(a: Node, b: Node, upper: boolean, unit: boolean): Node {
  checkSquare("solveTriangular", a);
  if (b.shape.length < 2 || b.shape[b.shape.length - 2] !== size(a)) {
    throw shapeError("solveTriangular", `B must be […,${size(a)},m]`, { A: a, B: b });
  }
  return apply(triangularP, aligned(a, b), { upper, unit });
}

const without = (x: Node): readonly number[] => x.shape.slice(0, -2);

const spread = (g: Node): Node => reshape(g, [...g.shape, 1, 1]);

const detP = defineComposite("det", {
  infer: ([x]) => ({ shape: without(x as Node), dtype: (x as Node).dtype }),
  compose([x]) {
    const { lu, order } = factors(x as Node);
    return mul(prod(diagonals(lu), [lu.shape.length - 2]), signOf(order, x as Node));
  },
  vjp: (node, grad) => [mul(spread(mul(grad, node)), matrixTranspose(inv(node.inputs[0] as Node, null)))],
  saves: { inputs: [0], output: true },
});

const logDetP = defineComposite("logabsdet", {
  infer: ([x]) => ({ shape: without(x as Node), dtype: (x as Node).dtype }),
  compose([x]) {
    const { lu } = factors(x as Node);
    return sum(log(abs(diagonals(lu))), [lu.shape.length - 2]);
  },
  vjp: (node, grad) => [mul(spread(grad), matrixTranspose(inv(node.inputs[0] as Node, null)))],
  saves: { inputs: [0], output: false },
});

/** Determinants `[…]`. The gradient needs an inverse: it is NaN for singular matrices. */
export function det(x: Node): Node {
  checkSquare("det", x);
  return apply(detP, [x]);
}

/** Sign and log |det|. */
export function slogdet(x: Node): { sign: Node; logabsdet: Node } {
  checkSquare("slogdet", x);
  const { lu, order } = factors(x);
  const entries = diagonals(lu);
  const one = constantLike(x, 1);
  const zero = constantLike(x, 0);
  const signs = where(eq(entries, zero), zero, where(eq(abs(entries), entries), one, neg(one)));
  return {
    sign: mul(prod(signs, [entries.shape.length - 1]), signOf(order, x)),
    logabsdet: apply(logDetP, [x]),
  };
}

/** The lower triangle with half of the diagonal. */
function lowerHalf(x: Node): Node {
  const n = size(x);
  const half = mul(eye(n, n, x.dtype), constantLike(x, 0.5));
  return sub(tril(x), mul(x, half));
}

const choleskyP = defineComposite("cholesky", {
  compose([x]) {
    const factor = choleskyFactor(x as Node);
    return checked(factor, diagonals(factor), { op: "cholesky", says: "indefinite", low: 0, except: 0 });
  },
  // With Φ the lower triangle and half of the diagonal: L⁻ᵀ Φ(Lᵀ dL) L⁻¹, made symmetric. Murray, 2016, arXiv:1602.07527.
  vjp(node, grad) {
    const phi = lowerHalf(matmul(matrixTranspose(node), tril(grad)));
    const upper = matrixTranspose(node);
    const left = solveTriangular(upper, phi, true, false);
    const both = matrixTranspose(solveTriangular(upper, matrixTranspose(left), true, false));
    return [mul(add(both, matrixTranspose(both)), constantLike(both, 0.5))];
  },
  saves: { inputs: [], output: true },
});

/** L with L Lᵀ = A for symmetric positive definite A; others are an error. */
export function cholesky(x: Node): Node {
  checkSquare("cholesky", x);
  return apply(choleskyP, [x]);
}

// The eigenvectors and values are one node, `[…, n, n + 1]`, so that both gradients arrive together.
const eighP = defineComposite("eighAll", {
  infer: ([x]) => ({ shape: [...(x as Node).shape.slice(0, -1), size(x as Node) + 1], dtype: (x as Node).dtype }),
  compose: ([x]) => eighPacked(x as Node),
  // V (diag(dλ) + Vᵀ dV / (λ_j - λ_i)) Vᵀ
  vjp(node, grad) {
    const n = size(node) - 1;
    const { vectors, values } = eigenParts(node, n);
    const parts = eigenParts(grad, n);
    const lead = values.shape.slice(0, -1);
    const isOff = ne(reshape(iota(n), [n, 1]), iota(n));
    const gap = sub(reshape(values, [...lead, 1, n]), reshape(values, [...lead, n, 1]));
    const zero = constantLike(node, 0);
    const mixed = matmul(matrixTranspose(vectors), parts.vectors);
    const safe = where(expand(isOff, gap.shape), gap, constantLike(node, 1));
    const inner = where(expand(isOff, gap.shape), div(mixed, safe), zero);
    const slopes = where(expand(isOff, gap.shape), zero, reshape(parts.values, [...lead, n, 1]));
    const full = matmul(vectors, matmul(add(inner, slopes), matrixTranspose(vectors)));
    return [mul(add(full, matrixTranspose(full)), constantLike(full, 0.5))];
  },
  saves: { inputs: [], output: true },
});

function eigenParts(packed: Node, n: number): { vectors: Node; values: Node } {
  const dim = packed.shape.length - 1;
  return {
    vectors: slice(packed, dim, 0, n),
    values: reshape(slice(packed, dim, n, n + 1), packed.shape.slice(0, -1)),
  };
}

/** Eigenvalues (ascending) and eigenvectors (columns) of symmetric matrices, of which the lower triangle is read. */
export function eigh(x: Node): { values: Node; vectors: Node } {
  checkSquare("eigh", x);
  return eigenParts(apply(eighP, [x]), size(x));
}

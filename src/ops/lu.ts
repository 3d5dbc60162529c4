// LU factors of matrices `[…, m, n]` with row exchanges, and systems solved by them, with gradients.
// Gradients follow from dA = Pᵀ (dL U + L dU): what is below the diagonal of L⁻¹ dA U⁻¹ is L's, the rest U's.
import type { Node } from "../graph/index.js";
import { apply } from "./apply.js";
import { shapeError } from "./composing.js";
import { defineComposite } from "./composite.js";
import { concat } from "./concat.js";
import { eye } from "./creation.js";
import { add, cast, eq, sub } from "./elementwise.js";
import { iota } from "./leaves.js";
import { aligned, checkSquare, exchanged, solvable, solveTriangular } from "./linalg.js";
import { luPacked, orderOfExchanges } from "./lu-kernels.js";
import { matmul, matrixTranspose } from "./matmul.js";
import { expand, reshape, slice } from "./movement.js";
import { tril, triu } from "./triangular.js";

const rowsOf = (x: Node): number => x.shape[x.shape.length - 2] as number;
const columnsOf = (x: Node): number => x.shape[x.shape.length - 1] as number;
const columns = (x: Node, from: number, to: number): Node => slice(x, x.shape.length - 1, from, to);
const rows = (x: Node, from: number, to: number): Node => slice(x, x.shape.length - 2, from, to);
const column = (x: Node, at: number): Node => reshape(columns(x, at, at + 1), x.shape.slice(0, -1));

/** P `[…, m, m]` with P X = the rows of X, of which row i goes to `order[i]`. */
function permutation(order: Node, like: Node): Node {
  const m = columnsOf(order);
  const to = reshape(order, [...order.shape.slice(0, -1), 1, m]);
  return cast(eq(reshape(iota(m), [m, 1]), to), like.dtype);
}

/** X with X Uᵀ = B for upper triangular U. */
const solveRight = (u: Node, b: Node): Node => matrixTranspose(solveTriangular(u, matrixTranspose(b), true, false));

// Factors, order and exchanges are one node `[…, m, n + 2]` (see `luPacked`), of which the factors have gradients.
const luP = defineComposite("luAll", {
  infer: ([x]) => ({ shape: [...(x as Node).shape.slice(0, -1), columnsOf(x as Node) + 2], dtype: (x as Node).dtype }),
  compose: ([x]) => luPacked(x as Node),
  vjp(node, grad) {
    const [m, n] = [rowsOf(node), columnsOf(node) - 2];
    const k = Math.min(m, n);
    const [lu, g] = [columns(node, 0, n), columns(grad, 0, n)];
    const [l1, u1] = [lowerOf(slice(rows(lu, 0, k), lu.shape.length - 1, 0, k)), triu(columns(rows(lu, 0, k), 0, k))];
    const square = columns(rows(g, 0, k), 0, k);
    let below = matmul(matrixTranspose(l1), tril(square, -1));
    let above = matmul(triu(square), matrixTranspose(u1));
    const rest: Node[] = [];
    if (n > k) {
      // A₂ = L U₂
      const [u2, gu2] = [columns(rows(lu, 0, k), k, n), columns(rows(g, 0, k), k, n)];
      below = sub(below, matmul(gu2, matrixTranspose(u2)));
      rest.push(solveTriangular(matrixTranspose(l1), gu2, true, true));
    }
    if (m > k) {
      // A₂ = L₂ U
      const [l2, gl2] = [columns(rows(lu, k, m), 0, k), columns(rows(g, k, m), 0, k)];
      above = sub(above, matmul(matrixTranspose(l2), gl2));
      rest.push(solveRight(u1, gl2));
    }
    const inner = add(tril(below, -1), triu(above));
    const first = solveTriangular(matrixTranspose(l1), solveRight(u1, inner), true, true);
    const whole = rest.length === 0 ? first : concat([first, ...rest], node.shape.length - (m > k ? 2 : 1));
    return [matmul(permutation(cast(column(node, n), "int32"), whole), whole)];
  },
  saves: { inputs: [], output: true },
});

/** L with its ones. */
const lowerOf = (x: Node): Node => add(tril(x, -1), eye(rowsOf(x), columnsOf(x), x.dtype));

/** Factors in one matrix, and which rows were exchanged: `[…, k]` int32, from 1. */
export interface LuFactors {
  readonly lu: Node;
  readonly pivots: Node;
}

/** The factors of `x`; with `op` a zero on U's diagonal is an error of that function. */
export function luFactor(x: Node, op?: string): LuFactors {
  const [m, n] = [rowsOf(x), columnsOf(x)];
  const packed = apply(luP, [x]);
  const lu = columns(packed, 0, n);
  const k = Math.min(m, n);
  const pivots = cast(column(packed, n + 1), "int32");
  return {
    lu: op === undefined ? lu : solvable(op, lu, columns(rows(lu, 0, k), 0, k)),
    pivots: slice(pivots, pivots.shape.length - 1, 0, k),
  };
}

/** L `[…, m, k]` and U `[…, k, n]` of factors in one matrix. */
export function luParts(lu: Node): { readonly l: Node; readonly u: Node } {
  const k = Math.min(rowsOf(lu), columnsOf(lu));
  return { l: lowerOf(columns(lu, 0, k)), u: triu(rows(lu, 0, k)) };
}

/** P `[…, m, m]` of exchanges: A = P L U. */
export function luPermutation(pivots: Node, m: number, like: Node): Node {
  return permutation(orderOfExchanges(cast(pivots, "int32"), m, false), like);
}

/** X with A X = B, or with `isAdjoint` Aᵀ X = B, given the factors of A `[…, n, n]`; B `[…, n, m]`. */
export function luSolve(lu: Node, pivots: Node, b: Node, isAdjoint: boolean): Node {
  checkSquare("luSolve", lu);
  const n = rowsOf(lu);
  if (pivots.shape.length !== lu.shape.length - 1 || pivots.shape.some((size, d) => size !== lu.shape[d])) {
    throw shapeError("luSolve", "pivots must be […,n] for LU […,n,n]", { LU: lu, pivots });
  }
  if (b.shape.length < 2 || rowsOf(b) !== n) throw shapeError("luSolve", `B must be […,${n},m]`, { LU: lu, B: b });
  const [factors, right] = aligned(lu, b);
  const lead = right.shape.slice(0, -2);
  const order = orderOfExchanges(cast(pivots, "int32"), n, isAdjoint);
  const all = expand(order, [...lead, n]);
  if (!isAdjoint) {
    const lower = solveTriangular(factors, exchanged(right, all), false, true);
    return solveTriangular(factors, lower, true, false);
  }
  const turned = matrixTranspose(factors);
  const half = solveTriangular(turned, right, false, false);
  return exchanged(solveTriangular(turned, half, true, true), all);
}

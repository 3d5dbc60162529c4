// Systems of equations by factors that are there already, products of reflections, and equations between tensors.
import {
  checkOptions,
  DTypeError,
  isFloat,
  named,
  noMore,
  normalizeDim,
  type Places,
  ShapeError,
  shapesEqual,
} from "../../base/index.js";
import * as ops from "../../ops/index.js";
import { floatNode, nodeOf } from "../args.js";
import { type Tensor, wrap } from "../tensor.js";
import { matricesOf } from "./decompositions.js";
import { made } from "./define.js";

/** LU factors of matrices with row exchanges: what `luFactor` gives, and `luSolve` and `luUnpack` take. */
export interface LuFactorResult extends Places<Tensor>, Iterable<Tensor, undefined> {
  /** U `[…,m,n]` and, below its diagonal, L without its ones. */
  readonly LU: Tensor;
  /** With which row, counted from 1, row i was exchanged at step i: `[…,min(m,n)]`, int32. */
  readonly pivots: Tensor;
}

/** Factors P, L and U. */
export interface LuParts extends Places<Tensor, 3>, Iterable<Tensor, undefined> {
  /** Permutation `[…,m,m]`. */
  readonly P: Tensor;
  /** Lower triangular with ones `[…,m,k]`. */
  readonly L: Tensor;
  /** Upper triangular `[…,k,n]`. */
  readonly U: Tensor;
}

/**
 * A = P L U with a permutation P, L lower triangular with ones on its diagonal and U upper triangular, by elimination with row exchanges.
 * The gradient exists where the first k columns have full rank.
 *
 * Shapes: `[…,m,n]` → P `[…,m,m]`, L `[…,m,k]`, U `[…,k,n]`, k = min(m, n).
 * @throws ShapeError for fewer than 2 dims.
 * @throws DTypeError unless the dtype is a float.
 * @example const { P, L, U } = lu(randn([3, 3]));
 */
export function lu(A: Tensor, ...surplus: []): LuParts {
  noMore("lu", surplus);
  const a = matricesOf("lu", "A", A);
  const factors = ops.luFactor(a);
  const { l, u } = ops.luParts(factors.lu);
  return named({ P: wrap(ops.luPermutation(factors.pivots, a.shape.at(-2) as number, a)), L: wrap(l), U: wrap(u) });
}

/**
 * The factors of `lu` in one matrix, with the row exchanges as numbers: for `luSolve`.
 *
 * Shapes: `[…,m,n]` → LU `[…,m,n]`, pivots `[…,min(m,n)]`.
 * @throws NumericError where U has a zero on its diagonal, when the result is computed.
 * @throws ShapeError for fewer than 2 dims.
 * @throws DTypeError unless the dtype is a float.
 * @example const { LU, pivots } = luFactor(A); const x = luSolve(LU, pivots, b);
 */
export function luFactor(A: Tensor, ...surplus: []): LuFactorResult {
  noMore("luFactor", surplus);
  const a = matricesOf("luFactor", "A", A);
  const factors = ops.luFactor(a, "luFactor");
  return named({ LU: wrap(factors.lu), pivots: wrap(factors.pivots) });
}

/** Options of `luSolve`. */
export interface LuSolveOptions {
  /** Solves X A = B if false. Default true. */
  readonly left?: boolean;
  /** Takes Aᵀ in place of A. Default false. */
  readonly adjoint?: boolean;
}

/**
 * X with A X = B, given what `luFactor` gave for A. Exchanges outside of the matrix are kept inside.
 *
 * Shapes: LU `[…,n,n]`, pivots `[…,n]`, B `[…,n,m]` → `[…,n,m]`; leading dims broadcast.
 * @param options - `left` (false: X A = B), `adjoint` (true: Aᵀ in place of A).
 * @throws ShapeError if the shapes do not fit.
 * @throws DTypeError unless `LU` and `B` are floats and `pivots` integers.
 */
export function luSolve(LU: Tensor, pivots: Tensor, B: Tensor, options: LuSolveOptions = {}, ...surplus: []): Tensor {
  const op = "luSolve";
  noMore(op, surplus);
  checkOptions(op, options, ["left", "adjoint"]);
  const { left = true, adjoint = false } = options;
  const [factors, b] = [matricesOf(op, "LU", LU), matricesOf(op, "B", B)];
  const exchanges = exchangesOf(op, pivots);
  return made(op, () => {
    if (left) return ops.luSolve(factors, exchanges, b, adjoint);
    return ops.matrixTranspose(ops.luSolve(factors, exchanges, ops.matrixTranspose(b), !adjoint));
  });
}

function exchangesOf(op: string, pivots: Tensor) {
  const node = nodeOf(op, "pivots", pivots);
  if (!isFloat(node.dtype) && node.dtype !== "bool") return node;
  throw new DTypeError(`${op}: pivots must be integers, got ${node.dtype}`, { op });
}

/**
 * P, L and U of what `luFactor` gave: A = P L U.
 *
 * Shapes: LU `[…,m,n]`, pivots `[…,k]` → P `[…,m,m]`, L `[…,m,k]`, U `[…,k,n]`, k = min(m, n).
 * @throws ShapeError unless the shapes fit each other.
 * @throws DTypeError unless `LU` is a float tensor and `pivots` integers.
 */
export function luUnpack(LU: Tensor, pivots: Tensor, ...surplus: []): LuParts {
  const op = "luUnpack";
  noMore(op, surplus);
  const factors = matricesOf(op, "LU", LU);
  const exchanges = exchangesOf(op, pivots);
  const [m, n] = factors.shape.slice(-2) as [number, number];
  const wanted = [...factors.shape.slice(0, -2), Math.min(m, n)];
  if (!shapesEqual(exchanges.shape, wanted)) {
    throw new ShapeError(
      `${op}: pivots must be [${wanted.join(",")}] (LU [${factors.shape.join(",")}], pivots [${exchanges.shape.join(",")}])`,
      { op, shapes: [factors.shape, exchanges.shape] },
    );
  }
  const { l, u } = ops.luParts(factors);
  return named({ P: wrap(ops.luPermutation(exchanges, m, factors)), L: wrap(l), U: wrap(u) });
}

/**
 * X with A X = B, given the Cholesky factor of A: L with A = L Lᵀ, or with `upper` U with A = Uᵀ U.
 *
 * Shapes: B `[…, n, m]`, L `[…, n, n]` → `[…, n, m]`; leading dims broadcast.
 * @throws ShapeError unless L is square and B has as many rows.
 * @throws DTypeError if one is no float tensor.
 */
export function choleskySolve(
  B: Tensor,
  L: Tensor,
  options: { readonly upper?: boolean } = {},
  ...surplus: []
): Tensor {
  const op = "choleskySolve";
  noMore(op, surplus);
  checkOptions(op, options, ["upper"]);
  const [b, given] = [floatNode(op, "B", B), floatNode(op, "L", L)];
  const lower = options.upper ? ops.matrixTranspose(given) : given;
  return made(op, () => {
    const half = ops.solveTriangular(lower, b, false, false);
    return ops.solveTriangular(ops.matrixTranspose(lower), half, true, false);
  });
}

/**
 * A⁻¹, given the Cholesky factor of A: see {@link choleskySolve}. Shapes: `[…, n, n]` → the same.
 * @throws ShapeError unless L is square.
 * @throws DTypeError if the input is no float tensor.
 */
export function choleskyInverse(L: Tensor, options: { readonly upper?: boolean } = {}, ...surplus: []): Tensor {
  const op = "choleskyInverse";
  noMore(op, surplus);
  checkOptions(op, options, ["upper"]);
  const given = floatNode(op, "L", L);
  const n = given.shape[given.shape.length - 1] ?? 0;
  const lower = options.upper ? ops.matrixTranspose(given) : given;
  return made(op, () => {
    const inverse = ops.solveTriangular(lower, ops.eye(n, n, given.dtype), false, false);
    return ops.matmul(ops.matrixTranspose(inverse), inverse);
  });
}

/**
 * The first n columns of the product of reflections 1 - τ v vᵀ: v are the columns of `input` below the diagonal, with 1
 * on it. Composed as 1 - V T Vᵀ: Schreiber & Van Loan, "A storage-efficient WY representation", 1989.
 *
 * Shapes: input `[…, m, n]`, tau `[…, k]` → `[…, m, n]`.
 * @throws ShapeError unless m >= n >= k.
 * @throws DTypeError if one is no float tensor.
 */
export function householderProduct(input: Tensor, tau: Tensor, ...surplus: []): Tensor {
  const op = "householderProduct";
  noMore(op, surplus);
  const [a, scales] = [floatNode(op, "input", input), floatNode(op, "tau", tau)];
  const [rank, k] = [a.shape.length, scales.shape[scales.shape.length - 1] ?? 0];
  const [m = 0, n = 0] = a.shape.slice(-2);
  if (rank < 2 || m < n || n < k || scales.shape.length !== rank - 1) {
    throw new ShapeError(
      `${op}: input must be […,m,n] and tau […,k] with m >= n >= k (input [${a.shape.join(",")}], tau [${scales.shape.join(",")}])`,
      { op, shapes: [a.shape, scales.shape] },
    );
  }
  return made(op, () => {
    const v = ops.add(ops.tril(ops.slice(a, rank - 1, 0, k), -1), ops.eye(m, k, a.dtype));
    const column = ops.reshape(scales, [...scales.shape, 1]);
    // (1 + D S) T = D with the strictly upper part S of Vᵀ V and D = diag(τ).
    const s = ops.triu(ops.matmul(ops.matrixTranspose(v), v), 1);
    const top = ops.matrixTranspose(ops.slice(v, rank - 2, 0, n)); // […,k,n]
    const inner = ops.solveTriangular(ops.mul(s, column), ops.mul(top, column), true, true);
    return ops.sub(ops.eye(m, n, a.dtype), ops.matmul(v, inner));
  });
}

/**
 * The inverse of `input` as a map from its last dims to its first `ind` (default 2): the product of the first sizes
 * must be that of the last.
 *
 * Shapes: `[...a, ...b]` → `[...b, ...a]`.
 * @throws ShapeError if the products differ, or `ind` leaves no dims.
 * @throws DTypeError if the input is no float tensor.
 * @throws NumericError for a singular one, at the read or step that computes it.
 */
export function tensorinv(input: Tensor, options: { readonly ind?: number } = {}, ...surplus: []): Tensor {
  const op = "tensorinv";
  noMore(op, surplus);
  checkOptions(op, options, ["ind"]);
  const { ind = 2 } = options;
  const x = floatNode(op, "input", input);
  const [rows, columns] = [x.shape.slice(0, ind), x.shape.slice(ind)];
  const size = rows.reduce((n, s) => n * s, 1);
  if (!(Number.isInteger(ind) && ind > 0) || columns.reduce((n, s) => n * s, 1) !== size) {
    throw new ShapeError(
      `${op}: the first ${ind} sizes must have the product of the others (input [${x.shape.join(",")}])`,
      { op, shapes: [x.shape] },
    );
  }
  return made(op, () => ops.reshape(ops.inv(ops.reshape(x, [size, size])), [...columns, ...rows]));
}

/**
 * X with Σ A X = B over X's dims, after `dims` of A were moved to the end.
 *
 * Shapes: A `[...b, ...x]`, B `[...b]` → `[...x]`.
 * @throws ShapeError unless the rest of A has as many elements as B.
 * @throws IndexError if a dim is out of range.
 * @throws DTypeError if one is no float tensor.
 * @throws NumericError for a singular A, at the read or step that computes it.
 */
export function tensorsolve(
  A: Tensor,
  B: Tensor,
  options: { readonly dims?: readonly number[] } = {},
  ...surplus: []
): Tensor {
  const op = "tensorsolve";
  noMore(op, surplus);
  checkOptions(op, options, ["dims"]);
  const [given, b] = [floatNode(op, "A", A), floatNode(op, "B", B)];
  const moved = (options.dims ?? []).map((d) => normalizeDim(op, d, given.shape.length));
  const order = [...given.shape.map((_, d) => d).filter((d) => !moved.includes(d)), ...moved];
  const a = ops.permute(given, order);
  const rest = a.shape.slice(b.shape.length);
  const size = rest.reduce((n, s) => n * s, 1);
  if (a.size !== size * size || b.size !== size) {
    throw new ShapeError(
      `${op}: A must have the sizes of B and then as many elements again (A [${given.shape.join(",")}], B [${b.shape.join(",")}])`,
      { op, shapes: [given.shape, b.shape] },
    );
  }
  return made(op, () => ops.reshape(ops.solve(ops.reshape(a, [size, size]), ops.reshape(b, [size])), rest));
}

// QR and singular value decompositions, and what is computed with them: ranks, pseudo-inverses, least squares, norms.
import {
  ArgumentError,
  checkOptions,
  type DType,
  type Named,
  named,
  noMore,
  normalizeDim,
  ShapeError,
  shownValue,
} from "../../base/index.js";
import type { Node } from "../../graph/index.js";
import * as ops from "../../ops/index.js";
import { detached } from "../alias.js";
import { type Dims, floatNode, nodeOf } from "../args.js";
import { type Tensor, wrap } from "../tensor.js";
import { type MatrixNormOptions, vectorNorm } from "./linalg.js";

/** A float tensor with at least two dims. */
export function matricesOf(op: string, name: string, value: unknown): Node {
  const x = floatNode(op, name, value);
  if (x.shape.length >= 2) return x;
  throw new ShapeError(`${op}: ${name} must have at least 2 dims, got [${x.shape.join(",")}]`, {
    op,
    shapes: [x.shape],
  });
}

/** What columns `qr` gives. */
export type QrMode = "reduced" | "complete" | "r";

/**
 * A = Q R with orthonormal columns in Q and upper triangular R; the signs are LAPACK's. The gradient exists for
 * matrices of full rank; not in mode "complete" where m > n.
 *
 * Shapes: `[…, m, n]` → Q `[…, m, k]` and R `[…, k, n]` with k = min(m, n); with mode "complete" `[…, m, m]` and `[…,
 * m, n]`, with "r" an empty Q.
 * @throws ShapeError if there are fewer than 2 dims.
 * @throws DTypeError if the input is no float tensor.
 * @throws ArgumentError if `mode` is another name.
 * @example const { Q, R } = qr(randn([5, 3]));
 */
export function qr(
  A: Tensor,
  options: { readonly mode?: QrMode } = {},
  ...surplus: []
): Named<{ readonly Q: Tensor; readonly R: Tensor }> {
  noMore("qr", surplus);
  checkOptions("qr", options, ["mode"]);
  const { mode = "reduced" } = options;
  if (!["reduced", "complete", "r"].includes(mode)) {
    throw new ArgumentError(`qr: mode must be "reduced", "complete" or "r", got ${JSON.stringify(mode)}`, { op: "qr" });
  }
  const { q, r } = (mode === "complete" ? ops.qrComplete : ops.qr)(matricesOf("qr", "A", A));
  return named({ Q: wrap(mode === "r" ? ops.full([0], 0, q.dtype) : q), R: wrap(r) });
}

/**
 * A = U diag(S) Vh, with singular values S from the largest down. `fullMatrices` (default true) gives all columns of U
 * and rows of Vh; of the larger full one there is no gradient. Signs of pairs of vectors are free, and gradients of
 * vectors exist where the singular values differ. One-sided rotations find small singular values as exactly as large
 * ones.
 *
 * Shapes: `[…, m, n]` → U `[…, m, m]`, S `[…, k]`, Vh `[…, n, n]` with k = min(m, n); without `fullMatrices` U `[…, m,
 * k]`, Vh `[…, k, n]`.
 * @throws ShapeError if there are fewer than 2 dims.
 * @throws DTypeError if the input is no float tensor.
 * @throws NumericError if the input holds NaN, when the result is computed.
 * @example const { U, S, Vh } = svd(randn([5, 3]), { fullMatrices: false });
 */
export function svd(
  A: Tensor,
  options: { readonly fullMatrices?: boolean } = {},
  ...surplus: []
): Named<{ readonly U: Tensor; readonly S: Tensor; readonly Vh: Tensor }, 3> {
  noMore("svd", surplus);
  checkOptions("svd", options, ["fullMatrices"]);
  const { u, s, vh } = ((options.fullMatrices ?? true) ? ops.svdFull : ops.svd)(
    ops.withoutNaN("svd", matricesOf("svd", "A", A)),
  );
  return named({ U: wrap(u), S: wrap(s), Vh: wrap(vh) });
}

/**
 * Singular values of matrices, from the largest down. Shapes: `[…, m, n]` → `[…, min(m, n)]`.
 * @throws ShapeError if there are fewer than 2 dims.
 * @throws DTypeError if the input is no float tensor.
 * @throws NumericError if the input holds NaN, when the result is computed.
 */
export function svdvals(A: Tensor, ...surplus: []): Tensor {
  noMore("svdvals", surplus);
  return wrap(ops.svd(ops.withoutNaN("svdvals", matricesOf("svdvals", "A", A))).s);
}

export interface ToleranceOptions {
  /** Singular values up to this count as 0; default 0. */
  readonly atol?: number;
  /** As `atol`, times the largest one. Default 0 with `atol`, else max(m, n) times the dtype's precision. */
  readonly rtol?: number;
}

export interface SymmetricOptions extends ToleranceOptions {
  /** The matrices are symmetric, and their lower triangle is read. Default false. */
  readonly hermitian?: boolean;
}

const epsilons: Partial<Record<DType, number>> = { float64: 2 ** -52, float32: 2 ** -23 };

function tolerances(op: string, x: Node, options: ToleranceOptions): { atol: number; rtol: number } {
  checkOptions(op, options, ["atol", "rtol"]);
  const { atol = 0 } = options;
  const usual = Math.max(...x.shape.slice(-2)) * (epsilons[x.dtype] ?? 2 ** -10);
  const rtol = options.rtol ?? (atol > 0 ? 0 : usual);
  if (atol >= 0 && rtol >= 0) return { atol, rtol };
  throw new ArgumentError(`${op}: atol and rtol must be >= 0, got ${atol} and ${rtol}`, { op });
}

/** Symmetric matrices by their lower triangles. Their gradients are those of both triangles, as of any symmetric matrix. */
function symmetricOf(op: string, x: Node): Node {
  ops.checkSquare(op, x);
  const half = ops.mul(ops.add(x, ops.matrixTranspose(x)), ops.constantLike(x, 0.5));
  const mirrored = ops.add(ops.tril(x), ops.matrixTranspose(ops.tril(x, -1)));
  return ops.add(half, detached(ops.sub(mirrored, half)));
}

/** The matrices of `pinv` and `matrixRank`, and what counts as 0. */
function measured(op: string, A: Tensor, { hermitian = false, ...options }: SymmetricOptions) {
  const given = matricesOf(op, "A", A);
  return { x: hermitian ? symmetricOf(op, given) : ops.withoutNaN(op, given), ...tolerances(op, given, options) };
}

/**
 * How many singular values of matrices are above max(atol, rtol times the largest), int64; of those of symmetric
 * matrices with `hermitian`.
 *
 * Shapes: `[…, m, n]` → `[…]`.
 * @throws ShapeError if there are fewer than 2 dims, or with `hermitian` the matrices are not square.
 * @throws DTypeError if the input is no float tensor.
 * @throws ArgumentError if `atol` or `rtol` is negative.
 * @throws NumericError if the input holds NaN, when the result is computed.
 */
export function matrixRank(A: Tensor, options: SymmetricOptions = {}, ...surplus: []): Tensor {
  noMore("matrixRank", surplus);
  const { x, atol, rtol } = measured("matrixRank", A, options);
  const { s } = ops.svd(x);
  return wrap(ops.sumOver(ops.cast(ops.significant(s, atol, rtol), "int64"), s.shape.length - 1));
}

/**
 * The Moore–Penrose inverse of matrices; singular values up to max(atol, rtol times the largest) count as 0. The
 * gradient exists where the rank stays. With `hermitian` the matrices are symmetric, and their lower triangle is read.
 *
 * Shapes: `[…, m, n]` → `[…, n, m]`.
 * @throws ShapeError if there are fewer than 2 dims, or with `hermitian` the matrices are not square.
 * @throws DTypeError if the input is no float tensor.
 * @throws ArgumentError if `atol` or `rtol` is negative.
 * @throws NumericError if the input holds NaN, when the result is computed.
 */
export function pinv(A: Tensor, options: SymmetricOptions = {}, ...surplus: []): Tensor {
  noMore("pinv", surplus);
  const { x, atol, rtol } = measured("pinv", A, options);
  return wrap(ops.pinv(x, atol, rtol));
}

/**
 * As `pinv` of gradus/linalg: the Moore–Penrose inverse. Shapes: `[…, m, n]` → `[…, n, m]`.
 * @throws ShapeError if there are fewer than 2 dims, or with `hermitian` the matrices are not square.
 * @throws DTypeError if the input is no float tensor.
 * @throws ArgumentError if `atol` or `rtol` is negative.
 */
export const pinverse = pinv;

/** What `lstsq` gives. */
export interface LeastSquares {
  /** `[…, n, k]`, or `[…, n]` for a vector. */
  readonly solution: Tensor;
  /** Sums of squares of A X - B, `[…, k]`, whatever the rank; PyTorch's are empty unless m > n and the rank is full. */
  readonly residuals: Tensor;
  /** int64 `[…]` */
  readonly rank: Tensor;
  /** `[…, min(m, n)]` */
  readonly singularValues: Tensor;
}

/**
 * X with the least ‖A X - B‖, the smallest of them, by singular values (PyTorch's drivers "gelsd" and "gelss").
 *
 * Shapes: A `[…, m, n]`, B `[…, m, k]` or `[m]` → solution `[…, n, k]` or `[n]`, residuals `[…, k]`, rank `[…]`,
 * singularValues `[…, min(m, n)]`.
 * @param options - `rcond`: singular values up to this times the largest count as 0; default max(m, n) times the dtype's precision.
 * @throws ShapeError if A has fewer than 2 dims, or unless A and B have the same number of rows.
 * @throws DTypeError if one is no float tensor.
 * @throws ArgumentError if `rcond` is negative.
 * @throws NumericError if the input holds NaN, when the result is computed.
 */
export function lstsq(A: Tensor, B: Tensor, options: { readonly rcond?: number } = {}, ...surplus: []): LeastSquares {
  const op = "lstsq";
  noMore(op, surplus);
  checkOptions(op, options, ["rcond"]);
  const [a, given] = [ops.withoutNaN(op, matricesOf(op, "A", A)), floatNode(op, "B", B)];
  const isVector = given.shape.length === 1;
  const b = isVector ? ops.reshape(given, [...given.shape, 1]) : given;
  if (b.shape[b.shape.length - 2] !== a.shape[a.shape.length - 2]) {
    throw new ShapeError(
      `${op}: A and B must have as many rows (A [${a.shape.join(",")}], B [${given.shape.join(",")}])`,
      {
        op,
        shapes: [a.shape, given.shape],
      },
    );
  }
  const { rtol } = tolerances(op, a, options.rcond === undefined ? {} : { rtol: options.rcond });
  const x = ops.matmul(ops.pinv(a, 0, rtol), b);
  const gap = ops.sub(ops.matmul(a, x), b);
  const { s } = ops.svd(a);
  return {
    solution: wrap(isVector ? ops.reshape(x, x.shape.slice(0, -1)) : x),
    residuals: wrap(ops.sumOver(ops.mul(gap, gap), gap.shape.length - 2)),
    rank: wrap(ops.sumOver(ops.cast(ops.significant(s, 0, rtol), "int64"), s.shape.length - 1)),
    singularValues: wrap(s),
  };
}

/** Which norm of a matrix. */
export type MatrixNorm = number | "fro" | "nuc";

/**
 * Norms of matrices: "fro" (default) the root of the sum of squares, "nuc" the sum of singular values, 2 and -2 the
 * largest and the smallest of them, 1 and -1 the largest and smallest column sum of sizes, Infinity and -Infinity those
 * of rows.
 *
 * Shapes: `[…, m, n]` → `[…]`, with sizes 1 for m and n if `keepdim`.
 * @throws ArgumentError for other orders, and unless `dim` is two different dims.
 * @throws DTypeError if the input is no float tensor.
 * @throws IndexError if a dim is out of range.
 * @throws NumericError if the input holds NaN and singular values are asked for, when the result is computed.
 */
export function matrixNorm(input: Tensor, ord?: MatrixNorm, options: MatrixNormOptions = {}, ...surplus: []): Tensor {
  const op = "matrixNorm";
  noMore(op, surplus);
  checkOptions(op, options, ["dim", "keepdim"]);
  const x = floatNode(op, "input", input);
  const [rows, columns] = (options.dim ?? [-2, -1]).map((d) => normalizeDim(op, d, x.shape.length)) as [number, number];
  if (x.shape.length < 2 || rows === columns) throw new ArgumentError(`${op}: needs two different dims`, { op });
  const { keepdim = false } = options;
  if (ord === undefined || ord === "fro") return wrap(ops.norm(x, 2, [rows, columns], keepdim));
  const shape = x.shape.map((n, d) => (d === rows || d === columns ? 1 : n));
  const shaped = (value: Node): Node =>
    ops.reshape(value, keepdim ? shape : shape.filter((_, d) => d !== rows && d !== columns));
  if (ord === "nuc" || ord === 2 || ord === -2) {
    const others = x.shape.flatMap((_, d) => (d === rows || d === columns ? [] : [d]));
    const { s } = ops.svd(ops.withoutNaN(op, ops.permute(x, [...others, rows, columns])));
    const dim = s.shape.length - 1;
    const at = ord === 2 ? 0 : (s.shape[dim] as number) - 1;
    return wrap(shaped(ord === "nuc" ? ops.sumOver(s, dim) : ops.slice(s, dim, at, at + 1)));
  }
  if (ord !== 1 && ord !== -1 && ord !== Number.POSITIVE_INFINITY && ord !== Number.NEGATIVE_INFINITY) {
    throw new ArgumentError(
      `${op}: ord must be "fro", "nuc", 1, -1, 2, -2, Infinity or -Infinity, got ${shownValue(ord)}`,
      { op },
    );
  }
  const sums = Math.abs(ord) === 1 ? rows : columns;
  const totals = ops.sumOver(ops.abs(x), sums, { keepdim: true });
  const extreme = ord > 0 ? ops.amaxOver : ops.aminOver;
  return wrap(shaped(extreme(totals, sums === rows ? columns : rows, true)));
}

export interface LinalgNormOptions {
  /** One dim: vectors; two: matrices. Default: all, or the matrix that the input is. */
  readonly dim?: Dims;
  /** Reduced dims stay as size 1; default false. */
  readonly keepdim?: boolean;
}

/**
 * The norm of vectors or matrices: of two dims `matrixNorm`, else `vectorNorm`. Without `ord` the root of the sum of
 * squares over `dim` (all by default); with `ord` and without `dim` the input must be a vector or a matrix.
 *
 * Shapes: `[…, m, n]` → `[…]` over two dims; `[…, n, …]` → `[…, …]` over one; size 1 for them if `keepdim`.
 * @throws ArgumentError if `ord` is given for neither a vector nor a matrix, or is no order of matrices where they are.
 * @throws DTypeError if the input is no float tensor.
 * @throws IndexError if a dim is out of range.
 */
export function linalgNorm(A: Tensor, ord?: MatrixNorm, options: LinalgNormOptions = {}, ...surplus: []): Tensor {
  const op = "norm";
  noMore(op, surplus);
  checkOptions(op, options, ["dim", "keepdim"]);
  const { dim, keepdim = false } = options;
  const dims = typeof dim === "number" ? [dim] : dim;
  const rank = nodeOf(op, "A", A).shape.length;
  const isMatrix = ord !== undefined && (dims ? dims.length === 2 : rank === 2);
  if (isMatrix) return matrixNorm(A, ord, { dim: (dims ?? [0, 1]) as readonly [number, number], keepdim });
  if (typeof ord === "string" || (ord !== undefined && (dims ? dims.length !== 1 : rank !== 1))) {
    throw new ArgumentError(
      `${op}: ord ${JSON.stringify(ord)} needs a vector or matrix, or dim (input [${A.shape.join(",")}])`,
      { op },
    );
  }
  return vectorNorm(A, ord ?? 2, { ...(dims && { dim: dims }), keepdim });
}

/**
 * The condition number ‖A‖ ‖A⁻¹‖ of matrices; without `p` and for 2 and -2 by singular values, also of matrices that
 * are not square. Infinity for singular matrices.
 *
 * Shapes: `[…, m, n]` → `[…]`.
 * @throws ShapeError if there are fewer than 2 dims, or for other `p` the matrices are not square.
 * @throws DTypeError if the input is no float tensor.
 * @throws ArgumentError if `p` is no order of matrices.
 * @throws NumericError if the input holds NaN and singular values are asked for, when the result is computed.
 */
export function linalgCond(A: Tensor, p: MatrixNorm = 2, ...surplus: []): Tensor {
  noMore("cond", surplus);
  const x = matricesOf("cond", "A", A);
  if (p === 2 || p === -2) {
    const { s } = ops.svd(ops.withoutNaN("cond", x));
    const dim = s.shape.length - 1;
    const k = s.shape[dim] as number;
    const [first, last] = [ops.slice(s, dim, 0, 1), ops.slice(s, dim, k - 1, k)];
    return wrap(ops.reshape(p === 2 ? ops.div(first, last) : ops.div(last, first), x.shape.slice(0, -2)));
  }
  const own = nodeOf("cond", "A", matrixNorm(A, p));
  const condition = ops.mul(own, nodeOf("cond", "A", matrixNorm(wrap(ops.inv(x, null)), p)));
  // The inverse of a singular matrix holds NaN.
  const isSingular = ops.and(ops.isnan(condition), ops.not(ops.isnan(own)));
  return wrap(ops.where(isSingular, ops.constantLike(condition, Number.POSITIVE_INFINITY), condition));
}

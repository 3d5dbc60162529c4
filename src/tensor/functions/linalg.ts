// Linear algebra: systems of equations, inverses, determinants, factorisations, norms of vectors and matrices.
import {
  ArgumentError,
  checkDType,
  checkNumber,
  checkOptions,
  type DType,
  type Named,
  named,
  noMore,
} from "../../base/index.js";
import type { Node } from "../../graph/index.js";
import * as ops from "../../ops/index.js";
import { type Dims, floatNode, nodeOf, optionsWith } from "../args.js";
import { type Tensor, wrap } from "../tensor.js";
import { made } from "./define.js";
import { matrixPowerNode } from "./products.js";

function ofMatrix(op: string, compute: (x: Node) => Node) {
  return (input: Tensor, ...surplus: []): Tensor => {
    noMore(op, surplus);
    const x = floatNode(op, "input", input);
    return made(op, () => compute(x));
  };
}

/**
 * Inverses of square matrices. Shapes: `[…, n, n]` → the same.
 * @throws ShapeError unless the matrices are square.
 * @throws DTypeError if the input is no float tensor.
 * @throws NumericError for a singular matrix, at the read or step that computes it.
 */
export const inv = ofMatrix("inv", ops.inv);
/**
 * As `inv` of gradus/linalg: the inverse of square matrices. Shapes: `[…, n, n]` → the same.
 * @throws ShapeError unless the matrices are square.
 * @throws DTypeError if the input is no float tensor.
 * @throws NumericError for a singular matrix, at the read or step that computes it.
 */
export const inverse = inv;
/**
 * Determinants of square matrices. The gradient of a singular matrix is NaN. Shapes: `[…, n, n]` → `[…]`.
 * @throws ShapeError unless the matrices are square.
 * @throws DTypeError if the input is no float tensor.
 */
export const det = ofMatrix("det", ops.det);
/**
 * log det: -Infinity for singular matrices, NaN for negative determinants. Shapes: `[…, n, n]` → `[…]`.
 * @throws ShapeError unless the matrices are square.
 * @throws DTypeError if the input is no float tensor.
 */
export const logdet = ofMatrix("logdet", (x) => {
  const { sign, logabsdet } = ops.slogdet(x);
  const isNegative = ops.lt(sign, ops.constantLike(x, 0));
  return ops.where(isNegative, ops.constantLike(x, Number.NaN), logabsdet);
});

/**
 * The exponential Σ Aᵏ / k! of square matrices. By scaling and squaring (Bader, Blanes & Casas, 2019). The number of
 * squarings is settled when the program runs, up to a largest sum of a column's sizes of 10⁶ (float64; 2.6·10⁶ in
 * float32); beyond that the result is NaN.
 *
 * Shapes: `[…, n, n]` → the same.
 * @throws ShapeError unless the matrices are square.
 * @throws DTypeError if the input is no float tensor.
 * @example matrixExp(zeros([2, 2])) // [[1, 0], [0, 1]]
 */
export const matrixExp = ofMatrix("matrixExp", ops.matrixExp);

/**
 * Sign (0 for singular matrices) and log |det| of square matrices. Shapes: `[…, n, n]` → sign and logabsdet `[…]`.
 * @throws ShapeError unless the matrices are square.
 * @throws DTypeError if the input is no float tensor.
 */
export function slogdet(input: Tensor, ...surplus: []): Named<{ readonly sign: Tensor; readonly logabsdet: Tensor }> {
  noMore("slogdet", surplus);
  const { sign, logabsdet } = ops.slogdet(floatNode("slogdet", "input", input));
  return named({ sign: wrap(sign), logabsdet: wrap(logabsdet) });
}

/**
 * X with A X = B (X A = B with `left: false`); leading dims broadcast.
 *
 * Shapes: A `[…, n, n]`, B `[…, n, m]` or `[…, n]` → that of B, broadcast.
 * @throws ShapeError unless A is square and B has as many rows (columns).
 * @throws DTypeError if one is no float tensor.
 * @throws NumericError for a singular A, at the read or step that computes it.
 */
export function solve(A: Tensor, B: Tensor, options: { readonly left?: boolean } = {}, ...surplus: []): Tensor {
  noMore("solve", surplus);
  checkOptions("solve", options, ["left"]);
  const [a, b] = [floatNode("solve", "A", A), floatNode("solve", "B", B)];
  if (options.left ?? true) return wrap(ops.solve(a, b));
  return wrap(ops.matrixTranspose(ops.solve(ops.matrixTranspose(a), ops.matrixTranspose(b))));
}

export interface SolveTriangularOptions {
  /** Which triangle A has. */
  readonly upper: boolean;
  /** Solves X A = B if false. Default true. */
  readonly left?: boolean;
  /** Takes ones as A's diagonal. */
  readonly unitriangular?: boolean;
}

/**
 * X with A X = B for triangular A, of which only that triangle is read; leading dims broadcast. Zeros on the diagonal
 * give infinities and NaN.
 *
 * Shapes: A `[…, n, n]`, B `[…, n, m]` → that of B, broadcast.
 * @throws ShapeError unless A is square and B has as many rows (columns).
 * @throws DTypeError if one is no float tensor.
 * @throws ArgumentError without `upper`.
 */
export function solveTriangular(A: Tensor, B: Tensor, options: SolveTriangularOptions, ...surplus: []): Tensor {
  const op = "solveTriangular";
  noMore(op, surplus);
  checkOptions(op, options, ["upper", "left", "unitriangular"]);
  if (typeof options?.upper !== "boolean")
    throw new ArgumentError(`${op}: needs { upper: true } or { upper: false }`, { op });
  const { upper, left = true, unitriangular = false } = options;
  const [a, b] = [floatNode(op, "A", A), floatNode(op, "B", B)];
  if (left) return wrap(ops.solveTriangular(a, b, upper, unitriangular));
  const turned = ops.solveTriangular(ops.matrixTranspose(a), ops.matrixTranspose(b), !upper, unitriangular);
  return wrap(ops.matrixTranspose(turned));
}

/**
 * L with L Lᵀ = A (or, with `upper`, U with Uᵀ U = A) for symmetric positive definite A, whose lower (upper) triangle
 * is read.
 *
 * Shapes: `[…, n, n]` → the same.
 * @throws ShapeError unless the matrices are square.
 * @throws DTypeError if the input is no float tensor.
 * @throws NumericError for matrices that are not positive definite, at the read or step that computes it.
 */
export function cholesky(input: Tensor, options: { readonly upper?: boolean } = {}, ...surplus: []): Tensor {
  noMore("cholesky", surplus);
  checkOptions("cholesky", options, ["upper"]);
  const l = ops.cholesky(floatNode("cholesky", "input", input));
  return wrap(options.upper ? ops.matrixTranspose(l) : l);
}

export interface TriangleOptions {
  /** The triangle that is read: "L", the lower one (default), or "U". */
  readonly UPLO?: "L" | "U";
}

/** The matrices with what is to be read in the lower triangle. */
function lowerOf(op: string, input: Tensor, options: TriangleOptions): Node {
  checkOptions(op, options, ["UPLO"]);
  const { UPLO = "L" } = options;
  const x = floatNode(op, "input", input);
  if (UPLO === "L") return x;
  if (UPLO === "U") return ops.matrixTranspose(x);
  throw new ArgumentError(`${op}: UPLO must be "L" or "U", got ${JSON.stringify(UPLO)}`, { op });
}

/**
 * Eigenvalues (ascending) and eigenvectors (columns) of symmetric matrices, of which one triangle is read. Signs of
 * eigenvectors are free.
 *
 * Shapes: `[…, n, n]` → eigenvalues `[…, n]`, eigenvectors `[…, n, n]`.
 * @param options - `UPLO`: which one; default "L", the lower.
 * @throws ShapeError unless the matrices are square.
 * @throws DTypeError if the input is no float tensor.
 * @throws ArgumentError if `UPLO` is neither "L" nor "U".
 */
export function eigh(
  input: Tensor,
  options: TriangleOptions = {},
  ...surplus: []
): Named<{ readonly eigenvalues: Tensor; readonly eigenvectors: Tensor }> {
  noMore("eigh", surplus);
  const x = lowerOf("eigh", input, options);
  const { values, vectors } = ops.eigh(x);
  return named({ eigenvalues: wrap(values), eigenvectors: wrap(vectors) });
}

/**
 * Eigenvalues (ascending) of symmetric matrices, of which the triangle `UPLO` ("L" by default, or "U") is read.
 *
 * Shapes: `[…, n, n]` → `[…, n]`.
 * @throws ShapeError unless the matrices are square.
 * @throws DTypeError if the input is no float tensor.
 * @throws ArgumentError if `UPLO` is neither "L" nor "U".
 */
export function eigvalsh(input: Tensor, options: TriangleOptions = {}, ...surplus: []): Tensor {
  noMore("eigvalsh", surplus);
  const x = lowerOf("eigvalsh", input, options);
  return made("eigvalsh", () => ops.eigh(x).values);
}

/**
 * The matrix times itself `n` times; negative n take the inverse. Shapes: `[…, m, m]` → the same.
 * @throws ShapeError unless the matrices are square.
 * @throws ArgumentError if `n` is no integer.
 * @throws DTypeError for negative `n` if the input is no float tensor.
 * @throws NumericError for negative `n` and a singular matrix, at the read or step that computes it.
 */
export function matrixPower(input: Tensor, n: number, ...surplus: []): Tensor {
  noMore("matrixPower", surplus);
  return wrap(matrixPowerNode("matrixPower", nodeOf("matrixPower", "input", input), n, ops.inv));
}

export interface VectorNormOptions {
  /** Dims the vectors lie along; default all. */
  readonly dim?: Dims;
  /** Reduced dims stay as size 1; default false. */
  readonly keepdim?: boolean;
  /** Converts the input first. */
  readonly dtype?: DType;
}

/**
 * (Σ |x|^ord)^(1/ord) over dims (all by default), whatever their number; ord may be 0 and ±Infinity. Default 2. `dtype`
 * converts the input first.
 *
 * Shapes: `[…, n, …]` → `[…, …]`, with size 1 for n if `keepdim`.
 * @throws DTypeError if the input is no float tensor.
 * @throws IndexError if a dim is out of range or named twice.
 * @throws ArgumentError if `ord` is no number, or options are given twice.
 */
export function vectorNorm(
  x: Tensor,
  ord?: number | (VectorNormOptions & { readonly ord?: number }),
  options?: VectorNormOptions,
  ...surplus: []
): Tensor {
  const op = "vectorNorm";
  const names = ["ord", "dim", "keepdim", "dtype"] as const;
  const given = optionsWith<VectorNormOptions & { ord?: number }>(op, "ord", ord, options, names, surplus);
  const node = nodeOf(op, "x", x);
  if (given.ord !== undefined) checkNumber(op, "ord", given.ord);
  const cast = given.dtype === undefined ? floatNode(op, "x", x) : ops.cast(node, checkDType(op, given.dtype));
  return wrap(ops.norm(cast, given.ord ?? 2, given.dim ?? null, given.keepdim ?? false));
}

export interface MatrixNormOptions {
  /** The two dims of the matrices. Default the last two. */
  readonly dim?: readonly [number, number];
  /** Reduced dims stay as size 1; default false. */
  readonly keepdim?: boolean;
}

// Products beside matmul: with a sum added, over chosen dims, Kronecker, cross, powers; distances between rows.
import { ArgumentError, checkOptions, checkWholeNumber, noMore, normalizeDim, ShapeError } from "../../base/index.js";
import type { Node } from "../../graph/index.js";
import * as ops from "../../ops/index.js";
import { checkTensor, floatNode, nodeOf } from "../args.js";
import { type Tensor, wrap } from "../tensor.js";
import { made } from "./define.js";

export interface ScaledOptions {
  /** Factor of the tensor added; with 0 it is ignored, NaN included. Default 1. */
  readonly beta?: number;
  /** Factor of the product. Default 1. */
  readonly alpha?: number;
}

function withProduct(op: string, first: string, second: string, product: (a: Node, b: Node) => Node) {
  return (input: Tensor, a: Tensor, b: Tensor, options: ScaledOptions = {}, ...surplus: []): Tensor => {
    noMore(op, surplus);
    checkOptions(op, options, ["beta", "alpha"]);
    const x = nodeOf(op, "input", input);
    return made(op, () => addProduct(x, nodeOf(op, first, a), nodeOf(op, second, b), product, options));
  };
}

/** One rounding in half dtypes. */
export const addProduct = ops.inFloat32(
  (x: Node, a: Node, b: Node, product: (a: Node, b: Node) => Node, options: ScaledOptions): Node =>
    ops.scaledSum(x, product(a, b), options),
);

const batchSum = (a: Node, b: Node): Node => ops.sumOver(ops.bmm(a, b), 0);

/**
 * beta input + alpha mat·vec. Shapes: input that broadcasts to `[m]`, mat `[m, k]`, vec `[k]` → `[m]`.
 * @throws ShapeError if the shapes do not fit.
 * @throws DTypeError if the dtypes of mat and vec differ, or a factor is fractional and all are integers.
 */
export const addmv = withProduct("addmv", "mat", "vec", ops.mv);
/**
 * beta input + alpha vec1 ⊗ vec2. Shapes: input that broadcasts to `[m, n]`, vec1 `[m]`, vec2 `[n]` → `[m, n]`.
 * @throws ShapeError if the shapes do not fit.
 * @throws DTypeError if a factor is fractional and all are integers.
 */
export const addr = withProduct("addr", "vec1", "vec2", ops.outer);
/**
 * beta input + alpha batch1·batch2.
 *
 * Shapes: input that broadcasts to `[B, m, n]`, batch1 `[B, m, k]`, batch2 `[B, k, n]` → `[B, m, n]`.
 * @throws ShapeError if the shapes do not fit.
 * @throws DTypeError if the dtypes of the batches differ, or a factor is fractional and all are integers.
 */
export const baddbmm = withProduct("baddbmm", "batch1", "batch2", ops.bmm);
/**
 * beta input + alpha Σ batch1·batch2 over the batch.
 *
 * Shapes: input that broadcasts to `[m, n]`, batch1 `[B, m, k]`, batch2 `[B, k, n]` → `[m, n]`.
 * @throws ShapeError if the shapes do not fit.
 * @throws DTypeError if the dtypes of the batches differ, or a factor is fractional and all are integers.
 */
export const addbmm = withProduct("addbmm", "batch1", "batch2", batchSum);

export const addedProducts = { addmv: ops.mv, addr: ops.outer, baddbmm: ops.bmm, addbmm: batchSum };

/**
 * Sum of products over the last dims: `out[…, …] = Σ_k input[…, k] other[…, k]`.
 *
 * Shapes: `[...a, k]`, `[...b, k]` → `[...a, ...b]`; with a 0-d tensor as {@link mul}.
 * @throws ShapeError if the last sizes differ.
 * @throws DTypeError if the dtypes differ, and neither is 0-d.
 */
export function inner(input: Tensor, other: Tensor, ...surplus: []): Tensor {
  noMore("inner", surplus);
  const [a, b] = [nodeOf("inner", "input", input), nodeOf("inner", "other", other)];
  if (a.shape.length === 0 || b.shape.length === 0) return made("inner", () => ops.mul(a, b));
  return made("inner", () => contractDims("inner", a, b, [a.shape.length - 1], [b.shape.length - 1]));
}

/** Sum over pairs of dims, as many of `a` as of `b`. */
function contractDims(op: string, a: Node, b: Node, dimsA: readonly number[], dimsB: readonly number[]): Node {
  dimsA.forEach((d, i) => {
    const [x, y] = [a.shape[d], b.shape[dimsB[i] as number]];
    if (x === y) return;
    throw new ShapeError(
      `${op}: sizes ${x} and ${y} of the dims summed over differ (input [${a.shape.join(",")}], other [${b.shape.join(",")}])`,
      { op, shapes: [a.shape, b.shape] },
    );
  });
  const rest = (x: Node, dims: readonly number[]) => x.shape.map((_, d) => d).filter((d) => !dims.includes(d));
  const count = dimsA.reduce((n, d) => n * (a.shape[d] as number), 1);
  const [restA, restB] = [rest(a, dimsA), rest(b, dimsB)];
  const rows = restA.map((d) => a.shape[d] as number);
  const columns = restB.map((d) => b.shape[d] as number);
  const size = (shape: readonly number[]) => shape.reduce((n, s) => n * s, 1);
  const left = ops.reshape(ops.permute(a, [...restA, ...dimsA]), [size(rows), count]);
  const right = ops.reshape(ops.permute(b, [...dimsB, ...restB]), [count, size(columns)]);
  return ops.reshape(ops.mm(left, right), [...rows, ...columns]);
}

/**
 * Sum of products over `dims`: a number (the last of input with the first of other, default 2), or a list for each.
 *
 * Shapes: `[...a, ...k]`, `[...k, ...b]` → `[...a, ...b]`.
 * @throws ShapeError if sizes that are summed over differ.
 * @throws ArgumentError unless there are as many dims of both, and not more than there are.
 * @throws IndexError if a dim is out of range.
 * @throws DTypeError if the dtypes differ.
 */
export function tensordot(
  input: Tensor,
  other: Tensor,
  dims: number | readonly [readonly number[], readonly number[]] = 2,
  ...surplus: []
): Tensor {
  const op = "tensordot";
  noMore(op, surplus);
  const [a, b] = [nodeOf(op, "input", input), nodeOf(op, "other", other)];
  if (typeof dims !== "number") {
    if (!Array.isArray(dims) || dims.length !== 2 || !dims.every(Array.isArray)) {
      throw new ArgumentError(
        `${op}: dims must be a number, or [dims of input, dims of other], got ${JSON.stringify(dims)}`,
        { op },
      );
    }
    if (dims[0].length !== dims[1].length) {
      throw new ArgumentError(`${op}: ${dims[0].length} dims of input but ${dims[1].length} of other`, { op });
    }
    const of = (x: Node, list: readonly number[]) => list.map((d) => normalizeDim(op, d, x.shape.length));
    return made(op, () => contractDims(op, a, b, of(a, dims[0]), of(b, dims[1])));
  }
  if (!Number.isInteger(dims) || dims < 0 || dims > Math.min(a.shape.length, b.shape.length)) {
    throw new ArgumentError(
      `${op}: dims ${dims} must lie in [0, ${Math.min(a.shape.length, b.shape.length)}] (input [${a.shape.join(",")}], other [${b.shape.join(",")}])`,
      { op },
    );
  }
  const last = Array.from({ length: dims }, (_, i) => a.shape.length - dims + i);
  const first = last.map((_, i) => i);
  return made(op, () => contractDims(op, a, b, last, first));
}

/**
 * Kronecker's product: each element of `input` times all of `other`; dtypes are promoted.
 *
 * Shapes: `[a, b]`, `[c, d]` → `[a c, b d]`; missing dims in front count as 1.
 */
export function kron(input: Tensor, other: Tensor, ...surplus: []): Tensor {
  noMore("kron", surplus);
  const [a, b] = [nodeOf("kron", "input", input), nodeOf("kron", "other", other)];
  const rank = Math.max(a.shape.length, b.shape.length);
  const sizes = (x: Node) => [...new Array<number>(rank - x.shape.length).fill(1), ...x.shape];
  const [outer, inside] = [sizes(a), sizes(b)];
  const left = ops.reshape(
    a,
    outer.flatMap((n) => [n, 1]),
  );
  const right = ops.reshape(
    b,
    inside.flatMap((n) => [1, n]),
  );
  return wrap(
    ops.reshape(
      ops.mul(left, right),
      outer.map((n, d) => n * (inside[d] as number)),
    ),
  );
}

/**
 * The vector product along `dim` of size 3 (the last by default).
 *
 * Shapes: two of as many dims that broadcast, `[…, 3]` → the common shape.
 * @throws ShapeError if the dims differ in number, do not broadcast, or `dim` has not 3 elements.
 * @throws IndexError if `dim` is out of range.
 */
export function cross(input: Tensor, other: Tensor, dim?: number | { readonly dim?: number }, ...surplus: []): Tensor {
  const op = "cross";
  noMore(op, surplus);
  if (typeof dim === "object") checkOptions(op, dim, ["dim"]);
  const along = (typeof dim === "object" ? dim.dim : dim) ?? -1;
  const [a, b] = [nodeOf(op, "input", input), nodeOf(op, "other", other)];
  const d = normalizeDim(op, along, a.shape.length);
  if (a.shape.length !== b.shape.length || a.shape[d] !== 3 || b.shape[d] !== 3) {
    throw new ShapeError(
      `${op}: both need as many dims and 3 elements along dim ${along} (input [${a.shape.join(",")}], other [${b.shape.join(",")}])`,
      { op, shapes: [a.shape, b.shape] },
    );
  }
  const turned = (x: Node, by: number) => ops.roll(x, -by, d);
  return made(op, () => ops.sub(ops.mul(turned(a, 1), turned(b, 2)), ops.mul(turned(a, 2), turned(b, 1))));
}

/**
 * Product of two or more matrices, in the order of least work; the first and the last may be vectors.
 *
 * Shapes: `[m, a]`, `[a, b]`, …, `[y, n]` → `[m, n]`, without m or n for a vector there.
 * @throws ShapeError if sizes next to each other differ, or one between is no matrix.
 * @throws ArgumentError if there are fewer than two tensors.
 * @throws DTypeError if the dtypes differ.
 */
export function multiDot(tensors: readonly Tensor[], ...surplus: []): Tensor {
  const op = "multiDot";
  noMore(op, surplus);
  if (!Array.isArray(tensors) || tensors.length < 2) {
    throw new ArgumentError(`${op}: takes an array of at least two tensors`, { op });
  }
  const nodes = tensors.map((x, i) => nodeOf(op, `tensors[${i}]`, x));
  const [isRow, isColumn] = [nodes[0]?.shape.length === 1, nodes.at(-1)?.shape.length === 1];
  const matrices = nodes.map((x, i) =>
    x.shape.length === 1 ? ops.reshape(x, i === 0 ? [1, x.size] : [x.size, 1]) : x,
  );
  return made(op, () => {
    const product = cheapest(matrices);
    const [rows, columns] = product.shape as [number, number];
    return ops.reshape(product, [...(isRow ? [] : [rows]), ...(isColumn ? [] : [columns])]);
  });
}

/** The matrix chain product; Cormen et al., "Introduction to Algorithms", 15.2. */
function cheapest(matrices: readonly Node[]): Node {
  const count = matrices.length;
  const sizes = [...matrices.map((x) => x.shape[0] as number), matrices[count - 1]?.shape[1] as number];
  const cost = Array.from({ length: count }, () => new Array<number>(count).fill(0));
  const cut = Array.from({ length: count }, () => new Array<number>(count).fill(0));
  for (let length = 2; length <= count; length++) {
    for (let i = 0; i + length <= count; i++) {
      const j = i + length - 1;
      const row = cost[i] as number[];
      row[j] = Number.POSITIVE_INFINITY;
      for (let k = i; k < j; k++) {
        const work = (sizes[i] as number) * (sizes[k + 1] as number) * (sizes[j + 1] as number);
        const total = (row[k] as number) + ((cost[k + 1] as number[])[j] as number) + work;
        if (total >= (row[j] as number)) continue;
        row[j] = total;
        (cut[i] as number[])[j] = k;
      }
    }
  }
  const multiply = (i: number, j: number): Node => {
    if (i === j) return matrices[i] as Node;
    const k = (cut[i] as number[])[j] as number;
    return ops.mm(multiply(i, k), multiply(k + 1, j));
  };
  return multiply(0, count - 1);
}

/**
 * Product of matrices, in the order of least work: `chainMatmul(a, b, c)`.
 *
 * Shapes: `[m, a]`, `[a, b]`, …, `[y, n]` → `[m, n]`.
 * @throws ShapeError if sizes next to each other differ, or one is no matrix.
 * @throws ArgumentError if there are no tensors.
 * @throws DTypeError if the dtypes differ.
 */
export function chainMatmul(...matrices: readonly Tensor[]): Tensor {
  for (const x of matrices) checkTensor("chainMatmul", "each matrix", x);
  return matrices.length === 1 ? (matrices[0] as Tensor) : multiDot(matrices);
}

/**
 * Sum of the diagonal of a matrix. Integers and bool sum to int64. Shapes: `[m, n]` → `[]`.
 * @throws ShapeError if the input is no matrix.
 */
export function trace(input: Tensor, ...surplus: []): Tensor {
  noMore("trace", surplus);
  const x = nodeOf("trace", "input", input);
  if (x.shape.length !== 2) {
    throw new ShapeError(`trace: takes a matrix (input [${x.shape.join(",")}])`, { op: "trace", shapes: [x.shape] });
  }
  return made("trace", () => ops.sumOver(ops.diagonal(x)));
}

/**
 * Sum of products along `dim` (the last by default); dtypes are promoted.
 *
 * Shapes: any that broadcast, `[…, n, …]` → the common shape without n.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws IndexError if `dim` is out of range.
 */
export function vecdot(input: Tensor, other: Tensor, options: { readonly dim?: number } = {}, ...surplus: []): Tensor {
  noMore("vecdot", surplus);
  checkOptions("vecdot", options, ["dim"]);
  const [a, b] = [nodeOf("vecdot", "input", input), nodeOf("vecdot", "other", other)];
  return made("vecdot", () => ops.sumOver(ops.mul(a, b), options.dim ?? -1));
}

/**
 * p-norms (`p` 2 by default) of the differences of all rows of `x1` and `x2`.
 *
 * Shapes: `[…, P, M]`, `[…, R, M]` → `[…, P, R]`; leading dims broadcast.
 * @throws ShapeError if one has fewer than 2 dims, the rows have different lengths, or leading dims do not broadcast.
 * @throws DTypeError if one is no float tensor.
 * @throws ArgumentError if `p` is negative.
 */
export function cdist(x1: Tensor, x2: Tensor, options: { readonly p?: number } = {}, ...surplus: []): Tensor {
  const op = "cdist";
  noMore(op, surplus);
  checkOptions(op, options, ["p"]);
  const [a, b] = [floatNode(op, "x1", x1), floatNode(op, "x2", x2)];
  if (options.p !== undefined && !(options.p >= 0)) {
    throw new ArgumentError(`${op}: p must be >= 0, got ${String(options.p)}`, { op });
  }
  const [rankA, rankB] = [a.shape.length, b.shape.length];
  if (rankA < 2 || rankB < 2 || a.shape[rankA - 1] !== b.shape[rankB - 1]) {
    throw new ShapeError(
      `${op}: both need at least 2 dims and rows of one length (x1 [${a.shape.join(",")}], x2 [${b.shape.join(",")}])`,
      { op, shapes: [a.shape, b.shape] },
    );
  }
  return made(op, () =>
    ops.norm(ops.sub(ops.unsqueeze(a, rankA - 1), ops.unsqueeze(b, rankB - 2)), options.p ?? 2, -1),
  );
}

/**
 * p-norms (`p` 2 by default) of the differences of all pairs of rows, row by row.
 *
 * Shapes: `[N, M]` → `[N (N - 1) / 2]`.
 * @throws ShapeError if the input is no matrix.
 * @throws DTypeError if the input is no float tensor.
 */
export function pdist(input: Tensor, p = 2, ...surplus: []): Tensor {
  noMore("pdist", surplus);
  const x = nodeOf("pdist", "input", input);
  ops.checkFloat("pdist", "input", x);
  if (x.shape.length !== 2) {
    throw new ShapeError(`pdist: takes a matrix (input [${x.shape.join(",")}])`, { op: "pdist", shapes: [x.shape] });
  }
  const [rows, columns] = pairsOf(x.shape[0] as number);
  return made("pdist", () => ops.norm(ops.sub(ops.indexSelect(x, 0, rows), ops.indexSelect(x, 0, columns)), p, -1));
}

/** All i < j below `count`, as two vectors. */
function pairsOf(count: number): [Node, Node] {
  const first: number[] = [];
  const second: number[] = [];
  for (let i = 0; i < count; i++) {
    for (let j = i + 1; j < count; j++) {
      first.push(i);
      second.push(j);
    }
  }
  return [ops.intVector(first), ops.intVector(second)];
}

/** The matrix times itself `n` times, by repeated squaring; n >= 0. */
export function matrixPowerNode(op: string, x: Node, n: number, inverse: ((x: Node) => Node) | null): Node {
  const rank = x.shape.length;
  if (rank < 2 || x.shape[rank - 1] !== x.shape[rank - 2]) {
    throw new ShapeError(`${op}: takes square matrices (input [${x.shape.join(",")}])`, { op, shapes: [x.shape] });
  }
  if (!Number.isInteger(n) || (n < 0 && !inverse))
    throw new ArgumentError(`${op}: n must be an integer, got ${n}`, { op });
  const size = x.shape[rank - 1] as number;
  if (n < 0) ops.checkFloat(op, "input", x);
  if (n === 0) return ops.expand(ops.eye(size, size, x.dtype), x.shape);
  let square = n < 0 && inverse ? inverse(x) : x;
  let result: Node | null = null;
  for (let rest = Math.abs(n); rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = result ? ops.matmul(result, square) : square;
    if (rest > 1) square = ops.matmul(square, square);
  }
  return result as Node;
}

/**
 * Powers of a vector's elements as columns: N of them (as many as elements), the highest first unless `increasing`.
 *
 * Shapes: `[n]` → `[n, N]`.
 * @throws ArgumentError if the input is no vector, or `N` is negative or no integer.
 */
export function vander(
  x: Tensor,
  options: { readonly N?: number; readonly increasing?: boolean } = {},
  ...surplus: []
): Tensor {
  noMore("vander", surplus);
  checkOptions("vander", options, ["N", "increasing"]);
  const v = nodeOf("vander", "x", x);
  if (v.shape.length !== 1)
    throw new ArgumentError(`vander: takes a vector (x [${v.shape.join(",")}])`, { op: "vander" });
  const count = options.N ?? v.size;
  checkWholeNumber("vander", "N", count, 0);
  const column = ops.reshape(v, [v.size, 1]);
  const columns: Node[] = [];
  let power = ops.full([v.size, 1], v.dtype === "int64" ? 1n : 1, v.dtype);
  for (let i = 0; i < count; i++) {
    columns.push(power);
    power = ops.mul(power, column);
  }
  if (count === 0) return made("vander", () => ops.full([v.size, 0], v.dtype === "int64" ? 0n : 0, v.dtype));
  return made("vander", () => ops.cat(options.increasing ? columns : columns.reverse(), 1));
}

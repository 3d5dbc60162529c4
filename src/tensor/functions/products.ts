// Products beside matmul: with a sum added, over chosen dims, Kronecker, cross, powers; distances between rows.
import { ArgumentError, checkOptions, normalizeDim, ShapeError } from "../../base/index.js";
import type { Node } from "../../graph/index.js";
import * as ops from "../../ops/index.js";
import { floatNode, nodeOf, noMore } from "../args.js";
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

/** beta input + alpha mat·vec. */
export const addmv = withProduct("addmv", "mat", "vec", ops.mv);
/** beta input + alpha vec1 ⊗ vec2. */
export const addr = withProduct("addr", "vec1", "vec2", ops.outer);
/** beta input + alpha batch1·batch2. */
export const baddbmm = withProduct("baddbmm", "batch1", "batch2", ops.bmm);
/** beta input + alpha Σ batch1·batch2 over the batch. */
export const addbmm = withProduct("addbmm", "batch1", "batch2", batchSum);

export const addedProducts = { addmv: ops.mv, addr: ops.outer, baddbmm: ops.bmm, addbmm: batchSum };

/** Sum of products over the last dims: `out[…, …] = Σ_k input[…, k] other[…, k]`. */
export function inner(input: Tensor, other: Tensor, ...surplus: []): Tensor {
  noMore("inner", surplus);
  const [a, b] = [nodeOf("inner", "input", input), nodeOf("inner", "other", other)];
  if (a.shape.length === 0 || b.shape.length === 0) return made("inner", () => ops.mul(a, b));
  return made("inner", () => contractDims("inner", a, b, [a.shape.length - 1], [b.shape.length - 1]));
}

function contractDims(op: string, a: Node, b: Node, dimsA: readonly number[], dimsB: readonly number[]): Node {
  if (dimsA.length !== dimsB.length) {
    throw new ArgumentError(`${op}: ${dimsA.length} dims of input but ${dimsB.length} of other`, { op });
  }
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

/** Sum of products over `dims`: a number (the last of input with the first of other), or a list for each. Default 2. */
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
  return wrap(
    contractDims(
      op,
      a,
      b,
      last,
      last.map((_, i) => i),
    ),
  );
}

/** Kronecker's product: each element of `input` times all of `other`. */
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

/** The vector product along `dim` of size 3 (the last by default). Other dims broadcast. */
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

/** Product of two or more matrices, in the order of least work; the first and the last may be vectors. */
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
  const product = cheapest(matrices);
  const shape = [...(isRow ? [] : [product.shape[0] as number]), ...(isColumn ? [] : [product.shape[1] as number])];
  return made(op, () => ops.reshape(product, shape));
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

/** Product of matrices, in the order of least work: `chainMatmul(a, b, c)`. */
export function chainMatmul(...matrices: readonly Tensor[]): Tensor {
  return matrices.length === 1 ? (matrices[0] as Tensor) : multiDot(matrices);
}

/** Sum of the diagonal of a matrix. */
export function trace(input: Tensor, ...surplus: []): Tensor {
  noMore("trace", surplus);
  const x = nodeOf("trace", "input", input);
  if (x.shape.length !== 2) {
    throw new ShapeError(`trace: takes a matrix (input [${x.shape.join(",")}])`, { op: "trace", shapes: [x.shape] });
  }
  return made("trace", () => ops.sumOver(ops.diagonal(x)));
}

/** Sum of products along `dim` (the last by default); other dims broadcast. */
export function vecdot(input: Tensor, other: Tensor, options: { readonly dim?: number } = {}, ...surplus: []): Tensor {
  noMore("vecdot", surplus);
  checkOptions("vecdot", options, ["dim"]);
  const [a, b] = [nodeOf("vecdot", "input", input), nodeOf("vecdot", "other", other)];
  return made("vecdot", () => ops.sumOver(ops.mul(a, b), options.dim ?? -1));
}

/** p-norms of the differences of all rows of `x1` `[…,P,M]` and `x2` `[…,R,M]`: `[…,P,R]`. */
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

/** p-norms of the differences of all pairs of rows of `[N,M]`, row by row: `[N (N - 1) / 2]`. */
export function pdist(input: Tensor, p = 2, ...surplus: []): Tensor {
  noMore("pdist", surplus);
  const x = nodeOf("pdist", "input", input);
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
  if (n === 0) return ops.expand(ops.eye(size, size, x.dtype), x.shape);
  let square = n < 0 && inverse ? inverse(x) : x;
  let result: Node | null = null;
  for (let rest = Math.abs(n); rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = result ? ops.matmul(result, square) : square;
    if (rest > 1) square = ops.matmul(square, square);
  }
  return result as Node;
}

/** Powers of a vector's elements as columns: n of them (as many as elements), the highest first unless `increasing`. */
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

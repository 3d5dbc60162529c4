// Matrix products with all of PyTorch's shapes, on `contract`: operands are labelled, never copied or expanded.
import { DTypeError, formatShape, isFloat, ShapeError } from "../base/index.js";
import type { Node } from "../graph/index.js";
import { constantLike } from "./composing.js";
import { contract } from "./contraction.js";
import { add, mul, where } from "./elementwise.js";
import { constant } from "./leaves.js";
import { permute, reshape } from "./movement.js";

// Labels: batch dims count up from 0 (aligned from the right), the three dims of the product have these.
const ROW = 1000;
const INNER = 1001;
const COLUMN = 1002;

function checkProduct(op: string, a: Node, b: Node, innerA: number | undefined, innerB: number | undefined): void {
  if (a.dtype !== b.dtype) {
    throw new DTypeError(`${op}: dtypes ${a.dtype} and ${b.dtype} differ; convert one with .to(dtype)`, { op });
  }
  if (innerA !== innerB) {
    throw new ShapeError(
      `${op}: inner sizes ${innerA} and ${innerB} differ (${formatShape(a.shape)} times ${formatShape(b.shape)})`,
      { op, shapes: [a.shape, b.shape] },
    );
  }
}

function checkRank(op: string, name: string, x: Node, rank: number): void {
  if (x.shape.length !== rank) {
    throw new ShapeError(
      `${op}: ${name} must have ${rank} dims, has ${x.shape.length} (${name} ${formatShape(x.shape)})`,
      {
        op,
        shapes: [x.shape],
      },
    );
  }
}

/** Drops leading dims `d < batch` where `isDropped(d)`. */
function dropDims(x: Node, isDropped: (d: number) => boolean): Node {
  const shape = x.shape.filter((_, d) => !isDropped(d));
  return shape.length === x.shape.length ? x : reshape(x, shape);
}

/** Labels of the batch dims, given that the last batch dim of the wider operand is `rank - 1`. */
function batchLabels(_x: Node, batch: number, rank: number, isDropped: (d: number) => boolean): number[] {
  const labels: number[] = [];
  for (let d = 0; d < batch; d++) if (!isDropped(d)) labels.push(rank - batch + d);
  return labels;
}

/**
 * Product of matrices, vectors and batches of them, as torch.matmul: `[k]·[k]`, `[m,k]·[k]`, `[k]·[k,n]`,
 * `[…,m,k]·[…,k,n]` with broadcast batch dims. A batch dim of size 1 that broadcasts is left out of its operand, so the
 * other's batch becomes more rows (or columns) of one product.
 */
export function matmul(a: Node, b: Node): Node {
  return product(a, b, null);
}

/** What row i of a product needs not: columns of the result, or terms, with a number beyond i. */
export type Unneeded = "columns" | "terms";

/** matmul for matrices of causal attention: the caller knows that such columns are not read, or that such terms are 0. */
export function causalMatmul(a: Node, b: Node, unneeded: Unneeded): Node {
  return product(a, b, unneeded);
}

function product(a: Node, b: Node, unneeded: Unneeded | null): Node {
  const op = "matmul";
  const [rankA, rankB] = [a.shape.length, b.shape.length];
  if (rankA === 0 || rankB === 0) {
    throw new ShapeError(
      `${op}: both operands need at least 1 dim (${formatShape(a.shape)} times ${formatShape(b.shape)}); use mul for 0-d tensors`,
      { op, shapes: [a.shape, b.shape] },
    );
  }
  checkProduct(op, a, b, a.shape[rankA - 1], b.shape[Math.max(rankB - 2, 0)]);
  const [batchA, batchB] = [Math.max(rankA - 2, 0), Math.max(rankB - 2, 0)];
  const batch = Math.max(batchA, batchB);
  const out: number[] = [];
  for (let d = 0; d < batch; d++) {
    const [x, y] = [a.shape[d + batchA - batch] ?? 1, b.shape[d + batchB - batch] ?? 1];
    if (x !== y && x !== 1 && y !== 1) {
      throw new ShapeError(
        `${op}: batch sizes ${x} and ${y} do not broadcast (${formatShape(a.shape)} times ${formatShape(b.shape)})`,
        { op, shapes: [a.shape, b.shape] },
      );
    }
    out.push(d);
  }
  const dropA = (d: number) => d < batchA && a.shape[d] === 1 && (b.shape[d + batchB - batchA] ?? 1) !== 1;
  const dropB = (d: number) => d < batchB && b.shape[d] === 1 && (a.shape[d + batchA - batchB] ?? 1) !== 1;
  const labelsA = batchLabels(a, batchA, batch, dropA);
  const labelsB = batchLabels(b, batchB, batch, dropB);
  const [rows, columns] = [rankA > 1 ? [ROW] : [], rankB > 1 ? [COLUMN] : []];
  return contract(dropDims(a, dropA), dropDims(b, dropB), {
    a: [...labelsA, ...rows, INNER],
    b: [...labelsB, INNER, ...columns],
    out: [...out, ...rows, ...columns],
    ...(unneeded && { band: [unneeded === "columns" ? COLUMN : INNER, ROW, 0] as const }),
  });
}

/** `[m,k]·[k,n]`, as torch.mm. */
export function mm(a: Node, b: Node): Node {
  checkRank("mm", "input", a, 2);
  checkRank("mm", "mat2", b, 2);
  checkProduct("mm", a, b, a.shape[1], b.shape[0]);
  return contract(a, b, { a: [ROW, INNER], b: [INNER, COLUMN], out: [ROW, COLUMN] });
}

/** `[b,m,k]·[b,k,n]`, as torch.bmm: no broadcasting. */
export function bmm(a: Node, b: Node): Node {
  checkRank("bmm", "input", a, 3);
  checkRank("bmm", "mat2", b, 3);
  checkProduct("bmm", a, b, a.shape[2], b.shape[1]);
  if (a.shape[0] !== b.shape[0]) {
    throw new ShapeError(
      `bmm: batch sizes ${a.shape[0]} and ${b.shape[0]} differ (${formatShape(a.shape)} times ${formatShape(b.shape)}); matmul broadcasts`,
      { op: "bmm", shapes: [a.shape, b.shape] },
    );
  }
  return contract(a, b, { a: [0, ROW, INNER], b: [0, INNER, COLUMN], out: [0, ROW, COLUMN] });
}

/** `[m,k]·[k]`, as torch.mv. */
export function mv(a: Node, b: Node): Node {
  checkRank("mv", "input", a, 2);
  checkRank("mv", "vec", b, 1);
  checkProduct("mv", a, b, a.shape[1], b.shape[0]);
  return contract(a, b, { a: [ROW, INNER], b: [INNER], out: [ROW] });
}

/** Sum of the products of two vectors, as torch.dot. */
export function dot(a: Node, b: Node): Node {
  checkRank("dot", "input", a, 1);
  checkRank("dot", "other", b, 1);
  checkProduct("dot", a, b, a.shape[0], b.shape[0]);
  return contract(a, b, { a: [INNER], b: [INNER], out: [] });
}

/** `out[i,j] = a[i] b[j]`, as torch.outer. */
export function outer(a: Node, b: Node): Node {
  checkRank("outer", "input", a, 1);
  checkRank("outer", "vec2", b, 1);
  return mul(reshape(a, [a.size, 1]), b);
}

/** `beta input + alpha a·b`, as torch.addmm. With beta 0 `input` is ignored, NaN and infinities included. */
export function addmm(input: Node, a: Node, b: Node, options: { beta?: number; alpha?: number } = {}): Node {
  checkRank("addmm", "mat1", a, 2);
  checkRank("addmm", "mat2", b, 2);
  checkProduct("addmm", a, b, a.shape[1], b.shape[0]);
  return scaledSum(input, mm(a, b), options);
}

/** beta x + alpha product. With beta 0 only the shape of `x` counts, NaN and infinities are ignored; its gradient is 0. */
export function scaledSum(
  x: Node,
  product: Node,
  { beta = 1, alpha = 1 }: { beta?: number; alpha?: number } = {},
): Node {
  checkFactor("alpha", alpha, x, product);
  checkFactor("beta", beta, x, product);
  // A fraction beside an integer part of a float sum makes that part a float.
  const times = (y: Node, factor: number) =>
    mul(y, isFloat(y.dtype) || Number.isInteger(factor) ? constantLike(y, factor) : constant(factor, "float32"));
  const scaled = alpha === 1 ? product : times(product, alpha);
  if (beta === 0) return x.requiresGrad ? where(constant(true, "bool"), scaled, x) : scaled;
  return add(scaled, beta === 1 ? x : times(x, beta));
}

function checkFactor(name: string, factor: number, x: Node, product: Node): void {
  if (Number.isInteger(factor) || isFloat(x.dtype) || isFloat(product.dtype)) return;
  throw new DTypeError(
    `addmm: ${name} must be an integer between integer tensors, got ${factor}; convert them with .to("float32")`,
    { op: "addmm" },
  );
}

/** `x·Wᵀ + bias` over the last dim, as torch.nn.functional.linear: x `[…,in]`, weight `[out,in]` or `[in]`, bias `[out]`. */
export function linear(x: Node, weight: Node, bias: Node | null = null): Node {
  const rank = x.shape.length;
  const features = weight.shape[weight.shape.length - 1];
  if (rank === 0 || weight.shape.length < 1 || weight.shape.length > 2 || x.shape[rank - 1] !== features) {
    throw new ShapeError(
      `linear: input has ${x.shape[rank - 1] ?? "no"} features but weight expects ${features} (input ${formatShape(x.shape)}, weight ${formatShape(weight.shape)})`,
      { op: "linear", shapes: [x.shape, weight.shape] },
    );
  }
  checkProduct("linear", x, weight, x.shape[rank - 1], features);
  const rows: number[] = [];
  for (let d = 0; d < rank - 1; d++) rows.push(d);
  const isMatrix = weight.shape.length === 2;
  const sums = contract(x, weight, {
    a: [...rows, INNER],
    b: isMatrix ? [COLUMN, INNER] : [INNER],
    out: isMatrix ? [...rows, COLUMN] : rows,
  });
  if (!bias) return sums;
  checkBias(weight, bias);
  return add(sums, bias);
}

function checkBias(weight: Node, bias: Node): void {
  const features = weight.shape.length === 2 ? weight.shape[0] : 1;
  if (bias.shape.length > 1 || (bias.shape[0] ?? 1) !== features) {
    throw new ShapeError(
      `linear: bias must have ${features} elements (weight ${formatShape(weight.shape)}, bias ${formatShape(bias.shape)})`,
      { op: "linear", shapes: [weight.shape, bias.shape] },
    );
  }
}

/** Swaps the last two dims. */
export function matrixTranspose(x: Node): Node {
  const rank = x.shape.length;
  if (rank < 2)
    throw new ShapeError(`mT: needs at least 2 dims (${formatShape(x.shape)})`, { op: "mT", shapes: [x.shape] });
  const dims = x.shape.map((_, d) => d);
  dims[rank - 1] = rank - 2;
  dims[rank - 2] = rank - 1;
  return permute(x, dims);
}

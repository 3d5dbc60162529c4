// What a base becomes when a part of it is written: slices, diagonals, parts of its repetitions.
import type { Node } from "../graph/index.js";
import { cast, constant, expand, permute, placeSlice, reshape, sumTo, where, writePart } from "../ops/index.js";

interface Slice {
  readonly dim: number;
  readonly start: number;
  readonly step: number;
}

/** `x` with `value` in place of a slice along one dim. */
export function sliceScatter(x: Node, value: Node, { dim, start, step }: Slice): Node {
  if (value.size === 0 && !value.requiresGrad) return x;
  if (value.shape[dim] === x.shape[dim]) return value;
  if (step === 1) return writePart(x, value, dim, start);
  const isWritten = placeSlice(expand(constant(true, "bool"), value.shape), x.shape, dim, start, step);
  return where(isWritten, placeSlice(value, x.shape, dim, start, step), x);
}

/** `x` with `value` in place of a diagonal over two dims: a slice of both dims laid flat. */
export function diagonalScatter(
  x: Node,
  value: Node,
  { offset, dim1, dim2 }: { readonly offset: number; readonly dim1: number; readonly dim2: number },
): Node {
  const rest = x.shape.map((_, d) => d).filter((d) => d !== dim1 && d !== dim2);
  const order = [...rest, dim1, dim2];
  const shape = order.map((d) => x.shape[d] as number);
  const [rows, columns] = [x.shape[dim1] as number, x.shape[dim2] as number];
  const flat = reshape(permute(x, order), [...rest.map((d) => x.shape[d] as number), rows * columns]);
  const start = offset >= 0 ? offset : -offset * columns;
  const written = sliceScatter(flat, value, { dim: rest.length, start, step: columns + 1 });
  const back = order.map((_, d) => order.indexOf(d));
  return permute(reshape(written, shape), back);
}

/** `x` with what was written to its repetition `written`: each element of `x` at most once, where `isWritten` says. */
export function expandScatter(x: Node, written: Node, isWritten: Node): Node {
  // A sum with one term that is not 0. It turns -0 into 0.
  const summable = x.dtype === "bool" ? cast(written, "uint8") : written;
  const value = sumTo(where(isWritten, summable, constant(0, summable.dtype)), x.shape);
  return where(cast(sumTo(cast(isWritten, "int32"), x.shape), "bool"), cast(value, x.dtype), x);
}

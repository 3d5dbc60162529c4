// Triangular parts of matrices and banded masks: comparisons of row and column numbers.
import type { Node } from "../graph/index.js";
import { constantLike, shapeError } from "./composing.js";
import { add, le, where } from "./elementwise.js";
import { constant, iota } from "./leaves.js";
import { reshape } from "./movement.js";

/** `[rows, columns]`, true where column - row <= offset. */
export function lowerMask(rows: number, columns: number, offset = 0): Node {
  const row = reshape(iota(rows), [rows, 1]);
  return le(iota(columns), offset === 0 ? row : add(row, constant(offset, "int32")));
}

/** `[rows, columns]`, true where column - row >= offset. */
export function upperMask(rows: number, columns: number, offset = 0): Node {
  const row = reshape(iota(rows), [rows, 1]);
  return le(offset === 0 ? row : add(row, constant(offset, "int32")), iota(columns));
}

function keepWhere(op: string, x: Node, mask: (rows: number, columns: number) => Node): Node {
  const rank = x.shape.length;
  if (rank < 2) throw shapeError(op, "needs at least 2 dims", { input: x });
  return where(mask(x.shape[rank - 2] as number, x.shape[rank - 1] as number), x, constantLike(x, 0));
}

/** The lower triangle of the last two dims, 0 above diagonal number `offset`. */
export function tril(x: Node, offset = 0): Node {
  return keepWhere("tril", x, (rows, columns) => lowerMask(rows, columns, offset));
}

/** The upper triangle of the last two dims, 0 below diagonal number `offset`. */
export function triu(x: Node, offset = 0): Node {
  return keepWhere("triu", x, (rows, columns) => upperMask(rows, columns, offset));
}

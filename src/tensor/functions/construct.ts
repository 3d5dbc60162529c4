// Matrices and lists of indices made of smaller things.
import {
  ArgumentError,
  checkDType,
  checkOptions,
  checkWholeNumber,
  broadcastShapes as commonShape,
  type DType,
  integerRange,
  isFloat,
  isHalf,
  itemSize,
  largestFinite,
  noMore,
  normalizeDim,
  promote,
  ShapeError,
} from "../../base/index.js";
import type { Node } from "../../graph/index.js";
import * as ops from "../../ops/index.js";
import { checkList, nodeOf, notATensor } from "../args.js";
import { isTensor, type Tensor, wrap } from "../tensor.js";

/**
 * A matrix with the given ones along its diagonal, zeros elsewhere; vectors are rows.
 *
 * Shapes: `[a, b]`, `[c, d]`, … → `[a + c + …, b + d + …]`.
 * @throws ArgumentError if one has more than 2 dims.
 */
export function blockDiag(...tensors: readonly (Tensor | readonly Tensor[])[]): Tensor {
  const list = (Array.isArray(tensors[0]) ? tensors[0] : tensors) as readonly Tensor[];
  const blocks = list.map((x, i) => {
    const node = nodeOf("blockDiag", `tensors[${i}]`, x);
    if (node.shape.length > 2) {
      throw new ArgumentError(`blockDiag: takes at most 2 dims (tensors[${i}] [${node.shape.join(",")}])`, {
        op: "blockDiag",
      });
    }
    return node.shape.length === 2 ? node : ops.reshape(node, [1, node.size]);
  });
  if (blocks.length === 0) return wrap(ops.full([1, 0], 0, "float32"));
  const width = blocks.reduce((n, x) => n + (x.shape[1] as number), 0);
  let column = 0;
  const rows = blocks.map((x) => {
    const before = column;
    column += x.shape[1] as number;
    return ops.pad(x, [0, before], [0, width - column], 0);
  });
  return wrap(ops.cat(rows, 0));
}

/**
 * All tuples of one element of each vector, as rows: the last vector runs fastest.
 *
 * Shapes: k vectors `[a]`, `[b]`, … → `[a · b · …, k]`; one vector → the same.
 * @throws ArgumentError if one is no vector, or there are none.
 */
export function cartesianProd(...tensors: readonly Tensor[]): Tensor {
  const op = "cartesianProd";
  const vectors = tensors.map((x, i) => nodeOf(op, `tensors[${i}]`, x));
  for (const x of vectors) {
    if (x.shape.length !== 1) throw new ArgumentError(`${op}: takes vectors (got [${x.shape.join(",")}])`, { op });
  }
  if (vectors.length === 0) throw new ArgumentError(`${op}: needs at least one vector`, { op });
  if (vectors.length === 1) return wrap(vectors[0] as Node);
  const sizes = vectors.map((x) => x.size);
  const columns = vectors.map((x, i) => {
    const own = sizes.map((n, d) => (d === i ? n : 1));
    return ops.reshape(ops.expand(ops.reshape(x, own), sizes), [sizes.reduce((n, s) => n * s, 1)]);
  });
  return wrap(ops.stack(columns, 1));
}

/** Places of r out of n elements, ascending; with `repeats` an element may come again. */
function choices(n: number, r: number, repeats: boolean): number[][] {
  if (r === 0) return [[]];
  return choices(n, r - 1, repeats).flatMap((chosen) => {
    const last = chosen.at(-1) ?? (repeats ? 0 : -1);
    const first = repeats ? last : last + 1;
    return Array.from({ length: Math.max(0, n - first) }, (_, i) => [...chosen, first + i]);
  });
}

/**
 * All choices of `r` elements of a vector in their order, as rows.
 *
 * Shapes: `[n]` → `[n over r, r]`, of n + r - 1 with `withReplacement`; `[0]` for r = 0.
 * @throws ArgumentError if the input is no vector, or `r` no integer >= 0.
 */
export function combinations(
  input: Tensor,
  r = 2,
  options: { readonly withReplacement?: boolean } = {},
  ...surplus: []
): Tensor {
  const op = "combinations";
  noMore(op, surplus);
  checkOptions(op, options, ["withReplacement"]);
  const x = nodeOf(op, "input", input);
  if (x.shape.length !== 1) throw new ArgumentError(`${op}: takes a vector (input [${x.shape.join(",")}])`, { op });
  if (!Number.isInteger(r) || r < 0) throw new ArgumentError(`${op}: r must be an integer >= 0, got ${r}`, { op });
  if (r === 0) return wrap(ops.full([0], 0, x.dtype === "int64" ? "int64" : x.dtype));
  const rows = choices(x.size, r, options.withReplacement ?? false);
  const taken = ops.indexSelect(x, 0, ops.intVector(rows.flat()));
  return wrap(ops.reshape(taken, [rows.length, r]));
}

export interface DiagonalOptions {
  /** Which diagonal: above the main one for positive values, below it for negative. Default 0. */
  readonly offset?: number;
  /** First dim of the matrices; default -2. */
  readonly dim1?: number;
  /** Second dim of the matrices; default -1. */
  readonly dim2?: number;
}

/**
 * Matrices with the last dim of `input` as a diagonal of dims `dim1` and `dim2` (the last two) of the result.
 *
 * Shapes: `[…, n]` → `[…, n + |offset|, n + |offset|]`.
 * @throws ShapeError if the input is 0-d.
 * @throws IndexError if a dim is out of range.
 * @throws ArgumentError if the dims are the same, or `offset` is no integer.
 */
export function diagEmbed(input: Tensor, options: DiagonalOptions = {}, ...surplus: []): Tensor {
  const op = "diagEmbed";
  noMore(op, surplus);
  checkOptions(op, options, ["offset", "dim1", "dim2"]);
  const { offset = 0, dim1 = -2, dim2 = -1 } = options;
  const x = nodeOf(op, "input", input);
  checkWholeNumber(op, "offset", offset);
  if (x.shape.length === 0) throw new ShapeError(`${op}: needs at least 1 dim (input [])`, { op, shapes: [[]] });
  const rank = x.shape.length + 1;
  const [a, b] = [normalizeDim(op, dim1, rank), normalizeDim(op, dim2, rank)];
  if (a === b) throw new ArgumentError(`${op}: dim1 and dim2 must differ, got ${dim1} and ${dim2}`, { op });
  return wrap(ops.movedim(embedded(x, offset), [rank - 2, rank - 1], [a, b]));
}

/** `[…, n]` as `[…, n + |offset|, n + |offset|]`: cut from rows that each begin one place later. */
function embedded(x: Node, offset: number): Node {
  const last = x.shape.length - 1;
  const count = x.shape[last] as number;
  const size = count + Math.abs(offset);
  const lead = x.shape.slice(0, -1);
  const column = ops.reshape(ops.iota(size), [size, 1]);
  const isOn = ops.eq(ops.add(column, ops.constant(offset, "int32")), ops.iota(size));
  const none = lead.map(() => 0);
  const before = Math.max(0, -offset);
  const values = ops.pad(x, [...none, before], [...none, size - before - count], 0);
  return ops.where(isOn, ops.reshape(values, [...lead, size, 1]), ops.constantLike(x, 0));
}

/**
 * A matrix with all elements of the input as its diagonal. Shapes: any of n elements → `[n + |offset|, n + |offset|]`.
 * @throws ArgumentError if `offset` is no integer.
 */
export function diagflat(input: Tensor, offset = 0, ...surplus: []): Tensor {
  noMore("diagflat", surplus);
  const x = nodeOf("diagflat", "input", input);
  checkWholeNumber("diagflat", "offset", offset);
  return wrap(embedded(ops.reshape(x, [x.size]), offset));
}

interface TriangleOptions {
  /** Which diagonal: above the main one for positive values, below it for negative. Default 0. */
  readonly offset?: number;
  /** Default int64. */
  readonly dtype?: DType;
}

function triangle(op: string, isIn: (column: number, row: number, offset: number) => boolean) {
  return (rows: number, columns: number, options: TriangleOptions = {}, ...surplus: []): Tensor => {
    noMore(op, surplus);
    checkOptions(op, options, ["offset", "dtype"]);
    const { offset = 0, dtype = "int64" } = options;
    checkWholeNumber(op, "rows", rows, 0);
    checkWholeNumber(op, "columns", columns, 0);
    checkWholeNumber(op, "offset", offset);
    const found: [number[], number[]] = [[], []];
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        if (!isIn(j, i, offset)) continue;
        found[0].push(i);
        found[1].push(j);
      }
    }
    const pairs = ops.reshape(ops.intVector(found.flat()), [2, found[0].length]);
    return wrap(ops.cast(pairs, checkDType(op, dtype)));
  };
}

/**
 * Rows and columns (int64) of the elements on and below a diagonal. Shapes: `[2, n]` for n elements.
 * @throws ArgumentError unless `rows` and `columns` are integers >= 0, and `offset` an integer.
 */
export const trilIndices = triangle("trilIndices", (column, row, offset) => column - row <= offset);
/**
 * Rows and columns (int64) of the elements on and above a diagonal. Shapes: `[2, n]` for n elements.
 * @throws ArgumentError unless `rows` and `columns` are integers >= 0, and `offset` an integer.
 */
export const triuIndices = triangle("triuIndices", (column, row, offset) => column - row >= offset);

/**
 * The shape that all shapes broadcast to.
 * @throws ShapeError if the shapes do not broadcast.
 */
export function broadcastShapes(...shapes: readonly (number | readonly number[])[]): number[] {
  for (const shape of shapes) if (typeof shape !== "number") checkList("broadcastShapes", "a shape", shape);
  return commonShape("broadcastShapes", ...shapes.map((shape) => (typeof shape === "number" ? [shape] : shape)));
}

/**
 * The dtype that holds values of both.
 * @throws DTypeError if one is the name of none.
 */
export function promoteTypes(a: DType, b: DType, ...surplus: []): DType {
  noMore("promoteTypes", surplus);
  return promote(checkDType("promoteTypes", a), checkDType("promoteTypes", b));
}

/**
 * The dtype of an operation on both, by PyTorch's rules for numbers and 0-d tensors.
 *
 * Shapes: any two, of which only whether they are 0-d counts.
 */
export function resultType(a: Tensor | number | boolean, b: Tensor | number | boolean, ...surplus: []): DType {
  const op = "resultType";
  noMore(op, surplus);
  const node = (value: Tensor | number | boolean): Node => {
    if (isTensor(value)) return value.node;
    if (typeof value === "boolean") return ops.constant(value, "bool");
    if (typeof value !== "number") throw notATensor(op, "an operand", value);
    return Number.isInteger(value) ? ops.constant(BigInt(value), "int64") : ops.constant(value, "float32");
  };
  return ops.resultType(node(a), node(b));
}

/**
 * Whether casting loses no category: float to integer and anything to bool are not allowed.
 * @throws DTypeError if one is the name of none.
 */
export function canCast(from: DType, to: DType, ...surplus: []): boolean {
  noMore("canCast", surplus);
  checkDType("canCast", from);
  checkDType("canCast", to);
  if (isFloat(from)) return isFloat(to);
  return to !== "bool" || from === "bool";
}

/** What a float dtype can hold. */
export interface FloatInfo {
  /** Size of a number. */
  readonly bits: number;
  /** 1 + eps is the next number after 1. */
  readonly eps: number;
  /** The largest finite number. */
  readonly max: number;
  /** The lowest finite number. */
  readonly min: number;
  /** The smallest positive number of full precision. */
  readonly tiny: number;
  /** As `tiny`. */
  readonly smallestNormal: number;
  /** Digits that survive. */
  readonly resolution: number;
  /** The dtype asked about. */
  readonly dtype: DType;
}

/**
 * Limits of a float dtype (float32 by default).
 * @throws ArgumentError for other dtypes.
 */
export function finfo(dtype: DType = "float32", ...surplus: []): FloatInfo {
  noMore("finfo", surplus);
  if (dtype === "float64") {
    const tiny = 2 ** -1022;
    const max = Number.MAX_VALUE;
    return { bits: 64, eps: 2 ** -52, max, min: -max, tiny, smallestNormal: tiny, resolution: 1e-15, dtype };
  }
  if (isHalf(dtype)) {
    const max = largestFinite(dtype);
    const [eps, tiny, resolution] = dtype === "float16" ? [2 ** -10, 2 ** -14, 1e-3] : [2 ** -7, 2 ** -126, 1e-2];
    return { bits: 16, eps, max, min: -max, tiny, smallestNormal: tiny, resolution, dtype };
  }
  if (dtype !== "float32")
    throw new ArgumentError(`finfo: takes a float dtype, got ${dtype}; use iinfo`, { op: "finfo" });
  const [max, tiny] = [3.4028234663852886e38, 2 ** -126];
  return { bits: 32, eps: 2 ** -23, max, min: -max, tiny, smallestNormal: tiny, resolution: 1e-6, dtype };
}

/**
 * Limits of an integer dtype; of int64 as bigints, since no number holds them.
 * @throws ArgumentError for other dtypes.
 */
export function iinfo(
  dtype: DType,
  ...surplus: []
): { readonly bits: number; readonly min: number | bigint; readonly max: number | bigint; readonly dtype: DType } {
  noMore("iinfo", surplus);
  if (dtype === "int64") return { bits: 64, min: -(2n ** 63n), max: 2n ** 63n - 1n, dtype };
  const range = integerRange(dtype);
  if (range) return { bits: 8 * itemSize(dtype), min: range[0], max: range[1], dtype };
  throw new ArgumentError(`iinfo: takes an integer dtype, got ${dtype}; use finfo`, { op: "iinfo" });
}

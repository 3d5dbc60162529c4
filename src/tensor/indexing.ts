// Indexing: x.at(0, "1:", null, [2, 0]) and x.setAt([…], value), with PyTorch's meaning.
import {
  ArgumentError,
  broadcastShapes,
  category,
  checkOptions,
  DTypeError,
  IndexError,
  noMore,
  type Shape,
  ShapeError,
  Storage,
  shapesEqual,
  typedArray,
} from "../base/index.js";
import type { Node } from "../graph/index.js";
import * as ops from "../ops/index.js";
import { checkTensor, operand, type TensorLike } from "./args.js";
import { assign, checkWritable } from "./in-place.js";
import { checkHostIndices } from "./index-checks.js";
import { checkPosition, dimsTaken, type IndexItem, type ParsedItem, parseItem, sliceBounds } from "./index-items.js";
import { readValues } from "./read.js";
import { isTensor, type Tensor, viewOf, wrap } from "./tensor.js";

/** Index arrays by dim of the view that the basic items leave. */
interface Split {
  readonly view: Tensor;
  readonly arrays: readonly { readonly dim: number; readonly index: Node }[];
}

/**
 * The part that the items name: a view for integers and slices, a copy for index arrays and masks. A mask is read: the
 * number of its true elements is a size.
 *
 * Shapes: `[n0, …, nr]` → what is left: an integer takes a dim away, a slice `"a:b:s"` keeps it with ⌈(b - a) / s⌉
 * elements, null adds a dim of size 1, index arrays put their common shape in the place of their dims.
 * @throws IndexError for more items than dims, positions out of range (of index tensors at the read or step that
 * computes them at the latest), and masks of other sizes than their dims.
 * @throws ArgumentError for items that are no index, a second "...", and a mask inside of `compile` or `vmap`.
 * @throws ShapeError if index arrays do not broadcast.
 */
export function at(input: Tensor, ...items: readonly IndexItem[]): Tensor {
  const { view, arrays } = splitIndex("at", input, items);
  return arrays.length === 0 ? view : wrap(takeArrays(view.node, arrays));
}

/**
 * Writes `value` to the part that the items name, in place. Shapes: any, value that broadcasts to the part → the same.
 * @throws ShapeError if the value or index arrays do not broadcast, or elements share memory (`expand`).
 * @throws DTypeError if the value is of a higher kind than this tensor (a float in an integer tensor).
 * @throws IndexError as {@link at}.
 * @throws ArgumentError as {@link at}.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export function setAt(
  input: Tensor,
  items: IndexItem | readonly IndexItem[],
  value: TensorLike,
  ...surplus: []
): Tensor {
  const op = "setAt";
  noMore(op, surplus);
  const list = Array.isArray(items) ? (items as readonly IndexItem[]) : [items as IndexItem];
  checkWritable(op, input);
  const fill = castTo(op, operand(op, "value", value, input.dtype), input);
  const mask = list.length === 1 && isTensor(list[0]) && list[0].dtype === "bool" ? list[0] : null;
  if (mask && fill.shape.length === 0 && shapesEqual(mask.shape, input.shape)) {
    // One value under a mask needs no positions, so nothing is read.
    assign(input, ops.where(mask.node, fill, input.node));
    return input;
  }
  const { view, arrays } = splitIndex(op, input, list);
  if (arrays.length === 0) assign(view, broadcast(op, fill, view.shape));
  else assign(view, putArrays(op, view.node, arrays, fill));
  return input;
}

function castTo(op: string, value: Node, x: Tensor): Node {
  if (category(value.dtype) > category(x.dtype)) {
    throw new DTypeError(
      `${op}: a ${value.dtype} value cannot be written into a ${x.dtype} tensor; convert it with .to("${x.dtype}")`,
      {
        op,
      },
    );
  }
  return ops.cast(value, x.dtype);
}

function broadcast(op: string, value: Node, shape: Shape): Node {
  if (shapesEqual(value.shape, shape)) return value;
  // Leading dims of size 1 do not count, as in PyTorch's assignment.
  const extra = value.shape.length - shape.length;
  const trimmed =
    extra > 0 && value.shape.slice(0, extra).every((size) => size === 1)
      ? ops.reshape(value, value.shape.slice(extra))
      : value;
  const fits =
    trimmed.shape.length <= shape.length &&
    trimmed.shape.every((size, d) => size === 1 || size === shape[d + shape.length - trimmed.shape.length]);
  if (fits) return ops.expand(trimmed, shape);
  throw new ShapeError(
    `${op}: the value has shape [${value.shape.join(",")}] and does not broadcast to the indexed part [${shape.join(",")}]`,
    { op, shapes: [value.shape, shape] },
  );
}

/** Applies integers, slices, "..." and null as views; collects index arrays. */
function splitIndex(op: string, input: Tensor, items: readonly IndexItem[]): Split {
  if (!isTensor(input)) throw new ArgumentError(`${op}: the input must be a Tensor`, { op });
  const parsed = items.map((item) => parseItem(op, item));
  const taken = parsed.reduce((sum, item) => sum + dimsTaken(item), 0);
  if (taken > input.shape.length) {
    throw new IndexError(`${op}: ${taken} indices for ${input.shape.length} dims (input [${input.shape.join(",")}])`, {
      op,
      shapes: [input.shape],
    });
  }
  if (parsed.filter(({ kind }) => kind === "ellipsis").length > 1) {
    throw new ArgumentError(`${op}: "..." may stand once in an index`, { op });
  }
  let view = input;
  let dim = 0;
  const arrays: { dim: number; index: Node }[] = [];
  for (const item of parsed) {
    if (item.kind === "ellipsis") dim += input.shape.length - taken;
    else if (item.kind === "new") {
      view = viewOf(view, {
        kind: "reshape",
        shape: [...view.shape.slice(0, dim), 1, ...view.shape.slice(dim)],
      }) as Tensor;
      dim++;
    } else if (item.kind === "int") view = selectAt(op, view, dim, item.value, input.shape);
    else if (item.kind === "slice") {
      const bounds = sliceBounds(view.shape[dim] as number, item.start, item.stop);
      view = viewOf(view, { kind: "slice", dim, ...bounds, step: item.step }) as Tensor;
      dim++;
    } else {
      for (const index of indexArrays(op, view, dim, item)) arrays.push({ dim: dim++, index });
    }
  }
  if (view === input) view = viewOf(input, { kind: "reshape", shape: input.shape }) as Tensor;
  return { view, arrays };
}

function selectAt(op: string, x: Tensor, dim: number, value: number, shape: Shape): Tensor {
  const start = checkPosition(op, value, x.shape[dim] as number, dim, shape);
  const part = viewOf(x, { kind: "slice", dim, start, stop: start + 1, step: 1 }) as Tensor;
  return viewOf(part, { kind: "reshape", shape: x.shape.filter((_, d) => d !== dim) }) as Tensor;
}

/** Index arrays of one item, one a dim it takes; all values are non-negative. */
function indexArrays(op: string, x: Tensor, dim: number, item: ParsedItem & { kind: "array" | "mask" }): Node[] {
  if (item.kind === "mask") return maskPositions(op, x, dim, item.mask);
  const size = x.shape[dim] as number;
  if (!isTensor(item.values)) {
    return [vector(item.values.map((value) => checkPosition(op, value, size, dim, x.shape)))];
  }
  const index = item.values.node;
  checkHostIndices(op, "index", index, -size, size - 1);
  return [index];
}

function vector(values: readonly number[]): Node {
  return ops.leaf(Storage.from("int32", Int32Array.from(values)), [values.length]);
}

/** Positions of a mask's true elements. A read: their number is a shape. */
function maskPositions(op: string, x: Tensor, dim: number, mask: readonly boolean[] | Tensor): Node[] {
  const shape = isTensor(mask) ? mask.shape : [mask.length];
  const covered = x.shape.slice(dim, dim + shape.length);
  if (!shapesEqual(shape, covered)) {
    throw new IndexError(
      `${op}: the mask has shape [${shape.join(",")}] but the dims it stands for [${covered.join(",")}] (input [${x.shape.join(",")}])`,
      { op, shapes: [shape, x.shape] },
    );
  }
  const values = isTensor(mask) ? readValues(op, mask) : Uint8Array.from(mask, Number);
  return nonzeroPositions(values, shape).map(vector);
}

/** For each dim the positions of elements that are not 0, in row-major order. */
export function nonzeroPositions(values: ArrayLike<number | bigint>, shape: Shape): number[][] {
  const positions: number[][] = shape.map(() => []);
  for (let i = 0; i < values.length; i++) {
    if (!values[i]) continue;
    let rest = i;
    for (let d = shape.length - 1; d >= 0; d--) {
      const size = shape[d] as number;
      (positions[d] as number[]).push(rest % size);
      rest = Math.floor(rest / size);
    }
  }
  return positions;
}

type Arrays = Split["arrays"];

function takeArrays(x: Node, arrays: Arrays): Node {
  return ops.indexGather(
    x,
    arrays.map(({ index }) => index),
    arrays.map(({ dim }) => dim),
  );
}

function putArrays(op: string, x: Node, arrays: Arrays, value: Node): Node {
  const indices = arrays.map(({ index }) => index);
  const dims = arrays.map(({ dim }) => dim);
  const rest = x.shape.filter((_, d) => !dims.includes(d));
  const isAdjacent = dims.every((d, i) => d === (dims[0] as number) + i);
  const before = isAdjacent ? (dims[0] as number) : 0;
  const common = broadcastShapes(op, ...indices.map(({ shape }) => shape));
  const spread = broadcast(op, value, [...rest.slice(0, before), ...common, ...rest.slice(before)]);
  return ops.indexPut(x, indices, dims, spread);
}

/**
 * Positions of elements that are not 0, one row each (int64 in PyTorch, int32 here); with `asTuple` an array of one
 * vector a dim, which index the input: `x.at(...nonzero(x, { asTuple: true }))`. A read: computes the tensor now.
 *
 * Shapes: any of n dims → `[found, n]`, or n tensors `[found]`.
 * @throws ArgumentError inside of `compile` or `vmap`.
 */
export function nonzero(input: Tensor, options: { readonly asTuple: true }, ...surplus: []): Tensor[];
export function nonzero(input: Tensor, options?: { readonly asTuple?: false }, ...surplus: []): Tensor;
export function nonzero(
  input: Tensor,
  options: { readonly asTuple?: boolean } = {},
  ...surplus: []
): Tensor | Tensor[] {
  noMore("nonzero", surplus);
  checkOptions("nonzero", options, ["asTuple"]);
  const positions = nonzeroPositions(readValues("nonzero", input), input.shape);
  if (options.asTuple && input.shape.length > 0) return positions.map((column) => wrap(vector(column)));
  const count = positions[0]?.length ?? (Number(readValues("nonzero", input)[0]) === 0 ? 0 : 1);
  const flat = typedArray("int32", count * input.shape.length) as Int32Array;
  positions.forEach((column, d) => {
    column.forEach((value, i) => {
      flat[i * input.shape.length + d] = value;
    });
  });
  // PyTorch takes a number for a vector of one element.
  if (options.asTuple) return [wrap(vector(new Array<number>(count).fill(0)))];
  return wrap(ops.leaf(Storage.from("int32", flat), [count, input.shape.length]));
}

/**
 * The elements where the mask is true, flat. A read: their number is a shape.
 *
 * Shapes: input and mask that broadcast → `[found]`.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws DTypeError if the mask is no bool tensor.
 * @throws ArgumentError inside of `compile` or `vmap`.
 */
export function maskedSelect(input: Tensor, mask: Tensor, ...surplus: []): Tensor {
  noMore("maskedSelect", surplus);
  checkTensor("maskedSelect", "mask", mask);
  const shape = broadcastShapes("maskedSelect", input.shape, mask.shape);
  if (mask.dtype !== "bool")
    throw new DTypeError(`maskedSelect: mask must be a bool tensor, is ${mask.dtype}`, { op: "maskedSelect" });
  const [x, m] = [
    viewOf(input, { kind: "expand", shape }) as Tensor,
    viewOf(mask, { kind: "expand", shape }) as Tensor,
  ];
  return at(x, m);
}

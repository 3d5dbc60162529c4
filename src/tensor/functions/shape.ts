// Changes of shape: views where PyTorch gives views, so that writes through them reach the base.
import {
  ArgumentError,
  checkArray,
  checkOptions,
  checkWholeNumber,
  formatShape,
  IndexError,
  noMore,
  normalizeDim,
  normalizeDims,
  numel,
  ShapeError,
  shapesEqual,
} from "../../base/index.js";
import * as ops from "../../ops/index.js";
import { copyOf } from "../alias.js";
import { checkList, checkTensor, nodeOf, notATensor, optionsWith, sizesOf } from "../args.js";
import { isTensor, type Tensor, viewOf, wrap } from "../tensor.js";
import { isContiguous } from "../view.js";

type Sizes = readonly (number | readonly number[])[];

function check(op: string, input: unknown): Tensor {
  if (isTensor(input)) return input;
  throw notATensor(op, "input", input);
}

/**
 * The same memory in another shape. One size may be -1: what is left. Shapes: any → `sizes`, with as many elements.
 * @throws ShapeError if the number of elements differs, a size is negative, or the strides would need a copy ({@link
 * reshape} makes one).
 * @throws ArgumentError if a size is no integer.
 */
export function view(input: Tensor, ...sizes: Sizes): Tensor {
  const x = check("view", input);
  const shape = ops.resolveSizes("view", sizesOf("view", sizes), numel(x.shape), x.shape);
  const result = viewOf(x, { kind: "reshape", shape });
  if (result) return result;
  throw new ShapeError(
    `view: shape ${formatShape(shape)} does not fit the strides [${x.layout.strides.join(",")}] of ${formatShape(x.shape)} without a copy; use reshape, or contiguous() first`,
    { op: "view", shapes: [x.shape, shape], fix: "reshape" },
  );
}

function reshapeTo(x: Tensor, shape: readonly number[]): Tensor {
  if (shapesEqual(shape, x.shape)) return viewOf(x, { kind: "reshape", shape }) as Tensor;
  return viewOf(x, { kind: "reshape", shape }) ?? wrap(ops.reshape(x.node, shape));
}

/**
 * The same elements in another shape: a view where that is possible, else a copy. One size may be -1: what is left.
 *
 * Shapes: any → `sizes`, with as many elements.
 * @throws ShapeError if the number of elements differs, or a size is negative.
 * @throws ArgumentError if a size is no integer.
 */
export function reshape(input: Tensor, ...sizes: Sizes): Tensor {
  const x = check("reshape", input);
  return reshapeTo(x, ops.resolveSizes("reshape", sizesOf("reshape", sizes), numel(x.shape), x.shape));
}

/**
 * A view of the shape of `other`, with as many elements. Shapes: any, other → that of `other`.
 * @throws ShapeError if the number of elements differs or a view is not possible.
 */
export function viewAs(input: Tensor, other: Tensor, ...surplus: []): Tensor {
  noMore("viewAs", surplus);
  checkTensor("viewAs", "other", other);
  return view(input, other.shape);
}

/**
 * The shape of `other`, with as many elements: a view where possible, else a copy.
 *
 * Shapes: any, other → that of `other`.
 * @throws ShapeError if the number of elements differs.
 */
export function reshapeAs(input: Tensor, other: Tensor, ...surplus: []): Tensor {
  noMore("reshapeAs", surplus);
  checkTensor("reshapeAs", "other", other);
  return reshape(input, other.shape);
}

interface FlattenOptions {
  /** First of the dims that become one; default 0. */
  readonly startDim?: number;
  /** Last of them; default the last dim. */
  readonly endDim?: number;
}

/**
 * Merges dims `startDim … endDim` into one: all of them by default. Shapes: `[a, …, b]` → `[a · … · b]`; `[]` → `[1]`.
 * @throws IndexError if a dim is out of range.
 * @throws ArgumentError if `startDim` lies behind `endDim`, or options are given twice.
 */
export function flatten(
  input: Tensor,
  start?: number | FlattenOptions,
  end?: number | Omit<FlattenOptions, "startDim">,
  ...surplus: []
): Tensor {
  const options = typeof end === "number" ? { endDim: end } : end;
  const given = optionsWith<FlattenOptions>("flatten", "startDim", start, options, ["startDim", "endDim"], surplus);
  const { startDim = 0, endDim = -1 } = given;
  const x = check("flatten", input);
  const rank = x.shape.length;
  const [first, last] = [normalizeDim("flatten", startDim, rank), normalizeDim("flatten", endDim, rank)];
  if (first > last) {
    throw new ArgumentError(
      `flatten: startDim ${startDim} lies behind endDim ${endDim} (input ${formatShape(x.shape)})`,
      {
        op: "flatten",
      },
    );
  }
  const merged = numel(x.shape.slice(first, last + 1));
  return reshapeTo(x, rank === 0 ? [1] : [...x.shape.slice(0, first), merged, ...x.shape.slice(last + 1)]);
}

/** All elements in one dim: a view where possible. Shapes: any → `[n]`. */
export function ravel(input: Tensor, ...surplus: []): Tensor {
  noMore("ravel", surplus);
  return reshape(input, -1);
}

/**
 * Splits `dim` into `sizes`, one of which may be -1. Shapes: `[…, n, …]` → `[…, ...sizes, …]`, whose product is n.
 * @throws ShapeError if the product of the sizes is not that of the dim, or a size is negative.
 * @throws IndexError if `dim` is out of range, or the input is 0-d.
 * @throws ArgumentError if a size is no integer.
 */
export function unflatten(input: Tensor, dim: number, sizes: readonly number[], ...surplus: []): Tensor {
  noMore("unflatten", surplus);
  const x = check("unflatten", input);
  const d = normalizeDim("unflatten", dim, x.shape.length);
  checkArray("unflatten", "sizes", sizes);
  for (const size of sizes) checkWholeNumber("unflatten", "each size", size);
  if (x.shape.length === 0)
    throw new IndexError("unflatten: a 0-d tensor has no dim to split", { op: "unflatten", shapes: [[]] });
  const parts = ops.resolveSizes("unflatten", sizes, x.shape[d] as number, x.shape);
  return reshapeTo(x, [...x.shape.slice(0, d), ...parts, ...x.shape.slice(d + 1)]);
}

/**
 * Dims in another order: a view. Shapes: `[d0, …, dn-1]` → `[d_dims[0], …, d_dims[n-1]]`.
 * @throws ShapeError unless there are as many dims as the input has.
 * @throws IndexError if a dim is out of range or named twice.
 * @throws ArgumentError if a dim is no integer.
 */
export function permute(input: Tensor, ...dims: Sizes): Tensor {
  const x = check("permute", input);
  const list = sizesOf("permute", dims);
  if (list.length !== x.shape.length) {
    throw new ShapeError(`permute: got ${list.length} dims for ${x.shape.length} (input ${formatShape(x.shape)})`, {
      op: "permute",
      shapes: [x.shape],
    });
  }
  return viewOf(x, { kind: "permute", dims: normalizeDims("permute", list, x.shape.length) }) as Tensor;
}

/**
 * Two dims swapped: a view. Shapes: `[…, a, …, b, …]` → `[…, b, …, a, …]`.
 * @throws IndexError if a dim is out of range.
 */
export function transpose(input: Tensor, dim0: number, dim1: number, ...surplus: []): Tensor {
  noMore("transpose", surplus);
  const x = check("transpose", input);
  const rank = x.shape.length;
  const [a, b] = [normalizeDim("transpose", dim0, rank), normalizeDim("transpose", dim1, rank)];
  const dims = x.shape.map((_, d) => (d === a ? b : d === b ? a : d));
  return viewOf(x, { kind: "permute", dims }) as Tensor;
}

/**
 * As {@link transpose}: two dims swapped. Shapes: `[…, a, …, b, …]` → `[…, b, …, a, …]`.
 * @throws IndexError if a dim is out of range.
 */
export const swapaxes = transpose;
/**
 * As {@link transpose}: two dims swapped. Shapes: `[…, a, …, b, …]` → `[…, b, …, a, …]`.
 * @throws IndexError if a dim is out of range.
 */
export const swapdims = transpose;

/**
 * A matrix transposed: a view. Shapes: `[m, n]` → `[n, m]`; `[n]` and `[]` → the same.
 * @throws ShapeError if the input has more than 2 dims.
 */
export function t(input: Tensor, ...surplus: []): Tensor {
  noMore("t", surplus);
  const x = check("t", input);
  if (x.shape.length > 2) {
    throw new ShapeError(`t: takes at most 2 dims, use transpose or mT (input ${formatShape(x.shape)})`, {
      op: "t",
      shapes: [x.shape],
    });
  }
  return x.shape.length === 2
    ? transpose(x, 0, 1)
    : (viewOf(x, { kind: "permute", dims: x.shape.map((_, d) => d) }) as Tensor);
}

/**
 * Moves dims from `source` to `destination`; the others keep their order. A view.
 *
 * Shapes: any → the sizes in another order.
 * @throws IndexError if a dim is out of range or named twice.
 * @throws ArgumentError unless there are as many sources as destinations.
 */
export function movedim(
  input: Tensor,
  source: number | readonly number[],
  destination: number | readonly number[],
  ...surplus: []
): Tensor {
  noMore("movedim", surplus);
  const x = check("movedim", input);
  const rank = x.shape.length;
  const from = normalizeDims("movedim", typeof source === "number" ? [source] : source, rank);
  const to = normalizeDims("movedim", typeof destination === "number" ? [destination] : destination, rank);
  if (from.length !== to.length) {
    throw new ArgumentError(`movedim: ${from.length} source dims but ${to.length} destinations`, { op: "movedim" });
  }
  const rest = x.shape.map((_, d) => d).filter((d) => !from.includes(d));
  const dims = x.shape.map((_, d) => (to.includes(d) ? (from[to.indexOf(d)] as number) : (rest.shift() as number)));
  return viewOf(x, { kind: "permute", dims }) as Tensor;
}

/**
 * As {@link movedim}: dims moved to other places. Shapes: any → the sizes in another order.
 * @throws IndexError if a dim is out of range or named twice.
 * @throws ArgumentError unless there are as many sources as destinations.
 */
export const moveaxis = movedim;

/**
 * Dims of size 1 grow to `sizes` without a copy; -1 keeps a size, new dims come in front.
 *
 * Shapes: any that broadcasts to `sizes` → `sizes`.
 * @throws ShapeError if a dim that is not of size 1 would have to grow, or there are fewer sizes than dims.
 * @throws ArgumentError if a size is no integer.
 */
export function expand(input: Tensor, ...sizes: Sizes): Tensor {
  const x = check("expand", input);
  const list = sizesOf("expand", sizes);
  const added = list.length - x.shape.length;
  const shape = list.map((size, d) => (size === -1 && d >= added ? (x.shape[d - added] as number) : size));
  const fits = added >= 0 && x.shape.every((size, d) => size === 1 || size === shape[d + added]);
  if (!fits || shape.some((size) => size < 0)) {
    throw new ShapeError(
      `expand: ${formatShape(x.shape)} cannot broadcast to ${formatShape(list)}; only dims of size 1 grow`,
      { op: "expand", shapes: [x.shape, list] },
    );
  }
  return viewOf(x, { kind: "expand", shape }) as Tensor;
}

/**
 * As `expand`: dims of size 1 grow without a copy. Shapes: any that broadcasts to `sizes` → `sizes`.
 * @throws ShapeError if a dim that is not of size 1 would have to grow, or there are fewer sizes than dims.
 * @throws ArgumentError if a size is no integer.
 */
export const broadcastTo = expand;

/**
 * Grown to the shape of `other`, without a copy. Shapes: any, other → that of `other`.
 * @throws ShapeError if a dim that is not of size 1 would have to grow.
 */
export function expandAs(input: Tensor, other: Tensor, ...surplus: []): Tensor {
  noMore("expandAs", surplus);
  checkTensor("expandAs", "other", other);
  return expand(input, other.shape);
}

/**
 * Drops dims of size 1: all, or those of `dim`; dims of other sizes stay. A view. Shapes: `[…, 1, …]` → `[…, …]`.
 * @throws IndexError if a dim is out of range or named twice.
 */
export function squeeze(input: Tensor, dim?: number | readonly number[], ...surplus: []): Tensor {
  noMore("squeeze", surplus);
  const x = check("squeeze", input);
  const rank = x.shape.length;
  const dims =
    dim === undefined
      ? x.shape.map((_, d) => d)
      : normalizeDims("squeeze", typeof dim === "number" ? [dim] : dim, rank);
  const shape = x.shape.filter((size, d) => size !== 1 || !dims.includes(d));
  return viewOf(x, { kind: "reshape", shape }) as Tensor;
}

/**
 * A new dim of size 1 at `dim`: a view. Shapes: `[…, …]` → `[…, 1, …]`.
 * @throws IndexError if `dim` is outside of [-n - 1, n], for n dims.
 */
export function unsqueeze(input: Tensor, dim: number, ...surplus: []): Tensor {
  noMore("unsqueeze", surplus);
  const x = check("unsqueeze", input);
  const d = normalizeDim("unsqueeze", dim, x.shape.length + 1);
  return viewOf(x, { kind: "reshape", shape: [...x.shape.slice(0, d), 1, ...x.shape.slice(d)] }) as Tensor;
}

/**
 * The part at position `index` of `dim`, without that dim: a view. Negative indices count from the end.
 *
 * Shapes: `[…, n, …]` → `[…, …]`.
 * @throws IndexError if `dim` or `index` is out of range, or the input is 0-d.
 */
export function select(input: Tensor, dim: number, index: number, ...surplus: []): Tensor {
  noMore("select", surplus);
  const x = check("select", input);
  const d = dimToTakeFrom("select", x, dim);
  const size = x.shape[d] as number;
  if (!Number.isInteger(index) || index < -size || index >= size) {
    throw new IndexError(
      `select: index ${index} is out of range [${-size}, ${size - 1}] of dim ${dim} (input ${formatShape(x.shape)})`,
      { op: "select", shapes: [x.shape] },
    );
  }
  const start = index < 0 ? index + size : index;
  const part = viewOf(x, { kind: "slice", dim: d, start, stop: start + 1, step: 1 }) as Tensor;
  return viewOf(part, { kind: "reshape", shape: x.shape.filter((_, other) => other !== d) }) as Tensor;
}

/**
 * `length` elements from `start` along `dim`: a view. A negative start counts from the end.
 *
 * Shapes: `[…, n, …]` → `[…, length, …]`.
 * @throws IndexError if `dim` or an element is out of range, or the input is 0-d.
 */
export function narrow(input: Tensor, dim: number, start: number, length: number, ...surplus: []): Tensor {
  noMore("narrow", surplus);
  const x = check("narrow", input);
  const d = dimToTakeFrom("narrow", x, dim);
  const size = x.shape[d] as number;
  const from = start < 0 ? start + size : start;
  if (!Number.isInteger(from) || !Number.isInteger(length) || from < 0 || length < 0 || from + length > size) {
    throw new IndexError(
      `narrow: ${length} elements from ${start} do not lie in dim ${dim} of size ${size} (input ${formatShape(x.shape)})`,
      { op: "narrow", shapes: [x.shape] },
    );
  }
  return viewOf(x, { kind: "slice", dim: d, start: from, stop: from + length, step: 1 }) as Tensor;
}

function dimToTakeFrom(op: string, x: Tensor, dim: number): number {
  if (x.shape.length === 0) throw new IndexError(`${op}: a 0-d tensor has no dim to take from`, { op, shapes: [[]] });
  return normalizeDim(op, dim, x.shape.length);
}

/**
 * Elements `x[i, i + offset]` over two dims, as a last dim: a view.
 *
 * Shapes: `[m, n]` → `[min(m, n)]` with offset 0; other dims come first.
 * @throws ShapeError unless there are two different dims.
 * @throws IndexError if a dim is out of range.
 * @throws ArgumentError if `offset` is no integer.
 */
export function diagonal(
  input: Tensor,
  options: { readonly offset?: number; readonly dim1?: number; readonly dim2?: number } = {},
  ...surplus: []
): Tensor {
  noMore("diagonal", surplus);
  checkOptions("diagonal", options, ["offset", "dim1", "dim2"]);
  const x = check("diagonal", input);
  const { offset = 0, dim1 = 0, dim2 = 1 } = options;
  checkWholeNumber("diagonal", "offset", offset);
  const [a, b] = [normalizeDim("diagonal", dim1, x.shape.length), normalizeDim("diagonal", dim2, x.shape.length)];
  if (x.shape.length < 2 || a === b) {
    throw new ShapeError(`diagonal: needs two different dims (input ${formatShape(x.shape)})`, {
      op: "diagonal",
      shapes: [x.shape],
    });
  }
  return viewOf(x, { kind: "diagonal", offset, dim1: a, dim2: b }) as Tensor;
}

/**
 * Parts of `size` elements along `dim` (the last may be smaller), or of the listed sizes: views.
 *
 * Shapes: `[…, n, …]` → tensors `[…, size, …]`.
 * @throws ShapeError if the listed sizes do not add up to n.
 * @throws ArgumentError unless `size` is a positive integer, or listed sizes are integers.
 * @throws IndexError if `dim` is out of range, or the input is 0-d.
 */
export function split(input: Tensor, size: number | readonly number[], dim = 0, ...surplus: []): Tensor[] {
  noMore("split", surplus);
  const x = check("split", input);
  const d = dimToTakeFrom("split", x, dim);
  const total = x.shape[d] as number;
  if (typeof size !== "number") checkList("split", "sizes", size);
  const sizes = typeof size === "number" ? equalParts(total, size) : size;
  for (const part of sizes) checkWholeNumber("split", "each size", part);
  if (sizes.reduce((sum, part) => sum + part, 0) !== total || sizes.some((part) => part < 0)) {
    throw new ShapeError(
      `split: sizes [${sizes.join(",")}] do not add up to ${total}, the size of dim ${dim} (input ${formatShape(x.shape)})`,
      {
        op: "split",
        shapes: [x.shape],
      },
    );
  }
  let start = 0;
  return sizes.map((part) => {
    const result = narrow(x, d, start, part);
    start += part;
    return result;
  });
}

function equalParts(total: number, size: number): number[] {
  if (!Number.isInteger(size) || size < 1) {
    throw new ArgumentError(`split: size must be a positive integer, got ${size}`, { op: "split" });
  }
  return Array.from({ length: Math.max(1, Math.ceil(total / size)) }, (_, i) => Math.min(size, total - i * size));
}

/**
 * At most `chunks` parts of equal size along `dim` (the last may be smaller): views.
 *
 * Shapes: `[…, n, …]` → tensors `[…, ⌈n / chunks⌉, …]`.
 * @throws ArgumentError unless `chunks` is a positive integer.
 * @throws IndexError if `dim` is out of range, or the input is 0-d.
 */
export function chunk(input: Tensor, chunks: number, dim = 0, ...surplus: []): Tensor[] {
  noMore("chunk", surplus);
  const x = check("chunk", input);
  if (!Number.isInteger(chunks) || chunks < 1) {
    throw new ArgumentError(`chunk: chunks must be a positive integer, got ${chunks}`, { op: "chunk" });
  }
  const d = dimToTakeFrom("chunk", x, dim);
  const total = x.shape[d] as number;
  return total === 0 ? split(x, new Array<number>(chunks).fill(0), d) : split(x, Math.ceil(total / chunks), d);
}

/**
 * The parts along `dim`, without that dim: views. Shapes: `[…, n, …]` → n tensors `[…, …]`.
 * @throws IndexError if `dim` is out of range, or the input is 0-d.
 */
export function unbind(input: Tensor, dim = 0, ...surplus: []): Tensor[] {
  noMore("unbind", surplus);
  const x = check("unbind", input);
  const d = dimToTakeFrom("unbind", x, dim);
  return Array.from({ length: x.shape[d] as number }, (_, i) => select(x, d, i));
}

/** The tensor itself if its elements lie in row-major order, else a copy that does. Shapes: any → the same. */
export function contiguous(input: Tensor, ...surplus: []): Tensor {
  noMore("contiguous", surplus);
  const x = check("contiguous", input);
  return isContiguous(x.layout) ? x : wrap(copyOf(x.node));
}

/** A copy with the same history. Shapes: any → the same. */
export function clone(input: Tensor, ...surplus: []): Tensor {
  noMore("clone", surplus);
  return wrap(copyOf(nodeOf("clone", "input", input)));
}

// Reading by index: along a dim, slices, rows of a table; and the sums that are their adjoints.
import {
  broadcastShapes,
  DTypeError,
  formatShape,
  IndexError,
  isInteger,
  numel,
  type Shape,
  ShapeError,
  shapesEqual,
} from "../base/index.js";
import {
  type Attrs,
  apply,
  attr,
  hashText,
  type IndexCheck,
  type NdArray,
  type Node,
  type PointwisePrimitive,
  type RoutinePrimitive,
} from "../graph/index.js";
import type { Expr } from "../ir/index.js";
import { fillArray, ravel, unravel } from "./define.js";
import { add, cast, eq, lt, mul, where } from "./elementwise.js";
import { buildIndexSum, buildScatterSum, clampIndex, forEachScatter, sumInto } from "./index-kernels.js";
import { linesOf } from "./kernel-text.js";
import { constant, iota } from "./leaves.js";
import { expand, pad, permute, reshape, slice } from "./movement.js";

/** Words for error messages: which operation reads what. */
export interface IndexNames {
  readonly op?: string;
  readonly what?: string;
}

/** Longer index tensors are checked by the program that reads them. */
const MOST_CHECKED = 1 << 16;
/** Adjoints with at most this many sources along the dim are written as comparisons, which fuse with their consumer. */
const MOST_COMPARED = 4;

const rangeMessage =
  (op: string, what: string, low: number, size: number, dim: number, shown: string) => (value: number) =>
    `${op}: ${what} ${value} is out of range [${low}, ${size - 1}] (dim ${dim} of ${shown})`;

/** Errors at the call where the values are known there. */
function checkHostValues(index: Node, check: IndexCheck, op: string): void {
  const { storage } = index;
  if (!index.isRealized || !storage?.buffer || storage.length > MOST_CHECKED) return;
  for (const value of storage.hostView()) {
    if (value < check.low || value > check.high) throw new IndexError(check.message(Number(value)), { op });
  }
}

function checkHost(node: Node, op: string): Node {
  const { primitive } = node;
  if (primitive.kind !== "pointwise") return node;
  for (const check of primitive.checks?.(node) ?? []) checkHostValues(node.inputs[check.input] as Node, check, op);
  return node;
}

function checkIndexDType(op: string, index: Node): void {
  if (isInteger(index.dtype)) return;
  throw new DTypeError(`${op}: index must be of an integer dtype, is ${index.dtype}; convert it with .to("int64")`, {
    op,
  });
}

function checkNotEmpty(op: string, size: number, index: Node, dim: number, x: Node): void {
  if (size > 0 || index.size === 0) return;
  throw new IndexError(`${op}: dim ${dim} of shape ${formatShape(x.shape)} has no elements to take`, { op });
}

const dimOf = (node: Pick<Node, "attrs">): number => attr<number>(node, "dim");
const opOf = (node: Pick<Node, "attrs">): string => attr<string>(node, "op");
const namesOf = (node: Node) => ({ op: opOf(node), what: attr<string>(node, "what") });

// ---- along a dim ------------------------------------------------------------------------------------------------

const gatherP: PointwisePrimitive = {
  kind: "pointwise",
  name: "gather",
  hash: hashText("gather"),
  cost: 2,
  isElementwise: false,
  saves: { inputs: [1], output: false },
  infer: (inputs, attrs) => {
    const [x, index] = inputs as [Node, Node];
    const [dim, op] = [dimOf({ attrs }), opOf({ attrs })];
    checkIndexDType(op, index);
    if (
      index.shape.length !== x.shape.length ||
      index.shape.some((size, d) => d !== dim && size > (x.shape[d] as number))
    ) {
      throw new ShapeError(
        `${op}: index must have the dims of the input and, except dim ${dim}, no larger sizes (input ${formatShape(x.shape)}, index ${formatShape(index.shape)})`,
        { op, shapes: [x.shape, index.shape] },
      );
    }
    checkNotEmpty(op, x.shape[dim] as number, index, dim, x);
    return { shape: index.shape, dtype: x.dtype };
  },
  vjp: (node, grad) => {
    const [x, index] = node.inputs as [Node, Node];
    return [scatterSum(index, grad, dimOf(node), x.shape, namesOf(node)), null];
  },
  checks: (node) => {
    const [x] = node.inputs as [Node];
    if (!attr<boolean>(node, "isChecked")) return [];
    return [lineCheck(1, node, x.shape[dimOf(node)] as number, `x ${x.dtype}${formatShape(x.shape)}`)];
  },
  lower: ({ f, input }, index, node) => {
    const dim = dimOf(node);
    const at = [...index];
    at[dim] = clampIndex(f, input(1, index), (node.inputs[0] as Node).shape[dim] as number);
    return input(0, at);
  },
  reference: (node, inputs) => {
    const [x, index] = inputs as [NdArray, NdArray];
    return fillArray(node.shape, node.dtype, (i) => {
      const at = unravel(i, node.shape);
      at[dimOf(node)] = Number(index.data[i]);
      return x.data[ravel(at, x.shape)] as number | bigint;
    });
  },
};

function lineCheck(input: number, node: Node, size: number, shown: string): IndexCheck {
  const { op, what } = namesOf(node);
  return { input, low: 0, high: size - 1, message: rangeMessage(op, what, 0, size, dimOf(node), shown) };
}

/** One element of `x` along `dim` for each of `index`, as torch.gather: other dims of `index` may be smaller than those of `x`. */
export function gather(x: Node, dim: number, index: Node, { op = "gather", what = "index" }: IndexNames = {}): Node {
  if (x.shape.length > 0) return checkHost(gatherNode(x, dim, index, { op, what }, true), op);
  return reshape(gather(reshape(x, [1]), 0, reshape(index, [index.size]), { op, what }), index.shape);
}

/** `gather` with index values that are known to be right. */
export function gatherUnchecked(x: Node, dim: number, index: Node): Node {
  return gatherNode(x, dim, index, { op: "gather", what: "index" }, false);
}

function gatherNode(x: Node, dim: number, index: Node, names: Required<IndexNames>, isChecked: boolean): Node {
  return apply(gatherP, [x, index], { dim, ...names, isChecked });
}

/** As `gather`; shapes broadcast outside `dim`. */
export function takeAlongDim(x: Node, index: Node, dim: number, names: IndexNames = {}): Node {
  const given = { op: "takeAlongDim", ...names };
  if (x.shape.length === 0) return gather(x, dim, index, given);
  const { op } = given;
  if (x.shape.length !== index.shape.length) {
    throw new ShapeError(
      `${op}: input and index must have as many dims as each other (input ${formatShape(x.shape)}, index ${formatShape(index.shape)})`,
      { op, shapes: [x.shape, index.shape] },
    );
  }
  if (x.shape.every((size, d) => d === dim || size === index.shape[d])) return gather(x, dim, index, given);
  const without = (shape: Shape) => shape.map((size, d) => (d === dim ? 1 : size));
  const common = broadcastShapes(op, without(x.shape), without(index.shape));
  const widened = (y: Node) =>
    expand(
      y,
      common.map((size, d) => (d === dim ? (y.shape[d] as number) : size)),
    );
  return gather(widened(x), dim, widened(index), given);
}

const scatterSumP: RoutinePrimitive = {
  kind: "routine",
  name: "scatter_sum",
  hash: hashText("scatter_sum"),
  saves: { inputs: [0], output: false },
  infer: (inputs, attrs) => {
    const [index, source] = inputs as [Node, Node];
    const shape = [...index.shape];
    shape[dimOf({ attrs })] = attr<number>({ attrs }, "size");
    return { shape, dtype: source.dtype };
  },
  vjp: (node, grad) => [null, gatherNode(grad, dimOf(node), node.inputs[0] as Node, namesOf(node), true)],
  checks: (node) => [lineCheck(0, node, attr<number>(node, "size"), `x ${node.dtype}${formatShape(node.shape)}`)],
  build: (context, node) => {
    const index = node.inputs[0] as Node;
    buildScatterSum(context, linesOf(node.shape, dimOf(node)), index.shape[dimOf(node)] as number);
  },
  reference: (node, inputs) => {
    const [index, source] = inputs as [NdArray, NdArray];
    const [dim, size] = [dimOf(node), attr<number>(node, "size")];
    return sumInto(node.shape, source, (visit) => forEachScatter(index, dim, size, visit));
  },
};

/**
 * The adjoint of `gather`: zeros of `shape`, with `source` (in the shape of `index`) added at `index` along `dim`. Few
 * sources a line are compared with each position instead, so that the softmax of a classifier's gradient takes them in.
 */
export function scatterSum(index: Node, source: Node, dim: number, shape: Shape, names: IndexNames = {}): Node {
  const size = shape[dim] as number;
  const count = index.shape[dim] as number;
  const inner = shape.map((n, d) => (d === dim ? n : (index.shape[d] as number)));
  const { op = "scatterAdd", what = "index" } = names;
  const sum =
    count <= MOST_COMPARED
      ? comparedSum(index, source, dim, inner)
      : apply(scatterSumP, [index, source], { dim, size, op, what });
  if (shapesEqual(inner, shape)) return sum;
  const after = shape.map((n, d) => n - (inner[d] as number));
  return pad(
    sum,
    after.map(() => 0),
    after,
    0,
  );
}

function comparedSum(index: Node, source: Node, dim: number, shape: Shape): Node {
  const zero = constant(0, source.dtype);
  const positions = reshape(
    iota(shape[dim] as number),
    shape.map((n, d) => (d === dim ? n : 1)),
  );
  const at = cast(index, "int32");
  let sum: Node | null = null;
  for (let j = 0; j < (index.shape[dim] as number); j++) {
    const isHere = eq(slice(at, dim, j, j + 1, 1), positions);
    const part = where(isHere, slice(source, dim, j, j + 1, 1), zero);
    sum = sum ? add(sum, part) : part;
  }
  return sum ?? expand(zero, shape);
}

// ---- slices -----------------------------------------------------------------------------------------------------

/** The common shape of a node's index inputs. */
function indexShape(op: string, indices: readonly Node[]): Shape {
  const [first] = indices as [Node];
  return indices.length === 1 ? first.shape : broadcastShapes(op, ...indices.map((i) => i.shape));
}

const wraps = (node: Pick<Node, "attrs">): boolean => attr<boolean>(node, "wraps");

const indexP: PointwisePrimitive = {
  kind: "pointwise",
  name: "index",
  hash: hashText("index"),
  cost: 2,
  isElementwise: false,
  get saves() {
    return savesIndices;
  },
  infer: (inputs, attrs) => {
    const [x, ...indices] = inputs as [Node, ...Node[]];
    const [dim, op] = [dimOf({ attrs }), opOf({ attrs })];
    indices.forEach((index, k) => {
      checkIndexDType(op, index);
      checkNotEmpty(op, x.shape[dim + k] as number, index, dim + k, x);
    });
    const common = indexShape(op, indices);
    return { shape: [...x.shape.slice(0, dim), ...common, ...x.shape.slice(dim + indices.length)], dtype: x.dtype };
  },
  vjp: (node, grad) => {
    const [x, ...indices] = node.inputs as [Node, ...Node[]];
    const dim = dimOf(node);
    const sizes = x.shape.slice(dim, dim + indices.length);
    const flat = linearIndex(opOf(node), indices, sizes, wraps(node));
    const isPlain = indices.length === 1 && !wraps(node);
    const ignored = attr<number | null>(node, "ignored");
    const kept = ignored === null ? grad : withoutIgnored(grad, dim, indices[0] as Node, ignored);
    return [indexSum(flat, kept, dim, sizes, isPlain ? namesOf(node) : null), ...indices.map(() => null)];
  },
  checks: (node) => {
    const [x, ...indices] = node.inputs as [Node, ...Node[]];
    if (!attr<boolean>(node, "isChecked")) return [];
    const { op, what } = namesOf(node);
    const shown = `x ${x.dtype}${formatShape(x.shape)}`;
    return indices.map((_, k) => {
      const d = dimOf(node) + k;
      const size = x.shape[d] as number;
      const low = wraps(node) ? -size : 0;
      return { input: k + 1, low, high: size - 1, message: rangeMessage(op, what, low, size, d, shown) };
    });
  },
  lower: ({ f, input }, index, node) => {
    const [x, ...indices] = node.inputs as [Node, ...Node[]];
    const dim = dimOf(node);
    const rank = node.shape.length - x.shape.length + indices.length;
    const common = index.slice(dim, dim + rank);
    const places = indices.map(({ shape }, k): Expr => {
      const own = common.slice(rank - shape.length).map((at, d) => (shape[d] === 1 ? f.int(0) : at));
      const size = x.shape[dim + k] as number;
      const value = f.cast(input(k + 1, own), "i32");
      const place = wraps(node) ? f.select(f.lt(value, f.int(0)), f.add(value, f.int(size)), value) : value;
      return clampIndex(f, place, size);
    });
    return input(0, [...index.slice(0, dim), ...places, ...index.slice(dim + rank)]);
  },
  reference: (node, inputs) => {
    const [x, ...indices] = inputs as [NdArray, ...NdArray[]];
    const dim = dimOf(node);
    const rank = node.shape.length - x.shape.length + indices.length;
    return fillArray(node.shape, node.dtype, (i) => {
      const at = unravel(i, node.shape);
      const common = at.slice(dim, dim + rank);
      const places = indices.map(({ shape, data }, k) => {
        const own = common.slice(rank - shape.length).map((n, d) => (shape[d] === 1 ? 0 : n));
        const value = Number(data[ravel(own, shape)]);
        return value < 0 ? value + (x.shape[dim + k] as number) : value;
      });
      return x.data[ravel([...at.slice(0, dim), ...places, ...at.slice(dim + rank)], x.shape)] as number | bigint;
    });
  },
};

/** Up to eight index inputs, all read by the gradient. */
const savesIndices = { inputs: [1, 2, 3, 4, 5, 6, 7, 8], output: false };

/** Several indices as one into the dims they stand for, joined. */
export function linearIndex(op: string, indices: readonly Node[], sizes: Shape, wrap: boolean): Node {
  const [only] = indices as [Node];
  if (indices.length === 1 && !wrap) return only;
  let flat: Node | null = null;
  indices.forEach((index, k) => {
    const value = cast(index, "int32");
    const size = constant(sizes[k] as number, "int32");
    const place = wrap ? where(lt(value, constant(0, "int32")), add(value, size), value) : value;
    flat = flat ? add(mul(flat, size), place) : place;
  });
  return expand(flat as unknown as Node, indexShape(op, indices));
}

function withoutIgnored(grad: Node, dim: number, index: Node, ignored: number): Node {
  const rest = grad.shape.length - dim - index.shape.length;
  const isIgnored = eq(cast(index, "int32"), constant(ignored, "int32"));
  const mask = reshape(isIgnored, [...index.shape, ...new Array<number>(rest).fill(1)]);
  return where(mask, constant(0, grad.dtype), grad);
}

interface IndexOptions extends Required<IndexNames> {
  readonly wraps?: boolean;
  readonly ignored?: number | null;
}

function indexNode(x: Node, indices: readonly Node[], dim: number, options: IndexOptions): Node {
  const { op, what, wraps = false, ignored = null } = options;
  const attrs: Attrs = { dim, op, what, wraps, ignored, isChecked: true };
  return checkHost(apply(indexP, [x, ...indices], attrs), op);
}

/** Slices of `x` along `dim` in the order of `index` `[T]`. */
export function indexSelect(x: Node, dim: number, index: Node): Node {
  const names = { op: "indexSelect", what: "index" };
  if (x.shape.length === 0) return reshape(indexNode(reshape(x, [1]), [index], 0, names), []);
  if (index.shape.length > 1) {
    throw new ShapeError(`indexSelect: index must be a vector (index ${formatShape(index.shape)})`, {
      op: "indexSelect",
      shapes: [x.shape, index.shape],
    });
  }
  return indexNode(x, [index.shape.length === 0 ? reshape(index, [1]) : index], dim, names);
}

/** Rows of `weight` `[V,D]` at `index` of any shape. Row `paddingIndex` gets no gradient. */
export function embedding(weight: Node, index: Node, paddingIndex: number | null = null): Node {
  return indexNode(weight, [index], 0, { op: "embedding", what: "index", ignored: paddingIndex });
}

/**
 * `x[i0, i1, …]` on `dims`: the index tensors broadcast, negative values count from the end. The dims of the result that
 * they give stand in place of `dims` if those are neighbours, else in front, as in PyTorch and NumPy.
 */
export function indexGather(x: Node, indices: readonly Node[], dims: readonly number[]): Node {
  const [first] = dims as [number];
  if (dims.every((d, k) => d === first + k)) {
    return indexNode(x, indices, first, { op: "index", what: "index", wraps: true });
  }
  const order = [...dims, ...x.shape.map((_, d) => d).filter((d) => !dims.includes(d))];
  return indexNode(permute(x, order), indices, 0, { op: "index", what: "index", wraps: true });
}

const indexSumP: RoutinePrimitive = {
  kind: "routine",
  name: "index_sum",
  hash: hashText("index_sum"),
  saves: { inputs: [0], output: false },
  infer: (inputs, attrs) => {
    const [index, source] = inputs as [Node, Node];
    const dim = dimOf({ attrs });
    const sizes = attr<readonly number[]>({ attrs }, "sizes");
    const shape = [...source.shape.slice(0, dim), ...sizes, ...source.shape.slice(dim + index.shape.length)];
    return { shape, dtype: source.dtype };
  },
  vjp: (node, grad) => {
    const [dim, sizes] = [dimOf(node), attr<readonly number[]>(node, "sizes")];
    const joined = reshape(grad, [...node.shape.slice(0, dim), numel(sizes), ...node.shape.slice(dim + sizes.length)]);
    const { op, what, isChecked } = node.attrs as { op: string; what: string; isChecked: boolean };
    const attrs = { dim, op, what, wraps: false, ignored: null, isChecked };
    return [null, apply(indexP, [joined, node.inputs[0] as Node], attrs)];
  },
  checks: (node) => {
    if (!attr<boolean>(node, "isChecked")) return [];
    const size = numel(attr<readonly number[]>(node, "sizes"));
    return [lineCheck(0, node, size, `x ${node.dtype}${formatShape(node.shape)}`)];
  },
  build: (context, node) => {
    const index = node.inputs[0] as Node;
    buildIndexSum(context, sumLines(node), index.size);
  },
  reference: (node, inputs) => {
    const [index, source] = inputs as [NdArray, NdArray];
    const { before, count, after } = sumLines(node);
    const sources = index.data.length;
    return sumInto(node.shape, source, (visit) => {
      for (let i = 0; i < before * sources * after; i++) {
        const t = Math.floor(i / after) % sources;
        const row = Math.floor(i / (after * sources)) * count + Number(index.data[t]);
        visit(row * after + (i % after), i);
      }
    });
  },
};

function sumLines(node: Node) {
  const [dim, sizes] = [dimOf(node), attr<readonly number[]>(node, "sizes")];
  const joined = [...node.shape.slice(0, dim), numel(sizes), ...node.shape.slice(dim + sizes.length)];
  return linesOf(joined, dim);
}

/**
 * The adjoint of reading slices: `source` `[…, ...index dims, …]` summed by destination into `[…, ...sizes, …]`, where
 * `index` counts row-major through `sizes` and stands at `dim`. Without `names` its values are taken to be right.
 */
export function indexSum(index: Node, source: Node, dim: number, sizes: Shape, names: IndexNames | null): Node {
  const { op = "indexAdd", what = "index" } = names ?? {};
  return apply(indexSumP, [index, source], { dim, sizes, op, what, isChecked: names !== null });
}

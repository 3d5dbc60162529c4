// Reading slices, rows of a table and elements by index tensors; and the sums that are the adjoints.
import { broadcastShapes, formatShape, numel, type Shape, ShapeError } from "../base/index.js";
import {
  type Attrs,
  attr,
  hashText,
  type NdArray,
  type Node,
  type PointwisePrimitive,
  type RoutinePrimitive,
} from "../graph/index.js";
import type { Expr } from "../ir/index.js";
import { apply } from "./apply.js";
import { fillArray, ravel, unravel } from "./define.js";
import { add, cast, div, eq, lt, maximum, mul, where } from "./elementwise.js";
import { buildIndexSum, clampIndex, sumInto } from "./index-kernels.js";
import {
  checkIndexDType,
  checkNotEmpty,
  dimOf,
  type IndexNames,
  lineCheck,
  namesOf,
  opOf,
  rangeError,
} from "./index-rules.js";
import { linesOf } from "./kernel-text.js";
import { constant } from "./leaves.js";
import { expand, permute, reshape } from "./movement.js";
import { checkHost } from "./value-checks.js";

export { gather, takeAlongDim } from "./gathering.js";

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
    const sum = indexSum(flat, kept, dim, sizes, isPlain ? namesOf(node) : null);
    return [attr<boolean>(node, "byFrequency") ? perUse(sum, flat, dim) : sum, ...indices.map(() => null)];
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
      return { input: k + 1, low, high: size - 1, error: rangeError(op, what, low, size, d, shown) };
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

/** Each slice of `sum` along `dim` divided by how often `index` names it. */
function perUse(sum: Node, index: Node, dim: number): Node {
  const uses = indexSum(index, expand(constant(1, sum.dtype), index.shape), 0, [sum.shape[dim] as number], null);
  const rest = new Array<number>(sum.shape.length - dim - 1).fill(1);
  return div(sum, reshape(maximum(uses, constant(1, sum.dtype)), [uses.shape[0] as number, ...rest]));
}

interface IndexOptions extends Required<IndexNames> {
  readonly wraps?: boolean;
  readonly ignored?: number | null;
  readonly byFrequency?: boolean;
}

function indexNode(x: Node, indices: readonly Node[], dim: number, options: IndexOptions): Node {
  const { op, what, wraps = false, ignored = null, byFrequency = false } = options;
  const attrs: Attrs = { dim, op, what, wraps, ignored, byFrequency, isChecked: true };
  return checkHost(() => apply(indexP, [x, ...indices], attrs));
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

/**
 * Rows of `weight` `[V,D]` at `index` of any shape. Row `paddingIndex` gets no gradient; with `byFrequency` the gradient of each row is
 * divided by the number of its uses.
 */
export function embedding(weight: Node, index: Node, paddingIndex: number | null = null, byFrequency = false): Node {
  return indexNode(weight, [index], 0, { op: "embedding", what: "index", ignored: paddingIndex, byFrequency });
}

/**
 * `x[i0, i1, …]` on `dims`: the index tensors broadcast, negative values count from the end. The dims of the result that
 * they give stand in place of `dims` if those are neighbours, else in front, as in PyTorch and NumPy.
 */
export function indexGather(x: Node, indices: readonly Node[], dims: readonly number[], op = "index"): Node {
  const [first] = dims as [number];
  if (dims.every((d, k) => d === first + k)) {
    return indexNode(x, indices, first, { op, what: "index", wraps: true });
  }
  const order = [...dims, ...x.shape.map((_, d) => d).filter((d) => !dims.includes(d))];
  return indexNode(permute(x, order), indices, 0, { op, what: "index", wraps: true });
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
    const attrs = { dim, op, what, wraps: false, ignored: null, byFrequency: false, isChecked };
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

// Writing by index: setting and adding along a dim, slices, and advanced index assignment.
import {
  DTypeError,
  formatShape,
  IndexError,
  isFloat,
  isInteger,
  numel,
  type Shape,
  ShapeError,
  shapesEqual,
} from "../base/index.js";
import {
  attr,
  hashText,
  type NdArray,
  type Node,
  nonDifferentiable,
  type RoutinePrimitive,
  type ValueCheck,
} from "../graph/index.js";
import { apply } from "./apply.js";
import { fillArray } from "./define.js";
import { add, ge, maximum, where } from "./elementwise.js";
import { gatherUnchecked, scatterSum } from "./gathering.js";
import { buildLastPosition, forEachScatter } from "./index-kernels.js";
import { indexSum, linearIndex } from "./indexing.js";
import { linesOf } from "./kernel-text.js";
import { constant } from "./leaves.js";
import { expand, pad, permute, reshape, slice } from "./movement.js";
import { expandTo } from "./shaping.js";

const dimOf = (node: Pick<Node, "attrs">): number => attr<number>(node, "dim");
const sizeOf = (node: Pick<Node, "attrs">): number => attr<number>(node, "size");

const lastPositionP: RoutinePrimitive = {
  kind: "routine",
  name: "last_position",
  hash: hashText("last_position"),
  vjp: nonDifferentiable("positions are integers"),
  saves: { inputs: [], output: false },
  infer: ([index], attrs) => {
    const shape = [...(index as Node).shape];
    shape[dimOf({ attrs })] = sizeOf({ attrs });
    return { shape, dtype: "int32" };
  },
  checks: (node): ValueCheck[] => {
    const op = attr<string>(node, "op");
    const high = sizeOf(node) - 1;
    const error = (value: number) =>
      new IndexError(`${op}: index ${value} is out of range [0, ${high}] (dim ${dimOf(node)})`, { op });
    return [{ input: 0, low: 0, high, error }];
  },
  build: (context, node) => {
    const index = node.inputs[0] as Node;
    buildLastPosition(context, linesOf(node.shape, dimOf(node)), index.shape[dimOf(node)] as number);
  },
  reference: (node, [index]) => {
    const last = new Int32Array(node.size).fill(-1);
    forEachScatter(index as NdArray, dimOf(node), sizeOf(node), (destination, _, j) => {
      last[destination] = j;
    });
    return fillArray(node.shape, "int32", (i) => last[i] as number);
  },
};

/** For each place along `dim` of `size` the last position in `index` that names it, -1 if none does. */
function lastPosition(op: string, index: Node, dim: number, size: number): Node {
  return apply(lastPositionP, [index], { dim, size, op });
}

/** Throws unless index and source fit the input. False where nothing is written and their shapes say nothing, as in PyTorch. */
export function checkScatter(op: string, x: Node, dim: number, index: Node, source: Node): boolean {
  if (!isInteger(index.dtype)) {
    throw new DTypeError(`${op}: index must be of an integer dtype, is ${index.dtype}; convert it with .to("int64")`, {
      op,
    });
  }
  if (source.dtype !== x.dtype) {
    throw new DTypeError(`${op}: src is ${source.dtype} but the input ${x.dtype}; convert one with .to(dtype)`, { op });
  }
  const rank = x.shape.length;
  const fits =
    index.shape.length === rank &&
    source.shape.length === rank &&
    index.shape.every((n, d) => n <= (source.shape[d] as number) && (d === dim || n <= (x.shape[d] as number)));
  if (fits || index.size === 0) return fits;
  throw new ShapeError(
    `${op}: index must have the dims of input and src, be no larger than src and, except dim ${dim}, than the input (input ${formatShape(x.shape)}, index ${formatShape(index.shape)}, src ${formatShape(source.shape)})`,
    { op, shapes: [x.shape, index.shape, source.shape] },
  );
}

/** The leading part of `x` that has `shape`. */
function leading(x: Node, shape: Shape): Node {
  let part = x;
  shape.forEach((n, d) => {
    if (n !== part.shape[d]) part = slice(part, d, 0, n, 1);
  });
  return part;
}

/** Runs a scatter on 0-d operands as on vectors of one element. */
function asVectors(x: Node, index: Node, source: Node, scattered: (x: Node, index: Node, source: Node) => Node): Node {
  return reshape(scattered(reshape(x, [1]), reshape(index, [index.size]), reshape(source, [source.size])), []);
}

/** A copy of `x` with `source` written at `index` along `dim`, as torch.scatter. Of several values for one place the last counts. */
export function scatter(x: Node, dim: number, index: Node, source: Node): Node {
  if (x.shape.length === 0) return asVectors(x, index, source, (a, b, c) => scatter(a, 0, b, c));
  const fits = checkScatter("scatter", x, dim, index, source);
  if (x.size === 0 || !fits) return x;
  if (index.size === 0) return isFloat(x.dtype) ? scatterAdd(x, dim, index, source) : x; // still part of the graph
  const last = lastPosition("scatter", index, dim, x.shape[dim] as number);
  const values = gatherUnchecked(leading(source, index.shape), dim, maximum(last, constant(0, "int32")));
  const after = x.shape.map((n, d) => n - (last.shape[d] as number));
  const none = after.map(() => 0);
  const isWhole = shapesEqual(last.shape, x.shape);
  const places = isWhole ? last : pad(last, none, after, -1);
  return where(ge(places, constant(0, "int32")), isWhole ? values : pad(values, none, after, 0), x);
}

/** A copy of `x` with `source` added at `index` along `dim`, as torch.scatter_add. */
export function scatterAdd(x: Node, dim: number, index: Node, source: Node): Node {
  if (x.shape.length === 0) return asVectors(x, index, source, (a, b, c) => scatterAdd(a, 0, b, c));
  if (!checkScatter("scatterAdd", x, dim, index, source)) return x;
  return add(x, scatterSum(index, leading(source, index.shape), dim, x.shape, { op: "scatterAdd" }));
}

/** A copy of `x` with slice t of `source` added to slice `index[t]` along `dim`, as torch.index_add. */
export function indexAdd(x: Node, dim: number, index: Node, source: Node): Node {
  const expected = x.shape.map((n, d) => (d === dim ? index.size : n));
  if (index.shape.length !== 1 || !shapesEqual(expected, source.shape)) {
    throw new ShapeError(
      `indexAdd: source must have the input's shape with ${index.size} slices along dim ${dim}, one for each index (input ${formatShape(x.shape)}, index ${formatShape(index.shape)}, source ${formatShape(source.shape)})`,
      { op: "indexAdd", shapes: [x.shape, index.shape, source.shape] },
    );
  }
  return add(x, indexSum(index, source, dim, [x.shape[dim] as number], { op: "indexAdd" }));
}

export interface IndexPutOptions {
  /** Adds to what is there; else of several values for one place the last counts. */
  readonly accumulate?: boolean;
  /** What errors call it; default "indexPut". */
  readonly op?: string;
}

/** A copy of `x` with `x[i0, i1, …]` on `dims` (see `indexGather`) replaced by `values`, which broadcast. */
export function indexPut(
  x: Node,
  indices: readonly Node[],
  dims: readonly number[],
  values: Node,
  { accumulate = false, op = "indexPut" }: IndexPutOptions = {},
): Node {
  const [first] = dims as [number];
  if (!dims.every((d, k) => d === first + k)) {
    const order = [...dims, ...x.shape.map((_, d) => d).filter((d) => !dims.includes(d))];
    const put = indexPut(
      permute(x, order),
      indices,
      dims.map((_, k) => k),
      values,
      { accumulate, op },
    );
    return permute(
      put,
      order.map((_, d) => order.indexOf(d)),
    );
  }
  const sizes = dims.map((d) => x.shape[d] as number);
  const index = linearIndex(op, indices, sizes, true);
  const before = x.shape.slice(0, first);
  const after = x.shape.slice(first + dims.length);
  const source = expandTo(values, [...before, ...index.shape, ...after]);
  if (x.size === 0) return x;
  if (accumulate || (index.size === 0 && isFloat(x.dtype))) return add(x, indexSum(index, source, first, sizes, null));
  if (index.size === 0) return x;
  const last = lastPosition(op, reshape(index, [index.size]), 0, numel(sizes));
  const line = first;
  const joined = reshape(source, [...before, index.size, ...after]);
  const places = reshape(last, [last.size, ...after.map(() => 1)]);
  const spread = expand(places, [...before, last.size, ...after]);
  const taken = gatherUnchecked(joined, line, maximum(spread, constant(0, "int32")));
  return where(reshape(ge(spread, constant(0, "int32")), x.shape), reshape(taken, x.shape), x);
}

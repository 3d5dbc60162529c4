// Reading one element of a line for each index, and its adjoint, which adds to them.
import { broadcastShapes, formatShape, type Shape, ShapeError, shapesEqual } from "../base/index.js";
import {
  attr,
  hashText,
  type NdArray,
  type Node,
  type PointwisePrimitive,
  type RoutinePrimitive,
} from "../graph/index.js";
import { apply, inFloat32 } from "./apply.js";
import { fillArray, ravel, unravel } from "./define.js";
import { add, cast, eq, where } from "./elementwise.js";
import { buildScatterSum, clampIndex, forEachScatter, sumInto } from "./index-kernels.js";
import { checkIndexDType, checkNotEmpty, dimOf, type IndexNames, lineCheck, namesOf, opOf } from "./index-rules.js";
import { linesOf } from "./kernel-text.js";
import { constant, iota } from "./leaves.js";
import { expand, pad, reshape, slice } from "./movement.js";
import { checkHost } from "./value-checks.js";

/** Adjoints with at most this many sources along the dim are written as comparisons, which fuse with their consumer. */
const MOST_COMPARED = 4;

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

/** One element of `x` along `dim` for each of `index`, as torch.gather: other dims of `index` may be smaller than those of `x`. */
export function gather(x: Node, dim: number, index: Node, { op = "gather", what = "index" }: IndexNames = {}): Node {
  if (x.shape.length > 0) return checkHost(() => gatherNode(x, dim, index, { op, what }, true));
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
    count > 0 && count <= MOST_COMPARED
      ? comparedSumOnce(index, source, dim, inner)
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

/** One rounding for all that is added. */
const comparedSumOnce = inFloat32(comparedSum);

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

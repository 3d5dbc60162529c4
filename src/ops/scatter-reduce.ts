// Scatters that combine what falls on one place: products and extrema by a routine of their own, sums and means composed.
import { ArgumentError, formatShape, isFloat, numel, valueArray } from "../base/index.js";
import { attr, hashText, type NdArray, type Node, nonDifferentiable, type RoutinePrimitive } from "../graph/index.js";
import { type Buffer, evalBinary, type ScalarValue, scalarOf } from "../ir/index.js";
import { apply } from "./apply.js";
import { constantLike } from "./composing.js";
import { defineComposite } from "./composite.js";
import { floorDivide } from "./division.js";
import { add, and, cast, div, eq, maximum, minimum, mul, ne, where } from "./elementwise.js";
import { gatherUnchecked, scatterSum } from "./gathering.js";
import { buildScatterFold, forEachScatter } from "./index-kernels.js";
import { lineCheck } from "./index-rules.js";
import { linesOf } from "./kernel-text.js";
import { constant } from "./leaves.js";
import { expand, pad, reshape, slice } from "./movement.js";
import { lowest } from "./pooling.js";
import { checkScatter } from "./scatter.js";

export type ScatterReduction = "sum" | "prod" | "mean" | "amax" | "amin";

type Combine = "mul" | "max" | "min";

const dimOf = (node: Pick<Node, "attrs">): number => attr<number>(node, "dim");
const combineOf = (node: Pick<Node, "attrs">): Combine => attr<Combine>(node, "combine");

/** What a place holds that nothing falls on. */
function neutral(combine: Combine, dtype: Node["dtype"]): number {
  if (combine === "mul") return 1;
  const low = lowest(dtype);
  if (combine === "max") return low;
  if (isFloat(dtype)) return Number.POSITIVE_INFINITY;
  return dtype === "int32" ? 2 ** 31 - 1 : dtype === "int64" ? 2 ** 63 - 1024 : dtype === "uint8" ? 255 : 1;
}

/** out[index[j]] = combination of the source[j] along a dim; the gradients are composed where it is used. */
const scatterFoldP: RoutinePrimitive = {
  kind: "routine",
  name: "scatter_fold",
  hash: hashText("scatter_fold"),
  vjp: nonDifferentiable("its gradient is a rule of scatterReduce"),
  saves: { inputs: [], output: false },
  infer: ([, source], attrs) => ({
    shape: attr<readonly number[]>({ attrs }, "shape"),
    dtype: (source as Node).dtype,
  }),
  checks: (node) => [
    lineCheck(0, node, node.shape[dimOf(node)] as number, `input ${node.dtype}${formatShape(node.shape)}`),
  ],
  build: (context, node) => {
    const index = node.inputs[0] as Node;
    const combine = combineOf(node);
    const lines = linesOf(node.shape, dimOf(node));
    const source = context.inputs[1] as Buffer;
    const { f } = context;
    buildScatterFold(context, lines, index.shape[dimOf(node)] as number, neutral(combine, node.dtype), (old, at) =>
      f.binary(combine, old, f.load(source, at)),
    );
  },
  reference: (node, [index, source]) => {
    const values = source as NdArray;
    const combine = combineOf(node);
    const type = scalarOf(node.dtype);
    const out = valueArray(node.dtype, numel(node.shape));
    const first = neutral(combine, node.dtype);
    for (let i = 0; i < out.length; i++) out[i] = (node.dtype === "int64" ? BigInt(first) : first) as never;
    forEachScatter(index as NdArray, dimOf(node), node.shape[dimOf(node)] as number, (to, from) => {
      out[to] = evalBinary(combine, type, out[to] as ScalarValue, values.data[from] as ScalarValue) as never;
    });
    return { shape: node.shape, dtype: node.dtype, data: out };
  },
};

/** The leading part of `x` that has `shape`. */
function leading(x: Node, shape: readonly number[]): Node {
  return shape.reduce((part, n, d) => (n === part.shape[d] ? part : slice(part, d, 0, n, 1)), x);
}

interface Parts {
  readonly x: Node;
  readonly dim: number;
  readonly index: Node;
  /** In the shape of the index. */
  readonly source: Node;
  readonly includeSelf: boolean;
}

function sumAt({ index, dim, x }: Parts, values: Node): Node {
  // A scatter's destinations span the whole result, its index only the leading part of the other dims.
  return scatterSum(index, values, dim, x.shape, { op: "scatterReduce" });
}

/** How many sources fall on each place, in the dtype of `like`. */
function countAt(parts: Parts, like: Node): Node {
  return sumAt(parts, expand(constant(1, like.dtype), parts.index.shape));
}

function foldAt({ x, dim, index }: Parts, values: Node, combine: Combine): Node {
  const shape = x.shape.map((size, d) => (d === dim ? size : (index.shape[d] as number)));
  const folded = apply(scatterFoldP, [index, values], { dim, shape, combine, op: "scatterReduce", what: "index" });
  return padTo(folded, x, neutral(combine, x.dtype));
}

/** `part` with `fill` behind it, in the shape of `x`. */
function padTo(part: Node, x: Node, fill: number): Node {
  const after = x.shape.map((size, d) => size - (part.shape[d] as number));
  return pad(
    part,
    after.map(() => 0),
    after,
    fill,
  );
}

/** What gather reads along the dim for each index. */
function at(parts: Parts, values: Node): Node {
  const shape = parts.x.shape.map((size, d) => (d === parts.dim ? size : (parts.index.shape[d] as number)));
  return gatherUnchecked(leading(values, shape), parts.dim, parts.index);
}

/** Places that nothing falls on keep their value also without `includeSelf`. */
function start(parts: Parts, fill: number): Node {
  if (parts.includeSelf) return parts.x;
  const isHit = ne(countAt(parts, constant(0, "int32")), constant(0, "int32"));
  return where(isHit, constantLike(parts.x, fill), parts.x);
}

function scatterMean(parts: Parts): Node {
  const total = add(start(parts, 0), sumAt(parts, parts.source));
  const sources = countAt(parts, total);
  const one = constantLike(total, 1);
  const count = parts.includeSelf ? add(sources, one) : maximum(sources, one);
  return isFloat(total.dtype) ? div(total, count) : floorDivide(total, count);
}

function scatterExtremumP(kind: "amax" | "amin") {
  return defineComposite(`scatter_${kind}`, {
    compose(inputs, attrs) {
      const parts = partsOf(inputs, attrs);
      const combine = kind === "amax" ? "max" : "min";
      const join = kind === "amax" ? maximum : minimum;
      return join(start(parts, neutral(combine, parts.x.dtype)), foldAt(parts, parts.source, combine));
    },
    // Whatever equals the result shares its gradient, the old value included.
    vjp(node, grad, needs) {
      const parts = partsOf(node.inputs, node.attrs);
      const isSelf = cast(eq(parts.x, node), grad.dtype);
      const isSource = cast(eq(parts.source, at(parts, node)), grad.dtype);
      const shared = div(grad, add(isSelf, sumAt(parts, isSource)));
      return [
        needs[0] ? withoutHits(parts, mul(isSelf, shared)) : null,
        null,
        needs[2] ? mul(isSource, at(parts, shared)) : null,
      ];
    },
    saves: { inputs: [0, 1, 2], output: true },
  });
}

const extrema = { amax: scatterExtremumP("amax"), amin: scatterExtremumP("amin") };

const scatterProdP = defineComposite("scatter_prod", {
  compose(inputs, attrs) {
    const parts = partsOf(inputs, attrs);
    return mul(start(parts, 1), foldAt(parts, parts.source, "mul"));
  },
  // The product of all others: divided by the element itself, or, where it is the only zero, taken without it.
  vjp(node, grad, needs) {
    const parts = partsOf(node.inputs, node.attrs);
    const { x, source } = parts;
    const [zero, one] = [constantLike(x, 0), constantLike(x, 1)];
    const isZero = eq(source, zero);
    const zeros = at(parts, sumAt(parts, cast(isZero, x.dtype)));
    const isOnlyZero = and(isZero, eq(zeros, one));
    const without = scatterProduct({ ...parts, source: where(isOnlyZero, one, source) });
    const others = div(at(parts, mul(grad, node)), where(isZero, one, source));
    const alone = scatterProduct({ ...parts, x: expand(one, x.shape), includeSelf: true });
    return [
      needs[0] ? withoutHits(parts, mul(grad, alone)) : null,
      null,
      needs[2] ? where(isOnlyZero, at(parts, mul(grad, without)), others) : null,
    ];
  },
  saves: { inputs: [0, 1, 2], output: true },
});

function scatterProduct({ x, dim, index, source, includeSelf }: Parts): Node {
  return apply(scatterProdP, [x, index, source], { dim, includeSelf });
}

function partsOf(inputs: readonly Node[], attrs: Node["attrs"]): Parts {
  const [x, index, source] = inputs as [Node, Node, Node];
  return { x, index, source, dim: dimOf({ attrs }), includeSelf: attr<boolean>({ attrs }, "includeSelf") };
}

/** The old values count for nothing where sources replace them. */
function withoutHits(parts: Parts, gradient: Node): Node {
  if (parts.includeSelf) return gradient;
  const isHit = ne(countAt(parts, constant(0, "int32")), constant(0, "int32"));
  return where(isHit, constantLike(gradient, 0), gradient);
}

/**
 * A copy of `x` where the elements of `source` that `index` sends to one place along `dim` are combined, with the old value
 * unless `includeSelf` is false.
 */
export function scatterReduce(
  x: Node,
  dim: number,
  index: Node,
  source: Node,
  reduce: ScatterReduction,
  includeSelf = true,
): Node {
  const op = "scatterReduce";
  if (x.shape.length === 0) {
    const vectors = [x, index, source].map((y) => reshape(y, [y.size])) as [Node, Node, Node];
    return reshape(scatterReduce(vectors[0], 0, vectors[1], vectors[2], reduce, includeSelf), []);
  }
  checkScatter(op, x, dim, index, source);
  if (x.size === 0 || index.size === 0) return x;
  const parts: Parts = { x, dim, index, source: leading(source, index.shape), includeSelf };
  switch (reduce) {
    case "sum":
      return add(start(parts, 0), sumAt(parts, parts.source));
    case "mean":
      return scatterMean(parts);
    case "prod":
      return scatterProduct(parts);
    case "amax":
    case "amin":
      return apply(extrema[reduce], [x, index, parts.source], { dim, includeSelf });
    default:
      throw new ArgumentError(
        `${op}: reduce must be "sum", "prod", "mean", "amax" or "amin", got ${JSON.stringify(reduce)}`,
        { op },
      );
  }
}

// Binary search in sorted lines.
import { formatShape, ShapeError, typedArray } from "../base/index.js";
import { attr, hashText, type NdArray, type Node, nonDifferentiable, type PointwisePrimitive } from "../graph/index.js";
import type { Expr } from "../ir/index.js";
import { apply } from "./apply.js";
import { resultType } from "./broadcasting.js";
import { cast } from "./cast.js";

const isRight = (node: Pick<Node, "attrs">): boolean => attr<boolean>(node, "right");

/** Inputs: sorted `[n]` or `[…, n]`, and values `[…, m]`; the place of each value in its line. */
const searchsortedP: PointwisePrimitive = {
  kind: "pointwise",
  name: "searchsorted",
  hash: hashText("searchsorted"),
  cost: 20,
  isElementwise: false,
  saves: { inputs: [], output: false },
  vjp: nonDifferentiable("positions are integers"),
  infer: ([, values]) => ({ shape: (values as Node).shape, dtype: "int32" }),
  lower: ({ f, input }, index, node) => {
    const sorted = node.inputs[0] as Node;
    const count = sorted.shape[sorted.shape.length - 1] as number;
    const lead = sorted.shape.length === 1 ? [] : index.slice(0, -1);
    const value = input(1, index);
    // Invariant: places below `low` stand before the value, those from `high` on do not.
    let [low, high]: [Expr, Expr] = [f.int(0), f.int(count)];
    for (let width = count; width > 0; width >>= 1) {
      const middle = f.div(f.add(low, high), f.int(2));
      const isOpen = f.lt(low, high);
      const found = input(0, [...lead, f.min(middle, f.int(Math.max(0, count - 1)))]);
      // NaN stands last, in the line and as a value.
      const isUnordered = (x: Expr): Expr =>
        x.type === "f32" || x.type === "f64" ? f.binary("ne", x, x) : f.bool(false);
      const isBefore = isRight(node)
        ? f.or(f.le(found, value), isUnordered(value))
        : f.or(f.lt(found, value), f.and(isUnordered(value), f.not(isUnordered(found))));
      const moves = f.and(isOpen, isBefore);
      const stays = f.and(isOpen, f.not(isBefore));
      low = f.select(moves, f.add(middle, f.int(1)), low);
      high = f.select(stays, middle, high);
    }
    return low;
  },
  reference: (node, [sorted, values]) => {
    const [line, wanted] = [sorted as NdArray, values as NdArray];
    const count = line.shape[line.shape.length - 1] as number;
    const perLine = line.shape.length === 1 ? wanted.data.length : (wanted.shape[wanted.shape.length - 1] as number);
    const out = typedArray("int32", wanted.data.length);
    const order = (x: number | bigint): number | bigint => (Number.isNaN(x) ? Number.POSITIVE_INFINITY : x);
    for (let i = 0; i < out.length; i++) {
      const start = Math.floor(i / Math.max(1, perLine)) * count;
      const value = wanted.data[i] as number | bigint;
      let place = 0;
      for (let k = 0; k < count; k++) {
        const found = line.data[start + k] as number | bigint;
        const isBefore = isRight(node)
          ? found <= value || Number.isNaN(value)
          : order(found) < order(value) || (Number.isNaN(value) && !Number.isNaN(found));
        if (isBefore) place++;
      }
      out[i] = place;
    }
    return { shape: node.shape, dtype: "int32", data: out };
  },
};

/**
 * The first place in each sorted line where a value can stand without breaking the order, with `right` the last such place.
 * `sorted` is `[n]`, or has the leading dims of `values`.
 */
export function searchsorted(sorted: Node, values: Node, right: boolean): Node {
  const lead = sorted.shape.slice(0, -1);
  const fits =
    sorted.shape.length === 1 ||
    (sorted.shape.length === values.shape.length && lead.every((size, d) => size === values.shape[d]));
  if (sorted.shape.length === 0 || !fits) {
    throw new ShapeError(
      `searchsorted: the sorted sequence must have 1 dim, or the leading dims of the values (sorted ${formatShape(sorted.shape)}, values ${formatShape(values.shape)})`,
      { op: "searchsorted", shapes: [sorted.shape, values.shape] },
    );
  }
  const dtype = resultType(sorted, values);
  return apply(searchsortedP, [cast(sorted, dtype), cast(values, dtype)], { right });
}

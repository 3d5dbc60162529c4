// Conversion between dtypes.
import type { DType } from "../base/index.js";
import { apply, attr, type Node } from "../graph/index.js";
import { evalCast, type Expr, type ScalarValue, scalarOf } from "../ir/index.js";
import { defineElementwise } from "./define.js";

const castPrimitive = defineElementwise("cast", {
  cost: 1,
  dtype: (_, node) => attr<string>(node, "dtype") as DType,
  vjp: ({ inputs: [x] }, grad) => [cast(grad, (x as Node).dtype)],
  lower: (f, [x], node) => f.cast(x as Expr, scalarOf(node.dtype)),
  value: ([x], type, node) => evalCast(type, scalarOf(node.dtype), x as ScalarValue),
});

/**
 * `x` as `dtype`; the same node if it is already. Float to integer saturates at the lane's range and NaN gives 0,
 * integers wrap, anything but 0 is true.
 */
export function cast(x: Node, dtype: DType): Node {
  return x.dtype === dtype ? x : apply(castPrimitive, [x], { dtype });
}

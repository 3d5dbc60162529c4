// Conversion between dtypes.
import { type DType, isFloat } from "../base/index.js";
import { apply, attr, type Node } from "../graph/index.js";
import { type Expr, evalCast, type ScalarValue, scalarOf } from "../ir/index.js";
import { defineElementwise } from "./define.js";
import { constant } from "./leaves.js";

const castPrimitive = defineElementwise("cast", {
  cost: 1,
  dtype: (_, node) => attr<string>(node, "dtype") as DType,
  vjp: ({ inputs: [x] }, grad) => [cast(grad, (x as Node).dtype)],
  lower: (f, [x], node) => {
    const value = f.cast(x as Expr, scalarOf(node.dtype));
    if (!saturatesToByte(node)) return value;
    return f.max(f.int(0), f.min(value, f.int(255)));
  },
  value: ([x], type, node) => {
    const value = evalCast(type, scalarOf(node.dtype), x as ScalarValue);
    return saturatesToByte(node) ? Math.max(0, Math.min(Number(value), 255)) : value;
  },
});

/** uint8 lives in i32 lanes, whose range is where a float's conversion saturates by itself. */
function saturatesToByte(node: Node): boolean {
  return node.dtype === "uint8" && isFloat((node.inputs[0] as Node).dtype);
}

/**
 * `x` as `dtype`; the same node if it is already. Float to integer saturates and NaN gives 0, integers wrap, anything but
 * 0 is true.
 */
export function cast(x: Node, dtype: DType): Node {
  if (x.dtype === dtype) return x;
  if (x.primitive.kind !== "constant") return apply(castPrimitive, [x], { dtype });
  const value = evalCast(scalarOf(x.dtype), scalarOf(dtype), x.value as ScalarValue);
  const isByte = dtype === "uint8" && isFloat(x.dtype);
  return constant(isByte ? Math.max(0, Math.min(Number(value), 255)) : value, dtype);
}

// Conversion between dtypes.
import { type DType, integerRange, isFloat, isHalf } from "../base/index.js";
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
    const range = saturation((node.inputs[0] as Node).dtype, node.dtype);
    return range ? f.max(f.int(range[0]), f.min(value, f.int(range[1]))) : value;
  },
  value: ([x], type, node) => {
    const value = evalCast(type, scalarOf(node.dtype), x as ScalarValue);
    return saturated(value, (node.inputs[0] as Node).dtype, node.dtype);
  },
});

/** Narrow integers live in i32 lanes, whose range is where a float's conversion saturates by itself. */
function saturation(from: DType, to: DType): readonly [number, number] | undefined {
  return isFloat(from) ? integerRange(to) : undefined;
}

function saturated(value: ScalarValue, from: DType, to: DType): ScalarValue {
  const range = saturation(from, to);
  return range ? Math.max(range[0], Math.min(Number(value), range[1])) : value;
}

/**
 * `x` as `dtype`; the same node if it is already. Float to integer saturates and NaN gives 0, integers wrap, anything but
 * 0 is true.
 */
export function cast(x: Node, dtype: DType): Node {
  if (x.dtype === dtype) return x;
  if (x.primitive.kind !== "constant") return roundTrip(x, dtype) ?? apply(castPrimitive, [x], { dtype });
  const value = evalCast(scalarOf(x.dtype), scalarOf(dtype), x.value as ScalarValue);
  return constant(saturated(value, x.dtype, dtype), dtype);
}

/** What was widened and comes back unchanged: the value before. Operations on half dtypes are full of these. */
function roundTrip(x: Node, dtype: DType): Node | null {
  if (x.primitive !== castPrimitive || !isHalf(dtype) || x.dtype !== "float32") return null;
  const [source] = x.inputs;
  return source?.dtype === dtype ? source : null;
}

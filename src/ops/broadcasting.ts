// What happens to operands before an elementwise primitive sees them: PyTorch's dtype promotion and broadcasting.
import { broadcastShapes, category, type DType, DTypeError, isFloat, promote, shapesEqual } from "../base/index.js";
import { apply, type Node, type PointwisePrimitive } from "../graph/index.js";
import { cast } from "./cast.js";
import { expand } from "./movement.js";

/**
 * The dtype of an operation on `a` and `b`: a 0-d operand counts only if its category (bool, integer, float) is higher
 * than that of the operand with dims.
 */
export function resultType(a: Node, b: Node): DType {
  if (a.dtype === b.dtype) return a.dtype;
  const [ranked, scalar] = a.shape.length === 0 ? [b, a] : [a, b];
  if (scalar.shape.length === 0 && ranked.shape.length > 0) {
    return category(scalar.dtype) > category(ranked.dtype) ? scalar.dtype : ranked.dtype;
  }
  return promote(a.dtype, b.dtype);
}

/** The nodes as `dtype` and one shape. 0-d operands that need no gradient stay 0-d: primitives take them as they are. */
export function aligned(op: string, nodes: readonly Node[], dtypes: readonly DType[]): Node[] {
  const casted = nodes.map((x, i) => cast(x, dtypes[i] as DType));
  const first = (casted[0] as Node).shape;
  if (casted.every((x) => shapesEqual(x.shape, first))) return casted;
  const shape = broadcastShapes(op, ...casted.map((x) => x.shape));
  return casted.map((x) => (x.shape.length === 0 && !x.requiresGrad ? x : expand(x, shape)));
}

/** Applies a primitive of two operands after promotion and broadcasting. */
export function applyBinary(primitive: PointwisePrimitive, a: Node, b: Node, dtype = resultType(a, b)): Node {
  if (a.dtype === dtype && b.dtype === dtype && shapesEqual(a.shape, b.shape)) return apply(primitive, [a, b]);
  return apply(primitive, aligned(primitive.name, [a, b], [dtype, dtype]));
}

export function checkNumeric(op: string, x: Node): void {
  if (x.dtype === "bool") {
    throw new DTypeError(`${op}: bool tensors have no ${op}; cast with .to("int32") or use logical functions`, { op });
  }
}

/** Throws unless `x` is of an integer dtype or bool. */
export function checkWhole(op: string, x: Node): void {
  if (!isFloat(x.dtype)) return;
  throw new DTypeError(
    `${op}: takes bool or integer tensors, got ${x.dtype}; use the logical functions for truth values`,
    { op },
  );
}

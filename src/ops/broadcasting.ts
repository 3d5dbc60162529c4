// What happens to operands before an elementwise primitive sees them: PyTorch's dtype promotion and broadcasting.
import {
  broadcastShapes,
  category,
  type DType,
  DTypeError,
  isFloat,
  isHalf,
  promote,
  type Shape,
  shapesEqual,
} from "../base/index.js";
import type { Attrs, Node, PointwisePrimitive } from "../graph/index.js";
import { apply } from "./apply.js";
import { cast } from "./cast.js";
import { exactNumber } from "./leaves.js";
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

/** The nodes as `dtypes` and one shape. 0-d operands that need no gradient stay 0-d: primitives take them as they are. */
export function aligned(op: string, nodes: readonly Node[], dtypes: readonly DType[]): Node[] {
  let shape: Shape = (nodes[0] as Node).shape;
  for (const x of nodes) shape = commonShape(op, shape, x.shape, nodes);
  return nodes.map((x, i) => fitted(cast(x, dtypes[i] as DType), shape));
}

function fitted(x: Node, shape: Shape): Node {
  return x.shape.length === 0 && !x.requiresGrad ? x : expand(x, shape);
}

/** The usual cases first: one of the shapes is the answer. */
function commonShape(op: string, a: Shape, b: Shape, nodes: readonly Node[]): Shape {
  if (fits(b, a)) return a;
  return fits(a, b) ? b : broadcastShapes(op, ...nodes.map((x) => x.shape));
}

/** True if `shape` broadcasts to `target`. */
function fits(shape: Shape, target: Shape): boolean {
  const lead = target.length - shape.length;
  if (lead < 0) return false;
  for (let d = 0; d < shape.length; d++) if (shape[d] !== 1 && shape[d] !== target[d + lead]) return false;
  return true;
}

/** Applies a primitive of two operands after promotion and broadcasting. */
export function applyBinary(
  primitive: PointwisePrimitive,
  a: Node,
  b: Node,
  dtype = resultType(a, b),
  attrs?: Attrs,
): Node {
  if (isHalf(dtype)) return applyHalf(primitive, a, b, dtype);
  if (a.dtype === dtype && b.dtype === dtype && shapesEqual(a.shape, b.shape)) return apply(primitive, [a, b], attrs);
  const shape = commonShape(primitive.name, a.shape, b.shape, [a, b]);
  return apply(primitive, [fitted(cast(a, dtype), shape), fitted(cast(b, dtype), shape)], attrs);
}

/**
 * In float32, rounded once. Products and quotients take numbers and 0-d operands of other float dtypes unrounded, the others
 * in `dtype`, as PyTorch's kernels on the CPU do.
 */
function applyHalf(primitive: PointwisePrimitive, a: Node, b: Node, dtype: DType): Node {
  const isScaling = primitive.name === "mul" || primitive.name === "div";
  const wide = (x: Node): Node => {
    const isExact = isScaling && x.shape.length === 0 && isFloat(x.dtype);
    return isExact ? widenNumber(x) : cast(cast(x, dtype), "float32");
  };
  const result = applyBinary(primitive, wide(a), wide(b), "float32");
  return result.dtype === "float32" ? cast(result, dtype) : result;
}

/** A half or float64 operand in float32; a plain number unrounded. */
export function widenNumber(x: Node): Node {
  return exactNumber(x) ?? cast(x, "float32");
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

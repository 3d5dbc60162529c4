// How primitives come to float16 and bfloat16: as in PyTorch they compute in float32, and each rounds its result once.
import { type DType, isFloat, isHalf, wideDType } from "../base/index.js";
import { type Attrs, apply as applyAsIs, Node, type Primitive } from "../graph/index.js";
import { cast } from "./cast.js";

/**
 * Applies a primitive. Half operands are computed with in float32 and the result rounded, so gradient rules see float32 alone;
 * what only moves values takes them as they are. Sums and products of integers of 8 and 16 bits run in int32, and wrap.
 */
export function apply(primitive: Primitive, inputs: readonly Node[], attrs?: Attrs): Node {
  if (!haveNarrow(inputs) || !computes(primitive)) return applyAsIs(primitive, inputs, attrs);
  const narrow = isHalfOp(inputs) ? halfType(inputs) : integerType(primitive, inputs);
  if (!narrow) return applyAsIs(primitive, inputs, attrs);
  const wide = wideDType(narrow);
  const isWidened = (x: Node) => (isHalf(narrow) ? isHalf(x.dtype) : x.dtype === narrow);
  const result = applyAsIs(
    primitive,
    inputs.map((x) => (isWidened(x) ? cast(x, wide) : x)),
    attrs,
  );
  return result.dtype === wide ? cast(result, narrow) : result;
}

function haveNarrow(inputs: readonly Node[]): boolean {
  for (let i = 0; i < inputs.length; i++) if (isNarrow(inputs[i] as Node)) return true;
  return false;
}

function isNarrow({ dtype }: Node): boolean {
  return dtype !== "float32" && wideDType(dtype) !== dtype;
}

/** False for what hands values on. */
function computes(primitive: Primitive): boolean {
  return primitive.kind === "pointwise" ? primitive.isElementwise : primitive.kind !== "concat";
}

function isHalfOp(inputs: readonly Node[]): boolean {
  return inputs.some((x) => isHalf(x.dtype));
}

/** The dtype of a result of half operands: theirs, unless another float is among them. */
function halfType(inputs: readonly Node[]): DType {
  const floats = new Set(inputs.map((x) => x.dtype).filter(isFloat));
  const [only] = floats;
  return floats.size === 1 ? (only as DType) : "float32";
}

function integerType(primitive: Primitive, inputs: readonly Node[]): DType | null {
  const { kind } = primitive;
  const sums = kind === "contraction" || (kind === "reduction" && isSum(primitive.combine));
  return sums ? (inputs[0] as Node).dtype : null;
}

function isSum(combine: "add" | "mul" | "max" | "min"): boolean {
  return combine === "add" || combine === "mul";
}

function isHalfNode(value: unknown): value is Node {
  return value instanceof Node && isHalf(value.dtype);
}

/** Without making anything: most calls end here. */
function holdsHalf(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (value instanceof Node) return isHalf(value.dtype);
  if (Array.isArray(value)) return value.some(isHalfNode);
  for (const key in value) if (isHalfNode((value as Record<string, unknown>)[key])) return true;
  return false;
}

/** Nodes come as arguments, in lists, or in records of options. */
function innerValues(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return isRecord(value) ? Object.values(value) : [value];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function mapInner(value: unknown, map: (node: Node) => Node): unknown {
  if (value instanceof Node) return map(value);
  if (Array.isArray(value)) return value.map((part) => mapInner(part, map));
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, mapInner(part, map)]));
}

/**
 * A composition of several primitives as one operation: half operands are widened before it and the result is rounded after
 * it, as PyTorch's kernels do, instead of after each primitive. The result's dtype is that of its half operands, unless
 * another float operand with dims is wider.
 */
export function inFloat32<A extends readonly unknown[], R>(compose: (...args: A) => R): (...args: A) => R {
  return (...args) => {
    if (!args.some(holdsHalf)) return compose(...args);
    const nodes = args.flatMap(innerValues).filter((x): x is Node => x instanceof Node);
    const narrow = halfType(nodes.filter((x) => isHalf(x.dtype) || x.shape.length > 0));
    const result = compose(...(args.map((arg) => mapInner(arg, widened)) as unknown as A));
    return mapInner(result, (x) => (x.dtype === "float32" ? cast(x, narrow) : x)) as R;
  };
}

function widened(x: Node): Node {
  return isHalfNode(x) ? cast(x, "float32") : x;
}

/** As `inFloat32`, where the result has the dtype of the first operand whatever the others have. */
export function inFloat32Like<A extends readonly unknown[]>(
  compose: (x: Node, ...rest: A) => Node,
): (x: Node, ...rest: A) => Node {
  return (x, ...rest) => {
    if (!isHalf(x.dtype)) return compose(x, ...rest);
    const wide = rest.map((arg) => mapInner(arg, widened)) as unknown as A;
    return cast(compose(cast(x, "float32"), ...wide), x.dtype);
  };
}

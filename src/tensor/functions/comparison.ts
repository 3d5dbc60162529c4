// Comparisons, logic, and questions about values. All give bool tensors.
import { checkOptions, isFloat, noMore, shapesEqual } from "../../base/index.js";
import type { Node } from "../../graph/index.js";
import * as ops from "../../ops/index.js";
import { checkOneDType, checkTensor, nodeOf } from "../args.js";
import { Cell } from "../cell.js";
import { readValues } from "../read.js";
import { Tensor } from "../tensor.js";
import { binary, made, unary } from "./define.js";

/**
 * True where input equals other; NaN equals nothing. Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws ArgumentError if neither is a tensor.
 */
export const eq = binary("eq", ops.eq);
/**
 * True where input differs from other; NaN differs from everything. Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws ArgumentError if neither is a tensor.
 */
export const ne = binary("ne", ops.ne);
/**
 * As {@link ne}: true where input differs from other. Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws ArgumentError if neither is a tensor.
 */
export const notEqual = ne;
/**
 * True where input < other. Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws ArgumentError if neither is a tensor.
 */
export const lt = binary("lt", ops.lt);
/**
 * As {@link lt}: true where input < other. Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws ArgumentError if neither is a tensor.
 */
export const less = lt;
/**
 * True where input <= other. Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws ArgumentError if neither is a tensor.
 */
export const le = binary("le", ops.le);
/**
 * As {@link le}: true where input <= other. Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws ArgumentError if neither is a tensor.
 */
export const lessEqual = le;
/**
 * True where input > other. Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws ArgumentError if neither is a tensor.
 */
export const gt = binary("gt", (a, b) => ops.lt(b, a));
/**
 * As {@link gt}: true where input > other. Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws ArgumentError if neither is a tensor.
 */
export const greater = gt;
/**
 * True where input >= other. Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws ArgumentError if neither is a tensor.
 */
export const ge = binary("ge", (a, b) => ops.le(b, a));
/**
 * As {@link ge}: true where input >= other. Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws ArgumentError if neither is a tensor.
 */
export const greaterEqual = ge;

/** True where x is not 0. */
function truth(x: Node): Node {
  return x.dtype === "bool" ? x : ops.ne(x, ops.constantLike(x, 0));
}

/**
 * True where both are not 0. Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws ArgumentError if neither is a tensor.
 */
export const logicalAnd = binary("logicalAnd", (a, b) => ops.and(truth(a), truth(b)));
/**
 * True where at least one is not 0. Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws ArgumentError if neither is a tensor.
 */
export const logicalOr = binary("logicalOr", (a, b) => ops.or(truth(a), truth(b)));
/**
 * True where exactly one is not 0. Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws ArgumentError if neither is a tensor.
 */
export const logicalXor = binary("logicalXor", (a, b) => ops.ne(truth(a), truth(b)));
/** True where the input is 0. Shapes: any → the same. */
export const logicalNot = unary("logicalNot", (x) => ops.not(truth(x)));
/**
 * Bit by bit: 1 where both are. Dtypes are promoted. Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws DTypeError if one is a float tensor.
 * @throws ArgumentError if neither is a tensor.
 */
export const bitwiseAnd = binary("bitwiseAnd", ops.and);
/**
 * Bit by bit: 1 where at least one is. Dtypes are promoted. Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws DTypeError if one is a float tensor.
 * @throws ArgumentError if neither is a tensor.
 */
export const bitwiseOr = binary("bitwiseOr", ops.or);
/**
 * Bit by bit: 1 where exactly one is. Dtypes are promoted. Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws DTypeError if one is a float tensor.
 * @throws ArgumentError if neither is a tensor.
 */
export const bitwiseXor = binary("bitwiseXor", ops.xor);
/**
 * Every bit turned; of bool: not. Shapes: any → the same.
 * @throws DTypeError if the input is a float tensor.
 */
export const bitwiseNot = unary("bitwiseNot", ops.not);

/** True where values are NaN. Shapes: any → the same. */
export const isnan = unary("isnan", ops.isnan);
/** True where values are Infinity or -Infinity. Shapes: any → the same. */
export const isinf = unary("isinf", ops.isinf);
/** True where values are Infinity. Shapes: any → the same. */
export const isposinf = unary("isposinf", ops.isposinf);
/** True where values are -Infinity. Shapes: any → the same. */
export const isneginf = unary("isneginf", ops.isneginf);
/** True where values are neither NaN nor infinite. Shapes: any → the same. */
export const isfinite = unary("isfinite", ops.isfinite);

interface CloseOptions {
  /** Allowed difference as a share of |other|; default 1e-5. */
  readonly rtol?: number;
  /** Allowed difference besides; default 1e-8. */
  readonly atol?: number;
  /** NaN counts as close to NaN; default false. */
  readonly equalNan?: boolean;
}

const closeOptions = ["rtol", "atol", "equalNan"] as const;

/**
 * True where |input - other| <= atol + rtol |other|. Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws DTypeError if the dtypes differ.
 * @throws ArgumentError if `rtol` or `atol` is negative.
 */
export function isclose(input: Tensor, other: Tensor, options: CloseOptions = {}, ...surplus: []): Tensor {
  noMore("isclose", surplus);
  checkOptions("isclose", options, closeOptions);
  const [a, b] = [nodeOf("isclose", "input", input), nodeOf("isclose", "other", other)];
  checkOneDType("isclose", { input: a, other: b });
  return made("isclose", () => ops.isclose(a, b, options));
}

function isTrue(op: string, node: Node): boolean {
  return readValues(op, new Tensor(Cell.of(node)))[0] === 1;
}

/**
 * Whether all elements are close, as {@link isclose} says. A read: computes both now.
 *
 * Shapes: any that broadcast → a boolean.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws DTypeError if the dtypes differ.
 * @throws ArgumentError if `rtol` or `atol` is negative.
 */
export function allclose(input: Tensor, other: Tensor, options: CloseOptions = {}, ...surplus: []): boolean {
  noMore("allclose", surplus);
  checkOptions("allclose", options, closeOptions);
  const [a, b] = [nodeOf("allclose", "input", input), nodeOf("allclose", "other", other)];
  checkOneDType("allclose", { input: a, other: b });
  return isTrue("allclose", made("allclose", () => ops.allclose(a, b, options)).node);
}

/**
 * Whether both have the same shape and equal elements. A read: computes both now.
 *
 * Shapes: any two → a boolean; false where they differ.
 */
export function equal(input: Tensor, other: Tensor, ...surplus: []): boolean {
  noMore("equal", surplus);
  const [a, b] = [nodeOf("equal", "input", input), nodeOf("equal", "other", other)];
  return shapesEqual(a.shape, b.shape) && isTrue("equal", ops.equal(a, b));
}

/** Whether the dtype is a float one. Shapes: any → a boolean. */
export function isFloatingPoint(input: Tensor, ...surplus: []): boolean {
  noMore("isFloatingPoint", surplus);
  checkTensor("isFloatingPoint", "input", input);
  return isFloat(input.dtype);
}

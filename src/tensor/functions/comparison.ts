// Comparisons, logic, and questions about values. All give bool tensors.
import { checkOptions, isFloat, shapesEqual } from "../../base/index.js";
import type { Node } from "../../graph/index.js";
import * as ops from "../../ops/index.js";
import { nodeOf, noMore } from "../args.js";
import { Cell } from "../cell.js";
import { readValues } from "../read.js";
import { Tensor, wrap } from "../tensor.js";
import { binary, unary } from "./define.js";

export const eq = binary("eq", ops.eq);
export const ne = binary("ne", ops.ne);
export const notEqual = ne;
export const lt = binary("lt", ops.lt);
export const less = lt;
export const le = binary("le", ops.le);
export const lessEqual = le;
export const gt = binary("gt", (a, b) => ops.lt(b, a));
export const greater = gt;
export const ge = binary("ge", (a, b) => ops.le(b, a));
export const greaterEqual = ge;

/** True where x is not 0. */
function truth(x: Node): Node {
  return x.dtype === "bool" ? x : ops.ne(x, ops.constantLike(x, 0));
}

export const logicalAnd = binary("logicalAnd", (a, b) => ops.and(truth(a), truth(b)));
export const logicalOr = binary("logicalOr", (a, b) => ops.or(truth(a), truth(b)));
export const logicalXor = binary("logicalXor", (a, b) => ops.ne(truth(a), truth(b)));
export const logicalNot = unary("logicalNot", (x) => ops.not(truth(x)));
/** Bit by bit for integers, logical for bool. */
export const bitwiseAnd = binary("bitwiseAnd", ops.and);
export const bitwiseOr = binary("bitwiseOr", ops.or);
export const bitwiseXor = binary("bitwiseXor", ops.xor);
export const bitwiseNot = unary("bitwiseNot", ops.not);

export const isnan = unary("isnan", ops.isnan);
export const isinf = unary("isinf", ops.isinf);
export const isposinf = unary("isposinf", ops.isposinf);
export const isneginf = unary("isneginf", ops.isneginf);
/** True where x is neither infinite nor NaN. */
export const isfinite = unary("isfinite", ops.isfinite);

interface CloseOptions {
  readonly rtol?: number;
  readonly atol?: number;
  readonly equalNan?: boolean;
}

const closeOptions = ["rtol", "atol", "equalNan"] as const;

/** True where |input - other| <= atol + rtol |other|. */
export function isclose(input: Tensor, other: Tensor, options: CloseOptions = {}, ...surplus: []): Tensor {
  noMore("isclose", surplus);
  checkOptions("isclose", options, closeOptions);
  return wrap(ops.isclose(nodeOf("isclose", "input", input), nodeOf("isclose", "other", other), options));
}

function isTrue(op: string, node: Node): boolean {
  return readValues(op, new Tensor(Cell.of(node)))[0] === 1;
}

/** Whether all elements are close. A read: computes both now. */
export function allclose(input: Tensor, other: Tensor, options: CloseOptions = {}, ...surplus: []): boolean {
  noMore("allclose", surplus);
  checkOptions("allclose", options, closeOptions);
  const [a, b] = [nodeOf("allclose", "input", input), nodeOf("allclose", "other", other)];
  return isTrue("allclose", ops.allclose(a, b, options));
}

/** Whether both have the same shape and equal elements. A read: computes both now. */
export function equal(input: Tensor, other: Tensor, ...surplus: []): boolean {
  noMore("equal", surplus);
  const [a, b] = [nodeOf("equal", "input", input), nodeOf("equal", "other", other)];
  return shapesEqual(a.shape, b.shape) && isTrue("equal", ops.equal(a, b));
}

/** Whether the dtype is a float one. */
export function isFloatingPoint(input: Tensor, ...surplus: []): boolean {
  noMore("isFloatingPoint", surplus);
  return isFloat(input.dtype);
}

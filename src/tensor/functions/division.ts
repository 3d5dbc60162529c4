// Rounded division and remainders, with PyTorch's signs. Each names itself for the error of a division by zero.
import { isHalf } from "../../base/index.js";
import type { Node } from "../../graph/index.js";
import * as ops from "../../ops/index.js";

type Divide = (a: Node, b: Node, op: string) => Node;

/** A number that divides a half tensor is not rounded to its dtype, as in `div`. */
const quotient = (divide: Divide, op: string) => (a: Node, b: Node) =>
  divide(a, isHalf(a.dtype) && b.shape.length === 0 ? ops.widenNumber(b) : b, op);

/** Quotient rounded towards zero. */
export const truncDivideNode = (op: string) => quotient(ops.inFloat32(ops.truncDivide), op);
/** Quotient rounded down. */
export const floorDivideNode = (op: string) => quotient(ops.floorDivide, op);
/** Remainder with the divisor's sign. */
export const remainderNode = (op: string) => (a: Node, b: Node) => ops.remainder(a, b, op);
/** Remainder with the dividend's sign. */
export const fmodNode = (op: string) => (a: Node, b: Node) => ops.rem(a, b, op);

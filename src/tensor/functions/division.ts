// Rounded division and remainders, with PyTorch's signs.
import { isFloat, isHalf } from "../../base/index.js";
import type { Node } from "../../graph/index.js";
import * as ops from "../../ops/index.js";

/** True where a truncated quotient lies above the floor: a remainder of the other sign than the divisor. */
function isAboveFloor(rest: Node, b: Node): Node {
  const zero = (x: Node) => ops.constantLike(x, 0);
  return ops.and(ops.ne(rest, zero(rest)), ops.ne(ops.lt(rest, zero(rest)), ops.lt(b, zero(b))));
}

/** Remainder with the divisor's sign. */
export const remainderNode = ops.inFloat32(remainderOf);

function remainderOf(a: Node, b: Node): Node {
  const rest = ops.rem(a, b);
  return ops.where(isAboveFloor(rest, b), ops.add(rest, b), rest);
}

/** Quotient rounded towards zero. */
export const truncDivideNode = quotientOf(truncDivide);

function truncDivide(a: Node, b: Node): Node {
  return isFloat(a.dtype) || isFloat(b.dtype) ? ops.trunc(ops.div(a, b)) : ops.intdiv(a, b);
}

/** Quotient rounded down. */
export const floorDivideNode = quotientOf(floorDivide);

function floorDivide(a: Node, b: Node): Node {
  const rest = ops.rem(a, b);
  const isAbove = isAboveFloor(rest, b);
  if (!isFloat(rest.dtype)) {
    const quotient = ops.intdiv(a, b);
    return ops.where(isAbove, ops.sub(quotient, ops.constantLike(quotient, 1)), quotient);
  }
  // (a - rest) / b is a whole number up to rounding; flooring a / b itself would be off by one where that rounds up.
  const whole = ops.round(ops.div(ops.sub(a, rest), b));
  const floored = ops.where(isAbove, ops.sub(whole, ops.constantLike(whole, 1)), whole);
  return ops.where(ops.eq(b, ops.constantLike(b, 0)), ops.div(a, b), floored);
}

/** A number that divides a half tensor is not rounded to its dtype, as in `div`. */
function quotientOf(divide: (a: Node, b: Node) => Node): (a: Node, b: Node) => Node {
  const rounded = ops.inFloat32(divide);
  return (a, b) => (isHalf(a.dtype) && b.shape.length === 0 ? rounded(a, ops.widenNumber(b)) : rounded(a, b));
}

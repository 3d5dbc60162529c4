// The two-argument arctangent, composed so that no branch divides by zero.
import { floatDType, promote } from "../../base/index.js";
import type { Node } from "../../graph/index.js";
import * as ops from "../../ops/index.js";

/** Angle of the point (x, y): of the two quotients y / x and x / y the smaller one goes into atan. */
export function atan2Node(yIn: Node, xIn: Node): Node {
  const dtype = floatDType(promote(yIn.dtype, xIn.dtype));
  const number = (value: number) => ops.constant(value, dtype);
  const [y, x] = [ops.cast(yIn, dtype), ops.cast(xIn, dtype)];
  const zero = number(0);
  // 1 / -0 is -Infinity: which way around the origin counts.
  const isNegative = (v: Node) => ops.lt(ops.where(ops.eq(v, zero), ops.div(number(1), v), v), zero);
  const isSteep = ops.lt(ops.abs(x), ops.abs(y));
  const bottom = ops.where(isSteep, y, x);
  const isOrigin = ops.eq(bottom, zero);
  const quotient = ops.div(ops.where(isSteep, x, y), ops.where(isOrigin, number(1), bottom));
  // Both infinite: the diagonal.
  const isDiagonal = ops.and(ops.isinf(x), ops.isinf(y));
  const sameSign = ops.eq(isNegative(x), isNegative(y));
  const slope = ops.where(isDiagonal, ops.where(sameSign, number(1), number(-1)), quotient);
  const angle = ops.atan(slope);
  const sideways = (turn: number) => ops.where(isNegative(y), number(-turn), number(turn));
  const flat = ops.where(isNegative(x), ops.add(angle, sideways(Math.PI)), angle);
  return ops.where(isSteep, ops.sub(sideways(Math.PI / 2), angle), flat);
}

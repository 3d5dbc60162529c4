// Questions about values: classes of floats, closeness, equality. All give bool.
import { ArgumentError, isFloat, shapesEqual } from "../base/index.js";
import type { Node } from "../graph/index.js";
import { constantLike } from "./composing.js";
import { abs, add, and, cast, eq, le, lt, mul, ne, or, sub } from "./elementwise.js";
import { constant } from "./leaves.js";
import { expand } from "./movement.js";
import { allOver } from "./statistics.js";

function all(x: Node, value: boolean): Node {
  return expand(constant(value, "bool"), x.shape);
}

/** True where x is NaN: the only value that differs from itself. */
export function isnan(x: Node): Node {
  return isFloat(x.dtype) ? ne(x, x) : all(x, false);
}

/** True where x is infinite. */
export function isinf(x: Node): Node {
  return isFloat(x.dtype) ? eq(abs(x), constantLike(x, Number.POSITIVE_INFINITY)) : all(x, false);
}

export function isposinf(x: Node): Node {
  return isFloat(x.dtype) ? eq(x, constantLike(x, Number.POSITIVE_INFINITY)) : all(x, false);
}

export function isneginf(x: Node): Node {
  return isFloat(x.dtype) ? eq(x, constantLike(x, Number.NEGATIVE_INFINITY)) : all(x, false);
}

/** True where x is neither infinite nor NaN. */
export function isfinite(x: Node): Node {
  return isFloat(x.dtype) ? lt(abs(x), constantLike(x, Number.POSITIVE_INFINITY)) : all(x, true);
}

export interface CloseOptions {
  readonly rtol?: number;
  readonly atol?: number;
  /** Whether two NaN are close. */
  readonly equalNan?: boolean;
}

/** |a - b| <= atol + rtol |b|; equal infinities are close. */
export function isclose(a: Node, b: Node, options: CloseOptions = {}): Node {
  const { rtol = 1e-5, atol = 1e-8, equalNan = false } = options;
  if (!(rtol >= 0 && atol >= 0)) {
    throw new ArgumentError(`isclose: rtol and atol must be >= 0, got ${rtol} and ${atol}`, { op: "isclose" });
  }
  const isEqual = eq(a, b);
  if (!isFloat(a.dtype) && rtol === 0 && atol === 0) return isEqual;
  const [x, y] = isFloat(a.dtype) ? [a, b] : [cast(a, "float64"), cast(b, "float64")];
  const allowed = add(mul(abs(y), constantLike(y, rtol)), constantLike(y, atol));
  // An infinite b would allow anything: only finite differences count.
  const near = and(le(abs(sub(x, y)), allowed), isfinite(y));
  const close = or(isEqual, near);
  return equalNan ? or(close, and(isnan(x), isnan(y))) : close;
}

/** Whether all elements are close (0-d). */
export function allclose(a: Node, b: Node, options: CloseOptions = {}): Node {
  return allOver(isclose(a, b, options));
}

/** Whether both have one shape and equal elements (0-d). */
export function equal(a: Node, b: Node): Node {
  return shapesEqual(a.shape, b.shape) ? allOver(eq(a, b)) : constant(false, "bool");
}

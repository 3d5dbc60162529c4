// Values from nothing: constants, ranges, the identity, one-hot rows.
import { ArgumentError, type DType, isFloat, type Shape } from "../base/index.js";
import type { Node } from "../graph/index.js";

import { add, cast, eq, lt, mul, sub, where } from "./elementwise.js";
import { constant, iota } from "./leaves.js";
import { expand, reshape } from "./movement.js";

/** `value` everywhere. */
export function full(shape: Shape, value: number | bigint | boolean, dtype: DType): Node {
  const one = constant(value, dtype);
  return shape.length === 0 ? one : expand(one, shape);
}

/** The number that `full` made `node` of, or null if it is something else. */
export function repeatedNumber(node: Node): number | bigint | boolean | null {
  return node.primitive.name === "expand" ? ((node.inputs[0] as Node | undefined)?.value ?? null) : node.value;
}

/** start, start + step, … up to but not including `end`. */
export function arange(start: number, end: number, step: number, dtype: DType): Node {
  if (!Number.isFinite(start) || !Number.isFinite(end) || !Number.isFinite(step) || step === 0) {
    throw new ArgumentError(`arange: start ${start}, end ${end} and step ${step} must be finite, step not 0`, {
      op: "arange",
    });
  }
  if (start !== end && start < end !== step > 0) {
    throw new ArgumentError(`arange: step ${step} leads away from end (start ${start}, end ${end})`, { op: "arange" });
  }
  const count = Math.ceil((end - start) / step);
  if (!isFloat(dtype)) return integerRange(Math.trunc(start), Math.trunc(step), count, dtype);
  // In float64, so that the last elements of a long float32 range are not off by many steps of rounding.
  const index = cast(iota(count), "float64");
  const scaled = step === 1 ? index : mul(index, constant(step, "float64"));
  return cast(start === 0 ? scaled : add(scaled, constant(start, "float64")), dtype);
}

function integerRange(start: number, step: number, count: number, dtype: DType): Node {
  const index = cast(iota(count), dtype);
  const scaled = step === 1 ? index : mul(index, constant(step, dtype));
  return start === 0 ? scaled : add(scaled, constant(start, dtype));
}

/** `steps` numbers from start to end, both included. */
export function linspace(start: number, end: number, steps: number, dtype: DType): Node {
  if (!Number.isInteger(steps) || steps < 0) {
    throw new ArgumentError(`linspace: steps must be an integer >= 0, got ${steps}`, { op: "linspace" });
  }
  if (steps === 1) return full([1], start, dtype);
  // From both ends to the middle, like PyTorch: both bounds are hit exactly. Its bits of float32, too: bounds and step are rounded, and
  // products of such are exact in float64, as in a fused multiply-add. What follows may hang on them, as samples at an image's own points do.
  const round = dtype === "float32" ? Math.fround : (value: number) => value;
  const [first, last] = [round(start), round(end)];
  const index = cast(iota(steps), "float64");
  const step = constant(round(round(last - first) / (steps - 1)), "float64");
  const fromStart = add(mul(index, step), constant(first, "float64"));
  const left = sub(constant(steps - 1, "float64"), index);
  const fromEnd = sub(constant(last, "float64"), mul(left, step));
  return cast(where(lt(iota(steps), constant(Math.floor(steps / 2), "int32")), fromStart, fromEnd), dtype);
}

/** Ones on the diagonal of `[rows, columns]`. */
export function eye(rows: number, columns: number, dtype: DType): Node {
  if (![rows, columns].every((n) => Number.isInteger(n) && n >= 0)) {
    throw new ArgumentError(`eye: sizes must be integers >= 0, got ${rows} and ${columns}`, { op: "eye" });
  }
  return cast(eq(reshape(iota(rows), [rows, 1]), iota(columns)), dtype);
}

/** `[…, classes]`: 1 at each element's class, 0 elsewhere. */
export function oneHot(x: Node, classes: number, dtype: DType): Node {
  if (isFloat(x.dtype) || x.dtype === "bool") {
    throw new ArgumentError(`oneHot: takes integer class indices, got ${x.dtype}`, { op: "oneHot" });
  }
  if (!Number.isInteger(classes) || classes < 1) {
    throw new ArgumentError(`oneHot: numClasses must be a positive integer, got ${classes}`, { op: "oneHot" });
  }
  return cast(eq(reshape(x, [...x.shape, 1]), cast(iota(classes), x.dtype)), dtype);
}

// Positions along lists of loops: from a flat number to one digit a loop, and what digits move in an array.
import type { Expr, ExprFactory } from "../../ir/index.js";
import { type Axis, mergeAxes } from "./form.js";

/** The arrays of a contraction, as fields of Axis. */
export type Side = "a" | "b" | "out";

/** Index of each loop in `axes` for flat position `flat`. */
export function digitsOf(f: ExprFactory, axes: readonly Axis[], flat: Expr): Expr[] {
  const out = new Array<Expr>(axes.length);
  let rest = flat;
  for (let i = axes.length - 1; i >= 0; i--) {
    const extent = f.int(spanOf(axes[i] as Axis));
    out[i] = i === 0 ? rest : f.rem(rest, extent);
    rest = f.div(rest, extent);
  }
  return out;
}

/** Positions of a loop, gaps included. */
export function spanOf(axis: Axis): number {
  return axis.span ?? axis.extent;
}

/** Positions of a list of loops, gaps between included. */
export function countOf(axes: readonly Axis[]): number {
  return axes.reduceRight(
    ({ count, size }, axis) => ({ count: count + (axis.extent - 1) * size, size: size * spanOf(axis) }),
    { count: 1, size: 1 },
  ).count;
}

/** Σ digit · stride in one array. */
export function offsetOf(f: ExprFactory, axes: readonly Axis[], digits: readonly Expr[], side: Side): Expr {
  let sum: Expr = f.int(0);
  axes.forEach((axis, i) => {
    sum = f.add(sum, f.mul(digits[i] as Expr, f.int(axis[side])));
  });
  return sum;
}

/** Offset of flat position `flat` in one array. */
export function offsetAt(f: ExprFactory, axes: readonly Axis[], flat: Expr, side: Side): Expr {
  return offsetOf(f, axes, digitsOf(f, axes, flat), side);
}

/** The loops as one array sees them: neighbours that are contiguous there are one. */
export function axesIn(axes: readonly Axis[], side: Side): Axis[] {
  const only = { a: 0, b: 0, out: 0 };
  const own = axes.map((axis) => ({ ...only, extent: axis.extent, span: axis.span, [side]: axis[side] }));
  if (own.some((axis) => axis.span !== undefined)) return own;
  const merged = mergeAxes(own);
  return merged.length > 0 ? merged : [{ ...only, extent: 1 }];
}

// Elementary functions as each target computes them, over all exponents: within the bounds of their expansions.
import { erf, tensor } from "gradus";
import { expect, it } from "vitest";
import {
  bounds,
  fixture,
  functions,
  largestError,
  type MathOp,
  ops,
  type Rows,
  samples32,
  ulps,
} from "../ir/math-cases.js";
import { forEachTarget } from "./targets.js";

const count = 20_000;

/** Values that the target under test computes. */
function compute(op: MathOp, xs: Float32Array | Float64Array): ArrayLike<number> {
  const x = tensor(xs);
  return (op === "erf" ? erf(x) : x[op]()).toTypedArray() as Float32Array | Float64Array;
}

forEachTarget(() => {
  it.each(ops)("%s: given float32 and float64 numbers of all sizes, stays within its bounds", (op) => {
    const xs = samples32(op, count);
    const worst = largestError(xs, compute(op, xs), functions[op]);
    expect(worst.error, `at ${worst.at}`).toBeLessThanOrEqual(bounds[op].f32);

    const rows = fixture[op] as Rows;
    const ys = compute(
      op,
      Float64Array.from(rows, ([x]) => x as number),
    );
    const errors = rows.map(([, high, low], i) => ulps("f64", ys[i] as number, high as number, low));
    expect(Math.max(...errors)).toBeLessThanOrEqual(bounds[op].f64);
  });
});

// The expansions of elementary functions: error bounds in units in the last place (ULP), special values, lanes.
import { describe, expect, it } from "vitest";
import { children } from "../../src/ir/expr.js";
import { cPow, type Expr, ExprFactory, type Var } from "../../src/ir/index.js";
import { expandPow, expandUnary } from "../../src/ir/math/index.js";
import { type Column, column, evaluateBatch } from "./batch.js";
import {
  bounds,
  fixture,
  functions,
  largestError,
  type MathOp,
  ops,
  type Rows,
  randomSource,
  sampleCount,
  samples32,
  ulps,
} from "./math-cases.js";

const roundings = [
  ["rounded twice", { contract: false }],
  ["contracted", { contract: true }],
] as const;

function evaluateUnary(
  op: MathOp,
  xs: Column,
  options: { contract: boolean },
  prepare = (_: ExprFactory, v: Expr) => v,
) {
  const f = new ExprFactory();
  const v = f.variable("x", xs instanceof Float32Array ? "f32" : "f64");
  return evaluateBatch(expandUnary(f, op, prepare(f, v)), new Map<Var, Column>([[v, xs]]), options);
}

describe("expandUnary of float32", () => {
  describe.each(roundings)("%s", (_, options) => {
    it.each(ops)("%s: given all exponents and its busy range, stays within its bound", (op) => {
      const xs = samples32(op, sampleCount);

      const worst = largestError(xs, evaluateUnary(op, xs, options), functions[op]);

      expect(worst.error, `at ${worst.at}`).toBeLessThanOrEqual(bounds[op].f32);
    });

    it.each(["sin", "cos"] as const)("%s: given an argument known to be small, stays within its bound", (op) => {
      const xs = samples32(op, sampleCount).map((x) => Math.max(-25, Math.min(25, x)));
      const clamp = (f: ExprFactory, v: Expr) => f.max(f.min(v, f.const("f32", 25)), f.const("f32", -25));

      const worst = largestError(xs, evaluateUnary(op, xs, options, clamp), functions[op]);

      expect(worst.error, `at ${worst.at}`).toBeLessThanOrEqual(bounds[op].f32);
    });
  });
});

describe("expandUnary and expandPow of float64", () => {
  describe.each(roundings)("%s", (_, options) => {
    it.each(ops)("%s: given arguments with high-precision results, stays within its bound", (op) => {
      const rows = fixture[op] as Rows;
      const ys = evaluateUnary(
        op,
        Float64Array.from(rows, (row) => row[0] as number),
        options,
      );

      const errors = rows.map(([, high, low], i) => ulps("f64", ys[i] as number, high as number, low));

      expect(Math.max(...errors)).toBeLessThanOrEqual(bounds[op].f64);
    });

    it("pow: given arguments with high-precision results, stays within its bound", () => {
      const rows = fixture.pow as Rows;
      const [a, b] = [0, 1].map((k) => Float64Array.from(rows, (row) => row[k] as number)) as [Column, Column];

      const ys = evaluatePow("f64", a, b, options);

      const errors = rows.map(([, , high, low], i) => ulps("f64", ys[i] as number, high as number, low));
      expect(Math.max(...errors)).toBeLessThanOrEqual(bounds.pow.f64);
    });
  });
});

function evaluatePow(type: "f32" | "f64", a: Column, b: Column, options: { contract: boolean }): Column {
  const f = new ExprFactory();
  const [x, y] = [f.variable("x", type), f.variable("y", type)];
  const inputs = new Map<Var, Column>([
    [x, a],
    [y, b],
  ]);
  return evaluateBatch(expandPow(f, x, y), inputs, options);
}

describe("expandPow", () => {
  it("float32: given bases and exponents of all sizes, stays within its bound", () => {
    const random = randomSource(11);
    const count = sampleCount;
    const [a, b] = [new Float32Array(count), new Float32Array(count)];
    for (let i = 0; i < count; i++) {
      a[i] = i % 3 === 0 ? 10 ** (random() * 80 - 40) : i % 3 === 1 ? random() * 20 : 1 + (random() - 0.5) / 10;
      b[i] = i % 2 === 0 ? random() * 10 - 5 : ((random() * 2 - 1) * 104) / Math.abs(Math.log(a[i] as number) || 1);
    }

    for (const [, options] of roundings) {
      const ys = evaluatePow("f32", a, b, options);
      let worst = 0;
      a.forEach((x, i) => {
        worst = Math.max(worst, ulps("f32", ys[i] as number, x ** (b[i] as number)));
      });
      expect(worst).toBeLessThanOrEqual(bounds.pow.f32);
    }
  });

  const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
  const special = [0, -0, 1, -1, 2, -2, 0.5, -0.5, 3, -3, 2.5, -2.5, 4, 1e-3, 2 ** 31, -(2 ** 31) - 1, inf, -inf, nan];

  it.each(["f32", "f64"] as const)("%s: given all pairs of special values, agrees with C's pow", (type) => {
    const pairs = special.flatMap((x) => special.map((y) => [x, y] as const));
    const [a, b] = [0, 1].map((k) =>
      fill(
        type,
        pairs.map((pair) => pair[k] as number),
      ),
    ) as [Column, Column];

    const ys = evaluatePow(type, a, b, { contract: false });

    pairs.forEach((_, i) => {
      const [x, y] = [a[i] as number, b[i] as number];
      expect(ulps(type, ys[i] as number, cPow(x, y)), `${x} ** ${y} gave ${ys[i]}`).toBeLessThanOrEqual(1.25);
    });
  });
});

function fill(type: "f32" | "f64", values: readonly number[]): Column {
  const out = column(type, values.length);
  values.forEach((value, i) => {
    out[i] = value;
  });
  return out;
}

describe("special values", () => {
  const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
  const xs = [
    0,
    -0,
    1,
    -1,
    inf,
    -inf,
    nan,
    1e-45,
    -1e-45,
    5e-324,
    -5e-324,
    3.4e38,
    -3.4e38,
    710,
    -746,
    89,
    -104,
    0.5,
    -0.5,
  ];

  it.each(ops.flatMap((op) => (["f32", "f64"] as const).map((type) => [op, type] as const)))(
    "%s %s: given zeros, infinities, NaN and denormals, agrees with Math",
    (op, type) => {
      // Reduction of float64 angles ends at 2^64.
      const isAngle = type === "f64" && ["sin", "cos", "tan"].includes(op);
      const values = fill(type, isAngle ? xs.filter((x) => !(Math.abs(x) > 2 ** 64 && Number.isFinite(x))) : xs);

      const ys = evaluateUnary(op, values, { contract: false });

      values.forEach((x, i) => {
        const error = ulps(type, ys[i] as number, functions[op](x as number));
        expect(error, `${op}(${x}) gave ${ys[i]}`).toBeLessThanOrEqual(3);
      });
    },
  );

  it("given 0, cos and exp are exactly 1, and odd functions are 0", () => {
    const zero = new Float32Array([0]);

    const at0 = (op: MathOp) => evaluateUnary(op, zero, { contract: true })[0] as number;

    expect(["cos", "exp"].map((op) => at0(op as MathOp))).toEqual([1, 1]);
    expect((["sin", "tan", "tanh", "erf", "atan", "expm1", "log1p"] as const).map((op) => Math.abs(at0(op)))).toEqual(
      new Array(7).fill(0),
    );
  });

  it("sin and cos of float64 beyond 2^64: given huge arguments, stay in [-1, 1]", () => {
    const huge = new Float64Array([1e20, -1e100, 1e300, Number.MAX_VALUE]);

    for (const op of ["sin", "cos"] as const) {
      for (const y of evaluateUnary(op, huge, { contract: false }))
        expect(Math.abs(y as number)).toBeLessThanOrEqual(1);
    }
  });
});

describe("size", () => {
  /** Nodes of an expansion, without leaves and bit casts, which cost nothing. */
  function cost(root: Expr): number {
    const seen = new Set<Expr>();
    const visit = (x: Expr): void => {
      if (seen.has(x)) return;
      seen.add(x);
      children(x).forEach(visit);
    };
    visit(root);
    return [...seen].filter((x) => x.kind !== "bitcast" && children(x).length > 0).length;
  }

  it("given a float32 scalar, hot functions take few operations", () => {
    const f = new ExprFactory();
    const x = f.variable("x", "f32");
    const small = f.mul(f.cast(f.binary("shru", f.variable("bits"), f.int(8)), "f32"), f.const("f32", 2 ** -24 * 6.28));

    const costs = (["exp", "log", "tanh", "erf", "atan"] as const).map((op) => cost(expandUnary(f, op, x)));
    const ofAngle = cost(expandUnary(f, "sin", small)) - cost(small);

    expect(costs).toEqual([20, 29, 28, 31, 21]);
    expect(ofAngle).toBe(20);
  });

  it("given random bits as angle, sin and cos share the reduction", () => {
    const f = new ExprFactory();
    const bits = f.binary("and", f.variable("bits", "i32", { lanes: 4 }), f.const("i32", 0xffff, 4));
    const counter = f.add(
      f.splat(f.variable("i", "i32", { min: 0, max: 90 }), 4),
      f.lanes([0, 1, 2, 3].map((i) => f.int(i))),
    );
    const half = f.cast(f.div(counter, f.const("i32", 50, 4)), "f32");
    const angle = f.add(
      f.mul(f.cast(bits, "f32"), f.const("f32", 2 ** -14, 4)),
      f.mul(half, f.const("f32", -Math.PI, 4)),
    );

    const both = f.add(expandUnary(f, "sin", angle), expandUnary(f, "cos", angle));

    expect(cost(both) - cost(angle)).toBe(28);
  });
});

// The IR printer: one line of text for each construct.
import { describe, expect, it } from "vitest";
import {
  type Expr,
  ExprFactory,
  type Kernel,
  printExpr,
  printKernel,
  printProgram,
  printStmt,
} from "../../src/ir/index.js";

const x = new ExprFactory();
const a = x.buffer("a", "float32", 100);
const i = x.variable("i");
const [p, q] = [x.variable("p", "f32"), x.variable("q", "f32")];
const cond = x.lt(p, q);

describe("printExpr", () => {
  const cases: [string, Expr][] = [
    ["p + p * q", x.add(p, x.mul(p, q))],
    ["(p + q) * 0.1", x.mul(x.add(p, q), x.const("f32", 0.1))],
    ["p - (q - p)", x.sub(p, x.sub(q, p))],
    ["-p / q", x.div(x.unary("neg", p), q)],
    ["max(p, sqrt(q))", x.max(p, x.unary("sqrt", q))],
    ["p < q ? p : q", x.select(cond, p, q)],
    ["4*i - 3", x.sub(x.mul(i, x.int(4)), x.int(3))],
    ["a[i + 1; 4]", x.load(a, x.add(i, x.int(1)), 4)],
    ["a[i if p < q]", x.load(a, i, 1, cond)],
    ["fma(p, q, 1e-30)", x.fma(p, q, x.const("f32", 1e-30))],
    ["i32(p) ^ bits_i32(q) >>> 7", x.binary("xor", x.cast(p, "i32"), x.binary("shru", x.bitcast(q, "i32"), x.int(7)))],
    ["f64($2)", x.param(2, "f64")],
    ["5n", x.const("i64", 5)],
    ["<p, q>", x.lanes([p, q])],
    ["splat4(p)", x.splat(p, 4)],
    ["a[0; 4].3", x.extract(x.load(a, x.int(0), 4), 3)],
    ["a[0; 2 if <true, false>]", x.load(a, x.int(0), 2, x.lanes([x.bool(true), x.bool(false)]))],
    ["shuffle(splat2(p), splat2(q); 1 2)", x.shuffle(x.splat(p, 2), x.splat(q, 2), [1, 2])],
    ["!(p < q) & p == q", x.and(x.not(cond), x.eq(p, q))],
  ];

  it.each(cases)("%s", (text, expr) => {
    expect(printExpr(expr)).toBe(text);
  });
});

describe("printStmt", () => {
  it("given a value used twice, defines it once above the statement", () => {
    const sum = x.add(p, q);

    expect(printStmt({ kind: "store", buffer: a, index: i, value: x.mul(sum, sum), guard: cond })).toBe(
      "%1 = p + q\nif (p < q) a[i] = %1 * %1",
    );
  });
});

function sample(): Kernel {
  const f = new ExprFactory();
  const [input, output] = [f.buffer("in", "float32", 64), f.buffer("out", "float32", 16)];
  const tile = f.variable("tile");
  const j = f.variable("j");
  const [sum, other] = [f.variable("t", "f32", { mutable: true }), f.variable("t", "f32", { lanes: 4 })];
  const at = f.add(f.mul(tile, f.int(16)), j);
  return {
    name: "sum",
    tiles: 4,
    tile,
    body: [
      { kind: "let", v: sum, value: f.const("f32", 0) },
      { kind: "let", v: other, value: f.load(input, f.int(0), 4) },
      {
        kind: "for",
        v: j,
        from: f.int(0),
        to: f.int(16),
        step: 2,
        hint: "unroll",
        body: [{ kind: "assign", v: sum, value: f.add(sum, f.load(input, at)) }],
      },
      {
        kind: "while",
        cond: f.lt(sum, f.const("f32", 0)),
        body: [{ kind: "assign", v: sum, value: f.extract(other, 1) }],
      },
      {
        kind: "if",
        cond: f.lt(tile, f.int(3)),
        then: [{ kind: "store", buffer: output, index: tile, value: sum, guard: null }],
        else: [{ kind: "store", buffer: output, index: f.int(12), value: other, guard: null }],
      },
    ],
    buffers: [input, output],
    flops: 0,
    bytes: 0,
  };
}

describe("printKernel and printProgram", () => {
  it("given a kernel with every statement, prints blocks, types and names of their own", () => {
    expect(printKernel(sample())).toMatchInlineSnapshot(`
      "kernel sum(in: float32[64], out: float32[16]) for tile < 4 {
        var t: f32 = 0
        let t_1: v4 f32 = in[0; 4]
        for j in 0 .. 16 step 2 unroll {
          t = t + in[16*tile + j]
        }
        while (t < 0) {
          t = t_1.1
        }
        if (tile < 3) {
          out[tile] = t
        } else {
          out[12; 4] = t_1
        }
      }"
    `);
  });

  it("given a program, prints where buffers are and the stages", () => {
    const kernel = { ...sample(), body: [] };
    const [input, output] = kernel.buffers as [Kernel["buffers"][number], Kernel["buffers"][number]];
    const text = printProgram({
      name: "p",
      stages: [[], [kernel]],
      commitStage: 1,
      checkedStage: 2,
      status: output,
      placements: new Map([
        [input, { kind: "bound", slot: 0 }],
        [output, { kind: "arena", offset: 64 }],
      ]),
      bindings: [],
      arenaBytes: 128,
      localBytes: 0,
      localOffsets: new Map(),
      scalarCount: 2,
    });

    expect(text).toMatchInlineSnapshot(`
      "program p: 0 bound, arena 128 B, local 0 B, 2 scalars
        in: float32[64] at bound 0
        out: float32[16] at arena +64
      stage 0:
      stage 1 (after the status test):
      kernel sum(in: float32[64], out: float32[16]) for tile < 4 {
      }"
    `);
  });
});

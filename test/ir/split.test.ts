// Loops with work up to a bound: the same values as in one loop, and no load or sum beyond the vector that the bound is in.
import { describe, expect, it } from "vitest";
import { type Expr, ExprFactory, finalizeKernel, type Stmt, visitStatements } from "../../src/ir/index.js";
import { createInterpreter } from "../../src/targets/index.js";
import { emptyStorage, makeProgram, storageOf, store } from "../targets/programs.js";

const [rows, width] = [70, 64];

interface Row {
  readonly f: ExprFactory;
  readonly row: Expr;
  readonly v: Expr;
  readonly x: Expr;
}

/** out[row] = the masked elements of a, then their sum; the condition is `holds`. */
function run(holds: (at: Row) => Expr): { out: number[]; constants: number } {
  const f = new ExprFactory();
  const [a, out] = [f.buffer("a", "float32", rows * width), f.buffer("out", "float32", rows * (width + 1))];
  const tile = f.variable("tile", "i32", { min: 0, max: 0 });
  const row = f.variable("row", "i32", { min: 0, max: rows - 1 });
  const v = f.variable("v", "i32", { min: 0, max: width - 1 });
  const sum = f.variable("sum", "f32", { mutable: true });
  const x = f.load(a, f.add(f.mul(row, f.int(width)), v));
  const masked = f.select(holds({ f, row, v, x }), x, f.const("f32", 0));
  const first = f.mul(row, f.int(width + 1));
  const inner: Stmt[] = [
    store(out, f.add(first, v), f.mul(masked, f.const("f32", 2))),
    { kind: "assign", v: sum, value: f.add(sum, masked) },
  ];
  const body: Stmt[] = [
    { kind: "let", v: sum, value: f.const("f32", 0) },
    { kind: "for", v, from: f.int(0), to: f.int(width), step: 1, hint: "vectorize", body: inner },
    store(out, f.add(first, f.int(width)), sum),
  ];
  const all: Stmt = { kind: "for", v: row, from: f.int(0), to: f.int(rows), step: 1, body };
  const target = createInterpreter({ detectRaces: true });
  const kernel = finalizeKernel(f, { name: "k", tiles: 1, tile, body: [all], flops: 0, bytes: 0 }, target.info);
  let constants = 0;
  visitStatements(kernel.body, (stmt) => {
    if (stmt.kind === "store" && stmt.value.kind === "const") constants++;
  });
  const values = Array.from({ length: rows * width }, (_, i) => ((i * 37) % 101) - 50);
  const result = emptyStorage(out);
  target
    .load(makeProgram({ stages: [[kernel]], bound: [a, out] }))
    .run([storageOf("float32", values), result], new Float64Array(0));
  return { out: [...(result.toTypedArray() as Float32Array)], constants };
}

function wanted(holds: (row: number, v: number) => boolean): number[] {
  return Array.from({ length: rows }, (_, row) => {
    const masked = Array.from({ length: width }, (_, v) => (holds(row, v) ? (((row * width + v) * 37) % 101) - 50 : 0));
    return [...masked.map((x) => 2 * x), masked.reduce((sum, x) => sum + x, 0)];
  }).flat();
}

describe("a loop that masks", () => {
  it.each([
    ["positions up to the row's", (r: Row) => r.f.le(r.v, r.row), (row: number, v: number) => v <= row],
    ["positions before the row's", (r: Row) => r.f.lt(r.v, r.row), (row: number, v: number) => v < row],
    [
      "positions up to one that may lie before the first",
      (r: Row) => r.f.le(r.f.add(r.v, r.f.int(30)), r.row),
      (row: number, v: number) => v + 30 <= row,
    ],
    [
      "positions up to one beyond the last",
      (r: Row) => r.f.le(r.v, r.f.add(r.row, r.f.int(40))),
      (row: number, v: number) => v <= row + 40,
    ],
  ])("given %s, gives all values and stores constants beyond", (_, holds, plain) => {
    const { out, constants } = run(holds);
    expect(out.map((x) => x + 0)).toEqual(wanted(plain).map((x) => x + 0));
    expect(constants).toBeGreaterThan(0);
  });

  it.each([
    ["positions from the row's on", (r: Row) => r.f.le(r.row, r.v), (row: number, v: number) => row <= v],
    [
      "positions at twice the distance",
      (r: Row) => r.f.le(r.f.mul(r.v, r.f.int(2)), r.row),
      (row: number, v: number) => 2 * v <= row,
    ],
    [
      "values",
      (r: Row) => r.f.le(r.x, r.f.const("f32", 3)),
      (row: number, v: number) => (((row * width + v) * 37) % 101) - 50 <= 3,
    ],
  ])("given %s, stays one loop", (_, holds, plain) => {
    const { out, constants } = run(holds);
    expect(out.map((x) => x + 0)).toEqual(wanted(plain).map((x) => x + 0));
    expect(constants).toBe(0);
  });
});

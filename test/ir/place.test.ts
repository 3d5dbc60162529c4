// Where lets go: what does not change leaves loops, but a load stays where it may not run.
import { describe, expect, it } from "vitest";
import { type Expr, ExprFactory, printStmt, type Stmt } from "../../src/ir/index.js";
import { placeExpressions } from "../../src/ir/passes/place.js";

const x = new ExprFactory();
const [a, out] = [x.buffer("a", "float32", 100), x.buffer("out", "float32", 100)];
const [i, tile] = [x.variable("i"), x.variable("tile")];
const count = x.variable("n", "i32", { min: 0, max: 50 });

/** The kernel that stores a[tile] * a[tile] + a[i] for all i below `to`, as text. */
function placed(to: Expr): string[] {
  const value = x.load(a, tile);
  const store: Stmt = {
    kind: "store",
    buffer: out,
    index: i,
    value: x.add(x.mul(value, value), x.load(a, i)),
    guard: null,
  };
  const loop: Stmt = { kind: "for", v: i, from: x.int(0), to, step: 1, body: [store] };
  const body: Stmt[] = [{ kind: "let", v: count, value: x.load(x.buffer("counts", "int32", 1), x.int(0)) }, loop];
  return placeExpressions(x, body, tile).flatMap((stmt) => printStmt(stmt).split("\n"));
}

function lineOf(lines: readonly string[], text: string): number {
  const at = lines.findIndex((line) => line.includes(text));
  expect(at, lines.join("\n")).toBeGreaterThanOrEqual(0);
  return at;
}

describe("placeExpressions", () => {
  it("given a loop that runs at least once, a load that does not change leaves it", () => {
    const lines = placed(x.int(50));

    expect(lineOf(lines, "a[tile]")).toBeLessThan(lineOf(lines, "for "));
  });

  it("given a loop that may not run, a load stays inside", () => {
    const lines = placed(count);

    expect(lineOf(lines, "a[tile]")).toBeGreaterThan(lineOf(lines, "for "));
  });
});

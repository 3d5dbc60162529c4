// Programs found again: the same structure with other numbers must compute with the other numbers.
import { expect, it } from "vitest";
import { constant, mul, sub } from "../../src/ops/index.js";
import { compiled, input } from "../ops/helpers.js";

it("given the same graph with one number after the other, each run uses its own", () => {
  for (const factor of [2, 3, 3, 0, -0, 2, 7]) {
    const x = input([1, 2, 3], [3]);
    const [y] = compiled(mul(x, constant(factor, "float32"))) as [number[]];

    expect(y).toEqual([1, 2, 3].map((v) => v * factor));
  }
});

it("given two numbers that were equal and then are not, keeps them apart", () => {
  for (const [a, b] of [
    [2, 2],
    [2, 3],
    [5, 3],
    [4, 4],
  ] as const) {
    const x = input([1, 2, 3], [3]);
    const [y] = compiled(sub(mul(x, constant(a, "float32")), constant(b, "float32"))) as [number[]];

    expect(y).toEqual([1, 2, 3].map((v) => v * a - b));
  }
});

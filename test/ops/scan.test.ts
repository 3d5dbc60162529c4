import { describe, expect, test } from "vitest";
import { add, cumprod, cumsum } from "../../src/ops/index.js";
import { compiled, expectAgreement, expectGradient, input, integers, noise, values } from "./helpers.js";

const shapes = [
  [[5], 0],
  [[3, 5], 1],
  [[3, 5], 0],
  [[2, 7, 5], 1],
  [[1, 40000], 1],
  [[300, 70], 0],
  [[0, 3], 0],
  [[], 0],
] as const;

describe("cumsum", () => {
  test("given integers, gives int64", () => {
    const y = cumsum(input([1, 2, 3], [3], "int32"), 0);
    expect(y.dtype).toBe("int64");
    expect(values(y)).toEqual([1, 3, 6]);
    expectAgreement(() => cumsum(input([1, 2, 3], [3], "int32"), 0));
    expectAgreement(() => cumsum(input(integers(60, 2), [3, 20], "bool"), -1));
  });

  test.each(shapes)("given shape %j and dim %i, agrees with the reference", (shape, dim) => {
    const count = shape.reduce((n: number, size) => n * size, 1);
    expectAgreement(() => cumsum(input(noise(count), shape), dim));
    expectAgreement(() => cumsum(input(noise(count), shape, "float64"), dim));
  });

  test("given 2^20 numbers of 0.1, accumulates beyond float32", () => {
    const n = 1 << 20;
    const [actual] = compiled(cumsum(input(new Array<number>(n).fill(0.1), [n]), 0)) as [number[]];
    expect(actual[n - 1]).toBe(Math.fround(n * Math.fround(0.1)));
  });

  test("has the right gradient", () => {
    expectGradient((x) => cumsum(x, 1), noise(24), [2, 3, 4], add);
  });
});

describe("cumprod", () => {
  test.each(shapes)("given shape %j and dim %i, agrees with the reference", (shape, dim) => {
    const count = shape.reduce((n: number, size) => n * size, 1);
    expectAgreement(
      () =>
        cumprod(
          input(
            noise(count).map((x) => 1 + x / 100),
            shape,
          ),
          dim,
        ),
      1e-6,
    );
  });

  test("given no, one and two zeros, has the right gradients of both orders", () => {
    expectGradient((x) => cumprod(x, 1), noise(12), [3, 4], add);
    expectGradient((x) => cumprod(x, 1), [1, 0, 2, 3, 0, 0, 1, 2, 3, 1, 2, 0], [3, 4], add);
    expectGradient((x) => cumprod(x, 0), [1, 0, 2, 3, 0, 0, 1, 2, 3, 1, 2, 0], [3, 4], add);
  });
});

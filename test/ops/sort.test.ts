import { describe, expect, test } from "vitest";
import type { DType } from "../../src/base/index.js";
import { argsort, sort } from "../../src/ops/index.js";
import { compiled, expectAgreement, input, integers, noise, values } from "./helpers.js";

describe("argsort", () => {
  test("given equal elements, keeps their order in both directions", () => {
    const x = () => input([2, 1, 2, 1], [4]);
    expect(values(argsort(x()))).toEqual([1, 3, 0, 2]);
    expect(values(argsort(x(), { descending: true }))).toEqual([0, 2, 1, 3]);
    expectAgreement(() => argsort(x()));
    expectAgreement(() => argsort(x(), { descending: true }));
  });

  test("given NaN, counts it as the largest", () => {
    const x = () => input([Number.NaN, 1, Number.POSITIVE_INFINITY, Number.NaN, -1], [5]);
    expect(values(argsort(x()))).toEqual([4, 1, 2, 0, 3]);
    expect(values(argsort(x(), { descending: true }))).toEqual([0, 3, 2, 1, 4]);
    expectAgreement(() => argsort(x()));
    expectAgreement(() => argsort(x(), { descending: true }));
  });

  test("given -0 and 0, treats them as equal", () => {
    expectAgreement(() => argsort(input([0, -0, 0, -0, -1], [5])));
  });

  test.each([
    [[7], 0],
    [[3, 5, 4], 1],
    [[2, 600], 1],
    [[33, 3], 0],
    [[9000], 0],
    [[2, 4097], 1],
    [[1, 0], 1],
    [[5, 1], 1],
  ] as const)("given shape %j and dim %i, agrees with the reference", (shape, dim) => {
    const count = shape.reduce((n: number, size) => n * size, 1);
    for (const descending of [false, true]) {
      expectAgreement(() => argsort(input(integers(count, 40), shape), { dim, descending }));
    }
  });

  test.each(["float64", "int32", "int64", "uint8", "bool"] as DType[])(
    "given %s, agrees with the reference",
    (dtype) => {
      const limit = dtype === "bool" ? 2 : 200;
      expectAgreement(() => argsort(input(integers(100, limit), [100], dtype)));
      expectAgreement(() => argsort(input(integers(100, limit), [100], dtype), { descending: true }));
    },
  );

  test("given 70,000 elements, merges across tiles", () => {
    const data = noise(70_000);
    const { values: sorted } = sort(input(data, [70_000]));
    const [actual] = compiled(sorted) as [number[]];
    expect(actual).toEqual(Array.from(Float32Array.from(data).sort()));
  });
});

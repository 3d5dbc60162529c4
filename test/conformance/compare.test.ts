// The comparison itself: what it lets pass and what it finds.
import { expect, test } from "vitest";
import { valueProblem } from "./compare.js";

const values = Float64Array.of(1, -2, 0, NaN, Infinity);

function changed(index: number, value: number): Float64Array {
  return values.with(index, value);
}

test("valueProblem: given equal values, NaN and -0 for 0 included, finds nothing", () => {
  expect(valueProblem(changed(2, -0), values, "float32", {}, "exact")).toBeNull();
});

test("valueProblem: given one unit in the last place, passes a sum and fails an exact op", () => {
  const actual = changed(0, 1 + 2 ** -23);

  expect(valueProblem(actual, values, "float32", {}, "sum")).toBeNull();
  expect(valueProblem(actual, values, "float32", {}, "exact")).toBe(
    "1 of 5 elements differ, first [0]: got 1.0000001192092896, PyTorch 1",
  );
});

test("valueProblem: given a float32 error in a float64 result, fails", () => {
  expect(valueProblem(changed(1, -2 - 1e-7), values, "float64", { err: 1e-7 }, "sum")).toContain("first [1]");
});

test("valueProblem: given PyTorch's own error, grants four times it", () => {
  const expected = Float64Array.of(1);

  expect(valueProblem(Float64Array.of(1 + 7e-5), expected, "float32", { err: 1e-5 }, "sum")).toBeNull();
  expect(valueProblem(Float64Array.of(1 + 9e-5), expected, "float32", { err: 1e-5 }, "sum")).not.toBeNull();
});

test.each([
  ["a number for NaN", 3, 0],
  ["NaN for a number", 0, NaN],
  ["the largest float for an infinity", 4, 3.4e38],
  ["-Infinity for Infinity", 4, -Infinity],
])("valueProblem: given %s, fails", (_what, index, value) => {
  expect(valueProblem(changed(index, value), values, "float32", {}, "sum")).toContain(`first [${index}]`);
});

test("valueProblem: given an integer that is off by one, fails whatever the class", () => {
  expect(valueProblem(Float64Array.of(100001), Float64Array.of(100000), "int32", {}, "sum")).not.toBeNull();
});

// Updates that read other elements than the one they write.
import { describe, expect, it } from "vitest";
import { Storage } from "../../src/base/index.js";
import { runStep } from "../../src/compiler/index.js";
import type { Node } from "../../src/graph/index.js";
import { add, expand, flip, leaf, reshape, slice, sum } from "../../src/ops/index.js";
import { wasm } from "../ops/helpers.js";

const n = 50;
const numbers = Array.from({ length: n }, (_, i) => i * i);
const total = numbers.reduce((a, b) => a + b, 0);
const [first = 0] = numbers;

/** `x` after its storage took the value that `compute` makes of it. */
function updated(compute: (x: Node) => Node): number[] {
  const storage = Storage.from("float32", Float32Array.from(numbers));
  const x = leaf(storage, [n]);
  runStep({ outputs: [], updates: [{ value: compute(x), target: x }] }, wasm);
  return Array.from(storage.toTypedArray(), Number);
}

describe("runStep, given an update that reads", () => {
  const cases: [string, (x: Node) => Node, (x: number, i: number) => number][] = [
    ["its own element only", (x) => add(x, x), (x) => x + x],
    ["the elements backwards", (x) => flip(x, [0]), (_, i) => numbers[n - 1 - i] as number],
    ["its element and the mirrored one", (x) => add(x, flip(x, [0])), (x, i) => x + (numbers[n - 1 - i] as number)],
    ["the first element everywhere", (x) => add(x, expand(slice(x, 0, 0, 1), [n])), (x) => x + first],
    ["the last element everywhere", (x) => add(x, expand(slice(x, 0, n - 1, n), [n])), (x) => x + (n - 1) ** 2],
    ["the sum of all", (x) => add(x, expand(reshape(sum(x, [0]), [1]), [n])), (x) => x + total],
  ];
  it.each(cases)("%s, uses the old values", (_what, compute, wanted) => {
    expect(updated(compute)).toEqual(numbers.map(wanted));
  });
});

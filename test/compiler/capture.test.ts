// What two steps must have in common to run the same program. The hash only finds candidates: `matches` decides.
import { expect, test } from "vitest";
import { type DType, Storage } from "../../src/base/index.js";
import { Capture } from "../../src/compiler/capture.js";
import type { Node } from "../../src/graph/index.js";
import { add, constant, flip, leaf, mul, slice, sub } from "../../src/ops/index.js";

function input(length = 6, dtype: DType = "float32"): Node {
  return leaf(new Storage(dtype, length), [length]);
}

function match(a: readonly Node[], b: readonly Node[]): boolean {
  const signature = new Capture({ outputs: a, updates: [] }).signature();
  return new Capture({ outputs: b, updates: [] }).matches(signature);
}

function written(value: (x: Node, y: Node) => Node, target: "x" | "y"): Capture {
  const leaves = { x: input(), y: input() };
  const updates = [{ value: value(leaves.x, leaves.y), target: leaves[target] }];
  return new Capture({ outputs: [], updates });
}

test("matches: given the same operations on other storages, holds", () => {
  expect(match([add(input(), flip(input(), [0]))], [add(input(), flip(input(), [0]))])).toBe(true);
});

test("matches: given other constants, holds, because numbers are no part of the structure", () => {
  expect(match([mul(input(), constant(2, "float32"))], [mul(input(), constant(3, "float32"))])).toBe(true);
});

const [shared, other] = [input(), input()];
test.each<[string, readonly Node[], readonly Node[]]>([
  ["another primitive", [add(input(), input())], [sub(input(), input())]],
  ["other attributes", [slice(input(), 0, 0, 3)], [slice(input(), 0, 1, 4)]],
  ["another dtype", [add(input(), input())], [add(input(6, "int32"), input(6, "int32"))]],
  ["another shape", [add(input(), input())], [add(input(7), input(7))]],
  ["one storage in place of two", [add(input(), input())], [add(shared, shared)]],
  ["operands the other way round", [sub(flip(shared, [0]), other)], [sub(other, flip(shared, [0]))]],
  ["another output", [add(shared, other)], [add(shared, other), shared]],
])("matches: given %s, does not hold", (_what, a, b) => {
  expect(match(a, b)).toBe(false);
});

test("matches: given as many storages, shared by other leaves, does not hold", () => {
  const sum = (...storages: readonly Storage[]): Node[] => {
    const [x, y, z] = storages.map((storage) => leaf(storage, [storage.length])) as [Node, Node, Node];
    return [add(add(x, y), z)];
  };
  const [a, b] = [new Storage("float32", 6), new Storage("float32", 6)];

  expect(match(sum(a, a, b), sum(b, b, a))).toBe(true);
  expect(match(sum(a, a, b), sum(a, b, b))).toBe(false);
});

test("matches: given another target of the same update, does not hold", () => {
  const sum = written((x, y) => sub(x, y), "x");

  expect(written((x, y) => sub(x, y), "x").matches(sum.signature())).toBe(true);
  expect(written((x, y) => sub(x, y), "y").matches(sum.signature())).toBe(false);
});

// In-place updates of one request: every value is computed from what was there before.
import { describe, expect, it } from "vitest";
import { Storage } from "../../src/base/index.js";
import { runStep } from "../../src/compiler/index.js";
import type { Node } from "../../src/graph/index.js";
import { constant, leaf, mul } from "../../src/ops/index.js";
import { createWasmTarget } from "../../src/targets/index.js";

const target = createWasmTarget({ relaxed: false, threads: 1 });
const vector = (...values: number[]): Node => leaf(Storage.from("float32", Float32Array.from(values)), [values.length]);
const valuesOf = (node: Node): number[] => Array.from(node.storage?.toTypedArray() ?? [], Number);

describe("runStep", () => {
  it("given two leaves that take each other's value, swaps them", () => {
    const [a, b] = [vector(1, 2, 3), vector(4, 5, 6)];
    const [oldA, oldB] = [a.storage, b.storage];

    runStep(
      {
        outputs: [],
        updates: [
          { value: b, target: a },
          { value: a, target: b },
        ],
      },
      target,
    );

    expect(Array.from(oldA?.toTypedArray() ?? [], Number)).toEqual([4, 5, 6]);
    expect(Array.from(oldB?.toTypedArray() ?? [], Number)).toEqual([1, 2, 3]);
  });

  it("given a leaf that is overwritten and another that takes its value, gives the other the old one", () => {
    const [a, b] = [vector(1, 2, 3), vector(4, 5, 6)];
    const twice = mul(b, constant(2, "float32"));
    const storage = a.storage;

    runStep(
      {
        outputs: [],
        updates: [
          { value: twice, target: b },
          { value: b, target: a },
        ],
      },
      target,
    );

    expect(valuesOf(twice)).toEqual([8, 10, 12]);
    expect(Array.from(storage?.toTypedArray() ?? [], Number)).toEqual([4, 5, 6]);
  });
});

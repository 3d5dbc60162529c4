// Products that only a concatenation reads lie in it; others are copied there. The reference interpreter is the oracle, and products
// of small integers are exact.
import { setTarget } from "gradus";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { numel } from "../../src/base/index.js";
import type { Node } from "../../src/graph/index.js";
import { concat, matmul, permute, relu, reshape } from "../../src/ops/index.js";
import { createInterpreter } from "../../src/targets/interpreter/index.js";
import { input, integers, values } from "../ops/helpers.js";
import { kernelsOf } from "./noting.js";

let previous: string;
beforeEach(() => {
  previous = setTarget("reference");
});
afterEach(() => {
  setTarget(previous);
});

const some = (shape: readonly number[], seed: number): Node => input(integers(numel(shape), 4, seed), shape);

/** A product of 40 rows. */
const product = (columns: number, seed: number): Node => matmul(some([40, 12], seed), some([12, columns], seed + 1));

/** Heads that become columns: a product of 16 batches, [4, 4, 20, 32], as [4, 20, 4 * 32]. */
function heads(seed: number): Node {
  const ofBatches = matmul(some([4, 4, 20, 6], seed), some([4, 4, 6, 32], seed + 1));
  return reshape(permute(ofBatches, [0, 2, 1, 3]), [4, 20, 128]);
}

/** The same, its rows and columns exchanged before. */
function turnedHeads(seed: number): Node {
  const ofBatches = permute(matmul(some([4, 4, 32, 6], seed), some([4, 4, 6, 20], seed + 1)), [0, 1, 3, 2]);
  return reshape(permute(ofBatches, [0, 2, 1, 3]), [4, 20, 128]);
}

const cases: readonly (readonly [string, () => Node[], readonly string[]])[] = [
  ["products side by side", () => [concat([product(32, 1), product(64, 3)], 1)], ["contract", "contract"]],
  ["products one below the other", () => [concat([product(24, 1), product(24, 3)], 0)], ["contract", "contract"]],
  ["heads", () => [concat([heads(1), turnedHeads(3), heads(5)], 2)], ["contract", "contract", "contract"]],
  ["a product and a value that is there", () => [concat([product(32, 1), some([40, 5], 3)], 1)], ["contract", "copy"]],
  [
    "a product that is asked for itself",
    () => {
      const own = product(32, 1);
      return [concat([own, product(32, 3)], 1), own];
    },
    ["contract", "contract", "copy"],
  ],
  [
    "a product twice",
    () => {
      const own = product(32, 1);
      return [concat([own, own], 1)];
    },
    ["contract", "copy", "copy"],
  ],
  [
    "a product and what is computed of it",
    () => {
      const own = product(32, 1);
      return [concat([own, relu(own)], 1)];
    },
    ["contract", "copy", "copy"],
  ],
  ["columns that are no whole panels", () => [concat([product(17, 1), product(9, 3)], 1)], []],
];

describe("a concatenation", () => {
  it.each(cases)("given %s, has their values", (_, make, names) => {
    const expected = make().map(values);
    const outputs = make();

    const kernels = kernelsOf(outputs, createInterpreter({ lanes: 16, masks: true }));

    expect(outputs.map((node) => Array.from(node.storage?.toTypedArray() ?? [], Number))).toEqual(expected);
    if (names.length > 0) expect(kernels.map(({ name }) => name)).toEqual(names);
  });
});

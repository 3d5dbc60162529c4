// Filter gradients of one channel: long sums, unless registers are few and nothing has to be computed on the spot.
import { describe, expect, it } from "vitest";
import type { Storage } from "../../src/base/index.js";
import type { Node } from "../../src/graph/index.js";
import { conv2d, mul, reshape, sum } from "../../src/ops/index.js";
import { createInterpreter } from "../../src/targets/interpreter/index.js";
import { input, integers, values } from "../ops/helpers.js";
import { gradients } from "../ops/nodes.js";
import { kernelsOf } from "./noting.js";

const few = createInterpreter({ lanes: 4 });
const many = createInterpreter({ lanes: 16, masks: true });
const manyRegisters = { ...many, info: { ...many.info, microShapes: [{ rows: 14, vectors: 2 }] } };

/** Of 16 filters 3×3 over 8 images of one channel; `factor` makes the gradient of the results a computed value. */
function filterGradient({ factor = null as Node | null, bias = false } = {}): Node[] {
  const x = input(integers(8 * 18 * 18, 4, 1), [8, 1, 18, 18]);
  const w = input(integers(16 * 9, 4, 2), [16, 1, 3, 3], "float32", true);
  const y = conv2d(x, w, null, {});
  const stored = input(integers(y.size, 4, 3), y.shape);
  const upstream = factor ? mul(stored, factor) : stored;
  const [gradient] = gradients(y, upstream, [w]) as [Node];
  return bias ? [gradient, sum(upstream, [0, 2, 3])] : [gradient];
}

describe("the gradient of a filter of one channel", () => {
  const two = reshape(input([2], [1]), [1, 1, 1, 1]);
  it.each([
    ["in memory, and few registers", few, () => filterGradient(), false],
    ["in memory, and many registers", manyRegisters, () => filterGradient(), true],
    ["computed, and few registers", few, () => filterGradient({ factor: two }), true],
    ["in memory and summed for a bias, and few registers", few, () => filterGradient({ bias: true }), true],
  ] as const)(
    "given the results' gradient %s, chooses between panels and the sum in place: %#",
    (_, target, make, isLong) => {
      const expected = make().map((node) => values(node));
      const outputs = make();

      const kernels = kernelsOf(outputs, target).map(({ name }) => name);

      expect(kernels.some((name) => name.includes("long"))).toBe(isLong);
      // Small integers: every order gives the same sum.
      expect(outputs.map(({ storage }) => Array.from((storage as Storage).toTypedArray() as Float32Array))).toEqual(
        expected,
      );
    },
  );
});

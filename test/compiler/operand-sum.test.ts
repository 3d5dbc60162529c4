// Sums of an operand beside a product that sums the same lines (a bias' gradient beside that of its weights): the tiles that pack
// the operand take them, with the bits of a kernel of their own.
import { afterEach, describe, expect, it } from "vitest";
import type { Storage } from "../../src/base/index.js";
import { setScheduleHook } from "../../src/compiler/index.js";
import type { Node } from "../../src/graph/index.js";
import { matmul, permute, reshape, sum } from "../../src/ops/index.js";
import { input, noise } from "../ops/helpers.js";
import { kernelsOf } from "./noting.js";

const [lines, features, columns] = [520, 263, 5];

/** Runs the nodes on a machine with long vectors: their values, and the kernels' names. */
function run(outputs: readonly Node[]): { values: number[][]; kernels: string[] } {
  const kernels = kernelsOf([...outputs]).map(({ name }) => name);
  const values = outputs.map((x) => Array.from((x.storage as Storage).toTypedArray() as ArrayLike<number>));
  return { values, kernels };
}

/** The gradients of weights and bias of a linear layer, given those of its results as `[N, L, features]`. */
function gradientsOf(isTurned: boolean): { weights: Node; bias: Node } {
  const g = input(noise(lines * features, 1), [4, lines / 4, features], "float32");
  const x = input(noise(lines * columns, 2), [lines, columns], "float32");
  const flat = reshape(g, [lines, features]);
  const weights = isTurned ? matmul(permute(x, [1, 0]), flat) : matmul(permute(flat, [1, 0]), x);
  return { weights, bias: sum(g, [0, 1]) };
}

function aloneValues(): number[] {
  const { values, kernels } = run([gradientsOf(false).bias]);
  expect(kernels).toEqual(["sum"]);
  return values[0] as number[];
}

afterEach(() => {
  setScheduleHook(null);
});

describe.each([false, true])("the summed operand is the product's second: %s", (isTurned) => {
  it.each([1, 2, 3])("given tiles that pack it, %i of them, sums as a kernel of its own does", (tiles) => {
    const wanted = aloneValues();
    setScheduleHook(({ chosen: { microRows, microVectors, ...chosen } }) => {
      const piece = (unit: number) => Math.ceil(features / unit / tiles) * unit;
      const [tileRows, tileColumns] = [piece(microRows), piece(microVectors * 16)];
      return {
        ...chosen,
        ...{ microRows, microVectors, tileRows, tileColumns, packRows: "tile" as const, packColumns: "tile" as const },
      };
    });
    const { weights, bias } = gradientsOf(isTurned);

    const { values, kernels } = run([weights, bias]);

    expect(kernels).toEqual(["contract_sum"]);
    expect(values[1]).toEqual(wanted);
  });

  it("given panels that are packed before, leaves the sum to a kernel of its own", () => {
    const wanted = aloneValues();
    setScheduleHook(({ chosen }) => ({ ...chosen, packRows: "before", packColumns: "before" }));
    const { weights, bias } = gradientsOf(isTurned);

    const { values, kernels } = run([weights, bias]);

    expect(kernels).toContain("sum");
    expect(values[1]).toEqual(wanted);
  });
});

it("given a sum over other lines, leaves it to a kernel of its own", () => {
  const g = input(noise(lines * features, 1), [lines, features], "float32");
  const x = input(noise(lines * columns, 2), [lines, columns], "float32");

  const { kernels } = run([matmul(permute(g, [1, 0]), x), sum(g, [1])]);

  expect(kernels).toContain("sum");
});

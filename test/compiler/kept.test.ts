// What is kept of a product for gradients, and what a kernel of rows takes in: the values are the reference's, and fewer kernels
// compute or pass over memory.
import { describe, expect, it } from "vitest";
import type { Storage } from "../../src/base/index.js";
import type { Node } from "../../src/graph/index.js";
import type { Kernel } from "../../src/ir/index.js";
import { add, gelu, layerNorm, matmul, permute, reshape } from "../../src/ops/index.js";
import { gradients, input, noise, values } from "../ops/helpers.js";
import { kernelsOf } from "./noting.js";

const [rows, inner, hidden] = [40, 24, 36];

function random(shape: readonly number[], seed: number, requiresGrad = false): Node {
  const count = shape.reduce((n, size) => n * size, 1);
  return input(noise(count, seed), shape, "float32", requiresGrad);
}

/** Runs the nodes on a machine with long vectors: their values, and the kernels. */
function run(outputs: readonly Node[]): { values: number[][]; kernels: Kernel[] } {
  const kernels = kernelsOf([...outputs]);
  const found = outputs.map((x) => Array.from((x.storage as Storage).toTypedArray() as ArrayLike<number>));
  return { values: found, kernels };
}

function expectReference(outputs: readonly Node[], found: readonly (readonly number[])[]): void {
  outputs.forEach((node, i) => {
    const wanted = values(node);
    expect(found[i]?.length).toBe(wanted.length);
    wanted.forEach((want, at) => {
      expect(found[i]?.[at]).toBeCloseTo(want, 4);
    });
  });
}

/** What the kernels hold in memory of as many elements as the hidden layer has, by the operation's name. */
function keptOf(kernels: readonly Kernel[]): string[] {
  const all = new Set(kernels.flatMap(({ buffers }) => buffers));
  const own = [...all].filter(({ space, size }) => space !== "local" && size === rows * hidden);
  return own.map(({ name }) => name.replace(/\d+$/, "")).sort();
}

describe("a product whose later readers need a dear function of it", () => {
  /** gelu(x w + bias) v, and the gradients of both products; `others` makes more outputs of the first product. */
  const layer = (approximate: "none" | "tanh", others: (product: Node) => Node[] = () => []): Node[] => {
    const x = random([rows, inner], 1, true);
    const [w, v] = [random([inner, hidden], 2, true), random([hidden, inner], 3, true)];
    const bias = random([hidden], 4, true);
    const product = matmul(x, w);
    const y = matmul(gelu(add(product, bias), approximate), v);
    const found = gradients(y, random([rows, inner], 5), [x, w, v], add) as Node[];
    return [y, ...found, ...others(product)];
  };

  it.each(["none", "tanh"] as const)("given gelu (%s), keeps its derivative instead of the product", (approximate) => {
    const outputs = layer(approximate);
    const { values: found, kernels } = run(outputs);
    expectReference(layer(approximate), found);
    expect(keptOf(kernels)).toEqual(["add", "mul", "mul"]); // derivative, value, gradient
    expect(kernels.map(({ name }) => name)).toContain("contract_mul_add");
  });

  it.each([
    ["the product itself", (product: Node) => [product]],
    ["the product in another order", (product: Node) => [permute(product, [1, 0])]],
    ["a sum of it and another value", (product: Node) => [add(product, random([rows, hidden], 9))]],
  ])("given that others need %s, keeps the product", (_, others) => {
    const { values: found, kernels } = run(layer("none", others));
    expectReference(layer("none", others), found);
    expect(keptOf(kernels)).toContain("contract");
  });
});

describe("elementwise work on rows", () => {
  it("given a norm with weight and bias whose gradient needs the row as well, is part of the rows' kernel", () => {
    const make = (): Node[] => {
      const x = random([4, 12, 48], 1, true);
      const [weight, bias] = [random([48], 2, true), random([48], 3, true)];
      const y = layerNorm(x, [48], { weight, bias });
      const found = gradients(y, random([4, 12, 48], 4), [x, weight, bias], add) as Node[];
      return [y, ...found];
    };
    const { values: found, kernels } = run(make());
    expectReference(make(), found);
    expect(kernels.some(({ name }) => name.startsWith("sum_sum_mul_add"))).toBe(true);
    expect(kernels.map(({ name }) => name)).not.toContain("add");
  });

  it("given rows that are read turned, is a kernel of its own", () => {
    const make = (): Node[] => {
      const y = layerNorm(random([24, 24], 1), [24]);
      return [y, add(y, permute(y, [1, 0])), reshape(y, [576])];
    };
    expectReference(make(), run(make()).values);
  });
});

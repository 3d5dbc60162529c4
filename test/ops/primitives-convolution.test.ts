// The general convolution: its decomposition against the direct definition, and its gradient rules.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { numel } from "../../src/base/index.js";
import type { NdArray, Node } from "../../src/graph/index.js";
import { type ConvArguments, conv, interpret } from "../../src/ops/index.js";
import {
  expectClose,
  expectSameOnWasm,
  gradcheck,
  gradgradcheck,
  gradients,
  noise,
  numbers,
  tensor,
  valuesOf,
} from "./nodes.js";

/** The value by the composite's parts instead of its own definition. */
function decomposed(node: Node): number[] {
  if (node.primitive.kind !== "composite") throw new Error("no composite");
  return numbers(interpret([node.primitive.decompose(node, () => true)])[0] as NdArray);
}

function operands(x: readonly number[], w: readonly number[]): [Node, Node] {
  return [tensor(noise(x, -1, 1, 1), x, "float64", true), tensor(noise(w, -1, 1, 2), w, "float64", true)];
}

interface Case {
  readonly name: string;
  readonly x: readonly number[];
  readonly w: readonly number[];
  readonly args: ConvArguments;
}

const cases: readonly Case[] = [
  { name: "one dim", x: [2, 3, 7], w: [4, 3, 3], args: { stride: [1], padding: [[0, 0]] } },
  { name: "a stride that leaves a rest", x: [1, 2, 8], w: [2, 2, 3], args: { stride: [2], padding: [[1, 0]] } },
  {
    name: "two dims, uneven padding",
    x: [2, 2, 5, 6],
    w: [3, 2, 3, 2],
    args: {
      stride: [2, 1],
      padding: [
        [1, 2],
        [0, 1],
      ],
    },
  },
  {
    name: "negative padding",
    x: [1, 2, 7, 6],
    w: [2, 2, 2, 2],
    args: {
      stride: [1, 1],
      padding: [
        [-1, 1],
        [1, -2],
      ],
    },
  },
  { name: "kernel dilation", x: [1, 1, 9], w: [1, 1, 3], args: { stride: [1], padding: [[2, 2]], rhsDilation: [3] } },
  { name: "input dilation", x: [1, 2, 4], w: [2, 2, 3], args: { stride: [1], padding: [[2, 2]], lhsDilation: [2] } },
  {
    name: "input dilation beyond the kernel",
    x: [1, 1, 3],
    w: [1, 1, 1],
    args: { stride: [1], padding: [[0, 1]], lhsDilation: [3] },
  },
  {
    name: "both dilations with a common factor",
    x: [1, 1, 5],
    w: [1, 1, 3],
    args: { stride: [1], padding: [[3, 4]], lhsDilation: [4], rhsDilation: [2] },
  },
  {
    name: "stride and input dilation",
    x: [1, 1, 5, 4],
    w: [1, 1, 2, 3],
    args: {
      stride: [2, 3],
      padding: [
        [1, 1],
        [2, 0],
      ],
      lhsDilation: [3, 2],
    },
  },
  { name: "feature groups", x: [2, 4, 5], w: [6, 2, 3], args: { stride: [2], padding: [[1, 1]], featureGroups: 2 } },
  {
    name: "depthwise",
    x: [1, 3, 4, 4],
    w: [3, 1, 3, 3],
    args: {
      stride: [1, 1],
      padding: [
        [1, 1],
        [1, 1],
      ],
      featureGroups: 3,
    },
  },
  { name: "batch groups", x: [4, 2, 5], w: [6, 2, 3], args: { stride: [1], padding: [[1, 1]], batchGroups: 2 } },
  {
    name: "three dims",
    x: [1, 2, 3, 4, 3],
    w: [2, 2, 2, 2, 2],
    args: {
      stride: [1, 2, 1],
      padding: [
        [0, 0],
        [1, 0],
        [0, 1],
      ],
    },
  },
];

describe("conv", () => {
  it.each(cases)("given $name, windows and contraction give the direct sum", ({ x, w, args }) => {
    const node = conv(...operands(x, w), args);
    expectClose(decomposed(node), valuesOf(node), 1e-12);
  });

  it.each(cases)("given $name, the gradient is that of finite differences", ({ x, w, args }) => {
    gradcheck((a, b) => conv(a, b, args), [{ shape: x }, { shape: w }]);
  });

  it.each(cases)("given $name, the compiled values are the defined ones", ({ x, w, args }) => {
    expectSameOnWasm(() => conv(...operands(x, w), args), 1e-12);
  });

  it.each(cases)("given $name, the compiled gradients are the defined ones", ({ x, w, args }) => {
    for (const i of [0, 1]) {
      expectSameOnWasm(() => {
        const given = operands(x, w);
        const y = conv(...given, args);
        return gradients(y, tensor(noise(y.shape, -1, 1, 3), y.shape, "float64"), given)[i] as Node;
      }, 1e-12);
    }
  });

  it("given groups, second derivatives are those of finite differences", () => {
    const args: ConvArguments = { stride: [2], padding: [[1, 0]], featureGroups: 2 };
    gradgradcheck((a, b) => conv(a, b, args), [{ shape: [2, 2, 4] }, { shape: [2, 1, 2] }]);
  });

  it("given any geometry, the parts give the direct sum", () => {
    const small = (min: number, max: number) => fc.integer({ min, max });
    const dim = fc.record({
      length: small(1, 6),
      kernel: small(1, 4),
      stride: small(1, 3),
      before: small(-1, 3),
      after: small(-1, 3),
      lhs: small(1, 3),
      rhs: small(1, 3),
    });
    const shape = fc.record({
      n: small(1, 2),
      c: small(1, 2),
      o: small(1, 2),
      groups: small(1, 2),
      isBatch: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(dim, { minLength: 1, maxLength: 2 }), shape, (dims, { n, c, o, groups, isBatch }) => {
        const x = [isBatch ? n * groups : n, isBatch ? c : c * groups, ...dims.map((d) => d.length)];
        const w = [o * groups, c, ...dims.map((d) => d.kernel)];
        const node = conv(...operands(x, w), {
          stride: dims.map((d) => d.stride),
          padding: dims.map((d) => [d.before, d.after]),
          lhsDilation: dims.map((d) => d.lhs),
          rhsDilation: dims.map((d) => d.rhs),
          [isBatch ? "batchGroups" : "featureGroups"]: groups,
        });
        fc.pre(numel(node.shape) > 0);
        expectClose(decomposed(node), valuesOf(node), 1e-12);
      }),
      { numRuns: 150, seed: 7 },
    );
  });

  it("given channels that do not fit, throws naming both shapes", () => {
    const [x, w] = operands([1, 3, 5], [2, 2, 3]);
    expect(() => conv(x, w, { stride: [1], padding: [[0, 0]] })).toThrow(
      "conv: shapes do not fit 1 spatial dims, 1 feature and 1 batch groups (input [1,3,5], weight [2,2,3])",
    );
  });

  it("given both kinds of groups, throws", () => {
    const [x, w] = operands([2, 2, 5], [4, 1, 3]);
    const args: ConvArguments = { stride: [1], padding: [[0, 0]], featureGroups: 2, batchGroups: 2 };
    expect(() => conv(x, w, args)).toThrow("conv: 2 feature groups and 2 batch groups at once; one must be 1");
  });
});

// Kernels over the same batches that became one: they compute what the kernels apart do, also where a batch reads another one,
// and what only the next in the chain reads is in no program's memory. The reference interpreter of graphs is the oracle.
import { setTarget, softmax, type Tensor, tensor } from "gradus";
import { scaledDotProductAttention } from "gradus/nn/functional";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { chooseStored } from "../../src/compiler/materialize.js";
import type { Node } from "../../src/graph/index.js";
import { constantLike } from "../../src/ops/composing.js";
import { matmul, mul, permute, softmax as softmaxNode, sub } from "../../src/ops/index.js";
import { input, noise } from "../ops/helpers.js";
import { kernelsOf } from "./noting.js";

let previous: string;
beforeEach(() => {
  previous = setTarget("reference");
});
afterEach(() => {
  setTarget(previous);
});

const [count, heads, length, features] = [4, 5, 19, 12];

function random(shape: readonly number[], seed: number): Tensor {
  return tensor(
    noise(
      shape.reduce((n, size) => n * size, 1),
      seed,
    ),
  )
    .view([...shape])
    .clone();
}

/** Query, key and value of all heads from one joined projection, as views. */
function headsOf(joined: Tensor): [Tensor, Tensor, Tensor] {
  return joined.chunk(3, -1).map((part) => part.view(count, length, heads, features).transpose(1, 2)) as [
    Tensor,
    Tensor,
    Tensor,
  ];
}

const computations: [string, (joined: Tensor) => Tensor][] = [
  [
    "attention whose heads are views of one projection",
    (joined) => scaledDotProductAttention(...headsOf(joined), { isCausal: true }).transpose(1, 2),
  ],
  [
    "attention with a softmax over the heads, which are other batches",
    (joined) => {
      const [q, k, v] = headsOf(joined);
      return softmax(q.matmul(k.transpose(2, 3)), 1).matmul(v);
    },
  ],
  [
    "weights of other batches",
    (joined) => {
      const [q, k, v] = headsOf(joined);
      return softmax(q.matmul(k.transpose(2, 3)), 3)
        .flip([0])
        .matmul(v);
    },
  ],
  [
    "batches in another order",
    (joined) => {
      const [q, k, v] = headsOf(joined);
      const weights = softmax(q.matmul(k.transpose(2, 3)), 3); // [N, H, L, L]
      return weights.transpose(0, 1).matmul(v.transpose(0, 1));
    },
  ],
  [
    "weights that others read too",
    (joined) => {
      const [q, k, v] = headsOf(joined);
      const weights = softmax(q.matmul(k.transpose(2, 3)), 3);
      return weights.matmul(v).add(weights.sum(3, { keepdim: true }));
    },
  ],
];

/** The value and the gradient of the projection. */
function run(target: string, compute: (joined: Tensor) => Tensor): number[] {
  setTarget(target);
  const joined = random([count, length, 3 * heads * features], 1).requiresGrad_();
  const y = compute(joined);
  y.mul(random(y.shape, 2)).sum().backward();
  return [y, joined.grad as Tensor].flatMap((x) => [...x.toTypedArray()].map(Number));
}

describe.each(["interpreter", "interpreter:wide", "wasm"])("%s", (target) => {
  it.each(computations)("given %s, gives value and gradients", (_, compute) => {
    const expected = run("reference", compute);

    const actual = run(target, compute);

    // Sums of some hundred products of numbers below 1, in another order.
    const furthest = actual.reduce((most, x, i) => Math.max(most, Math.abs(x - (expected[i] as number))), 0);
    expect(furthest).toBeLessThan(1e-5);
  });
});

/** Values and weights of softmax(x y) for 16 batches. */
function weighted(): { readonly weights: Node; readonly y: Node } {
  const x = input(noise(16 * 20 * 8, 1), [16, 20, 8]);
  const weights = softmaxNode(matmul(x, permute(x, [0, 2, 1])), 2);
  return { weights, y: matmul(weights, x) };
}

describe("a chain", () => {
  it("given products whose rows are weighed and summed, is one kernel that keeps them in the thread's own memory", () => {
    const kernels = kernelsOf([weighted().y]);

    expect(kernels.map(({ name, tiles }) => [name, tiles])).toEqual([["contract_amax_exp_sum_mul_contract", 16]]);
    const shared = kernels[0]?.buffers.filter(({ space }) => space === "global").map(({ size }) => size);
    expect(shared).toEqual([16 * 20 * 8, 16 * 20 * 8]);
  });

  it("given weights that somebody reads, stores those", () => {
    const { weights, y } = weighted();

    const kernels = kernelsOf([y, weights]);

    expect(kernels).toHaveLength(1);
    const shared = kernels[0]?.buffers.filter(({ space }) => space === "global").map(({ size }) => size);
    expect(shared).toEqual([16 * 20 * 8, 16 * 20 * 20, 16 * 20 * 8]);
  });

  it("given an operand of two products of batches, stores it; of products without, works it out twice", () => {
    const isStored = [16, 2].map((batches) => {
      const [x, y] = [1, 2].map((seed) => input(noise(batches * 400, seed), [batches, 20, 20])) as [Node, Node];
      const operand = mul(mul(x, sub(y, mul(x, y))), constantLike(x, 0.5));
      const products = [matmul(operand, x), matmul(permute(operand, [0, 2, 1]), y)];
      return chooseStored(products).stored.has(operand);
    });

    expect(isStored).toEqual([true, false]);
  });
});

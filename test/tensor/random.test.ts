// Generators and random tensors: reproducible streams with the right distributions.
import { beforeAll, describe, expect, test } from "vitest";
import {
  bernoulli,
  defaultGenerator,
  dropout,
  full,
  Generator,
  manualSeed,
  normal,
  ones,
  rand,
  randint,
  randn,
  randperm,
  type Tensor,
  tensor,
  zeros,
} from "../../src/index.js";

import { drawNormal, drawUniform, fillNormal, fillUniform } from "../../src/tensor/draws.js";
import { setup } from "../../src/tensor/setup.js";
import { wrap } from "../../src/tensor/tensor.js";

const values = (x: Tensor) => Array.from(x.toTypedArray() as Float32Array, Number);
const mean = (list: readonly number[]) => list.reduce((a, b) => a + b, 0) / list.length;
const spread = (list: readonly number[]) => Math.sqrt(mean(list.map((x) => (x - mean(list)) ** 2)));

describe("fills", () => {
  beforeAll(setup);

  test.each([[[2]], [[6]], [[30]], [[3, 5, 7]], [[8194]], [[4096, 2]], [[64, 3, 7, 7]]])(
    "given shape %j, memory filled by the kernel for all sizes has the bits of the fused draws",
    (shape) => {
      for (const [low, high] of [
        [0, 1],
        [-0.3, 0.7],
      ] as const) {
        const both = (uniform: typeof drawUniform, normals: typeof drawNormal) => {
          const generator = new Generator({ seed: 2 ** 40 + 5 });
          return [
            values(wrap(uniform(shape, "float32", low, high, generator))),
            values(wrap(normals(shape, "float32", low, high, generator))),
          ];
        };
        expect(both(fillUniform, fillNormal)).toEqual(both(drawUniform, drawNormal));
      }
    },
  );
});

describe("generators", () => {
  test("given the same seed, gives the same numbers; given another, others", () => {
    const draw = (seed: number) => {
      manualSeed(seed);
      return [values(rand(5)), values(randn(3)), values(randperm(7))];
    };
    expect(draw(3)).toEqual(draw(3));
    expect(draw(3)).not.toEqual(draw(4));
    expect(defaultGenerator().initialSeed()).toBe(4);
  });

  test("given two draws in a row, they differ; given a saved state, the stream goes on from there", () => {
    const generator = new Generator({ seed: 9 });
    const first = values(rand([4], { generator }));
    const state = JSON.parse(JSON.stringify(generator.getState()));
    const second = values(rand([4], { generator }));
    expect(second).not.toEqual(first);
    generator.setState(state);
    expect(values(rand([4], { generator }))).toEqual(second);
    generator.manualSeed(9);
    expect(values(rand([4], { generator }))).toEqual(first);
  });

  test("given a generator of its own, the shared stream does not move", () => {
    manualSeed(1);
    const expected = values(rand(3));
    manualSeed(1);
    rand([100], { generator: new Generator() }).toTypedArray();
    expect(values(rand(3))).toEqual(expected);
  });

  test("given a lazy draw that is read late, the order of drawing counts", () => {
    manualSeed(5);
    const [a, b] = [rand(2), rand(2)];
    const [lateB, lateA] = [values(b), values(a)];
    manualSeed(5);
    expect([values(rand(2)), values(rand(2))]).toEqual([lateA, lateB]);
  });

  test("given a seed that is no integer from 0 to 2^53 - 1, throws", () => {
    expect(() => manualSeed(-1)).toThrow("the seed must be an integer from 0 to 2^53 - 1, got -1");
    expect(() => manualSeed(0.5)).toThrow("got 0.5");
    expect(typeof new Generator().seed()).toBe("number");
  });
});

// Bounds are 5 standard errors of the statistic, so a right stream fails once in millions of seeds.
describe("distributions of 20,000 draws", () => {
  test("rand: given both float dtypes, lies in [0, 1) with mean 1/2", () => {
    for (const dtype of ["float32", "float64"] as const) {
      const draws = values(rand([20_000], { dtype, generator: new Generator({ seed: 1 }) }));
      expect(Math.min(...draws)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...draws)).toBeLessThan(1);
      expect(Math.abs(mean(draws) - 0.5)).toBeLessThan((5 * 0.2887) / Math.sqrt(20_000));
    }
  });

  test("randn and normal: given a mean and a deviation, has them, and odd sizes work", () => {
    const draws = values(normal(3, 2, [19_999], { generator: new Generator({ seed: 2 }) }));
    expect(draws.length).toBe(19_999);
    expect(Math.abs(mean(draws) - 3)).toBeLessThan((5 * 2) / Math.sqrt(20_000));
    expect(Math.abs(spread(draws) - 2)).toBeLessThan((5 * 2) / Math.sqrt(40_000));
    const standard = values(randn([20_000], { dtype: "float64", generator: new Generator({ seed: 3 }) }));
    expect(standard.filter((x) => Math.abs(x) < 1).length / 20_000).toBeCloseTo(0.6827, 1);
  });

  test("normal: given tensors, each element has its mean and deviation; shapes broadcast", () => {
    const generator = new Generator({ seed: 5 });
    const [means, deviations] = [tensor([[1], [-50]]).expand(2, 20_000), tensor([[2], [0.5]])];
    const rows = normal(means, deviations, { generator });
    expect(rows.requiresGrad).toBe(false);
    for (const [row, mean_, deviation] of [[0, 1, 2] as const, [1, -50, 0.5] as const]) {
      const draws = values(rows.select(0, row));
      expect(Math.abs(mean(draws) - mean_)).toBeLessThan((5 * deviation) / Math.sqrt(20_000));
      expect(Math.abs(spread(draws) - deviation)).toBeLessThan((5 * deviation) / Math.sqrt(40_000));
    }
    expect(normal(5, zeros([2])).toArray()).toEqual([5, 5]);
    expect(normal(tensor([5, 6], { dtype: "float64" }), 0).dtype).toBe("float64");
    expect(() => normal(zeros([2]), ones([2], { dtype: "float64" }))).toThrow("mean and std must have one dtype");
    expect(() => normal(zeros([2]), ones([3]))).toThrow("normal");
    expect(() => normal(0, -1, [2])).toThrow("std must be >= 0");
  });

  test("randint: given bounds, is int64 and takes every value", () => {
    const x = randint(-2, 3, [5000], { generator: new Generator({ seed: 4 }) });
    expect(x.dtype).toBe("int64");
    expect([...new Set(values(x))].sort((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2]);
    expect(() => randint(3, 3, [1])).toThrow("low 3 and high 3 must be integers, low < high");
  });

  test("randperm: given n, is a permutation", () => {
    const order = values(randperm(100, { generator: new Generator({ seed: 5 }) }));
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(order).not.toEqual([...order].sort((a, b) => a - b));
  });

  test("bernoulli: given probabilities, has their mean", () => {
    const draws = values(bernoulli(full([20_000], 0.3), { generator: new Generator({ seed: 6 }) }));
    expect(new Set(draws)).toEqual(new Set([0, 1]));
    expect(Math.abs(mean(draws) - 0.3)).toBeLessThan((5 * 0.4583) / Math.sqrt(20_000));
    expect(values(zeros(4).bernoulli_(1))).toEqual([1, 1, 1, 1]);
  });

  test("uniform_ and normal_: given bounds, fill in place", () => {
    const generator = new Generator({ seed: 7 });
    const x = zeros(1000).uniform_(-2, -1, { generator });
    expect(values(x).every((v) => v >= -2 && v < -1)).toBe(true);
    expect(Math.abs(mean(values(zeros(20_000).normal_(5, 0.1, { generator }))) - 5)).toBeLessThan(0.01);
  });
});

describe("dropout", () => {
  test("given p, zeroes that share, scales the rest, and its gradient has the same mask", () => {
    manualSeed(11);
    const x = ones([4000], { requiresGrad: true });
    const y = dropout(x, 0.25);
    y.sum().backward();
    const kept = values(y);
    expect(new Set(kept.map((v) => v.toFixed(4)))).toEqual(new Set(["0.0000", "1.3333"]));
    expect(Math.abs(kept.filter((v) => v === 0).length / 4000 - 0.25)).toBeLessThan((5 * 0.433) / Math.sqrt(4000));
    expect(values(x.grad as Tensor)).toEqual(kept);
  });

  test("given evaluation or p = 0, gives its input; given p = 1, zeros", () => {
    const x = ones(3);
    expect(dropout(x, 0.5, { training: false })).toBe(x);
    expect(values(dropout(x, 1))).toEqual([0, 0, 0]);
    expect(() => dropout(x, 1.5)).toThrow("dropout: p must be in [0, 1], got 1.5");
  });
});

// Samplers: orders are functions of seed and epoch.
import { Generator, tensor, zeros } from "gradus";
import { randomSplit, TensorDataset } from "gradus/data";
import { describe, expect, test } from "vitest";
import {
  BatchSampler,
  DistributedSampler,
  RandomSampler,
  type Sampler,
  SequentialSampler,
  SubsetRandomSampler,
  WeightedRandomSampler,
} from "../../src/data/sampler.js";

describe("RandomSampler", () => {
  test("given seed and epoch, the order is the same each time; another epoch or seed gives another", () => {
    const order = (seed: number, epoch: number) => [...new RandomSampler(50, { seed }).indices(epoch)];
    expect(order(1, 2)).toEqual(order(1, 2));
    expect(order(1, 2)).not.toEqual(order(1, 3));
    expect(order(1, 2)).not.toEqual(order(2, 2));
    expect(new Set(order(1, 2)).size).toBe(50);
  });

  test("given replacement, it draws as many as asked", () => {
    const indices = [...new RandomSampler(3, { replacement: true, numSamples: 100 }).indices(0)];
    expect(indices).toHaveLength(100);
    expect(new Set(indices)).toEqual(new Set([0, 1, 2]));
  });

  test("given more samples than items without replacement, it throws", () => {
    expect(() => new RandomSampler(3, { numSamples: 4 })).toThrow(
      "RandomSampler: numSamples 4 is more than the 3 items; set replacement",
    );
  });

  test("given an unknown option, it throws with the nearest name", () => {
    expect(() => new RandomSampler(3, { replacment: true } as object)).toThrow(
      'RandomSampler: unknown option "replacment"; did you mean "replacement"?',
    );
  });
});

describe("WeightedRandomSampler", () => {
  test("given no replacement, draws each index at most once, by weight at each step", () => {
    const firsts = [0, 0, 0, 0];
    for (let epoch = 0; epoch < 2000; epoch++) {
      const sampler = new WeightedRandomSampler(tensor([1, 0, 3, 4]), 3, { replacement: false });
      const drawn = [...sampler.indices(epoch)];
      expect([...drawn].sort()).toEqual([0, 2, 3]);
      firsts[drawn[0]!]!++;
    }
    // 1/8, 0, 3/8 and 1/2 of 2000; five standard deviations of the largest are 112.
    expect(Math.max(...firsts.map((n, i) => Math.abs(n - [250, 0, 750, 1000][i]!)))).toBeLessThan(112);
    expect(() => new WeightedRandomSampler([1, 0, 1], 3, { replacement: false })).toThrow(
      "WeightedRandomSampler: without replacement, length 3 needs as many positive weights; there are 2",
    );
    expect(() => new WeightedRandomSampler(tensor([[1]]), 1)).toThrow(
      "WeightedRandomSampler: weights must be [N], one a sample, got shape [1,1]",
    );
  });

  test("given weights, indices come in proportion, and never one of weight 0", () => {
    const counts = [0, 0, 0];
    for (const i of new WeightedRandomSampler([1, 0, 3], 4000).indices(0)) counts[i]!++;
    expect(counts[1]).toBe(0);
    // Standard deviation √(4000 · 0.25 · 0.75) = 27; five of them.
    expect(Math.abs(counts[0]! - 1000)).toBeLessThan(137);
  });
});

describe("BatchSampler", () => {
  test("given 7 items in batches of 3, the last has 1, or is left out by dropLast", () => {
    const batches = (dropLast: boolean) =>
      [...new BatchSampler(new SequentialSampler(7), 3, { dropLast }).batches(0)].map((b) => [...b]);
    expect(batches(false)).toEqual([[0, 1, 2], [3, 4, 5], [6]]);
    expect(batches(true)).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
  });
});

describe("PyTorch's ways to make samplers", () => {
  const dataset = new TensorDataset(zeros([10, 2]));
  const drawn = (sampler: Sampler) => [...(sampler.indices?.(0) ?? sampler)];

  test("given a dataset, samplers take its number of items", () => {
    expect(drawn(new SequentialSampler(dataset))).toEqual(drawn(new SequentialSampler(10)));
    expect(drawn(new RandomSampler(dataset, { seed: 3 }))).toEqual(drawn(new RandomSampler(10, { seed: 3 })));
    const half = { numReplicas: 2, rank: 1 };
    expect(drawn(new DistributedSampler(dataset, half))).toEqual(drawn(new DistributedSampler(10, half)));
  });

  test("iterated by themselves, they give one epoch after the other", () => {
    const sampler = new RandomSampler(10, { seed: 3 });
    expect([[...sampler], [...sampler]]).toEqual([[...sampler.indices(0)], [...sampler.indices(1)]]);
    expect([...new SequentialSampler(3)]).toEqual([0, 1, 2]);
    const batches = new BatchSampler(new RandomSampler(10, { seed: 3 }), 5);
    expect([...batches].flatMap((batch) => [...batch])).toEqual([...sampler.indices(0)]);
    expect([...batches].flatMap((batch) => [...batch])).toEqual([...sampler.indices(1)]);
  });

  test("given setEpoch, a DistributedSampler has that epoch's order, in a loader too", () => {
    const make = () => new DistributedSampler(dataset, { numReplicas: 2, rank: 1, seed: 5 });
    const sampler = make();
    sampler.setEpoch(3);
    expect([...sampler]).toEqual([...make().indices(3)]);
    expect([...sampler]).toEqual([...make().indices(3)]);
    expect([...make()]).toEqual([...make().indices(0)]);
    expect(() => sampler.setEpoch(-1)).toThrow("DistributedSampler.setEpoch: epoch must be an integer >= 0, got -1");
  });

  test("given a generator, samplers and randomSplit take its seed, and draw nothing from it", () => {
    const generator = new Generator().manualSeed(7);
    const state = generator.getState();

    expect(drawn(new RandomSampler(10, { generator }))).toEqual(drawn(new RandomSampler(10, { seed: 7 })));
    expect(drawn(new SubsetRandomSampler([4, 5, 6], { generator }))).toEqual(
      drawn(new SubsetRandomSampler([4, 5, 6], { seed: 7 })),
    );
    expect(drawn(new WeightedRandomSampler([1, 2, 3], 5, { generator }))).toEqual(
      drawn(new WeightedRandomSampler([1, 2, 3], 5, { seed: 7 })),
    );
    expect(randomSplit(dataset, [5, 5], { generator })[0]?.indices).toEqual(
      randomSplit(dataset, [5, 5], { seed: 7 })[0]?.indices,
    );
    expect(generator.getState()).toEqual(state);
    expect(() => randomSplit(dataset, [5, 5], { generator, seed: 7 })).toThrow(
      "randomSplit: takes seed or generator, not both",
    );
  });
});

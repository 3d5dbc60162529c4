// The loader: batching, order, state, asynchronous datasets, collation.
import { arange, type Tensor, tensor } from "gradus";
import {
  ConcatDataset,
  DataLoader,
  type Dataset,
  defaultCollate,
  randomSplit,
  Subset,
  TensorDataset,
} from "gradus/data";
import { describe, expect, test } from "vitest";

const numbers = (length: number) => new TensorDataset(arange(length));
const valuesOf = (loader: Iterable<readonly [Tensor]>) => [...loader].map(([x]) => x.toArray() as number[]);

/** Items that come as promises. */
function asynchronous(length: number, log: string[] = []): Dataset<Tensor> {
  return {
    length,
    async get(index) {
      log.push(`get ${index}`);
      await new Promise((resolve) => setTimeout(resolve, 1));
      return tensor(index);
    },
  };
}

describe("DataLoader", () => {
  test("given a tensor dataset, batches are rows in order; the last one may be smaller", () => {
    const loader = new DataLoader(numbers(5), { batchSize: 2 });
    expect(loader.length).toBe(3);
    expect(valuesOf(loader)).toEqual([[0, 1], [2, 3], [4]]);
    expect(valuesOf(new DataLoader(numbers(5), { batchSize: 2, dropLast: true }))).toEqual([
      [0, 1],
      [2, 3],
    ]);
    expect(valuesOf(new DataLoader(numbers(0)))).toEqual([]);
  });

  test("given shuffle, each epoch is another permutation, the same for the same seed", () => {
    const make = (seed: number) => new DataLoader(numbers(20), { batchSize: 7, shuffle: true, seed });
    const loader = make(1);
    const [first, second] = [valuesOf(loader), valuesOf(loader)];
    expect(first.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(second).not.toEqual(first);
    const again = make(1);
    again.setEpoch(1);
    expect(valuesOf(again)).toEqual(second);
    expect(valuesOf(make(2))).not.toEqual(first);
  });

  test("given other batch sizes, the order is the same", () => {
    const order = (batchSize: number) =>
      valuesOf(new DataLoader(numbers(20), { batchSize, shuffle: true, seed: 4 })).flat();
    expect(order(3)).toEqual(order(20));
  });

  test("given a state from the middle of an epoch, another loader goes on from there", () => {
    const make = () => new DataLoader(numbers(10), { batchSize: 3, shuffle: true, seed: 9 });
    const loader = make();
    valuesOf(loader);
    const iterator = loader[Symbol.iterator]();
    iterator.next();
    iterator.next();
    const state = JSON.parse(JSON.stringify(loader.stateDict()));
    expect(state).toEqual({ seed: 9, epoch: 1, batch: 2 });
    const rest = [iterator.next().value!, iterator.next().value!].map(([x]) => x.toArray());
    const resumed = new DataLoader(numbers(10), { batchSize: 3, shuffle: true, seed: 0 });
    resumed.loadStateDict(state);
    expect(valuesOf(resumed)).toEqual(rest);
    expect(resumed.stateDict()).toEqual({ seed: 9, epoch: 2, batch: 0 });
    expect(valuesOf(resumed)).toEqual(valuesOf(loader));
  });

  test("given `for await`, batches and order are the same as with `for`", async () => {
    const make = () => new DataLoader(numbers(10), { batchSize: 4, shuffle: true, seed: 3, prefetch: 2 });
    const seen: number[][] = [];
    for await (const [x] of make()) seen.push(x.toArray() as number[]);
    expect(seen).toEqual(valuesOf(make()));
  });

  test("given a long asynchronous loop, timers get their turn", async () => {
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    for await (const _ of new DataLoader(numbers(100))) {
      const end = performance.now() + 1;
      while (performance.now() < end);
    }
    clearInterval(timer);
    expect(ticks).toBeGreaterThanOrEqual(2);
  });

  test("given items that are promises, `for await` collates them, and prefetch starts them ahead", async () => {
    const log: string[] = [];
    const loader = new DataLoader(asynchronous(3, log), { prefetch: 1 });
    for await (const x of loader) log.push(`use ${(x.toArray() as number[])[0]}`);
    expect(log).toEqual(["get 0", "get 1", "use 0", "get 2", "use 1", "use 2"]);
  });

  test("given items that are promises, `for` throws with the remedy", () => {
    expect(() => [...new DataLoader(asynchronous(1))]).toThrow(
      "DataLoader: the dataset's items are promises; iterate with `for await`",
    );
  });

  test("given collate, it makes the batch from items", () => {
    const loader = new DataLoader(numbers(4), {
      batchSize: 2,
      collate: (items) => items.map(([x]) => x.item() as number),
    });
    expect([...loader]).toEqual([
      [0, 1],
      [2, 3],
    ]);
  });

  test("given a batch sampler, it decides the batches", () => {
    const batchSampler = { length: 2, batches: (epoch: number) => [[epoch, 3], [1]] };
    expect(valuesOf(new DataLoader(numbers(4), { batchSampler }))).toEqual([[0, 3], [1]]);
  });

  test.each([
    [{ batchSize: 0 }, "DataLoader: batchSize must be a positive integer, got 0"],
    [{ seed: -1 }, "DataLoader: seed must be a non-negative safe integer, got -1"],
    [{ batchsize: 2 }, 'DataLoader: unknown option "batchsize"; did you mean "batchSize"?'],
    [
      { shuffle: true, sampler: { length: 1, indices: () => [0] } },
      "DataLoader: sampler decides the order already; leave out shuffle",
    ],
    [
      { batchSize: 2, batchSampler: { length: 1, batches: () => [[0]] } },
      "DataLoader: batchSampler decides the order already; leave out batchSize",
    ],
  ])("given options %j, it throws saying what is wrong", (options, message) => {
    expect(() => new DataLoader(numbers(3), options as object)).toThrow(message);
  });
});

describe("datasets", () => {
  test("given TensorDataset, get is a row of each and negative indices count from the end", () => {
    const dataset = new TensorDataset(
      tensor([
        [1, 2],
        [3, 4],
      ]),
      tensor([5, 6]),
    );
    expect(dataset.get(-1).map((x) => x.toArray())).toEqual([[3, 4], 6]);
    expect(() => dataset.get(2)).toThrow("TensorDataset: index 2 is out of range for 2 items");
    expect(() => new TensorDataset(arange(2), arange(3))).toThrow(
      "TensorDataset: tensors need the same first dim, got shapes [2] [3]",
    );
  });

  test("given Subset and ConcatDataset, indices are mapped", async () => {
    const subset = new Subset(numbers(10), [7, 3, 5]);
    expect(valuesOf(new DataLoader(subset, { batchSize: 2 }))).toEqual([[7, 3], [5]]);
    const both = new ConcatDataset([numbers(2), subset]);
    expect(valuesOf(new DataLoader(both, { batchSize: 5 }))).toEqual([[0, 1, 7, 3, 5]]);
    expect(() => new Subset(numbers(2), [2])).toThrow("Subset: index 2 is out of range for 2 items");
  });

  test("given randomSplit, parts are disjoint, cover all, and depend on the seed only", () => {
    const split = (seed: number) => randomSplit(numbers(10), [0.65, 0.35], { seed }).map(({ indices }) => [...indices]);
    const [a, b] = split(1) as [number[], number[]];
    expect([a.length, b.length]).toEqual([7, 3]);
    expect([...a, ...b].sort((x, y) => x - y)).toEqual(Array.from({ length: 10 }, (_, i) => i));
    expect(split(1)).toEqual([a, b]);
    expect(split(2)).not.toEqual([a, b]);
    expect(() => randomSplit(numbers(10), [3, 3])).toThrow(
      "randomSplit: lengths [3, 3] add up to 6, the dataset has 10 items; give sizes that add up to it, or fractions that add up to 1",
    );
  });
});

describe("defaultCollate", () => {
  test("given nested items, each field becomes a batch", () => {
    const batch = defaultCollate([
      { x: tensor([1, 2]), y: 1, name: "a", pair: [1n, true] as const },
      { x: tensor([3, 4]), y: 2, name: "b", pair: [2n, false] as const },
    ]);
    expect(batch.x.toArray()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect([batch.y.dtype, batch.pair[0].dtype, batch.pair[1].dtype]).toEqual(["float32", "int64", "bool"]);
    expect(batch.name).toEqual(["a", "b"]);
    expect(defaultCollate([Float32Array.of(1, 2), Float32Array.of(3, 4)]).shape).toEqual([2, 2]);
  });

  test("given items of different kinds or without a batch form, it throws naming the field", () => {
    expect(() => defaultCollate<unknown>([{ y: 1 }, { y: "a" }])).toThrow(
      "collate: item.y is number in one item and string in another",
    );
    expect(() => defaultCollate<unknown>([[1, null]])).toThrow(
      "collate: item[1] is null, which has no batch form; pass a collate function",
    );
  });
});

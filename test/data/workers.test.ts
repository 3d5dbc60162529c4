// Worker threads of the loader: the same batches as without, seeds, errors, ends.
import { randn, Tensor, tensor } from "gradus";
import {
  type Batched,
  ConcatDataset,
  DataLoader,
  type DataLoaderOptions,
  type Dataset,
  fromModule,
  type IterableDataset,
  padCollate,
  Subset,
  TensorDataset,
} from "gradus/data";
import { afterEach, describe, expect, test } from "vitest";

const url = new URL("./worker-datasets.ts", import.meta.url);
type Module = typeof import("./worker-datasets.js");

const mixed = (length: number) => fromModule<Module, "Mixed">(url, "Mixed", length, tensor(0.25));

let open: { close(): void }[] = [];
afterEach(() => {
  for (const loader of open) loader.close();
  open = [];
});

function loaderOf<T, B = Batched<T>>(dataset: Dataset<T> | IterableDataset<T>, options: DataLoaderOptions<T, B>) {
  const loader = new DataLoader<T, B>(dataset, options);
  open.push(loader);
  return loader;
}

/** Everything of an epoch, tensors with dtype and bits. */
async function epochOf(batches: AsyncIterable<unknown>): Promise<unknown[]> {
  const plain = (value: unknown): unknown => {
    if (value instanceof Tensor) return { dtype: value.dtype, shape: [...value.shape], values: value.toTypedArray() };
    if (Array.isArray(value)) return value.map(plain);
    if (value !== null && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
    }
    return value;
  };
  const all: unknown[] = [];
  for await (const batch of batches) all.push(plain(batch));
  return all;
}

describe("workers of a DataLoader", () => {
  test("given 0, 1 or 2 workers that stay, two epochs of shuffled batches are the same bit for bit", async () => {
    const dataset = new Subset(await mixed(9), [0, 2, 4, 6, 8, 7, 5]);
    const epochs = async (options: object) => {
      const loader = loaderOf(dataset, { batchSize: 3, shuffle: true, seed: 5, ...options });
      return [await epochOf(loader), await epochOf(loader)];
    };
    const expected = await epochs({});
    expect(expected[0]).not.toEqual(expected[1]);
    expect(await epochs({ numWorkers: 1 })).toEqual(expected);
    expect(await epochs({ numWorkers: 2, persistentWorkers: true, prefetchFactor: 1 })).toEqual(expected);
  });

  test("given tensors and a concatenation, workers make them from their values", async () => {
    const x = new TensorDataset(randn([5, 2]), tensor(Int32Array.of(1, 2, 3, 4, 5)));
    const dataset = new ConcatDataset([x, x]);
    expect(await epochOf(loaderOf(dataset, { batchSize: 4, numWorkers: 1 }))).toEqual(
      await epochOf(loaderOf(dataset, { batchSize: 4 })),
    );
  });

  test("given items that are awaited, batches come in order; a state in the middle is gone on from", async () => {
    const dataset = await fromModule<Module, "slowly">(url, "slowly", 8);
    const loader = loaderOf(dataset, { batchSize: 2, numWorkers: 2, persistentWorkers: true });
    const seen: number[][] = [];
    for await (const batch of loader) {
      seen.push((batch as Tensor).toArray() as number[]);
      if (seen.length === 2) break;
    }
    loader.loadStateDict(loader.stateDict());
    for await (const batch of loader) seen.push((batch as Tensor).toArray() as number[]);
    expect(seen).toEqual([
      [0, 1],
      [2, 3],
      [4, 5],
      [6, 7],
    ]);
  });

  test("given the workers' own words, batches go by turns, seeds differ and come again with the seed", async () => {
    const dataset = await fromModule<Module, "witnesses">(url, "witnesses", 4);
    const collate = (items: number[][]) => items.flat();
    const make = (seed: number) => loaderOf(dataset, { numWorkers: 2, seed, collate, persistentWorkers: true });
    const loader = make(1);
    const [first, second] = [(await epochOf(loader)) as number[][], (await epochOf(loader)) as number[][]];
    expect(first.map(([id, count]) => [id, count])).toEqual([
      [0, 2],
      [1, 2],
      [0, 2],
      [1, 2],
    ]);
    expect(first[1]?.[2]).toBe((first[0]?.[2] as number) + 1);
    expect(second[0]?.[2]).not.toBe(first[0]?.[2]);
    expect(await epochOf(make(1))).toEqual(first);
  });

  test("given collate functions, those of modules and of Gradus run in workers, others here", async () => {
    const { length, ...rest } = { length: 3, batchSize: 2 };
    const dataset = await fromModule<Module, "slowly">(url, "slowly", length);
    const doubling = await fromModule<Module, "doubling">(url, "doubling", 2);
    expect(await epochOf(loaderOf(dataset, { ...rest, numWorkers: 1, collate: doubling }))).toEqual([[0, 2], [4]]);
    const factor = 10;
    const collate = (items: number[]) => items.map((item) => item * factor);
    expect(await epochOf(loaderOf(dataset, { ...rest, numWorkers: 1, collate }))).toEqual([[0, 10], [20]]);
    const padded = loaderOf(await mixed(2), { ...rest, numWorkers: 1, collate: padCollate() as never });
    expect(await epochOf(padded)).toEqual(await epochOf(loaderOf(await mixed(2), rest)));
  });

  test("given streams, each worker reads its part, or all if it does not ask; turns end with the last", async () => {
    const shared = await fromModule<Module, "Numbers">(url, "Numbers", 5);
    const loader = loaderOf(shared, { batchSize: 2, numWorkers: 2, persistentWorkers: true });
    const values = (batches: unknown[]) => batches.map((batch) => [...(batch as { values: Float32Array }).values]);
    expect(values(await epochOf(loader))).toEqual([[0, 2], [1, 3], [4]]);
    expect(values(await epochOf(loader))).toEqual([[100, 102], [101, 103], [104]]);
    const whole = await fromModule<Module, "Numbers">(url, "Numbers", 3, false);
    expect(values(await epochOf(loaderOf(whole, { batchSize: 2, numWorkers: 2, dropLast: true })))).toEqual([
      [0, 1],
      [0, 1],
    ]);
  });

  test("given an item that fails, the error comes with its batch and names worker and sample", async () => {
    for (const [how, numWorkers] of [
      ["throws", 2],
      ["rejects", 1],
    ] as const) {
      const dataset = await fromModule<Module, "failing">(url, "failing", 6, 3, how);
      const loader = loaderOf(dataset, { batchSize: 2, numWorkers });
      const seen: number[][] = [];
      const run = async () => {
        for await (const batch of loader) seen.push((batch as Tensor).toArray() as number[]);
      };
      await expect(run()).rejects.toThrow(
        `DataLoader: worker ${numWorkers - 1} failed at sample 3: RangeError: no item 3`,
      );
      expect(seen).toEqual([[0, 1]]);
    }
  });

  test("given a worker that ends, or cannot make the data set, the error says so; the next epoch starts anew", async () => {
    const exits = loaderOf(await fromModule<Module, "failing">(url, "failing", 6, 0, "exits"), {
      numWorkers: 1,
      persistentWorkers: true,
    });
    await expect(epochOf(exits)).rejects.toThrow("DataLoader: worker 0 ended: the worker ended with code 3");
    await expect(epochOf(exits)).rejects.toThrow("DataLoader: worker 0 ended: the worker ended with code 3");
    await expect(fromModule<Module, "broken">(url, "broken")).rejects.toThrow("the disk is gone");
    await expect(fromModule(url, "nothing")).rejects.toThrow(
      `fromModule: ${url} exports no function or class "nothing"`,
    );
  });

  test("given what cannot travel or options that make no sense, errors name it and the remedy", async () => {
    const local = { length: 1, get: () => 1 };
    const run = (dataset: Dataset<unknown>, options: object) => epochOf(loaderOf(dataset, options));
    await expect(run(local, { numWorkers: 1 })).rejects.toThrow(
      'DataLoader: numWorkers 1 needs a data set that worker threads can make again, and this one is an object made here; make it with fromModule(new URL("./file.js", import.meta.url), "name", …arguments)',
    );
    await expect(run(new ConcatDataset([local]), { numWorkers: 1 })).rejects.toThrow(
      "DataLoader: argument 0 of ConcatDataset[0].get is a function, which does not travel between threads; make it with fromModule, or inside the function that fromModule calls",
    );
    expect(() => [...loaderOf(local, { numWorkers: 1 })]).toThrow(
      "DataLoader: batches of worker threads are promises; iterate with `for await`",
    );
    expect(() => loaderOf(local, { numWorkers: -1 })).toThrow("numWorkers must be a non-negative integer, got -1");
    expect(() => loaderOf(local, { persistentWorkers: true })).toThrow(
      "DataLoader: persistentWorkers is for worker threads; set numWorkers too",
    );
    expect(() => loaderOf(local, { numWorkers: 1, prefetchFactor: 0 })).toThrow("prefetchFactor must be a positive");
    expect(() => loaderOf(local, { numWorkers: 1, prefetch: 2 })).toThrow(
      "DataLoader: with numWorkers, prefetchFactor says how far ahead; leave out prefetch",
    );
  });
});

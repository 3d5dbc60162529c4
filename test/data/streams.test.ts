// Streams, stacks, padding collate, further samplers, and tables in text files.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Tensor, tensor } from "gradus";
import {
  ChainDataset,
  DataLoader,
  type Dataset,
  DistributedSampler,
  type EpochContext,
  IterableDataset,
  padCollate,
  parseCsv,
  readCsv,
  readLines,
  StackDataset,
  SubsetRandomSampler,
} from "gradus/data";
import { describe, expect, test } from "vitest";

class Count extends IterableDataset<number> {
  constructor(
    readonly from: number,
    readonly to: number,
  ) {
    super();
  }
  *iterate({ epoch }: EpochContext): Generator<number> {
    for (let i = this.from; i < this.to; i++) yield i + 100 * epoch;
  }
}

const numbers = (batch: Tensor) => batch.toArray() as number[];
const list = (length: number): Dataset<number> => ({ length, get: (i) => i });

/** As PyTorch's `__iter__` has it. */
class Own extends IterableDataset<number> {
  *[Symbol.iterator](): Generator<number> {
    yield* [5, 6, 7];
  }
}

class Nothing extends IterableDataset<number> {}

class Backwards {
  readonly length = 4;
  *[Symbol.iterator](): Generator<number> {
    yield* [3, 2, 1, 0];
  }
}

describe("samplers and streams that iterate", () => {
  test("given a class with an iterator of its own, a stream needs no iterate", () => {
    expect([...new DataLoader(new Own(), { batchSize: 2 })].map(numbers)).toEqual([[5, 6], [7]]);
    expect(() => [...new DataLoader(new Nothing())]).toThrow(
      "IterableDataset: Nothing must define iterate(context), [Symbol.iterator]() or [Symbol.asyncIterator]()",
    );
  });

  test("given indices, or batches of them, in the place of samplers, they are the order of each epoch", () => {
    const bySampler = new DataLoader(list(4), { batchSize: 3, sampler: new Backwards() });
    expect(bySampler.length).toBe(2);
    for (const _ of [1, 2]) expect([...bySampler].map(numbers)).toEqual([[3, 2, 1], [0]]);
    expect([...new DataLoader(list(4), { sampler: [2, 0] })].map(numbers)).toEqual([[2], [0]]);
    const byBatches = new DataLoader(list(4), { batchSampler: [[0, 3], [1]] });
    expect(byBatches.length).toBe(2);
    expect([...byBatches].map(numbers)).toEqual([[0, 3], [1]]);
    expect(() => new DataLoader(list(4), { sampler: new Set([1]) as never })).toThrow(
      "BatchSampler: the sampler's length must be an integer >= 0, got undefined",
    );
    expect(() => new DataLoader(list(4), { batchSampler: 3 as never })).toThrow(
      "DataLoader: the batch sampler's batches must be a function, got undefined",
    );
  });
});

describe("IterableDataset", () => {
  test("given a stream, batches come in order, the last one smaller or left out, and epochs count", () => {
    const loader = new DataLoader(new Count(0, 5), { batchSize: 2 });
    expect([...loader].map(numbers)).toEqual([[0, 1], [2, 3], [4]]);
    expect([...loader].map(numbers)).toEqual([[100, 101], [102, 103], [104]]);
    const whole = new DataLoader(new Count(0, 5), { batchSize: 2, dropLast: true });
    expect([...whole].map(numbers)).toEqual([
      [0, 1],
      [2, 3],
    ]);
  });

  test("given a chain, asynchronous iteration gives one stream after the other", async () => {
    const loader = new DataLoader(new ChainDataset([new Count(0, 3), new Count(7, 9)]), { batchSize: 2 });
    const batches: number[][] = [];
    for await (const batch of loader) batches.push(numbers(batch));
    expect(batches).toEqual([[0, 1], [2, 7], [8]]);
    expect(() => [...loader]).toThrow("DataLoader: the dataset is an asynchronous stream; iterate with `for await`");
  });

  test("given a state from the middle of a stream, another loader goes on after it", async () => {
    const first = new DataLoader(new Count(0, 7), { batchSize: 2 });
    const iterator = first[Symbol.iterator]();
    iterator.next();
    iterator.next();
    for (const goOn of [
      (loader: DataLoader<number>) => [...loader].map(numbers),
      async (loader: DataLoader<number>) => {
        const batches: number[][] = [];
        for await (const batch of loader) batches.push(numbers(batch));
        return batches;
      },
    ]) {
      const second = new DataLoader(new Count(0, 7), { batchSize: 2 });
      second.loadStateDict(first.stateDict());
      expect(await goOn(second)).toEqual([[4, 5], [6]]);
    }
  });

  test("given shuffle or a question for its length, it throws", () => {
    expect(() => new DataLoader(new Count(0, 5), { shuffle: true })).toThrow(
      "DataLoader: an IterableDataset comes in its own order; leave out shuffle",
    );
    expect(() => new DataLoader(new Count(0, 5)).length).toThrow("DataLoader: an IterableDataset has no length");
  });
});

describe("StackDataset", () => {
  test("given datasets by name or in a row, items are objects or tuples, and are collated field by field", () => {
    const named = new StackDataset({ a: list(3), b: { length: 3, get: (i: number) => i * 10 } });
    expect(named.get(2)).toEqual({ a: 2, b: 20 });
    const [batch] = [...new DataLoader(named, { batchSize: 3 })] as unknown as { a: Tensor; b: Tensor }[];
    expect([numbers(batch?.a as Tensor), numbers(batch?.b as Tensor)]).toEqual([
      [0, 1, 2],
      [0, 10, 20],
    ]);
    expect(new StackDataset([list(2), list(2)]).get(1)).toEqual([1, 1]);
  });

  test("given different lengths, it throws with all of them", () => {
    expect(() => new StackDataset([list(2), list(3)])).toThrow(
      "StackDataset: datasets need the same length, got [2, 3]; use Subset to cut the longer ones",
    );
  });
});

test("padCollate: given sequences of different lengths, pads them and stacks other fields as usual", () => {
  const items: [Float32Array, number][] = [
    [Float32Array.of(1, 2), 2],
    [Float32Array.of(3), 1],
  ];
  const [padded, lengths] = padCollate<[Float32Array, number]>({ paddingValue: -1 })(items);
  expect([padded.toArray(), lengths.toArray()]).toEqual([
    [
      [1, 2],
      [3, -1],
    ],
    [2, 1],
  ]);
  const left = padCollate<Tensor>({ paddingSide: "left" })([tensor([1]), tensor([2, 3])]);
  expect(left.toArray()).toEqual([
    [0, 1],
    [2, 3],
  ]);
});

describe("samplers", () => {
  test("SubsetRandomSampler: given indices, gives each once in an order of its own each epoch", () => {
    const sampler = new SubsetRandomSampler([3, 5, 7, 9, 11], { seed: 1 });
    const [a, b] = [Array.from(sampler.indices(0)), Array.from(sampler.indices(1))];
    expect([...a].sort((x, y) => x - y)).toEqual([3, 5, 7, 9, 11]);
    expect(a).not.toEqual(b);
    expect(Array.from(sampler.indices(0))).toEqual(a);
  });

  test("DistributedSampler: given ranks, parts have one size and cover all, with repeats or without the rest", () => {
    const parts = (dropLast: boolean) =>
      [0, 1, 2].map((rank) => {
        const sampler = new DistributedSampler(10, { numReplicas: 3, rank, shuffle: false, dropLast });
        expect(sampler.indices(0)).toHaveLength(sampler.length);
        return Array.from(sampler.indices(0));
      });
    // PyTorch's: the first items again where 10 does not divide by 3.
    expect(parts(false)).toEqual([
      [0, 3, 6, 9],
      [1, 4, 7, 0],
      [2, 5, 8, 1],
    ]);
    expect(parts(true)).toEqual([
      [0, 3, 6],
      [1, 4, 7],
      [2, 5, 8],
    ]);
    const shuffled = [0, 1].flatMap((rank) =>
      Array.from(new DistributedSampler(6, { numReplicas: 2, rank, seed: 4 }).indices(2)),
    );
    expect(shuffled.sort()).toEqual([0, 1, 2, 3, 4, 5]);
    expect(() => new DistributedSampler(6, { numReplicas: 2, rank: 2 })).toThrow(
      "DistributedSampler: rank must be an integer from 0 to below numReplicas, got 2 of 2",
    );
  });
});

describe("tables", () => {
  test("parseCsv: given quotes, line ends and empty fields, gives the columns", () => {
    const table = parseCsv('name,x,y\r\n"a, ""b""\nc",1.5,\r\nd,-2e3,4\n\n');
    expect(table.columns).toEqual(["name", "x", "y"]);
    expect(table.text("name")).toEqual(['a, "b"\nc', "d"]);
    expect(table.matrix(["x", "y"]).toArray()).toEqual([
      [1.5, Number.NaN],
      [-2000, 4],
    ]);
    const { codes, names } = parseCsv("a\nb\na", { header: false }).categories("0");
    expect([codes.toArray(), names]).toEqual([
      [0, 1, 0],
      ["a", "b"],
    ]);
    expect(parseCsv("1;2", { delimiter: ";", header: false }).matrix().toArray()).toEqual([[1, 2]]);
  });

  test.each<[() => unknown, string]>([
    [() => parseCsv("a,b\n1"), "parseCsv: row 2 has 1 fields, the first 2"],
    [() => parseCsv('a\n"x'), "parseCsv: the quote at character 2 stays open"],
    [() => parseCsv("a\nx").numbers("a"), 'CsvTable: "x" in column a, row 0, is no number; use categories()'],
    [() => parseCsv("a\nx").text("b"), 'CsvTable: no column "b"; it has a'],
  ])("given a wrong table %#, it throws saying what is wrong", (make, message) => {
    expect(make).toThrow(message);
  });

  test("readCsv and readLines: given files, read them; given none, name them", async () => {
    const folder = mkdtempSync(join(tmpdir(), "gradus-csv-"));
    try {
      const file = join(folder, "a.csv");
      writeFileSync(file, "x\r\n1\r\n2\r\n");
      expect((await readCsv(file)).numbers("x").toArray()).toEqual([1, 2]);
      expect(await readLines(file)).toEqual(["x", "1", "2"]);
      await expect(readLines(join(folder, "none"))).rejects.toThrow(`readLines: cannot read ${join(folder, "none")}`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

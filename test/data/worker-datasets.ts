// Data sets that worker threads of the tests make again.
import { rand, type Tensor, tensor } from "gradus";
import { type Dataset, type EpochContext, IterableDataset, RandomSequence, workerInfo } from "gradus/data";

/** Items with random parts from every source that is allowed, in a nested form. */
export class Mixed implements Dataset<{ x: Tensor; name: string; parts: [number, bigint, Float64Array] }> {
  constructor(
    readonly length: number,
    readonly offset: Tensor = tensor(0),
  ) {}

  get(index: number, { seed, epoch }: EpochContext = { seed: 0, epoch: 0 }) {
    const own = new RandomSequence(seed, "sample", epoch, index).uniform();
    const x = rand([3]).mul(2).sub(1).div(3).add(this.offset);
    return {
      x,
      name: `item ${index}`,
      parts: [own, BigInt(index), Float64Array.of(index, own)] as [number, bigint, Float64Array],
    };
  }
}

/** Waits for each item, with the later ones first. */
export async function slowly(length: number): Promise<Dataset<number>> {
  return {
    length,
    get: async (index) => {
      await new Promise((resolve) => setTimeout(resolve, length - index));
      return index;
    },
  };
}

/** Its items say which worker made them, and with which seed. */
export const witnesses = (length: number): Dataset<number[]> => ({
  length,
  get: () => [workerInfo()?.id ?? -1, workerInfo()?.numWorkers ?? -1, workerInfo()?.seed ?? -1],
});

export function failing(length: number, bad: number, how: "throws" | "rejects" | "exits"): Dataset<number> {
  return {
    length,
    get(index) {
      if (index !== bad) return index;
      if (how === "exits") process.exit(3);
      const error = new RangeError(`no item ${index}`);
      if (how === "rejects") return Promise.reject(error);
      throw error;
    },
  };
}

/** A data set that cannot be made. */
export function broken(): Dataset<number> {
  throw new Error("the disk is gone");
}

export class Numbers extends IterableDataset<number> {
  constructor(
    readonly count: number,
    readonly isShared = true,
  ) {
    super();
  }

  *iterate({ epoch }: EpochContext): Generator<number> {
    const { id, numWorkers } = (this.isShared && workerInfo()) || { id: 0, numWorkers: 1 };
    for (let i = id; i < this.count; i += numWorkers) yield i + 100 * epoch;
  }
}

export const doubling = (factor: number) => (items: number[]) => items.map((item) => item * factor);

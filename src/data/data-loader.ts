// Batches of a dataset, in an order that depends on seed and epoch only.
import {
  ArgumentError,
  checkFlag,
  checkKind,
  checkOptions,
  checkWholeNumber,
  EventLoopYield,
  noMore,
} from "../base/index.js";
import { defaultGenerator, type Generator, quietly } from "../tensor/index.js";
import { isPromise, makeBatch } from "./batch-maker.js";
import { type Batched, defaultCollate } from "./collate.js";
import type { Dataset, EpochContext, Indices } from "./dataset.js";
import { grouped, groupedAsync, IterableDataset } from "./iterable-dataset.js";
import {
  BatchSampler,
  type BatchSamplerInput,
  batchSamplerOf,
  type EpochBatches,
  RandomSampler,
  type SamplerInput,
  SequentialSampler,
} from "./sampler.js";
import { type Packed, unpack } from "./transfer.js";
import { indexedBatches, streamedBatches } from "./worker-batches.js";
import { isPortable, WorkerPool } from "./worker-pool.js";

/** Options of a `DataLoader`. */
export interface DataLoaderOptions<T, B> {
  /** Items a batch, >= 1; default 1. */
  readonly batchSize?: number;
  /** A new random order each epoch; default false. */
  readonly shuffle?: boolean;
  /** Leave out a smaller last batch; default false. */
  readonly dropLast?: boolean;
  /** Of shuffling and of random transforms; default: the seed of `generator` when the loader is made. */
  readonly seed?: number;
  /** Gives the seed; default: the global one, set by `manualSeed`. Nothing is drawn from it. */
  readonly generator?: Generator;
  /** Order of the items, in place of `shuffle`: a sampler, an array of indices, or what iterates over them and has a `length`. */
  readonly sampler?: SamplerInput;
  /** Indices of each batch, in place of `batchSize`, `shuffle`, `sampler` and `dropLast`: likewise. */
  readonly batchSampler?: BatchSamplerInput;
  /** Makes a batch of items; default `defaultCollate`, or the dataset's `getBatch`. */
  readonly collate?: (items: T[]) => B;
  /** Batches that asynchronous iteration starts ahead of need; default 0. For datasets that wait for I/O. */
  readonly prefetch?: number;
  /**
   * Worker threads that make the batches, for `for await`; default 0: this thread does. Needs a data set of `fromModule`, or one
   * of Gradus' own over such. Batches are the same as without, bit for bit, and in the same order.
   */
  readonly numWorkers?: number;
  /** Batches each worker makes ahead of need; default 2. */
  readonly prefetchFactor?: number;
  /** Workers stay for the next epoch, until `close()` or the end of the process; default false. */
  readonly persistentWorkers?: boolean;
  /** Without effect: batches lie in the memory that programs read. */
  readonly pinMemory?: boolean;
}

const optionKinds = {
  batchSize: "number",
  shuffle: "flag",
  dropLast: "flag",
  seed: "number",
  generator: "object",
  sampler: "any",
  batchSampler: "any",
  collate: "function",
  prefetch: "number",
  numWorkers: "number",
  prefetchFactor: "number",
  persistentWorkers: "flag",
  pinMemory: "flag",
};

/** Where a loader stands: plain data for checkpoints. */
export interface DataLoaderState {
  /** What the order of items and random transforms depend on, beside the epoch. */
  readonly seed: number;
  /** The epoch that is running, or comes next. */
  readonly epoch: number;
  /** Batches of the epoch handed out so far. */
  readonly batch: number;
}

/** Lists are none: what a dataset is would then hang on whether an array holds items or tensors. */
function checkDataset(dataset: unknown): void {
  if (dataset instanceof IterableDataset) return;
  const { length, get } = (dataset ?? {}) as Partial<Dataset<unknown>>;
  if (typeof length === "number" && typeof get === "function") return;
  const what = Array.isArray(dataset) ? "an array" : dataset === null ? "null" : typeof dataset;
  const remedy = Array.isArray(dataset) ? "; write { length: items.length, get: (i) => items[i] }" : "";
  throw new ArgumentError(`DataLoader: a dataset needs \`length\` and \`get(index)\`, got ${what}${remedy}`, {
    op: "DataLoader",
  });
}

/**
 * Iterates over a dataset in batches, with `for…of` or `for await`.
 *
 * Each iteration is one epoch: 0, 1, 2 … or what `setEpoch` said. The order of items and the parameters of random
 * transforms are functions of seed, epoch and sample index only, so batch size, prefetching and stops cannot change
 * them. Asynchronous iteration gives the event loop a turn about every 20 ms.
 *
 * With `numWorkers`, threads make the batches: each makes the data set (and a `collate` of `fromModule`) again and computes on one
 * thread. A plain `collate` function works on their items in this thread. An `IterableDataset` is read whole by each worker
 * unless it asks `workerInfo()` for its part, as in PyTorch.
 * A batch is what `collate` makes of the items: by default each tensor field `[…]` becomes `[batchSize, …]`, numbers `[batchSize]`.
 * @throws ArgumentError if options exclude each other or are out of range, or the dataset is none; at iteration, if the dataset's items
 * are promises and the iteration is synchronous. What the dataset throws comes through, from workers too.
 * @example
 * for await (const [images, labels] of new DataLoader(dataset, { batchSize: 64, shuffle: true })) {
 *   criterion(model(images), labels).backward();
 * }
 */
export class DataLoader<T, B = Batched<T>> implements Iterable<B>, AsyncIterable<B> {
  /** Items a batch; the last one of an epoch may have fewer. */
  readonly batchSize: number;
  readonly #sampler: EpochBatches;
  readonly #collate: ((items: T[]) => B) | null;
  readonly #prefetch: number;
  readonly #dropLast: boolean;
  readonly #workers: Required<Pick<DataLoaderOptions<T, B>, "numWorkers" | "prefetchFactor" | "persistentWorkers">>;
  /** Workers that stay between epochs. */
  #pool: WorkerPool | null = null;
  #iterations = 0;
  #seed: number;
  /** Epoch and batches handed out of the iteration that began last. */
  #epoch = 0;
  #batch = 0;
  /** Where the next iteration begins; null: at the epoch after the last one. */
  #next: { epoch: number; batch: number } | null = { epoch: 0, batch: 0 };

  constructor(
    /** Where the items come from. */
    readonly dataset: Dataset<T> | IterableDataset<T>,
    options: DataLoaderOptions<T, B> = {},
    ...surplus: []
  ) {
    noMore("DataLoader", surplus);
    checkOptions("DataLoader", options, optionKinds);
    checkDataset(dataset);
    checkExclusive(options);
    this.#workers = checkWorkers(options);
    if (dataset instanceof IterableDataset) checkStreamed(options);
    this.#dropLast = options.dropLast ?? false;
    this.batchSize = options.batchSize ?? 1;
    if (!Number.isInteger(this.batchSize) || this.batchSize < 1) {
      throw new ArgumentError(`DataLoader: batchSize must be a positive integer, got ${options.batchSize}`, {
        op: "DataLoader",
      });
    }
    this.#seed = checkSeed(options.seed ?? (options.generator ?? defaultGenerator()).initialSeed());
    this.#collate = options.collate ?? null;
    this.#prefetch = options.prefetch ?? 0;
    checkWholeNumber("DataLoader", "prefetch", this.#prefetch, 0);
    checkFlag("DataLoader", "dropLast", this.#dropLast);
    checkFlag("DataLoader", "shuffle", options.shuffle ?? false);
    this.#sampler = options.batchSampler ? batchSamplerOf("DataLoader", options.batchSampler) : this.#batches(options);
  }

  #batches(options: DataLoaderOptions<T, B>): BatchSampler {
    const length = this.dataset instanceof IterableDataset ? 0 : this.dataset.length;
    // The seed is read at each epoch, because a loaded state may bring another one.
    const shuffled = {
      length,
      indices: (epoch: number) => new RandomSampler(length, { seed: this.#seed }).indices(epoch),
    };
    const sampler = options.sampler ?? (options.shuffle ? shuffled : new SequentialSampler(length));
    return new BatchSampler(sampler, this.batchSize, { dropLast: options.dropLast ?? false });
  }

  /**
   * Batches an epoch has.
   * @throws ArgumentError if it is a stream, whose length is not known.
   */
  get length(): number {
    if (!(this.dataset instanceof IterableDataset)) return this.#sampler.length;
    throw new ArgumentError("DataLoader: an IterableDataset has no length; count the batches as they come", {
      op: "DataLoader",
    });
  }

  /**
   * The next iteration is epoch `epoch`.
   * @throws ArgumentError if it is no integer >= 0.
   */
  setEpoch(epoch: number): void {
    if (!Number.isInteger(epoch) || epoch < 0) {
      throw new ArgumentError(`DataLoader.setEpoch: epoch must be a non-negative integer, got ${epoch}`, {
        op: "DataLoader.setEpoch",
      });
    }
    this.#next = { epoch, batch: 0 };
  }

  /** Seed, epoch and batches handed out; after the last batch, the start of the next epoch. */
  stateDict(): DataLoaderState {
    const { epoch, batch } = this.#next ?? { epoch: this.#epoch, batch: this.#batch };
    if (this.dataset instanceof IterableDataset) return { seed: this.#seed, epoch, batch };
    return batch < this.length || batch === 0
      ? { seed: this.#seed, epoch, batch }
      : { seed: this.#seed, epoch: epoch + 1, batch: 0 };
  }

  /**
   * The next iteration goes on after the batch the state was taken at.
   * @throws ArgumentError if the state is none, or does not fit an epoch of this loader.
   */
  loadStateDict(state: DataLoaderState, ...surplus: []): void {
    noMore("DataLoader.loadStateDict", surplus);
    checkKind("DataLoader.loadStateDict", "state", state, "object");
    const { seed, epoch, batch } = state;
    const most = this.dataset instanceof IterableDataset ? Number.MAX_SAFE_INTEGER : this.length;
    if (![epoch, batch].every((x) => Number.isInteger(x) && x >= 0) || batch > most) {
      throw new ArgumentError(
        `DataLoader.loadStateDict: epoch ${epoch}, batch ${batch} does not fit an epoch of ${most} batches`,
        { op: "DataLoader.loadStateDict" },
      );
    }
    this.#seed = checkSeed(seed);
    this.#next = { epoch, batch };
  }

  /** Begins the next epoch; gives what all its batches depend on. */
  #enter(): EpochContext {
    this.#epoch = this.#next?.epoch ?? this.#epoch + 1;
    this.#batch = this.#next?.batch ?? 0;
    this.#next = null;
    return { seed: this.#seed, epoch: this.#epoch };
  }

  #batchIndices(): Iterator<Indices> {
    const batches = this.#sampler.batches(this.#epoch)[Symbol.iterator]();
    for (let skipped = 0; skipped < this.#batch; skipped++) batches.next();
    return batches;
  }

  #fetch(indices: Indices, context: EpochContext): B | Promise<B> {
    const dataset = this.dataset as Dataset<unknown>;
    return makeBatch(dataset, this.#collate as never, indices, context) as B | Promise<B>;
  }

  get #collateItems(): (items: T[]) => B {
    return this.#collate ?? (defaultCollate as unknown as (items: T[]) => B);
  }

  /** Batches of a stream; those handed out before a stop are passed over. */
  *#stream(dataset: IterableDataset<T>, context: EpochContext): IterableIterator<B> {
    const items = dataset.iterate(context);
    if (!(Symbol.iterator in items)) {
      throw new ArgumentError("DataLoader: the dataset is an asynchronous stream; iterate with `for await`", {
        op: "DataLoader",
      });
    }
    const passed = this.#batch;
    let seen = 0;
    for (const group of grouped(items, this.batchSize, this.#dropLast)) {
      if (seen++ < passed) continue;
      this.#batch++;
      yield quietly(() => this.#collateItems(group));
    }
  }

  async *#streamAsync(dataset: IterableDataset<T>, context: EpochContext): AsyncGenerator<B, void, undefined> {
    const turns = new EventLoopYield();
    const passed = this.#batch;
    let seen = 0;
    for await (const group of groupedAsync(dataset.iterate(context), this.batchSize, this.#dropLast)) {
      if (seen++ < passed) continue;
      await turns.due();
      this.#batch++;
      yield quietly(() => this.#collateItems(group));
    }
  }

  /** The epoch's batches by worker threads. */
  async *#fromWorkers(context: EpochContext): AsyncGenerator<B, void, undefined> {
    const { numWorkers, prefetchFactor, persistentWorkers } = this.#workers;
    const pool = this.#pool?.isUsable ? this.#pool : this.#startWorkers();
    if (persistentWorkers) this.#pool = pool;
    const work = { pool, numWorkers, prefetchFactor, iteration: this.#iterations++, ...context };
    const turns = new EventLoopYield();
    const isStream = this.dataset instanceof IterableDataset;
    // A stream cannot be entered in its middle: batches handed out before a stop are made and passed over.
    let passed = isStream ? this.#batch : 0;
    try {
      for await (const packed of isStream ? streamedBatches(work) : indexedBatches(work, this.#batchIndices())) {
        if (passed-- > 0) continue;
        await turns.due();
        this.#batch++;
        yield await this.#unpack(packed);
      }
    } finally {
      if (!persistentWorkers) pool.close();
    }
  }

  #startWorkers(): WorkerPool {
    const { dataset, batchSize } = this;
    const { numWorkers } = this.#workers;
    return new WorkerPool({ numWorkers, dataset, collate: this.#collate, batchSize, dropLast: this.#dropLast });
  }

  #unpack(packed: Packed): B | Promise<B> {
    return quietly(() => {
      const batch = unpack(packed);
      return isPortable(this.#collate) ? (batch as B) : this.#collateItems(batch as T[]);
    });
  }

  /** Ends persistent workers. The loader can go on: the next epoch starts new ones. */
  close(): void {
    this.#pool?.close();
    this.#pool = null;
  }

  *[Symbol.iterator](): IterableIterator<B> {
    if (this.#workers.numWorkers > 0) {
      throw new ArgumentError("DataLoader: batches of worker threads are promises; iterate with `for await`", {
        op: "DataLoader",
      });
    }
    const context = this.#enter();
    if (this.dataset instanceof IterableDataset) {
      yield* this.#stream(this.dataset, context);
      return;
    }
    const batches = this.#batchIndices();
    for (let step = batches.next(); !step.done; step = batches.next()) {
      const batch = this.#fetch(step.value, context);
      if (isPromise(batch)) {
        throw new ArgumentError("DataLoader: the dataset's items are promises; iterate with `for await`", {
          op: "DataLoader",
        });
      }
      this.#batch++;
      yield batch;
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Awaited<B>, void, undefined> {
    const context = this.#enter();
    if (this.#workers.numWorkers > 0) {
      yield* this.#fromWorkers(context) as AsyncGenerator<Awaited<B>, void, undefined>;
      return;
    }
    if (this.dataset instanceof IterableDataset) {
      yield* this.#streamAsync(this.dataset, context) as AsyncGenerator<Awaited<B>, void, undefined>;
      return;
    }
    const batches = this.#batchIndices();
    const turns = new EventLoopYield();
    const pending: (B | Promise<B>)[] = [];
    for (;;) {
      while (pending.length <= this.#prefetch) {
        const step = batches.next();
        if (step.done) break;
        const batch = this.#fetch(step.value, context);
        // A failure of a batch fetched ahead is reported when that batch is due.
        if (isPromise(batch)) batch.catch(() => {});
        pending.push(batch);
      }
      if (pending.length === 0) return;
      const batch = await (pending.shift() as B | Promise<B>);
      await turns.due();
      this.#batch++;
      yield batch;
    }
  }
}

function checkStreamed<T, B>(options: DataLoaderOptions<T, B>): void {
  const wrong = (["shuffle", "sampler", "batchSampler"] as const).find((name) => options[name]);
  if (!wrong) return;
  throw new ArgumentError(`DataLoader: an IterableDataset comes in its own order; leave out ${wrong}`, {
    op: "DataLoader",
  });
}

function checkWorkers<T, B>(options: DataLoaderOptions<T, B>) {
  const { numWorkers = 0, prefetchFactor = 2, persistentWorkers = false } = options;
  const fail = (text: string) => new ArgumentError(`DataLoader: ${text}`, { op: "DataLoader" });
  if (!Number.isInteger(numWorkers) || numWorkers < 0) {
    throw fail(`numWorkers must be a non-negative integer, got ${numWorkers}`);
  }
  if (!Number.isInteger(prefetchFactor) || prefetchFactor < 1) {
    throw fail(`prefetchFactor must be a positive integer, got ${prefetchFactor}`);
  }
  const idle = (["prefetchFactor", "persistentWorkers"] as const).find((name) => options[name]);
  if (numWorkers === 0 && idle) throw fail(`${idle} is for worker threads; set numWorkers too`);
  if (numWorkers > 0 && options.prefetch)
    throw fail("with numWorkers, prefetchFactor says how far ahead; leave out prefetch");
  return { numWorkers, prefetchFactor, persistentWorkers };
}

function checkSeed(seed: number): number {
  if (Number.isSafeInteger(seed) && seed >= 0) return seed;
  throw new ArgumentError(`DataLoader: seed must be a non-negative safe integer, got ${seed}`, { op: "DataLoader" });
}

function checkExclusive<T, B>(options: DataLoaderOptions<T, B>): void {
  const given = (name: keyof DataLoaderOptions<T, B>) => options[name] !== undefined && options[name] !== false;
  const clash = given("batchSampler")
    ? (["batchSize", "shuffle", "sampler", "dropLast"] as const).find(given)
    : given("sampler") && given("shuffle")
      ? "shuffle"
      : undefined;
  if (!clash) return;
  const main = given("batchSampler") ? "batchSampler" : "sampler";
  throw new ArgumentError(`DataLoader: ${main} decides the order already; leave out ${clash}`, { op: "DataLoader" });
}

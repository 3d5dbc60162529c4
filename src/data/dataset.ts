// Datasets: items by index, whole batches by indices; subsets, concatenations, splits.
import { ArgumentError, checkArray, checkOptions, IndexError, noMore, shownValue } from "../base/index.js";
import { isTensor, type Tensor, tensor } from "../tensor/index.js";
import type { Batched } from "./collate.js";
import { permutation, RandomSequence } from "./philox.js";
import { rememberInstance } from "./recipe.js";
import { type SeedOptions, seedKinds, seedOf } from "./sampler.js";

/** What a random transform may depend on besides the sample itself, so that batching and prefetching cannot change it. */
export interface EpochContext {
  /** The loader's seed. */
  readonly seed: number;
  /** The epoch, from 0. */
  readonly epoch: number;
}

/** Positions in a dataset, from 0. */
export type Indices = readonly number[] | Int32Array;

/**
 * Items by index.
 *
 * `getBatch`, where a dataset has it, makes a whole batch at once: the loader then calls it in place of `get` and collate.
 * `get` may return a promise; such a dataset needs asynchronous iteration.
 */
export interface Dataset<T> {
  /** Number of items. */
  readonly length: number;
  /**
   * The item at `index`, or a promise of it; a negative index counts from the end.
   * @throws IndexError if there is no such item.
   */
  get(index: number, context?: EpochContext): T | Promise<T>;
  /**
   * The items at `indices` as one batch.
   * @throws IndexError if there is no such item.
   */
  getBatch?(indices: Indices, context?: EpochContext): Batched<T> | Promise<Batched<T>>;
}

/**
 * `index` in [0, length), counting a negative one from the end; for datasets of your own.
 * @param name - of the dataset, for the error.
 * @throws IndexError if there is no such item.
 * @example checkIndex("Words", -1, 10) // 9
 */
export function checkIndex(name: string, index: number, length: number, ...surplus: []): number {
  noMore("checkIndex", surplus);
  if (!Number.isInteger(index) || index < -length || index >= length) {
    throw new IndexError(`${name}: index ${index} is out of range for ${length} items`, { op: name });
  }
  return index < 0 ? index + length : index;
}

/** Rows of several tensors, gathered lazily by one index tensor. */
export function gatherRows(tensors: readonly Tensor[], indices: Indices): Tensor[] {
  const index = tensor(Int32Array.from(indices));
  return tensors.map((t) => t.indexSelect(0, index));
}

type TensorBatch<T extends readonly Tensor[]> = { -readonly [K in keyof T]: Tensor };

/**
 * Tensors with a common first dim as a dataset: item i is the i-th row of each.
 *
 * A batch is one lazy gather by the indices, so it becomes part of the step's program. Shapes: tensors `[length, …]` → items `[…]`, batches
 * `[N, …]`; dtypes stay.
 * @throws ArgumentError if there is no tensor, or the first dims differ.
 * @example new TensorDataset(randn([100, 3]), arange(100)).get(0)[0].shape // [3]
 */
export class TensorDataset<T extends readonly Tensor[]> implements Dataset<TensorBatch<T>> {
  /** The tensors, `[length, …]` each. */
  readonly tensors: T;
  /** Rows of each tensor. */
  readonly length: number;

  constructor(...tensors: T) {
    const other = tensors.findIndex((t) => !isTensor(t));
    if (other >= 0) {
      throw new ArgumentError(`TensorDataset: tensor ${other} must be a Tensor, got ${shownValue(tensors[other])}`, {
        op: "TensorDataset",
      });
    }
    const shapes = tensors.map((t) => t.shape);
    this.length = shapes[0]?.[0] ?? -1;
    if (this.length < 0 || shapes.some((shape) => shape[0] !== this.length)) {
      const text = shapes.map((shape) => `[${shape.join(",")}]`).join(" ");
      throw new ArgumentError(`TensorDataset: tensors need the same first dim, got shapes ${text || "of no tensor"}`, {
        op: "TensorDataset",
        shapes,
      });
    }
    this.tensors = tensors;
    rememberInstance(this, new.target, TensorDataset, "TensorDataset", import.meta.url, tensors);
  }

  get(index: number): TensorBatch<T> {
    const row = checkIndex("TensorDataset", index, this.length);
    return this.tensors.map((t) => t.select(0, row)) as unknown as TensorBatch<T>;
  }

  getBatch(indices: Indices): Batched<TensorBatch<T>> {
    return gatherRows(this.tensors, indices) as unknown as Batched<TensorBatch<T>>;
  }
}

/**
 * Some items of a dataset, in the order of `indices`.
 * @throws ArgumentError if it is no dataset, or `indices` are no array.
 * @throws IndexError if an index is none of the dataset's.
 * @example new Subset(dataset, [0, 2, 4]).length // 3
 */
export class Subset<T> implements Dataset<T> {
  /** Number of chosen items. */
  readonly length: number;
  /**
   * A batch of chosen items, where the dataset itself has `getBatch`.
   * @throws IndexError if there is no such item.
   */
  declare getBatch?: (indices: Indices, context?: EpochContext) => Batched<T> | Promise<Batched<T>>;

  constructor(
    /** Where the items come from. */
    readonly dataset: Dataset<T>,
    /** The chosen positions in `dataset`. */
    readonly indices: Indices,
    ...surplus: []
  ) {
    noMore("Subset", surplus);
    checkIsDataset("Subset", dataset);
    checkArray("Subset", "indices", indices, true);
    this.length = indices.length;
    rememberInstance(this, new.target, Subset, "Subset", import.meta.url, [dataset, indices]);
    for (const index of indices) checkIndex("Subset", index, dataset.length);
    // Present only where the dataset has it, because the loader asks by presence.
    if (dataset.getBatch) {
      this.getBatch = (batch, context) =>
        dataset.getBatch?.(
          Array.from(batch, (i) => this.source(i)),
          context,
        ) as never;
    }
  }

  private source(index: number): number {
    return this.indices[checkIndex("Subset", index, this.length)] as number;
  }

  get(index: number, context?: EpochContext): T | Promise<T> {
    return this.dataset.get(this.source(index), context);
  }
}

/** Throws unless `value` has what a dataset needs. */
function checkIsDataset(op: string, value: unknown): void {
  const { length, get } = (value ?? {}) as Partial<Dataset<unknown>>;
  if (typeof length === "number" && typeof get === "function") return;
  throw new ArgumentError(`${op}: a dataset needs \`length\` and \`get(index)\`, got ${shownValue(value)}`, { op });
}

/**
 * Datasets one after the other.
 * @throws ArgumentError if there are none, or something is no dataset.
 * @example new ConcatDataset([english, spanish])
 */
export class ConcatDataset<T> implements Dataset<T> {
  /** Items of all datasets together. */
  readonly length: number;

  constructor(
    /** The datasets, in order. */
    readonly datasets: readonly Dataset<T>[],
    ...surplus: []
  ) {
    noMore("ConcatDataset", surplus);
    checkArray("ConcatDataset", "datasets", datasets);
    for (const dataset of datasets) checkIsDataset("ConcatDataset", dataset);
    if (datasets.length === 0)
      throw new ArgumentError("ConcatDataset: needs at least one dataset", { op: "ConcatDataset" });
    this.length = datasets.reduce((sum, dataset) => sum + dataset.length, 0);
    rememberInstance(this, new.target, ConcatDataset, "ConcatDataset", import.meta.url, [datasets]);
  }

  get(index: number, context?: EpochContext): T | Promise<T> {
    let rest = checkIndex("ConcatDataset", index, this.length);
    for (const dataset of this.datasets) {
      if (rest < dataset.length) return dataset.get(rest, context);
      rest -= dataset.length;
    }
    throw new IndexError(`ConcatDataset: a dataset changed its length; index ${index}`, { op: "ConcatDataset" });
  }
}

type Stacked<D> = { -readonly [K in keyof D]: D[K] extends Dataset<infer T> ? T : never };

/**
 * Datasets side by side: item i is the i-th item of each, as a tuple, or as an object where they are given by name.
 * @throws ArgumentError unless there is one and all have the same length.
 * @example
 * const pairs = new StackDataset({ image: photos, mask: masks }); // two data sets
 * const { image, mask } = await pairs.get(0);
 */
export class StackDataset<const D extends readonly Dataset<unknown>[] | Readonly<Record<string, Dataset<unknown>>>>
  implements Dataset<Stacked<D>>
{
  /** Items of each dataset. */
  readonly length: number;

  constructor(
    /** The datasets, as given. */
    readonly datasets: D,
    ...surplus: []
  ) {
    noMore("StackDataset", surplus);
    const all = Object.values(datasets ?? {}) as Dataset<unknown>[];
    for (const dataset of all) checkIsDataset("StackDataset", dataset);
    const lengths = all.map(({ length }) => length);
    this.length = lengths[0] ?? -1;
    if (this.length < 0 || lengths.some((length) => length !== this.length)) {
      throw new ArgumentError(
        `StackDataset: datasets need the same length, got [${lengths.join(", ")}]; use Subset to cut the longer ones`,
        { op: "StackDataset" },
      );
    }
    rememberInstance(this, new.target, StackDataset, "StackDataset", import.meta.url, [datasets]);
  }

  get(index: number, context?: EpochContext): Stacked<D> | Promise<Stacked<D>> {
    const at = checkIndex("StackDataset", index, this.length);
    const entries = Object.entries(this.datasets as Readonly<Record<string, Dataset<unknown>>>);
    const items = entries.map(([, dataset]) => dataset.get(at, context));
    const assemble = (values: readonly unknown[]): Stacked<D> =>
      (Array.isArray(this.datasets)
        ? values
        : Object.fromEntries(entries.map(([name], i) => [name, values[i]]))) as Stacked<D>;
    return items.some((item) => item instanceof Promise) ? Promise.all(items).then(assemble) : assemble(items);
  }
}

/**
 * Random disjoint subsets of a dataset.
 * @param lengths - sizes that add up to `dataset.length`, or fractions that add up to 1.
 * @param options - `seed` (default 0): the same seed gives the same split; or `generator`, whose seed is taken.
 * @throws ArgumentError if the lengths do not add up, or `seed` and `generator` are both given.
 * @example const [train, validation] = randomSplit(dataset, [0.9, 0.1], { seed: 1 });
 */
export function randomSplit<T>(
  dataset: Dataset<T>,
  lengths: readonly number[],
  options: SeedOptions = {},
  ...surplus: []
): Subset<T>[] {
  noMore("randomSplit", surplus);
  checkOptions("randomSplit", options, seedKinds);
  checkIsDataset("randomSplit", dataset);
  checkArray("randomSplit", "lengths", lengths);
  const sizes = splitSizes(lengths, dataset.length);
  const order = permutation(dataset.length, new RandomSequence(seedOf("randomSplit", options), "split"));
  let start = 0;
  return sizes.map((size) => {
    start += size;
    return new Subset(dataset, order.subarray(start - size, start));
  });
}

/** Fractions round down; what is left over goes to the first parts, one each, as in PyTorch. */
function splitSizes(lengths: readonly number[], total: number): number[] {
  const sum = lengths.reduce((a, b) => a + b, 0);
  const areFractions = Math.abs(sum - 1) < 1e-6 && lengths.every((x) => x >= 0 && x <= 1);
  if (areFractions && !(total === 1 && lengths.every(Number.isInteger))) {
    const sizes = lengths.map((fraction) => Math.floor(fraction * total));
    const rest = total - sizes.reduce((a, b) => a + b, 0);
    return sizes.map((size, i) => size + Math.floor(rest / sizes.length) + (i < rest % sizes.length ? 1 : 0));
  }
  if (sum !== total || lengths.some((x) => !Number.isInteger(x) || x < 0)) {
    throw new ArgumentError(
      `randomSplit: lengths [${lengths.join(", ")}] add up to ${sum}, the dataset has ${total} items; give sizes that add up to it, or fractions that add up to 1`,
      { op: "randomSplit" },
    );
  }
  return [...lengths];
}

// Datasets that come as a stream: no length, no index.
import { ArgumentError, checkArray, noMore } from "../base/index.js";
import type { EpochContext } from "./dataset.js";
import { rememberInstance } from "./recipe.js";

/**
 * Items one after the other, as from a file that is too large to index. A loader cuts them into batches; `shuffle` and samplers
 * do not apply.
 * @example
 * class Lines extends IterableDataset<string> {
 *   async *iterate() {
 *     for await (const line of readline.createInterface(createReadStream("corpus.txt"))) yield line;
 *   }
 * }
 */
export abstract class IterableDataset<T> {
  constructor(...surplus: []) {
    noMore(new.target.name, surplus);
  }

  /**
   * The items of one epoch; `context` has the loader's seed and the epoch. A class that iterates itself, by `[Symbol.iterator]` or
   * `[Symbol.asyncIterator]`, needs no more.
   * @throws ArgumentError if the class has none of them.
   */
  iterate(_context: EpochContext): Iterable<T> | AsyncIterable<T> {
    if (Symbol.iterator in this || Symbol.asyncIterator in this) return this as Iterable<T> | AsyncIterable<T>;
    throw new ArgumentError(
      `IterableDataset: ${this.constructor.name} must define iterate(context), [Symbol.iterator]() or [Symbol.asyncIterator]()`,
      { op: "IterableDataset", fix: "iterate" },
    );
  }
}

/**
 * Streams one after the other.
 * @throws ArgumentError if there are none.
 */
export class ChainDataset<T> extends IterableDataset<T> {
  constructor(
    /** The datasets, in order. */
    readonly datasets: readonly IterableDataset<T>[],
    ...surplus: []
  ) {
    super(...surplus);
    checkArray("ChainDataset", "datasets", datasets);
    if (datasets.length === 0)
      throw new ArgumentError("ChainDataset: needs at least one dataset", { op: "ChainDataset" });
    rememberInstance(this, new.target, ChainDataset, "ChainDataset", import.meta.url, [datasets]);
  }

  override async *iterate(context: EpochContext): AsyncGenerator<T, void, undefined> {
    for (const dataset of this.datasets) yield* dataset.iterate(context);
  }
}

/** Groups of `size` items of a stream; the last one may be smaller. */
export function* grouped<T>(items: Iterable<T>, size: number, dropLast: boolean): Generator<T[], void, undefined> {
  let group: T[] = [];
  for (const item of items) {
    group.push(item);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0 && !dropLast) yield group;
}

/** As `grouped`, of a stream that may be asynchronous. */
export async function* groupedAsync<T>(
  items: Iterable<T> | AsyncIterable<T>,
  size: number,
  dropLast: boolean,
): AsyncGenerator<T[], void, undefined> {
  let group: T[] = [];
  for await (const item of items) {
    group.push(item);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0 && !dropLast) yield group;
}

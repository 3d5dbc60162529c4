// Makes batches of a dataset: in the thread of the loader, or in its workers by the same code.
import { Generator, quietly, withGenerator } from "../tensor/index.js";
import { defaultCollate } from "./collate.js";
import type { Dataset, EpochContext, Indices } from "./dataset.js";
import { RandomSequence } from "./philox.js";

export type Collate = (items: unknown[]) => unknown;

export function isPromise(value: unknown): value is Promise<unknown> {
  return value instanceof Promise;
}

/** The list of items itself: whoever asked collates. */
export const asItems: Collate = (items) => items;

/**
 * The batch of `indices`: the dataset's own `getBatch`, or its items put together by `collate`. `failed` hears which sample an
 * error came from.
 *
 * What a dataset draws from the default generator depends on seed, epoch and sample only (a `getBatch`: on its first
 * sample), so that neither batch size nor workers change it; after an `await` it is the thread's own generator again.
 */
export function makeBatch(
  dataset: Dataset<unknown>,
  collate: Collate | null,
  indices: Indices,
  context: EpochContext,
  failed: (index: number) => void = () => {},
): unknown {
  // Quietly: a lazy batch is part of the step that uses it, and a step need not store it for the user besides.
  return quietly(() => {
    if (dataset.getBatch && !collate) {
      return seeded(context, indices[0] ?? 0, () => dataset.getBatch?.(indices, context));
    }
    const join = collate ?? (defaultCollate as Collate);
    const items = Array.from(indices, (index) => getItem(dataset, index, context, failed));
    return items.some(isPromise) ? Promise.all(items).then(join) : join(items);
  });
}

function getItem(
  dataset: Dataset<unknown>,
  index: number,
  context: EpochContext,
  failed: (index: number) => void,
): unknown {
  const passOn = (error: unknown): never => {
    failed(index);
    throw error;
  };
  try {
    const item = seeded(context, index, () => dataset.get(index, context));
    return isPromise(item) ? item.catch(passOn) : item;
  } catch (error) {
    return passOn(error);
  }
}

function seeded<R>({ seed, epoch }: EpochContext, index: number, fn: () => R): R {
  return withGenerator(new Generator({ seed: new RandomSequence(seed, "generator", epoch, index).wide() }), fn);
}

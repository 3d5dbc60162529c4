// The batches of an epoch from worker threads, in the order that one thread would give them.
import type { Indices } from "./dataset.js";
import type { Packed } from "./transfer.js";
import type { WorkerPool } from "./worker-pool.js";

export interface WorkerEpoch {
  readonly pool: WorkerPool;
  readonly numWorkers: number;
  /** Batches a worker is asked for ahead of need. */
  readonly prefetchFactor: number;
  /** Tells iterations apart. */
  readonly iteration: number;
  readonly seed: number;
  readonly epoch: number;
}

/** Keeps a failure of a batch fetched ahead quiet until that batch is due. */
function ahead(batch: Promise<Packed | null>): Promise<Packed | null> {
  batch.catch(() => {});
  return batch;
}

/** Batch i is made by worker i modulo their number. */
export async function* indexedBatches(epoch: WorkerEpoch, indices: Iterator<Indices>): AsyncGenerator<Packed> {
  const { pool, numWorkers, prefetchFactor, iteration, seed } = epoch;
  const pending: Promise<Packed | null>[] = [];
  for (let asked = 0; ; ) {
    while (pending.length < numWorkers * prefetchFactor) {
      const step = indices.next();
      if (step.done) break;
      const request = { iteration, seed, epoch: epoch.epoch, indices: step.value };
      pending.push(ahead(pool.request(asked++ % numWorkers, request)));
    }
    const batch = await pending.shift();
    if (!batch) return;
    yield batch;
  }
}

/** The workers' streams by turns; one that has ended is passed over. */
export async function* streamedBatches(epoch: WorkerEpoch): AsyncGenerator<Packed> {
  const { pool, numWorkers, prefetchFactor, iteration, seed } = epoch;
  const request = { iteration, seed, epoch: epoch.epoch, indices: null };
  const ask = (worker: number) => ahead(pool.request(worker, request));
  let streams = Array.from({ length: numWorkers }, (_, worker) => ({
    worker,
    pending: Array.from({ length: prefetchFactor }, () => ask(worker)),
  }));
  while (streams.length > 0) {
    for (const stream of streams) {
      const batch = await stream.pending.shift();
      if (batch) {
        stream.pending.push(ask(stream.worker));
        yield batch;
      } else {
        streams = streams.filter((other) => other !== stream);
      }
    }
  }
}

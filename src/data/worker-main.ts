// The side of a loader's worker thread: makes the dataset again, then batches as they are asked for, one after the other.
import type { WorkerChannel } from "#platform";
import { manualSeed, quietly, ready, Tensor } from "../tensor/index.js";
import { asItems, type Collate, makeBatch } from "./batch-maker.js";
import { defaultCollate } from "./collate.js";
import type { Dataset, EpochContext } from "./dataset.js";
import { groupedAsync, IterableDataset } from "./iterable-dataset.js";
import { RandomSequence } from "./philox.js";
import { pack, unpackMade } from "./transfer.js";
import { setWorkerInfo } from "./worker-info.js";
import type { BatchRequest, Failure, Reply, WorkerData } from "./worker-protocol.js";

/** The entry of a module worker. Requests that come before the dataset is there wait. */
export function serve(channel: WorkerChannel): void {
  const worker = new BatchWorker(channel);
  let queue = Promise.resolve();
  channel.onMessage((message) => {
    queue = queue.then(() => worker.answer(message as BatchRequest));
  });
}

class BatchWorker {
  readonly #channel: WorkerChannel;
  readonly #data: WorkerData;
  #dataset: Promise<unknown> | null = null;
  #collate: Collate | null = null;
  /** Iteration whose epoch the generator was seeded for, and its stream. */
  #iteration = -1;
  #stream: AsyncGenerator<unknown[], void, undefined> | null = null;

  constructor(channel: WorkerChannel) {
    this.#channel = channel;
    this.#data = channel.data as WorkerData;
  }

  async answer(request: BatchRequest): Promise<void> {
    let failed: number | null = null;
    try {
      const dataset = await this.#enter(request);
      const batch =
        request.indices === null
          ? await this.#next()
          : await makeBatch(dataset as Dataset<unknown>, this.#collate, request.indices, request, (index) => {
              failed ??= index;
            });
      if (batch === ended) this.#send({ id: request.id, kind: "end" });
      else await this.#sendBatch(request.id, batch);
    } catch (error) {
      this.#send({ id: request.id, kind: "failure", failure: failureOf(error, failed) });
    }
  }

  /** Seeds what draws after an `await`, and streams, anew for each epoch; gives the dataset, made at the first request. */
  async #enter({ iteration, seed, epoch }: BatchRequest): Promise<unknown> {
    const { id, numWorkers } = this.#data;
    if (iteration !== this.#iteration) {
      // Workers' seeds are neighbours, as in PyTorch; the low bits make room for them.
      const workerSeed = new RandomSequence(seed, "worker", epoch).bits() * 2 ** 16 + id;
      setWorkerInfo({ id, numWorkers, seed: workerSeed });
      manualSeed(workerSeed);
    }
    this.#dataset ??= this.#make();
    const dataset = await this.#dataset;
    if (iteration !== this.#iteration) {
      this.#iteration = iteration;
      await this.#stream?.return();
      this.#stream = dataset instanceof IterableDataset ? this.#open(dataset, { seed, epoch }) : null;
    }
    return dataset;
  }

  async #make(): Promise<unknown> {
    const { dataset, collate } = this.#data;
    const { load } = this.#channel;
    if (collate === "items") this.#collate = asItems;
    else if (collate) this.#collate = (await unpackMade(collate, load)) as Collate;
    return unpackMade(dataset, load);
  }

  #open(dataset: IterableDataset<unknown>, context: EpochContext): AsyncGenerator<unknown[], void, undefined> {
    return groupedAsync(dataset.iterate(context), this.#data.batchSize, this.#data.dropLast);
  }

  async #next(): Promise<unknown> {
    const step = await this.#stream?.next();
    if (!step || step.done) return ended;
    const join = this.#collate ?? (defaultCollate as Collate);
    return quietly(() => join(step.value));
  }

  async #sendBatch(id: number, batch: unknown): Promise<void> {
    // All tensors of a batch in one program.
    await ready(...tensorsIn(batch));
    const buffers: ArrayBuffer[] = [];
    const packed = pack(batch, "the batch", buffers);
    this.#channel.post({ id, kind: "batch", batch: packed } satisfies Reply, buffers);
  }

  #send(reply: Reply): void {
    this.#channel.post(reply, []);
  }
}

/** Stands for a batch after the last one. */
const ended = Symbol("ended");

function* tensorsIn(value: unknown): Generator<Tensor> {
  if (value instanceof Tensor) yield value;
  else if (Array.isArray(value) || value instanceof Map) for (const item of value) yield* tensorsIn(item);
  else if (value !== null && typeof value === "object" && !ArrayBuffer.isView(value)) {
    for (const item of Object.values(value)) yield* tensorsIn(item);
  }
}

function failureOf(error: unknown, index: number | null): Failure {
  if (!(error instanceof Error)) return { name: "Error", message: String(error), stack: "", index };
  return { name: error.name, message: error.message, stack: error.stack ?? "", index };
}

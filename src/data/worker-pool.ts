// The side of the loader: its worker threads, what they were asked, and their errors in words.
import { type ModuleWorker, platform } from "#platform";
import * as base from "../base/index.js";
import { targetName } from "../tensor/index.js";
import { recipeOf } from "./recipe.js";
import { type Packed, packRecipe } from "./transfer.js";
import type { BatchRequest, Failure, Reply, WorkerData } from "./worker-protocol.js";

/** This file's extension is that of the entry: sources and build are both complete. */
const entry = new URL(import.meta.url.endsWith(".ts") ? "./worker-main.ts" : "./worker-main.js", import.meta.url).href;

interface Waiting {
  readonly worker: number;
  readonly settle: (reply: Reply) => void;
  readonly fail: (error: unknown) => void;
}

export interface PoolOptions {
  readonly numWorkers: number;
  readonly dataset: object;
  readonly collate: object | null;
  readonly batchSize: number;
  readonly dropLast: boolean;
}

/** Whether workers can collate by themselves: else the loader does, as functions do not travel. */
export function isPortable(collate: object | null): boolean {
  return collate === null || recipeOf(collate) !== null;
}

export class WorkerPool {
  readonly #workers: ModuleWorker[] = [];
  readonly #outstanding: number[] = [];
  readonly #waiting = new Map<number, Waiting>();
  #requests = 0;
  #isClosed = false;

  /** @throws DeviceError where the host has no such workers; ArgumentError for a dataset that they could not make. */
  constructor(options: PoolOptions) {
    const { numWorkers, batchSize, dropLast } = options;
    const start = platform.startModuleWorker;
    if (!start) {
      throw new base.DeviceError(`DataLoader: this host has no workers that load modules; set numWorkers to 0`, {
        op: "DataLoader",
        fix: "numWorkers: 0",
      });
    }
    const dataset = packDataset(options.dataset, numWorkers);
    const collate = packCollate(options.collate);
    // The workers are the parallelism: each computes alone, as its loader's thread would.
    const env = { GRADUS_THREADS: "1", GRADUS_TARGET: targetName() };
    for (let id = 0; id < numWorkers; id++) {
      const data: WorkerData = { id, numWorkers, dataset, collate, batchSize, dropLast };
      const onMessage = (message: unknown) => this.#settle(message as Reply);
      this.#workers.push(start({ module: entry, data, env, onMessage, onFailure: (error) => this.#ended(id, error) }));
      this.#outstanding.push(0);
    }
  }

  /** False once it was closed, or a worker ended by itself. */
  get isUsable(): boolean {
    return !this.#isClosed;
  }

  /** A batch, or null at the end of the worker's stream. */
  async request(worker: number, request: Omit<BatchRequest, "id">): Promise<Packed | null> {
    const reply = await this.#post(worker, { ...request, id: this.#requests++ });
    if (reply.kind === "failure") throw asError(worker, reply.failure, request.indices);
    return reply.kind === "batch" ? reply.batch : null;
  }

  /** Ends the workers; what they were asked is never answered. */
  close(): void {
    this.#isClosed = true;
    for (const worker of this.#workers) worker.terminate();
    this.#waiting.clear();
  }

  #post(worker: number, request: BatchRequest): Promise<Reply> {
    return new Promise((settle, fail) => {
      if (this.#isClosed) {
        fail(new base.ArgumentError("DataLoader: its workers were closed during the iteration", { op: "DataLoader" }));
        return;
      }
      this.#waiting.set(request.id, { worker, settle, fail });
      this.#count(worker, 1);
      this.#workers[worker]?.post(request);
    });
  }

  #settle(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    if (!waiting) return;
    this.#waiting.delete(reply.id);
    this.#count(waiting.worker, -1);
    waiting.settle(reply);
  }

  /** A worker keeps the process alive while someone waits for it. */
  #count(worker: number, change: number): void {
    const before = this.#outstanding[worker] as number;
    this.#outstanding[worker] = before + change;
    if (before === 0 || before + change === 0) this.#workers[worker]?.hold(before === 0);
  }

  #ended(id: number, error: unknown): void {
    if (this.#isClosed) return;
    const reason = error instanceof Error ? error.message : String(error);
    const waiting = [...this.#waiting.values()];
    this.close();
    const failure = new base.FormatError(`DataLoader: worker ${id} ended: ${reason}`, {
      op: "DataLoader",
      cause: error,
    });
    for (const { fail } of waiting) fail(failure);
  }
}

function packDataset(dataset: object, numWorkers: number): Packed {
  const recipe = recipeOf(dataset);
  if (recipe) return packRecipe(recipe);
  const kind = dataset.constructor?.name === "Object" ? "an object" : `a ${dataset.constructor?.name}`;
  throw new base.ArgumentError(
    `DataLoader: numWorkers ${numWorkers} needs a data set that worker threads can make again, and this one is ${kind} made here; make it with fromModule(new URL("./file.js", import.meta.url), "name", …arguments)`,
    { op: "DataLoader", fix: "fromModule" },
  );
}

function packCollate(collate: object | null): Packed | "items" | null {
  if (collate === null) return null;
  const recipe = recipeOf(collate);
  return recipe ? packRecipe(recipe) : "items";
}

type ErrorClass = new (message: string, details: base.ErrorDetails) => Error;

/** Of the class it had, if that is one of ours: the message says the rest. */
function asError(worker: number, failure: Failure, indices: BatchRequest["indices"]): Error {
  const { name, message, index, stack } = failure;
  const cause = new Error(message);
  cause.name = name;
  cause.stack = stack;
  const own = (base as Readonly<Record<string, unknown>>)[name] as ErrorClass | undefined;
  const Family = own && name !== "InternalError" ? own : base.FormatError;
  const said = own ? message : `${name}: ${message}`;
  return new Family(`DataLoader: worker ${worker} failed${where(index, indices)}: ${said}`, {
    op: "DataLoader",
    cause,
  });
}

function where(index: number | null, indices: BatchRequest["indices"]): string {
  if (index !== null) return ` at sample ${index}`;
  if (!indices) return "";
  const shown = Array.from(indices.slice(0, 8)).join(", ");
  return ` in the batch of samples ${shown}${indices.length > 8 ? ", …" : ""}`;
}

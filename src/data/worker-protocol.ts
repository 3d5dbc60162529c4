// What a loader and its worker threads say to each other.
import type { Packed } from "./transfer.js";

/** What a worker starts with. */
export interface WorkerData {
  readonly id: number;
  readonly numWorkers: number;
  readonly dataset: Packed;
  /** Null: the default; "items": the loader collates. */
  readonly collate: Packed | "items" | null;
  /** Of batches of a stream. */
  readonly batchSize: number;
  readonly dropLast: boolean;
}

/** Asks for a batch: of these indices, or the next one of the worker's stream of an iteration. */
export interface BatchRequest {
  readonly id: number;
  readonly iteration: number;
  readonly seed: number;
  readonly epoch: number;
  readonly indices: readonly number[] | Int32Array | null;
}

/** An error in words: classes do not survive the way. */
export interface Failure {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  /** Of the sample whose making failed; null if that cannot be told. */
  readonly index: number | null;
}

export type Reply =
  | { readonly id: number; readonly kind: "batch"; readonly batch: Packed }
  | { readonly id: number; readonly kind: "end" }
  | { readonly id: number; readonly kind: "failure"; readonly failure: Failure };

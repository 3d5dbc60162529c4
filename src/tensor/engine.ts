// How pending graphs are computed: by the reference interpreter of whole graphs, or compiled for a target.
import { Storage } from "../base/index.js";
import type { NdArray, Node } from "../graph/index.js";
import { interpret } from "../ops/index.js";

export interface StepRequest {
  readonly outputs: readonly Node[];
  /** `value` is written over the storage of `target`, a realised node, after everything else was read. */
  readonly updates: readonly { readonly value: Node; readonly target: Node }[];
}

/** Computes the request and attaches storages to its nodes. */
export function runStep({ outputs, updates }: StepRequest): void {
  const results = interpret([...outputs, ...updates.map(({ value }) => value)]);
  outputs.forEach((node, i) => {
    node.realize(toStorage(results[i] as NdArray));
  });
  updates.forEach(({ value, target }, i) => {
    const storage = target.storage as Storage;
    overwrite(storage, results[outputs.length + i] as NdArray);
    value.realize(storage);
  });
}

function toStorage({ dtype, data }: NdArray): Storage {
  return Storage.from(dtype, data);
}

function overwrite(storage: Storage, { data }: NdArray): void {
  const bytes = new Uint8Array(storage.hostBuffer(), 0, data.byteLength);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  storage.version++;
}

// Checkpoints: one safetensors file, tensors as such and everything else as JSON in its header, replaced as a whole.
import { FormatError, noMore, readBytes, writeBytes } from "../base/index.js";
import { decodeSafetensors, encodeSafetensors } from "./safetensors.js";
import { joinState, type StateObject, splitState } from "./state-tree.js";

/** Raised when old checkpoints cannot be read any more. */
const version = "1";
const formatName = "gradus-checkpoint";

/**
 * Writes all a training run needs to go on: nested objects and arrays of tensors, numbers, texts. An older checkpoint is replaced
 * as a whole or not at all. Shapes: any; dtypes and bits stay.
 * @throws FormatError if it cannot be written, holds something else (a function, a typed array, a module in place of its state), or a
 * key is one of those that stand for tensors and numbers, such as `$tensor`.
 * @example
 * saveCheckpoint("run.ckpt", {
 *   model: model.stateDict(),
 *   optimizer: optimizer.stateDict(),
 *   scheduler: scheduler.stateDict(),
 *   loader: loader.stateDict(),
 *   epoch,
 * });
 */
export function saveCheckpoint(path: string, state: object, ...surplus: []): void {
  noMore("saveCheckpoint", surplus);
  const { json, tensors } = splitState(state);
  writeBytes(
    "checkpoint",
    path,
    encodeSafetensors(tensors, { metadata: { format: formatName, version, state: json } }),
  );
}

/**
 * Reads a checkpoint, as it was given to `saveCheckpoint`. Shapes: those of the file.
 * @throws FormatError if the file is missing, damaged, or no checkpoint of this version.
 */
export function loadCheckpoint(path: string, ...surplus: []): StateObject {
  noMore("loadCheckpoint", surplus);
  const { tensors, metadata } = decodeSafetensors(readBytes("checkpoint", path), path);
  if (metadata.format !== formatName || metadata.state === undefined) {
    throw new FormatError(`checkpoint: ${path} is a safetensors file but not a checkpoint of gradus train`);
  }
  if (metadata.version !== version) {
    throw new FormatError(
      `checkpoint: ${path} has version ${metadata.version}, this program reads version ${version}; use the gradus that wrote it`,
    );
  }
  return joinState({ json: metadata.state, tensors });
}

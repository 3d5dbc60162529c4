// Checkpoints: one safetensors file, tensors as such and everything else as JSON in its header, replaced as a whole.
import { readFileSync } from "node:fs";
import { FormatError } from "../base/index.js";
import { decodeSafetensors, encodeSafetensors } from "../formats/index.js";
import { reason, writeFileAtomic } from "./files.js";
import { joinState, type StateObject, splitState } from "./state-tree.js";

/** Raised when old checkpoints cannot be read any more. */
const version = "1";
const formatName = "gradus-checkpoint";

/** Writes a checkpoint; an older one is replaced as a whole or not at all. */
export function saveCheckpoint(path: string, state: StateObject): void {
  const { json, tensors } = splitState(state);
  writeFileAtomic(path, encodeSafetensors(tensors, { metadata: { format: formatName, version, state: json } }));
}

/**
 * Reads a checkpoint.
 * @throws FormatError if the file is missing, damaged, or no checkpoint of this version.
 */
export function loadCheckpoint(path: string): StateObject {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    const what = (cause as { code?: string }).code === "ENOENT" ? "there is no such file" : reason(cause);
    throw new FormatError(`checkpoint: cannot read ${path}: ${what}`, { cause });
  }
  const { tensors, metadata } = decodeSafetensors(bytes, path);
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

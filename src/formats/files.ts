// Saving and loading named tensors as files.
import { platform } from "#platform";
import { checkOptions, DeviceError, FormatError } from "../base/index.js";
import type { Tensor } from "../tensor/index.js";
import { decodeSafetensors, encodeSafetensors, type NamedTensors, type SafetensorsContent } from "./safetensors.js";

export interface SaveOptions {
  /** Free text by key, kept in the file's header. */
  readonly metadata?: Readonly<Record<string, string>>;
}

function files(op: string): NonNullable<typeof platform.files> {
  if (platform.files) return platform.files;
  throw new DeviceError(`${op}: this host has no files; use encodeSafetensors and decodeSafetensors`, { op });
}

/**
 * Saves tensors, such as a model's `stateDict()`, as a safetensors file. An older file is replaced as a whole or not at all.
 * @throws FormatError if the file cannot be written.
 * @example await save("model.safetensors", model.stateDict());
 */
export async function save(file: string, tensors: NamedTensors, options: SaveOptions = {}): Promise<void> {
  checkOptions("save", options, ["metadata"]);
  const bytes = encodeSafetensors(tensors, options);
  try {
    files("save").writeFileAtomic(file, bytes);
  } catch (cause) {
    if (cause instanceof DeviceError) throw cause;
    throw new FormatError(`save: cannot write ${file}: ${(cause as Error).message}`, { op: "save", cause });
  }
}

/**
 * Reads a safetensors file: its tensors, for `loadStateDict`.
 * @throws FormatError if the file is missing, truncated or damaged.
 * @example model.loadStateDict(await load("model.safetensors"));
 */
export async function load(file: string): Promise<Record<string, Tensor>> {
  return (await loadWithMetadata(file)).tensors;
}

/** As `load`, with the metadata. */
export async function loadWithMetadata(file: string): Promise<SafetensorsContent> {
  const source = files("load");
  if (!source.fileExists(file)) throw new FormatError(`load: ${file} does not exist`, { op: "load" });
  let bytes: Uint8Array;
  try {
    bytes = source.readFile(file);
  } catch (cause) {
    throw new FormatError(`load: cannot read ${file}: ${(cause as Error).message}`, { op: "load", cause });
  }
  return decodeSafetensors(bytes, file);
}

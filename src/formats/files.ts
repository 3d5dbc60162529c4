// Saving and loading named tensors as files.
import { checkOptions, noMore, readBytes, writeBytes } from "../base/index.js";
import type { Tensor } from "../tensor/index.js";
import { decodeNpy, decodeNpz, encodeNpy, encodeNpz } from "./npy.js";
import { decodeSafetensors, encodeSafetensors, type NamedTensors, type SafetensorsContent } from "./safetensors.js";
import { decodeTorch, encodeTorch, type TorchValue } from "./torch.js";

/** Options of `save`. */
export interface SaveOptions {
  /** Free text by key, kept in the file's header. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Saves tensors, such as a model's `stateDict()`, as a safetensors file. An older file is replaced as a whole or not at all. Shapes: any;
 * dtypes and bits stay.
 * @throws FormatError if the file cannot be written, or a tensor is called `__metadata__`.
 * @example await save("model.safetensors", model.stateDict());
 */
export async function save(
  file: string,
  tensors: NamedTensors,
  options: SaveOptions = {},
  ...surplus: []
): Promise<void> {
  noMore("save", surplus);
  checkOptions("save", options, ["metadata"]);
  writeBytes("save", file, encodeSafetensors(tensors, options));
}

/**
 * Reads a safetensors file: its tensors, for `loadStateDict`.
 * @throws FormatError if the file is missing, truncated or damaged.
 * @example model.loadStateDict(await load("model.safetensors"));
 */
export async function load(file: string, ...surplus: []): Promise<Record<string, Tensor>> {
  noMore("load", surplus);
  return (await loadWithMetadata(file)).tensors;
}

/**
 * As `load`, with the metadata: `{ tensors, metadata }`. Shapes: those of the file.
 * @throws FormatError if the file is missing, truncated or damaged.
 */
export async function loadWithMetadata(file: string, ...surplus: []): Promise<SafetensorsContent> {
  noMore("loadWithMetadata", surplus);
  return decodeSafetensors(readBytes("load", file), file);
}

/**
 * Reads a file that `torch.save` wrote (`.pt`, `.pth`, `.bin`; zip and legacy). No code in it is run: see decodeTorch.
 * @throws FormatError if the file is missing, damaged, or holds more than plain data.
 * @example
 * const state = (await loadTorch("model.pt")) as Record<string, Tensor>;
 * model.loadStateDict(state);
 */
export async function loadTorch(file: string, ...surplus: []): Promise<TorchValue> {
  noMore("loadTorch", surplus);
  return decodeTorch(readBytes("loadTorch", file), file);
}

/**
 * Writes a file that `torch.load` reads: see encodeTorch. An older file is replaced as a whole or not at all.
 * @throws FormatError if a value has no form in PyTorch, or the file cannot be written.
 * @example await saveTorch("model.pt", model.stateDict());
 */
export async function saveTorch(file: string, value: TorchValue, ...surplus: []): Promise<void> {
  noMore("saveTorch", surplus);
  writeBytes("saveTorch", file, encodeTorch(value));
}

/**
 * Reads a .npy file: see decodeNpy. Shapes: that of the array.
 * @throws FormatError if it is missing, damaged, or of a dtype that tensors do not have.
 */
export async function loadNpy(file: string, ...surplus: []): Promise<Tensor> {
  noMore("loadNpy", surplus);
  return decodeNpy(readBytes("loadNpy", file), file);
}

/**
 * Reads a .npz file: its arrays by name. Shapes: those of the arrays.
 * @throws FormatError if it is missing, damaged or compressed.
 */
export async function loadNpz(file: string, ...surplus: []): Promise<Record<string, Tensor>> {
  noMore("loadNpz", surplus);
  return decodeNpz(readBytes("loadNpz", file), file);
}

/**
 * Writes a .npy file for `np.load`. Shapes: any; dtypes stay.
 * @throws FormatError if it cannot be written, or the tensor is bfloat16, which NumPy does not have.
 * @example await saveNpy("x.npy", x)
 */
export async function saveNpy(file: string, value: Tensor, ...surplus: []): Promise<void> {
  noMore("saveNpy", surplus);
  writeBytes("saveNpy", file, encodeNpy(value));
}

/**
 * Writes a .npz file for `np.load`. Shapes: any; dtypes stay.
 * @throws FormatError if it cannot be written, or a tensor is bfloat16, which NumPy does not have.
 * @example await saveNpz("data.npz", { x, y })
 */
export async function saveNpz(file: string, arrays: Readonly<Record<string, Tensor>>, ...surplus: []): Promise<void> {
  noMore("saveNpz", surplus);
  writeBytes("saveNpz", file, encodeNpz(arrays));
}

// File formats: safetensors, PyTorch's and NumPy's files, checkpoints.
export { loadCheckpoint, saveCheckpoint } from "./checkpoint.js";
export {
  load,
  loadNpy,
  loadNpz,
  loadTorch,
  loadWithMetadata,
  type SaveOptions,
  save,
  saveNpy,
  saveNpz,
  saveTorch,
} from "./files.js";
export { decodeNpy, decodeNpz, encodeNpy, encodeNpz } from "./npy.js";
export { decodeSafetensors, encodeSafetensors, type NamedTensors, type SafetensorsContent } from "./safetensors.js";
export { joinState, type SplitState, type State, type StateObject, splitState } from "./state-tree.js";
export { decodeTorch, encodeTorch, type TorchValue } from "./torch.js";

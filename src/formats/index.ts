// File formats: safetensors.
export { load, loadWithMetadata, save, type SaveOptions } from "./files.js";
export { decodeSafetensors, encodeSafetensors, type NamedTensors, type SafetensorsContent } from "./safetensors.js";

// File formats: safetensors.
export { load, loadWithMetadata, type SaveOptions, save } from "./files.js";
export { decodeSafetensors, encodeSafetensors, type NamedTensors, type SafetensorsContent } from "./safetensors.js";

// For each error that a docstring of gradus/formats names, a call that throws it.
import { join } from "node:path";
import { zeros } from "gradus";
import * as formats from "gradus/formats";
import type { ThrownErrors } from "./types.js";

/** Below a file, not a folder: nothing can be read or written there. */
const missing = join(import.meta.filename, "file");
const bytes = new Uint8Array(16);
const x = () => zeros([2]);
const bfloat16 = () => zeros([2], { dtype: "bfloat16" });
const format = (call: () => unknown) => ({ FormatError: call });

export const formatsErrors: ThrownErrors = {
  load: format(() => formats.load(missing)),
  loadWithMetadata: format(() => formats.loadWithMetadata(missing)),
  save: format(() => formats.save(missing, { x: x() })),
  loadNpy: format(() => formats.loadNpy(missing)),
  loadNpz: format(() => formats.loadNpz(missing)),
  loadTorch: format(() => formats.loadTorch(missing)),
  saveNpy: format(() => formats.saveNpy(missing, x())),
  saveNpz: format(() => formats.saveNpz(missing, { x: bfloat16() })),
  saveTorch: format(() => formats.saveTorch(missing, x())),
  loadCheckpoint: format(() => formats.loadCheckpoint(missing)),
  saveCheckpoint: format(() => formats.saveCheckpoint(missing, { $tensor: 1 })),
  decodeNpy: { ...format(() => formats.decodeNpy(bytes)), ArgumentError: () => formats.decodeNpy(null as never) },
  decodeNpz: { ...format(() => formats.decodeNpz(bytes)), ArgumentError: () => formats.decodeNpz(null as never) },
  encodeNpy: format(() => formats.encodeNpy(bfloat16())),
  encodeNpz: {
    ...format(() => formats.encodeNpz({ x: bfloat16() })),
    ArgumentError: () => formats.encodeNpz(null as never),
  },
  decodeSafetensors: {
    ...format(() => formats.decodeSafetensors(bytes)),
    ArgumentError: () => formats.decodeSafetensors(null as never),
  },
  encodeSafetensors: {
    ...format(() => formats.encodeSafetensors({ __metadata__: x() })),
    ArgumentError: () => formats.encodeSafetensors(null as never),
  },
  joinState: format(() => formats.joinState({ json: '{"x": {"$tensor": "x"}}', tensors: {} })),
  splitState: format(() => formats.splitState({ a: { $number: 1 } })),
  decodeTorch: { ...format(() => formats.decodeTorch(bytes)), ArgumentError: () => formats.decodeTorch(null as never) },
  encodeTorch: format(() => formats.encodeTorch(() => 1)),
};

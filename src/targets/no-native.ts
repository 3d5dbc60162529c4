// Hosts without machine code.
import { DeviceError } from "../base/index.js";
import type { NativeTargets } from "./native.js";

export type { NativeName, NativeTargets } from "./native.js";

const reason = "this host runs no machine code";

export const nativeTargets: NativeTargets = {
  names: ["x64:avx512", "x64:avx2"],
  unavailable: () => reason,
  isExpected: false,
  create(name) {
    throw new DeviceError(`${name}: ${reason}; use the wasm target`);
  },
};

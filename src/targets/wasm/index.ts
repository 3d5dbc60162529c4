// The WebAssembly target.
export { Runtime, type RuntimeOptions } from "./runtime.js";
export { createWasmTarget, hasRelaxedSimd, processRuntime, type WasmTargetOptions } from "./target.js";

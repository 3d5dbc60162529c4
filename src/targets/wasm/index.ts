// The WebAssembly target.
export { Runtime, type RuntimeOptions } from "./runtime.js";
export {
  createWasmTarget,
  hasRelaxedSimd,
  processRuntime,
  setThreads,
  threadCount,
  type WasmTargetOptions,
} from "./target.js";

// Targets: what turns kernel IR into running code.
export * from "./interpreter/index.js";
export { setThreads, threadCount } from "./threads/settings.js";
export * from "./wasm/index.js";

// Targets: what turns kernel IR into running code.
export { nativeTargets } from "#native-targets";
export * from "./interpreter/index.js";
export type { NativeName, NativeTargets } from "./native.js";
export { setThreads, threadCount } from "./threads/settings.js";
export * from "./wasm/index.js";

// The x64 target: AVX-512 or AVX2 machine code, written in TypeScript.
export type { NativeName, NativeTargets } from "../native.js";
export { Runtime, type RuntimeOptions } from "./runtime.js";
export { createX64Target, nativeTargets, processRuntime, type X64TargetOptions } from "./target.js";

// Targets: what turns kernel IR into running code.
import { nativeTargets as hostTargets } from "#native-targets";
import type { NativeTargets } from "./native.js";

export * from "./interpreter/index.js";
export type { NativeName, NativeTargets } from "./native.js";
export { setThreads, threadCount } from "./threads/settings.js";
export * from "./wasm/index.js";

/** Machine code for this host. Declared by its type, since old module resolution does not know `#native-targets` in declarations. */
export const nativeTargets: NativeTargets = hostTargets;

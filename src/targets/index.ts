// Targets: what turns kernel IR into running code.
export * from "./wasm/index.js";

// Kernel IR: types, expression factory, scalar semantics, the Target interface.
export * from "./expr.js";
export * from "./semantics.js";
export * from "./target.js";
export * from "./passes/finalize.js";
export { visitExpressions } from "./passes/vectorize.js";
export * from "./types.js";

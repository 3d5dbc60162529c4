// Kernel IR: types, expression factory, scalar semantics, the Target interface.
export { actualBuffer, actualSlot, wholeBuffer } from "./arguments.js";
export * from "./cost.js";
export * from "./expr.js";
export { fitTo } from "./fit.js";
export * from "./passes/finalize.js";
export * from "./print.js";
export * from "./profile.js";
export * from "./semantics.js";
export {
  expressionsOf,
  mapStatements,
  nestedBodies,
  visitAccesses,
  visitExpressions,
  visitLoads,
  visitOnce,
  visitStatements,
} from "./statements.js";
export * from "./target.js";
export * from "./types.js";
export { type VerifyOptions, verifyKernel } from "./verify.js";
export { verifyProgram } from "./verify-program.js";

// Nodes, the interface of a primitive, traversal.
export * from "./attrs.js";
export * from "./check.js";
export * from "./mode.js";
export * from "./node.js";
export * from "./print.js";
export * from "./traverse.js";

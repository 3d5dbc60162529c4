// Nodes, traversal, the interface of a primitive.
export * from "./mode.js";
export * from "./node.js";
export * from "./primitive.js";

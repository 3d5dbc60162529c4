// The interpreter target.
export { createInterpreter, type InterpreterOptions } from "./target.js";

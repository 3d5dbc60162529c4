// Callable objects, debug levels, dtypes, shapes, errors, turns of the event loop, options, counts of parameters, storage and its buffers, scopes, files.
export * from "./callable.js";
export * from "./counter.js";
export * from "./debug.js";
export * from "./dtype.js";
export * from "./errors.js";
export * from "./event-loop.js";
export * from "./file-access.js";
export * from "./half.js";
export * from "./named-results.js";
export * from "./options.js";
export * from "./parameter-count.js";
export * from "./plain-object.js";
export type { Native, NativeAccess } from "./platform/platform.js";
export * from "./scope.js";
export * from "./shape.js";
export * from "./small-buffers.js";
export * from "./storage.js";

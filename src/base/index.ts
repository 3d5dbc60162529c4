// dtypes, shapes, errors, options, storage, scopes.
export * from "./dtype.js";
export * from "./errors.js";
export * from "./half.js";
export * from "./options.js";
export type { Native, NativeAccess } from "./platform/platform.js";
export * from "./scope.js";
export * from "./shape.js";
export * from "./storage.js";

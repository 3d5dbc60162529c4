// dtypes, shapes, errors, storage.
export * from "./dtype.js";
export * from "./errors.js";
export * from "./options.js";
export * from "./shape.js";
export * from "./storage.js";

// From a request for values to a loaded program: rewrite, fuse, lower, plan, cache.
export type { StepRequest } from "./capture.js";
export {
  type ContractionOptions,
  type ContractionShape,
  type ScheduleHook,
  setScheduleHook,
} from "./contraction/options.js";
export {
  type CompiledStep,
  clearProgramCache,
  compileStep,
  type ProgramCacheStats,
  programCacheStats,
  runStep,
} from "./program-cache.js";

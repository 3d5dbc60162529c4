// From a request for values to a loaded program: rewrite, fuse, lower, plan, cache.
export type { StepRequest } from "./capture.js";
export {
  type ScheduleHook,
  setScheduleHook,
} from "./contraction/options.js";
export { type ContractionOptions, isPossible, otherSchedules, type ScheduleRequest } from "./contraction/schedule.js";
export { loweringStats } from "./lowering-cache.js";
export {
  type CompiledStep,
  clearProgramCache,
  compileStep,
  type ProgramCacheStats,
  programCacheStats,
  runStep,
} from "./program-cache.js";
export { scheduleFolder } from "./schedule-book.js";
export type { ScheduleFound, ScheduleSearch } from "./schedule-search.js";

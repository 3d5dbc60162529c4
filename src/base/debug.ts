// How much the environment wants to be told.
import { platform } from "#platform";

/**
 * The level in GRADUS_DEBUG: 0 where it is not set. From 1 on the target is named, errors say where they came from and the compiler's
 * results are verified; 2 shows graphs, 3 programs, 4 machine code. A word counts as 1.
 */
export function debugLevel(): number {
  const setting = platform.env("GRADUS_DEBUG");
  if (setting === undefined) return 0;
  const level = Number(setting);
  return Number.isNaN(level) ? 1 : level;
}

/** True where the compiler verifies its results: in tests, and at debug levels from 1 on. */
export function isVerifying(): boolean {
  return debugLevel() > 0 || platform.env("VITEST") !== undefined;
}

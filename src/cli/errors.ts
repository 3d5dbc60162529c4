// How the command line says that something went wrong: one line, no stack trace, a failing exit code.
import { debugLevel, GradusError } from "../base/index.js";

/** A message for the person at the terminal. */
export class UsageError extends Error {}

export const failedExitCode = 1;

/** The line for an error; GRADUS_DEBUG adds where it came from. */
export function describeError(error: unknown, isDebug = debugLevel() > 0): string {
  if (isDebug) return `error: ${error instanceof Error ? stackOf(error) : String(error)}`;
  const text = error instanceof Error ? error.message || error.name : String(error);
  const line = oneLine(text);
  const isOurs = error instanceof UsageError || error instanceof GradusError;
  return isOurs ? `error: ${line}` : `error: ${line} (unexpected; GRADUS_DEBUG=1 shows where)`;
}

export function oneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, " ");
}

function stackOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${stackOf(error.cause)}` : "";
  return `${error.stack ?? error.message}${cause}`;
}

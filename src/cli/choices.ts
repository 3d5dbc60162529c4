// What options take: one of a few names (a wrong one is answered with the nearest), whole numbers, texts; and the options that
// several commands have.
import { InvalidArgumentError, Option } from "commander";
import { nearest } from "../base/index.js";

/** An option whose value is one of `names`. */
export function oneOf(flags: string, text: string, names: readonly string[]): Option {
  return new Option(flags, text).argParser((value) => {
    if (names.includes(value)) return value;
    const near = nearest(value, names);
    throw new InvalidArgumentError(near ? `Did you mean ${near}?` : `It must be one of ${names.join(", ")}.`);
  });
}

/** A whole number within bounds. */
export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least && value <= most) return value;
    const bound = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
    throw new InvalidArgumentError(`It must be a whole number ${bound}.`);
  };
}

export function positiveNumber(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError("It must be a number greater than 0.");
}

export function nonEmpty(text: string): string {
  if (text !== "") return text;
  throw new InvalidArgumentError("It must not be empty.");
}

export function targetOption(): Option {
  const text = "how the CPU computes: x64, wasm:relaxed, wasm, interpreter (default: the fastest)";
  return new Option("--target <name>", text).argParser(nonEmpty);
}

export function threadsOption(): Option {
  return new Option("--threads <n>", "threads (default: the machine's cores)").argParser(wholeNumber(1, 64));
}

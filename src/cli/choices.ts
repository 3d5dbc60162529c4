// Options that take one of a few names; a wrong one is answered with the nearest.
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

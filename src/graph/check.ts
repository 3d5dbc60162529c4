// What the values of an operand must be: data, so that the call, the interpreter and programs test the same.
import type { GradusError } from "../base/index.js";

/** Values that an input must have; programs test them before anything is written in place. */
export interface ValueCheck {
  /** Which input is tested. */
  readonly input: number;
  /** Inclusive bounds. Where one is given, NaN is wrong. */
  readonly low?: number;
  readonly high?: number;
  /** A value between the bounds that is wrong as well. */
  readonly except?: number;
  /** What is thrown for a wrong value, which stands at this position of the flat input. */
  readonly error: (value: number, position: number) => GradusError;
}

/** Whether `check` rejects `value`. */
export function isWrong({ low, high, except }: ValueCheck, value: number): boolean {
  return (low !== undefined && !(value >= low)) || (high !== undefined && !(value <= high)) || value === except;
}

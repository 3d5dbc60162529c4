import type { GradusError } from "gradus";

/** By the name of a public symbol, then of an error its docstring names: a call that throws it. */
export type ThrownErrors = Record<string, Partial<Record<ErrorName, () => unknown>>>;

export type ErrorName =
  | "ArgumentError"
  | "DeviceError"
  | "DTypeError"
  | "FormatError"
  | "IndexError"
  | "NumericError"
  | "ShapeError";

/** What a call throws; null for nothing. */
export function thrownBy(call: () => unknown): GradusError | Error | null {
  try {
    call();
  } catch (error) {
    return error as Error;
  }
  return null;
}

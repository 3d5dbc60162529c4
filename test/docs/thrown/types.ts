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

/** What a call throws, at once or when its promise settles; null for nothing. */
export async function thrownBy(call: () => unknown): Promise<Error | null> {
  try {
    await call();
  } catch (error) {
    return error as Error;
  }
  return null;
}

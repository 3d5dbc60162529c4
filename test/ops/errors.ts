// Errors as tests expect them: class and whole text.
import { expect } from "vitest";

/** Expects `f` to throw an error of this class with exactly this message. */
export function expectError(f: () => unknown, kind: new (message: string) => Error, message: string): void {
  let thrown: unknown = null;
  try {
    f();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(kind);
  expect((thrown as Error).message).toBe(message);
}

// State-dict keys: PyTorch's snake_case names of camelCase fields, so that weights load both ways.
import { ArgumentError, snakeCase } from "../base/index.js";

/** The state-dict key of each field, in the fields' order; `overrides` is the class's `static stateKeys`. */
export function stateKeys(
  owner: string,
  fields: readonly string[],
  overrides: Readonly<Record<string, string>> = {},
): string[] {
  const taken = new Map<string, string>();
  return fields.map((field) => {
    const key = overrides[field] ?? snakeCase(field);
    const other = taken.get(key);
    if (other !== undefined) {
      throw new ArgumentError(
        `${owner}: fields ${other} and ${field} both have the state-dict key "${key}"; give one another key in static stateKeys`,
        { op: owner },
      );
    }
    taken.set(key, field);
    return key;
  });
}

// Checks of what files of named tensors are made of.
import { ArgumentError, isPlainObject, shownValue } from "../base/index.js";
import { checkTensor } from "../tensor/index.js";

/** Throws unless `value` is an object of tensors. */
export function checkNamedTensors(op: string, value: unknown): void {
  if (!isPlainObject(value)) {
    throw new ArgumentError(`${op}: takes an object of tensors, such as model.stateDict(), got ${shownValue(value)}`, {
      op,
    });
  }
  for (const [name, tensor] of Object.entries(value)) checkTensor(op, name, tensor);
}

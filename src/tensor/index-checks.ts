// Range checks of indices whose values lie on the host: errors at the call instead of at the next sync point.
import { IndexError } from "../base/index.js";
import type { Node } from "../graph/index.js";

/** Longer index tensors are checked by the program that reads them. */
const MOST_CHECKED = 1 << 16;

/** Throws if a value known on the host lies outside [low, high] and is not `ignored`. */
export function checkHostIndices(
  op: string,
  name: string,
  index: Node,
  low: number,
  high: number,
  ignored: number | null = null,
): void {
  const { storage } = index;
  if (!index.isRealized || !storage?.buffer || storage.length > MOST_CHECKED) return;
  const values = storage.hostView();
  for (let i = 0; i < values.length; i++) {
    const value = Number(values[i]);
    if ((value < low || value > high) && value !== ignored) {
      throw new IndexError(`${op}: ${name} ${value} is out of range [${low}, ${high}]`, { op });
    }
  }
}

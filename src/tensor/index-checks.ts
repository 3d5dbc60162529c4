// Range checks of indices whose values lie on the host: errors at the call instead of at the next sync point.
import { IndexError } from "../base/index.js";
import type { Node } from "../graph/index.js";
import { hostValues } from "../ops/index.js";

/** Throws if a value known on the host lies outside [low, high] and is not `ignored`. */
export function checkHostIndices(
  op: string,
  name: string,
  index: Node,
  low: number,
  high: number,
  ignored: number | null = null,
): void {
  const values = hostValues(index);
  for (let i = 0; i < (values?.length ?? 0); i++) {
    const value = Number(values?.[i]);
    if ((value < low || value > high) && value !== ignored) {
      throw new IndexError(`${op}: ${name} ${value} is out of range [${low}, ${high}]`, { op });
    }
  }
}

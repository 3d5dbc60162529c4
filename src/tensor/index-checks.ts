// Range checks of indices whose values lie on the host: errors at the call instead of at the next sync point.
import { IndexError } from "../base/index.js";
import type { Node } from "../graph/index.js";
import { testHost } from "../ops/index.js";

/** Throws if a value known on the host lies outside [low, high]. */
export function checkHostIndices(op: string, name: string, index: Node, low: number, high: number): void {
  const error = (value: number) => new IndexError(`${op}: ${name} ${value} is out of range [${low}, ${high}]`, { op });
  testHost(index, { input: 0, low, high, error });
}

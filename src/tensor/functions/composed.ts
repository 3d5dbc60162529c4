// Functions written with tensors in place of nodes.
import { markVisible, quietly } from "../pending.js";
import type { Tensor } from "../tensor.js";

/** Runs `fn`, of whose tensors only the result is the user's: a sync point need not store the others. */
export function composed<R extends Tensor | [Tensor, Tensor]>(fn: () => R): R {
  const result = quietly(fn);
  for (const x of [result].flat() as Tensor[]) markVisible(x.node);
  return result;
}

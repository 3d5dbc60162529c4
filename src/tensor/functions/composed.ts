// Functions written with tensors in place of nodes.
import { inName } from "../../base/index.js";
import { markVisible, quietly } from "../pending.js";
import type { Tensor } from "../tensor.js";

/**
 * Runs `fn`, of whose tensors only the result is the user's: a sync point need not store the others. Errors of the functions it is
 * composed of name `op`.
 */
export function composed<R extends Tensor | [Tensor, Tensor]>(op: string, fn: () => R): R {
  let result: R;
  try {
    result = quietly(fn);
  } catch (error) {
    throw inName(op, error);
  }
  for (const x of [result].flat() as Tensor[]) markVisible(x.node);
  return result;
}

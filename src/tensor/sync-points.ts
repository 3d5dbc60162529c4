// Sync points for users and for the layers above.
import { ArgumentError, noMore } from "../base/index.js";
import { noteState } from "./cell.js";
import { isUserLevel, openModule, type Place } from "./pending.js";
import { isSyncHeld, limitBeforeModule, sync as runPending } from "./sync.js";
import type { Tensor } from "./tensor.js";

/** Computes everything pending as one program. Inside compile() there is nothing to do: the step ends with the program. */
export function sync(...surplus: []): void {
  noMore("sync", surplus);
  if (!isSyncHeld()) runPending();
}

/** Called as a module's forward begins. What is made inside is not stored at sync points unless something needs it. */
export function enterModule(module: Place | null = null): void {
  if (isUserLevel()) limitBeforeModule();
  openModule(module);
}

/** Marks `x` as state that steps read and overwrite in place; returns it. Its first value gets a program of its own. */
export function asState<T extends Tensor>(x: T): T {
  noteState(x.cell);
  return x;
}

/**
 * Has a tensor that a module makes inside of its `forward` stored at the next sync point, so that it can be read later
 * without being computed again.
 *
 * Shapes: any → the same.
 * @throws ArgumentError if it is no tensor.
 */
export function keep<T extends Tensor>(x: T, ...surplus: []): T {
  noMore("keep", surplus);
  if (x?.node === undefined) throw new ArgumentError("keep: takes a tensor", { op: "keep" });
  x.node.isUserVisible = true;
  return x;
}

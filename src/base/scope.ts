/// <reference lib="esnext.disposable" preserve="true" />
// The one mechanism of scopes: values that hold for a callback, for a promise's lifetime, or until the end of a block.
import { asyncContext } from "#platform";
import { ArgumentError } from "./errors.js";
import type { HalfType } from "./half.js";

/** Everything a scope can change. */
export interface ScopeValues {
  /** New nodes may require grad. */
  readonly gradMode: boolean;
  readonly inferenceMode: boolean;
  /** Backward checks each gradient for NaN. */
  readonly detectAnomaly: boolean;
  /** The half dtype of products inside `autocast`; null outside. */
  readonly autocast: HalfType | null;
}

interface Frame {
  readonly values: ScopeValues;
  readonly parent: Frame | null;
  /** A closed frame stands for its parent: code that was started inside may go on after the end. */
  isOpen: boolean;
}

const root: Frame = {
  values: { gradMode: true, inferenceMode: false, detectAnomaly: false, autocast: null },
  parent: null,
  isOpen: true,
};

/** Frame of the code that runs synchronously now. */
let current: Frame = root;
/** Open frames that may outlast a synchronous stretch of code; while there are none, the host's async context is not asked. */
let longLived = 0;
const context = asyncContext();

function activeFrame(): Frame {
  let frame = longLived === 0 || !context ? current : ((context.getStore() as Frame | undefined) ?? root);
  while (!frame.isOpen) frame = frame.parent as Frame;
  return frame;
}

/** The values that hold here and now. */
export function scopeValues(): ScopeValues {
  return activeFrame().values;
}

function openFrame(change: Partial<ScopeValues>): Frame {
  const parent = activeFrame();
  return { values: { ...parent.values, ...change }, parent, isOpen: true };
}

/**
 * Runs `fn` with changed values. If it returns a promise they hold until that settles: isolated from concurrent code where
 * the host can tell callers apart, else overlapping scopes must nest.
 */
export function runScope<R>(change: Partial<ScopeValues>, fn: () => R): R {
  const frame = openFrame(change);
  const saved = current;
  current = frame;
  let result: R;
  try {
    result = context ? context.run(frame, fn) : fn();
  } catch (error) {
    close(frame, saved);
    throw error;
  }
  if (!isPromise(result)) {
    close(frame, saved);
    return result;
  }
  longLived++;
  if (context) current = saved;
  return result.finally(() => {
    longLived--;
    closeLast(frame, saved);
  }) as R;
}

function close(frame: Frame, saved: Frame): void {
  frame.isOpen = false;
  current = saved;
}

/** Closes a frame at a time when others may have been opened or closed since. */
function closeLast(frame: Frame, saved: Frame): void {
  frame.isOpen = false;
  if (context) {
    if (current === frame) current = saved;
    return;
  }
  if (current !== frame) {
    throw new ArgumentError("scope: overlapping asynchronous scopes do not nest; await one before the next starts");
  }
  current = saved;
}

/** A scope that lasts to the end of the block: `using _ = noGrad()`. */
export class ScopeHandle implements Disposable {
  readonly #frame: Frame;
  readonly #saved: Frame;

  constructor(change: Partial<ScopeValues>) {
    this.#frame = openFrame(change);
    this.#saved = current;
    current = this.#frame;
    longLived++;
    context?.enterWith(this.#frame);
  }

  [Symbol.dispose](): void {
    if (!this.#frame.isOpen) return;
    longLived--;
    closeLast(this.#frame, this.#saved);
    context?.enterWith(this.#frame.parent);
  }
}

/** Both forms of a scope: `scope(fn)` runs it, `using _ = scope()` holds to the end of the block. */
export function scope<R>(change: Partial<ScopeValues>, fn: (() => R) | undefined): R | ScopeHandle {
  if (fn === undefined) return new ScopeHandle(change);
  if (typeof fn === "function") return runScope(change, fn);
  const what = fn === null ? "null" : typeof fn;
  throw new ArgumentError(`scope: takes a function, or nothing as in \`using _ = noGrad()\`, got ${what}`, {
    op: "scope",
  });
}

function isPromise(value: unknown): value is Promise<unknown> {
  return value instanceof Promise;
}

// Functions that users attach to modules.
import { checkFunction } from "../base/index.js";
import type { Tensor } from "../tensor/index.js";
import type { AnyModule } from "./any-module.js";

/** Undoes a registration. */
export interface HookHandle {
  /** Takes the hook away; a second call does nothing. */
  remove(): void;
}

// Hooks of calls are typed as methods: what a module takes and gives is known to who attaches them, so `output: Tensor` must do.

/** Before `forward`; a returned array replaces the arguments. */
export type ForwardPreHook<M = AnyModule> = {
  hook(module: M, args: readonly unknown[]): readonly unknown[] | undefined;
}["hook"];
/** After `forward`; a returned value other than undefined replaces the output. */
export type ForwardHook<M = AnyModule> = {
  hook(module: M, args: readonly unknown[], output: unknown): unknown;
}["hook"];
/** When the gradients of a call's inputs are there; a returned array replaces them. */
export type FullBackwardHook<M = AnyModule> = (
  module: M,
  gradInput: readonly (Tensor | null)[],
  gradOutput: readonly (Tensor | null)[],
) => readonly (Tensor | null)[] | undefined;
/** When the gradients of a call's outputs are there; a returned array replaces them. */
export type FullBackwardPreHook<M = AnyModule> = (
  module: M,
  gradOutput: readonly (Tensor | null)[],
) => readonly (Tensor | null)[] | undefined;

/** The hooks of one module. */
export class Hooks {
  readonly forwardPre = new Map<number, ForwardPreHook>();
  readonly forward = new Map<number, ForwardHook>();
  readonly backwardPre = new Map<number, FullBackwardPreHook>();
  readonly backward = new Map<number, FullBackwardHook>();

  get isEmpty(): boolean {
    return this.forwardPre.size + this.forward.size + this.backwardPre.size + this.backward.size === 0;
  }

  copy(): Hooks {
    const copy = new Hooks();
    for (const kind of ["forwardPre", "forward", "backwardPre", "backward"] as const) {
      for (const [id, hook] of this[kind]) (copy[kind] as Map<number, unknown>).set(id, hook);
    }
    return copy;
  }

  get watchesBackward(): boolean {
    return this.backwardPre.size + this.backward.size > 0;
  }
}

let nextId = 0;

/** Adds a hook of one class of modules to the hooks of a module of that class. */
export function addHook<H>(hooks: Map<number, H>, hook: (module: never, ...rest: never[]) => unknown): HookHandle {
  checkFunction("hook", "a hook", hook);
  const id = nextId++;
  hooks.set(id, hook as H);
  return { remove: () => void hooks.delete(id) };
}

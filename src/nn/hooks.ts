// Functions that users attach to modules.
import type { Tensor } from "../tensor/index.js";
import type { Module } from "./module.js";

/** Undoes a registration. */
export interface HookHandle {
  remove(): void;
}

/** Before `forward`; a returned array replaces the arguments. */
export type ForwardPreHook = (module: Module, args: readonly unknown[]) => readonly unknown[] | undefined;
/** After `forward`; a returned value other than undefined replaces the output. */
export type ForwardHook = (module: Module, args: readonly unknown[], output: unknown) => unknown;
/** When the gradients of a call's inputs are there; a returned array replaces them. */
export type FullBackwardHook = (
  module: Module,
  gradInput: readonly (Tensor | null)[],
  gradOutput: readonly (Tensor | null)[],
) => readonly (Tensor | null)[] | undefined;
/** When the gradients of a call's outputs are there; a returned array replaces them. */
export type FullBackwardPreHook = (
  module: Module,
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

export function addHook<H>(hooks: Map<number, H>, hook: H): HookHandle {
  const id = nextId++;
  hooks.set(id, hook);
  return { remove: () => void hooks.delete(id) };
}

// Backward hooks of modules, made of tensor hooks on copies of a call's inputs and outputs: these copies' gradients are the
// call's own, even where the same tensor is also used elsewhere.
import { ArgumentError } from "../base/index.js";
import { Tensor } from "../tensor/index.js";
import type { AnyModule } from "./any-module.js";
import type { Hooks } from "./hooks.js";
import { mapTensors } from "./tensors-in.js";

export interface BackwardWatch {
  /** What `forward` gets in place of the arguments. */
  readonly args: readonly unknown[];
  /** What the call returns in place of the output. */
  output(value: unknown): unknown;
}

type Grads = (Tensor | null)[];

/**
 * Watches one call. `gradInput` has an entry a tensor argument, null for those that need no gradient; the hooks run when the
 * last of them is there (at once, if none needs one).
 */
export function watchBackward(module: AnyModule, hooks: Hooks, args: readonly unknown[]): BackwardWatch {
  const gradInput: Grads = [];
  const gradOutput: Grads = [];
  let awaited = 0;
  const runHooks = (): void => {
    for (const hook of hooks.backward.values()) replaceAll(gradInput, hook(module, [...gradInput], [...gradOutput]));
  };
  const watchInput = (x: Tensor): Tensor => {
    const i = gradInput.push(null) - 1;
    if (!x.requiresGrad) return x;
    awaited++;
    const copy = x.clone();
    copy.registerHook((grad) => {
      gradInput[i] = grad;
      if (--awaited > 0) return grad;
      const others = gradInput.filter((_, j) => j !== i);
      runHooks();
      if (gradInput.filter((_, j) => j !== i).some((g, j) => g !== others[j])) {
        throw new ArgumentError(
          `${module.constructor.name}: a backward hook can replace the gradient of one input only; replace the others by tensor hooks`,
          { op: "registerFullBackwardHook" },
        );
      }
      return gradInput[i] ?? grad;
    });
    return copy;
  };
  const watchOutput = (y: Tensor): Tensor => {
    const i = gradOutput.push(null) - 1;
    if (!y.requiresGrad) return y;
    const copy = y.clone();
    copy.registerHook((grad) => {
      gradOutput[i] = grad;
      for (const hook of hooks.backwardPre.values()) replaceAll(gradOutput, hook(module, [...gradOutput]));
      if (awaited === 0 && gradInput.every((g) => g === null)) runHooks();
      return gradOutput[i] ?? grad;
    });
    return copy;
  };
  return {
    args: args.map((arg) => (arg instanceof Tensor ? watchInput(arg) : arg)),
    output: (value) => mapTensors(value, watchOutput),
  };
}

function replaceAll(grads: Grads, replaced: readonly (Tensor | null)[] | undefined): void {
  if (!replaced) return;
  grads.forEach((_, i) => {
    if (replaced[i]) grads[i] = replaced[i];
  });
}

// A call of a module: the stack of running modules, hooks, and where in the model an error came from.
import { platform } from "#platform";
import { GradusError, noMore, parameterCount } from "../base/index.js";
import { enterModule, keep, leaveModule, Tensor } from "../tensor/index.js";
import type { AnyModule } from "./any-module.js";
import { watchBackward } from "./backward-hooks.js";
import type { Hooks } from "./hooks.js";
import { mapTensors } from "./tensors-in.js";

/** What calls need to know of a module. */
export interface CallState {
  isTraining: boolean;
  hooks: Hooks | null;
  /** The outermost module in which this one was found last. */
  verifiedIn: AnyModule | null;
  /** Arguments that a call may have; -1 before the first call. */
  most: number;
}

/** The outermost and the innermost module whose forward runs now. */
let outermost: AnyModule | null = null;
let innermost: AnyModule | null = null;

/** Runs `module.forward` with its hooks. Measured at 40 ns; an array as stack made it 120. */
export function callModule(module: AnyModule, state: CallState, args: readonly unknown[]): unknown {
  const caller = innermost;
  if (caller === null) outermost = module;
  else if (state.verifiedIn !== outermost) verify(outermost as AnyModule, module, state);
  // It runs what is pending, which may fail: until then this module is not the one that runs.
  enterModule(module);
  innermost = module;
  let output: unknown;
  try {
    if (args.length > state.most) checkCount(module, state, args);
    output = state.hooks === null || state.hooks.isEmpty ? run(module, args) : runHooked(module, state.hooks, args);
  } catch (error) {
    if (caller !== null) locate(error, outermost as AnyModule, module);
    throw error;
  } finally {
    innermost = caller;
    leaveModule(caller);
  }
  // What the outermost module returns is in the user's hands: a sync point stores it.
  if (caller === null) keepAll(output);
  return output;
}

function keepAll(value: unknown): void {
  if (value instanceof Tensor) keep(value);
  else if (typeof value === "object" && value !== null) mapTensors(value, keep);
}

/** Throws if a call has more arguments than `forward` takes: asked once a module, and where that one number is exceeded. */
function checkCount(module: AnyModule, state: CallState, args: readonly unknown[]): void {
  state.most = parameterCount(module.forward);
  if (args.length > state.most) noMore(module.constructor.name, args.slice(state.most));
}

function run(module: AnyModule, args: readonly unknown[]): unknown {
  return (module.forward as (...args: readonly unknown[]) => unknown)(...args);
}

function runHooked(module: AnyModule, hooks: Hooks, given: readonly unknown[]): unknown {
  let args = given;
  for (const hook of hooks.forwardPre.values()) args = hook(module, kept(args)) ?? args;
  const watch = hooks.watchesBackward ? watchBackward(module, hooks, args) : null;
  if (watch) args = watch.args;
  let output = run(module, args);
  for (const hook of hooks.forward.values()) {
    const replaced = hook(module, kept(args), kept(output));
    if (replaced !== undefined) output = replaced;
  }
  return watch ? watch.output(output) : output;
}

/** Hooks look at values of inner modules, which sync points else would not store. */
function kept<T>(value: T): T {
  keepAll(value);
  return value;
}

const verifiedIn = new WeakMap<AnyModule, WeakSet<AnyModule>>();

/**
 * Warns, once a module, of one that is called but in no field (`#fc`, a local variable): its parameters would neither be
 * trained nor saved nor moved.
 */
function verify(root: AnyModule, module: AnyModule, state: CallState): void {
  state.verifiedIn = root;
  const known = verifiedIn.get(root) ?? new WeakSet();
  verifiedIn.set(root, known);
  if (known.has(module)) return;
  known.add(module);
  for (const inner of root.modules()) known.add(inner);
  if (root.modules().includes(module) || !module.parameters().some((p) => p.requiresGrad)) return;
  platform.warn(
    `${root.constructor.name}: forward calls a ${module.constructor.name} that is in none of its fields, so its parameters are not trained, saved or moved; keep it in a field that is not private (fc, not #fc)`,
  );
}

const located = new WeakSet<GradusError>();

/** Adds the place in the model to an error that comes from a layer inside it. */
function locate(error: unknown, root: AnyModule, module: AnyModule): void {
  if (!(error instanceof GradusError) || located.has(error)) return;
  located.add(error);
  const path = root.pathOf(module);
  if (path === null) return;
  const { message } = error;
  error.message = `${message} (in ${root.constructor.name}.${path})`;
  error.stack = error.stack?.replace(message, error.message) ?? "";
}

// Scopes that users open: gradient recording and checks. Two forms each: `noGrad(fn)` and `using _ = noGrad()`.
import { noMore, type ScopeHandle, scope, scopeValues } from "../base/index.js";

/** No gradients are recorded inside. A callback that returns a promise keeps the mode until it settles. */
export function noGrad<R>(fn: () => R): R;
export function noGrad(): ScopeHandle;
export function noGrad<R>(fn?: () => R, ...surplus: []): R | ScopeHandle {
  noMore("noGrad", surplus);
  return scope({ gradMode: false }, fn);
}

/** Gradients are recorded inside, also within noGrad. */
export function enableGrad<R>(fn: () => R): R;
export function enableGrad(): ScopeHandle;
export function enableGrad<R>(fn?: () => R, ...surplus: []): R | ScopeHandle {
  noMore("enableGrad", surplus);
  return scope({ gradMode: true }, fn);
}

/** As noGrad; says that no result will meet autograd again. */
export function inferenceMode<R>(fn: () => R): R;
export function inferenceMode(): ScopeHandle;
export function inferenceMode<R>(fn?: () => R, ...surplus: []): R | ScopeHandle {
  noMore("inferenceMode", surplus);
  return scope({ gradMode: false, inferenceMode: true }, fn);
}

/** Records gradients inside or not, by a flag. */
export function setGradEnabled<R>(mode: boolean, fn: () => R): R;
export function setGradEnabled(mode: boolean): ScopeHandle;
export function setGradEnabled<R>(mode: boolean, fn?: () => R, ...surplus: []): R | ScopeHandle {
  noMore("setGradEnabled", surplus);
  return scope({ gradMode: mode }, fn);
}

/**
 * backward() throws where a gradient becomes NaN, naming the operation, and the line that called it if the forward pass ran inside
 * too. Slow: reads every gradient.
 */
export function detectAnomaly<R>(fn: () => R): R;
export function detectAnomaly(): ScopeHandle;
export function detectAnomaly<R>(fn?: () => R, ...surplus: []): R | ScopeHandle {
  noMore("detectAnomaly", surplus);
  return scope({ detectAnomaly: true }, fn);
}

/** Whether operations record gradients here: false inside `noGrad` and `inferenceMode`. */
export function isGradEnabled(...surplus: []): boolean {
  noMore("isGradEnabled", surplus);
  return scopeValues().gradMode;
}

/** Whether this is inside `inferenceMode`. */
export function isInferenceModeEnabled(...surplus: []): boolean {
  noMore("isInferenceModeEnabled", surplus);
  return scopeValues().inferenceMode;
}

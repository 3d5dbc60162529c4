// torch.func: functions of functions, and modules as functions of their parameters. Gradients of functions are here, those of tensors in the root (`grad(loss, parameters)`).
export { type FunctionalCallOptions, functionalCall, type NamedTensors, stackModuleState } from "./nn/index.js";
export {
  type ArgnumsOptions,
  functionGrad as grad,
  type GradientOf,
  hessian,
  type InDims,
  jacfwd,
  jacrev as jacobian,
  jacrev,
  jvp,
  type TensorFunction,
  type TensorTree,
  type VmapOptions,
  valueAndGrad,
  vjp,
  vmap,
} from "./tensor/index.js";

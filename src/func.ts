// torch.func: functions of functions. Gradients of functions are here, those of tensors in the root (`grad(loss, parameters)`).
export {
  type ArgnumsOptions,
  functionGrad as grad,
  hessian,
  type InDims,
  jacfwd,
  jacrev as jacobian,
  jacrev,
  jvp,
  type TensorFunction,
  type VmapOptions,
  valueAndGrad,
  vjp,
  vmap,
} from "./tensor/index.js";

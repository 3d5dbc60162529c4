// The two kinds of tensors a module registers: trained ones and state that is not trained.
import { checkOptions, type DType, noMore } from "../base/index.js";
import { asState, checkTensor, type Device, empty, noGrad, quietly, Tensor } from "../tensor/index.js";

/**
 * A tensor that a module trains: found as a field, given to optimizers by `parameters()`. Shapes: any, that of its first value.
 * @throws DTypeError if it requires grad and the first value is no float tensor.
 */
export class Parameter extends Tensor {
  /**
   * @param data - the first value; the parameter is a tensor of its own, later changes to either do not reach the other.
   * @param options - `requiresGrad` (default true).
   * @example
   * class Scale extends nn.Module {
   *   scale = new nn.Parameter(ones([8]));
   *   forward(x: Tensor) {
   *     return x.mul(this.scale);
   *   }
   * }
   */
  constructor(data: Tensor, options: { readonly requiresGrad?: boolean } = {}, ...surplus: []) {
    checkOptions("Parameter", options, ["requiresGrad"]);
    checkTensor("Parameter", "data", data);
    super(copyOf(data).cell);
    noMore("Parameter", surplus);
    if (options.requiresGrad ?? true) this.requiresGrad = true;
    asState(this);
  }
}

/** A parameter that `fill` gives its first value, in its own memory. */
export function initialized(shape: readonly number[], fill: (weight: Parameter) => unknown): Parameter {
  const weight = new Parameter(quietly(() => empty(shape)));
  fill(weight);
  return weight;
}

/**
 * State of a module that is not trained (running statistics, masks): moves and is saved with it. Shapes: any, that of its first value.
 * @example
 * class Mask extends nn.Module {
 *   mask = new nn.Buffer(ones([8, 8]).tril());
 *   forward(x: Tensor) {
 *     return x.mul(this.mask);
 *   }
 * }
 */
export class Buffer extends Tensor {
  /** Part of the state dict. */
  readonly persistent: boolean;

  /**
   * @param data - the first value, copied.
   * @param options - `persistent` (default true): part of the state dict.
   */
  constructor(data: Tensor, options: { readonly persistent?: boolean } = {}, ...surplus: []) {
    checkOptions("Buffer", options, ["persistent"]);
    checkTensor("Buffer", "data", data);
    super(copyOf(data).cell);
    noMore("Buffer", surplus);
    this.persistent = options.persistent ?? true;
    asState(this);
  }
}

/** Makes a parameter or buffer a copy of `value`, with its dtype and device; the object stays, without a gradient. */
export function assignTo(tensor: Parameter | Buffer, value: Tensor): void {
  const { requiresGrad } = tensor;
  tensor.grad = null;
  (tensor as { cell: Tensor["cell"] }).cell = copyOf(value).cell;
  asState(tensor);
  tensor.requiresGrad = requiresGrad;
}

function copyOf(data: Tensor): Tensor {
  return noGrad(() => quietly(() => data.detach().clone()));
}

/** Moves a parameter or buffer to a device and dtype; the object stays, with its gradient, and stays a leaf. */
export function convertInPlace(tensor: Parameter | Buffer, device: Device | undefined, dtype: DType | undefined): void {
  const options = { ...(device && { device }), ...(dtype && { dtype }) };
  const { requiresGrad, grad } = tensor;
  noGrad(() => {
    const converted = tensor.detach().to(options);
    if (converted.dtype === tensor.dtype && converted.device === tensor.device) return;
    // A cell has one dtype for life; the tensor gets another cell, which nothing else holds.
    (tensor as { cell: Tensor["cell"] }).cell = converted.cell;
    tensor.requiresGrad = requiresGrad;
    if (grad !== null) tensor.grad = grad.to(options);
  });
}

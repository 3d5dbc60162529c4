// Methods that make tensors of another one's dtype: x.newZeros(2, 3).
import type { CreationOptions, SizeArgs } from "../creation.js";
import { empty, full, ones, splitSizes, tensor, zeros } from "../creation.js";
import type { Tensor } from "../tensor.js";
import type { TensorData } from "../tensor-data.js";

function likeOf(op: string, make: (shape: readonly number[], options: CreationOptions) => Tensor) {
  return (input: Tensor, ...size: SizeArgs): Tensor => {
    const { shape, options } = splitSizes(op, size);
    return make(shape, { dtype: input.dtype, device: input.device, ...options });
  };
}

/** Zeros of the given shape in this tensor's dtype: `x.newZeros(2, 3)` or `x.newZeros([2, 3], options)`. */
export const newZeros = likeOf("newZeros", zeros);
/** Ones of the given shape in this tensor's dtype. */
export const newOnes = likeOf("newOnes", ones);
/** As `newZeros`: Gradus hands out no memory that was not written. */
export const newEmpty = likeOf("newEmpty", empty);

/** `value` everywhere, of the given shape, in this tensor's dtype. */
export function newFull(
  input: Tensor,
  shape: number | readonly number[],
  value: number | boolean | bigint,
  options?: CreationOptions,
  ...surplus: []
): Tensor {
  return full(shape, value, { dtype: input.dtype, device: input.device, ...options }, ...surplus);
}

/** A tensor with a copy of `data` in this tensor's dtype. */
export function newTensor(input: Tensor, data: TensorData | Tensor, options?: CreationOptions, ...surplus: []): Tensor {
  return tensor(data, { dtype: input.dtype, device: input.device, ...options }, ...surplus);
}

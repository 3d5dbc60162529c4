// Methods that make tensors of another one's dtype: x.newZeros(2, 3).
import { ArgumentError, noMore } from "../../base/index.js";
import * as ops from "../../ops/index.js";
import { shapeOf } from "../args.js";
import {
  type CreationOptions,
  constants,
  elementOf,
  finish,
  optionsDType,
  type SizeArgs,
  splitSizes,
} from "../creation-options.js";
import { detach, isTensor, ofStorage, type Tensor, wrap } from "../tensor.js";
import { storageOfData, type TensorData } from "../tensor-data.js";

function filled(op: string, value: number) {
  return (input: Tensor, ...size: SizeArgs): Tensor => {
    const { shape, options } = splitSizes(op, size);
    return finish(constants(shape, value, optionsDType(op, options, input.dtype)), options);
  };
}

/**
 * Zeros of the given shape in this tensor's dtype: `x.newZeros(2, 3)` or `x.newZeros([2, 3], options)`.
 *
 * Shapes: any → the given sizes.
 * @throws ArgumentError if a size is no integer >= 0.
 * @throws DTypeError if an integer tensor is to require grad.
 * @throws DeviceError if the device is not there.
 */
export const newZeros = filled("newZeros", 0);
/**
 * Ones of the given shape in this tensor's dtype. Shapes: any → the given sizes.
 * @throws ArgumentError if a size is no integer >= 0.
 * @throws DTypeError if an integer tensor is to require grad.
 * @throws DeviceError if the device is not there.
 */
export const newOnes = filled("newOnes", 1);
/**
 * As {@link newZeros}: Gradus hands out no memory that was not written. Shapes: any → the given sizes.
 * @throws ArgumentError if a size is no integer >= 0.
 * @throws DTypeError if an integer tensor is to require grad.
 * @throws DeviceError if the device is not there.
 */
export const newEmpty = filled("newEmpty", 0);

/**
 * `value` everywhere, of the given shape, in this tensor's dtype; integers take it without its fraction. Shapes: any → the given sizes.
 * @throws ArgumentError if a size is no integer >= 0.
 * @throws DTypeError if an integer tensor is to require grad.
 * @throws DeviceError if the device is not there.
 */
export function newFull(
  input: Tensor,
  shape: number | readonly number[],
  value: number | boolean | bigint,
  options?: CreationOptions,
  ...surplus: []
): Tensor {
  const op = "newFull";
  noMore(op, surplus);
  if (!["number", "boolean", "bigint"].includes(typeof value)) {
    throw new ArgumentError(`${op}: value must be a number, boolean or bigint, got ${typeof value}`, { op });
  }
  const dtype = optionsDType(op, options, input.dtype);
  const node = ops.full(shapeOf(op, [shape]), elementOf(value, dtype), dtype);
  return finish(wrap(node), options);
}

/**
 * A tensor with a copy of `data` in this tensor's dtype. Shapes: any → that of `data`.
 * @throws ShapeError if nested arrays are not rectangular.
 * @throws NumericError for values that do not fit an integer dtype.
 * @throws DTypeError if an integer tensor is to require grad.
 * @throws DeviceError if the device is not there.
 */
export function newTensor(input: Tensor, data: TensorData | Tensor, options?: CreationOptions, ...surplus: []): Tensor {
  const op = "newTensor";
  noMore(op, surplus);
  const dtype = optionsDType(op, options, input.dtype);
  if (isTensor(data)) return finish(wrap(ops.cast(detach(data).node, dtype)), options);
  const { storage, shape } = storageOfData(data, dtype);
  return finish(ofStorage(storage, shape), options);
}

// Functions that make tensors from values, constants and ranges.
import {
  ArgumentError,
  checkWholeNumber,
  type DType,
  noMore,
  numel,
  type Shape,
  Storage,
  type TypedArray,
} from "../base/index.js";
import * as ops from "../ops/index.js";
import { checkTensor, shapeOf } from "./args.js";
import {
  type CreationOptions,
  constants,
  elementOf,
  finish,
  optionsDType,
  type SizeArgs,
  splitSizes,
} from "./creation-options.js";
import { setup } from "./setup.js";
import { detach, isTensor, ofStorage, type Tensor, wrap } from "./tensor.js";
import { storageOfData, type TensorData } from "./tensor-data.js";

/** Checks options and sets things up: every tensor starts in a function that calls this. */
export function creationDType(op: string, options: CreationOptions | undefined, fallback: DType): DType {
  setup();
  return optionsDType(op, options, fallback);
}

/**
 * A tensor with a copy of `data`: numbers give float32, booleans bool, bigints int64, typed arrays keep their type.
 *
 * Shapes: nested arrays → their sizes; typed arrays → `[n]`; a number → `[]`.
 * @throws ShapeError if nested arrays are not rectangular.
 * @throws NumericError for values that do not fit an integer dtype.
 * @throws ArgumentError for values of mixed kinds, or that are none.
 * @throws DTypeError if an integer tensor is to require grad, or a typed array has no dtype of its own (Uint16Array).
 * @throws DeviceError if the device is not there.
 * @example tensor([[1, 2], [3, 4]], { requiresGrad: true })
 */
export function tensor(data: TensorData | Tensor, options?: CreationOptions, ...surplus: []): Tensor {
  noMore("tensor", surplus);
  const dtype = creationDType("tensor", options, "float32");
  if (isTensor(data)) {
    const copy = ops.cast(detach(data).node, options?.dtype ?? data.dtype);
    return finish(wrap(copy), options);
  }
  const { storage, shape } = storageOfData(data, options?.dtype && dtype);
  return finish(ofStorage(storage, shape), options);
}

/** A tensor of elements that were moved here and are nobody else's: of those that `moveOut` copied, no copy. */
export function moveIn(dtype: DType, shape: Shape, elements: TypedArray): Tensor {
  setup();
  return ofStorage(Storage.over(dtype, elements), shape);
}

/** A tensor and its memory, which the caller writes as a whole before anything else happens. */
export function unwritten<T extends TypedArray>(dtype: DType, shape: Shape): { tensor: Tensor; values: T } {
  setup();
  const storage = Storage.output(dtype, numel(shape));
  const values = storage.hostView() as T;
  return { tensor: ofStorage(storage, shape), values };
}

/**
 * `data` itself if it is a tensor of the wanted dtype, else `tensor(data)`. Shapes: as {@link tensor} → the same.
 * @throws ShapeError if nested arrays are not rectangular.
 * @throws NumericError for values that do not fit an integer dtype.
 * @throws ArgumentError for values of mixed kinds, or that are none.
 * @throws DTypeError if an integer tensor is to require grad, or a typed array has no dtype of its own (Uint16Array).
 * @throws DeviceError if the device is not there.
 */
export function asTensor(data: TensorData | Tensor, options?: CreationOptions, ...surplus: []): Tensor {
  noMore("asTensor", surplus);
  if (!isTensor(data)) return tensor(data, options);
  const dtype = creationDType("asTensor", options, data.dtype);
  return dtype === data.dtype ? data : wrap(ops.cast(data.node, dtype));
}

function filled(op: string, args: SizeArgs, value: number): Tensor {
  const { shape, options } = splitSizes(op, args);
  const dtype = creationDType(op, options, "float32");
  return finish(constants(shape, value, dtype), options);
}

/**
 * All zeros: `zeros(2, 3)` or `zeros([2, 3], options)`; float32 by default. Shapes: the given sizes.
 * @throws ArgumentError if a size is no integer >= 0.
 * @throws DTypeError if an integer tensor is to require grad.
 * @throws DeviceError if the device is not there.
 */
export function zeros(...args: SizeArgs): Tensor {
  return filled("zeros", args, 0);
}

/**
 * All ones: `ones(2, 3)` or `ones([2, 3], options)`; float32 by default. Shapes: the given sizes.
 * @throws ArgumentError if a size is no integer >= 0.
 * @throws DTypeError if an integer tensor is to require grad.
 * @throws DeviceError if the device is not there.
 */
export function ones(...args: SizeArgs): Tensor {
  return filled("ones", args, 1);
}

/**
 * Values that are overwritten before they are read; they are zeros. Shapes: the given sizes.
 * @throws ArgumentError if a size is no integer >= 0.
 * @throws DTypeError if an integer tensor is to require grad.
 * @throws DeviceError if the device is not there.
 */
export function empty(...args: SizeArgs): Tensor {
  return filled("empty", args, 0);
}

/**
 * `value` everywhere; a number gives float32, a boolean bool, a bigint int64. Integer dtypes take it without its fraction. Shapes: the given sizes.
 * @throws ArgumentError if a size is no integer >= 0.
 * @throws DTypeError if an integer tensor is to require grad.
 * @throws DeviceError if the device is not there.
 */
export function full(
  shape: number | readonly number[],
  value: number | boolean | bigint,
  options?: CreationOptions,
  ...surplus: []
): Tensor {
  noMore("full", surplus);
  if (!["number", "boolean", "bigint"].includes(typeof value)) {
    throw new ArgumentError(`full: value must be a number, boolean or bigint, got ${typeof value}`, { op: "full" });
  }
  const own: DType = typeof value === "boolean" ? "bool" : typeof value === "bigint" ? "int64" : "float32";
  const dtype = creationDType("full", options, own);
  const node = ops.full(shapeOf("full", [shape]), elementOf(value, dtype), dtype);
  return finish(wrap(node), options);
}

/** The dtype of a range without one: int32 if all numbers are whole, else float32. */
function rangeDType(numbers: readonly number[]): DType {
  return numbers.every(Number.isInteger) ? "int32" : "float32";
}

/**
 * start, start + step … below `end`: `arange(5)`, `arange(1, 5)`, `arange(0, 1, 0.1)`; int32 if all numbers are whole,
 * else float32.
 *
 * Shapes: `[⌈(end - start) / step⌉]`.
 * @throws ArgumentError unless there are one to three numbers, and `step` leads towards `end`.
 * @throws DTypeError if an integer tensor is to require grad.
 * @throws DeviceError if the device is not there.
 */
export function arange(...args: readonly (number | CreationOptions | undefined)[]): Tensor {
  const last = args[args.length - 1];
  const options = typeof last === "object" ? last : undefined;
  const numbers = args.filter((arg) => typeof arg === "number");
  if (
    numbers.length < 1 ||
    numbers.length > 3 ||
    numbers.length + (options ? 1 : 0) !== args.filter((a) => a !== undefined).length
  ) {
    throw new ArgumentError("arange: takes (end), (start, end) or (start, end, step), then options", { op: "arange" });
  }
  const [start, end, step = 1] =
    numbers.length === 1 ? [0, numbers[0] as number] : (numbers as [number, number, number?]);
  const dtype = creationDType("arange", options, rangeDType([start, end, step]));
  return finish(wrap(ops.arange(start, end, step, dtype)), options);
}

/**
 * `steps` numbers from start to end, both included; float32 by default. Shapes: `[steps]`.
 * @throws ArgumentError if `steps` is no integer >= 0.
 * @throws DTypeError if an integer tensor is to require grad.
 * @throws DeviceError if the device is not there.
 */
export function linspace(start: number, end: number, steps: number, options?: CreationOptions, ...surplus: []): Tensor {
  noMore("linspace", surplus);
  const dtype = creationDType("linspace", options, "float32");
  return finish(wrap(ops.linspace(start, end, steps, dtype)), options);
}

/**
 * Powers of `base` (10) with `steps` exponents from start to end; float32 by default. Shapes: `[steps]`.
 * @throws ArgumentError if `steps` is no integer >= 0.
 * @throws DTypeError if an integer tensor is to require grad.
 * @throws DeviceError if the device is not there.
 */
export function logspace(
  start: number,
  end: number,
  steps: number,
  options: CreationOptions & { readonly base?: number } = {},
  ...surplus: []
): Tensor {
  noMore("logspace", surplus);
  const { base = 10, ...rest } = options;
  const dtype = creationDType("logspace", rest, "float32");
  checkWholeNumber("logspace", "steps", steps, 0);
  const exponents = ops.linspace(start, end, steps, "float64");
  return finish(wrap(ops.cast(ops.pow(ops.constant(base, "float64"), exponents), dtype)), rest);
}

/**
 * Ones on the diagonal, zeros elsewhere; float32 by default. Shapes: `[rows, columns]`, square by default.
 * @throws ArgumentError if a size is no integer >= 0.
 * @throws DTypeError if an integer tensor is to require grad.
 * @throws DeviceError if the device is not there.
 */
export function eye(
  rows: number,
  columns?: number | CreationOptions,
  options?: CreationOptions,
  ...surplus: []
): Tensor {
  noMore("eye", surplus);
  const given = typeof columns === "object" ? columns : options;
  const dtype = creationDType("eye", given, "float32");
  return finish(wrap(ops.eye(rows, typeof columns === "number" ? columns : rows, dtype)), given);
}

function like(op: string, x: Tensor, options: CreationOptions | undefined, surplus: readonly unknown[]) {
  noMore(op, surplus);
  checkTensor(op, "x", x);
  return creationDType(op, options, x.dtype);
}

/**
 * Zeros with the shape and dtype of `x`. Shapes: any → the same.
 * @throws DTypeError if an integer tensor is to require grad.
 * @throws DeviceError if the device is not there.
 */
export function zerosLike(x: Tensor, options?: CreationOptions, ...surplus: []): Tensor {
  const dtype = like("zerosLike", x, options, surplus);
  return finish(constants(x.shape, 0, dtype), options);
}

/**
 * 1 everywhere, with the shape and dtype of `x`. Shapes: any → the same.
 * @throws DTypeError if an integer tensor is to require grad.
 * @throws DeviceError if the device is not there.
 */
export function onesLike(x: Tensor, options?: CreationOptions, ...surplus: []): Tensor {
  const dtype = like("onesLike", x, options, surplus);
  return finish(constants(x.shape, 1, dtype), options);
}

/**
 * As {@link zerosLike}: Gradus hands out no memory that was not written. Shapes: any → the same.
 * @throws DTypeError if an integer tensor is to require grad.
 * @throws DeviceError if the device is not there.
 */
export function emptyLike(x: Tensor, options?: CreationOptions, ...surplus: []): Tensor {
  const dtype = like("emptyLike", x, options, surplus);
  return finish(constants(x.shape, 0, dtype), options);
}

/**
 * `value` everywhere, with the shape and dtype of `x`; integers take it without its fraction. Shapes: any → the same.
 * @throws DTypeError if an integer tensor is to require grad.
 * @throws DeviceError if the device is not there.
 */
export function fullLike(
  x: Tensor,
  value: number | boolean | bigint,
  options?: CreationOptions,
  ...surplus: []
): Tensor {
  const dtype = like("fullLike", x, options, surplus);
  return finish(wrap(ops.full(x.shape, elementOf(value, dtype), dtype)), options);
}

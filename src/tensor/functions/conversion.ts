// Conversions, and handles to gradients.
import {
  ArgumentError,
  AutogradError,
  checkFunction,
  checkOptions,
  type DType,
  IndexError,
  isDType,
  noMore,
  normalizeDim,
  shownValue,
} from "../../base/index.js";
import type { Device } from "../../graph/index.js";
import * as ops from "../../ops/index.js";
import { copyOf } from "../alias.js";
import { checkTensor, nodeOf } from "../args.js";
import { checkDevice, isDevice } from "../device.js";
import {
  cutHistory,
  detach as detachView,
  isTensor,
  setRequiresGrad,
  type Tensor,
  variableOf,
  wrap,
} from "../tensor.js";
import type { GradHook } from "../variable.js";
import { isContiguous } from "../view.js";

interface ToOptions {
  /** What the elements become. */
  readonly dtype?: DType;
  /** Where the tensor goes. */
  readonly device?: Device;
  /** A new tensor even where nothing changes. */
  readonly copy?: boolean;
  /** Without effect: nothing is waited for, and the host's memory is all there is. */
  readonly nonBlocking?: boolean;
}

const toOptionNames = ["dtype", "device", "copy", "nonBlocking"];

/**
 * In another dtype or on another device: `x.to("float64")`, `x.to("cpu")`, `x.to(other)`, `x.to({ dtype, device })`.
 * The tensor itself if nothing changes, unless `copy`.
 *
 * Shapes: any → the same.
 * @throws ArgumentError if the target is neither a dtype nor a device.
 * @throws DeviceError if the device is not there.
 */
export function to(
  input: Tensor,
  target: DType | Device | Tensor | ToOptions,
  options?: Omit<ToOptions, "dtype" | "device"> | DType,
  ...surplus: []
): Tensor {
  noMore("to", surplus);
  const x = nodeOf("to", "input", input);
  const given = toOptions(target, options);
  checkDevice("to", given.device);
  const dtype = given.dtype ?? x.dtype;
  if (dtype === x.dtype && !given.copy) return input;
  return wrap(dtype === x.dtype ? copyOf(x) : ops.cast(x, dtype));
}

function toOptions(target: unknown, options: unknown): ToOptions {
  const extra = (typeof options === "string" ? { dtype: options as DType } : (options ?? {})) as ToOptions;
  checkOptions("to", extra, toOptionNames);
  if (isDType(target)) return { ...extra, dtype: target };
  if (isDevice(target)) return { ...extra, device: target };
  if (isTensor(target)) return { ...extra, dtype: target.dtype, device: target.device };
  if (typeof target === "object" && target !== null) {
    checkOptions("to", target, toOptionNames);
    return { ...(target as ToOptions), ...extra };
  }
  throw new ArgumentError(`to: ${shownValue(target)} is neither a dtype nor a device`, { op: "to" });
}

function converter(dtype: DType) {
  return (input: Tensor, ...surplus: []): Tensor => {
    noMore("to", surplus);
    return to(input, dtype);
  };
}

/** As float32: `to("float32")`. The tensor itself if it is float32. Shapes: any → the same. */
export const float = converter("float32");
/** As float64: `to("float64")`. The tensor itself if it is float64. Shapes: any → the same. */
export const double = converter("float64");
/** As float16, rounded to the nearest: `x.half()`. Beyond 65504 values become infinite. Shapes: any → the same. */
export const half = converter("float16");
/** As bfloat16, rounded to the nearest: the range of float32 with 8 significant bits. Shapes: any → the same. */
export const bfloat16 = converter("bfloat16");
/** As int8: floats saturate, integers wrap. Shapes: any → the same. */
export const char = converter("int8");
/** As int16: floats saturate, integers wrap. Shapes: any → the same. */
export const short = converter("int16");
/**
 * As int32: `to("int32")`. Fractions are cut off, what is out of range becomes the nearest int32, NaN 0.
 *
 * Shapes: any → the same.
 */
export const int = converter("int32");
/**
 * As int64: `to("int64")`. Fractions are cut off, what is out of range becomes the nearest int64, NaN 0.
 *
 * Shapes: any → the same.
 */
export const long = converter("int64");
/** True where x is not 0: `to("bool")`. Shapes: any → the same. */
export const bool = converter("bool");
/** As uint8: floats saturate, integers wrap. Shapes: any → the same. */
export const byte = converter("uint8");

/** In the dtype of `other`. Shapes: any, other of any shape → that of the input. */
export function typeAs(input: Tensor, other: Tensor, ...surplus: []): Tensor {
  noMore("typeAs", surplus);
  checkTensor("typeAs", "other", other);
  return to(input, other.dtype);
}

/** On the CPU: `to("cpu")`. The tensor itself if it is there. Shapes: any → the same. */
export function cpu(input: Tensor, ...surplus: []): Tensor {
  noMore("cpu", surplus);
  return to(input, "cpu");
}

/** The same memory without history: gradients stop here. Shapes: any → the same. */
export function detach(input: Tensor, ...surplus: []): Tensor {
  noMore("detach", surplus);
  checkTensor("detach", "input", input);
  return detachView(input);
}

/**
 * Drops this tensor's history, in place. For views use {@link detach}. Shapes: any → the same.
 * @throws AutogradError if the tensor is a view.
 */
export function detach_(input: Tensor, ...surplus: []): Tensor {
  noMore("detach_", surplus);
  cutHistory(input, "detach_");
  return input;
}

/**
 * Makes a leaf record gradients, or not. Shapes: any → the same.
 * @throws DTypeError if the tensor is no float tensor.
 * @throws AutogradError for false if the tensor is no leaf.
 */
export function requiresGrad_(input: Tensor, requiresGrad = true, ...surplus: []): Tensor {
  noMore("requiresGrad_", surplus);
  setRequiresGrad(input, requiresGrad);
  return input;
}

/**
 * Keeps the gradient of an inner tensor in `grad`. Shapes: any.
 * @throws AutogradError if the tensor does not require grad.
 */
export function retainGrad(input: Tensor, ...surplus: []): void {
  noMore("retainGrad", surplus);
  variableOf(input, "retainGrad").retainsGrad = true;
}

/** Ends a registration. */
export interface HookHandle {
  /** Takes the hook away; a second call does nothing. */
  remove(): void;
}

let nextHook = 0;

/**
 * Calls `hook` with the gradient of this tensor in each backward(); what it returns takes the gradient's place.
 *
 * Shapes: any; the gradient has the tensor's.
 * @throws AutogradError if the tensor does not require grad.
 */
export function registerHook(input: Tensor, hook: GradHook<Tensor>, ...surplus: []): HookHandle {
  noMore("registerHook", surplus);
  const { hooks } = variableOf(input, "registerHook");
  const id = nextHook++;
  hooks.set(id, hook);
  return { remove: () => void hooks.delete(id) };
}

/**
 * Calls `hook` with this leaf at the end of each backward() that added to its `grad`; for optimizers that step one
 * parameter at a time.
 *
 * Shapes: any.
 * @throws AutogradError for tensors that are no leaf or require no grad.
 */
export function registerPostAccumulateGradHook(
  input: Tensor,
  hook: (leaf: Tensor) => void,
  ...surplus: []
): HookHandle {
  const op = "registerPostAccumulateGradHook";
  noMore(op, surplus);
  checkFunction(op, "hook", hook);
  const variable = variableOf(input, op);
  if (!variable.isLeaf) throw new AutogradError(`${op}: takes leaves only; use registerHook for inner tensors`, { op });
  const id = nextHook++;
  variable.accumulatedHooks ??= new Map();
  const { accumulatedHooks } = variable;
  accumulatedHooks.set(id, () => hook(input));
  return { remove: () => void accumulatedHooks.delete(id) };
}

/**
 * Sizes of all dims, or of one. Shapes: any → its sizes.
 * @throws IndexError if `dim` is out of range.
 */
export function size(input: Tensor): number[];
export function size(input: Tensor, dim: number): number;
export function size(input: Tensor, dim?: number, ...surplus: []): number | number[] {
  noMore("size", surplus);
  if (dim === undefined) return [...input.shape];
  const value = Number.isInteger(dim) ? input.shape.at(dim) : undefined;
  if (value !== undefined) return value;
  throw new IndexError(`size: dim ${String(dim)} is out of range (input [${input.shape.join(",")}])`, {
    op: "size",
  });
}

/** Number of elements. Shapes: any → a number. */
export function numel(input: Tensor, ...surplus: []): number {
  noMore("numel", surplus);
  checkTensor("numel", "input", input);
  return input.shape.reduce((n, length) => n * length, 1);
}

/** Number of dims. Shapes: any → a number. */
export function dim(input: Tensor): number {
  return input.shape.length;
}

/**
 * Steps in memory between neighbours of each dim, as PyTorch's strides. Shapes: any → a number a dim.
 * @throws IndexError if `dim` is out of range.
 */
export function stride(input: Tensor): number[];
export function stride(input: Tensor, dim: number): number;
export function stride(input: Tensor, dim?: number): number | number[] {
  const { strides } = input.layout;
  return dim === undefined ? [...strides] : (strides[normalizeDim("stride", dim, strides.length)] as number);
}

/** Position of the first element in the memory that is looked at. Shapes: any → a number. */
export function storageOffset(input: Tensor): number {
  return input.layout.offset;
}

/** True if the elements lie in row-major order without gaps. Shapes: any → a boolean. */
export function isContiguousTensor(input: Tensor): boolean {
  return isContiguous(input.layout);
}

/** Bytes of an element. Shapes: any → a number. */
export function elementSize(input: Tensor): number {
  return input.itemsize;
}

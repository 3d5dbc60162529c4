// Functions that make random tensors.
import { ArgumentError, broadcastShapes, checkOptions, type DType, DTypeError, noMore } from "../base/index.js";
import type { Node } from "../graph/index.js";
import * as ops from "../ops/index.js";
import { detached } from "./alias.js";
import { checkTensor, nodeOf, shapeOf } from "./args.js";
import { creationDType } from "./creation.js";
import { type CreationOptions, finish, type SizeArgs, splitSizes } from "./creation-options.js";
import {
  checkRandomDType,
  drawIntegers,
  drawNormal,
  drawPermutation,
  drawUniform,
  fillNormal,
  fillUniform,
} from "./draws.js";
import type { Generator } from "./generator.js";
import { isUserLevel } from "./pending.js";
import { isSyncHeld } from "./sync.js";
import { type Tensor, wrap } from "./tensor.js";

/** Options of functions that make random tensors. */
export interface RandomOptions extends CreationOptions {
  /** Default: the shared generator, which `manualSeed` seeds. */
  readonly generator?: Generator;
}

/** Sizes one by one or in one array, then options. */
export type RandomArgs = readonly (number | readonly number[] | RandomOptions | undefined)[];

/** Takes `generator` out of the options, and checks the rest. */
function prepare(op: string, options: RandomOptions | undefined, fallback: DType) {
  checkOptions(op, options, ["dtype", "device", "requiresGrad", "generator"]);
  const { generator, ...rest } = options ?? {};
  const dtype = creationDType(op, rest, fallback);
  return { generator, dtype, rest };
}

/**
 * At user level values are stored in any case, so that they are drawn straight into memory; elsewhere, and in compiled
 * functions, they fuse with what is computed of them.
 */
const uniform: Draw = (...args) => (isStored() ? fillUniform : drawUniform)(...args);
const normals: Draw = (...args) => (isStored() ? fillNormal : drawNormal)(...args);

type Draw = typeof drawUniform;

function isStored(): boolean {
  return isUserLevel() && !isSyncHeld();
}

function filled(op: string, args: RandomArgs, draw: Draw, from: number, to: number): Tensor {
  const { shape, options } = splitSizes(op, args as SizeArgs);
  const { generator, dtype, rest } = prepare(op, options, "float32");
  checkRandomDType(op, dtype);
  return finish(wrap(draw(shape, dtype, from, to, generator)), rest);
}

/**
 * Uniform in [0, 1): `rand(2, 3)` or `rand([2, 3], options)`; float32 by default. Shapes: the given sizes.
 * @throws ArgumentError if a size is no integer >= 0, or the dtype no float.
 * @throws DeviceError if the device is not there.
 */
export function rand(...args: RandomArgs): Tensor {
  return filled("rand", args, uniform, 0, 1);
}

/**
 * Standard normal: `randn(2, 3)` or `randn([2, 3], options)`; float32 by default. Shapes: the given sizes.
 * @throws ArgumentError if a size is no integer >= 0, or the dtype no float.
 * @throws DeviceError if the device is not there.
 */
export function randn(...args: RandomArgs): Tensor {
  return filled("randn", args, normals, 0, 1);
}

/**
 * Normal with a mean and a standard deviation: `normal(0, 0.1, [2, 3])`; float32 by default.
 *
 * Shapes: the given sizes → the same.
 * @throws DTypeError in the form with tensors, if they are no float tensors of one dtype.
 * @throws ShapeError in the form with tensors, if they do not broadcast.
 * @throws ArgumentError if a size is no integer >= 0, `std` negative, or the dtype no float.
 * @throws DeviceError if the device is not there.
 */
export function normal(
  mean: number,
  std: number,
  shape: number | readonly number[],
  options?: RandomOptions,
  ...surplus: []
): Tensor;
/**
 * Normal with a mean and a standard deviation for each element, of which one may be a number: shapes broadcast, the dtype is that
 * of the tensors. Without a gradient. Shapes: any that broadcast → the common shape.
 * @throws NumericError for a negative std, at the read or step that computes it at the latest.
 * @example normal(zeros(2, 3), ones(3)).shape // [2, 3]
 */
export function normal(mean: Tensor, std: Tensor | number, options?: { readonly generator?: Generator }): Tensor;
export function normal(mean: number, std: Tensor, options?: { readonly generator?: Generator }): Tensor;
export function normal(mean: Tensor | number, std: Tensor | number, ...more: readonly unknown[]): Tensor {
  const op = "normal";
  if (typeof mean !== "number" || typeof std !== "number") {
    const [options, ...surplus] = more;
    noMore(op, surplus);
    const given = options as { readonly generator?: Generator } | undefined;
    checkOptions(op, given, ["generator"]);
    return normalAround(op, mean, std, given?.generator);
  }
  const [shape, options, ...surplus] = more as [number | readonly number[], RandomOptions | undefined];
  noMore(op, surplus);
  const { generator, dtype, rest } = prepare(op, options, "float32");
  checkRandomDType(op, dtype);
  if (!(std >= 0)) throw new ArgumentError(`${op}: std must be >= 0, got ${std}`, { op });
  return finish(wrap(normals(shapeOf(op, [shape]), dtype, mean, std, generator)), rest);
}

function normalAround(
  op: string,
  mean: Tensor | number,
  std: Tensor | number,
  generator: Generator | undefined,
): Tensor {
  const center = typeof mean === "number" ? null : nodeOf(op, "mean", mean);
  const spread = typeof std === "number" ? null : nodeOf(op, "std", std);
  const given = [center, spread].filter((x) => x !== null);
  given.forEach((x) => {
    ops.checkFloat(op, x === center ? "mean" : "std", x);
  });
  const [{ dtype }, second] = given as [Node, Node?];
  if (second && second.dtype !== dtype) {
    throw new DTypeError(`${op}: mean and std must have one dtype (mean ${dtype}, std ${second.dtype})`, { op });
  }
  if (typeof std === "number" && !(std >= 0)) throw new ArgumentError(`${op}: std must be >= 0, got ${std}`, { op });
  const shape = broadcastShapes(op, ...given.map((x) => x.shape));
  const deviation = spread
    ? ops.checked(detached(spread), spread, { op, says: "deviation", low: 0 })
    : ops.constant(std as number, dtype);
  const drawn = ops.mul(normals(shape, dtype, 0, 1, generator), deviation);
  return wrap(ops.add(drawn, center ? detached(center) : ops.constant(mean as number, dtype)));
}

/**
 * Whole numbers in [low, high), int64 by default: `randint(10, [3])` or `randint(5, 10, [3])`. Shapes: the given sizes.
 * @throws ArgumentError if a size is no integer >= 0, the bounds are no integers or leave nothing.
 * @throws DTypeError if an integer tensor is to require grad.
 * @throws DeviceError if the device is not there.
 */
export function randint(high: number, shape: readonly number[], options?: RandomOptions): Tensor;
export function randint(low: number, high: number, shape: readonly number[], options?: RandomOptions): Tensor;
export function randint(...args: readonly unknown[]): Tensor {
  const hasLow = typeof args[1] === "number";
  const [low, high, shape, options, ...surplus] = hasLow ? args : [0, ...args];
  noMore("randint", surplus);
  const { generator, dtype, rest } = prepare("randint", options as RandomOptions | undefined, "int64");
  if (!Array.isArray(shape)) {
    throw new ArgumentError("randint: takes (high, shape) or (low, high, shape), the shape as an array", {
      op: "randint",
    });
  }
  return finish(wrap(drawIntegers(shapeOf("randint", [shape]), dtype, low as number, high as number, generator)), rest);
}

/**
 * 0 … n - 1 in random order, int32 by default. Shapes: `[n]`.
 * @throws ArgumentError if `n` is no integer >= 0.
 * @throws DTypeError if an integer tensor is to require grad.
 * @throws DeviceError if the device is not there.
 */
export function randperm(n: number, options?: RandomOptions, ...surplus: []): Tensor {
  noMore("randperm", surplus);
  const { generator, dtype, rest } = prepare("randperm", options, "int32");
  if (!Number.isInteger(n) || n < 0)
    throw new ArgumentError(`randperm: n must be an integer >= 0, got ${n}`, { op: "randperm" });
  return finish(wrap(ops.cast(drawPermutation(n, generator), dtype)), rest);
}

function like(op: string, x: Tensor, options: RandomOptions | undefined, draw: Draw): Tensor {
  checkTensor(op, "x", x);
  const { generator, dtype, rest } = prepare(op, options, x.dtype);
  checkRandomDType(op, dtype);
  return finish(wrap(draw(x.shape, dtype, 0, 1, generator)), rest);
}

/**
 * Uniform in [0, 1), with the shape and dtype of `x`. Shapes: any → the same.
 * @throws ArgumentError if the dtype is no float.
 * @throws DeviceError if the device is not there.
 */
export function randLike(x: Tensor, options?: RandomOptions, ...surplus: []): Tensor {
  noMore("randLike", surplus);
  return like("randLike", x, options, uniform);
}

/**
 * Standard normal, with the shape and dtype of `x`. Shapes: any → the same.
 * @throws ArgumentError if the dtype is no float.
 * @throws DeviceError if the device is not there.
 */
export function randnLike(x: Tensor, options?: RandomOptions, ...surplus: []): Tensor {
  noMore("randnLike", surplus);
  return like("randnLike", x, options, normals);
}

/**
 * Whole numbers in [low, high), with the shape and dtype of `x`: `randintLike(x, 10)`, `randintLike(x, 5, 10)`.
 *
 * Shapes: any → the same.
 * @throws ArgumentError if the bounds are no integers or leave nothing.
 * @throws DTypeError if an integer tensor is to require grad.
 * @throws DeviceError if the device is not there.
 */
export function randintLike(
  x: Tensor,
  low: number,
  high?: number | RandomOptions,
  options?: RandomOptions,
  ...surplus: []
): Tensor {
  noMore("randintLike", surplus);
  checkTensor("randintLike", "x", x);
  const hasHigh = typeof high === "number";
  const { generator, dtype, rest } = prepare("randintLike", hasHigh ? options : high, x.dtype);
  return finish(wrap(drawIntegers(x.shape, dtype, hasHigh ? low : 0, hasHigh ? high : low, generator)), rest);
}

// Functions that make random tensors.
import { ArgumentError, checkOptions, type DType } from "../base/index.js";
import * as ops from "../ops/index.js";
import { noMore, shapeOf } from "./args.js";
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

/** Uniform in [0, 1). */
export function rand(...args: RandomArgs): Tensor {
  return filled("rand", args, uniform, 0, 1);
}

/** Standard normal. */
export function randn(...args: RandomArgs): Tensor {
  return filled("randn", args, normals, 0, 1);
}

/** Normal with a mean and a standard deviation: `normal(0, 0.1, [2, 3])`. */
export function normal(
  mean: number,
  std: number,
  shape: number | readonly number[],
  options?: RandomOptions,
  ...surplus: []
): Tensor {
  noMore("normal", surplus);
  const { generator, dtype, rest } = prepare("normal", options, "float32");
  checkRandomDType("normal", dtype);
  if (!(std >= 0)) throw new ArgumentError(`normal: std must be >= 0, got ${std}`, { op: "normal" });
  return finish(wrap(normals(shapeOf("normal", [shape]), dtype, mean, std, generator)), rest);
}

/** Whole numbers in [low, high), int64: `randint(10, [3])` or `randint(5, 10, [3])`. */
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

/** 0 … n - 1 in random order, int32. */
export function randperm(n: number, options?: RandomOptions, ...surplus: []): Tensor {
  noMore("randperm", surplus);
  const { generator, dtype, rest } = prepare("randperm", options, "int32");
  if (!Number.isInteger(n) || n < 0)
    throw new ArgumentError(`randperm: n must be an integer >= 0, got ${n}`, { op: "randperm" });
  return finish(wrap(ops.cast(drawPermutation(n, generator), dtype)), rest);
}

function like(op: string, x: Tensor, options: RandomOptions | undefined, draw: Draw): Tensor {
  const { generator, dtype, rest } = prepare(op, options, x.dtype);
  checkRandomDType(op, dtype);
  return finish(wrap(draw(x.shape, dtype, 0, 1, generator)), rest);
}

/** Uniform in [0, 1), with the shape and dtype of `x`. */
export function randLike(x: Tensor, options?: RandomOptions, ...surplus: []): Tensor {
  noMore("randLike", surplus);
  return like("randLike", x, options, uniform);
}

/** Standard normal, with the shape and dtype of `x`. */
export function randnLike(x: Tensor, options?: RandomOptions, ...surplus: []): Tensor {
  noMore("randnLike", surplus);
  return like("randnLike", x, options, normals);
}

/** Whole numbers in [low, high), with the shape and dtype of `x`: `randintLike(x, 10)`, `randintLike(x, 5, 10)`. */
export function randintLike(
  x: Tensor,
  low: number,
  high?: number | RandomOptions,
  options?: RandomOptions,
  ...surplus: []
): Tensor {
  noMore("randintLike", surplus);
  const hasHigh = typeof high === "number";
  const { generator, dtype, rest } = prepare("randintLike", hasHigh ? options : high, x.dtype);
  return finish(wrap(drawIntegers(x.shape, dtype, hasHigh ? low : 0, hasHigh ? high : low, generator)), rest);
}

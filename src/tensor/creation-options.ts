// Options of functions that make tensors, and the constants they make: what methods need of them too.
import { checkDType, checkOptions, type DType, type Shape } from "../base/index.js";
import type { Device } from "../graph/index.js";
import * as ops from "../ops/index.js";
import { shapeOf } from "./args.js";
import { checkDevice } from "./device.js";
import { setRequiresGrad, type Tensor, wrap } from "./tensor.js";

/** Options of functions that make tensors. */
export interface CreationOptions {
  /** Type of the elements; default float32, or what the function says. */
  readonly dtype?: DType;
  /** Where the tensor lives; default "cpu". */
  readonly device?: Device;
  /** Default false. */
  readonly requiresGrad?: boolean;
}

/** Sizes one by one or in one array, then options. */
export type SizeArgs = readonly (number | readonly number[] | CreationOptions | undefined)[];

const optionNames = ["dtype", "device", "requiresGrad"] as const;

/** Checks options and gives the dtype they ask for. */
export function optionsDType(op: string, options: CreationOptions | undefined, fallback: DType): DType {
  checkOptions(op, options, optionNames);
  checkDevice(op, options?.device);
  return options?.dtype === undefined ? fallback : checkDType(op, options.dtype);
}

export function finish(x: Tensor, options: CreationOptions | undefined): Tensor {
  if (options?.requiresGrad) setRequiresGrad(x, true);
  return x;
}

/** Splits `zeros(2, 3)`, `zeros([2, 3])`, `zeros([2, 3], options)` into shape and options. */
export function splitSizes(op: string, args: SizeArgs): { shape: Shape; options: CreationOptions | undefined } {
  const last = args[args.length - 1];
  const hasOptions = last === undefined || (typeof last === "object" && !Array.isArray(last));
  const sizes = args.length > 0 && hasOptions ? args.slice(0, -1) : args;
  return {
    shape: shapeOf(op, sizes as (number | readonly number[])[]),
    options: args.length > 0 && hasOptions ? (last as CreationOptions | undefined) : undefined,
  };
}

/** `value` everywhere, whatever the dtype. */
export function constants(shape: Shape, value: number, dtype: DType): Tensor {
  return wrap(ops.full(shape, constantFor(value, dtype), dtype));
}

/** `value` as users state it for elements of `dtype`: of int64 without its fraction, as the other integer dtypes take it. */
export function elementOf(value: number | boolean | bigint, dtype: DType): number | boolean | bigint {
  if (dtype !== "int64") return value;
  if (typeof value === "number" && !Number.isFinite(value)) return 0n;
  return BigInt(typeof value === "number" ? Math.trunc(value) : value);
}

function constantFor(value: number, dtype: DType): number | bigint | boolean {
  return dtype === "int64" ? BigInt(value) : dtype === "bool" ? value !== 0 : value;
}

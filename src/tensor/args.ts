// What users pass to functions: tensors or numbers, sizes and dims as numbers or one array, options last.
import {
  ArgumentError,
  checkOptions,
  type DType,
  DTypeError,
  integerRange,
  isFloat,
  isInteger,
  noMore,
  type Shape,
} from "../base/index.js";
import type { Node } from "../graph/index.js";
import { checkFloat, numberBeside } from "../ops/index.js";
import { autocasted } from "./autocast.js";
import { isTensor, type Tensor } from "./tensor.js";

/** A tensor, or a number that takes part as a 0-d tensor. */
export type TensorLike = Tensor | number | bigint | boolean;

/** One dim, several, or (null) all. */
export type Dims = number | readonly number[] | null;

/** The node of an argument that must be a tensor. */
export function nodeOf(op: string, name: string, value: unknown): Node {
  if (isTensor(value)) return autocasted(op, value.node);
  throw notATensor(op, name, value);
}

/** As `nodeOf`, for what is defined for float tensors only. */
export function floatNode(op: string, name: string, value: unknown): Node {
  const x = nodeOf(op, name, value);
  checkFloat(op, name, x);
  return x;
}

/** Throws unless all have one dtype, where PyTorch does not promote either. */
export function checkOneDType(op: string, named: Readonly<Record<string, Node>>): void {
  const entries = Object.entries(named);
  if (new Set(entries.map(([, x]) => x.dtype)).size <= 1) return;
  const shown = entries.map(([name, x]) => `${name} ${x.dtype}`).join(", ");
  throw new DTypeError(`${op}: ${shown} must have one dtype; convert with .to(dtype)`, { op });
}

/** Throws unless an argument is a tensor. */
export function checkTensor(op: string, name: string, value: unknown): void {
  if (!isTensor(value)) throw notATensor(op, name, value);
}

/** Throws unless an argument is an array, as of tensors. */
export function checkList(op: string, name: string, value: unknown): void {
  if (Array.isArray(value)) return;
  const what = isTensor(value) ? "a Tensor" : value === null ? "null" : typeof value;
  throw new ArgumentError(`${op}: ${name} must be an array, got ${what}; write [a, b, …]`, { op });
}

export function notATensor(op: string, name: string, value: unknown, expected = "a Tensor"): ArgumentError {
  const what = Array.isArray(value) ? "an array" : value === null ? "null" : typeof value;
  const remedy = what === "an array" || what === "number" ? "; make it one with tensor(…)" : "";
  return new ArgumentError(`${op}: ${name} must be ${expected}, got ${what}${remedy}`, { op });
}

const int64Range = [-(2 ** 63), 2 ** 63] as const;

/** The dtype a number has beside a tensor of `like`: the tensor's, unless it cannot hold the kind of number. */
function numberDType(value: number | bigint | boolean, like: DType): DType {
  if (isFloat(like)) return like;
  if (typeof value === "boolean") return like;
  if (typeof value === "number" && !Number.isInteger(value)) return "float32";
  return isInteger(like) ? like : "int64";
}

/** A tensor's node, or a 0-d constant in the dtype that PyTorch's rules give a number beside `like`. */
export function operand(op: string, name: string, value: TensorLike, like: DType): Node {
  if (isTensor(value)) return autocasted(op, value.node);
  if (typeof value !== "number" && typeof value !== "bigint" && typeof value !== "boolean") {
    throw notATensor(op, name, value, "a Tensor or a number");
  }
  const dtype = numberDType(value, like);
  const range = dtype === "int64" ? int64Range : integerRange(dtype);
  if (range && (Number(value) < range[0] || Number(value) > range[1])) {
    throw new DTypeError(
      `${op}: ${value} does not fit ${dtype}; convert the tensor with .to("int64") or .to("float32")`,
      { op },
    );
  }
  return numberBeside(value, dtype);
}

/** Sizes given one by one or as one array. */
export function sizesOf(op: string, sizes: readonly (number | readonly number[])[]): number[] {
  const list =
    sizes.length === 1 && Array.isArray(sizes[0]) ? (sizes[0] as readonly number[]) : (sizes as readonly number[]);
  for (const size of list) {
    if (!Number.isInteger(size)) {
      throw new ArgumentError(`${op}: sizes and dims are integers, one by one or in one array; got ${String(size)}`, {
        op,
      });
    }
  }
  return [...list];
}

/** As `sizesOf`, for shapes of new tensors. */
export function shapeOf(op: string, sizes: readonly (number | readonly number[])[]): Shape {
  const shape = sizesOf(op, sizes);
  if (shape.every((size) => size >= 0)) return shape;
  throw new ArgumentError(`${op}: sizes must be >= 0, got [${shape.join(",")}]`, { op });
}

function isOptions(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * One optional positional argument and an options object that may hold it too: `sum(x, 1)`, `sum(x, 1, { keepdim })`,
 * `sum(x, { dim: 1 })`. Gives the options with the argument in them.
 */
export function optionsWith<O extends object>(
  op: string,
  name: keyof O & string,
  first: unknown,
  second: O | undefined,
  names: readonly (keyof O & string)[],
  surplus: readonly unknown[],
): O {
  noMore(op, surplus);
  if (isOptions(first) && !isTensor(first)) {
    if (second !== undefined) throw new ArgumentError(`${op}: got two options objects`, { op });
    checkOptions(op, first, names);
    return first as O;
  }
  checkOptions(op, second, names);
  if (first === undefined) return second ?? ({} as O);
  if (second?.[name] !== undefined) {
    throw new ArgumentError(`${op}: ${name} is given twice, as an argument and as an option`, { op });
  }
  return { ...second, [name]: first } as O;
}

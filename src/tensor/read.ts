// Reading values: each read is a sync point. Sync forms copy; async forms work on every device.
import {
  ArgumentError,
  EventLoopYield,
  memoryOf,
  NumericError,
  numel,
  type Storage,
  type TypedArray,
  typedArray,
  valuesOf,
} from "../base/index.js";
import { throughAliases } from "./alias.js";
import { checkTensor } from "./args.js";
import { formatTensor } from "./print.js";
import { computeApart, isSyncHeld, sync } from "./sync.js";
import type { Tensor } from "./tensor.js";
import { isContiguous, type Layout } from "./view.js";

/** Nested arrays of a tensor's values; a plain value if it has no dims. */
export type NestedArray = number | boolean | NestedArray[];

function checkReadable(op: string): void {
  if (!isSyncHeld()) return;
  throw new ArgumentError(
    `${op}: values cannot be read inside compile() or vmap(); return the tensor and read it outside`,
    {
      op,
      fix: "return the tensor",
    },
  );
}

/** The bytes of the cell that `x` is or looks at, computed if need be. */
function baseStorage(op: string, x: Tensor): Storage {
  checkTensor(op, "input", x);
  checkReadable(op);
  const ready = x.cell.storage;
  if (ready) return ready;
  const node = x.cell.nodeFor(x);
  sync([node]);
  return (x.cell.storage ?? throughAliases(node).storage) as Storage;
}

/**
 * A fresh row-major typed array of the values. bool is 0 or 1 in a Uint8Array, int64 a BigInt64Array, float16 and bfloat16 are
 * numbers in a Float32Array.
 */
export function readValues(op: string, x: Tensor): TypedArray {
  const storage = baseStorage(op, x);
  const layout = x.layout;
  const size = numel(layout.shape);
  if (layout.offset === 0 && size === storage.length && isContiguous(layout)) return storage.toTypedArray();
  const source = storage.buffer ? storage.hostView() : storage.copyMemory();
  const isRun = isContiguous(layout);
  const elements = isRun
    ? source.slice(layout.offset, layout.offset + size)
    : gather(source, layout, typedArray(x.dtype, size));
  return valuesOf(x.dtype, elements);
}

/**
 * The values of `x` in row-major order where they lie in the host's memory, to be read at once; null where they are not there, or
 * reading them would need a copy or hide from a function that is traced what its program depends on.
 */
export function valuesAtHand(x: Tensor): TypedArray | null {
  if (isSyncHeld()) return null;
  const { storage } = x.cell;
  const { layout } = x;
  if (!storage?.buffer || storage.home || !isContiguous(layout)) return null;
  return storage.hostView().subarray(layout.offset, layout.offset + numel(layout.shape));
}

/**
 * The elements of `x` in memory of their own, to be moved to another thread: those of float16 and bfloat16 as bits. `moveIn` makes a
 * tensor of them there.
 */
export function moveOut(x: Tensor): TypedArray {
  const storage = baseStorage("data", x);
  const { layout } = x;
  if (isContiguous(layout) && numel(layout.shape) === storage.length) {
    return storage.copyMemory(new ArrayBuffer(storage.byteLength));
  }
  return memoryOf(x.dtype, readValues("data", x));
}

function gather(source: TypedArray, { shape, strides, offset }: Layout, out: TypedArray): TypedArray {
  const index = new Array<number>(shape.length).fill(0);
  let at = offset;
  for (let i = 0; i < out.length; i++) {
    out[i] = source[at] as never;
    for (let d = shape.length - 1; d >= 0; d--) {
      at += strides[d] as number;
      index[d] = (index[d] as number) + 1;
      if ((index[d] as number) < (shape[d] as number)) break;
      at -= (strides[d] as number) * (shape[d] as number);
      index[d] = 0;
    }
  }
  return out;
}

function toNumber(op: string, value: number | bigint): number {
  const number = Number(value);
  if (typeof value === "bigint" && !Number.isSafeInteger(number)) {
    throw new NumericError(`${op}: ${value} is beyond 2^53 and no exact number; use toTypedArray()`, { op });
  }
  return number;
}

/**
 * The value of a tensor with one element: a number, or a boolean for bool tensors. Shapes: one element → a number.
 * @throws ArgumentError unless there is exactly one element, and inside of `compile` or `vmap`.
 * @throws NumericError if an int64 is beyond 2^53, which no number holds.
 */
export function item(x: Tensor, ...surplus: []): number;
export function item(x: Tensor): number | boolean {
  const size = numel(x.shape);
  if (size !== 1) {
    throw new ArgumentError(
      `item: the tensor has ${size} elements (shape [${x.shape.join(",")}]), item() reads exactly one; use toArray()`,
      { op: "item", shapes: [x.shape] },
    );
  }
  const value = toNumber("item", readValues("item", x)[0] as number | bigint);
  return x.dtype === "bool" ? value !== 0 : value;
}

/**
 * The values as nested arrays; booleans for bool tensors. Shapes: `[a, b]` → a arrays of b values; `[]` → a value.
 * @throws ArgumentError inside of `compile` or `vmap`.
 * @throws NumericError if an int64 is beyond 2^53, which no number holds.
 */
export function toArray(x: Tensor, ...surplus: []): NestedArray;
export function toArray(x: Tensor): NestedArray {
  const values = readValues("toArray", x);
  const isBool = x.dtype === "bool";
  let at = 0;
  const build = (dim: number): NestedArray => {
    if (dim === x.shape.length) {
      const value = toNumber("toArray", values[at++] as number | bigint);
      return isBool ? value !== 0 : value;
    }
    return Array.from({ length: x.shape[dim] as number }, () => build(dim + 1));
  };
  return build(0);
}

/**
 * A fresh row-major typed array of the values; those of float16 and bfloat16 as numbers in a Float32Array.
 *
 * Shapes: any → n values.
 * @throws ArgumentError inside of `compile` or `vmap`.
 */
export function toTypedArray(x: Tensor, ...surplus: []): TypedArray;
export function toTypedArray(x: Tensor): TypedArray {
  return readValues("toTypedArray", x);
}

let turns: EventLoopYield | null = null;

/** A promise to await, or null: loops of asynchronous reads give the event loop a turn about every 20 ms. */
function turnDue(): Promise<void> | null {
  turns ??= new EventLoopYield();
  return turns.due();
}

/**
 * As {@link toTypedArray}, on every device. A loop of these gives the event loop a turn about every 20 ms. Shapes: any → n
 * values.
 * @throws ArgumentError inside of `compile` or `vmap`.
 */
export async function data(x: Tensor): Promise<TypedArray> {
  const values = readValues("data", x);
  await turnDue();
  return values;
}

/**
 * Computes `x` by itself, apart from everything pending; inside `compile` and `vmap` it stays part of what is traced. For values
 * whose way of coming about differs from time to time: they would make each step that uses them a program of its own.
 * @returns `x`
 */
export function computed(x: Tensor): Tensor {
  const node = throughAliases(x.cell.nodeFor(x));
  if (!isSyncHeld() && !node.isRealized) computeApart(node);
  return x;
}

/**
 * Computes several tensors in one program and waits until they are there, after which the sync readers work on every
 * device. A loop of these gives the event loop a turn about every 20 ms.
 *
 * Shapes: any.
 * @throws ArgumentError inside of `compile` or `vmap`.
 * @example
 * const start = performance.now();
 * await ready(step(images, labels)); // a step may run on after it has returned
 * console.log(performance.now() - start, "ms");
 */
export async function ready(...tensors: Tensor[]): Promise<void> {
  for (const x of tensors) checkTensor("ready", "each argument", x);
  checkReadable("ready");
  sync(tensors.map((x) => x.cell.nodeFor(x)));
  for (const x of tensors) baseStorage("ready", x).settle();
  await turnDue();
}

/** Text in PyTorch's layout. */
export function printed(x: Tensor): string {
  return formatTensor({
    shape: x.shape,
    dtype: x.dtype,
    data: readValues("toString", x),
    requiresGrad: x.requiresGrad,
    gradFn: x.gradFn,
  });
}

// From a list of items to a batch: tensors are stacked, numbers become a tensor, tuples and objects go field by field.
import { ArgumentError, checkArray, checkChoice, checkOptions, noMore } from "../base/index.js";
import { pad, stack, Tensor, tensor } from "../tensor/index.js";
import { remember } from "./recipe.js";

/** The batch a list of items `T` becomes. */
export type Batched<T> = T extends Tensor | number | bigint | boolean
  ? Tensor
  : T extends string
    ? string[]
    : T extends ArrayBufferView
      ? Tensor
      : T extends readonly unknown[]
        ? { -readonly [K in keyof T]: Batched<T[K]> }
        : T extends object
          ? { -readonly [K in keyof T]: Batched<T[K]> }
          : T[];

/**
 * The default collate function: tensors and typed arrays are stacked along a new first dim, numbers give float32,
 * bigints int64, booleans bool; strings stay a list; arrays and objects are batched field by field.
 *
 * Numbers never become integers by their values: give class labels as tensors (or bigints).
 *
 * Shapes: N items of shape `[…]` → `[N, …]`, of numbers `[N]`.
 * @throws ArgumentError if items differ in kind or length, or cannot be batched.
 * @throws ShapeError if tensors of one field differ in shape.
 * @example defaultCollate([[ones([3]), 1], [ones([3]), 2]]) // [[[1, 1, 1], [1, 1, 1]], [1, 2]]
 */
export function defaultCollate<T>(items: readonly T[], ...surplus: []): Batched<T> {
  noMore("defaultCollate", surplus);
  return collate(items, "item") as Batched<T>;
}

/** Options of `padCollate`. */
export interface PadCollateOptions {
  /** Fills up shorter tensors; default 0. */
  readonly paddingValue?: number;
  /** Where they are filled up; default "right". */
  readonly paddingSide?: "left" | "right";
}

/**
 * A collate function that pads tensors and typed arrays of different lengths (in dim 0) to the longest of the batch, and is else
 * the default one. Give the lengths as a field of their own, for the `lengths` of recurrent layers or for masks.
 *
 * Shapes: N items of shape `[Lᵢ, …]` → `[N, L, …]` with the largest Lᵢ as L.
 * @throws ArgumentError if the padding side is unknown.
 * @example new DataLoader(sentences, { batchSize: 32, collate: padCollate({ paddingValue: 1 }) })
 */
export function padCollate<T>(options: PadCollateOptions = {}, ...surplus: []): (items: T[]) => Batched<T> {
  noMore("padCollate", surplus);
  checkOptions("padCollate", options, { paddingValue: "number", paddingSide: "text" });
  const { paddingValue: value = 0, paddingSide = "right" } = options;
  checkChoice("padCollate", "paddingSide", paddingSide, ["left", "right"]);
  const stackPadded = (tensors: readonly Tensor[]): Tensor => {
    const longest = Math.max(...tensors.map((t) => t.shape[0] ?? 0));
    const padded = tensors.map((t) => {
      const missing = longest - (t.shape[0] ?? 0);
      if (t.shape.length === 0 || missing === 0) return t;
      const others = t.shape.slice(1).flatMap(() => [0, 0]);
      return pad(t, [...others, ...(paddingSide === "left" ? [missing, 0] : [0, missing])], { value });
    });
    return stack(padded);
  };
  const collatePadded = (items: T[]) => collate(items, "item", stackPadded) as Batched<T>;
  return remember(collatePadded, { module: import.meta.url, name: "padCollate", args: [options] });
}

function collate(items: readonly unknown[], path: string, stackAll: StackAll = stack): unknown {
  checkArray("collate", "items", items);
  const first = items[0];
  const stranger = items.find((item) => kindOf(item) !== kindOf(first));
  if (stranger !== undefined) {
    throw new ArgumentError(`collate: ${path} is ${kindOf(first)} in one item and ${kindOf(stranger)} in another`, {
      op: "collate",
    });
  }
  switch (kindOf(first)) {
    case "tensor":
      return stackAll(items as Tensor[]);
    case "number":
    case "bigint":
    case "boolean":
      return tensor(items as number[]);
    case "typed array":
      return stackAll((items as Float32Array[]).map((item) => tensor(item)));
    case "string":
      return [...items];
    case "array":
      return collateArrays(items as unknown[][], path, stackAll);
    case "object":
      return collateObjects(items as Record<string, unknown>[], path, stackAll);
    default:
      throw new ArgumentError(
        `collate: ${path} is ${kindOf(first)}, which has no batch form; pass a collate function`,
        {
          op: "collate",
        },
      );
  }
}

function kindOf(item: unknown): string {
  if (item instanceof Tensor) return "tensor";
  if (ArrayBuffer.isView(item)) return "typed array";
  if (Array.isArray(item)) return "array";
  return item === null ? "null" : typeof item;
}

type StackAll = (tensors: readonly Tensor[]) => Tensor;

function collateArrays(items: unknown[][], path: string, stackAll: StackAll): unknown[] {
  const length = items[0]?.length ?? 0;
  const other = items.find((item) => item.length !== length);
  if (other) {
    throw new ArgumentError(
      `collate: ${path} has ${length} fields in one item and ${other.length} in another; pass a collate function`,
      { op: "collate" },
    );
  }
  return Array.from({ length }, (_, i) =>
    collate(
      items.map((item) => item[i]),
      `${path}[${i}]`,
      stackAll,
    ),
  );
}

function collateObjects(items: Record<string, unknown>[], path: string, stackAll: StackAll): Record<string, unknown> {
  return Object.fromEntries(
    Object.keys(items[0] ?? {}).map((key) => [
      key,
      collate(
        items.map((item) => item[key]),
        `${path}.${key}`,
        stackAll,
      ),
    ]),
  );
}

// What stands between the brackets of an index: parsing of slices, numbers, index arrays and masks.
import { ArgumentError, IndexError, isInteger } from "../base/index.js";
import { isTensor, type Tensor } from "./tensor.js";

/** One item of an index: a number, a slice "1:-1:2", "...", null (a new dim), an index array, or a bool mask. */
export type IndexItem = number | string | null | readonly number[] | readonly boolean[] | Tensor;

/** An item after parsing. Index arrays given as numbers stay numbers: the caller makes tensors of them. */
export type ParsedItem =
  | { readonly kind: "int"; readonly value: number }
  | { readonly kind: "slice"; readonly start: number | null; readonly stop: number | null; readonly step: number }
  | { readonly kind: "ellipsis" }
  | { readonly kind: "new" }
  | { readonly kind: "array"; readonly values: readonly number[] | Tensor }
  | { readonly kind: "mask"; readonly mask: readonly boolean[] | Tensor };

/** Dims of the input that an item takes up. */
export function dimsTaken(item: ParsedItem): number {
  if (item.kind === "ellipsis" || item.kind === "new") return 0;
  return item.kind === "mask" && isTensor(item.mask) ? item.mask.shape.length : 1;
}

export function parseItem(op: string, item: unknown): ParsedItem {
  if (item === null) return { kind: "new" };
  if (typeof item === "number") {
    if (!Number.isInteger(item)) throw new ArgumentError(`${op}: index ${item} is no integer`, { op });
    return { kind: "int", value: item };
  }
  if (typeof item === "string") return item === "..." ? { kind: "ellipsis" } : parseSlice(op, item);
  if (Array.isArray(item)) return parseArray(op, item);
  if (isTensor(item)) {
    if (item.dtype === "bool") return { kind: "mask", mask: item };
    if (isInteger(item.dtype)) return { kind: "array", values: item };
    throw new ArgumentError(`${op}: an index tensor must be of an integer dtype or bool, is ${item.dtype}`, { op });
  }
  throw new ArgumentError(
    `${op}: ${typeof item} is no index; use an integer, a slice like "1:-1", "...", null, an array of integers, or a tensor`,
    { op },
  );
}

function parseArray(op: string, item: readonly unknown[]): ParsedItem {
  if (item.length > 0 && item.every((value) => typeof value === "boolean")) {
    return { kind: "mask", mask: item as readonly boolean[] };
  }
  if (item.every(Number.isInteger)) return { kind: "array", values: item as readonly number[] };
  throw new ArgumentError(
    `${op}: an index array holds integers, or booleans only; got [${item.slice(0, 5).join(",")} …]`,
    { op },
  );
}

function parseSlice(op: string, text: string): ParsedItem {
  const parts = text.split(":").map((part) => part.trim());
  const isValid = parts.length >= 2 && parts.length <= 3 && parts.every((part) => /^([+-]?\d+)?$/.test(part));
  if (!isValid) {
    throw new ArgumentError(`${op}: "${text}" is no slice; write "start:stop", "start:stop:step", ":" or "..."`, {
      op,
    });
  }
  const [start, stop, step] = parts.map((part) => (part === "" ? null : Number(part)));
  if (step !== undefined && step !== null && step < 1) {
    throw new ArgumentError(`${op}: the step of "${text}" must be positive; use flip() to reverse`, { op });
  }
  return { kind: "slice", start: start ?? null, stop: stop ?? null, step: step ?? 1 };
}

/** Bounds of a slice of a dim of `size`, clamped as Python does. */
export function sliceBounds(size: number, start: number | null, stop: number | null): { start: number; stop: number } {
  const clamp = (value: number) => Math.min(Math.max(value < 0 ? value + size : value, 0), size);
  const from = start === null ? 0 : clamp(start);
  return { start: from, stop: Math.max(from, stop === null ? size : clamp(stop)) };
}

/** A position as a non-negative one. */
export function checkPosition(op: string, value: number, size: number, dim: number, shape: readonly number[]): number {
  if (value >= -size && value < size) return value < 0 ? value + size : value;
  throw new IndexError(
    `${op}: index ${value} is out of range [${-size}, ${size - 1}] of dim ${dim} (input [${shape.join(",")}])`,
    { op, shapes: [shape] },
  );
}

// Tensors as text, in PyTorch's layout (torch/_tensor_str.py).
import { type DType, isFloat, numel, type Shape, type TypedArray } from "../base/index.js";
import { fixed, scientific } from "./number-format.js";

const PRECISION = 4;
/** Tensors with more elements show the first and last `EDGE` of each dim. */
const THRESHOLD = 1000;
const EDGE = 3;
const LINE_WIDTH = 80;

export interface Printed {
  readonly shape: Shape;
  readonly dtype: DType;
  /** Row-major values. */
  readonly data: TypedArray;
  readonly requiresGrad: boolean;
  readonly gradFn: string | null;
}

type Formatter = { readonly width: number; readonly format: (value: number | bigint) => string };

/** `tensor([[1., 2.]], requires_grad=True)`. */
export function formatTensor({ shape, dtype, data, requiresGrad, gradFn }: Printed): string {
  const prefix = "tensor(";
  const suffixes: string[] = [];
  const isEmpty = numel(shape) === 0;
  if (isEmpty && shape.length !== 1) suffixes.push(`size=(${shape.join(", ")}${shape.length === 1 ? "," : ""})`);
  const isDefault = isEmpty ? dtype === "float32" : dtype === "float32" || dtype === "int64" || dtype === "bool";
  if (!isDefault) suffixes.push(`dtype=torch.${dtype}`);
  if (gradFn) suffixes.push(`grad_fn=<${gradFn[0]?.toUpperCase()}${gradFn.slice(1)}Backward0>`);
  else if (requiresGrad) suffixes.push("requires_grad=True");
  const body = isEmpty ? "[]" : formatBody(shape, dtype, data, prefix.length);
  return addSuffixes(prefix + body, suffixes, prefix.length);
}

function addSuffixes(text: string, suffixes: readonly string[], indent: number): string {
  let out = text;
  let length = text.length - text.lastIndexOf("\n") + 1;
  for (const suffix of suffixes) {
    const isWrapped = length + suffix.length + 2 > LINE_WIDTH;
    out += isWrapped ? `,\n${" ".repeat(indent)}${suffix}` : `, ${suffix}`;
    length = isWrapped ? indent + suffix.length : length + suffix.length + 2;
  }
  return `${out})`;
}

function formatBody(shape: Shape, dtype: DType, data: TypedArray, indent: number): string {
  const isShort = numel(shape) > THRESHOLD;
  const shown: (number | bigint)[] = [];
  visit(shape, isShort, (i) => shown.push(data[i] as number | bigint));
  const formatter = makeFormatter(dtype, shown);
  return nested(shape, 0, 0, indent, isShort, formatter, data);
}

/** Calls `see` with the flat index of each element that is shown. */
function visit(shape: Shape, isShort: boolean, see: (flat: number) => void, dim = 0, offset = 0): void {
  if (dim === shape.length) {
    see(offset);
    return;
  }
  const size = shape[dim] as number;
  for (const i of shownIndices(size, isShort)) if (i >= 0) visit(shape, isShort, see, dim + 1, offset * size + i);
}

/** Indices along a dim; -1 stands for "...". */
function shownIndices(size: number, isShort: boolean): number[] {
  const all = Array.from({ length: size }, (_, i) => i);
  return isShort && size > 2 * EDGE ? [...all.slice(0, EDGE), -1, ...all.slice(-EDGE)] : all;
}

function nested(
  shape: Shape,
  dim: number,
  offset: number,
  indent: number,
  isShort: boolean,
  formatter: Formatter,
  data: TypedArray,
): string {
  if (shape.length === 0) return formatter.format(data[0] as number | bigint);
  const size = shape[dim] as number;
  const indices = shownIndices(size, isShort);
  if (dim === shape.length - 1) {
    const items = indices.map((i) => (i < 0 ? " ..." : formatter.format(data[offset * size + i] as number | bigint)));
    const perLine = Math.max(1, Math.floor((LINE_WIDTH - indent) / (formatter.width + 2)));
    const lines: string[] = [];
    for (let i = 0; i < items.length; i += perLine) lines.push(items.slice(i, i + perLine).join(", "));
    return `[${lines.join(`,\n${" ".repeat(indent + 1)}`)}]`;
  }
  const slices = indices.map((i) =>
    i < 0 ? "..." : nested(shape, dim + 1, offset * size + i, indent + 1, isShort, formatter, data),
  );
  return `[${slices.join(`,${"\n".repeat(shape.length - dim - 1)}${" ".repeat(indent + 1)}`)}]`;
}

function makeFormatter(dtype: DType, shown: readonly (number | bigint)[]): Formatter {
  if (isFloat(dtype)) return floatFormatter(shown as readonly number[]);
  const plain = dtype === "bool" ? (value: number | bigint) => (value ? "True" : "False") : String;
  return padded(plain, shown);
}

/** All to the width of the widest of `shown`. */
function padded(format: (value: number) => string, shown: readonly (number | bigint)[], least = 1): Formatter {
  let width = least;
  for (const value of shown) width = Math.max(width, format(value as number).length);
  return { width, format: (value) => format(value as number).padStart(width) };
}

function floatFormatter(shown: readonly number[]): Formatter {
  const finite = shown.filter((value) => Number.isFinite(value) && value !== 0);
  const magnitudes = finite.map(Math.abs);
  const [low, high] = [
    magnitudes.reduce((a, b) => Math.min(a, b), Infinity),
    magnitudes.reduce((a, b) => Math.max(a, b), 0),
  ];
  const isScientific = finite.length > 0 && (high / low > 1000 || high > 1e8 || low < 1e-4);
  if (isScientific) return padded((value) => scientific(value, PRECISION), finite);
  if (finite.every(Number.isInteger)) {
    return padded((value) => fixed(value, 0) + (Number.isFinite(value) ? "." : ""), finite);
  }
  return padded((value) => fixed(value, PRECISION), finite);
}

// Distinct values: reads, since their number is a shape. Results carry no gradient.
import {
  checkOptions,
  type DType,
  noMore,
  normalizeDim,
  numel,
  Storage,
  type TypedArray,
  valueArray,
} from "../../base/index.js";
import * as ops from "../../ops/index.js";
import { nodeOf } from "../args.js";
import { readValues } from "../read.js";
import { type Tensor, wrap } from "../tensor.js";

export interface UniqueOptions {
  /** Also where each element's value is in the result (int32). */
  readonly returnInverse?: boolean;
  /** Also how often each value occurs (int64). */
  readonly returnCounts?: boolean;
  /** Distinct slices along this dim instead of distinct elements. */
  readonly dim?: number;
}

export interface SortedUniqueOptions extends UniqueOptions {
  /** Values always come in order. */
  readonly sorted?: boolean;
}

type Several = { readonly returnInverse: true } | { readonly returnCounts: true };

/** Slices `[count, width]` of the input, element by element (width 1) or along a dim. */
interface Rows {
  readonly values: TypedArray;
  readonly count: number;
  readonly width: number;
  /** The result of `count` rows as a tensor. */
  readonly rebuild: (values: TypedArray, count: number) => Tensor;
  /** Shape of the inverse. */
  readonly shape: readonly number[];
}

function rowsOf(op: string, input: Tensor, dim: number | undefined): Rows {
  const x = nodeOf(op, "input", input);
  const leaf = (values: TypedArray, shape: readonly number[]) => wrap(ops.leaf(Storage.from(x.dtype, values), shape));
  if (dim === undefined) {
    const rebuild = (values: TypedArray, count: number) => leaf(values, [count]);
    return { values: readValues(op, input), count: x.size, width: 1, rebuild, shape: x.shape };
  }
  const d = normalizeDim(op, dim, x.shape.length);
  const moved = ops.movedim(x, d, 0);
  const rest = moved.shape.slice(1);
  const rebuild = (values: TypedArray, count: number) =>
    wrap(ops.movedim(ops.leaf(Storage.from(x.dtype, values), [count, ...rest]), 0, d));
  const count = moved.shape[0] as number;
  return { values: readValues(op, wrap(moved)), count, width: numel(rest), rebuild, shape: [count] };
}

function compareRows({ values, width }: Rows, i: number, j: number): number {
  for (let k = 0; k < width; k++) {
    const [a, b] = [values[i * width + k] as number | bigint, values[j * width + k] as number | bigint];
    if (a < b) return -1;
    if (a > b) return 1;
    // NaN stands last and equals nothing, not even itself.
    if (a !== b) return Number.isNaN(a) && !Number.isNaN(b) ? 1 : -1;
  }
  return 0;
}

/** Groups rows that follow each other in `order` and are equal. */
function grouped(rows: Rows, order: readonly number[]) {
  const firsts: number[] = [];
  const counts: number[] = [];
  const inverse = new Int32Array(rows.count);
  order.forEach((row, i) => {
    const isNew = i === 0 || compareRows(rows, order[i - 1] as number, row) !== 0;
    if (isNew) {
      firsts.push(row);
      counts.push(0);
    }
    counts[counts.length - 1] = (counts[counts.length - 1] as number) + 1;
    inverse[row] = firsts.length - 1;
  });
  return { firsts, counts, inverse };
}

function distinct(rows: Rows, order: readonly number[], dtype: DType, options: UniqueOptions): Tensor | Tensor[] {
  const { firsts, counts, inverse } = grouped(rows, order);
  const { width } = rows;
  const values = valueArray(dtype, firsts.length * width);
  firsts.forEach((row, i) => {
    for (let k = 0; k < width; k++) values[i * width + k] = rows.values[row * width + k] as never;
  });
  const result = [rows.rebuild(values, firsts.length)];
  if (options.returnInverse) result.push(wrap(ops.leaf(Storage.from("int32", inverse), rows.shape)));
  if (options.returnCounts) {
    result.push(wrap(ops.leaf(Storage.from("int64", BigInt64Array.from(counts, BigInt)), [counts.length])));
  }
  return result.length === 1 ? (result[0] as Tensor) : result;
}

/**
 * The distinct elements (or slices along `dim`) in order; with `returnInverse`, `returnCounts` in an array with these.
 * A read: their number is a shape.
 *
 * Shapes: any → `[k]`, or `[…, k, …]` with `dim`; inverse (int32) as the input (`[n]` with `dim`), counts (int64)
 * `[k]`.
 * @throws IndexError if `dim` is out of range.
 */
export function unique(input: Tensor, options: SortedUniqueOptions & Several, ...surplus: []): Tensor[];
export function unique(input: Tensor, options?: SortedUniqueOptions, ...surplus: []): Tensor;
export function unique(input: Tensor, options: SortedUniqueOptions = {}, ...surplus: []): Tensor | Tensor[] {
  noMore("unique", surplus);
  checkOptions("unique", options, ["sorted", "returnInverse", "returnCounts", "dim"]);
  const rows = rowsOf("unique", input, options.dim);
  const order = Array.from({ length: rows.count }, (_, i) => i).sort((i, j) => compareRows(rows, i, j));
  return distinct(rows, order, input.dtype, options);
}

/**
 * As {@link unique}, but only neighbours that are equal become one, in the order they have.
 *
 * Shapes: any → `[k]`, or `[…, k, …]` with `dim`; inverse (int32) as the input (`[n]` with `dim`), counts (int64)
 * `[k]`.
 * @throws IndexError if `dim` is out of range.
 */
export function uniqueConsecutive(input: Tensor, options: UniqueOptions & Several, ...surplus: []): Tensor[];
export function uniqueConsecutive(input: Tensor, options?: UniqueOptions, ...surplus: []): Tensor;
export function uniqueConsecutive(input: Tensor, options: UniqueOptions = {}, ...surplus: []): Tensor | Tensor[] {
  noMore("uniqueConsecutive", surplus);
  checkOptions("uniqueConsecutive", options, ["returnInverse", "returnCounts", "dim"]);
  const rows = rowsOf("uniqueConsecutive", input, options.dim);
  const order = Array.from({ length: rows.count }, (_, i) => i);
  return distinct(rows, order, input.dtype, options);
}

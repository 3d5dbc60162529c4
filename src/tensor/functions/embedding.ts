// Rows of a table by index, and the table's rows kept short.
import { ArgumentError, checkFlag, checkNumber, checkOptions, IndexError, noMore } from "../../base/index.js";
import * as ops from "../../ops/index.js";
import { nodeOf } from "../args.js";
import { quietly } from "../pending.js";
import { noGrad } from "../scopes.js";
import { type Tensor, wrap } from "../tensor.js";
import { indexNode } from "./gather.js";
import { indexCopy_ } from "./in-place-forms.js";
import { renorm } from "./statistics.js";

/** What `embedding` and `embeddingBag` do to the table besides reading it. */
export interface TableOptions {
  /** The rows that are read are first shortened, in `weight` itself, to at most this norm; null: not. */
  readonly maxNorm?: number | null;
  /** The p of that norm; default 2. */
  readonly normType?: number;
  /** Divides the gradient of each row by the number of its uses in this call; default false. */
  readonly scaleGradByFreq?: boolean;
}

/** Their names, for checkOptions. */
export const tableNames = ["maxNorm", "normType", "scaleGradByFreq"];

/** Throws unless the norm is positive. */
export function checkTableOptions(op: string, { maxNorm, normType, scaleGradByFreq }: TableOptions): void {
  if (scaleGradByFreq !== undefined) checkFlag(op, "scaleGradByFreq", scaleGradByFreq);
  if (normType !== undefined) checkNorm(op, "normType", normType);
  if (maxNorm !== undefined && maxNorm !== null) checkNorm(op, "maxNorm", maxNorm);
}

function checkNorm(op: string, name: string, value: number): void {
  checkNumber(op, name, value);
  if (value <= 0) throw new ArgumentError(`${op}: ${name} must be > 0, got ${value}`, { op });
}

/** Shortens the rows of `weight` at `input` in place, outside of autograd. */
export function shortenRows(input: Tensor, weight: Tensor, { maxNorm = null, normType = 2 }: TableOptions): void {
  if (maxNorm === null || input.numel() === 0) return;
  noGrad(() =>
    quietly(() => {
      const places = input.flatten();
      // A row that is used twice is written twice, with the same numbers.
      const rows = wrap(ops.embedding(nodeOf("embedding", "weight", weight), indexNode("embedding", places, "input")));
      indexCopy_(weight, 0, places, renorm(rows, normType, 0, maxNorm));
    }),
  );
}

/**
 * Rows of `weight` by index. The gradient of row `paddingIdx` is 0. With `maxNorm` the call changes `weight` in place.
 *
 * Shapes: integer input `[…]`, weight `[V, D]` → `[…, D]`.
 * @param options - `paddingIdx`, `maxNorm`, `normType`, `scaleGradByFreq`. With `maxNorm` the call changes `weight` in place.
 * @throws IndexError if `paddingIdx` is out of range, or an index is: at the call where its value is known, else at the
 * read or step that computes it.
 * @throws DTypeError if the input is no integer tensor.
 * @throws ArgumentError unless `weight` has 2 dims, and `maxNorm` and `normType` are positive.
 */
export function embedding(
  input: Tensor,
  weight: Tensor,
  options: TableOptions & { readonly paddingIdx?: number | null } = {},
  ...surplus: []
): Tensor {
  noMore("embedding", surplus);
  checkOptions("embedding", options, ["paddingIdx", ...tableNames]);
  checkTableOptions("embedding", options);
  const at = indexNode("embedding", input, "input");
  const { shape } = nodeOf("embedding", "weight", weight);
  if (shape.length !== 2) {
    throw new ArgumentError(`embedding: weight must have 2 dims (weight [${shape.join(",")}])`, {
      op: "embedding",
    });
  }
  const count = shape[0] as number;
  const padding = options.paddingIdx ?? null;
  if (padding !== null && (!Number.isInteger(padding) || padding < -count || padding >= count)) {
    throw new IndexError(`embedding: paddingIdx ${padding} is out of range [${-count}, ${count - 1}]`, {
      op: "embedding",
    });
  }
  const paddingIndex = padding === null ? null : padding < 0 ? padding + count : padding;
  shortenRows(input, weight, options);
  const table = nodeOf("embedding", "weight", weight);
  return wrap(ops.embedding(table, at, paddingIndex, options.scaleGradByFreq ?? false));
}

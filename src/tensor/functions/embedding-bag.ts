// Embeddings reduced over bags of indices.
import { ArgumentError, checkOptions, formatShape, noMore, ShapeError } from "../../base/index.js";
import * as ops from "../../ops/index.js";
import { nodeOf } from "../args.js";
import { arange } from "../creation.js";
import type { Tensor } from "../tensor.js";
import { where } from "./arithmetic.js";
import { cat } from "./arrange.js";
import { composed } from "./composed.js";
import { checkTableOptions, embedding, shortenRows, type TableOptions, tableNames } from "./embedding.js";

/** Options of `embeddingBag`. */
export interface EmbeddingBagOptions extends TableOptions {
  /** Start of each bag in a vector of indices `[n]`. */
  readonly offsets?: Tensor | null;
  /** Default "mean". */
  readonly mode?: "sum" | "mean" | "max";
  /** A factor for each index; only with "sum". */
  readonly perSampleWeights?: Tensor | null;
  /** `offsets` has the end of the last bag too; default false. */
  readonly includeLastOffset?: boolean;
  /** Indices that do not count. */
  readonly paddingIdx?: number | null;
}

/**
 * Sum, mean or maximum of the embeddings of each bag of indices. Empty bags give 0.
 *
 * Shapes: input `[B, n]`, one bag a row, or `[n]` with `offsets` `[B]`; weight `[V, D]` → `[B, D]`.
 * @throws ShapeError unless the input has 1 or 2 dims, and the weights of indices its shape.
 * @throws IndexError if `paddingIdx` is out of range, or an index is: at the call where its value is known, else at the
 * read or step that computes it.
 * @throws DTypeError if the input is no integer tensor, or the weight of a mean no float tensor.
 * @throws ArgumentError if options do not fit each other or the input, or offsets leave it.
 */
export function embeddingBag(input: Tensor, weight: Tensor, options: EmbeddingBagOptions = {}, ...surplus: []): Tensor {
  const op = "embeddingBag";
  noMore(op, surplus);
  checkOptions(op, options, ["offsets", "mode", "perSampleWeights", "includeLastOffset", "paddingIdx", ...tableNames]);
  checkTableOptions(op, options);
  nodeOf(op, "input", input);
  nodeOf(op, "weight", weight);
  const { offsets = null, mode = "mean", perSampleWeights = null, includeLastOffset = false } = options;
  if (!["sum", "mean", "max"].includes(mode)) {
    throw new ArgumentError(`${op}: mode must be "sum", "mean" or "max", got ${JSON.stringify(mode)}`, { op });
  }
  if (perSampleWeights && mode !== "sum") {
    throw new ArgumentError(`${op}: perSampleWeights goes with mode "sum" only, got "${mode}"`, { op });
  }
  const scaleGradByFreq = options.scaleGradByFreq ?? false;
  if (scaleGradByFreq && mode === "max") {
    throw new ArgumentError(`${op}: scaleGradByFreq goes with modes "sum" and "mean" only, got "max"`, { op });
  }
  const rank = input.shape.length;
  if (rank !== 1 && rank !== 2) {
    throw new ShapeError(`${op}: input must have 1 or 2 dims, got shape ${formatShape(input.shape)}`, {
      op,
      shapes: [input.shape],
    });
  }
  if ((rank === 1) !== (offsets !== null)) {
    throw new ArgumentError(`${op}: offsets go with an input of 1 dim, and only with that`, { op });
  }
  if (offsets) checkOffsets(op, offsets, input.shape[0] as number);
  const padding = options.paddingIdx ?? null;
  const rows = weight.shape[0] as number;
  return composed(op, () => {
    shortenRows(input, weight, options);
    const vectors = embedding(input, weight, { paddingIdx: padding, scaleGradByFreq }); // [..., n, D]
    const factors = perSampleWeights ? vectors.mul(perSampleWeights.unsqueeze(-1)) : vectors;
    const counts = padding === null ? null : input.ne(padding < 0 ? padding + rows : padding);
    if (rank === 2) return reduceBags(factors, counts?.unsqueeze(-1) ?? null, 1, mode);
    const member = membership(offsets as Tensor, input.shape[0] as number, includeLastOffset); // [B, n]
    const taking = counts ? member.logicalAnd(counts) : member;
    if (mode === "max") return reduceBags(factors.unsqueeze(0), taking.unsqueeze(-1), 1, mode); // [B, n, D]
    const sum = taking.to(weight.dtype).matmul(factors);
    return mode === "sum" ? sum : sum.div(taking.sum(1, { keepdim: true }).clamp({ min: 1 }).to(weight.dtype));
  });
}

/** Throws where offsets that are on the host do not begin at 0, or leave the input. */
function checkOffsets(op: string, offsets: Tensor, count: number): void {
  const node = nodeOf(op, "offsets", offsets);
  const first = ops.hostValues(node)?.[0];
  if (first !== undefined && Number(first) !== 0) {
    throw new ArgumentError(`${op}: the first bag begins at offset 0, got ${first}`, { op });
  }
  const error = (value: number) =>
    new ArgumentError(`${op}: offsets must lie in [0, ${count}], the number of indices, got ${value}`, { op });
  ops.testHost(node, { input: 0, low: 0, high: count, error });
}

/** True where index i belongs to bag b: offsets[b] <= i < offsets[b + 1]. */
function membership(offsets: Tensor, count: number, includesLast: boolean): Tensor {
  const starts = includesLast ? offsets.narrow(0, 0, offsets.size(0) - 1) : offsets;
  const bags = starts.size(0);
  const position = arange(count);
  const begun = starts.unsqueeze(1).le(position); // [B, n]
  const ends = includesLast ? offsets.narrow(0, 1, bags) : offsets.narrow(0, 1, bags - 1);
  const over = ends.unsqueeze(1).le(position);
  if (includesLast) return begun.logicalAnd(over.logicalNot());
  const last = begun
    .narrow(0, bags - 1, 1)
    .logicalNot()
    .logicalAnd(begun.narrow(0, bags - 1, 1));
  return begun.logicalAnd(cat([over, last]).logicalNot());
}

function reduceBags(vectors: Tensor, counts: Tensor | null, dim: number, mode: "sum" | "mean" | "max"): Tensor {
  if (!counts) {
    if (mode === "max") return vectors.amax(dim);
    return mode === "sum" ? vectors.sum(dim) : vectors.mean(dim);
  }
  if (mode === "max") {
    const largest = where(counts, vectors, Number.NEGATIVE_INFINITY).amax(dim);
    return where(counts.any(dim), largest, 0);
  }
  const sum = where(counts, vectors, 0).sum(dim);
  return mode === "sum" ? sum : sum.div(counts.sum(dim).clamp({ min: 1 }).to(sum.dtype));
}

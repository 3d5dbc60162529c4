// Similarities and distances of vectors, and the bilinear form.
import { checkOptions, isFloat, noMore } from "../../base/index.js";
import * as ops from "../../ops/index.js";
import { nodeOf } from "../args.js";
import type { Tensor } from "../tensor.js";
import { composed } from "./composed.js";
import { einsum } from "./linear-algebra.js";

/**
 * x1 · x2 / (max(‖x1‖, eps) max(‖x2‖, eps)) along `dim`.
 *
 * Shapes: any that broadcast, `[…, D, …]` → the common shape without D.
 * @param options - `dim` (default 1), `eps` (default 1e-8).
 * @throws ShapeError if the shapes do not broadcast.
 * @throws DTypeError if one is no float tensor.
 * @throws IndexError if `dim` is out of range.
 * @example cosineSimilarity(randn([8, 64]), randn([8, 64])).shape // [8]
 */
export function cosineSimilarity(
  x1: Tensor,
  x2: Tensor,
  options: { readonly dim?: number; readonly eps?: number } = {},
  ...surplus: []
): Tensor {
  const op = "cosineSimilarity";
  noMore(op, surplus);
  checkOptions(op, options, ["dim", "eps"]);
  const [a, b] = [nodeOf(op, "x1", x1), nodeOf(op, "x2", x2)];
  if (!isFloat(b.dtype)) ops.checkFloat(op, "x1", a);
  const { dim = 1, eps = 1e-8 } = options;
  return composed(op, () => {
    const unit = (x: Tensor) => x.div(x.norm(dim, { keepdim: true }).clamp({ min: eps }));
    return unit(x1).mul(unit(x2)).sum(dim);
  });
}

export interface PairwiseDistanceOptions {
  /** Which norm; default 2. */
  readonly p?: number;
  /** Added to each difference, so that the gradient at equal vectors is finite; default 1e-6. */
  readonly eps?: number;
  /** The reduced dim stays as size 1; default false. */
  readonly keepdim?: boolean;
}

/**
 * ‖x1 - x2 + eps‖_p along the last dim.
 *
 * Shapes: any that broadcast, `[…, D]` → the common shape without D, or with size 1 for it if `keepdim`.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws DTypeError if one is bool, or neither a float tensor.
 * @example pairwiseDistance(randn([8, 64]), randn([8, 64])).shape // [8]
 */
export function pairwiseDistance(
  x1: Tensor,
  x2: Tensor,
  options: PairwiseDistanceOptions = {},
  ...surplus: []
): Tensor {
  const op = "pairwiseDistance";
  noMore(op, surplus);
  checkOptions(op, options, ["p", "eps", "keepdim"]);
  nodeOf(op, "x1", x1);
  nodeOf(op, "x2", x2);
  const { p = 2, eps = 1e-6, keepdim = false } = options;
  return composed(op, () => x1.sub(x2).add(eps).norm({ p, dim: -1, keepdim }));
}

/**
 * y_o = x1ᵀ W_o x2 + b_o over the last dims.
 *
 * Shapes: input1 `[…, A]`, input2 `[…, B]`, weight `[O, A, B]`, bias `[O]` → `[…, O]`.
 * @throws ShapeError if the shapes do not fit.
 * @throws DTypeError if the dtypes differ.
 */
export function bilinear(
  input1: Tensor,
  input2: Tensor,
  weight: Tensor,
  bias: Tensor | null = null,
  ...surplus: []
): Tensor {
  noMore("bilinear", surplus);
  for (const [name, value] of Object.entries({ input1, input2, weight })) nodeOf("bilinear", name, value);
  return composed("bilinear", () => {
    const product = einsum("...a,oab,...b->...o", input1, weight, input2);
    return bias ? product.add(bias) : product;
  });
}

// Scaled dot-product attention, composed: scores, mask, softmax, weighted sum.
import { ArgumentError, formatShape } from "../base/index.js";
import type { Node } from "../graph/index.js";
import { constantLike, shapeError } from "./composing.js";
import { add, cast, mul, where } from "./elementwise.js";
import { causalMatmul, matmul, matrixTranspose } from "./matmul.js";
import { repeatInterleave } from "./shaping.js";
import { maskedSoftmax, safeSoftmax, softmax } from "./softmax.js";
import { lowerMask } from "./triangular.js";

export interface AttentionOptions {
  /** Broadcasts to `[…, L, S]`. bool: true takes part; float: added to the scores. */
  readonly attnMask?: Node | null;
  /** Position i sees positions up to i only. */
  readonly isCausal?: boolean;
  /** Default: 1 / √E. */
  readonly scale?: number | null;
  /** Lets key and value have fewer heads (dim -3) than query: each serves as many neighbouring heads of query. */
  readonly enableGqa?: boolean;
  /** Applied to the attention weights: dropout. */
  readonly dropout?: ((weights: Node) => Node) | null;
}

/**
 * softmax(q kᵀ scale + mask) v: q `[…,L,E]`, k `[…,S,E]`, v `[…,S,F]` → `[…,L,F]`. A position that may see nothing gives 0.
 * Vaswani et al., "Attention Is All You Need", 2017, arXiv:1706.03762, eq. 1.
 */
export function scaledDotProductAttention(query: Node, keys: Node, values: Node, options: AttentionOptions = {}): Node {
  const [key, value] = options.enableGqa
    ? ([keys, values].map((x) => sharedHeads(query, x)) as [Node, Node])
    : [keys, values];
  const { attnMask = null, isCausal = false, scale = null, dropout = null } = options;
  const op = "scaledDotProductAttention";
  const rank = query.shape.length;
  if (rank < 2 || key.shape.length < 2 || value.shape.length < 2) {
    throw shapeError(op, "query, key and value need at least 2 dims", { query, key, value });
  }
  const [length, features] = [query.shape[rank - 2] as number, query.shape[rank - 1] as number];
  const positions = key.shape[key.shape.length - 2] as number;
  if (key.shape[key.shape.length - 1] !== features || value.shape[value.shape.length - 2] !== positions) {
    throw shapeError(op, "query and key must agree in their last dim, key and value in their last but one", {
      query,
      key,
      value,
    });
  }
  if (attnMask && isCausal) {
    throw new ArgumentError(`${op}: give attnMask or isCausal, not both (attnMask ${formatShape(attnMask.shape)})`, {
      op,
    });
  }
  const transposed = matrixTranspose(key);
  const products = isCausal ? causalMatmul(query, transposed, "columns") : matmul(query, transposed); // [..., L, S]
  const scores = mul(products, constantLike(products, scale ?? 1 / Math.sqrt(features)));
  // Under the causal mask each row sees at least its first position.
  const weights = isCausal
    ? maskedSoftmax(scores, lowerMask(length, positions), -1)
    : attentionWeights(scores, attnMask);
  const shares = dropout ? dropout(weights) : weights;
  return isCausal ? causalMatmul(shares, value, "terms") : matmul(shares, value);
}

/** Each head of `x` as often as query has heads for it. */
function sharedHeads(query: Node, x: Node): Node {
  const [heads, own] = [query.shape.at(-3), x.shape.at(-3)];
  if (heads === undefined || own === undefined || heads % own !== 0) {
    throw shapeError(
      "scaledDotProductAttention",
      "with enableGqa the heads of query must be a multiple of those of key and value",
      {
        query,
        x,
      },
    );
  }
  return heads === own ? x : repeatInterleave(x, heads / own, -3);
}

function attentionWeights(scores: Node, mask: Node | null): Node {
  if (!mask) return softmax(scores, -1);
  const masked =
    mask.dtype === "bool"
      ? where(mask, scores, constantLike(scores, Number.NEGATIVE_INFINITY))
      : add(scores, cast(mask, scores.dtype));
  return safeSoftmax(masked, -1);
}

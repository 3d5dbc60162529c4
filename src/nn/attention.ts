// Multi-head attention, and a cache of keys and values for generating step by step.
import { ArgumentError, checkOptions, formatShape, noMore, ShapeError, shapesEqual } from "../base/index.js";
import {
  arange,
  cat,
  checkTensor,
  guarded,
  hostEffect,
  noGrad,
  runtimeScalar,
  type Tensor,
  where,
  zeros,
} from "../tensor/index.js";
import { checkCounts, checkShare } from "./checks.js";
import { dropout, linear, scaledDotProductAttention, softmax } from "./functional.js";
import { xavierNormal_, xavierUniform_, zeros_ } from "./init.js";
import { Linear } from "./linear.js";
import { Module } from "./module.js";
import { Buffer, initialized, Parameter } from "./parameter.js";

/** Options of `MultiheadAttention`. */
export interface MultiheadAttentionOptions {
  /** Dropout on the attention weights, in [0, 1]; default 0. */
  readonly dropout?: number;
  /** Add learned biases to the projections; default true. */
  readonly bias?: boolean;
  /** Add a learned key and value to each sequence; default false. */
  readonly addBiasKv?: boolean;
  /** Add a key and value of zeros; default false. */
  readonly addZeroAttn?: boolean;
  /** Features of keys; default `embedDim`. */
  readonly kdim?: number;
  /** Features of values; default `embedDim`. */
  readonly vdim?: number;
  /** Sequences are `[N, L, E]` in place of `[L, N, E]`; default false. */
  readonly batchFirst?: boolean;
}

/** Options of a call of `MultiheadAttention`. */
export interface AttentionCallOptions {
  /** `[N, S]` (`[S]` without batch): true (or -Infinity) where a key is padding. */
  readonly keyPaddingMask?: Tensor | null;
  /** Return the attention weights; default true. False is faster. */
  readonly needWeights?: boolean;
  /** `[L, S]` or `[N · numHeads, L, S]`: true where attention is forbidden, or floats added to the scores. */
  readonly attnMask?: Tensor | null;
  /** Return the mean of the heads' weights `[N, L, S]` in place of `[N, numHeads, L, S]`; default true. */
  readonly averageAttnWeights?: boolean;
  /** Position i sees positions up to i only, with or without `attnMask`; default false. */
  readonly isCausal?: boolean;
  /** Keys and values of the positions before; this call's are added to it. The new ones see all up to themselves. */
  readonly cache?: KVCache | null;
}

const callNames = ["keyPaddingMask", "needWeights", "attnMask", "averageAttnWeights", "isCausal", "cache"];

/**
 * Keys and values of all positions so far, in memory of fixed size, so that each step of a generation runs the same program.
 * @param shape - batch size, heads, most positions, features of a head.
 * @param options - `dtype` (default "float32"), that of the keys and values.
 * @throws ArgumentError if a size is no integer >= 1.
 * @example
 * const cache = new nn.KVCache([1, 8, 256, 64]);
 * const attention = new nn.MultiheadAttention(512, 8, { batchFirst: true }).eval();
 * for (let i = 0; i < 3; i++) {
 *   const [y] = attention(token, token, token, { cache, needWeights: false }); // token [1, 1, 512]
 * }
 */
export class KVCache {
  /** Keys so far, `[N, heads, positions, features]`; what is not filled is 0. */
  readonly key: Buffer;
  /** Values so far, of the same shape. */
  readonly value: Buffer;
  #length = 0;

  constructor(
    /** Batch, heads, most positions, and features a head. */
    readonly shape: readonly [batch: number, heads: number, positions: number, features: number],
    options: { readonly dtype?: "float32" | "float64" } = {},
    ...surplus: []
  ) {
    noMore("KVCache", surplus);
    checkOptions("KVCache", options, ["dtype"]);
    const [batch, heads, positions, features] = shape;
    checkCounts("KVCache", { batch, heads, positions, features });
    this.key = new Buffer(zeros(shape, options));
    this.value = new Buffer(zeros(shape, options));
  }

  /** Positions stored so far. */
  get length(): number {
    return this.#length;
  }

  /** Forgets all positions. */
  reset(): void {
    this.#length = 0;
  }

  /**
   * Adds keys and values, and gives all that are stored, with a mask that is true where a new position may look.
   *
   * Shapes: key and value `[N, heads, L, features]` → `key` and `value` `[N, heads, positions, features]`, `mask` `[L, positions]`.
   * @throws ArgumentError if there is no room for them.
   * @throws ShapeError if they are not of the cache's batch, heads and features.
   */
  append(key: Tensor, value: Tensor): { key: Tensor; value: Tensor; mask: Tensor } {
    this.check("key", key, key);
    this.check("value", value, key);
    const count = key.size(2);
    const [, , positions] = this.shape;
    const at = this.#length;
    if (at + count > positions) {
      throw new ArgumentError(`KVCache: ${at} positions are stored and ${count} more do not fit into ${positions}`, {
        op: "KVCache",
      });
    }
    // The place is a run-time number: a compiled step serves for all places, and is traced anew only when there is no room.
    guarded(() => this.#length + count <= positions);
    const start = runtimeScalar(() => this.#length, "int32");
    const target = arange(count).add(start); // [L]
    const store = (cells: Buffer, given: Tensor): Tensor => {
      const index = target.reshape([1, 1, count, 1]).expand(given.shape);
      const next = cells.scatter(2, index, given.detach());
      noGrad(() => cells.copy_(next));
      return next;
    };
    const result = {
      key: store(this.key, key),
      value: store(this.value, value),
      mask: arange(positions).unsqueeze(0).le(target.unsqueeze(1)),
    };
    hostEffect(
      () => {
        this.#length += count;
      },
      () => {
        this.#length -= count;
      },
    );
    return result;
  }

  /** Throws unless `given` is of the cache's sizes, and as long as `key`. */
  private check(name: string, given: Tensor, key: Tensor): void {
    checkTensor("KVCache", name, given);
    const [batch, heads, , features] = this.shape;
    const wanted = [batch, heads, key.shape[2] ?? 1, features];
    if (shapesEqual(given.shape, wanted)) return;
    throw new ShapeError(
      `KVCache: ${name} must be [${batch}, ${heads}, L, ${features}] as the cache, and as long as the key, got ${formatShape(given.shape)}`,
      { op: "KVCache", shapes: [given.shape] },
    );
  }
}

/**
 * Attention of several heads: each projects queries, keys and values, and the heads' results are projected together.
 *
 * softmax(q kᵀ / √(embedDim / numHeads) + masks) v for each head.
 *
 * Shapes: query `[L, N, embedDim]`, key `[S, N, kdim]`, value `[S, N, vdim]` (`[N, L, …]` with `batchFirst`, without N for one
 * sequence) → output like the query, and attention weights `[N, L, S]` (`[N, numHeads, L, S]` without `averageAttnWeights`, without N
 * for one sequence) or, without `needWeights`, null. `addBiasKv` and `addZeroAttn` make S one larger each.
 * Source: Vaswani et al., "Attention Is All You Need", 2017, arXiv:1706.03762, section 3.2.
 * @param options - see MultiheadAttentionOptions.
 * @throws ArgumentError if a size is no integer >= 1, `numHeads` does not divide `embedDim`, or `dropout` is not in [0, 1]; in the call if
 * a cache comes with a mask, or has no room.
 * @throws ShapeError if dims, features, batch or lengths of query, key and value do not fit, or those of a mask or a cache.
 * @throws DTypeError if an input has another dtype than the weights.
 * @example
 * const attention = new nn.MultiheadAttention(64, 8, { batchFirst: true });
 * const [y, weights] = attention(words, words, words, { isCausal: true }); // words [N, L, 64]
 */
export class MultiheadAttention extends Module {
  /**
   * Projections of query, key and value one below the other, `[3 embedDim, embedDim]`; null if `kdim` or `vdim` differ.
   */
  inProjWeight: Parameter | null;
  /** Projection of the query, `[embedDim, embedDim]`; null if `inProjWeight` has it. */
  qProjWeight: Parameter | null;
  /** Projection of the key, `[embedDim, kdim]`; null if `inProjWeight` has it. */
  kProjWeight: Parameter | null;
  /** Projection of the value, `[embedDim, vdim]`; null if `inProjWeight` has it. */
  vProjWeight: Parameter | null;
  /** Biases of the three projections, `[3 embedDim]`; null without `bias`. */
  inProjBias: Parameter | null;
  /** The projection of the joined heads. */
  outProj: Linear;
  /** A learned key after all others, `[1, 1, embedDim]`; null without `addBiasKv`. */
  biasK: Parameter | null;
  /** A learned value after all others, `[1, 1, embedDim]`; null without `addBiasKv`. */
  biasV: Parameter | null;
  /** Share of attention weights that is dropped in training. */
  readonly dropout: number;
  /** Whether sequences are `[N, L, E]`; else `[L, N, E]`. */
  readonly batchFirst: boolean;
  /** Whether a key and value of zeros come after all others. */
  readonly addZeroAttn: boolean;
  /** Features of a key. */
  readonly kdim: number;
  /** Features of a value. */
  readonly vdim: number;

  constructor(
    /** Features of query and output, E. */
    readonly embedDim: number,
    /** Heads; E must divide by it. */
    readonly numHeads: number,
    options: MultiheadAttentionOptions = {},
    ...surplus: []
  ) {
    super(...surplus);
    const names = ["dropout", "bias", "addBiasKv", "addZeroAttn", "kdim", "vdim", "batchFirst"];
    checkOptions("MultiheadAttention", options, names);
    const { bias = true, addBiasKv = false, kdim = embedDim, vdim = embedDim } = options;
    checkCounts("MultiheadAttention", { embedDim, numHeads, kdim, vdim });
    checkShare("MultiheadAttention", "dropout", options.dropout ?? 0);
    if (embedDim % numHeads !== 0) {
      throw new ArgumentError(`MultiheadAttention: numHeads ${numHeads} must divide embedDim ${embedDim}`, {
        op: "MultiheadAttention",
      });
    }
    this.dropout = options.dropout ?? 0;
    this.batchFirst = options.batchFirst ?? false;
    this.addZeroAttn = options.addZeroAttn ?? false;
    this.kdim = kdim;
    this.vdim = vdim;
    const isJoint = kdim === embedDim && vdim === embedDim;
    const weight = (rows: number, columns: number) => initialized([rows, columns], xavierUniform_);
    this.inProjWeight = isJoint ? weight(3 * embedDim, embedDim) : null;
    this.qProjWeight = isJoint ? null : weight(embedDim, embedDim);
    this.kProjWeight = isJoint ? null : weight(embedDim, kdim);
    this.vProjWeight = isJoint ? null : weight(embedDim, vdim);
    this.inProjBias = bias ? new Parameter(zeros([3 * embedDim])) : null;
    this.outProj = new Linear(embedDim, embedDim, { bias });
    const { outProj } = this;
    if (outProj.bias) zeros_(outProj.bias);
    const extra = () => initialized([1, 1, embedDim], xavierNormal_);
    this.biasK = addBiasKv ? extra() : null;
    this.biasV = addBiasKv ? extra() : null;
  }

  forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    options: AttentionCallOptions = {},
  ): [output: Tensor, weights: Tensor | null] {
    checkOptions("MultiheadAttention", options, callNames);
    this.checkInputs(query, key, value);
    const isBatched = query.shape.length === 3;
    // To [N, L, E].
    const batched = (x: Tensor) => (!isBatched ? x.unsqueeze(0) : this.batchFirst ? x : x.transpose(0, 1));
    const [q, k, v] = this.project(batched(query), batched(key), batched(value));
    const { output, weights } = this.attend(q, k, v, options, isBatched);
    const projected = this.outProj(output); // [N, L, E]
    const result = !isBatched ? projected.squeeze(0) : this.batchFirst ? projected : projected.transpose(0, 1);
    return [result, weights && !isBatched ? weights.squeeze(0) : weights];
  }

  private checkInputs(query: Tensor, key: Tensor, value: Tensor): void {
    for (const [name, given] of Object.entries({ query, key, value })) checkTensor("MultiheadAttention", name, given);
    const rank = query.shape.length;
    const sizes = [this.embedDim, this.kdim, this.vdim];
    const fits = [query, key, value].every(
      ({ shape }, i) => shape.length === rank && shape[shape.length - 1] === sizes[i],
    );
    const shapes = [query.shape, key.shape, value.shape];
    if (fits && (rank === 2 || rank === 3)) {
      // The batch's dim and that of the positions.
      const [n, l] = rank === 2 ? [-1, 0] : this.batchFirst ? [0, 1] : [1, 0];
      if (key.shape[l] === value.shape[l] && shapes.every((shape) => shape[n] === query.shape[n])) return;
      throw new ShapeError(
        `MultiheadAttention: query, key and value need one batch size, key and value one length, got shapes ${shapes.map(formatShape).join(", ")}${this.batchFirst ? "" : "; sequences are [L, N, E] without batchFirst"}`,
        { op: "MultiheadAttention", shapes },
      );
    }
    throw new ShapeError(
      `MultiheadAttention: query, key and value need 3 dims (2 for one sequence) with ${sizes.join(", ")} features last, got shapes ${shapes.map(formatShape).join(", ")}`,
      { op: "MultiheadAttention", shapes },
    );
  }

  private project(query: Tensor, key: Tensor, value: Tensor): [Tensor, Tensor, Tensor] {
    const { embedDim: size, inProjWeight, inProjBias } = this;
    // One product where all three are the same.
    if (inProjWeight && query === key && key === value) {
      return linear(query, inProjWeight, inProjBias).chunk(3, -1) as [Tensor, Tensor, Tensor];
    }
    const separate = [this.qProjWeight, this.kProjWeight, this.vProjWeight];
    const part = (x: Tensor, i: number) =>
      linear(
        x,
        inProjWeight ? inProjWeight.narrow(0, i * size, size) : (separate[i] as Parameter),
        inProjBias?.narrow(0, i * size, size),
      );
    return [part(query, 0), part(key, 1), part(value, 2)];
  }

  private attend(q: Tensor, k: Tensor, v: Tensor, options: AttentionCallOptions, isBatched: boolean) {
    const { numHeads, dropout: p, training } = this;
    const { needWeights = true, averageAttnWeights = true, cache = null } = options;
    const [batch, length] = q.shape;
    const heads = (x: Tensor) => x.reshape([batch, -1, numHeads, this.embedDim / numHeads]).transpose(1, 2);
    const query = heads(q); // [N, H, L, D]
    let [keys, values] = [heads(this.extended(k, this.biasK)), heads(this.extended(v, this.biasV))]; // [N, H, S, D]
    let mask = this.mask(options, batch, length, k.size(1), keys.size(2), isBatched, q);
    if (cache) {
      if (mask)
        throw new ArgumentError("MultiheadAttention: a cache brings its own mask", { op: "MultiheadAttention" });
      const stored = cache.append(keys, values);
      [keys, values] = [stored.key, stored.value];
      mask = where(stored.mask, zeros([], { dtype: q.dtype }), Number.NEGATIVE_INFINITY);
    }
    const join = (x: Tensor) => x.transpose(1, 2).reshape([batch, length, this.embedDim]);
    if (!needWeights) {
      const attnMask = mask ? { attnMask: mask } : {};
      const y = scaledDotProductAttention(query, keys, values, { ...attnMask, dropoutP: training ? p : 0 });
      return { output: join(y), weights: null };
    }
    const scores = query.mul(1 / Math.sqrt(query.size(-1))).matmul(keys.transpose(-2, -1)); // [N, H, L, S]
    const weights = dropout(softmax(mask ? scores.add(mask) : scores, -1), { p, training });
    return { output: join(weights.matmul(values)), weights: averageAttnWeights ? weights.mean(1) : weights };
  }

  /** With the learned position and the one of zeros, `[N, S', E]`. */
  private extended(x: Tensor, bias: Parameter | null): Tensor {
    const [batch, , size] = x.shape;
    const parts = [x];
    if (bias) parts.push(bias.expand([batch, 1, size]));
    if (this.addZeroAttn) parts.push(zeros([batch, 1, size], { dtype: x.dtype }));
    return parts.length === 1 ? x : cat(parts, 1);
  }

  /** All masks as one to add to the scores, `[N or 1, H or 1, L, S']`; null if there is none. */
  private mask(
    { attnMask, keyPaddingMask, isCausal = false }: AttentionCallOptions,
    batch: number,
    length: number,
    positions: number,
    extended: number,
    isBatched: boolean,
    { dtype }: Tensor,
  ): Tensor | null {
    const parts: Tensor[] = [];
    const added = (mask: Tensor) =>
      mask.dtype === "bool" ? where(mask, Number.NEGATIVE_INFINITY, zeros([], { dtype })) : mask.to(dtype);
    if (attnMask) {
      const { shape } = attnMask;
      const isShared = shape.length === 2;
      const wanted = isShared ? [length, positions] : [batch * this.numHeads, length, positions];
      checkMask("attnMask", attnMask, wanted);
      parts.push(added(isShared ? attnMask : attnMask.reshape([batch, this.numHeads, length, positions])));
    }
    if (isCausal) parts.push(added(arange(positions).unsqueeze(0).gt(arange(length).unsqueeze(1))));
    if (keyPaddingMask) {
      checkMask("keyPaddingMask", keyPaddingMask, isBatched ? [batch, positions] : [positions]);
      parts.push(added(keyPaddingMask).reshape([batch, 1, 1, positions]));
    }
    if (parts.length === 0) return null;
    const sum = parts.reduce((a, b) => a.add(b));
    if (extended === positions) return sum;
    // The added positions are seen by all.
    const more = zeros([...sum.shape.slice(0, -1), extended - positions], { dtype });
    return cat([sum, more], -1);
  }
}

function checkMask(name: string, { shape }: Tensor, wanted: readonly number[]): void {
  if (shape.length === wanted.length && shape.every((size, d) => size === wanted[d])) return;
  throw new ShapeError(
    `MultiheadAttention: ${name} must have shape ${formatShape(wanted)} for these inputs, got ${formatShape(shape)}`,
    { op: "MultiheadAttention", shapes: [shape] },
  );
}

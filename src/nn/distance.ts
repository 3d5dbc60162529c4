// Similarities, distances and the bilinear layer.
import { checkOptions } from "../base/index.js";
import type { Tensor } from "../tensor/index.js";
import { checkCounts } from "./checks.js";
import * as F from "./functional.js";
import { uniformParameter } from "./linear.js";
import { Module } from "./module.js";
import type { Parameter } from "./parameter.js";
import { printArguments } from "./print.js";

/**
 * x1 · x2 / (max(‖x1‖, eps) max(‖x2‖, eps)) along `dim` (default 1); `eps` is 1e-8 by default.
 *
 * Shapes: x1 and x2 that broadcast → their shape without `dim`, so `[N, D]` each → `[N]`.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws IndexError if the inputs have no such dim.
 * @example new nn.CosineSimilarity()(randn([8, 16]), randn([8, 16])).shape // [8]
 */
export class CosineSimilarity extends Module {
  /** The dim the vectors lie along. */
  readonly dim: number;
  /** Least norm to divide by. */
  readonly eps: number;

  constructor(options: { readonly dim?: number; readonly eps?: number } = {}, ...surplus: []) {
    super(...surplus);
    checkOptions("CosineSimilarity", options, ["dim", "eps"]);
    this.dim = options.dim ?? 1;
    this.eps = options.eps ?? 1e-8;
  }

  forward(x1: Tensor, x2: Tensor): Tensor {
    return F.cosineSimilarity(x1, x2, { dim: this.dim, eps: this.eps });
  }

  override extraRepr(): string {
    return printArguments({ dim: this.dim, eps: this.eps });
  }
}

/**
 * ‖x1 - x2 + eps‖_p over the last dim; `p` is 2, `eps` 1e-6, `keepdim` false by default.
 *
 * Shapes: x1 and x2 `[N, D]` or `[D]` (or that broadcast) → `[N]` or `[]`, with `keepdim` `[N, 1]` or `[1]`.
 * @throws ShapeError if the shapes do not broadcast.
 * @example new nn.PairwiseDistance()(randn([8, 16]), randn([8, 16])).shape // [8]
 */
export class PairwiseDistance extends Module {
  private readonly options: { readonly p: number; readonly eps: number; readonly keepdim: boolean };

  constructor(
    options: { readonly p?: number; readonly eps?: number; readonly keepdim?: boolean } = {},
    ...surplus: []
  ) {
    super(...surplus);
    checkOptions("PairwiseDistance", options, ["p", "eps", "keepdim"]);
    this.options = { p: 2, eps: 1e-6, keepdim: false, ...options };
  }

  forward(x1: Tensor, x2: Tensor): Tensor {
    return F.pairwiseDistance(x1, x2, this.options);
  }

  override extraRepr(): string {
    return printArguments(this.options);
  }
}

/**
 * y_o = x1ᵀ W_o x2 + b_o over the last dims.
 *
 * Shapes: inputs `[…, in1Features]` and `[…, in2Features]` → `[…, outFeatures]`; `weight` is
 * `[outFeatures, in1Features, in2Features]`, `bias` `[outFeatures]`. Both start uniform in ±1/√in1Features, as PyTorch's.
 * @param options - `bias` (default true): add a learned bias.
 * @throws ArgumentError if a size is no integer >= 1.
 * @throws ShapeError if the last dims are not `in1Features` and `in2Features`, or the others differ.
 * @example new nn.Bilinear(20, 30, 40)(randn([128, 20]), randn([128, 30])).shape // [128, 40]
 */
export class Bilinear extends Module {
  /** `[outFeatures, in1Features, in2Features]`. */
  weight: Parameter;
  /** `[outFeatures]`; null without `bias`. */
  bias: Parameter | null;

  constructor(
    /** Last dim of the first input. */
    readonly in1Features: number,
    /** Last dim of the second input. */
    readonly in2Features: number,
    /** Last dim of the output. */
    readonly outFeatures: number,
    options: { readonly bias?: boolean } = {},
    ...surplus: []
  ) {
    super(...surplus);
    checkOptions("Bilinear", options, ["bias"]);
    checkCounts("Bilinear", { in1Features, in2Features, outFeatures });
    const bound = 1 / Math.sqrt(in1Features);
    this.weight = uniformParameter([outFeatures, in1Features, in2Features], bound);
    this.bias = (options.bias ?? true) ? uniformParameter([outFeatures], bound) : null;
  }

  forward(input1: Tensor, input2: Tensor): Tensor {
    return F.bilinear(input1, input2, this.weight, this.bias);
  }

  override extraRepr(): string {
    const { in1Features, in2Features, outFeatures, bias } = this;
    return printArguments({ in1Features, in2Features, outFeatures, bias: bias !== null });
  }
}

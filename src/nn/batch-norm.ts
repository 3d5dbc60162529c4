// Batch normalisation.
import { checkOptions, formatShape, ShapeError } from "../base/index.js";
import { noGrad, ones, type Tensor, zeros } from "../tensor/index.js";
import { checkCounts, checkPositive } from "./checks.js";
import { batchNorm } from "./functional.js";
import { Module } from "./module.js";
import { Buffer, Parameter } from "./parameter.js";
import { printArguments } from "./print.js";

/** Options of `BatchNorm1d`, `BatchNorm2d` and `BatchNorm3d`. */
export interface BatchNormOptions {
  /** Added to the variance; default 1e-5. */
  readonly eps?: number;
  /** Weight of the batch in the running statistics; null: the mean over all batches. Default 0.1. */
  readonly momentum?: number | null;
  /** Scale and shift each channel by learned numbers; default true. */
  readonly affine?: boolean;
  /** Keep running statistics for evaluation; default true. */
  readonly trackRunningStats?: boolean;
}

export abstract class BatchNormBase extends Module {
  weight: Parameter | null;
  bias: Parameter | null;
  readonly runningMean: Buffer | null;
  readonly runningVar: Buffer | null;
  readonly numBatchesTracked: Buffer | null;
  readonly eps: number;
  momentum: number | null;

  constructor(
    private readonly layer: string,
    private readonly ranks: readonly number[],
    readonly numFeatures: number,
    options: BatchNormOptions,
  ) {
    super();
    checkOptions(layer, options, ["eps", "momentum", "affine", "trackRunningStats"]);
    const { eps = 1e-5, momentum = 0.1, affine = true, trackRunningStats = true } = options;
    checkCounts(layer, { numFeatures });
    checkPositive(layer, "eps", eps);
    this.eps = eps;
    this.momentum = momentum;
    this.weight = affine ? new Parameter(ones([numFeatures])) : null;
    this.bias = affine ? new Parameter(zeros([numFeatures])) : null;
    this.runningMean = trackRunningStats ? new Buffer(zeros([numFeatures])) : null;
    this.runningVar = trackRunningStats ? new Buffer(ones([numFeatures])) : null;
    this.numBatchesTracked = trackRunningStats ? new Buffer(zeros([], { dtype: "int64" })) : null;
  }

  /** Sets the running statistics to those of no batch: mean 0, variance 1. */
  resetRunningStats(): void {
    noGrad(() => {
      this.runningMean?.zero_();
      this.runningVar?.fill_(1);
      this.numBatchesTracked?.zero_();
    });
  }

  forward(input: Tensor): Tensor {
    const { weight, bias, runningMean, runningVar, eps, momentum } = this;
    this.checkInput(input);
    const options = { weight, bias, eps, training: this.training || runningMean === null };
    if (!this.training || !runningMean || !runningVar) return batchNorm(input, runningMean, runningVar, options);
    const count = this.numBatchesTracked as Buffer;
    noGrad(() => count.add_(1));
    if (momentum !== null) return batchNorm(input, runningMean, runningVar, { ...options, momentum });
    // With momentum 1 these become the batch's own statistics, which then enter the means with weight 1 / count.
    const [mean, variance] = [runningMean.clone(), runningVar.clone()];
    const output = batchNorm(input, mean, variance, { ...options, momentum: 1 });
    noGrad(() => {
      const share = count.to(runningMean.dtype).reciprocal();
      runningMean.add_(mean.sub(runningMean).mul(share));
      runningVar.add_(variance.sub(runningVar).mul(share));
    });
    return output;
  }

  private checkInput({ shape }: Tensor): void {
    if (this.ranks.includes(shape.length) && shape[1] === this.numFeatures) return;
    throw new ShapeError(
      `${this.layer}: input must have ${this.ranks.join(" or ")} dims with ${this.numFeatures} channels in dim 1, got shape ${formatShape(shape)}`,
      { op: this.layer, shapes: [shape] },
    );
  }

  override extraRepr(): string {
    const { numFeatures, eps, momentum, weight, runningMean } = this;
    const rest = { eps, momentum, affine: weight !== null, trackRunningStats: runningMean !== null };
    return `${numFeatures}, ${printArguments(rest)}`;
  }
}

/**
 * Normalises each channel by mean and variance of the batch (in evaluation: by their running averages), then scales and shifts.
 *
 * Shapes: input `[N, numFeatures]` or `[N, numFeatures, L]` → the same. The running variance collects the unbiased one.
 * Source: Ioffe & Szegedy, 2015, arXiv:1502.03167, algorithm 1.
 */
export class BatchNorm1d extends BatchNormBase {
  constructor(numFeatures: number, options: BatchNormOptions = {}) {
    super("BatchNorm1d", [2, 3], numFeatures, options);
  }
}

/** As BatchNorm1d, over batch and space of images `[N, numFeatures, H, W]`. */
export class BatchNorm2d extends BatchNormBase {
  constructor(numFeatures: number, options: BatchNormOptions = {}) {
    super("BatchNorm2d", [4], numFeatures, options);
  }
}

/** As BatchNorm1d, over batch and space of volumes `[N, numFeatures, D, H, W]`. */
export class BatchNorm3d extends BatchNormBase {
  constructor(numFeatures: number, options: BatchNormOptions = {}) {
    super("BatchNorm3d", [5], numFeatures, options);
  }
}

/** Whether a module is a batch norm layer of any rank. */
export function isBatchNorm(module: Module): module is BatchNormBase {
  return module instanceof BatchNormBase;
}

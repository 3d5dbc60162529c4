// Batch normalisation.
import { formatShape, ShapeError } from "../base/index.js";
import { noGrad, type Tensor } from "../tensor/index.js";
import { ChannelNormBase } from "./channel-norm.js";
import { batchNorm } from "./functional.js";
import type { Module } from "./module.js";
import type { Buffer } from "./parameter.js";

/** Options of `BatchNorm1d`, `BatchNorm2d` and `BatchNorm3d`. */
export interface BatchNormOptions {
  /** Added to the variance; default 1e-5. */
  readonly eps?: number;
  /** Weight of the batch in the running statistics; null: the mean over all batches. Default 0.1. */
  readonly momentum?: number | null;
  /** Scale and shift each channel by learned numbers; default true. */
  readonly affine?: boolean;
  /** With the shift; default true. */
  readonly bias?: boolean;
  /** Keep running statistics for evaluation; default true. */
  readonly trackRunningStats?: boolean;
}

export abstract class BatchNormBase extends ChannelNormBase<number | null> {
  constructor(
    layer: string,
    private readonly ranks: readonly number[],
    numFeatures: number,
    options: BatchNormOptions,
  ) {
    super(layer, numFeatures, options, true);
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

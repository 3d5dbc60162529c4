// Batch normalisation.
import { formatShape, ShapeError } from "../base/index.js";
import { checkTensor, noGrad, type Tensor } from "../tensor/index.js";
import { ChannelNormBase } from "./channel-norm.js";
import { batchNorm } from "./functional.js";
import type { Module } from "./module.js";
import type { Buffer } from "./parameter.js";

/** Options of `BatchNorm1d`, `BatchNorm2d` and `BatchNorm3d`. */
export interface BatchNormOptions {
  /** Added to the variance, above 0; default 1e-5. */
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

/** What the batch norms have in common. */
export abstract class BatchNormBase extends ChannelNormBase<number | null> {
  constructor(
    layer: string,
    private readonly ranks: readonly number[],
    numFeatures: number,
    options: BatchNormOptions,
    ...surplus: []
  ) {
    super(layer, numFeatures, options, true, ...surplus);
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

  private checkInput(input: Tensor): void {
    checkTensor(this.layer, "input", input);
    const { shape } = input;
    if (this.ranks.includes(shape.length) && shape[1] === this.numFeatures) return;
    throw new ShapeError(
      `${this.layer}: input must have ${this.ranks.join(" or ")} dims with ${this.numFeatures} channels in dim 1, got shape ${formatShape(shape)}`,
      { op: this.layer, shapes: [shape] },
    );
  }
}

/**
 * y = (x - mean) / √(var + eps) · weight + bias, a channel at a time: with mean and (biased) variance of the batch in training, with
 * their running averages in evaluation.
 *
 * In training running = (1 - momentum) · running + momentum · batch, of the unbiased variance; with `momentum: null` the average over
 * all batches. Without `trackRunningStats` the batch's numbers serve in evaluation too.
 *
 * Shapes: input `[N, numFeatures]` or `[N, numFeatures, L]` → the same; `weight`, `bias`, `runningMean` and `runningVar` are
 * `[numFeatures]`, `numBatchesTracked` is `[]`.
 * Source: Ioffe & Szegedy, 2015, arXiv:1502.03167, algorithm 1.
 * @throws ArgumentError if `numFeatures` is no integer >= 1, `eps` is not above 0, or `momentum` is no number.
 * @throws ShapeError if the input has other dims or channels, or in training a single value a channel.
 * @throws DTypeError if the input is no float tensor.
 * @example new nn.BatchNorm1d(64)(randn([32, 64])).shape // [32, 64]
 */
export class BatchNorm1d extends BatchNormBase {
  constructor(numFeatures: number, options: BatchNormOptions = {}, ...surplus: []) {
    super("BatchNorm1d", [2, 3], numFeatures, options, ...surplus);
  }
}

/**
 * BatchNorm1d's formula over batch and space of images.
 *
 * Shapes: input `[N, numFeatures, H, W]` → the same; parameters and buffers as BatchNorm1d's.
 * Source: Ioffe & Szegedy, 2015, arXiv:1502.03167, section 3.2.
 * @throws ArgumentError if `numFeatures` is no integer >= 1, `eps` is not above 0, or `momentum` is no number.
 * @throws ShapeError if the input has other dims or channels, or in training a single value a channel.
 * @throws DTypeError if the input is no float tensor.
 * @example new nn.BatchNorm2d(16)(randn([8, 16, 32, 32])).shape // [8, 16, 32, 32]
 */
export class BatchNorm2d extends BatchNormBase {
  constructor(numFeatures: number, options: BatchNormOptions = {}, ...surplus: []) {
    super("BatchNorm2d", [4], numFeatures, options, ...surplus);
  }
}

/**
 * BatchNorm1d's formula over batch and space of volumes.
 *
 * Shapes: input `[N, numFeatures, D, H, W]` → the same; parameters and buffers as BatchNorm1d's.
 * Source: Ioffe & Szegedy, 2015, arXiv:1502.03167, section 3.2.
 * @throws ArgumentError if `numFeatures` is no integer >= 1, `eps` is not above 0, or `momentum` is no number.
 * @throws ShapeError if the input has other dims or channels, or in training a single value a channel.
 * @throws DTypeError if the input is no float tensor.
 */
export class BatchNorm3d extends BatchNormBase {
  constructor(numFeatures: number, options: BatchNormOptions = {}, ...surplus: []) {
    super("BatchNorm3d", [5], numFeatures, options, ...surplus);
  }
}

/**
 * Whether a module is a BatchNorm1d, BatchNorm2d or BatchNorm3d.
 * @example model.modules().filter(nn.isBatchNorm)
 */
export function isBatchNorm(module: Module): module is BatchNormBase {
  return module instanceof BatchNormBase;
}

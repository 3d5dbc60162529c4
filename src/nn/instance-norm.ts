// Instance normalisation.
import { formatShape, ShapeError } from "../base/index.js";
import { checkTensor, noGrad, type Tensor } from "../tensor/index.js";
import { ChannelNormBase } from "./channel-norm.js";
import { batchNorm, instanceNorm } from "./functional.js";
import type { Buffer } from "./parameter.js";

/** Options of `InstanceNorm1d`, `InstanceNorm2d` and `InstanceNorm3d`. */
export interface InstanceNormOptions {
  /** Added to the variance, above 0; default 1e-5. */
  readonly eps?: number;
  /** Weight of the batch in the running statistics; default 0.1. */
  readonly momentum?: number;
  /** Scale and shift each channel by learned numbers; default false. */
  readonly affine?: boolean;
  /** With the shift; default true. */
  readonly bias?: boolean;
  /** Keep running statistics, and use them in evaluation; default false. */
  readonly trackRunningStats?: boolean;
}

abstract class InstanceNormBase extends ChannelNormBase<number> {
  constructor(
    layer: string,
    private readonly rank: number,
    numFeatures: number,
    options: InstanceNormOptions,
    ...surplus: []
  ) {
    super(layer, numFeatures, options, false, ...surplus);
  }

  forward(input: Tensor): Tensor {
    checkTensor(this.layer, "input", input);
    const isBatched = input.shape.length === this.rank;
    this.checkInput(input, isBatched);
    const x = isBatched ? input : input.unsqueeze(0);
    const y = this.normalized(x);
    return isBatched ? y : y.squeeze(0);
  }

  private normalized(x: Tensor): Tensor {
    const { weight, bias, eps, runningMean, runningVar } = this;
    if (!this.training && runningMean && runningVar)
      return batchNorm(x, runningMean, runningVar, { weight, bias, eps });
    if (runningMean && runningVar) this.follow(x, runningMean, runningVar);
    return instanceNorm(x, { weight, bias, eps });
  }

  /** The running statistics follow the mean over the samples of each one's mean and (unbiased) variance. */
  private follow(x: Tensor, runningMean: Buffer, runningVar: Buffer): void {
    noGrad(() => {
      const flat = x.detach().flatten(2); // [N, C, L]
      const towards = (running: Buffer, value: Tensor) =>
        running.copy_(running.mul(1 - this.momentum).add(value.mean(0).mul(this.momentum)));
      towards(runningMean, flat.mean(2));
      towards(runningVar, flat.var(2));
    });
  }

  private checkInput({ shape }: Tensor, isBatched: boolean): void {
    const channels = shape[isBatched ? 1 : 0];
    if ((isBatched || shape.length === this.rank - 1) && channels === this.numFeatures) return;
    throw new ShapeError(
      `${this.layer}: input must have ${this.rank} dims (${this.rank - 1} without a batch) with ${this.numFeatures} channels, got shape ${formatShape(shape)}`,
      { op: this.layer, shapes: [shape] },
    );
  }
}

/**
 * y = (x - mean) / √(var + eps), with mean and (biased) variance of each channel of each sample by itself, then · weight + bias with
 * `affine`. With `trackRunningStats` their running averages take their place in evaluation.
 *
 * Shapes: input `[N, numFeatures, L]` or `[numFeatures, L]` → the same; `weight`, `bias`, `runningMean` and `runningVar` are
 * `[numFeatures]`.
 * Source: Ulyanov, Vedaldi & Lempitsky, 2016, arXiv:1607.08022.
 * @throws ArgumentError if `numFeatures` is no integer >= 1, `eps` is not above 0, or `momentum` is no number.
 * @throws ShapeError if the input has other dims or channels, or a single value a channel where the sample's own mean and variance
 * are used.
 * @throws DTypeError if the input is no float tensor.
 * @example new nn.InstanceNorm1d(4)(randn([2, 4, 10])).shape // [2, 4, 10]
 */
export class InstanceNorm1d extends InstanceNormBase {
  constructor(numFeatures: number, options: InstanceNormOptions = {}, ...surplus: []) {
    super("InstanceNorm1d", 3, numFeatures, options, ...surplus);
  }
}

/**
 * InstanceNorm1d's formula over the space of each image.
 *
 * Shapes: input `[N, numFeatures, H, W]` or `[numFeatures, H, W]` → the same; parameters and buffers as InstanceNorm1d's.
 * Source: Ulyanov, Vedaldi & Lempitsky, 2016, arXiv:1607.08022.
 * @throws ArgumentError if `numFeatures` is no integer >= 1, `eps` is not above 0, or `momentum` is no number.
 * @throws ShapeError if the input has other dims or channels, or a single value a channel where the sample's own mean and variance
 * are used.
 * @throws DTypeError if the input is no float tensor.
 * @example new nn.InstanceNorm2d(4)(randn([2, 4, 8, 8])).shape // [2, 4, 8, 8]
 */
export class InstanceNorm2d extends InstanceNormBase {
  constructor(numFeatures: number, options: InstanceNormOptions = {}, ...surplus: []) {
    super("InstanceNorm2d", 4, numFeatures, options, ...surplus);
  }
}

/**
 * InstanceNorm1d's formula over the space of each volume.
 *
 * Shapes: input `[N, numFeatures, D, H, W]` or `[numFeatures, D, H, W]` → the same; parameters and buffers as InstanceNorm1d's.
 * Source: Ulyanov, Vedaldi & Lempitsky, 2016, arXiv:1607.08022.
 * @throws ArgumentError if `numFeatures` is no integer >= 1, `eps` is not above 0, or `momentum` is no number.
 * @throws ShapeError if the input has other dims or channels, or a single value a channel where the sample's own mean and variance
 * are used.
 * @throws DTypeError if the input is no float tensor.
 */
export class InstanceNorm3d extends InstanceNormBase {
  constructor(numFeatures: number, options: InstanceNormOptions = {}, ...surplus: []) {
    super("InstanceNorm3d", 5, numFeatures, options, ...surplus);
  }
}

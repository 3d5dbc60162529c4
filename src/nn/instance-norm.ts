// Instance normalisation.
import { formatShape, ShapeError } from "../base/index.js";
import { noGrad, type Tensor } from "../tensor/index.js";
import { ChannelNormBase } from "./channel-norm.js";
import { batchNorm, instanceNorm } from "./functional.js";
import type { Buffer } from "./parameter.js";

/** Options of `InstanceNorm1d`, `InstanceNorm2d` and `InstanceNorm3d`. */
export interface InstanceNormOptions {
  /** Added to the variance; default 1e-5. */
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
  ) {
    super(layer, numFeatures, options, false);
  }

  forward(input: Tensor): Tensor {
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
 * Normalises each channel of each sample by its own mean and variance, then scales and shifts if `affine`.
 *
 * Shapes: input `[N, numFeatures, L]` or `[numFeatures, L]` → the same.
 * Source: Ulyanov, Vedaldi & Lempitsky, 2016, arXiv:1607.08022.
 * @throws ShapeError for other shapes, and for a single element a channel.
 */
export class InstanceNorm1d extends InstanceNormBase {
  constructor(numFeatures: number, options: InstanceNormOptions = {}) {
    super("InstanceNorm1d", 3, numFeatures, options);
  }
}

/** As InstanceNorm1d, for images `[N, numFeatures, H, W]`. */
export class InstanceNorm2d extends InstanceNormBase {
  constructor(numFeatures: number, options: InstanceNormOptions = {}) {
    super("InstanceNorm2d", 4, numFeatures, options);
  }
}

/** As InstanceNorm1d, for volumes `[N, numFeatures, D, H, W]`. */
export class InstanceNorm3d extends InstanceNormBase {
  constructor(numFeatures: number, options: InstanceNormOptions = {}) {
    super("InstanceNorm3d", 5, numFeatures, options);
  }
}

// What batch and instance normalisation share: arguments, parameters, running statistics, printing.
import { checkOptions } from "../base/index.js";
import { noGrad, ones, zeros } from "../tensor/index.js";
import { checkCounts, checkNumber, checkPositive } from "./checks.js";
import { Module } from "./module.js";
import { Buffer, Parameter } from "./parameter.js";
import { printArguments } from "./print.js";

export interface ChannelNormOptions {
  readonly eps?: number;
  readonly momentum?: number | null;
  readonly affine?: boolean;
  readonly bias?: boolean;
  readonly trackRunningStats?: boolean;
}

/** Normalisation of channels; `Momentum` is what may weigh a batch in the running statistics. */
export abstract class ChannelNormBase<Momentum extends number | null> extends Module {
  /** One factor a channel, `[numFeatures]`, first 1; null without `affine`. */
  weight: Parameter | null;
  /** One shift a channel, `[numFeatures]`, first 0; null without `affine` or `bias`. */
  bias: Parameter | null;
  /** Mean of each channel over the batches so far, `[numFeatures]`, first 0; null without `trackRunningStats`. */
  readonly runningMean: Buffer | null;
  /** Variance of each channel over the batches so far, `[numFeatures]`, first 1; null without `trackRunningStats`. */
  readonly runningVar: Buffer | null;
  /** How many batches there were, `[]`, int64; null without `trackRunningStats`. */
  readonly numBatchesTracked: Buffer | null;
  /** Added to the variance. */
  readonly eps: number;
  /** Weight of a batch in the running statistics. */
  momentum: Momentum;

  /** @param learned - whether to scale and shift, and to keep running statistics, where the options do not say. */
  constructor(
    protected readonly layer: string,
    /** Channels of the input. */
    readonly numFeatures: number,
    options: ChannelNormOptions & { readonly momentum?: Momentum },
    learned: boolean,
    ...surplus: []
  ) {
    super(...surplus);
    checkOptions(layer, options, ["eps", "momentum", "affine", "bias", "trackRunningStats"]);
    const { eps = 1e-5, affine = learned, bias = true, trackRunningStats = learned } = options;
    checkCounts(layer, { numFeatures });
    checkPositive(layer, "eps", eps);
    if (options.momentum !== undefined && options.momentum !== null) checkNumber(layer, "momentum", options.momentum);
    this.eps = eps;
    this.momentum = options.momentum === undefined ? (0.1 as Momentum) : options.momentum;
    this.weight = affine ? new Parameter(ones([numFeatures])) : null;
    this.bias = affine && bias ? new Parameter(zeros([numFeatures])) : null;
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

  override extraRepr(): string {
    const { numFeatures, eps, momentum, weight, bias, runningMean } = this;
    const affine = weight !== null;
    const rest = {
      eps,
      momentum,
      affine,
      bias: affine && bias === null ? false : undefined,
      trackRunningStats: runningMean !== null,
    };
    return `${numFeatures}, ${printArguments(rest)}`;
  }
}

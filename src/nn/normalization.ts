// Layers that normalise within a sample: LayerNorm, RMSNorm, GroupNorm, LocalResponseNorm.
import { ArgumentError, checkOptions } from "../base/index.js";
import { ones, type Tensor, zeros } from "../tensor/index.js";
import { checkCounts, checkPositive, checkSizes } from "./checks.js";
import { groupNorm, layerNorm, localResponseNorm, rmsNorm } from "./functional.js";
import { Module } from "./module.js";
import { Parameter } from "./parameter.js";
import { printArguments } from "./print.js";

/** Options of `LayerNorm`. */
export interface LayerNormOptions {
  /** Added to the variance, above 0; default 1e-5. */
  readonly eps?: number;
  /** Scale and shift by learned numbers; default true. */
  readonly elementwiseAffine?: boolean;
  /** With the shift; default true. */
  readonly bias?: boolean;
}

/**
 * y = (x - mean) / √(var + eps) · weight + bias, with mean and (biased) variance over the last dims.
 *
 * Shapes: input `[…, ...normalizedShape]` → the same; `weight` (first 1) and `bias` (first 0) are `normalizedShape`.
 * Source: Ba, Kiros & Hinton, 2016, arXiv:1607.06450, eq. 4.
 * @throws ArgumentError if a size is no integer >= 1, or `eps` is not above 0.
 * @throws ShapeError if the input's last dims are not `normalizedShape`.
 * @throws DTypeError if the input is no float tensor.
 * @example new nn.LayerNorm(64)(randn([8, 10, 64])).shape // [8, 10, 64]
 */
export class LayerNorm extends Module {
  /** Factors, `normalizedShape`; null without `elementwiseAffine`. */
  weight: Parameter | null;
  /** Shifts, `normalizedShape`; null without `elementwiseAffine` or `bias`. */
  bias: Parameter | null;
  /** Sizes of the last dims, over which mean and variance are taken. */
  readonly normalizedShape: readonly number[];
  /** Added to the variance. */
  readonly eps: number;

  constructor(normalizedShape: number | readonly number[], options: LayerNormOptions = {}, ...surplus: []) {
    super(...surplus);
    checkOptions("LayerNorm", options, ["eps", "elementwiseAffine", "bias"]);
    const { eps = 1e-5, elementwiseAffine = true, bias = true } = options;
    this.normalizedShape = checkSizes("LayerNorm", "normalizedShape", normalizedShape);
    checkPositive("LayerNorm", "eps", eps);
    this.eps = eps;
    this.weight = elementwiseAffine ? new Parameter(ones(this.normalizedShape)) : null;
    this.bias = elementwiseAffine && bias ? new Parameter(zeros(this.normalizedShape)) : null;
  }

  forward(input: Tensor): Tensor {
    const { weight, bias, eps } = this;
    return layerNorm(input, this.normalizedShape, { weight, bias, eps });
  }

  override extraRepr(): string {
    const { normalizedShape, eps, weight } = this;
    return `${printArguments({ normalizedShape, eps, elementwiseAffine: weight !== null })}`;
  }
}

/** Options of `RMSNorm`. */
export interface RMSNormOptions {
  /** Added to the mean square, above 0; default: the machine epsilon of the input's dtype. */
  readonly eps?: number;
  /** Scale by learned numbers; default true. */
  readonly elementwiseAffine?: boolean;
}

/**
 * y = x / √(mean(x²) + eps) · weight over the last dims.
 *
 * Shapes: input `[…, ...normalizedShape]` → the same; `weight` (first 1) is `normalizedShape`.
 * Source: Zhang & Sennrich, "Root Mean Square Layer Normalization", 2019, arXiv:1910.07467, eq. 4.
 * @throws ArgumentError if a size is no integer >= 1, or `eps` is not above 0.
 * @throws ShapeError if the input's last dims are not `normalizedShape`.
 * @throws DTypeError if the input is no float tensor.
 * @example new nn.RMSNorm(64)(randn([8, 10, 64])).shape // [8, 10, 64]
 */
export class RMSNorm extends Module {
  /** Factors, `normalizedShape`; null without `elementwiseAffine`. */
  weight: Parameter | null;
  /** Sizes of the last dims, over which the mean square is taken. */
  readonly normalizedShape: readonly number[];
  /** Added to the mean square; null: the machine epsilon of the input's dtype. */
  readonly eps: number | null;

  constructor(normalizedShape: number | readonly number[], options: RMSNormOptions = {}, ...surplus: []) {
    super(...surplus);
    checkOptions("RMSNorm", options, ["eps", "elementwiseAffine"]);
    const { eps, elementwiseAffine = true } = options;
    this.normalizedShape = checkSizes("RMSNorm", "normalizedShape", normalizedShape);
    if (eps !== undefined) checkPositive("RMSNorm", "eps", eps);
    this.eps = eps ?? null;
    this.weight = elementwiseAffine ? new Parameter(ones(this.normalizedShape)) : null;
  }

  forward(input: Tensor): Tensor {
    return rmsNorm(input, this.normalizedShape, { weight: this.weight, eps: this.eps });
  }

  override extraRepr(): string {
    const { normalizedShape, eps, weight } = this;
    return printArguments({ normalizedShape, eps, elementwiseAffine: weight !== null });
  }
}

/** Options of `LocalResponseNorm`. */
export interface LocalResponseNormOptions {
  /** Factor of the mean square; default 1e-4. */
  readonly alpha?: number;
  /** Exponent; default 0.75. */
  readonly beta?: number;
  /** Added to the mean square; default 1. */
  readonly k?: number;
}

/**
 * x / (k + alpha · mean of the squares of `size` neighbouring channels)^beta; channels beyond the ends count as 0.
 *
 * Shapes: input `[N, C, …]` of 3 dims or more → the same. Source: Krizhevsky, Sutskever & Hinton, 2012, section 3.3.
 * @throws ArgumentError if `size` is no integer >= 1.
 * @throws ShapeError if the input has fewer than 3 dims.
 * @example new nn.LocalResponseNorm(2)(randn([8, 16, 12, 12])).shape // [8, 16, 12, 12]
 */
export class LocalResponseNorm extends Module {
  private readonly options: Required<LocalResponseNormOptions>;

  constructor(
    /** Channels that count, the own one in their middle. */
    readonly size: number,
    options: LocalResponseNormOptions = {},
    ...surplus: []
  ) {
    super(...surplus);
    checkOptions("LocalResponseNorm", options, ["alpha", "beta", "k"]);
    checkCounts("LocalResponseNorm", { size });
    this.options = { alpha: 1e-4, beta: 0.75, k: 1, ...options };
  }

  forward(input: Tensor): Tensor {
    return localResponseNorm(input, this.size, this.options);
  }

  override extraRepr(): string {
    return `${this.size}, ${printArguments({ ...this.options })}`;
  }
}

/** Options of `GroupNorm`. */
export interface GroupNormOptions {
  /** Added to the variance, above 0; default 1e-5. */
  readonly eps?: number;
  /** Scale and shift each channel by learned numbers; default true. */
  readonly affine?: boolean;
  /** With the shift; default true. */
  readonly bias?: boolean;
}

/**
 * y = (x - mean) / √(var + eps) · weight + bias, with mean and (biased) variance of each of `numGroups` groups of channels of each
 * sample, and one factor and shift a channel.
 *
 * Shapes: input `[N, numChannels, …]` → the same; `weight` (first 1) and `bias` (first 0) are `[numChannels]`.
 * Source: Wu & He, 2018, arXiv:1803.08494.
 * @throws ArgumentError if a number is no integer >= 1, `numGroups` does not divide `numChannels` or the input's channels, or `eps`
 * is not above 0.
 * @throws ShapeError if the input has fewer than 2 dims, or with `affine` other channels.
 * @throws DTypeError if the input is no float tensor.
 * @example new nn.GroupNorm(4, 16)(randn([8, 16, 12, 12])).shape // [8, 16, 12, 12]
 */
export class GroupNorm extends Module {
  /** One factor a channel, `[numChannels]`; null without `affine`. */
  weight: Parameter | null;
  /** One shift a channel, `[numChannels]`; null without `affine` or `bias`. */
  bias: Parameter | null;
  /** Added to the variance. */
  readonly eps: number;

  constructor(
    /** Groups of channels that share mean and variance. */
    readonly numGroups: number,
    /** Channels of the input; must divide by the groups. */
    readonly numChannels: number,
    options: GroupNormOptions = {},
    ...surplus: []
  ) {
    super(...surplus);
    checkOptions("GroupNorm", options, ["eps", "affine", "bias"]);
    const { eps = 1e-5, affine = true, bias = true } = options;
    checkCounts("GroupNorm", { numGroups, numChannels });
    checkPositive("GroupNorm", "eps", eps);
    if (numChannels % numGroups !== 0) {
      throw new ArgumentError(`GroupNorm: numGroups ${numGroups} must divide numChannels ${numChannels}`, {
        op: "GroupNorm",
      });
    }
    this.eps = eps;
    this.weight = affine ? new Parameter(ones([numChannels])) : null;
    this.bias = affine && bias ? new Parameter(zeros([numChannels])) : null;
  }

  forward(input: Tensor): Tensor {
    const { weight, bias, eps } = this;
    return groupNorm(input, this.numGroups, { weight, bias, eps });
  }

  override extraRepr(): string {
    const { numGroups, numChannels, eps, weight, bias } = this;
    const affine = weight !== null;
    const rest = { eps, affine, bias: affine && bias === null ? false : undefined };
    return `${numGroups}, ${numChannels}, ${printArguments(rest)}`;
  }
}

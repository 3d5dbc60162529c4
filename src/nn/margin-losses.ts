// Losses of margins, similarities and likelihoods, as modules.
import { checkFunction, noMore } from "../base/index.js";
import type { Tensor } from "../tensor/index.js";
import { checkPositive } from "./checks.js";
import * as F from "./functional.js";
import { given, Loss, type LossOptions, weightBuffer } from "./losses.js";
import type { Buffer } from "./parameter.js";
import { printArguments } from "./print.js";

/**
 * max(0, -target (input1 - input2) + margin): target 1 where input1 should rank higher, -1 where lower. `margin` is 0
 * by default.
 *
 * Shapes: inputs and target that broadcast, such as `[N]` each → `[]`, or theirs with `reduction: "none"`.
 * @throws ShapeError if the shapes do not broadcast.
 * @example new nn.MarginRankingLoss()(tensor([1, 2]), tensor([3, 1]), tensor([1, 1])).item() // 1
 */
export class MarginRankingLoss extends Loss {
  /** By how much the right one must lead. */
  readonly margin: number;

  constructor(options: LossOptions & { readonly margin?: number } = {}, ...surplus: []) {
    super("MarginRankingLoss", options, ["margin"]);
    noMore("MarginRankingLoss", surplus);
    this.margin = options.margin ?? 0;
  }

  forward(input1: Tensor, input2: Tensor, target: Tensor): Tensor {
    return F.marginRankingLoss(input1, input2, target, { reduction: this.reduction, margin: this.margin });
  }

  override extraRepr(): string {
    return printArguments({ margin: this.margin });
  }
}

/**
 * input where target is 1, max(0, margin - input) where it is -1. `margin` is 1 by default.
 *
 * Shapes: input and target that broadcast → `[]`, or theirs with `reduction: "none"`.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws DTypeError with "mean" if the input is no float tensor.
 */
export class HingeEmbeddingLoss extends Loss {
  /** Distances of dissimilar pairs above it cost nothing. */
  readonly margin: number;

  constructor(options: LossOptions & { readonly margin?: number } = {}, ...surplus: []) {
    super("HingeEmbeddingLoss", options, ["margin"]);
    noMore("HingeEmbeddingLoss", surplus);
    this.margin = options.margin ?? 1;
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return F.hingeEmbeddingLoss(input, target, { reduction: this.reduction, margin: this.margin });
  }

  override extraRepr(): string {
    return printArguments({ margin: this.margin });
  }
}

/**
 * log(1 + exp(-target · input)), target 1 or -1.
 *
 * Shapes: input and target of one shape (or that broadcast) → `[]`, or theirs with `reduction: "none"`.
 * @throws ShapeError if the shapes do not broadcast.
 */
export class SoftMarginLoss extends Loss {
  constructor(options: LossOptions = {}, ...surplus: []) {
    super("SoftMarginLoss", options, []);
    noMore("SoftMarginLoss", surplus);
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return F.softMarginLoss(input, target, { reduction: this.reduction });
  }
}

/**
 * Σ over targets j and others i of max(0, 1 - (x[j] - x[i])) / C.
 *
 * Shapes: input `[N, C]` (or `[C]`), target of the same shape: class indices, ended by the first -1 → `[]`, or `[N]` (or `[]`) with
 * `reduction: "none"`.
 * @throws ShapeError if the input has other dims, or the target another shape.
 * @throws IndexError if a target is neither a class nor -1 (at the call if it is on the host, else when the loss is computed).
 */
export class MultiLabelMarginLoss extends Loss {
  constructor(options: LossOptions = {}, ...surplus: []) {
    super("MultiLabelMarginLoss", options, []);
    noMore("MultiLabelMarginLoss", surplus);
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return F.multilabelMarginLoss(input, target, { reduction: this.reduction });
  }
}

/**
 * Mean over classes of weight · the binary cross-entropy of sigmoid(input) with targets 0 or 1.
 *
 * Shapes: input and target `[N, C]` (or `[C]`) → `[]`, or `[N]` (or `[]`) with `reduction: "none"`; `weight` is `[C]`.
 * @param options - `reduction` (default "mean"), `weight` (default none).
 * @throws ShapeError if the shapes do not broadcast.
 * @throws DTypeError if the input is no float tensor.
 */
export class MultiLabelSoftMarginLoss extends Loss {
  /** One factor a class, `[C]`, or null. */
  readonly weight: Buffer | null;

  constructor(options: LossOptions & { readonly weight?: Tensor } = {}, ...surplus: []) {
    super("MultiLabelSoftMarginLoss", options, ["weight"]);
    noMore("MultiLabelSoftMarginLoss", surplus);
    this.weight = weightBuffer(options.weight);
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return F.multilabelSoftMarginLoss(input, target, { reduction: this.reduction, ...given({ weight: this.weight }) });
  }
}

/**
 * weight[y] Σ_{i ≠ y} max(0, margin - x[y] + x[i])^p / C. `p` is 1, `margin` 1 by default.
 *
 * Shapes: input `[N, C]` (or `[C]`), target `[N]` (or `[]`) of class indices y → `[]`, or the target's with `reduction: "none"`; `weight`
 * is `[C]`.
 * @throws ArgumentError if `p` is neither 1 nor 2 (in the call).
 * @throws ShapeError if the input has other dims, the target does not fit it, or `weight` has not one element a class.
 * @throws IndexError if a target is no class (at the call if it is on the host, else when the loss is computed).
 */
export class MultiMarginLoss extends Loss {
  /** Power of each violation. */
  readonly p: 1 | 2;
  /** By how much the right class must lead. */
  readonly margin: number;
  /** One factor a class, `[C]`, or null. */
  readonly weight: Buffer | null;

  constructor(
    options: LossOptions & { readonly p?: 1 | 2; readonly margin?: number; readonly weight?: Tensor } = {},
    ...surplus: []
  ) {
    super("MultiMarginLoss", options, ["p", "margin", "weight"]);
    noMore("MultiMarginLoss", surplus);
    this.p = options.p ?? 1;
    this.margin = options.margin ?? 1;
    this.weight = weightBuffer(options.weight);
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return F.multiMarginLoss(input, target, {
      reduction: this.reduction,
      p: this.p,
      margin: this.margin,
      ...given({ weight: this.weight }),
    });
  }

  override extraRepr(): string {
    return printArguments({ p: this.p, margin: this.margin });
  }
}

/**
 * 1 - cos(x1, x2) where target is 1, max(0, cos(x1, x2) - margin) where it is -1. `margin` is 0 by default.
 *
 * Shapes: inputs `[N, D]` or `[D]`, target `[N]` or `[]` → `[]`, or target's with `reduction: "none"`.
 * @throws ShapeError if the shapes do not fit each other.
 */
export class CosineEmbeddingLoss extends Loss {
  /** Cosines of dissimilar pairs below it cost nothing. */
  readonly margin: number;

  constructor(options: LossOptions & { readonly margin?: number } = {}, ...surplus: []) {
    super("CosineEmbeddingLoss", options, ["margin"]);
    noMore("CosineEmbeddingLoss", surplus);
    this.margin = options.margin ?? 0;
  }

  forward(input1: Tensor, input2: Tensor, target: Tensor): Tensor {
    return F.cosineEmbeddingLoss(input1, input2, target, { reduction: this.reduction, margin: this.margin });
  }

  override extraRepr(): string {
    return printArguments({ margin: this.margin });
  }
}

/**
 * max(0, margin + d(anchor, positive) - d(anchor, negative)). `margin` is 1, `p` 2, `eps` 1e-6, `swap` false by
 * default.
 *
 * With d(a, b) = ‖a - b + eps‖_p; with `swap` d(positive, negative) counts where it is smaller than d(anchor, negative).
 *
 * Shapes: `[N, D]` or `[D]` each → `[]`, or `[N]` (or `[]`) with `reduction: "none"`.
 * Source: Balntas et al., "Learning local feature descriptors with triplets and shallow convolutional neural networks", BMVC 2016.
 * @throws ArgumentError if `margin` is not above 0.
 * @throws ShapeError if the shapes do not broadcast.
 */
export class TripletMarginLoss extends Loss {
  /** By how much farther away the negative must be. */
  readonly margin: number;
  /** The norm's p. */
  readonly p: number;
  /** Added to differences, so that the root has a gradient. */
  readonly eps: number;
  /** Whether the negative counts from the positive where that is nearer than the anchor. */
  readonly swap: boolean;

  constructor(
    options: LossOptions & {
      readonly margin?: number;
      readonly p?: number;
      readonly eps?: number;
      readonly swap?: boolean;
    } = {},
    ...surplus: []
  ) {
    super("TripletMarginLoss", options, ["margin", "p", "eps", "swap"]);
    noMore("TripletMarginLoss", surplus);
    this.margin = options.margin ?? 1;
    checkPositive("TripletMarginLoss", "margin", this.margin);
    this.p = options.p ?? 2;
    this.eps = options.eps ?? 1e-6;
    this.swap = options.swap ?? false;
  }

  forward(anchor: Tensor, positive: Tensor, negative: Tensor): Tensor {
    return F.tripletMarginLoss(anchor, positive, negative, {
      reduction: this.reduction,
      margin: this.margin,
      p: this.p,
      eps: this.eps,
      swap: this.swap,
    });
  }

  override extraRepr(): string {
    return printArguments({ margin: this.margin, p: this.p, eps: this.eps, swap: this.swap });
  }
}

/**
 * max(0, margin + d(anchor, positive) - d(anchor, negative)) with any distance d. `distanceFunction` is pairwiseDistance, `margin` 1,
 * `swap` false by default.
 *
 * Shapes: `[N, D]` each → `[]`, or what the distance gives with `reduction: "none"`.
 * @throws ArgumentError in the call if `margin` is not above 0.
 * @example new nn.TripletMarginWithDistanceLoss({ distanceFunction: (a, b) => a.sub(b).abs().sum(-1) })(anchor, near, far)
 */
export class TripletMarginWithDistanceLoss extends Loss {
  /** Distance of two batches of vectors, `[N, D]` each → `[N]`. */
  readonly distanceFunction: (a: Tensor, b: Tensor) => Tensor;
  /** By how much farther away the negative must be. */
  readonly margin: number;
  /** Whether the negative counts from the positive where that is nearer than the anchor. */
  readonly swap: boolean;

  constructor(
    options: LossOptions & {
      readonly distanceFunction?: (a: Tensor, b: Tensor) => Tensor;
      readonly margin?: number;
      readonly swap?: boolean;
    } = {},
    ...surplus: []
  ) {
    super("TripletMarginWithDistanceLoss", options, ["distanceFunction", "margin", "swap"]);
    noMore("TripletMarginWithDistanceLoss", surplus);
    if (options.distanceFunction !== undefined)
      checkFunction("TripletMarginWithDistanceLoss", "distanceFunction", options.distanceFunction);
    this.distanceFunction = options.distanceFunction ?? ((a, b) => F.pairwiseDistance(a, b));
    this.margin = options.margin ?? 1;
    this.swap = options.swap ?? false;
  }

  forward(anchor: Tensor, positive: Tensor, negative: Tensor): Tensor {
    return F.tripletMarginWithDistanceLoss(anchor, positive, negative, {
      reduction: this.reduction,
      distanceFunction: this.distanceFunction,
      margin: this.margin,
      swap: this.swap,
    });
  }

  override extraRepr(): string {
    return printArguments({ margin: this.margin, swap: this.swap });
  }
}

/**
 * exp(input) - target · input: counts with a Poisson distribution; without `logInput` input - target · log(input + eps). `full` adds
 * Stirling's target log(target) - target + log(2π target) / 2 where target > 1. `logInput` is true, `full` false, `eps` 1e-8 by default.
 *
 * Shapes: input and target of one shape (or that broadcast) → `[]`, or theirs with `reduction: "none"`.
 * @throws ShapeError if the shapes do not broadcast.
 */
export class PoissonNLLLoss extends Loss {
  /** Whether the input is the logarithm of the rate. */
  readonly logInput: boolean;
  /** Whether Stirling's term for log(target!) is added. */
  readonly full: boolean;
  /** Added inside the logarithm when the input is no logarithm. */
  readonly eps: number;

  constructor(
    options: LossOptions & { readonly logInput?: boolean; readonly full?: boolean; readonly eps?: number } = {},
    ...surplus: []
  ) {
    super("PoissonNLLLoss", options, ["logInput", "full", "eps"]);
    noMore("PoissonNLLLoss", surplus);
    this.logInput = options.logInput ?? true;
    this.full = options.full ?? false;
    this.eps = options.eps ?? 1e-8;
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return F.poissonNllLoss(input, target, {
      reduction: this.reduction,
      logInput: this.logInput,
      full: this.full,
      eps: this.eps,
    });
  }

  override extraRepr(): string {
    return printArguments({ logInput: this.logInput, full: this.full, eps: this.eps });
  }
}

/**
 * (log(v) + (input - target)² / v) / 2 with v = max(variance, eps): values with a normal distribution; `full` adds log(2π) / 2. `full` is
 * false, `eps` 1e-6 by default. No gradient goes through the choice of eps.
 *
 * Shapes: input, target and variance of one shape → `[]`, or theirs with `reduction: "none"`; the variance may lack the
 * last dim or have size 1 there.
 * Source: Nix & Weigend, "Estimating the mean and variance of the target probability distribution", 1994.
 * @throws ShapeError if the shapes do not fit each other.
 * @throws NumericError if a variance is negative (at the call if it is on the host, else when the loss is computed).
 */
export class GaussianNLLLoss extends Loss {
  /** Whether the constant log(2π) / 2 is added. */
  readonly full: boolean;
  /** Least variance. */
  readonly eps: number;

  constructor(options: LossOptions & { readonly full?: boolean; readonly eps?: number } = {}, ...surplus: []) {
    super("GaussianNLLLoss", options, ["full", "eps"]);
    noMore("GaussianNLLLoss", surplus);
    this.full = options.full ?? false;
    this.eps = options.eps ?? 1e-6;
  }

  forward(input: Tensor, target: Tensor, variance: Tensor): Tensor {
    return F.gaussianNllLoss(input, target, variance, { reduction: this.reduction, full: this.full, eps: this.eps });
  }

  override extraRepr(): string {
    return printArguments({ full: this.full, eps: this.eps });
  }
}

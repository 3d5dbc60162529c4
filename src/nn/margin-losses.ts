// Losses of margins, similarities and likelihoods, as modules.
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
 * Shapes: inputs and target broadcast, such as `[N]` each → `[]`, or theirs with `reduction: "none"`.
 */
export class MarginRankingLoss extends Loss {
  /** By how much the right one must lead. */
  readonly margin: number;

  constructor(options: LossOptions & { readonly margin?: number } = {}) {
    super("MarginRankingLoss", options, ["margin"]);
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
 * Shapes: input and target broadcast → `[]`, or theirs with `reduction: "none"`.
 */
export class HingeEmbeddingLoss extends Loss {
  /** Distances of dissimilar pairs above it cost nothing. */
  readonly margin: number;

  constructor(options: LossOptions & { readonly margin?: number } = {}) {
    super("HingeEmbeddingLoss", options, ["margin"]);
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
 * Shapes: input and target of one shape → `[]`, or theirs with `reduction: "none"`.
 */
export class SoftMarginLoss extends Loss {
  constructor(options: LossOptions = {}) {
    super("SoftMarginLoss", options, []);
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return F.softMarginLoss(input, target, { reduction: this.reduction });
  }
}

/** Σ over targets j and others i of max(0, 1 - (x[j] - x[i])) / C; target `[N, C]` of class indices, ended by the first -1. */
export class MultiLabelMarginLoss extends Loss {
  constructor(options: LossOptions = {}) {
    super("MultiLabelMarginLoss", options, []);
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return F.multilabelMarginLoss(input, target, { reduction: this.reduction });
  }
}

/** Mean over classes of the binary cross-entropy of sigmoid(input) with targets 0 or 1, `[N, C]`. */
export class MultiLabelSoftMarginLoss extends Loss {
  /** One factor a class, `[C]`, or null. */
  readonly weight: Buffer | null;

  constructor(options: LossOptions & { readonly weight?: Tensor } = {}) {
    super("MultiLabelSoftMarginLoss", options, ["weight"]);
    this.weight = weightBuffer(options.weight);
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return F.multilabelSoftMarginLoss(input, target, { reduction: this.reduction, ...given({ weight: this.weight }) });
  }
}

/** Σ_{i ≠ y} max(0, margin - x[y] + x[i])^p / C, times weight[y]; input `[N, C]`, target `[N]`. `p` is 1, `margin` 1 by default. */
export class MultiMarginLoss extends Loss {
  /** Power of each violation. */
  readonly p: 1 | 2;
  /** By how much the right class must lead. */
  readonly margin: number;
  /** One factor a class, `[C]`, or null. */
  readonly weight: Buffer | null;

  constructor(options: LossOptions & { readonly p?: 1 | 2; readonly margin?: number; readonly weight?: Tensor } = {}) {
    super("MultiMarginLoss", options, ["p", "margin", "weight"]);
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
 */
export class CosineEmbeddingLoss extends Loss {
  /** Cosines of dissimilar pairs below it cost nothing. */
  readonly margin: number;

  constructor(options: LossOptions & { readonly margin?: number } = {}) {
    super("CosineEmbeddingLoss", options, ["margin"]);
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
 * Shapes: `[N, D]` or `[D]` each → `[]`, or `[N]` with `reduction: "none"`.
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
  ) {
    super("TripletMarginLoss", options, ["margin", "p", "eps", "swap"]);
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
 * TripletMarginLoss with any distance; default pairwiseDistance.
 *
 * Shapes: `[N, D]` each → `[]`, or what the distance gives with `reduction: "none"`.
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
  ) {
    super("TripletMarginWithDistanceLoss", options, ["distanceFunction", "margin", "swap"]);
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
 * exp(input) - target · input: counts with a Poisson distribution. `logInput` is true, `full` false, `eps` 1e-8 by
 * default.
 *
 * Shapes: input and target of one shape → `[]`, or theirs with `reduction: "none"`.
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
  ) {
    super("PoissonNLLLoss", options, ["logInput", "full", "eps"]);
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
 * (log(var) + (input - target)² / var) / 2: values with a normal distribution. `full` is false, `eps` 1e-6 by default.
 *
 * Shapes: input, target and variance of one shape → `[]`, or theirs with `reduction: "none"`; the variance may lack the
 * last dim or have size 1 there.
 */
export class GaussianNLLLoss extends Loss {
  /** Whether the constant log(2π) / 2 is added. */
  readonly full: boolean;
  /** Least variance. */
  readonly eps: number;

  constructor(options: LossOptions & { readonly full?: boolean; readonly eps?: number } = {}) {
    super("GaussianNLLLoss", options, ["full", "eps"]);
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

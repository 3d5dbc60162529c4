// Losses as modules.
import { ArgumentError, checkOptions, nearest, noMore } from "../base/index.js";
import type { Tensor } from "../tensor/index.js";
import * as F from "./functional.js";
import { Module } from "./module.js";
import { Buffer } from "./parameter.js";
import { printArguments } from "./print.js";

/** `"none"` keeps every element's loss, `"mean"` (default) and `"sum"` give one number. */
export type Reduction = "none" | "mean" | "sum";

const reductions: readonly Reduction[] = ["none", "mean", "sum"];

/** Options all losses have. */
export interface LossOptions {
  /** Default "mean". */
  readonly reduction?: Reduction;
}

function checkReduction<R extends string>(name: string, reduction: R, allowed: readonly string[]): R {
  if (allowed.includes(reduction)) return reduction;
  const near = nearest(String(reduction), allowed);
  throw new ArgumentError(
    `${name}: unknown reduction ${JSON.stringify(reduction)}; ${near ? `did you mean "${near}"?` : `one of ${allowed.join(", ")}`}`,
    { op: name },
  );
}

/** Options of a loss: checked, kept, and printed. */
export abstract class Loss extends Module {
  /** What becomes of the elements' losses. */
  readonly reduction: Reduction;

  constructor(
    name: string,
    options: LossOptions,
    names: readonly string[],
    allowed: readonly string[] = reductions,
    ...surplus: []
  ) {
    super(...surplus);
    checkOptions(name, options, ["reduction", ...names]);
    this.reduction = checkReduction(name, options.reduction ?? "mean", allowed);
  }

  override extraRepr(): string {
    return this.reduction === "mean" ? "" : printArguments({ reduction: this.reduction });
  }
}

/** A given factor, as state that moves and is saved with the module. */
export function weightBuffer(weight: Tensor | undefined): Buffer | null {
  return weight ? new Buffer(weight) : null;
}

/** Leaves out what was not given, so that the function's defaults hold. */
export function given<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], null | undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== null && value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], null | undefined>;
  };
}

/** Options of `CrossEntropyLoss`. */
export interface CrossEntropyLossOptions extends LossOptions {
  /** One factor a class, `[classes]`; kept as a buffer. */
  readonly weight?: Tensor;
  /** Targets of this class do not count; an integer, default -100. */
  readonly ignoreIndex?: number;
  /** Share of each target that is spread over all classes, in [0, 1]; default 0. */
  readonly labelSmoothing?: number;
}

/**
 * -log softmax(input)[target], the loss of classifiers.
 *
 * Shapes: input `[N, classes, …]` (or `[classes]`) of logits, target `[N, …]` (or `[]`) of class indices (any integer dtype) or, with the
 * shape of the input, of class probabilities → `[]`, or `[N, …]` with `reduction: "none"`. "mean" divides by the sum of the targets'
 * weights, for probabilities by their number.
 * @throws ArgumentError in the call if `labelSmoothing` is not in [0, 1], `ignoreIndex` is no integer, or it is not negative and the target
 * has probabilities.
 * @throws ShapeError if the target has neither the input's shape nor that without classes, or `weight` not one element a class.
 * @throws DTypeError if the input is no float tensor, or a target of another shape no integer one.
 * @throws IndexError if a target is no class (at the call if it is on the host, else when the loss is computed).
 * @example new nn.CrossEntropyLoss()(model(images), labels)
 */
export class CrossEntropyLoss extends Loss {
  /** One factor a class, `[classes]`, or null. */
  readonly weight: Buffer | null;
  /** Targets of this class do not count. */
  readonly ignoreIndex: number;
  /** Share of each target that is spread over all classes. */
  readonly labelSmoothing: number;

  constructor(options: CrossEntropyLossOptions = {}, ...surplus: []) {
    super("CrossEntropyLoss", options, ["weight", "ignoreIndex", "labelSmoothing"]);
    noMore("CrossEntropyLoss", surplus);
    this.weight = weightBuffer(options.weight);
    this.ignoreIndex = options.ignoreIndex ?? -100;
    this.labelSmoothing = options.labelSmoothing ?? 0;
  }

  forward(input: Tensor, target: Tensor): Tensor {
    const { weight, ignoreIndex, labelSmoothing, reduction } = this;
    return F.crossEntropy(input, target, { ...given({ weight }), ignoreIndex, labelSmoothing, reduction });
  }
}

/** Options of `NLLLoss`. */
export type NLLLossOptions = Omit<CrossEntropyLossOptions, "labelSmoothing">;

/**
 * -input[target] · weight[target], of log probabilities: the loss behind a LogSoftmax.
 *
 * Shapes: input `[N, classes, …]` (or `[classes]`), target `[N, …]` (or `[]`) of class indices (any integer dtype) → `[]`, or `[N, …]` with
 * `reduction: "none"`. "mean" divides by the sum of the targets' weights.
 * @throws ArgumentError in the call if `ignoreIndex` is no integer.
 * @throws ShapeError if the target has not the input's shape without classes, or `weight` not one element a class.
 * @throws DTypeError if the input is no float tensor, or the target no integer one.
 * @throws IndexError if a target is no class (at the call if it is on the host, else when the loss is computed).
 * @example new nn.NLLLoss()(logits.logSoftmax(1), labels)
 */
export class NLLLoss extends Loss {
  /** One factor a class, `[classes]`, or null. */
  readonly weight: Buffer | null;
  /** Targets of this class do not count. */
  readonly ignoreIndex: number;

  constructor(options: NLLLossOptions = {}, ...surplus: []) {
    super("NLLLoss", options, ["weight", "ignoreIndex"]);
    noMore("NLLLoss", surplus);
    this.weight = weightBuffer(options.weight);
    this.ignoreIndex = options.ignoreIndex ?? -100;
  }

  forward(input: Tensor, target: Tensor): Tensor {
    const { weight, ignoreIndex, reduction } = this;
    return F.nllLoss(input, target, { ...given({ weight }), ignoreIndex, reduction });
  }
}

/**
 * (input - target)²
 *
 * Shapes: input and target of one shape (or that broadcast) → `[]`, or theirs with `reduction: "none"`.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws DTypeError if the input is no float tensor.
 */
export class MSELoss extends Loss {
  constructor(options: LossOptions = {}, ...surplus: []) {
    super("MSELoss", options, []);
    noMore("MSELoss", surplus);
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return F.mseLoss(input, target, { reduction: this.reduction });
  }
}

/**
 * |input - target|
 *
 * Shapes: input and target of one shape (or that broadcast) → `[]`, or theirs with `reduction: "none"`.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws DTypeError if the input is no float tensor.
 */
export class L1Loss extends Loss {
  constructor(options: LossOptions = {}, ...surplus: []) {
    super("L1Loss", options, []);
    noMore("L1Loss", surplus);
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return F.l1Loss(input, target, { reduction: this.reduction });
  }
}

/**
 * With d = |input - target|: d² / (2β) where d < β = `beta` (default 1), else d - β / 2.
 *
 * Shapes: input and target of one shape (or that broadcast) → `[]`, or theirs with `reduction: "none"`. Source: Girshick, 2015,
 * arXiv:1504.08083.
 * @throws ArgumentError if `beta` is negative (in the call).
 * @throws ShapeError if the shapes do not broadcast.
 * @throws DTypeError if the input is no float tensor.
 */
export class SmoothL1Loss extends Loss {
  /** Where the square becomes a line, β. */
  readonly beta: number;

  constructor(options: LossOptions & { readonly beta?: number } = {}, ...surplus: []) {
    super("SmoothL1Loss", options, ["beta"]);
    noMore("SmoothL1Loss", surplus);
    this.beta = options.beta ?? 1;
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return F.smoothL1Loss(input, target, { reduction: this.reduction, beta: this.beta });
  }
}

/**
 * With d = |input - target|: d² / 2 where d < δ = `delta` (default 1), else δ (d - δ / 2).
 *
 * Shapes: input and target of one shape (or that broadcast) → `[]`, or theirs with `reduction: "none"`. Source: Huber, 1964.
 * @throws ArgumentError if `delta` is not above 0 (in the call).
 * @throws ShapeError if the shapes do not broadcast.
 * @throws DTypeError if the input is no float tensor.
 */
export class HuberLoss extends Loss {
  /** Where the square becomes a line, δ. */
  readonly delta: number;

  constructor(options: LossOptions & { readonly delta?: number } = {}, ...surplus: []) {
    super("HuberLoss", options, ["delta"]);
    noMore("HuberLoss", surplus);
    this.delta = options.delta ?? 1;
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return F.huberLoss(input, target, { reduction: this.reduction, delta: this.delta });
  }
}

/**
 * Kullback-Leibler divergence target (log target - input), of log probabilities `input` from probabilities `target`; with `logTarget`
 * exp(target) (target - input).
 *
 * Shapes: input and target of one shape `[N, …]` → `[]`, or theirs with `reduction: "none"`.
 * @param options - `reduction` (default "mean", over all elements; "batchmean", the sum over N, is the mathematical one), `logTarget`
 * (default false): targets are log probabilities.
 * @throws ArgumentError if the reduction is unknown.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws DTypeError if input or target is no float tensor.
 * @example new nn.KLDivLoss({ reduction: "batchmean" })(logits.logSoftmax(1), probabilities)
 */
export class KLDivLoss extends Module {
  /** "none", "mean" (over all elements), "sum", or "batchmean": the sum over N. */
  readonly reduction: Reduction | "batchmean";
  /** Whether targets are log probabilities. */
  readonly logTarget: boolean;

  constructor(
    options: { readonly reduction?: Reduction | "batchmean"; readonly logTarget?: boolean } = {},
    ...surplus: []
  ) {
    super(...surplus);
    checkOptions("KLDivLoss", options, ["reduction", "logTarget"]);
    this.reduction = checkReduction("KLDivLoss", options.reduction ?? "mean", [...reductions, "batchmean"]);
    this.logTarget = options.logTarget ?? false;
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return F.klDiv(input, target, { reduction: this.reduction, logTarget: this.logTarget });
  }

  override extraRepr(): string {
    return printArguments({ reduction: this.reduction, logTarget: this.logTarget });
  }
}

/**
 * -weight (t log p + (1 - t) log(1 - p)) for probabilities p, with logarithms of at least -100; BCEWithLogitsLoss is more exact.
 *
 * Shapes: input p and target t of one shape → `[]`, or theirs with `reduction: "none"`.
 * @param options - `reduction` (default "mean"), `weight` (default none): a factor of each element, which broadcasts.
 * @throws ShapeError if the shapes differ, or `weight` does not broadcast to them.
 * @throws DTypeError if input or target is no float tensor.
 * @throws NumericError if an input or a target is not in [0, 1] (at the call if it is on the host, else when the loss is computed).
 */
export class BCELoss extends Loss {
  /** A factor of each element's loss, which broadcasts, or null. */
  readonly weight: Buffer | null;

  constructor(options: LossOptions & { readonly weight?: Tensor } = {}, ...surplus: []) {
    super("BCELoss", options, ["weight"]);
    noMore("BCELoss", surplus);
    this.weight = weightBuffer(options.weight);
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return F.binaryCrossEntropy(input, target, { ...given({ weight: this.weight }), reduction: this.reduction });
  }
}

/** Options of `BCEWithLogitsLoss`. */
export interface BCEWithLogitsLossOptions extends LossOptions {
  /** Scales each element's loss; broadcasts. Default: none. */
  readonly weight?: Tensor;
  /** Weight of positive examples; broadcasts, so `[classes]` for input `[N, classes]`. Default: none. */
  readonly posWeight?: Tensor;
}

/**
 * Binary cross-entropy of p = sigmoid(input), -weight (posWeight · t log p + (1 - t) log(1 - p)), without overflow for any input.
 *
 * Shapes: input and target t of one shape → `[]`, or theirs with `reduction: "none"`.
 * @throws ShapeError if the shapes differ, or a weight does not broadcast to them.
 * @throws DTypeError if input or target is no float tensor.
 */
export class BCEWithLogitsLoss extends Loss {
  /** A factor of each element's loss, which broadcasts, or null. */
  readonly weight: Buffer | null;
  /** Weight of positive examples, one a class, or null. */
  readonly posWeight: Buffer | null;

  constructor(options: BCEWithLogitsLossOptions = {}, ...surplus: []) {
    super("BCEWithLogitsLoss", options, ["weight", "posWeight"]);
    noMore("BCEWithLogitsLoss", surplus);
    this.weight = weightBuffer(options.weight);
    this.posWeight = weightBuffer(options.posWeight);
  }

  forward(input: Tensor, target: Tensor): Tensor {
    const { weight, posWeight, reduction } = this;
    return F.binaryCrossEntropyWithLogits(input, target, { ...given({ weight, posWeight }), reduction });
  }
}

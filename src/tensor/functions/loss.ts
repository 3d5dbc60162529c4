// Losses, with PyTorch's options.
import { checkOptions, formatShape, isFloat, noMore, ShapeError, shapesEqual } from "../../base/index.js";
import type { Node } from "../../graph/index.js";
import * as ops from "../../ops/index.js";
import { floatNode, nodeOf } from "../args.js";
import type { Tensor } from "../tensor.js";
import { made } from "./define.js";

export type Reduction = "none" | "mean" | "sum";

interface LossOptions {
  /** Default "mean". */
  readonly reduction?: Reduction;
}

interface WeightedOptions extends LossOptions {
  /** A factor of each element's loss, in the shape of `input`. */
  readonly weight?: Tensor | null;
}

/** A loss of elements with their weights; the mean is `divisor` of the weights' sum or of their number. */
function weightedLoss<O extends WeightedOptions>(
  op: string,
  names: readonly string[],
  compute: (input: Node, target: Node, options: O, reduction: Reduction) => Node,
  divisor: "weights" | "elements",
) {
  return elementwiseLoss<O>(op, ["reduction", "weight", ...names], (x, t, options) => {
    const { reduction = "mean" } = options;
    const weight = optional(op, "weight", options.weight);
    if (!weight) return compute(x, t, options, reduction);
    if (!shapesEqual(weight.shape, x.shape)) {
      throw new ShapeError(
        `${op}: weight must have the shape of input (input ${formatShape(x.shape)}, weight ${formatShape(weight.shape)})`,
        { op, shapes: [x.shape, weight.shape] },
      );
    }
    const weighted = ops.mul(compute(x, t, options, "none"), weight);
    if (reduction !== "mean" || divisor === "elements") return ops.reduceLoss(op, weighted, reduction);
    return ops.div(ops.sumOver(weighted), ops.sumOver(weight));
  });
}

function elementwiseLoss<O extends object>(
  op: string,
  names: readonly string[],
  compute: (input: Node, target: Node, options: O) => Node,
) {
  return (input: Tensor, target: Tensor, options?: O, ...surplus: []): Tensor => {
    noMore(op, surplus);
    checkOptions(op, options, names);
    const [x, t] = [nodeOf(op, "input", input), nodeOf(op, "target", target)];
    if (!isFloat(t.dtype)) ops.checkFloat(op, "input", x);
    return made(op, () => compute(x, t, options ?? ({} as O)));
  };
}

/**
 * (input - target)², times `weight`; their mean is divided by the sum of the weights.
 *
 * Shapes: any that broadcast, weight in the input's shape → `[]`, or the common shape with `reduction: "none"`.
 * @throws ShapeError if the shapes do not broadcast, or `weight` has not the shape of `input`.
 * @throws DTypeError if neither is a float tensor.
 * @throws ArgumentError if `reduction` is another name.
 */
export const mseLoss = weightedLoss<WeightedOptions>("mseLoss", [], (x, t, _, r) => ops.mseLoss(x, t, r), "weights");
/**
 * |input - target|, times `weight`; their mean is divided by the sum of the weights.
 *
 * Shapes: any that broadcast, weight in the input's shape → `[]`, or the common shape with `reduction: "none"`.
 * @throws ShapeError if the shapes do not broadcast, or `weight` has not the shape of `input`.
 * @throws DTypeError if neither is a float tensor.
 * @throws ArgumentError if `reduction` is another name.
 */
export const l1Loss = weightedLoss<WeightedOptions>("l1Loss", [], (x, t, _, r) => ops.l1Loss(x, t, r), "weights");
/**
 * (input - target)² / (2 beta) where the difference is below `beta` (1), else its size less beta / 2. Girshick, 2015,
 * arXiv:1504.08083.
 *
 * Shapes: any that broadcast → `[]`, or the common shape with `reduction: "none"`.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws DTypeError if neither is a float tensor.
 * @throws ArgumentError if `beta` is negative, or `reduction` another name.
 */
export const smoothL1Loss = elementwiseLoss<LossOptions & { readonly beta?: number }>(
  "smoothL1Loss",
  ["reduction", "beta"],
  (x, t, o) => ops.smoothL1Loss(x, t, o.reduction, o.beta),
);
/**
 * (input - target)² / 2 where the difference is below `delta` (1), else delta times (its size less delta / 2), times
 * `weight`; their mean is divided by the number of elements, as PyTorch's is.
 *
 * Shapes: any that broadcast, weight in the input's shape → `[]`, or the common shape with `reduction: "none"`.
 * @throws ShapeError if the shapes do not broadcast, or `weight` has not the shape of `input`.
 * @throws DTypeError if neither is a float tensor.
 * @throws ArgumentError unless `delta` > 0, and if `reduction` is another name.
 */
export const huberLoss = weightedLoss<WeightedOptions & { readonly delta?: number }>(
  "huberLoss",
  ["delta"],
  (x, t, o, r) => ops.huberLoss(x, t, r, o.delta),
  "elements",
);
/**
 * Kullback-Leibler divergence of log probabilities `input` from `target`: target (log target - input), or exp(target)
 * (target - input) with `logTarget`. "batchmean" divides the sum by the first size.
 *
 * Shapes: any that broadcast → `[]`, or the common shape with `reduction: "none"`.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws DTypeError if one is no float tensor.
 * @throws ArgumentError if `reduction` is another name.
 */
export const klDiv = elementwiseLoss<{ readonly reduction?: Reduction | "batchmean"; readonly logTarget?: boolean }>(
  "klDiv",
  ["reduction", "logTarget"],
  (x, t, o) => {
    ops.checkFloat("klDiv", "input", x);
    ops.checkFloat("klDiv", "target", t);
    return ops.klDiv(x, t, o);
  },
);

/** Node of an optional tensor among the options. */
function optional(op: string, name: string, value: Tensor | null | undefined): Node | null {
  return value === null || value === undefined ? null : nodeOf(op, name, value);
}

interface BceOptions extends LossOptions {
  /** A factor of each element's loss, which broadcasts. */
  readonly weight?: Tensor | null;
}

/**
 * -(target log input + (1 - target) log(1 - input)): cross-entropy of probabilities with targets between 0 and 1, times
 * `weight`. Logarithms are limited to -100 from below.
 *
 * Shapes: input and target of one shape, weight that broadcasts to it → `[]`, or their shape with `reduction: "none"`.
 * @throws ShapeError if the shapes differ, or the weight does not broadcast.
 * @throws DTypeError if one is no float tensor.
 * @throws NumericError if the input lies outside of [0, 1]: at the call where its values are known, else at the read or
 * step that computes it.
 * @throws ArgumentError if `reduction` is another name.
 */
export function binaryCrossEntropy(input: Tensor, target: Tensor, options: BceOptions = {}, ...surplus: []): Tensor {
  const op = "binaryCrossEntropy";
  noMore(op, surplus);
  checkOptions(op, options, ["weight", "reduction"]);
  const { weight, ...rest } = options;
  const [x, t] = [floatNode(op, "input", input), floatNode(op, "target", target)];
  return made(op, () => ops.binaryCrossEntropy(x, t, { ...rest, weight: optional(op, "weight", weight) }));
}

/**
 * Cross-entropy of sigmoid(input), exact for any input; `posWeight` times the part of positive targets, all times
 * `weight`.
 *
 * Shapes: input and target of one shape, weights that broadcast to it → `[]`, or their shape with `reduction: "none"`.
 * @throws ShapeError if the shapes differ, or a weight does not broadcast.
 * @throws DTypeError if one is no float tensor.
 * @throws ArgumentError if `reduction` is another name.
 */
export function binaryCrossEntropyWithLogits(
  input: Tensor,
  target: Tensor,
  options: BceOptions & { readonly posWeight?: Tensor | null } = {},
  ...surplus: []
): Tensor {
  const op = "binaryCrossEntropyWithLogits";
  noMore(op, surplus);
  checkOptions(op, options, ["weight", "posWeight", "reduction"]);
  const { weight, posWeight, ...rest } = options;
  const [x, t] = [floatNode(op, "input", input), floatNode(op, "target", target)];
  const weights = { weight: optional(op, "weight", weight), posWeight: optional(op, "posWeight", posWeight) };
  return made(op, () => ops.binaryCrossEntropyWithLogits(x, t, { ...rest, ...weights }));
}

export interface NllLossOptions extends LossOptions {
  /** One factor a class. */
  readonly weight?: Tensor | null;
  /** Targets of this class do not count. Default -100. */
  readonly ignoreIndex?: number;
}

export interface CrossEntropyOptions extends NllLossOptions {
  /** Share of each target that is spread over all classes; default 0. */
  readonly labelSmoothing?: number;
}

/**
 * -log probability of each target class, times its class's `weight`; the mean is divided by the weights of the targets.
 *
 * Shapes: input of log probabilities `[N, C, …]` or `[C]`, target `[N, …]` or `[]` of class indices, weight `[C]` →
 * `[]`, or target's with `reduction: "none"`.
 * @throws ShapeError if the shapes do not fit.
 * @throws DTypeError if the input is no float tensor, or the target no integer tensor.
 * @throws IndexError if a class is out of range: at the call where its value is known, else at the read or step that
 * computes it.
 * @throws ArgumentError if `reduction` is another name.
 */
export function nllLoss(input: Tensor, target: Tensor, options: NllLossOptions = {}, ...surplus: []): Tensor {
  noMore("nllLoss", surplus);
  checkOptions("nllLoss", options, ["weight", "ignoreIndex", "reduction"]);
  const { weight, ...rest } = options;
  const [x, t] = [nodeOf("nllLoss", "input", input), nodeOf("nllLoss", "target", target)];
  return made("nllLoss", () => ops.nllLoss(x, t, { ...rest, weight: optional("nllLoss", "weight", weight) }));
}

/**
 * nllLoss(logSoftmax(input), target); `target` may also hold probabilities in the shape of `input`.
 *
 * Shapes: input `[N, C, …]` or `[C]` of logits; target `[N, …]` or `[]` of class indices, or of input's shape; weight
 * `[C]` → `[]`, or that of the class indices with `reduction: "none"`.
 * @throws ShapeError if the shapes do not fit.
 * @throws DTypeError if the input is no float tensor, or the target of class indices no integer tensor.
 * @throws IndexError if a class is out of range: at the call where its value is known, else at the read or step that
 * computes it.
 * @throws ArgumentError unless `labelSmoothing` lies in [0, 1], if `ignoreIndex` goes with probabilities, or
 * `reduction` is another name.
 */
export function crossEntropy(input: Tensor, target: Tensor, options: CrossEntropyOptions = {}, ...surplus: []): Tensor {
  const op = "crossEntropy";
  noMore(op, surplus);
  checkOptions(op, options, ["weight", "ignoreIndex", "reduction", "labelSmoothing"]);
  const { weight, ...rest } = options;
  const [x, t] = [nodeOf(op, "input", input), nodeOf(op, "target", target)];
  return made(op, () => ops.crossEntropy(x, t, { ...rest, weight: optional(op, "weight", weight) }));
}

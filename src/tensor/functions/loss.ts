// Losses, with PyTorch's options.
import { checkOptions, isFloat, isInteger } from "../../base/index.js";
import type { Node } from "../../graph/index.js";
import * as ops from "../../ops/index.js";
import { floatNode, nodeOf, noMore } from "../args.js";
import { checkHostIndices } from "../index-checks.js";
import type { Tensor } from "../tensor.js";
import { made } from "./define.js";

export type Reduction = "none" | "mean" | "sum";

interface LossOptions {
  /** Default "mean". */
  readonly reduction?: Reduction;
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
 * (input - target)².
 *
 * Shapes: input and target of one shape `[…]` → `[]`, or theirs with `reduction: "none"`.
 * @throws ShapeError if the shapes do not broadcast.
 */
export const mseLoss = elementwiseLoss<LossOptions>("mseLoss", ["reduction"], (x, t, o) =>
  ops.mseLoss(x, t, o.reduction),
);
/**
 * |input - target|.
 *
 * Shapes: input and target of one shape `[…]` → `[]`, or theirs with `reduction: "none"`.
 * @throws ShapeError if the shapes do not broadcast.
 */
export const l1Loss = elementwiseLoss<LossOptions>("l1Loss", ["reduction"], (x, t, o) => ops.l1Loss(x, t, o.reduction));
/**
 * Quadratic below `beta`, linear above.
 *
 * Shapes: input and target of one shape `[…]` → `[]`, or theirs with `reduction: "none"`.
 * @throws ShapeError if the shapes do not broadcast.
 */
export const smoothL1Loss = elementwiseLoss<LossOptions & { readonly beta?: number }>(
  "smoothL1Loss",
  ["reduction", "beta"],
  (x, t, o) => ops.smoothL1Loss(x, t, o.reduction, o.beta),
);
/**
 * Quadratic below `delta`, linear above.
 *
 * Shapes: input and target of one shape `[…]` → `[]`, or theirs with `reduction: "none"`.
 * @throws ShapeError if the shapes do not broadcast.
 */
export const huberLoss = elementwiseLoss<LossOptions & { readonly delta?: number }>(
  "huberLoss",
  ["reduction", "delta"],
  (x, t, o) => ops.huberLoss(x, t, o.reduction, o.delta),
);
/** Kullback-Leibler divergence of log probabilities `input` from `target`. */
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
 * Cross-entropy of probabilities with targets between 0 and 1.
 *
 * Shapes: input and target of one shape `[…]` → `[]`, or theirs with `reduction: "none"`.
 * @throws ShapeError if the shapes differ.
 */
export function binaryCrossEntropy(input: Tensor, target: Tensor, options: BceOptions = {}, ...surplus: []): Tensor {
  const op = "binaryCrossEntropy";
  noMore(op, surplus);
  checkOptions(op, options, ["weight", "reduction"]);
  const { weight, ...rest } = options;
  const [x, t] = [floatNode(op, "input", input), floatNode(op, "target", target)];
  return made(op, () => ops.binaryCrossEntropy(x, t, { ...rest, weight: optional(op, "weight", weight) }));
}

/** Cross-entropy of sigmoid(input), stable for any input. */
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

function checkLabels(op: string, input: Node, target: Node, ignoreIndex = -100): void {
  const classes = input.shape[input.shape.length === 1 ? 0 : 1];
  if (isInteger(target.dtype) && classes !== undefined)
    checkHostIndices(op, "class index", target, 0, classes - 1, ignoreIndex);
}

/** -log probability of each target class: input of log probabilities `[N,C,…]`, target `[N,…]` of class indices. */
export function nllLoss(input: Tensor, target: Tensor, options: NllLossOptions = {}, ...surplus: []): Tensor {
  noMore("nllLoss", surplus);
  checkOptions("nllLoss", options, ["weight", "ignoreIndex", "reduction"]);
  const { weight, ...rest } = options;
  const [x, t] = [nodeOf("nllLoss", "input", input), nodeOf("nllLoss", "target", target)];
  checkLabels("nllLoss", x, t, options.ignoreIndex);
  return made("nllLoss", () => ops.nllLoss(x, t, { ...rest, weight: optional("nllLoss", "weight", weight) }));
}

/**
 * nllLoss(logSoftmax(input), target); `target` may also hold probabilities in the shape of `input`.
 *
 * Shapes: input `[N, C, …]` or `[C]` of logits; target `[N, …]` or `[]` of class indices, or of input's shape → `[]`,
 * or target's with `reduction: "none"`.
 */
export function crossEntropy(input: Tensor, target: Tensor, options: CrossEntropyOptions = {}, ...surplus: []): Tensor {
  const op = "crossEntropy";
  noMore(op, surplus);
  checkOptions(op, options, ["weight", "ignoreIndex", "reduction", "labelSmoothing"]);
  const { weight, ...rest } = options;
  const [x, t] = [nodeOf(op, "input", input), nodeOf(op, "target", target)];
  checkLabels(op, x, t, options.ignoreIndex);
  return made(op, () => ops.crossEntropy(x, t, { ...rest, weight: optional(op, "weight", weight) }));
}

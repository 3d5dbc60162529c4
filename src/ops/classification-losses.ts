// Cross-entropy and negative log likelihood over classes, with PyTorch's options.
import { ArgumentError, DTypeError, formatShape, IndexError, isFloat, isInteger, shapesEqual } from "../base/index.js";
import type { Node } from "../graph/index.js";
import { checkFloat, constantLike, shapeError } from "./composing.js";
import { add, cast, div, mul, ne, neg, where } from "./elementwise.js";
import { takeAlongDim } from "./indexing.js";
import { type Reduction, reduceLoss } from "./losses.js";
import { expand, reshape } from "./movement.js";
import { sum } from "./reductions.js";
import { logSoftmax } from "./softmax.js";
import { sumOver } from "./statistics.js";
import { testHost } from "./value-checks.js";

export interface NllLossOptions {
  /** One factor a class. */
  readonly weight?: Node | null;
  /** Targets of this class count neither in the loss nor in the mean. */
  readonly ignoreIndex?: number;
  readonly reduction?: Reduction;
}

export interface CrossEntropyOptions extends NllLossOptions {
  /** Share of each target that is spread over all classes. */
  readonly labelSmoothing?: number;
}

/** Where the classes are: dim 1, or the only dim of an input without batch. */
function classDim(op: string, input: Node): number {
  if (input.shape.length === 0) throw shapeError(op, "input must have a dim of classes", { input });
  return input.shape.length === 1 ? 0 : 1;
}

function withoutDim(shape: readonly number[], d: number): number[] {
  return shape.filter((_, other) => other !== d);
}

/** Dtype and shape of class indices, and their range where they are on the host, as a loader's batch is. */
function checkLabels(op: string, input: Node, target: Node, d: number, ignoreIndex = -100): void {
  if (!Number.isInteger(ignoreIndex))
    throw new ArgumentError(`${op}: ignoreIndex must be an integer, got ${ignoreIndex}`, { op });
  if (!isInteger(target.dtype)) {
    throw new DTypeError(
      `${op}: target of class indices must be an integer tensor, is ${target.dtype}, as a loader makes of plain numbers; use target.long(). Class probabilities need the shape of input`,
      { op, fix: "target.long()" },
    );
  }
  const expected = withoutDim(input.shape, d);
  if (!shapesEqual(target.shape, expected)) {
    throw shapeError(op, `target must have shape [${expected.join(",")}], the input's without its class dim`, {
      input,
      target,
    });
  }
  const high = (input.shape[d] as number) - 1;
  const shapes = `(input ${formatShape(input.shape)}, target ${formatShape(target.shape)})`;
  const error = (label: number) =>
    new IndexError(`${op}: class index ${label} is out of range [0, ${high}] ${shapes}`, {
      op,
      shapes: [input.shape, target.shape],
    });
  testHost(target, { input: 0, low: 0, high, error }, ignoreIndex);
}

function checkWeight(op: string, input: Node, weight: Node | null, d: number): void {
  if (!weight || (weight.shape.length === 1 && weight.shape[0] === input.shape[d])) return;
  throw shapeError(op, `weight must have one element for each of the ${input.shape[d]} classes`, { input, weight });
}

/** Labels with the ignored ones replaced by class 0, and which are not ignored. */
interface Labels {
  /** Shape of the input with the class dim as 1. */
  readonly index: Node;
  /** Shape of the target, bool. */
  readonly isCounted: Node;
}

function readLabels(target: Node, d: number, ignoreIndex: number): Labels {
  // uint8 has no -100.
  const labels = target.dtype === "uint8" ? cast(target, "int32") : target;
  const isCounted = ne(labels, constantLike(labels, ignoreIndex));
  const safe = where(isCounted, labels, constantLike(labels, 0));
  return { index: reshape(safe, [...target.shape.slice(0, d), 1, ...target.shape.slice(d)]), isCounted };
}

/** The values at the labels, in the target's shape. Reading a class that does not exist is an error of `op`. */
function pickClasses(op: string, values: Node, { index, isCounted }: Labels, d: number): Node {
  return reshape(takeAlongDim(values, index, d, { op, what: "class index" }), isCounted.shape);
}

/** The class weights, shaped to broadcast along dim `d` of `rank` dims. */
function classWeights(weight: Node, d: number, rank: number): Node {
  return reshape(weight, [weight.size, ...new Array<number>(rank - d - 1).fill(1)]);
}

/** Each target's own weight: the class weight, 0 if it is ignored. */
function targetWeights(op: string, input: Node, labels: Labels, weight: Node | null, d: number): Node {
  if (!weight) return cast(labels.isCounted, input.dtype);
  const spread = expand(classWeights(weight, d, input.shape.length), input.shape);
  return where(labels.isCounted, pickClasses(op, spread, labels, d), constantLike(weight, 0));
}

/** Negative log likelihood of the target classes for `input` of log probabilities, `[C]`, `[N,C]` or `[N,C,d1,…]`. */
export function nllLoss(input: Node, target: Node, options: NllLossOptions = {}): Node {
  const op = "nllLoss";
  checkFloat(op, "input", input);
  checkLabels(op, input, target, classDim(op, input), options.ignoreIndex);
  return labelLoss(op, input, target, options, 0);
}

/** `target` was checked. With smoothing s each loss is (1 - s) * nll + s / C * Σ over all classes of theirs. */
function labelLoss(op: string, logp: Node, target: Node, options: NllLossOptions, smoothing: number): Node {
  const { weight = null, ignoreIndex = -100, reduction = "mean" } = options;
  const d = classDim(op, logp);
  checkWeight(op, logp, weight, d);
  const labels = readLabels(target, d, ignoreIndex);
  const zero = constantLike(logp, 0);
  const weights = weight || reduction === "mean" ? targetWeights(op, logp, labels, weight, d) : null;
  const picked = neg(pickClasses(op, logp, labels, d));
  let loss = where(labels.isCounted, weight ? mul(picked, weights as Node) : picked, zero);
  if (smoothing > 0) {
    const all = neg(sum(weight ? mul(logp, classWeights(weight, d, logp.shape.length)) : logp, [d]));
    const spread = mul(where(labels.isCounted, all, zero), constantLike(all, smoothing / (logp.shape[d] as number)));
    loss = add(mul(loss, constantLike(loss, 1 - smoothing)), spread);
  }
  return reduction === "mean" ? div(sumOver(loss), sumOver(weights as Node)) : reduceLoss(op, loss, reduction);
}

/** Cross-entropy with target probabilities of the input's shape; the mean is over all but the class dim. */
function probabilityLoss(input: Node, target: Node, options: CrossEntropyOptions): Node {
  const op = "crossEntropy";
  const { weight = null, ignoreIndex = -100, reduction = "mean", labelSmoothing = 0 } = options;
  if (ignoreIndex >= 0) {
    throw new ArgumentError(`${op}: ignoreIndex ${ignoreIndex} needs a target of class indices, not probabilities`, {
      op,
    });
  }
  const d = classDim(op, input);
  checkWeight(op, input, weight, d);
  const classes = input.shape[d] as number;
  const smoothed =
    labelSmoothing > 0
      ? add(mul(target, constantLike(target, 1 - labelSmoothing)), constantLike(target, labelSmoothing / classes))
      : target;
  const logp = logSoftmax(input, d);
  const weighted = weight ? mul(logp, classWeights(weight, d, input.shape.length)) : logp;
  const loss = neg(sum(mul(weighted, smoothed), [d]));
  return reduceLoss(op, loss, reduction);
}

/**
 * Cross-entropy of softmax(input) over dim 1 with class indices `[N]`, `[N,d1,…]` or class probabilities of the input's
 * shape. The mean is weighted by the targets' class weights and leaves ignored ones out.
 */
export function crossEntropy(input: Node, target: Node, options: CrossEntropyOptions = {}): Node {
  const { labelSmoothing = 0 } = options;
  const op = "crossEntropy";
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
    throw new ArgumentError(`${op}: labelSmoothing must lie in [0, 1], got ${labelSmoothing}`, { op });
  }
  checkFloat(op, "input", input);
  if (isFloat(target.dtype) && shapesEqual(input.shape, target.shape)) return probabilityLoss(input, target, options);
  const d = classDim(op, input);
  checkLabels(op, input, target, d, options.ignoreIndex);
  return labelLoss(op, logSoftmax(input, d), target, options, labelSmoothing);
}

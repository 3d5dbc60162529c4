// Losses between equal shapes: regression, binary classification, distributions.
import { ArgumentError } from "../base/index.js";
import type { Node } from "../graph/index.js";
import { logSigmoid } from "./activations.js";
import { apply } from "./apply.js";
import { clamp } from "./clamp.js";
import { constantLike, shapeError } from "./composing.js";
import { defineComposite } from "./composite.js";
import { abs, add, div, eq, exp, log, log1p, maximum, mul, neg, sub, where } from "./elementwise.js";
import { sum } from "./reductions.js";
import { mean, sumOver } from "./statistics.js";
import { checked } from "./value-checks.js";

export type Reduction = "none" | "mean" | "sum";

/** Per-element losses to the result that `reduction` asks for. */
export function reduceLoss(op: string, loss: Node, reduction: Reduction): Node {
  switch (reduction) {
    case "none":
      return loss;
    case "mean":
      return mean(loss);
    case "sum":
      return sumOver(loss);
    default:
      throw new ArgumentError(`${op}: reduction must be "none", "mean" or "sum", got ${JSON.stringify(reduction)}`, {
        op,
      });
  }
}

/** (input - target)² */
export function mseLoss(input: Node, target: Node, reduction: Reduction = "mean"): Node {
  const difference = sub(input, target);
  return reduceLoss("mseLoss", mul(difference, difference), reduction);
}

/** |input - target| */
export function l1Loss(input: Node, target: Node, reduction: Reduction = "mean"): Node {
  return reduceLoss("l1Loss", abs(sub(input, target)), reduction);
}

/** c (d - c/2) with c = d limited to ±limit: d²/2 inside, limit (|d| - limit/2) outside, without branches on |d|. */
function huberTerm(difference: Node, limit: number): Node {
  const limited = clamp(difference, -limit, limit);
  return mul(limited, sub(difference, mul(limited, constantLike(limited, 0.5))));
}

/** d²/2/beta where |d| < beta, else |d| - beta/2. */
export function smoothL1Loss(input: Node, target: Node, reduction: Reduction = "mean", beta = 1): Node {
  if (!(beta >= 0)) throw new ArgumentError(`smoothL1Loss: beta must be >= 0, got ${beta}`, { op: "smoothL1Loss" });
  if (beta === 0) return reduceLoss("smoothL1Loss", abs(sub(input, target)), reduction);
  const term = huberTerm(sub(input, target), beta);
  return reduceLoss("smoothL1Loss", beta === 1 ? term : div(term, constantLike(term, beta)), reduction);
}

/** d²/2 where |d| <= delta, else delta (|d| - delta/2). */
export function huberLoss(input: Node, target: Node, reduction: Reduction = "mean", delta = 1): Node {
  if (!(delta > 0)) throw new ArgumentError(`huberLoss: delta must be > 0, got ${delta}`, { op: "huberLoss" });
  return reduceLoss("huberLoss", huberTerm(sub(input, target), delta), reduction);
}

function checkSameShape(op: string, input: Node, target: Node): void {
  const same = input.shape.length === target.shape.length && input.shape.every((size, d) => size === target.shape[d]);
  if (!same) throw shapeError(op, "input and target must have one shape", { input, target });
}

// Logs are limited to -100, so that a probability of exactly 0 or 1 costs a lot but not Infinity.
const LOG_LIMIT = -100;
/** The least p (1 - p) of the gradient: PyTorch's constant, a float32 in every dtype. */
const LEAST_SPREAD = Math.fround(1e-12);

function limitedLog(logarithm: Node): Node {
  return maximum(logarithm, constantLike(logarithm, LOG_LIMIT));
}

// The chain of the parts would give 0 * Infinity at probabilities 0 and 1; the gradient there is limited like PyTorch's.
const bcePrimitive = defineComposite("binaryCrossEntropy", {
  compose([p, t]) {
    const [input, target] = [p as Node, t as Node];
    const one = constantLike(input, 1);
    const yes = mul(target, limitedLog(log(input)));
    const no = mul(sub(one, target), limitedLog(log1p(neg(input))));
    return neg(add(yes, no));
  },
  vjp(node, grad, needs) {
    const [p, t] = node.inputs as [Node, Node];
    const spread = clamp(mul(sub(constantLike(p, 1), p), p), LEAST_SPREAD);
    return [
      needs[0] ? mul(grad, div(sub(p, t), spread)) : null,
      needs[1] ? mul(grad, sub(limitedLog(log1p(neg(p))), limitedLog(log(p)))) : null,
    ];
  },
  saves: { inputs: [0, 1], output: false },
});

export interface WeightedLossOptions {
  /** Scales each element's loss; broadcasts. */
  readonly weight?: Node | null;
  readonly reduction?: Reduction;
}

/** -(t log p + (1 - t) log(1 - p)) for probabilities p. */
export function binaryCrossEntropy(input: Node, target: Node, options: WeightedLossOptions = {}): Node {
  const { weight = null, reduction = "mean" } = options;
  checkSameShape("binaryCrossEntropy", input, target);
  const op = "binaryCrossEntropy";
  const unit = { low: 0, high: 1 };
  const known = checked(apply(bcePrimitive, [input, target]), target, { op, says: "probabilityTarget", ...unit });
  const loss = checked(known, input, { op, says: "probabilityInput", ...unit });
  return reduceLoss(op, weight ? mul(loss, weight) : loss, reduction);
}

export interface BceWithLogitsOptions extends WeightedLossOptions {
  /** Weight of positive examples; broadcasts. */
  readonly posWeight?: Node | null;
}

/** Binary cross-entropy of sigmoid(input), stable for any input: (1 - t) x - (1 + (posWeight - 1) t) log sigmoid(x). */
export function binaryCrossEntropyWithLogits(input: Node, target: Node, options: BceWithLogitsOptions = {}): Node {
  const { weight = null, posWeight = null, reduction = "mean" } = options;
  const op = "binaryCrossEntropyWithLogits";
  checkSameShape(op, input, target);
  const one = constantLike(input, 1);
  const logp = logSigmoid(input);
  const scaled = posWeight ? mul(add(mul(sub(posWeight, one), target), one), logp) : logp;
  const loss = sub(mul(sub(one, target), input), scaled);
  return reduceLoss(op, weight ? mul(loss, weight) : loss, reduction);
}

export interface KlDivOptions {
  /** "batchmean" divides the sum by the first size, as the mathematical definition has it. */
  readonly reduction?: Reduction | "batchmean";
  /** Whether `target` is given as log probabilities. */
  readonly logTarget?: boolean;
}

/** Kullback-Leibler divergence, t (log t - input) for `input` of log probabilities; 0 where t is 0. */
export function klDiv(input: Node, target: Node, options: KlDivOptions = {}): Node {
  const { reduction = "mean", logTarget = false } = options;
  const loss = logTarget
    ? mul(exp(target), sub(target, input))
    : sub(mul(target, log(positive(target))), mul(target, input));
  if (reduction !== "batchmean") return reduceLoss("klDiv", loss, reduction);
  const total = sum(
    loss,
    loss.shape.map((_, d) => d),
  );
  const batch = loss.shape.length === 0 ? 1 : (loss.shape[0] as number);
  return div(total, constantLike(total, batch));
}

/** 1 in place of 0, whose term t log t is 0. */
function positive(target: Node): Node {
  return where(eq(target, constantLike(target, 0)), constantLike(target, 1), target);
}

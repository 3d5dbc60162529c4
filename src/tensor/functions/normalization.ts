// Normalisation layers as functions, and attention.

import { ArgumentError, checkOptions, noMore, numel } from "../../base/index.js";
import { gradEnabled, type Node } from "../../graph/index.js";
import * as ops from "../../ops/index.js";
import { detached } from "../alias.js";
import { floatNode, nodeOf } from "../args.js";
import { assign } from "../in-place.js";
import { type Tensor, wrap } from "../tensor.js";
import { made } from "./define.js";

interface AffineOptions {
  /** One factor a channel, or of `normalizedShape`; none by default. */
  readonly weight?: Tensor | null;
  /** One shift a channel, or of `normalizedShape`; none by default. */
  readonly bias?: Tensor | null;
  /** Added to the variance; default 1e-5. */
  readonly eps?: number;
}

/** A running statistic, which rounding to integers would spoil. */
function statistic(op: string, name: string, value: Tensor | null | undefined): Node | null {
  return value === null || value === undefined ? null : floatNode(op, name, value);
}

function optional(op: string, name: string, value: Tensor | null | undefined): Node | null {
  return value === null || value === undefined ? null : nodeOf(op, name, value);
}

function affine(op: string, { weight, bias, eps }: AffineOptions) {
  return {
    weight: optional(op, "weight", weight),
    bias: optional(op, "bias", bias),
    ...(eps !== undefined && { eps }),
  };
}

/**
 * (x - mean) / √(variance + eps) over the trailing dims `normalizedShape`, times weight plus bias. Ba, Kiros & Hinton,
 * 2016, arXiv:1607.06450.
 *
 * Shapes: `[…, ...normalizedShape]` → the same; weight and bias `[...normalizedShape]`.
 * @throws ShapeError if the trailing dims, weight or bias differ from `normalizedShape`.
 * @throws DTypeError if the input is no float tensor.
 * @throws ArgumentError if `eps` is negative.
 */
export function layerNorm(
  input: Tensor,
  normalizedShape: number | readonly number[],
  options: AffineOptions = {},
  ...surplus: []
): Tensor {
  noMore("layerNorm", surplus);
  checkOptions("layerNorm", options, ["weight", "bias", "eps"]);
  const shape = typeof normalizedShape === "number" ? [normalizedShape] : normalizedShape;
  return wrap(ops.layerNorm(nodeOf("layerNorm", "input", input), shape, affine("layerNorm", options)));
}

/**
 * x / √(mean(x²) + eps) over the trailing dims `normalizedShape`, times weight; `eps` is the dtype's precision by
 * default. Zhang & Sennrich, 2019, arXiv:1910.07467.
 *
 * Shapes: `[…, ...normalizedShape]` → the same; weight `[...normalizedShape]`.
 * @throws ShapeError if the trailing dims or weight differ from `normalizedShape`.
 * @throws DTypeError if the input is no float tensor.
 * @throws ArgumentError if `eps` is negative.
 */
export function rmsNorm(
  input: Tensor,
  normalizedShape: number | readonly number[],
  options: { readonly weight?: Tensor | null; readonly eps?: number | null } = {},
  ...surplus: []
): Tensor {
  noMore("rmsNorm", surplus);
  checkOptions("rmsNorm", options, ["weight", "eps"]);
  const shape = typeof normalizedShape === "number" ? [normalizedShape] : normalizedShape;
  const weight = optional("rmsNorm", "weight", options.weight);
  return wrap(ops.rmsNorm(nodeOf("rmsNorm", "input", input), shape, { weight, eps: options.eps ?? null }));
}

/**
 * Standardises `numGroups` groups of channels by themselves, then scales each channel. Wu & He, 2018, arXiv:1803.08494.
 *
 * Shapes: `[N, C, …]` → the same; weight and bias `[C]`.
 * @throws ShapeError if there are fewer than 2 dims, or weight or bias do not fit.
 * @throws DTypeError if the input is no float tensor.
 * @throws ArgumentError unless `numGroups` divides the channels, and if `eps` is negative.
 */
export function groupNorm(input: Tensor, numGroups: number, options: AffineOptions = {}, ...surplus: []): Tensor {
  noMore("groupNorm", surplus);
  checkOptions("groupNorm", options, ["weight", "bias", "eps"]);
  return wrap(ops.groupNorm(nodeOf("groupNorm", "input", input), numGroups, affine("groupNorm", options)));
}

export interface InstanceNormOptions extends AffineOptions {
  /** Running means `[C]`, updated in place; the statistics themselves with `useInputStats: false`. */
  readonly runningMean?: Tensor | null;
  /** Running variances `[C]`. */
  readonly runningVar?: Tensor | null;
  /** Standardise by the input's own statistics (default), or by the running ones. */
  readonly useInputStats?: boolean;
  /** Share of the new statistics in the running ones. Default 0.1. */
  readonly momentum?: number;
}

/**
 * Standardises each channel of each sample by itself, then scales. Running statistics, where there are some, follow the
 * mean over the samples of each one's mean and (unbiased) variance. Ulyanov et al., 2016, arXiv:1607.08022.
 *
 * Shapes: `[N, C, …]` → the same; weight, bias and running statistics `[C]`.
 * @throws ShapeError if the dims, weight, bias or statistics do not fit, or there is but one spatial element.
 * @throws DTypeError if the input or a running statistic is no float tensor.
 * @throws ArgumentError without both running statistics where they are to be used, and if `eps` is negative.
 */
export function instanceNorm(input: Tensor, options: InstanceNormOptions = {}, ...surplus: []): Tensor {
  const op = "instanceNorm";
  noMore(op, surplus);
  const names = ["weight", "bias", "eps", "runningMean", "runningVar", "useInputStats", "momentum"];
  checkOptions(op, options, names);
  const { runningMean, runningVar, useInputStats = true, momentum = 0.1 } = options;
  const x = nodeOf(op, "input", input);
  const scaling = affine(op, options);
  if (!useInputStats) {
    const [mean, variance] = [statistic(op, "runningMean", runningMean), statistic(op, "runningVar", runningVar)];
    if (mean && variance) return wrap(ops.batchNormInference(x, mean, variance, scaling));
    throw new ArgumentError(`${op}: needs runningMean and runningVar where useInputStats is false`, { op });
  }
  statistic(op, "runningMean", runningMean);
  statistic(op, "runningVar", runningVar);
  const output = ops.instanceNorm(x, scaling);
  const [n = 1, c = 1, ...space] = x.shape;
  const flat = ops.reshape(x, [n, c, numel(space)]); // [N, C, L]
  if (runningMean) follow(runningMean, ops.mean(ops.mean(flat, 2), 0), momentum);
  if (runningVar) follow(runningVar, ops.mean(ops.variance(flat, 2), 0), momentum);
  return wrap(output);
}

export interface BatchNormOptions extends AffineOptions {
  /** Uses the batch's statistics and updates the running ones; else uses the running ones. */
  readonly training?: boolean;
  /** Share of the new statistics in the running ones. Default 0.1. */
  readonly momentum?: number;
}

/**
 * Standardises each channel (dim 1) over all other dims, then scales. Running statistics are updated in place in
 * training. Ioffe & Szegedy, 2015, arXiv:1502.03167.
 *
 * Shapes: `[N, C, …]` → the same; weight, bias and running statistics `[C]`.
 * @throws ShapeError if the dims, weight, bias or statistics do not fit, or in training a channel has but one value.
 * @throws DTypeError if the input or a running statistic is no float tensor.
 * @throws ArgumentError without both running statistics outside of training, and if `eps` is negative.
 */
export function batchNorm(
  input: Tensor,
  runningMean: Tensor | null,
  runningVar: Tensor | null,
  options: BatchNormOptions = {},
  ...surplus: []
): Tensor {
  const op = "batchNorm";
  noMore(op, surplus);
  checkOptions(op, options, ["weight", "bias", "eps", "training", "momentum"]);
  const { training = false, momentum = 0.1 } = options;
  const x = nodeOf(op, "input", input);
  const scaling = affine(op, options);
  if (!training) {
    const [mean, variance] = [statistic(op, "runningMean", runningMean), statistic(op, "runningVar", runningVar)];
    if (!mean || !variance) {
      throw new ArgumentError("batchNorm: needs runningMean and runningVar unless training is true", { op });
    }
    return wrap(ops.batchNormInference(x, mean, variance, scaling));
  }
  statistic(op, "runningMean", runningMean);
  statistic(op, "runningVar", runningVar);
  const { output, mean, variance } = ops.batchNormTraining(x, scaling);
  if (runningMean) follow(runningMean, mean, momentum);
  if (runningVar) follow(runningVar, variance, momentum);
  return wrap(output);
}

/** running ← running + momentum (value - running). */
function follow(running: Tensor, value: Node, momentum: number): void {
  const old = running.node;
  const current = gradEnabled() ? detached(value) : value;
  assign(running, moved(old, current, momentum));
}

const moved = ops.inFloat32Like((old: Node, value: Node, momentum: number) => {
  const factor = (x: number) => ops.constant(x, old.dtype);
  return ops.add(ops.mul(old, factor(1 - momentum)), ops.mul(ops.cast(value, old.dtype), factor(momentum)));
});

export interface AttentionOptions {
  /** Broadcasts to `[…, L, S]`. bool: true takes part; float: added to the scores. */
  readonly attnMask?: Tensor | null;
  /** Position i sees positions up to i only; excludes `attnMask`. Default false. */
  readonly isCausal?: boolean;
  /** Default: 1 / √E. */
  readonly scale?: number | null;
  /** Lets key and value have fewer heads (dim -3) than query: each serves several neighbouring heads of query. */
  readonly enableGqa?: boolean;
}

/** softmax(q kᵀ scale + mask) v: q `[…,L,E]`, k `[…,S,E]`, v `[…,S,F]` → `[…,L,F]`. */
export function attentionWith(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  options: AttentionOptions,
  dropout: ((weights: Node) => Node) | null,
): Tensor {
  const op = "scaledDotProductAttention";
  const [q, k, v] = [nodeOf(op, "query", query), nodeOf(op, "key", key), nodeOf(op, "value", value)];
  const attnMask = optional(op, "attnMask", options.attnMask);
  const { isCausal = false, scale = null, enableGqa = false } = options;
  ops.checkFloat(op, "query", q);
  return made(op, () => ops.scaledDotProductAttention(q, k, v, { attnMask, isCausal, scale, enableGqa, dropout }));
}

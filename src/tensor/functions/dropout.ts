// Functions that draw random numbers on the way: dropout, attention with dropout, Bernoulli draws.
import { ArgumentError, checkOptions, DTypeError, isFloat, noMore } from "../../base/index.js";
import * as ops from "../../ops/index.js";
import { floatNode, nodeOf, optionsWith } from "../args.js";
import { drawByChance, dropoutNode } from "../draws.js";
import type { Generator } from "../generator.js";
import { type Tensor, wrap } from "../tensor.js";
import { type AttentionOptions, attentionWith } from "./normalization.js";

export interface DropoutOptions {
  /** Probability of zeroing an element. Default 0.5. */
  readonly p?: number;
  /** Does nothing if false. Default true. */
  readonly training?: boolean;
  /** Default: the shared generator, which `manualSeed` seeds. */
  readonly generator?: Generator;
}

function checkProbability(op: string, p: number): void {
  if (!(p >= 0 && p <= 1)) throw new ArgumentError(`${op}: p must be in [0, 1], got ${p}`, { op });
}

/**
 * Zeroes elements with probability `p` (0.5) and scales the others by 1 / (1 - p). Srivastava et al., 2014.
 *
 * Shapes: any → the same.
 * @throws ArgumentError unless `p` lies in [0, 1], and if options are given twice.
 * @throws DTypeError if it does anything and the input is no float tensor.
 */
export function dropout(input: Tensor, p?: number | DropoutOptions, options?: DropoutOptions, ...surplus: []): Tensor {
  const names = ["p", "training", "generator"] as const;
  const given = optionsWith<DropoutOptions>("dropout", "p", p, options, names, surplus);
  const x = nodeOf("dropout", "input", input);
  const { p: chance = 0.5, training = true, generator } = given;
  checkProbability("dropout", chance);
  if (training && chance > 0) ops.checkFloat("dropout", "input", x);
  return !training || chance === 0 ? input : wrap(dropoutNode(x, chance, generator));
}

/**
 * 1 with the probability that each element of `input` states, else 0, in the input's dtype. Without a gradient.
 *
 * Shapes: any → the same.
 * @throws DTypeError if the input is no float tensor.
 * @throws NumericError if a probability lies outside of [0, 1]: at the call where its value is known, else at the read
 * or step that computes it.
 */
export function bernoulli(input: Tensor, options: { readonly generator?: Generator } = {}, ...surplus: []): Tensor {
  noMore("bernoulli", surplus);
  checkOptions("bernoulli", options, ["generator"]);
  const x = floatNode("bernoulli", "input", input);
  return wrap(ops.cast(drawByChance("bernoulli", x.shape, x, options.generator), x.dtype));
}

/**
 * softmax(q kᵀ scale + mask) v. Vaswani et al., 2017, arXiv:1706.03762.
 *
 * Shapes: query `[…, L, E]`, key `[…, S, E]`, value `[…, S, F]`, attnMask that broadcasts to `[…, L, S]` → `[…, L, F]`;
 * leading dims broadcast, and with `enableGqa` the heads (dim -3) of query are a multiple of those of key and value.
 * @throws ShapeError if the shapes do not fit.
 * @throws DTypeError unless query, key and value have one float dtype, and the mask is bool or float.
 * @throws ArgumentError unless `dropoutP` lies in [0, 1], and if `attnMask` and `isCausal` are both given.
 */
export function scaledDotProductAttention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  options: AttentionOptions & { readonly dropoutP?: number; readonly generator?: Generator } = {},
  ...surplus: []
): Tensor {
  const op = "scaledDotProductAttention";
  noMore(op, surplus);
  checkOptions(op, options, ["attnMask", "dropoutP", "isCausal", "scale", "enableGqa", "generator"]);
  const { dropoutP = 0, generator, ...rest } = options;
  checkProbability(op, dropoutP);
  const mask = rest.attnMask ? nodeOf(op, "attnMask", rest.attnMask) : null;
  if (mask && mask.dtype !== "bool" && !isFloat(mask.dtype)) {
    throw new DTypeError(
      `${op}: attnMask must be a bool or float tensor, is ${mask.dtype}; a bool mask is true where keys may be seen`,
      {
        op,
      },
    );
  }
  const drop =
    dropoutP > 0 ? (weights: Parameters<typeof dropoutNode>[0]) => dropoutNode(weights, dropoutP, generator) : null;
  return attentionWith(query, key, value, rest, drop);
}

// Negative log likelihoods of counts and of normal values.
import { checkOptions, NumericError, noMore } from "../../base/index.js";
import * as ops from "../../ops/index.js";
import { floatNode, nodeOf } from "../args.js";
import { full } from "../creation.js";
import { isTensor, type Tensor } from "../tensor.js";
import { where } from "./arithmetic.js";
import type { Reduction } from "./loss.js";
import { reduced } from "./margin-losses.js";

export interface PoissonNllLossOptions {
  /** `input` is the logarithm of the rate; default true. */
  readonly logInput?: boolean;
  /** Add Stirling's approximation of log(target!); default false. */
  readonly full?: boolean;
  /** Keeps log(input) finite where `logInput` is false; default 1e-8. */
  readonly eps?: number;
  /** Default "mean". */
  readonly reduction?: Reduction;
}

/**
 * exp(input) - target · input (or, for rates, input - target · log(input + eps)): counts with a Poisson distribution.
 *
 * Shapes: any that broadcast → `[]`, or the common shape with `reduction: "none"`.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws ArgumentError if `reduction` is another name.
 */
export function poissonNllLoss(
  input: Tensor,
  target: Tensor,
  options: PoissonNllLossOptions = {},
  ...surplus: []
): Tensor {
  const op = "poissonNllLoss";
  noMore(op, surplus);
  checkOptions(op, options, ["logInput", "full", "eps", "reduction"]);
  const { logInput = true, full: isFull = false, eps = 1e-8 } = options;
  return reduced(op, { input, target }, options, () => {
    const loss = logInput ? input.exp().sub(target.mul(input)) : input.sub(target.mul(input.add(eps).log()));
    if (!isFull) return loss;
    const stirling = target
      .mul(target.log())
      .sub(target)
      .add(
        target
          .mul(2 * Math.PI)
          .log()
          .mul(0.5),
      );
    return loss.add(where(target.gt(1), stirling, target.mul(0)));
  });
}

export interface GaussianNllLossOptions {
  /** Add the constant log(2π) / 2; default false. */
  readonly full?: boolean;
  /** Least variance; the gradient flows as if it were not limited. Default 1e-6. */
  readonly eps?: number;
  /** Default "mean". */
  readonly reduction?: Reduction;
}

/**
 * (log(var) + (input - target)² / var) / 2: values with a normal distribution. Differs from PyTorch: a negative
 * variance that only a program computes is limited to eps like any small one, because finding it needs a read.
 *
 * Shapes: input and target `[N, …]`; `variance` a number, the same shape, with a last dim of 1, or without it → `[]`,
 * or the common shape with `reduction: "none"`.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws DTypeError if `input` is no float tensor and `variance` a number.
 * @throws NumericError if a variance whose value is known at the call is negative.
 * @throws ArgumentError if `reduction` is another name.
 */
export function gaussianNllLoss(
  input: Tensor,
  target: Tensor,
  variance: Tensor | number,
  options: GaussianNllLossOptions = {},
  ...surplus: []
): Tensor {
  const op = "gaussianNllLoss";
  noMore(op, surplus);
  checkOptions(op, options, ["full", "eps", "reduction"]);
  const { full: isFull = false, eps = 1e-6 } = options;
  const tensors = { input, target, ...(isTensor(variance) && { variance }) };
  if (!isTensor(variance)) floatNode(op, "input", input);
  const hasSign = {
    input: 0,
    low: 0,
    error: (value: number) => new NumericError(`${op}: variances must be >= 0, got ${value}`, { op }),
  };
  if (isTensor(variance)) ops.testHost(nodeOf(op, "variance", variance), hasSign);
  else if (!(variance >= 0)) throw hasSign.error(variance);
  return reduced(op, tensors, options, () => {
    const given = isTensor(variance) ? variance : full([], variance, { dtype: input.dtype });
    const lacksDim = given.shape.length === input.shape.length - 1 && given.shape.length > 0;
    const v = lacksDim ? given.unsqueeze(-1) : given;
    const limited = v.add(v.detach().clamp({ min: eps }).sub(v.detach()));
    const loss = limited.log().add(input.sub(target).square().div(limited)).mul(0.5);
    return isFull ? loss.add(0.5 * Math.log(2 * Math.PI)) : loss;
  });
}

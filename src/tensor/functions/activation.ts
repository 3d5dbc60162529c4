// Activation functions and softmax.
import {
  ArgumentError,
  checkDType,
  checkOptions,
  type DType,
  formatShape,
  noMore,
  ShapeError,
} from "../../base/index.js";
import type { Node } from "../../graph/index.js";
import * as ops from "../../ops/index.js";
import { checkOneDType, floatNode, nodeOf, operand, optionsWith, type TensorLike } from "../args.js";
import { type Tensor, wrap } from "../tensor.js";
import { floatUnary, made, unary } from "./define.js";

/** What is defined for numbers, not for truth values. */
const numeric = (op: string, compute: (x: Node) => Node) => (x: Node) => {
  ops.checkNumeric(op, x);
  return compute(x);
};

/**
 * max(x, 0); the gradient at 0 is 0. Shapes: any → the same.
 * @throws DTypeError if the input is bool.
 */
export const relu = unary("relu", numeric("relu", ops.relu));
/**
 * min(max(x, 0), 6). Shapes: any → the same.
 * @throws DTypeError if the input is bool.
 */
export const relu6 = unary("relu6", numeric("relu6", ops.relu6));
/**
 * 1.0507 x where x > 0, else 1.7581 (exp(x) - 1). Klambauer et al., 2017, arXiv:1706.02515. Shapes: any → the same.
 * @throws DTypeError if the input is no float tensor.
 */
export const selu = floatUnary("selu", ops.selu);
/**
 * x sigmoid(x). Hendrycks & Gimpel, 2016, arXiv:1606.08415. Shapes: any → the same.
 * @throws DTypeError if the input is no float tensor.
 */
export const silu = floatUnary("silu", ops.silu);
/**
 * x tanh(softplus(x)). Misra, 2019, arXiv:1908.08681. Shapes: any → the same.
 * @throws DTypeError if the input is no float tensor.
 */
export const mish = floatUnary("mish", ops.mish);
/**
 * log(1 / (1 + exp(-x))), exact for large negative x. Shapes: any → the same.
 * @throws DTypeError if the input is no float tensor.
 */
export const logSigmoid = floatUnary("logSigmoid", ops.logSigmoid);
/** x / (1 + |x|). Integers and bool give float32. Shapes: any → the same. */
export const softsign = unary("softsign", ops.softsign);
/** x - tanh(x). Integers and bool give float32. Shapes: any → the same. */
export const tanhshrink = unary("tanhshrink", ops.tanhshrink);
/**
 * min(max(x + 3, 0), 6) / 6. Shapes: any → the same.
 * @throws DTypeError if the input is no float tensor.
 */
export const hardsigmoid = floatUnary("hardsigmoid", ops.hardsigmoid);
/**
 * x hardsigmoid(x). Howard et al., 2019, arXiv:1905.02244. Shapes: any → the same.
 * @throws DTypeError if the input is no float tensor.
 */
export const hardswish = floatUnary("hardswish", ops.hardswish);

/**
 * x where x > 0, else `negativeSlope` (0.01) x. Shapes: any → the same.
 * @throws DTypeError if the input is no float tensor.
 */
export function leakyRelu(input: Tensor, options: { readonly negativeSlope?: number } = {}, ...surplus: []): Tensor {
  noMore("leakyRelu", surplus);
  checkOptions("leakyRelu", options, ["negativeSlope"]);
  const x = nodeOf("leakyRelu", "input", input);
  ops.checkFloat("leakyRelu", "input", x);
  return wrap(ops.leakyRelu(x, options.negativeSlope));
}

/**
 * x where x > 0, else weight x; one weight, or one a channel (dim 1). He et al., 2015, arXiv:1502.01852.
 *
 * Shapes: input `[N, C, …]`, weight `[C]`, `[1]` or `[]` → that of the input; of a vector C is its only dim.
 * @throws ShapeError if the weight has neither one element nor one a channel.
 * @throws DTypeError if the dtypes differ.
 */
export function prelu(input: Tensor, weight: Tensor, ...surplus: []): Tensor {
  noMore("prelu", surplus);
  const x = nodeOf("prelu", "input", input);
  const w = nodeOf("prelu", "weight", weight);
  if (w.size !== 1 && w.size !== (x.shape[x.shape.length < 2 ? 0 : 1] ?? 1)) {
    throw new ShapeError(
      `prelu: weight must have one element, or one for each of the ${x.shape[x.shape.length < 2 ? 0 : 1] ?? 1} channels (input ${formatShape(x.shape)}, weight ${formatShape(w.shape)})`,
      { op: "prelu", shapes: [x.shape, w.shape] },
    );
  }
  checkOneDType("prelu", { input: x, weight: w });
  const spread = w.size === 1 || x.shape.length < 2 ? w : ops.reshape(w, [w.size, ...x.shape.slice(2).map(() => 1)]);
  return made("prelu", () => ops.prelu(x, spread.size === 1 ? ops.reshape(spread, []) : spread));
}

/**
 * x where x > 0, else alpha (exp(x) - 1). Clevert et al., 2015, arXiv:1511.07289. Shapes: any → the same.
 * @throws DTypeError if the input is no float tensor.
 */
export function elu(input: Tensor, options: { readonly alpha?: number } = {}, ...surplus: []): Tensor {
  noMore("elu", surplus);
  checkOptions("elu", options, ["alpha"]);
  return wrap(ops.elu(floatNode("elu", "input", input), options.alpha));
}

/**
 * max(x, 0) + min(alpha (exp(x / alpha) - 1), 0); `alpha` 1. Barron, 2017, arXiv:1704.07483. Shapes: any → the same.
 * @throws DTypeError if the input is no float tensor.
 * @throws ArgumentError if `alpha` is 0.
 */
export function celu(input: Tensor, options: { readonly alpha?: number } = {}, ...surplus: []): Tensor {
  noMore("celu", surplus);
  checkOptions("celu", options, ["alpha"]);
  return wrap(ops.celu(floatNode("celu", "input", input), options.alpha));
}

/**
 * x Φ(x); `approximate: "tanh"` for the tanh form. Hendrycks & Gimpel, 2016, arXiv:1606.08415. Shapes: any → the same.
 * @throws DTypeError if the input is no float tensor.
 */
export function gelu(input: Tensor, options: { readonly approximate?: "none" | "tanh" } = {}, ...surplus: []): Tensor {
  noMore("gelu", surplus);
  checkOptions("gelu", options, ["approximate"]);
  return wrap(ops.gelu(floatNode("gelu", "input", input), options.approximate));
}

/**
 * log(1 + exp(beta x)) / beta; x itself where beta x > threshold. Shapes: any → the same.
 * @throws DTypeError if the input is no float tensor.
 */
export function softplus(
  input: Tensor,
  options: { readonly beta?: number; readonly threshold?: number } = {},
  ...surplus: []
): Tensor {
  noMore("softplus", surplus);
  checkOptions("softplus", options, ["beta", "threshold"]);
  return wrap(ops.softplus(floatNode("softplus", "input", input), options.beta, options.threshold));
}

/**
 * x, but 0 where |x| <= lambd (default 0.5). Shapes: any → the same.
 * @throws DTypeError if the input is no float tensor.
 */
export function hardshrink(input: Tensor, options: { readonly lambd?: number } = {}, ...surplus: []): Tensor {
  noMore("hardshrink", surplus);
  checkOptions("hardshrink", options, ["lambd"]);
  const x = floatNode("hardshrink", "input", input);
  const { lambd = 0.5 } = options;
  const isSmall = ops.and(ops.ge(x, ops.constantLike(x, -lambd)), ops.le(x, ops.constantLike(x, lambd)));
  return wrap(ops.where(isSmall, ops.constantLike(x, 0), x));
}

/**
 * x limited to [minVal, maxVal], by default [-1, 1]. Shapes: any → the same.
 * @throws ArgumentError if `minVal` is larger than `maxVal`.
 */
export function hardtanh(
  input: Tensor,
  options: { readonly minVal?: number; readonly maxVal?: number } = {},
  ...surplus: []
): Tensor {
  noMore("hardtanh", surplus);
  checkOptions("hardtanh", options, ["minVal", "maxVal"]);
  return wrap(ops.hardtanh(nodeOf("hardtanh", "input", input), options.minVal, options.maxVal));
}

export interface ClampOptions {
  /** Lower bound; none by default. */
  readonly min?: TensorLike | null;
  /** Upper bound; none by default. */
  readonly max?: TensorLike | null;
}

/** Bounds that are given one by one or as options. */
export function clampBounds(
  op: string,
  min: TensorLike | null | undefined | ClampOptions,
  max: TensorLike | null | undefined,
): ClampOptions {
  const isOptions = typeof min === "object" && min !== null && !("cell" in min);
  if (!isOptions) return { min: min as TensorLike | null, max: max ?? null };
  checkOptions(op, min, ["min", "max"]);
  return min as ClampOptions;
}

/**
 * x limited to [min, max]: `clamp(x, 0, 1)` or `clamp(x, { max: 1 })`. Bounds are numbers or tensors; dtypes are
 * promoted.
 *
 * Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws ArgumentError if there is no bound.
 */
export function clamp(
  input: Tensor,
  min?: TensorLike | null | ClampOptions,
  max?: TensorLike | null,
  ...surplus: []
): Tensor {
  noMore("clamp", surplus);
  const x = nodeOf("clamp", "input", input);
  const bounds = clampBounds("clamp", min, max);
  const bound = (name: string, value: TensorLike | null | undefined) =>
    value === undefined || value === null ? null : operand("clamp", name, value, x.dtype);
  return made("clamp", () => ops.clamp(x, bound("min", bounds.min), bound("max", bounds.max)));
}

/**
 * As {@link clamp}: x limited to [min, max]. Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws ArgumentError if there is no bound.
 */
export const clip = clamp;

export interface SoftmaxOptions {
  /** The dim along which values sum to 1. */
  readonly dim?: number;
  /** Converts the input first. */
  readonly dtype?: DType;
}

function alongDim(
  op: string,
  compute: (x: ReturnType<typeof ops.softmax>, dim: number) => ReturnType<typeof ops.softmax>,
) {
  return (input: Tensor, dim: number | SoftmaxOptions, options?: SoftmaxOptions, ...surplus: []): Tensor => {
    const given = optionsWith<SoftmaxOptions>(op, "dim", dim, options, ["dim", "dtype"], surplus);
    if (given.dim === undefined) throw new ArgumentError(`${op}: needs the dim along which values sum to 1`, { op });
    const x = nodeOf(op, "input", input);
    const cast = given.dtype === undefined ? x : ops.cast(x, checkDType(op, given.dtype));
    ops.checkFloat(op, "input", cast);
    const { dim: along } = given;
    return made(op, () => compute(cast, along));
  };
}

/**
 * exp(x) / Σ exp(x) along `dim`; `dtype` converts the input first. Shapes: any → the same; values along `dim` sum to 1.
 * @throws DTypeError if the input (or `dtype`) is no float.
 * @throws IndexError if `dim` is out of range.
 * @throws ArgumentError without `dim`, and if options are given twice.
 */
export const softmax = alongDim("softmax", ops.softmax);
/**
 * softmax(-x) along `dim`; `dtype` converts the input first. Shapes: any → the same; values along `dim` sum to 1.
 * @throws DTypeError if the input (or `dtype`) is no float.
 * @throws IndexError if `dim` is out of range.
 * @throws ArgumentError without `dim`, and if options are given twice.
 */
export const softmin = alongDim("softmin", ops.softmin);
/**
 * log(softmax(x)) along `dim`, exact for large differences; `dtype` converts the input first. Shapes: any → the same.
 * @throws DTypeError if the input (or `dtype`) is no float.
 * @throws IndexError if `dim` is out of range.
 * @throws ArgumentError without `dim`, and if options are given twice.
 */
export const logSoftmax = alongDim("logSoftmax", ops.logSoftmax);

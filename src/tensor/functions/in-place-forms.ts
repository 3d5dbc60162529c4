// In-place forms of functions: names end in _ as PyTorch's, results are written to the first argument.
import { checkNumber, checkOptions, noMore, ShapeError, shapesEqual } from "../../base/index.js";
import type { Node } from "../../graph/index.js";
import * as ops from "../../ops/index.js";
import { nodeOf, operand, type TensorLike } from "../args.js";
import { inPlace, overwrite } from "../in-place.js";
import type { Tensor } from "../tensor.js";
import { type ClampOptions, clampBounds } from "./activation.js";
import { atan2Node } from "./angle.js";
import {
  type AlphaOptions,
  type DivOptions,
  divNode,
  fusedNode,
  lerpNode,
  maskedFillNode,
  sumNode,
  type ValueOptions,
} from "./arithmetic.js";
import { floorDivideNode, fmodNode, remainderNode } from "./division.js";
import { scatterAddNode, scatterNode } from "./gather.js";
import { clampMaxNode, clampMinNode, floatPowerNode } from "./pairs.js";
import {
  indexAddNode,
  indexCopyNode,
  indexFillNode,
  indexPutNode,
  maskedScatterNode,
  putNode,
  scatterReduceNode,
} from "./placing.js";
import { addedProducts, addProduct, type ScaledOptions } from "./products.js";
import { renormNode } from "./statistics.js";

function unary_(op: string, compute: (x: Node) => Node) {
  return (input: Tensor, ...surplus: []): Tensor => {
    noMore(op, surplus);
    return inPlace(op, input, compute);
  };
}

function binary_(op: string, compute: (a: Node, b: Node) => Node) {
  return (input: Tensor, other: TensorLike, ...surplus: []): Tensor => {
    noMore(op, surplus);
    return inPlace(op, input, (x) => compute(x, operand(op, "other", other, x.dtype)));
  };
}

function sum_(op: "add" | "sub") {
  return (input: Tensor, other: TensorLike, options?: AlphaOptions, ...surplus: []): Tensor => {
    noMore(op, surplus);
    return inPlace(`${op}_`, input, () => sumNode(op, input, other, options));
  };
}

function fused_(op: "addcmul" | "addcdiv") {
  return (input: Tensor, tensor1: Tensor, tensor2: Tensor, options?: ValueOptions, ...surplus: []): Tensor => {
    noMore(op, surplus);
    return inPlace(`${op}_`, input, () => fusedNode(op, input, tensor1, tensor2, options));
  };
}

/** To the shape of `x`: what is written must not have more dims. */
function spread(value: Node, x: Node): Node {
  return shapesEqual(value.shape, x.shape) ? value : ops.expandTo(value, x.shape);
}

/**
 * In place: this + alpha other. Shapes: this, other that broadcasts to it → the same.
 * @throws ShapeError if `other` does not broadcast to this shape, or elements share memory (`expand`).
 * @throws DTypeError if the result is of a higher kind than this tensor (a float in an integer tensor), or `alpha` is
 * fractional and both are integers.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const add_ = sum_("add");
/**
 * In place: this - alpha other. Shapes: this, other that broadcasts to it → the same.
 * @throws ShapeError if `other` does not broadcast to this shape, or elements share memory (`expand`).
 * @throws DTypeError if one is bool, the result is of a higher kind than this tensor (a float in an integer tensor), or
 * `alpha` is fractional and both are integers.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const sub_ = sum_("sub");
/**
 * As {@link sub_}: this - alpha other, in place. Shapes: this, other that broadcasts to it → the same.
 * @throws ShapeError if `other` does not broadcast to this shape, or elements share memory (`expand`).
 * @throws DTypeError if one is bool, the result is of a higher kind than this tensor (a float in an integer tensor), or
 * `alpha` is fractional and both are integers.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const subtract_ = sub_;
/**
 * In place: this · other. Shapes: this, other that broadcasts to it → the same.
 * @throws ShapeError if `other` does not broadcast to this shape, or elements share memory (`expand`).
 * @throws DTypeError if the result is of a higher kind than this tensor (a float in an integer tensor, an integer in a
 * bool one).
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const mul_ = binary_("mul_", ops.mul);
/**
 * As {@link mul_}: this · other, in place. Shapes: this, other that broadcasts to it → the same.
 * @throws ShapeError if `other` does not broadcast to this shape, or elements share memory (`expand`).
 * @throws DTypeError if the result is of a higher kind than this tensor (a float in an integer tensor, an integer in a
 * bool one).
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const multiply_ = mul_;

/**
 * In place: this / other; with `roundingMode` "trunc" or "floor" rounded.
 *
 * Shapes: this, other that broadcasts to it → the same.
 * @throws ShapeError if `other` does not broadcast to this shape, or elements share memory (`expand`).
 * @throws DTypeError for integer and bool tensors without `roundingMode`, whose quotient is a float, and for bool with
 * one.
 * @throws NumericError if integers are divided by 0: at the call where the divisor is known, else at the read or step
 * that computes it.
 * @throws ArgumentError if `roundingMode` is another name.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export function div_(input: Tensor, other: TensorLike, options?: DivOptions, ...surplus: []): Tensor {
  noMore("div_", surplus);
  return inPlace("div_", input, () => divNode(input, other, options));
}

/**
 * In place: floor(this / other). Shapes: this, other that broadcasts to it → the same.
 * @throws ShapeError if `other` does not broadcast to this shape, or elements share memory (`expand`).
 * @throws DTypeError if both are bool, or the result is of a higher kind than this tensor (a float in an integer
 * tensor).
 * @throws NumericError if integers are divided by 0: at the call where the divisor is known, else at the read or step
 * that computes it.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const floorDivide_ = binary_("floorDivide_", floorDivideNode("floorDivide_"));
/**
 * In place: this - other floor(this / other), with the sign of `other`.
 *
 * Shapes: this, other that broadcasts to it → the same.
 * @throws ShapeError if `other` does not broadcast to this shape, or elements share memory (`expand`).
 * @throws DTypeError if both are bool, or the result is of a higher kind than this tensor (a float in an integer
 * tensor).
 * @throws NumericError if integers are divided by 0: at the call where the divisor is known, else at the read or step
 * that computes it.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const remainder_ = binary_("remainder_", remainderNode("remainder_"));
/**
 * In place: this - other trunc(this / other), with the sign of this tensor.
 *
 * Shapes: this, other that broadcasts to it → the same.
 * @throws ShapeError if `other` does not broadcast to this shape, or elements share memory (`expand`).
 * @throws DTypeError if both are bool, or the result is of a higher kind than this tensor (a float in an integer
 * tensor).
 * @throws NumericError if integers are divided by 0: at the call where the divisor is known, else at the read or step
 * that computes it.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const fmod_ = binary_("fmod_", fmodNode("fmod_"));
/**
 * In place: this^other. Shapes: this, other that broadcasts to it → the same.
 * @throws ShapeError if `other` does not broadcast to this shape, or elements share memory (`expand`).
 * @throws DTypeError if both are bool, or the result is of a higher kind than this tensor (a float in an integer
 * tensor).
 * @throws ArgumentError if the exponent of an integer tensor is a negative number.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const pow_ = binary_("pow_", ops.pow);
/**
 * In place: this + value · tensor1 · tensor2. Shapes: this, tensors that broadcast to it → the same.
 * @throws ShapeError if the tensors do not broadcast to this shape, or elements share memory (`expand`).
 * @throws DTypeError if the result is of a higher kind than this tensor (a float in an integer tensor, an integer in a
 * bool one).
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const addcmul_ = fused_("addcmul");
/**
 * In place: this + value · tensor1 / tensor2. Shapes: this, tensors that broadcast to it → the same.
 * @throws ShapeError if the tensors do not broadcast to this shape, or elements share memory (`expand`).
 * @throws DTypeError if the result is of a higher kind than this tensor (a float in an integer tensor, an integer in a
 * bool one).
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const addcdiv_ = fused_("addcdiv");

/**
 * In place: this + weight (end - this). Shapes: this, tensors that broadcast to it → the same.
 * @throws ShapeError if the tensors do not broadcast to this shape, or elements share memory (`expand`).
 * @throws DTypeError if this is no float tensor, or the tensors have different dtypes.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export function lerp_(input: Tensor, end: Tensor, weight: TensorLike, ...surplus: []): Tensor {
  noMore("lerp_", surplus);
  return inPlace("lerp_", input, () => lerpNode(input, end, weight));
}

/**
 * In place: `value` where the mask is true.
 *
 * Shapes: this, mask that broadcasts to it, value a number or `[]` → the same.
 * @throws ShapeError if the mask does not broadcast to this shape, `value` has dims, or elements share memory
 * (`expand`).
 * @throws DTypeError if the mask is no bool tensor, or the value is of a higher kind than this tensor.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export function maskedFill_(input: Tensor, mask: Tensor, value: TensorLike, ...surplus: []): Tensor {
  noMore("maskedFill_", surplus);
  return inPlace("maskedFill_", input, () => maskedFillNode(input, mask, value));
}

/**
 * Takes over the values of `source`, converted to this tensor's dtype.
 *
 * Shapes: this, source that broadcasts to it → the same.
 * @throws ShapeError if `source` does not broadcast to this shape, or elements share memory (`expand`).
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export function copy_(input: Tensor, source: Tensor, ...surplus: []): Tensor {
  noMore("copy_", surplus);
  return overwrite("copy_", input, (x) => spread(ops.cast(nodeOf("copy_", "source", source), x.dtype), x));
}

/**
 * `value` everywhere, converted to this tensor's dtype.
 *
 * Shapes: this, value a number or a tensor that broadcasts to it → the same.
 * @throws ShapeError if `value` does not broadcast to this shape, or elements share memory (`expand`).
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export function fill_(input: Tensor, value: TensorLike, ...surplus: []): Tensor {
  noMore("fill_", surplus);
  return overwrite("fill_", input, (x) => spread(ops.cast(operand("fill_", "value", value, x.dtype), x.dtype), x));
}

/**
 * In place: 0 everywhere. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export function zero_(input: Tensor, ...surplus: []): Tensor {
  noMore("zero_", surplus);
  return overwrite("zero_", input, (x) => ops.full(x.shape, 0, x.dtype));
}

/**
 * In place: limited to [min, max]; a bound that is null or left out does not limit. `x.clamp_(0, 1)` or `x.clamp_({ min: 0 })`.
 *
 * Shapes: this, bounds that broadcast to it → the same.
 * @throws ShapeError if a bound does not broadcast to this shape, or elements share memory (`expand`).
 * @throws DTypeError if a bound is of a higher kind than this tensor.
 * @throws ArgumentError if there is no bound.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export function clamp_(
  input: Tensor,
  min?: TensorLike | null | ClampOptions,
  max?: TensorLike | null,
  ...surplus: []
): Tensor {
  noMore("clamp_", surplus);
  const bounds = clampBounds("clamp_", min, max);
  const bound = (name: string, value: TensorLike | null | undefined, x: Node) =>
    value === undefined || value === null ? null : operand("clamp_", name, value, x.dtype);
  return inPlace("clamp_", input, (x) => ops.clamp(x, bound("min", bounds.min, x), bound("max", bounds.max, x)));
}

/**
 * In place: -x. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws DTypeError if this tensor is bool.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const neg_ = unary_("neg_", ops.neg);
/**
 * In place: |x|. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws DTypeError if this tensor is bool.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const abs_ = unary_("abs_", ops.abs);
/**
 * In place: -1, 0 or 1. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const sign_ = unary_("sign_", ops.sign);
/**
 * In place: the largest integer <= x. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const floor_ = unary_("floor_", ops.floor);
/**
 * In place: the smallest integer >= x. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const ceil_ = unary_("ceil_", ops.ceil);
/**
 * In place: to the nearest integer, ties to even. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const round_ = unary_("round_", ops.round);
/**
 * In place: towards zero. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const trunc_ = unary_("trunc_", ops.trunc);
/**
 * In place: e^x. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws DTypeError if this is an integer or bool tensor: the result is a float.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const exp_ = unary_("exp_", ops.exp);
/**
 * In place: e^x - 1, exact near 0. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws DTypeError if this is an integer or bool tensor: the result is a float.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const expm1_ = unary_("expm1_", ops.expm1);
/**
 * In place: the natural logarithm. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws DTypeError if this is an integer or bool tensor: the result is a float.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const log_ = unary_("log_", ops.log);
/**
 * In place: log(1 + x), exact near 0. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws DTypeError if this is an integer or bool tensor: the result is a float.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const log1p_ = unary_("log1p_", ops.log1p);
/**
 * In place: √x; NaN below 0. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws DTypeError if this is an integer or bool tensor: the result is a float.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const sqrt_ = unary_("sqrt_", ops.sqrt);
/**
 * In place: 1 / √x. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws DTypeError if this is an integer or bool tensor: the result is a float.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const rsqrt_ = unary_("rsqrt_", ops.rsqrt);
/**
 * In place: 1 / x. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws DTypeError if this is an integer or bool tensor: the result is a float.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const reciprocal_ = unary_("reciprocal_", ops.reciprocal);
/**
 * In place: x². Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws DTypeError if this tensor is bool.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const square_ = unary_("square_", (x) => {
  const number = x.dtype === "bool" ? ops.cast(x, "int64") : x;
  return ops.mul(number, number);
});
/**
 * In place: the sine of x in radians. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws DTypeError if this is an integer or bool tensor: the result is a float.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const sin_ = unary_("sin_", ops.sin);
/**
 * In place: the cosine of x in radians. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws DTypeError if this is an integer or bool tensor: the result is a float.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const cos_ = unary_("cos_", ops.cos);
/**
 * In place: the hyperbolic tangent. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws DTypeError if this is an integer or bool tensor: the result is a float.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const tanh_ = unary_("tanh_", ops.tanh);
/**
 * In place: 1 / (1 + exp(-x)). Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws DTypeError if this is an integer or bool tensor: the result is a float.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const sigmoid_ = unary_("sigmoid_", ops.sigmoid);
/**
 * In place: max(x, 0); NaN stays. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws DTypeError if this tensor is bool.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const relu_ = unary_("relu_", (x) => {
  ops.checkNumeric("relu_", x);
  return ops.relu(x);
});
/**
 * In place: 1 where x is 0, else 0, in this tensor's dtype. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const logicalNot_ = unary_("logicalNot_", ops.logicalNot);
/**
 * In place: 0 above the main diagonal of the last two dims. Shapes: `[…, m, n]` → the same.
 * @throws ShapeError if there are fewer than 2 dims, or elements share memory (`expand`).
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const tril_ = unary_("tril_", (x) => ops.tril(x));
/**
 * In place: 0 below the main diagonal of the last two dims. Shapes: `[…, m, n]` → the same.
 * @throws ShapeError if there are fewer than 2 dims, or elements share memory (`expand`).
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const triu_ = unary_("triu_", (x) => ops.triu(x));

/**
 * As {@link div_}: this / other, in place. Shapes: this, other that broadcasts to it → the same.
 * @throws ShapeError if `other` does not broadcast to this shape, or elements share memory (`expand`).
 * @throws DTypeError for integer and bool tensors without `roundingMode`, whose quotient is a float, and for bool with
 * one.
 * @throws NumericError if integers are divided by 0: at the call where the divisor is known, else at the read or step
 * that computes it.
 * @throws ArgumentError if `roundingMode` is another name.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const divide_ = div_;
/**
 * As {@link div_} without rounding: this / other, in place. Shapes: this, other that broadcasts to it → the same.
 * @throws ShapeError if `other` does not broadcast to this shape, or elements share memory (`expand`).
 * @throws DTypeError if this is an integer or bool tensor: the result is a float.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const trueDivide_ = binary_("trueDivide_", ops.div);
/**
 * As {@link neg_}: -x, in place. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws DTypeError if this tensor is bool.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const negative_ = neg_;
/**
 * As {@link abs_}: |x|, in place. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws DTypeError if this tensor is bool.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const absolute_ = abs_;
/**
 * As {@link sign_}: -1, 0 or 1, in place. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const sgn_ = sign_;
/**
 * As {@link trunc_}: towards zero, in place. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const fix_ = trunc_;
/**
 * In place: x - trunc(x). Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws DTypeError if this is no float tensor.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const frac_ = unary_("frac_", (x) => {
  ops.checkFloat("frac_", "this tensor", x);
  return ops.sub(x, ops.trunc(x));
});
/**
 * In place: 2^x. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws DTypeError if this is an integer or bool tensor: the result is a float.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const exp2_ = unary_("exp2_", (x) => ops.pow(ops.constantLike(x, 2), x));
/**
 * In place: the logarithm to base 2. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws DTypeError if this is an integer or bool tensor: the result is a float.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const log2_ = unary_("log2_", (x) => ops.mul(ops.log(x), ops.constantLike(ops.toFloat(x), 1 / Math.LN2)));
/**
 * In place: the logarithm to base 10. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws DTypeError if this is an integer or bool tensor: the result is a float.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const log10_ = unary_("log10_", (x) => ops.mul(ops.log(x), ops.constantLike(ops.toFloat(x), 1 / Math.LN10)));
/**
 * In place: the tangent of x in radians. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws DTypeError if this is an integer or bool tensor: the result is a float.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const tan_ = unary_("tan_", ops.tan);
/**
 * In place: the angle in [-π/2, π/2] with this sine; NaN outside [-1, 1]. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws DTypeError if this is an integer or bool tensor: the result is a float.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const asin_ = unary_("asin_", ops.asin);
/**
 * As {@link asin_}: the angle with this sine, in place. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws DTypeError if this is an integer or bool tensor: the result is a float.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const arcsin_ = asin_;
/**
 * In place: the angle in [0, π] with this cosine; NaN outside [-1, 1]. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws DTypeError if this is an integer or bool tensor: the result is a float.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const acos_ = unary_("acos_", ops.acos);
/**
 * As {@link acos_}: the angle with this cosine, in place. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws DTypeError if this is an integer or bool tensor: the result is a float.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const arccos_ = acos_;
/**
 * In place: the angle in (-π/2, π/2) with this tangent. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws DTypeError if this is an integer or bool tensor: the result is a float.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const atan_ = unary_("atan_", ops.atan);
/**
 * As {@link atan_}: the angle with this tangent, in place. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws DTypeError if this is an integer or bool tensor: the result is a float.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const arctan_ = atan_;
/**
 * In place: (exp(x) - exp(-x)) / 2. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws DTypeError if this is an integer or bool tensor: the result is a float.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const sinh_ = unary_("sinh_", ops.sinh);
/**
 * In place: (exp(x) + exp(-x)) / 2. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws DTypeError if this is an integer or bool tensor: the result is a float.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const cosh_ = unary_("cosh_", ops.cosh);
/**
 * In place: the inverse of sinh. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws DTypeError if this is an integer or bool tensor: the result is a float.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const asinh_ = unary_("asinh_", ops.asinh);
/**
 * As {@link asinh_}: the inverse of sinh, in place. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws DTypeError if this is an integer or bool tensor: the result is a float.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const arcsinh_ = asinh_;
/**
 * In place: the inverse of cosh; NaN below 1. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws DTypeError if this is an integer or bool tensor: the result is a float.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const acosh_ = unary_("acosh_", ops.acosh);
/**
 * As {@link acosh_}: the inverse of cosh, in place. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws DTypeError if this is an integer or bool tensor: the result is a float.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const arccosh_ = acosh_;
/**
 * In place: the inverse of tanh; NaN outside [-1, 1]. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws DTypeError if this is an integer or bool tensor: the result is a float.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const atanh_ = unary_("atanh_", ops.atanh);
/**
 * As {@link atanh_}: the inverse of tanh, in place. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws DTypeError if this is an integer or bool tensor: the result is a float.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const arctanh_ = atanh_;
/**
 * In place: sin(πx) / (πx); 1 at 0. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws DTypeError if this is an integer or bool tensor: the result is a float.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const sinc_ = unary_("sinc_", ops.sinc);
/**
 * In place: degrees as radians. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws DTypeError if this is an integer or bool tensor: the result is a float.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const deg2rad_ = unary_("deg2rad_", (x) =>
  ops.mul(ops.toFloat(x), ops.constantLike(ops.toFloat(x), Math.PI / 180)),
);
/**
 * In place: radians as degrees. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws DTypeError if this is an integer or bool tensor: the result is a float.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const rad2deg_ = unary_("rad2deg_", (x) =>
  ops.mul(ops.toFloat(x), ops.constantLike(ops.toFloat(x), 180 / Math.PI)),
);
/**
 * In place: 2/√π ∫₀ˣ exp(-t²) dt. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws DTypeError if this is an integer or bool tensor: the result is a float.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const erf_ = unary_("erf_", ops.erf);
/**
 * In place: 1 - erf(x). Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws DTypeError if this is an integer or bool tensor: the result is a float.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const erfc_ = unary_("erfc_", (x) => ops.sub(ops.constantLike(ops.toFloat(x), 1), ops.erf(x)));
/**
 * In place: the y with erf(y) = x; ±Infinity at ±1, NaN beyond. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws DTypeError if this is an integer or bool tensor: the result is a float.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const erfinv_ = unary_("erfinv_", ops.erfinv);
/**
 * In place: log |Γ(x)|. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws DTypeError if this is an integer or bool tensor: the result is a float.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const lgamma_ = unary_("lgamma_", ops.lgamma);
/**
 * In place: the derivative of log Γ. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws DTypeError if this is an integer or bool tensor: the result is a float.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const digamma_ = unary_("digamma_", ops.digamma);
/**
 * In place: NaN becomes 0, infinities the dtype's largest finite numbers. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const nanToNum_ = unary_("nanToNum_", (x) => ops.nanToNum(x));
/**
 * In place: all bits flipped; logical for bool. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws DTypeError if this is a float tensor.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const bitwiseNot_ = unary_("bitwiseNot_", ops.not);
/**
 * In place: this & other, bit by bit; logical for bool. Shapes: this, other that broadcasts to it → the same.
 * @throws ShapeError if `other` does not broadcast to this shape, or elements share memory (`expand`).
 * @throws DTypeError if one is a float tensor, or this tensor is bool and the other an integer.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const bitwiseAnd_ = binary_("bitwiseAnd_", ops.and);
/**
 * In place: this | other, bit by bit; logical for bool. Shapes: this, other that broadcasts to it → the same.
 * @throws ShapeError if `other` does not broadcast to this shape, or elements share memory (`expand`).
 * @throws DTypeError if one is a float tensor, or this tensor is bool and the other an integer.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const bitwiseOr_ = binary_("bitwiseOr_", ops.or);
/**
 * In place: this ^ other, bit by bit; logical for bool. Shapes: this, other that broadcasts to it → the same.
 * @throws ShapeError if `other` does not broadcast to this shape, or elements share memory (`expand`).
 * @throws DTypeError if one is a float tensor, or this tensor is bool and the other an integer.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const bitwiseXor_ = binary_("bitwiseXor_", ops.xor);
/**
 * In place: this · 2^other, of integers. Shapes: this, other that broadcasts to it → the same.
 * @throws ShapeError if `other` does not broadcast to this shape, or elements share memory (`expand`).
 * @throws DTypeError if one is a float tensor, or this tensor is bool.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const bitwiseLeftShift_ = binary_("bitwiseLeftShift_", ops.shiftLeft);
/**
 * In place: floor(this / 2^other), of integers. Shapes: this, other that broadcasts to it → the same.
 * @throws ShapeError if `other` does not broadcast to this shape, or elements share memory (`expand`).
 * @throws DTypeError if one is a float tensor, or this tensor is bool.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const bitwiseRightShift_ = binary_("bitwiseRightShift_", ops.shiftRight);
/** Questions in place: true and false become 1 and 0 of this tensor's dtype. */
const question_ = (op: string, compute: (a: Node, b: Node) => Node) => binary_(op, compute);
/**
 * In place: 1 where this equals other, else 0, in this tensor's dtype.
 *
 * Shapes: this, other that broadcasts to it → the same.
 * @throws ShapeError if `other` does not broadcast to this shape, or elements share memory (`expand`).
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const eq_ = question_("eq_", ops.eq);
/**
 * In place: 1 where this differs from other, else 0, in this tensor's dtype.
 *
 * Shapes: this, other that broadcasts to it → the same.
 * @throws ShapeError if `other` does not broadcast to this shape, or elements share memory (`expand`).
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const ne_ = question_("ne_", ops.ne);
/**
 * As {@link ne_}: 1 where this differs from other, in place. Shapes: this, other that broadcasts to it → the same.
 * @throws ShapeError if `other` does not broadcast to this shape, or elements share memory (`expand`).
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const notEqual_ = ne_;
/**
 * In place: 1 where this < other, else 0, in this tensor's dtype. Shapes: this, other that broadcasts to it → the same.
 * @throws ShapeError if `other` does not broadcast to this shape, or elements share memory (`expand`).
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const lt_ = question_("lt_", ops.lt);
/**
 * As {@link lt_}: 1 where this < other, in place. Shapes: this, other that broadcasts to it → the same.
 * @throws ShapeError if `other` does not broadcast to this shape, or elements share memory (`expand`).
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const less_ = lt_;
/**
 * In place: 1 where this <= other, else 0, in this tensor's dtype.
 *
 * Shapes: this, other that broadcasts to it → the same.
 * @throws ShapeError if `other` does not broadcast to this shape, or elements share memory (`expand`).
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const le_ = question_("le_", ops.le);
/**
 * As {@link le_}: 1 where this <= other, in place. Shapes: this, other that broadcasts to it → the same.
 * @throws ShapeError if `other` does not broadcast to this shape, or elements share memory (`expand`).
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const lessEqual_ = le_;
/**
 * In place: 1 where this > other, else 0, in this tensor's dtype. Shapes: this, other that broadcasts to it → the same.
 * @throws ShapeError if `other` does not broadcast to this shape, or elements share memory (`expand`).
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const gt_ = question_("gt_", (a, b) => ops.lt(b, a));
/**
 * As {@link gt_}: 1 where this > other, in place. Shapes: this, other that broadcasts to it → the same.
 * @throws ShapeError if `other` does not broadcast to this shape, or elements share memory (`expand`).
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const greater_ = gt_;
/**
 * In place: 1 where this >= other, else 0, in this tensor's dtype.
 *
 * Shapes: this, other that broadcasts to it → the same.
 * @throws ShapeError if `other` does not broadcast to this shape, or elements share memory (`expand`).
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const ge_ = question_("ge_", (a, b) => ops.le(b, a));
/**
 * As {@link ge_}: 1 where this >= other, in place. Shapes: this, other that broadcasts to it → the same.
 * @throws ShapeError if `other` does not broadcast to this shape, or elements share memory (`expand`).
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const greaterEqual_ = ge_;
/**
 * In place: 1 where both are not 0, else 0, in this tensor's dtype.
 *
 * Shapes: this, other that broadcasts to it → the same.
 * @throws ShapeError if `other` does not broadcast to this shape, or elements share memory (`expand`).
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const logicalAnd_ = question_("logicalAnd_", ops.logicalAnd);
/**
 * In place: 1 where one is not 0, else 0, in this tensor's dtype. Shapes: this, other that broadcasts to it → the same.
 * @throws ShapeError if `other` does not broadcast to this shape, or elements share memory (`expand`).
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const logicalOr_ = question_("logicalOr_", ops.logicalOr);
/**
 * In place: 1 where exactly one is not 0, else 0, in this tensor's dtype.
 *
 * Shapes: this, other that broadcasts to it → the same.
 * @throws ShapeError if `other` does not broadcast to this shape, or elements share memory (`expand`).
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const logicalXor_ = question_("logicalXor_", ops.logicalXor);
/**
 * In place: the angle of the point (other, this) with the positive x-axis.
 *
 * Shapes: this, other that broadcasts to it → the same.
 * @throws ShapeError if `other` does not broadcast to this shape, or elements share memory (`expand`).
 * @throws DTypeError if this is an integer or bool tensor: the result is a float.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const atan2_ = binary_("atan2_", atan2Node);
/**
 * As {@link atan2_}: the angle of the point (other, this), in place.
 *
 * Shapes: this, other that broadcasts to it → the same.
 * @throws ShapeError if `other` does not broadcast to this shape, or elements share memory (`expand`).
 * @throws DTypeError if this is an integer or bool tensor: the result is a float.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const arctan2_ = atan2_;
/**
 * In place: |this| with the sign of `other`. Shapes: this, other that broadcasts to it → the same.
 * @throws ShapeError if `other` does not broadcast to this shape, or elements share memory (`expand`).
 * @throws DTypeError if this is an integer or bool tensor: the result is a float.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const copysign_ = binary_("copysign_", ops.copysign);
/**
 * In place: √(this² + other²). Shapes: this, other that broadcasts to it → the same.
 * @throws ShapeError if `other` does not broadcast to this shape, or elements share memory (`expand`).
 * @throws DTypeError if this is an integer or bool tensor: the result is a float.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const hypot_ = binary_("hypot_", ops.hypot);
/**
 * In place: 0 for negative values, 1 for positive ones, `other` at 0.
 *
 * Shapes: this, other that broadcasts to it → the same.
 * @throws ShapeError if `other` does not broadcast to this shape, or elements share memory (`expand`).
 * @throws DTypeError if the result is of a higher kind than this tensor (a float in an integer tensor, an integer in a
 * bool one).
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const heaviside_ = binary_("heaviside_", ops.heaviside);
/**
 * The greatest common divisor of integers, in place. Shapes: this, other that broadcasts to it → the same.
 * @throws DTypeError unless both are integer tensors.
 * @throws ShapeError if `other` does not broadcast to this shape, or elements share memory (`expand`).
 */
export const gcd_ = binary_("gcd_", ops.gcd);
/**
 * The least common multiple of integers, in place; overflow wraps. Shapes: this, other that broadcasts to it → the same.
 * @throws DTypeError unless both are integer tensors.
 * @throws ShapeError if `other` does not broadcast to this shape, or elements share memory (`expand`).
 */
export const lcm_ = binary_("lcm_", ops.lcm);
/**
 * In place: this · log(other); 0 where this is 0. Shapes: this, other that broadcasts to it → the same.
 * @throws ShapeError if `other` does not broadcast to this shape, or elements share memory (`expand`).
 * @throws DTypeError if this is an integer or bool tensor: the result is a float.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const xlogy_ = binary_("xlogy_", ops.xlogy);
/**
 * In place: this^other computed in float64. Shapes: this, other that broadcasts to it → the same.
 * @throws ShapeError if `other` does not broadcast to this shape, or elements share memory (`expand`).
 * @throws DTypeError if this is an integer or bool tensor: the result is a float.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const floatPower_ = binary_("floatPower_", floatPowerNode);

/**
 * In place: the n-th derivative of digamma. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws DTypeError if this is an integer or bool tensor: the result is a float.
 * @throws ArgumentError if `n` is negative or no integer.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export function polygamma_(input: Tensor, n: number, ...surplus: []): Tensor {
  noMore("polygamma_", surplus);
  return inPlace("polygamma_", input, (x) => ops.polygamma(n, x));
}

/**
 * In place: log(x / (1 - x)), of x limited to [eps, 1 - eps] if `eps` is given. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws DTypeError if this is an integer or bool tensor: the result is a float.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export function logit_(input: Tensor, eps?: number | null, ...surplus: []): Tensor {
  noMore("logit_", surplus);
  if (eps !== undefined && eps !== null) checkNumber("logit_", "eps", eps);
  return inPlace("logit_", input, (x) => ops.logit(x, eps ?? null));
}

/**
 * As {@link clamp_}: limited to [min, max], in place. Shapes: this, bounds that broadcast to it → the same.
 * @throws ShapeError if a bound does not broadcast to this shape, or elements share memory (`expand`).
 * @throws DTypeError if a bound is of a higher kind than this tensor.
 * @throws ArgumentError if there is no bound.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const clip_ = clamp_;

/**
 * In place: no value below `min`. Shapes: this, bounds that broadcast to it → the same.
 * @throws ShapeError if a bound does not broadcast to this shape, or elements share memory (`expand`).
 * @throws DTypeError if the bound is of a higher kind than this tensor.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export function clampMin_(input: Tensor, min: TensorLike, ...surplus: []): Tensor {
  noMore("clampMin_", surplus);
  return inPlace("clampMin_", input, (x) => clampMinNode(x, min));
}

/**
 * In place: no value above `max`. Shapes: this, bounds that broadcast to it → the same.
 * @throws ShapeError if a bound does not broadcast to this shape, or elements share memory (`expand`).
 * @throws DTypeError if the bound is of a higher kind than this tensor.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export function clampMax_(input: Tensor, max: TensorLike, ...surplus: []): Tensor {
  noMore("clampMax_", surplus);
  return inPlace("clampMax_", input, (x) => clampMaxNode(x, max));
}

/**
 * In place: sums of all elements up to each one along `dim`. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws IndexError if `dim` is out of range.
 * @throws DTypeError if this tensor is bool.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export function cumsum_(input: Tensor, dim: number, ...surplus: []): Tensor {
  noMore("cumsum_", surplus);
  return inPlace("cumsum_", input, (x) => ops.cumsum(x, dim));
}

/**
 * In place: products of all elements up to each one along `dim`. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws IndexError if `dim` is out of range.
 * @throws DTypeError if this tensor is bool.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export function cumprod_(input: Tensor, dim: number, ...surplus: []): Tensor {
  noMore("cumprod_", surplus);
  return inPlace("cumprod_", input, (x) => ops.cumprod(x, dim));
}

/**
 * In place: slices along `dim` whose p-norm is above `maxnorm`, scaled down to it. Shapes: any → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws DTypeError if this is no float tensor.
 * @throws IndexError if `dim` is out of range.
 * @throws ArgumentError unless p > 0 and maxnorm >= 0.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export function renorm_(input: Tensor, p: number, dim: number, maxnorm: number, ...surplus: []): Tensor {
  noMore("renorm_", surplus);
  return inPlace("renorm_", input, (x) => renormNode(x, p, dim, maxnorm));
}

/**
 * `value` on the main diagonal of a matrix; with `wrap` again below a tall one, after a row of distance.
 *
 * Shapes: `[m, n]`, or n dims of one size, value a number or `[]` → the same.
 * @throws ShapeError if this is neither a matrix nor a cube, `value` has dims, or elements share memory (`expand`).
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export function fillDiagonal_(
  input: Tensor,
  value: TensorLike,
  options: { readonly wrap?: boolean } = {},
  ...surplus: []
): Tensor {
  const op = "fillDiagonal_";
  noMore(op, surplus);
  checkOptions(op, options, ["wrap"]);
  return inPlace(op, input, (x) => {
    const columns = x.shape.at(-1) ?? 0;
    if (x.shape.length < 2 || (x.shape.length > 2 && x.shape.some((size) => size !== columns))) {
      throw new ShapeError(`${op}: takes a matrix, or a cube (input [${x.shape.join(",")}])`, {
        op,
        shapes: [x.shape],
      });
    }
    // The flat positions of a diagonal are a fixed step apart.
    let step = 1;
    x.shape.slice(1).reduceRight((n, size) => {
      step += n * size;
      return n * size;
    }, 1);
    const isTall = x.shape.length === 2 && (x.shape[0] as number) > columns;
    const limit = isTall && !options.wrap ? columns * columns : x.size;
    const flat = ops.iota(x.size);
    const isOn = ops.and(
      ops.eq(ops.rem(flat, ops.constant(step, "int32")), ops.constant(0, "int32")),
      ops.lt(flat, ops.constant(limit, "int32")),
    );
    const fill = ops.cast(operand(op, "value", value, x.dtype), x.dtype);
    return ops.where(ops.reshape(isOn, x.shape), fill, x);
  });
}

/**
 * In place: `source` at positions `index` of the flattened tensor; repeated positions add up with `accumulate`.
 *
 * Shapes: any, index and source of as many elements → the same.
 * @throws ShapeError unless `index` and `source` have as many elements, and if elements share memory (`expand`).
 * @throws IndexError if a position is out of range, at the read or step that writes at the latest.
 * @throws DTypeError if `index` is no integer tensor, or `source` has another dtype than this tensor.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export function put_(
  input: Tensor,
  index: Tensor,
  source: Tensor,
  options: { readonly accumulate?: boolean } = {},
  ...surplus: []
): Tensor {
  noMore("put_", surplus);
  checkOptions("put_", options, ["accumulate"]);
  return inPlace("put_", input, (x) => putNode(x, index, source, options.accumulate ?? false));
}

/**
 * In place: `src` at `this[…, index[…, i, …], …]` along `dim`; with `reduce` "add" or "multiply" combined with what is
 * there.
 *
 * Shapes: this `[…, n, …]`, index and src with as many dims and no larger sizes outside `dim` → the same.
 * @throws ShapeError if the dims differ in number, `index` is larger than `src` or, outside `dim`, than this, or
 * elements share memory (`expand`).
 * @throws IndexError if `dim` or an index is out of range, the latter at the read or step that writes at the latest.
 * @throws DTypeError if `index` is no integer tensor, or `src` has another dtype than this tensor.
 * @throws ArgumentError if `reduce` is another name.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export function scatter_(
  input: Tensor,
  dim: number,
  index: Tensor,
  src: TensorLike,
  options: { readonly reduce?: "add" | "multiply" } = {},
  ...surplus: []
): Tensor {
  noMore("scatter_", surplus);
  return inPlace("scatter_", input, () => scatterNode(input, dim, index, src, options));
}

/**
 * In place: `src` added at `this[…, index[…, i, …], …]` along `dim`; repeated places add up.
 *
 * Shapes: this `[…, n, …]`, index and src with as many dims and no larger sizes outside `dim` → the same.
 * @throws ShapeError if the dims differ in number, `index` is larger than `src` or, outside `dim`, than this, or
 * elements share memory (`expand`).
 * @throws IndexError if `dim` or an index is out of range, the latter at the read or step that writes at the latest.
 * @throws DTypeError if `index` is no integer tensor, or `src` has another dtype than this tensor.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export function scatterAdd_(input: Tensor, dim: number, index: Tensor, src: Tensor, ...surplus: []): Tensor {
  noMore("scatterAdd_", surplus);
  return inPlace("scatterAdd_", input, () => scatterAddNode(input, dim, index, src));
}

/**
 * In place: values of `src` that go to one place along `dim`, reduced by `reduce`: "sum", "prod", "mean", "amax" or
 * "amin"; what was there takes part unless `includeSelf` is false.
 *
 * Shapes: this `[…, n, …]`, index and src with as many dims and no larger sizes outside `dim` → the same.
 * @throws ShapeError if the dims differ in number, `index` is larger than `src` or, outside `dim`, than this, or
 * elements share memory (`expand`).
 * @throws IndexError if `dim` or an index is out of range, the latter at the read or step that writes at the latest.
 * @throws DTypeError if `index` is no integer tensor, or `src` has another dtype than this tensor.
 * @throws ArgumentError if `reduce` is another name.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export function scatterReduce_(
  input: Tensor,
  dim: number,
  index: Tensor,
  src: Tensor,
  reduce: ops.ScatterReduction,
  options?: { readonly includeSelf?: boolean },
  ...surplus: []
): Tensor {
  noMore("scatterReduce_", surplus);
  return inPlace("scatterReduce_", input, (x) => scatterReduceNode(x, dim, index, src, reduce, options));
}

/**
 * In place: alpha `source[…, i, …]` added at `index[i]` of `dim`; repeated indices add up.
 *
 * Shapes: this `[…, n, …]`, index `[m]`, source `[…, m, …]` → the same.
 * @throws ShapeError if the source does not fit, or elements share memory (`expand`).
 * @throws IndexError if `dim` or an index is out of range, the latter at the read or step that writes at the latest.
 * @throws DTypeError if `index` is no integer tensor, or `source` has another dtype than this tensor.
 * @throws ArgumentError if `index` is no vector.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export function indexAdd_(
  input: Tensor,
  dim: number,
  index: Tensor,
  source: Tensor,
  options: { readonly alpha?: number } = {},
  ...surplus: []
): Tensor {
  noMore("indexAdd_", surplus);
  checkOptions("indexAdd_", options, ["alpha"]);
  return inPlace("indexAdd_", input, (x) => indexAddNode(x, dim, index, source, options.alpha));
}

/**
 * In place: `source[…, i, …]` at `index[i]` of `dim`.
 *
 * Shapes: this `[…, n, …]`, index `[m]`, source `[…, m, …]` → the same.
 * @throws ShapeError if the source does not fit, or elements share memory (`expand`).
 * @throws IndexError if `dim` or an index is out of range, the latter at the read or step that writes at the latest.
 * @throws DTypeError if `index` is no integer tensor, or `source` has another dtype than this tensor.
 * @throws ArgumentError if `index` is no vector.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export function indexCopy_(input: Tensor, dim: number, index: Tensor, source: Tensor, ...surplus: []): Tensor {
  noMore("indexCopy_", surplus);
  return inPlace("indexCopy_", input, (x) => indexCopyNode(x, dim, index, source));
}

/**
 * In place: `value` at the positions `index` of `dim`.
 *
 * Shapes: this `[…, n, …]`, index `[m]`, value a number or `[]` → the same.
 * @throws ShapeError if elements share memory (`expand`).
 * @throws IndexError if `dim` or an index is out of range, the latter at the read or step that writes at the latest.
 * @throws DTypeError if `index` is no integer tensor.
 * @throws ArgumentError if `index` is no vector, or `value` has dims.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export function indexFill_(input: Tensor, dim: number, index: Tensor, value: TensorLike, ...surplus: []): Tensor {
  noMore("indexFill_", surplus);
  return inPlace("indexFill_", input, (x) => indexFillNode(x, dim, index, value));
}

/**
 * In place: `values` at `this[indices[0], indices[1], …]`; repeated places add up with `accumulate`.
 *
 * Shapes: this `[n0, …, nr]`, k indices that broadcast to `[…]`, values that broadcast to `[…, nk, …, nr]` → the same.
 * @throws ShapeError if the indices or values do not broadcast, or elements share memory (`expand`).
 * @throws IndexError if there are more indices than dims, or an index is out of range, at the read or step that writes
 * at the latest.
 * @throws DTypeError if an index is neither an integer nor a bool tensor, or `values` has another dtype than this
 * tensor.
 * @throws ArgumentError if there are no indices.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export function indexPut_(
  input: Tensor,
  indices: readonly Tensor[],
  values: Tensor,
  options: { readonly accumulate?: boolean } = {},
  ...surplus: []
): Tensor {
  noMore("indexPut_", surplus);
  checkOptions("indexPut_", options, ["accumulate"]);
  return inPlace("indexPut_", input, (x) => indexPutNode(x, indices, values, options.accumulate ?? false));
}

/**
 * In place: the elements of `source`, in order, where the mask is true.
 *
 * Shapes: any, mask that broadcasts to it, source of any shape → the same.
 * @throws ShapeError if the mask does not broadcast to this shape, or elements share memory (`expand`).
 * @throws DTypeError if the mask is no bool tensor, or `source` has another dtype than this tensor.
 * @throws IndexError if `source` has fewer elements than the mask true ones, at the read or step that writes.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export function maskedScatter_(input: Tensor, mask: Tensor, source: Tensor, ...surplus: []): Tensor {
  noMore("maskedScatter_", surplus);
  return inPlace("maskedScatter_", input, (x) => maskedScatterNode(x, mask, source));
}

function product_(op: string, first: string, second: string, product: (a: Node, b: Node) => Node) {
  return (input: Tensor, a: Tensor, b: Tensor, options: ScaledOptions = {}, ...surplus: []): Tensor => {
    noMore(op, surplus);
    checkOptions(op, options, ["beta", "alpha"]);
    return inPlace(op, input, (x) => addProduct(x, nodeOf(op, first, a), nodeOf(op, second, b), product, options));
  };
}

/**
 * In place: beta this + alpha mat1·mat2. Shapes: this `[m, n]`, mat1 `[m, k]`, mat2 `[k, n]` → the same.
 * @throws ShapeError if the shapes do not fit, or elements share memory (`expand`).
 * @throws DTypeError if the dtypes of the factors differ, or the result is of a higher kind than this tensor.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const addmm_ = product_("addmm_", "mat1", "mat2", ops.mm);
/**
 * In place: beta this + alpha mat·vec. Shapes: this `[m]`, mat `[m, k]`, vec `[k]` → the same.
 * @throws ShapeError if the shapes do not fit, or elements share memory (`expand`).
 * @throws DTypeError if the dtypes of the factors differ, or the result is of a higher kind than this tensor.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const addmv_ = product_("addmv_", "mat", "vec", addedProducts.addmv);
/**
 * In place: beta this + alpha vec1 ⊗ vec2. Shapes: this `[m, n]`, vec1 `[m]`, vec2 `[n]` → the same.
 * @throws ShapeError if the shapes do not fit, or elements share memory (`expand`).
 * @throws DTypeError if the result is of a higher kind than this tensor.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const addr_ = product_("addr_", "vec1", "vec2", addedProducts.addr);
/**
 * In place: beta this + alpha batch1·batch2.
 *
 * Shapes: this `[B, m, n]`, batch1 `[B, m, k]`, batch2 `[B, k, n]` → the same.
 * @throws ShapeError if the shapes do not fit, or elements share memory (`expand`).
 * @throws DTypeError if the dtypes of the factors differ, or the result is of a higher kind than this tensor.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const baddbmm_ = product_("baddbmm_", "batch1", "batch2", addedProducts.baddbmm);
/**
 * In place: beta this + alpha Σ batch1[i]·batch2[i].
 *
 * Shapes: this `[m, n]`, batch1 `[B, m, k]`, batch2 `[B, k, n]` → the same.
 * @throws ShapeError if the shapes do not fit, or elements share memory (`expand`).
 * @throws DTypeError if the dtypes of the factors differ, or the result is of a higher kind than this tensor.
 * @throws AutogradError for a leaf that requires grad, outside of `noGrad`.
 */
export const addbmm_ = product_("addbmm_", "batch1", "batch2", addedProducts.addbmm);

// In-place forms of functions: names end in _ as PyTorch's, results are written to the first argument.
import { checkNumber, checkOptions, ShapeError, shapesEqual } from "../../base/index.js";
import type { Node } from "../../graph/index.js";
import * as ops from "../../ops/index.js";
import { nodeOf, noMore, operand, type TensorLike } from "../args.js";
import { inPlace, overwrite } from "../in-place.js";
import type { Tensor } from "../tensor.js";
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
 * In place: this + alpha other; `other` broadcasts to this tensor's shape.
 * @throws ShapeError if the result would have another shape; DTypeError if it is of a higher kind (a float result in an
 * integer tensor); AutogradError for a leaf that requires grad, outside of `noGrad`. So do all in-place forms.
 */
export const add_ = sum_("add");
/** In place: this - alpha other; `other` broadcasts to this tensor's shape. */
export const sub_ = sum_("sub");
/** As `sub_`: this - alpha other, in place. */
export const subtract_ = sub_;
/** In place: this · other; `other` broadcasts to this tensor's shape. */
export const mul_ = binary_("mul_", ops.mul);
/** As `mul_`: this · other, in place. */
export const multiply_ = mul_;

/**
 * In place: this / other; with `roundingMode` "trunc" or "floor" rounded.
 * @throws DTypeError for integer tensors without `roundingMode`: the quotient is a float.
 */
export function div_(input: Tensor, other: TensorLike, options?: DivOptions, ...surplus: []): Tensor {
  noMore("div_", surplus);
  return inPlace("div_", input, () => divNode(input, other, options));
}

/** In place: floor(this / other). */
export const floorDivide_ = binary_("floorDivide_", floorDivideNode("floorDivide_"));
/** In place: this - other floor(this / other), with the sign of `other`. */
export const remainder_ = binary_("remainder_", remainderNode("remainder_"));
/** In place: this - other trunc(this / other), with the sign of this tensor. */
export const fmod_ = binary_("fmod_", fmodNode("fmod_"));
/** In place: this^other. */
export const pow_ = binary_("pow_", ops.pow);
/** In place: this + value tensor1 tensor2. */
export const addcmul_ = fused_("addcmul");
/** In place: this + value tensor1 / tensor2. */
export const addcdiv_ = fused_("addcdiv");

/** In place: this + weight (end - this). */
export function lerp_(input: Tensor, end: Tensor, weight: TensorLike, ...surplus: []): Tensor {
  noMore("lerp_", surplus);
  return inPlace("lerp_", input, () => lerpNode(input, end, weight));
}

/** In place: `value` where the mask, which broadcasts, is true. */
export function maskedFill_(input: Tensor, mask: Tensor, value: TensorLike, ...surplus: []): Tensor {
  noMore("maskedFill_", surplus);
  return inPlace("maskedFill_", input, () => maskedFillNode(input, mask, value));
}

/** Takes over the values of `source`, which broadcasts, converted to this tensor's dtype. */
export function copy_(input: Tensor, source: Tensor, ...surplus: []): Tensor {
  noMore("copy_", surplus);
  return overwrite("copy_", input, (x) => spread(ops.cast(nodeOf("copy_", "source", source), x.dtype), x));
}

/** `value` everywhere. */
export function fill_(input: Tensor, value: TensorLike, ...surplus: []): Tensor {
  noMore("fill_", surplus);
  return overwrite("fill_", input, (x) => spread(ops.cast(operand("fill_", "value", value, x.dtype), x.dtype), x));
}

/** In place: 0 everywhere. */
export function zero_(input: Tensor, ...surplus: []): Tensor {
  noMore("zero_", surplus);
  return overwrite("zero_", input, (x) => ops.full(x.shape, 0, x.dtype));
}

/** In place: limited to [min, max]; a bound that is null or left out does not limit. */
export function clamp_(input: Tensor, min?: TensorLike | null, max?: TensorLike | null, ...surplus: []): Tensor {
  noMore("clamp_", surplus);
  const bound = (name: string, value: TensorLike | null | undefined, x: Node) =>
    value === undefined || value === null ? null : operand("clamp_", name, value, x.dtype);
  return inPlace("clamp_", input, (x) => ops.clamp(x, bound("min", min, x), bound("max", max, x)));
}

/** In place: -x. */
export const neg_ = unary_("neg_", ops.neg);
/** In place: |x|. */
export const abs_ = unary_("abs_", ops.abs);
/** In place: -1, 0 or 1. */
export const sign_ = unary_("sign_", ops.sign);
/** In place: the largest integer <= x. */
export const floor_ = unary_("floor_", ops.floor);
/** In place: the smallest integer >= x. */
export const ceil_ = unary_("ceil_", ops.ceil);
/** In place: to the nearest integer, ties to even. */
export const round_ = unary_("round_", ops.round);
/** In place: towards zero. */
export const trunc_ = unary_("trunc_", ops.trunc);
/** In place: e^x. */
export const exp_ = unary_("exp_", ops.exp);
/** In place: e^x - 1, exact near 0. */
export const expm1_ = unary_("expm1_", ops.expm1);
/** In place: the natural logarithm. */
export const log_ = unary_("log_", ops.log);
/** In place: log(1 + x), exact near 0. */
export const log1p_ = unary_("log1p_", ops.log1p);
/** In place: √x; NaN below 0. */
export const sqrt_ = unary_("sqrt_", ops.sqrt);
/** In place: 1 / √x. */
export const rsqrt_ = unary_("rsqrt_", ops.rsqrt);
/** In place: 1 / x. */
export const reciprocal_ = unary_("reciprocal_", ops.reciprocal);
/** In place: x². */
export const square_ = unary_("square_", (x) => ops.mul(x, x));
/** In place: the sine of x in radians. */
export const sin_ = unary_("sin_", ops.sin);
/** In place: the cosine of x in radians. */
export const cos_ = unary_("cos_", ops.cos);
/** In place: the hyperbolic tangent. */
export const tanh_ = unary_("tanh_", ops.tanh);
/** In place: 1 / (1 + exp(-x)). */
export const sigmoid_ = unary_("sigmoid_", ops.sigmoid);
/** In place: max(x, 0); NaN stays. */
export const relu_ = unary_("relu_", ops.relu);
/** In place: 1 where x is 0, else 0. */
export const logicalNot_ = unary_("logicalNot_", ops.not);
/** In place: 0 above the main diagonal of the last two dims. */
export const tril_ = unary_("tril_", (x) => ops.tril(x));
/** In place: 0 below the main diagonal of the last two dims. */
export const triu_ = unary_("triu_", (x) => ops.triu(x));

/** As `div_`: this / other, in place. */
export const divide_ = div_;
/** As `div_` without rounding: this / other, in place. */
export const trueDivide_ = binary_("trueDivide_", ops.div);
/** As `neg_`: -x, in place. */
export const negative_ = neg_;
/** As `abs_`: |x|, in place. */
export const absolute_ = abs_;
/** As `sign_`: -1, 0 or 1, in place. */
export const sgn_ = sign_;
/** As `trunc_`: towards zero, in place. */
export const fix_ = trunc_;
/** In place: x - trunc(x). */
export const frac_ = unary_("frac_", (x) => ops.sub(x, ops.trunc(x)));
/** In place: 2^x. */
export const exp2_ = unary_("exp2_", (x) => ops.pow(ops.constantLike(x, 2), x));
/** In place: the logarithm to base 2. */
export const log2_ = unary_("log2_", (x) => ops.mul(ops.log(x), ops.constantLike(ops.toFloat(x), 1 / Math.LN2)));
/** In place: the logarithm to base 10. */
export const log10_ = unary_("log10_", (x) => ops.mul(ops.log(x), ops.constantLike(ops.toFloat(x), 1 / Math.LN10)));
/** In place: the tangent of x in radians. */
export const tan_ = unary_("tan_", ops.tan);
/** In place: the angle in [-π/2, π/2] with this sine; NaN outside [-1, 1]. */
export const asin_ = unary_("asin_", ops.asin);
/** As `asin_`: the angle with this sine, in place. */
export const arcsin_ = asin_;
/** In place: the angle in [0, π] with this cosine; NaN outside [-1, 1]. */
export const acos_ = unary_("acos_", ops.acos);
/** As `acos_`: the angle with this cosine, in place. */
export const arccos_ = acos_;
/** In place: the angle in (-π/2, π/2) with this tangent. */
export const atan_ = unary_("atan_", ops.atan);
/** As `atan_`: the angle with this tangent, in place. */
export const arctan_ = atan_;
/** In place: (exp(x) - exp(-x)) / 2. */
export const sinh_ = unary_("sinh_", ops.sinh);
/** In place: (exp(x) + exp(-x)) / 2. */
export const cosh_ = unary_("cosh_", ops.cosh);
/** In place: the inverse of sinh. */
export const asinh_ = unary_("asinh_", ops.asinh);
/** As `asinh_`: the inverse of sinh, in place. */
export const arcsinh_ = asinh_;
/** In place: the inverse of cosh; NaN below 1. */
export const acosh_ = unary_("acosh_", ops.acosh);
/** As `acosh_`: the inverse of cosh, in place. */
export const arccosh_ = acosh_;
/** In place: the inverse of tanh; NaN outside [-1, 1]. */
export const atanh_ = unary_("atanh_", ops.atanh);
/** As `atanh_`: the inverse of tanh, in place. */
export const arctanh_ = atanh_;
/** In place: sin(πx) / (πx); 1 at 0. */
export const sinc_ = unary_("sinc_", ops.sinc);
/** In place: degrees as radians. */
export const deg2rad_ = unary_("deg2rad_", (x) => ops.mul(x, ops.constantLike(x, Math.PI / 180)));
/** In place: radians as degrees. */
export const rad2deg_ = unary_("rad2deg_", (x) => ops.mul(x, ops.constantLike(x, 180 / Math.PI)));
/** In place: 2/√π ∫₀ˣ exp(-t²) dt. */
export const erf_ = unary_("erf_", ops.erf);
/** In place: 1 - erf(x). */
export const erfc_ = unary_("erfc_", (x) => ops.sub(ops.constantLike(ops.toFloat(x), 1), ops.erf(x)));
/** In place: the y with erf(y) = x; ±Infinity at ±1, NaN beyond. */
export const erfinv_ = unary_("erfinv_", ops.erfinv);
/** In place: log |Γ(x)|. */
export const lgamma_ = unary_("lgamma_", ops.lgamma);
/** In place: the derivative of log Γ. */
export const digamma_ = unary_("digamma_", ops.digamma);
/** In place: NaN becomes 0, infinities the dtype's largest finite numbers. */
export const nanToNum_ = unary_("nanToNum_", (x) => ops.nanToNum(x));
/** In place: all bits flipped; logical for bool. */
export const bitwiseNot_ = unary_("bitwiseNot_", ops.not);
/** In place: this & other, bit by bit; logical for bool. */
export const bitwiseAnd_ = binary_("bitwiseAnd_", ops.and);
/** In place: this | other, bit by bit; logical for bool. */
export const bitwiseOr_ = binary_("bitwiseOr_", ops.or);
/** In place: this ^ other, bit by bit; logical for bool. */
export const bitwiseXor_ = binary_("bitwiseXor_", ops.xor);
/** In place: this · 2^other, of integers. */
export const bitwiseLeftShift_ = binary_("bitwiseLeftShift_", ops.shiftLeft);
/** In place: floor(this / 2^other), of integers. */
export const bitwiseRightShift_ = binary_("bitwiseRightShift_", ops.shiftRight);
/** Questions in place: true and false become 1 and 0 of this tensor's dtype. */
const question_ = (op: string, compute: (a: Node, b: Node) => Node) => binary_(op, compute);
/** In place: 1 where this equals other, else 0, in this tensor's dtype. */
export const eq_ = question_("eq_", ops.eq);
/** In place: 1 where this differs from other, else 0, in this tensor's dtype. */
export const ne_ = question_("ne_", ops.ne);
/** As `ne_`: 1 where this differs from other, in place. */
export const notEqual_ = ne_;
/** In place: 1 where this < other, else 0, in this tensor's dtype. */
export const lt_ = question_("lt_", ops.lt);
/** As `lt_`: 1 where this < other, in place. */
export const less_ = lt_;
/** In place: 1 where this <= other, else 0, in this tensor's dtype. */
export const le_ = question_("le_", ops.le);
/** As `le_`: 1 where this <= other, in place. */
export const lessEqual_ = le_;
/** In place: 1 where this > other, else 0, in this tensor's dtype. */
export const gt_ = question_("gt_", (a, b) => ops.lt(b, a));
/** As `gt_`: 1 where this > other, in place. */
export const greater_ = gt_;
/** In place: 1 where this >= other, else 0, in this tensor's dtype. */
export const ge_ = question_("ge_", (a, b) => ops.le(b, a));
/** As `ge_`: 1 where this >= other, in place. */
export const greaterEqual_ = ge_;
/** In place: 1 where both are not 0, else 0, in this tensor's dtype. */
export const logicalAnd_ = question_("logicalAnd_", ops.logicalAnd);
/** In place: 1 where one is not 0, else 0, in this tensor's dtype. */
export const logicalOr_ = question_("logicalOr_", ops.logicalOr);
/** In place: 1 where exactly one is not 0, else 0, in this tensor's dtype. */
export const logicalXor_ = question_("logicalXor_", ops.logicalXor);
/** In place: the angle of the point (other, this) with the positive x-axis. */
export const atan2_ = binary_("atan2_", atan2Node);
/** As `atan2_`: the angle of the point (other, this), in place. */
export const arctan2_ = atan2_;
/** In place: |this| with the sign of `other`. */
export const copysign_ = binary_("copysign_", ops.copysign);
/** In place: √(this² + other²). */
export const hypot_ = binary_("hypot_", ops.hypot);
/** In place: 0 for negative values, 1 for positive ones, `other` at 0. */
export const heaviside_ = binary_("heaviside_", ops.heaviside);
/** In place: this · log(other); 0 where this is 0. */
export const xlogy_ = binary_("xlogy_", ops.xlogy);
/** In place: this^other computed in float64. */
export const floatPower_ = binary_("floatPower_", floatPowerNode);

/** In place: the n-th derivative of digamma. */
export function polygamma_(input: Tensor, n: number, ...surplus: []): Tensor {
  noMore("polygamma_", surplus);
  return inPlace("polygamma_", input, (x) => ops.polygamma(n, x));
}

/** In place: log(x / (1 - x)), of x limited to [eps, 1 - eps] if `eps` is given. */
export function logit_(input: Tensor, eps?: number | null, ...surplus: []): Tensor {
  noMore("logit_", surplus);
  if (eps !== undefined && eps !== null) checkNumber("logit_", "eps", eps);
  return inPlace("logit_", input, (x) => ops.logit(x, eps ?? null));
}

/** As `clamp_`: limited to [min, max], in place. */
export const clip_ = clamp_;

/** In place: no value below `min`. */
export function clampMin_(input: Tensor, min: TensorLike, ...surplus: []): Tensor {
  noMore("clampMin_", surplus);
  return inPlace("clampMin_", input, (x) => clampMinNode(x, min));
}

/** In place: no value above `max`. */
export function clampMax_(input: Tensor, max: TensorLike, ...surplus: []): Tensor {
  noMore("clampMax_", surplus);
  return inPlace("clampMax_", input, (x) => clampMaxNode(x, max));
}

/**
 * In place: sums of all elements up to each one along `dim`.
 * @throws IndexError if `dim` is out of range.
 */
export function cumsum_(input: Tensor, dim: number, ...surplus: []): Tensor {
  noMore("cumsum_", surplus);
  return inPlace("cumsum_", input, (x) => ops.cumsum(x, dim));
}

/**
 * In place: products of all elements up to each one along `dim`.
 * @throws IndexError if `dim` is out of range.
 */
export function cumprod_(input: Tensor, dim: number, ...surplus: []): Tensor {
  noMore("cumprod_", surplus);
  return inPlace("cumprod_", input, (x) => ops.cumprod(x, dim));
}

/** In place: slices along `dim` whose p-norm is above `maxnorm`, scaled down to it. */
export function renorm_(input: Tensor, p: number, dim: number, maxnorm: number, ...surplus: []): Tensor {
  noMore("renorm_", surplus);
  return inPlace("renorm_", input, (x) => renormNode(x, p, dim, maxnorm));
}

/** `value` on the main diagonal of a matrix; with `wrap` again below a tall one, after a row of distance. */
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

/** In place: `source` at positions `index` of the flattened tensor; repeated positions add up with `accumulate`. */
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

/** In place: `src` added at `this[…, index[…, i, …], …]` along `dim`; repeated places add up. */
export function scatterAdd_(input: Tensor, dim: number, index: Tensor, src: Tensor, ...surplus: []): Tensor {
  noMore("scatterAdd_", surplus);
  return inPlace("scatterAdd_", input, () => scatterAddNode(input, dim, index, src));
}

/**
 * In place: values of `src` that go to one place along `dim`, reduced by `reduce`: "sum", "prod", "mean", "amax" or
 * "amin"; what was there takes part unless `includeSelf` is false.
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

/** In place: alpha `source[…, i, …]` added at `index[i]` of `dim`; repeated indices add up. */
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

/** In place: `source[…, i, …]` at `index[i]` of `dim`. */
export function indexCopy_(input: Tensor, dim: number, index: Tensor, source: Tensor, ...surplus: []): Tensor {
  noMore("indexCopy_", surplus);
  return inPlace("indexCopy_", input, (x) => indexCopyNode(x, dim, index, source));
}

/** In place: `value` at the positions `index` of `dim`. */
export function indexFill_(input: Tensor, dim: number, index: Tensor, value: TensorLike, ...surplus: []): Tensor {
  noMore("indexFill_", surplus);
  return inPlace("indexFill_", input, (x) => indexFillNode(x, dim, index, value));
}

/** In place: `values` at `this[indices[0], indices[1], …]`; repeated places add up with `accumulate`. */
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
 * @throws ShapeError if the mask does not broadcast.
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

/** In place: beta this + alpha mat1 mat2. Shapes: this `[n, m]`, mat1 `[n, k]`, mat2 `[k, m]`. */
export const addmm_ = product_("addmm_", "mat1", "mat2", ops.mm);
/** In place: beta this + alpha mat vec. Shapes: this `[n]`, mat `[n, k]`, vec `[k]`. */
export const addmv_ = product_("addmv_", "mat", "vec", addedProducts.addmv);
/** In place: beta this + alpha vec1 vec2ᵀ. Shapes: this `[n, m]`, vec1 `[n]`, vec2 `[m]`. */
export const addr_ = product_("addr_", "vec1", "vec2", addedProducts.addr);
/** In place: beta this + alpha batch1 batch2. Shapes: this `[N, n, m]`, batch1 `[N, n, k]`, batch2 `[N, k, m]`. */
export const baddbmm_ = product_("baddbmm_", "batch1", "batch2", addedProducts.baddbmm);
/** In place: beta this + alpha Σ batch1[i] batch2[i]. Shapes: this `[n, m]`, batch1 `[N, n, k]`, batch2 `[N, k, m]`. */
export const addbmm_ = product_("addbmm_", "batch1", "batch2", addedProducts.addbmm);

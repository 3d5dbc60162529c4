// In-place forms of functions: names end in _ as PyTorch's, results are written to the first argument.
import { checkOptions, ShapeError, shapesEqual } from "../../base/index.js";
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
import { floorDivideNode, remainderNode } from "./division.js";
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
import { addedProducts, type ScaledOptions } from "./products.js";
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

export const add_ = sum_("add");
export const sub_ = sum_("sub");
export const subtract_ = sub_;
export const mul_ = binary_("mul_", ops.mul);
export const multiply_ = mul_;

export function div_(input: Tensor, other: TensorLike, options?: DivOptions, ...surplus: []): Tensor {
  noMore("div_", surplus);
  return inPlace("div_", input, () => divNode(input, other, options));
}

export const floorDivide_ = binary_("floorDivide_", floorDivideNode);
export const remainder_ = binary_("remainder_", remainderNode);
export const fmod_ = binary_("fmod_", ops.rem);
export const pow_ = binary_("pow_", ops.pow);
export const addcmul_ = fused_("addcmul");
export const addcdiv_ = fused_("addcdiv");

export function lerp_(input: Tensor, end: Tensor, weight: TensorLike, ...surplus: []): Tensor {
  noMore("lerp_", surplus);
  return inPlace("lerp_", input, () => lerpNode(input, end, weight));
}

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

export function zero_(input: Tensor, ...surplus: []): Tensor {
  noMore("zero_", surplus);
  return overwrite("zero_", input, (x) => ops.full(x.shape, 0, x.dtype));
}

export function clamp_(input: Tensor, min?: TensorLike | null, max?: TensorLike | null, ...surplus: []): Tensor {
  noMore("clamp_", surplus);
  const bound = (name: string, value: TensorLike | null | undefined, x: Node) =>
    value === undefined || value === null ? null : operand("clamp_", name, value, x.dtype);
  return inPlace("clamp_", input, (x) => ops.clamp(x, bound("min", min, x), bound("max", max, x)));
}

export const neg_ = unary_("neg_", ops.neg);
export const abs_ = unary_("abs_", ops.abs);
export const sign_ = unary_("sign_", ops.sign);
export const floor_ = unary_("floor_", ops.floor);
export const ceil_ = unary_("ceil_", ops.ceil);
export const round_ = unary_("round_", ops.round);
export const trunc_ = unary_("trunc_", ops.trunc);
export const exp_ = unary_("exp_", ops.exp);
export const expm1_ = unary_("expm1_", ops.expm1);
export const log_ = unary_("log_", ops.log);
export const log1p_ = unary_("log1p_", ops.log1p);
export const sqrt_ = unary_("sqrt_", ops.sqrt);
export const rsqrt_ = unary_("rsqrt_", ops.rsqrt);
export const reciprocal_ = unary_("reciprocal_", ops.reciprocal);
export const square_ = unary_("square_", (x) => ops.mul(x, x));
export const sin_ = unary_("sin_", ops.sin);
export const cos_ = unary_("cos_", ops.cos);
export const tanh_ = unary_("tanh_", ops.tanh);
export const sigmoid_ = unary_("sigmoid_", ops.sigmoid);
export const relu_ = unary_("relu_", ops.relu);
export const logicalNot_ = unary_("logicalNot_", ops.not);
export const tril_ = unary_("tril_", (x) => ops.tril(x));
export const triu_ = unary_("triu_", (x) => ops.triu(x));

export const divide_ = div_;
export const trueDivide_ = binary_("trueDivide_", ops.div);
export const negative_ = neg_;
export const absolute_ = abs_;
export const sgn_ = sign_;
export const fix_ = trunc_;
export const frac_ = unary_("frac_", (x) => ops.sub(x, ops.trunc(x)));
export const exp2_ = unary_("exp2_", (x) => ops.pow(ops.constantLike(x, 2), x));
export const log2_ = unary_("log2_", (x) => ops.mul(ops.log(x), ops.constantLike(ops.toFloat(x), 1 / Math.LN2)));
export const log10_ = unary_("log10_", (x) => ops.mul(ops.log(x), ops.constantLike(ops.toFloat(x), 1 / Math.LN10)));
export const tan_ = unary_("tan_", ops.tan);
export const asin_ = unary_("asin_", ops.asin);
export const arcsin_ = asin_;
export const acos_ = unary_("acos_", ops.acos);
export const arccos_ = acos_;
export const atan_ = unary_("atan_", ops.atan);
export const arctan_ = atan_;
export const sinh_ = unary_("sinh_", ops.sinh);
export const cosh_ = unary_("cosh_", ops.cosh);
export const asinh_ = unary_("asinh_", ops.asinh);
export const arcsinh_ = asinh_;
export const acosh_ = unary_("acosh_", ops.acosh);
export const arccosh_ = acosh_;
export const atanh_ = unary_("atanh_", ops.atanh);
export const arctanh_ = atanh_;
export const sinc_ = unary_("sinc_", ops.sinc);
export const deg2rad_ = unary_("deg2rad_", (x) => ops.mul(x, ops.constantLike(x, Math.PI / 180)));
export const rad2deg_ = unary_("rad2deg_", (x) => ops.mul(x, ops.constantLike(x, 180 / Math.PI)));
export const erf_ = unary_("erf_", ops.erf);
export const erfc_ = unary_("erfc_", (x) => ops.sub(ops.constantLike(ops.toFloat(x), 1), ops.erf(x)));
export const erfinv_ = unary_("erfinv_", ops.erfinv);
export const lgamma_ = unary_("lgamma_", ops.lgamma);
export const digamma_ = unary_("digamma_", ops.digamma);
export const nanToNum_ = unary_("nanToNum_", (x) => ops.nanToNum(x));
export const bitwiseNot_ = unary_("bitwiseNot_", ops.not);
export const bitwiseAnd_ = binary_("bitwiseAnd_", ops.and);
export const bitwiseOr_ = binary_("bitwiseOr_", ops.or);
export const bitwiseXor_ = binary_("bitwiseXor_", ops.xor);
export const bitwiseLeftShift_ = binary_("bitwiseLeftShift_", ops.shiftLeft);
export const bitwiseRightShift_ = binary_("bitwiseRightShift_", ops.shiftRight);
/** Questions in place: true and false become 1 and 0 of this tensor's dtype. */
const question_ = (op: string, compute: (a: Node, b: Node) => Node) => binary_(op, compute);
export const eq_ = question_("eq_", ops.eq);
export const ne_ = question_("ne_", ops.ne);
export const notEqual_ = ne_;
export const lt_ = question_("lt_", ops.lt);
export const less_ = lt_;
export const le_ = question_("le_", ops.le);
export const lessEqual_ = le_;
export const gt_ = question_("gt_", (a, b) => ops.lt(b, a));
export const greater_ = gt_;
export const ge_ = question_("ge_", (a, b) => ops.le(b, a));
export const greaterEqual_ = ge_;
export const logicalAnd_ = question_("logicalAnd_", ops.logicalAnd);
export const logicalOr_ = question_("logicalOr_", ops.logicalOr);
export const logicalXor_ = question_("logicalXor_", ops.logicalXor);
export const atan2_ = binary_("atan2_", atan2Node);
export const arctan2_ = atan2_;
export const copysign_ = binary_("copysign_", ops.copysign);
export const hypot_ = binary_("hypot_", ops.hypot);
export const heaviside_ = binary_("heaviside_", ops.heaviside);
export const xlogy_ = binary_("xlogy_", ops.xlogy);
export const floatPower_ = binary_("floatPower_", floatPowerNode);

export function polygamma_(input: Tensor, n: number, ...surplus: []): Tensor {
  noMore("polygamma_", surplus);
  return inPlace("polygamma_", input, (x) => ops.polygamma(n, x));
}

export function logit_(input: Tensor, eps?: number | null, ...surplus: []): Tensor {
  noMore("logit_", surplus);
  return inPlace("logit_", input, (x) => ops.logit(x, eps ?? null));
}

export const clip_ = clamp_;

export function clampMin_(input: Tensor, min: TensorLike, ...surplus: []): Tensor {
  noMore("clampMin_", surplus);
  return inPlace("clampMin_", input, (x) => clampMinNode(x, min));
}

export function clampMax_(input: Tensor, max: TensorLike, ...surplus: []): Tensor {
  noMore("clampMax_", surplus);
  return inPlace("clampMax_", input, (x) => clampMaxNode(x, max));
}

export function cumsum_(input: Tensor, dim: number, ...surplus: []): Tensor {
  noMore("cumsum_", surplus);
  return inPlace("cumsum_", input, (x) => ops.cumsum(x, dim));
}

export function cumprod_(input: Tensor, dim: number, ...surplus: []): Tensor {
  noMore("cumprod_", surplus);
  return inPlace("cumprod_", input, (x) => ops.cumprod(x, dim));
}

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

export function scatterAdd_(input: Tensor, dim: number, index: Tensor, src: Tensor, ...surplus: []): Tensor {
  noMore("scatterAdd_", surplus);
  return inPlace("scatterAdd_", input, () => scatterAddNode(input, dim, index, src));
}

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

export function indexCopy_(input: Tensor, dim: number, index: Tensor, source: Tensor, ...surplus: []): Tensor {
  noMore("indexCopy_", surplus);
  return inPlace("indexCopy_", input, (x) => indexCopyNode(x, dim, index, source));
}

export function indexFill_(input: Tensor, dim: number, index: Tensor, value: TensorLike, ...surplus: []): Tensor {
  noMore("indexFill_", surplus);
  return inPlace("indexFill_", input, (x) => indexFillNode(x, dim, index, value));
}

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

export function maskedScatter_(input: Tensor, mask: Tensor, source: Tensor, ...surplus: []): Tensor {
  noMore("maskedScatter_", surplus);
  return inPlace("maskedScatter_", input, (x) => maskedScatterNode(x, mask, source));
}

function product_(op: string, first: string, second: string, product: (a: Node, b: Node) => Node) {
  return (input: Tensor, a: Tensor, b: Tensor, options: ScaledOptions = {}, ...surplus: []): Tensor => {
    noMore(op, surplus);
    checkOptions(op, options, ["beta", "alpha"]);
    return inPlace(op, input, (x) => ops.scaledSum(x, product(nodeOf(op, first, a), nodeOf(op, second, b)), options));
  };
}

export const addmm_ = product_("addmm_", "mat1", "mat2", ops.mm);
export const addmv_ = product_("addmv_", "mat", "vec", addedProducts.addmv);
export const addr_ = product_("addr_", "vec1", "vec2", addedProducts.addr);
export const baddbmm_ = product_("baddbmm_", "batch1", "batch2", addedProducts.baddbmm);
export const addbmm_ = product_("addbmm_", "batch1", "batch2", addedProducts.addbmm);

// In-place forms of functions: names end in _ as PyTorch's, results are written to the first argument.
import { shapesEqual } from "../../base/index.js";
import type { Node } from "../../graph/index.js";
import * as ops from "../../ops/index.js";
import { nodeOf, noMore, operand, type TensorLike } from "../args.js";
import { inPlace, overwrite } from "../in-place.js";
import type { Tensor } from "../tensor.js";
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

// Functions of two values at a time, and selections by a condition.
import { ArgumentError, category, checkOptions, DTypeError } from "../../base/index.js";
import type { Node } from "../../graph/index.js";
import * as ops from "../../ops/index.js";
import { nodeOf, noMore, operand, type TensorLike } from "../args.js";
import { isTensor, type Tensor, wrap } from "../tensor.js";
import { binary, operands } from "./define.js";

interface AlphaOptions {
  /** Factor of `other`. */
  readonly alpha?: number;
}

function scaledSum(op: "add" | "sub") {
  return (input: TensorLike, other: TensorLike, options: AlphaOptions = {}, ...surplus: []): Tensor => {
    noMore(op, surplus);
    checkOptions(op, options, ["alpha"]);
    const [a, b] = operands(op, input, other);
    const { alpha = 1 } = options;
    return wrap(ops[op](a, alpha === 1 ? b : ops.mul(b, operand(op, "alpha", alpha, b.dtype))));
  };
}

/** input + alpha other. */
export const add = scaledSum("add");
/** input - alpha other. */
export const sub = scaledSum("sub");
export const subtract = sub;
/** other - input. */
export const rsub = (input: Tensor, other: TensorLike, options?: AlphaOptions, ...surplus: []): Tensor => {
  noMore("rsub", surplus);
  return sub(other, input, options);
};
export const mul = binary("mul", ops.mul);
export const multiply = mul;

interface DivOptions {
  /** "trunc" rounds the quotient towards zero, "floor" down; default: no rounding, integers give float32. */
  readonly roundingMode?: "trunc" | "floor" | null;
}

function divide(a: Node, b: Node, mode: DivOptions["roundingMode"]): Node {
  if (mode === undefined || mode === null) return ops.div(a, b);
  if (mode === "floor") return ops.floorDivide(a, b);
  if (mode === "trunc") return ops.truncDivide(a, b);
  throw new ArgumentError(`div: roundingMode must be "trunc" or "floor", got ${JSON.stringify(mode)}`, { op: "div" });
}

/** input / other; integers give float32 unless `roundingMode` is set. */
export function div(input: TensorLike, other: TensorLike, options: DivOptions = {}, ...surplus: []): Tensor {
  noMore("div", surplus);
  checkOptions("div", options, ["roundingMode"]);
  const [a, b] = operands("div", input, other);
  return wrap(divide(a, b, options.roundingMode));
}
export const trueDivide = binary("trueDivide", ops.div);
/** floor(input / other). */
export const floorDivide = binary("floorDivide", ops.floorDivide);
/** input - other floor(input / other): the sign of `other`. */
export const remainder = binary("remainder", ops.remainder);
/** input - other trunc(input / other): the sign of `input`. */
export const fmod = binary("fmod", ops.fmod);
/** input^other. */
export const pow = binary("pow", ops.pow);
/** The larger value; NaN if either is. Equal values share the gradient. */
export const maximum = binary("maximum", ops.maximum);
/** The smaller value; NaN if either is. Equal values share the gradient. */
export const minimum = binary("minimum", ops.minimum);

/** input + weight (end - input). */
export function lerp(input: Tensor, end: Tensor, weight: TensorLike, ...surplus: []): Tensor {
  noMore("lerp", surplus);
  const [a, b] = [nodeOf("lerp", "input", input), nodeOf("lerp", "end", end)];
  return wrap(ops.add(a, ops.mul(operand("lerp", "weight", weight, a.dtype), ops.sub(b, a))));
}

interface ValueOptions {
  readonly value?: number;
}

function fused(op: "addcmul" | "addcdiv", combine: (a: Node, b: Node) => Node) {
  return (input: Tensor, tensor1: Tensor, tensor2: Tensor, options: ValueOptions = {}, ...surplus: []): Tensor => {
    noMore(op, surplus);
    checkOptions(op, options, ["value"]);
    const product = combine(nodeOf(op, "tensor1", tensor1), nodeOf(op, "tensor2", tensor2));
    const { value = 1 } = options;
    const scaled = value === 1 ? product : ops.mul(product, operand(op, "value", value, product.dtype));
    return wrap(ops.add(nodeOf(op, "input", input), scaled));
  };
}

/** input + value tensor1 tensor2. */
export const addcmul = fused("addcmul", ops.mul);
/** input + value tensor1 / tensor2. */
export const addcdiv = fused("addcdiv", ops.div);

/** `input` where the condition holds, else `other`. */
export function where(condition: Tensor, input: TensorLike, other: TensorLike, ...surplus: []): Tensor {
  noMore("where", surplus);
  const test = nodeOf("where", "condition", condition);
  const like = isTensor(input) ? input.dtype : isTensor(other) ? other.dtype : numberPair(input, other);
  const node = ops.where(test, operand("where", "input", input, like), operand("where", "other", other, like));
  return wrap(node);
}

/** Two numbers beside no tensor: float32, or bool if both are booleans. */
function numberPair(a: TensorLike, b: TensorLike): "bool" | "float32" {
  return typeof a === "boolean" && typeof b === "boolean" ? "bool" : "float32";
}

/** `input` with `value` where the mask is true. */
export function maskedFill(input: Tensor, mask: Tensor, value: TensorLike, ...surplus: []): Tensor {
  noMore("maskedFill", surplus);
  const x = nodeOf("maskedFill", "input", input);
  const fill = operand("maskedFill", "value", value, x.dtype);
  if (category(fill.dtype) > category(x.dtype)) {
    throw new DTypeError(`maskedFill: value is ${fill.dtype} but the tensor ${x.dtype}; convert the tensor with .to("${fill.dtype}")`, {
      op: "maskedFill",
    });
  }
  return wrap(ops.maskedFill(x, nodeOf("maskedFill", "mask", mask), ops.castTo(fill, x.dtype)));
}

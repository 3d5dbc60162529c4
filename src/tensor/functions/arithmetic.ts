// Functions of two values at a time, and selections by a condition.
import { ArgumentError, category, checkOptions, DTypeError, isFloat, noMore } from "../../base/index.js";
import type { Node } from "../../graph/index.js";
import * as ops from "../../ops/index.js";
import { checkOneDType, floatNode, nodeOf, operand, type TensorLike } from "../args.js";
import { isTensor, type Tensor, wrap } from "../tensor.js";
import { atan2Node } from "./angle.js";
import { binary, made, operands } from "./define.js";
import { floorDivideNode, fmodNode, remainderNode, truncDivideNode } from "./division.js";

export interface AlphaOptions {
  /** Factor of `other`. */
  readonly alpha?: number;
}

type Sum = "add" | "sub";

export function sumNode(op: Sum, input: TensorLike, other: TensorLike, options: AlphaOptions | undefined): Node {
  checkOptions(op, options, ["alpha"]);
  const [a, b] = operands(op, input, other);
  const alpha = options?.alpha ?? 1;
  if (typeof alpha === "number" && !Number.isInteger(alpha) && !isFloat(ops.resultType(a, b))) {
    throw new DTypeError(
      `${op}: alpha must be an integer between integer tensors, got ${alpha}; convert one with .to("float32")`,
      {
        op,
      },
    );
  }
  const combine = op === "add" ? ops.add : ops.sub;
  return alpha === 1 ? combine(a, b) : addScaled(combine, a, b, operand(op, "alpha", alpha, b.dtype));
}

const addScaled = ops.inFloat32((combine: typeof ops.add, a: Node, b: Node, alpha: Node) =>
  combine(a, ops.mul(b, alpha)),
);

function scaledSum(op: Sum) {
  return (input: TensorLike, other: TensorLike, options?: AlphaOptions, ...surplus: []): Tensor => {
    noMore(op, surplus);
    return made(op, () => sumNode(op, input, other, options));
  };
}

/**
 * input + alpha other; dtypes are promoted. Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws DTypeError if `alpha` is fractional and both are integers.
 * @throws ArgumentError if neither is a tensor.
 */
export const add = scaledSum("add");
/**
 * input - alpha other; dtypes are promoted. Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws DTypeError if one is bool, or `alpha` is fractional and both are integers.
 * @throws ArgumentError if neither is a tensor.
 */
export const sub = scaledSum("sub");
/**
 * As {@link sub}: input - alpha other. Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws DTypeError if one is bool, or `alpha` is fractional and both are integers.
 * @throws ArgumentError if neither is a tensor.
 */
export const subtract = sub;

/**
 * other - alpha input. Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws DTypeError if one is bool, or `alpha` is fractional and both are integers.
 * @throws ArgumentError if neither is a tensor.
 */
export function rsub(input: TensorLike, other: TensorLike, options?: AlphaOptions, ...surplus: []): Tensor {
  noMore("rsub", surplus);
  return sub(other, input, options);
}

/**
 * input · other, element by element; dtypes are promoted. Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws ArgumentError if neither is a tensor.
 * @example tensor([1, 2]).mul(3) // [3, 6]
 */
export const mul = binary("mul", ops.mul);
/**
 * As {@link mul}: input · other. Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws ArgumentError if neither is a tensor.
 */
export const multiply = mul;

export interface DivOptions {
  /** "trunc" rounds the quotient towards zero, "floor" down; default: no rounding, integers give float32. */
  readonly roundingMode?: "trunc" | "floor" | null;
}

export function divNode(input: TensorLike, other: TensorLike, options: DivOptions | undefined): Node {
  checkOptions("div", options, ["roundingMode"]);
  const [a, b] = operands("div", input, other);
  const mode = options?.roundingMode;
  if (mode === undefined || mode === null) return ops.div(a, b);
  if (mode === "floor") return floorDivideNode("div")(a, b);
  if (mode === "trunc") return truncDivideNode("div")(a, b);
  throw new ArgumentError(`div: roundingMode must be "trunc" or "floor", got ${JSON.stringify(mode)}`, { op: "div" });
}

/**
 * input / other. Integers give float32, unless `roundingMode` is set. Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws ArgumentError if `roundingMode` is another name, or neither is a tensor.
 * @throws DTypeError for bool with a `roundingMode`.
 * @throws NumericError if integers are divided by 0 with a `roundingMode`: at the call where the divisor is known, else
 * at the read or step that computes it.
 */
export function div(input: TensorLike, other: TensorLike, options?: DivOptions, ...surplus: []): Tensor {
  noMore("div", surplus);
  return made("div", () => divNode(input, other, options));
}

/**
 * As {@link div}: input / other. Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws ArgumentError if `roundingMode` is another name, or neither is a tensor.
 * @throws DTypeError for bool with a `roundingMode`.
 * @throws NumericError if integers are divided by 0 with a `roundingMode`.
 */
export const divide = div;
/**
 * input / other, without rounding. Integers and bool give float32. Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws ArgumentError if neither is a tensor.
 */
export const trueDivide = binary("trueDivide", ops.div);
/**
 * floor(input / other), in the promoted dtype. Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws DTypeError if both are bool.
 * @throws NumericError if integers are divided by 0: at the call where the divisor is known, else at the read or step
 * that computes it.
 * @throws ArgumentError if neither is a tensor.
 */
export const floorDivide = binary("floorDivide", floorDivideNode("floorDivide"));
/**
 * input - other floor(input / other): the sign of `other`. Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws DTypeError if both are bool.
 * @throws NumericError if integers are divided by 0: at the call where the divisor is known, else at the read or step
 * that computes it.
 * @throws ArgumentError if neither is a tensor.
 */
export const remainder = binary("remainder", remainderNode("remainder"));
/**
 * input - other trunc(input / other): the sign of `input`. Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws DTypeError if both are bool.
 * @throws NumericError if integers are divided by 0: at the call where the divisor is known, else at the read or step
 * that computes it.
 * @throws ArgumentError if neither is a tensor.
 */
export const fmod = binary("fmod", fmodNode("fmod"));
/**
 * input^other; dtypes are promoted. Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws DTypeError if both are bool.
 * @throws ArgumentError if the exponent of an integer tensor is a negative number, or neither is a tensor.
 */
export const pow = binary("pow", ops.pow);
/**
 * The larger value; NaN if either is. Equal values share the gradient. Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws ArgumentError if neither is a tensor.
 */
export const maximum = binary("maximum", ops.maximum);
/**
 * The smaller value; NaN if either is. Equal values share the gradient. Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws ArgumentError if neither is a tensor.
 */
export const minimum = binary("minimum", ops.minimum);

export function lerpNode(input: Tensor, end: Tensor, weight: TensorLike): Node {
  const [a, b] = [floatNode("lerp", "input", input), nodeOf("lerp", "end", end)];
  checkOneDType("lerp", { input: a, end: b, ...(isTensor(weight) && { weight: weight.node }) });
  return lerped(a, b, isTensor(weight) ? weight.node : weight);
}

const lerped = ops.inFloat32((a: Node, b: Node, weight: Node | number | bigint | boolean) =>
  ops.add(a, ops.mul(isNumber(weight) ? operand("lerp", "weight", weight, a.dtype) : weight, ops.sub(b, a))),
);

function isNumber(value: Node | number | bigint | boolean): value is number | bigint | boolean {
  return typeof value !== "object";
}

/**
 * input + weight (end - input). Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws DTypeError if the input is no float tensor, or the tensors have different dtypes.
 */
export function lerp(input: Tensor, end: Tensor, weight: TensorLike, ...surplus: []): Tensor {
  noMore("lerp", surplus);
  return made("lerp", () => lerpNode(input, end, weight));
}

export interface ValueOptions {
  /** Factor of the product or quotient; default 1. */
  readonly value?: TensorLike;
}

type Fused = "addcmul" | "addcdiv";

export function fusedNode(op: Fused, input: Tensor, a: Tensor, b: Tensor, options: ValueOptions | undefined): Node {
  checkOptions(op, options, ["value"]);
  const value = options?.value ?? 1;
  const factor = isTensor(value) ? value.node : value;
  return addProduct(op, nodeOf(op, "input", input), nodeOf(op, "tensor1", a), nodeOf(op, "tensor2", b), factor);
}

const addProduct = ops.inFloat32((op: Fused, x: Node, a: Node, b: Node, value: Node | number | bigint | boolean) => {
  const product = op === "addcmul" ? ops.mul(a, b) : ops.div(a, b);
  if (value === 1) return ops.add(x, product);
  return ops.add(x, ops.mul(product, isNumber(value) ? operand(op, "value", value, product.dtype) : value));
});

function fused(op: Fused) {
  return (input: Tensor, tensor1: Tensor, tensor2: Tensor, options?: ValueOptions, ...surplus: []): Tensor => {
    noMore(op, surplus);
    return made(op, () => fusedNode(op, input, tensor1, tensor2, options));
  };
}

/**
 * input + value · tensor1 · tensor2; dtypes are promoted. Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 */
export const addcmul = fused("addcmul");
/**
 * input + value · tensor1 / tensor2; dtypes are promoted, and integers divided give float32.
 *
 * Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 */
export const addcdiv = fused("addcdiv");

/**
 * The angle of the point (other, input) with the positive x-axis: atan(input / other) in the right quadrant. Integers
 * and bool give float32.
 *
 * Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws ArgumentError if neither is a tensor.
 */
export const atan2 = binary("atan2", ops.inFloat32(atan2Node));
/**
 * As {@link atan2}: the angle of the point (other, input). Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws ArgumentError if neither is a tensor.
 */
export const arctan2 = atan2;

/**
 * `input` where the condition holds, else `other`; their dtypes are promoted.
 *
 * Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws DTypeError if the condition is no bool tensor.
 */
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

export function maskedFillNode(input: Tensor, mask: Tensor, value: TensorLike): Node {
  const x = nodeOf("maskedFill", "input", input);
  const fill = operand("maskedFill", "value", value, x.dtype);
  if (category(fill.dtype) > category(x.dtype)) {
    throw new DTypeError(
      `maskedFill: value is ${fill.dtype} but the tensor ${x.dtype}; convert the tensor with .to("${fill.dtype}")`,
      { op: "maskedFill" },
    );
  }
  return ops.maskedFill(x, nodeOf("maskedFill", "mask", mask), ops.cast(fill, x.dtype));
}

/**
 * `input` with `value` where the mask is true.
 *
 * Shapes: input and mask that broadcast, value a number or `[]` → the common shape.
 * @throws ShapeError if the shapes do not broadcast, or `value` has dims.
 * @throws DTypeError if the mask is no bool tensor, or the value is of a wider kind than the input (a fraction among
 * integers).
 */
export function maskedFill(input: Tensor, mask: Tensor, value: TensorLike, ...surplus: []): Tensor {
  noMore("maskedFill", surplus);
  return made("maskedFill", () => maskedFillNode(input, mask, value));
}

// Functions of two values beside the arithmetic: signs and lengths, sums of exponentials, shifts of bits.

import { noMore } from "../../base/index.js";
import type { Node } from "../../graph/index.js";
import * as ops from "../../ops/index.js";
import { checkOneDType, nodeOf, operand, type TensorLike } from "../args.js";
import type { Tensor } from "../tensor.js";
import { type Binary, binary, made } from "./define.js";

/**
 * log(e^input + e^other), without overflow. Integers and bool give float32.
 *
 * Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws ArgumentError if neither is a tensor.
 */
export const logaddexp: Binary = binary("logaddexp", ops.logaddexp);
/**
 * log2(2^input + 2^other), without overflow. Integers and bool give float32.
 *
 * Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws ArgumentError if neither is a tensor.
 */
export const logaddexp2: Binary = binary("logaddexp2", ops.logaddexp2);
/**
 * √(input² + other²), without overflow. Integers and bool give float32. Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws ArgumentError if neither is a tensor.
 */
export const hypot: Binary = binary("hypot", ops.hypot);
/**
 * input log other; 0 where input is 0, unless other is NaN. Integers and bool give float32.
 *
 * Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws ArgumentError if neither is a tensor.
 */
export const xlogy: Binary = binary("xlogy", ops.xlogy);
/**
 * |input| with the sign of other. Integers and bool give float32. Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws ArgumentError if neither is a tensor.
 */
export const copysign: Binary = binary("copysign", ops.copysign);
/**
 * The larger value; a NaN loses against a number. Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws ArgumentError if neither is a tensor.
 */
export const fmax: Binary = binary("fmax", ops.fmax);
/**
 * The smaller value; a NaN loses against a number. Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws ArgumentError if neither is a tensor.
 */
export const fmin: Binary = binary("fmin", ops.fmin);
/**
 * 0 below 0, 1 above 0, `values` at 0. Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws DTypeError if the dtypes differ.
 * @throws ArgumentError if neither is a tensor.
 */
export const heaviside: Binary = binary("heaviside", (x, values) => {
  checkOneDType("heaviside", { input: x, values });
  return ops.heaviside(x, values);
});
/**
 * The greatest common divisor of integers, at least 0; of 0 and 0 it is 0. Shapes: input, other → their broadcast.
 * @throws DTypeError unless both are integer tensors.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws ArgumentError if neither is a tensor.
 * @example gcd(tensor([12n]), tensor([18n])) // [6]
 */
export const gcd: Binary = binary("gcd", ops.gcd);
/**
 * The least common multiple of integers, at least 0; 0 where one of both is, and overflow wraps.
 *
 * Shapes: input, other → their broadcast.
 * @throws DTypeError unless both are integer tensors.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws ArgumentError if neither is a tensor.
 */
export const lcm: Binary = binary("lcm", ops.lcm);
/**
 * input^other in float64. Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws ArgumentError if neither is a tensor.
 */
export const floatPower: Binary = binary("floatPower", floatPowerNode);

export function floatPowerNode(a: Node, b: Node): Node {
  return ops.pow(ops.cast(a, "float64"), ops.cast(b, "float64"));
}

/**
 * Bits moved to the left, zeros come in. Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws DTypeError if both are bool, or one is a float tensor.
 * @throws ArgumentError if neither is a tensor.
 */
export const bitwiseLeftShift: Binary = binary("bitwiseLeftShift", ops.shiftLeft);
/**
 * Bits moved to the right; the sign stays. Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 * @throws DTypeError if both are bool, or one is a float tensor.
 * @throws ArgumentError if neither is a tensor.
 */
export const bitwiseRightShift: Binary = binary("bitwiseRightShift", ops.shiftRight);

/**
 * x not below `min`, a number or a tensor; dtypes are promoted. Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 */
export function clampMin(input: Tensor, min: TensorLike, ...surplus: []): Tensor {
  noMore("clampMin", surplus);
  const x = nodeOf("clampMin", "input", input);
  return made("clampMin", () => clampMinNode(x, min));
}

/**
 * x not above `max`, a number or a tensor; dtypes are promoted. Shapes: any that broadcast → the common shape.
 * @throws ShapeError if the shapes do not broadcast.
 */
export function clampMax(input: Tensor, max: TensorLike, ...surplus: []): Tensor {
  noMore("clampMax", surplus);
  const x = nodeOf("clampMax", "input", input);
  return made("clampMax", () => clampMaxNode(x, max));
}

export function clampMinNode(x: Node, min: TensorLike): Node {
  return ops.clamp(x, operand("clampMin", "min", min, x.dtype), null);
}

export function clampMaxNode(x: Node, max: TensorLike): Node {
  return ops.clamp(x, null, operand("clampMax", "max", max, x.dtype));
}

/** Whether each element of `elements` is in `testElements`; with `invert` whether it is not. */
export function isinNode(elements: Node, testElements: Node, invert: boolean): Node {
  const list = ops.reshape(testElements, [testElements.size]);
  const column = ops.reshape(elements, [...elements.shape, 1]);
  const found = ops.anyOver(ops.eq(column, list), elements.shape.length);
  return invert ? ops.not(found) : found;
}

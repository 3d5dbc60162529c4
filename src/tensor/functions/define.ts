// How public functions are made of functions over nodes.
import { inName, noMore } from "../../base/index.js";
import type { Node } from "../../graph/index.js";
import { checkFloat, inFloat32 } from "../../ops/index.js";
import { nodeOf, operand, type TensorLike } from "../args.js";
import { isTensor, type Tensor, wrap } from "../tensor.js";

/** A function of one tensor. */
export type Unary = (input: Tensor, ...surplus: []) => Tensor;
/** A function of two tensors, either of which may be a number. */
export type Binary = (input: TensorLike, other: TensorLike, ...surplus: []) => Tensor;

/** What `compute` gives; errors of the operations it is composed of name `op`. */
export function made(op: string, compute: () => Node): Tensor {
  try {
    return wrap(compute());
  } catch (error) {
    throw inName(op, error);
  }
}

export function unary(op: string, compute: (x: Node) => Node): Unary {
  const computeOnce = inFloat32(compute);
  return (input, ...surplus) => {
    noMore(op, surplus);
    const x = nodeOf(op, "input", input);
    return made(op, () => computeOnce(x));
  };
}

/** As `unary`, for what is defined for float tensors only. */
export function floatUnary(op: string, compute: (x: Node) => Node): Unary {
  return unary(op, (x) => {
    checkFloat(op, "input", x);
    return compute(x);
  });
}

/** Both operands as nodes; a number takes its dtype from the other. */
export function operands(op: string, input: TensorLike, other: TensorLike): [Node, Node] {
  if (isTensor(input)) return [input.node, operand(op, "other", other, input.dtype)];
  const right = nodeOf(op, "other", other);
  return [operand(op, "input", input, right.dtype), right];
}

export function binary(op: string, compute: (a: Node, b: Node) => Node): Binary {
  return (input, other, ...surplus) => {
    noMore(op, surplus);
    const [a, b] = operands(op, input, other);
    return made(op, () => compute(a, b));
  };
}

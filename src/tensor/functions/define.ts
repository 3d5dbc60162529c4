// How public functions are made of functions over nodes.
import type { Node } from "../../graph/index.js";
import { inFloat32 } from "../../ops/index.js";
import { nodeOf, noMore, operand, type TensorLike } from "../args.js";
import { isTensor, type Tensor, wrap } from "../tensor.js";

/** A function of one tensor. */
export type Unary = (input: Tensor, ...surplus: []) => Tensor;
/** A function of two tensors, either of which may be a number. */
export type Binary = (input: TensorLike, other: TensorLike, ...surplus: []) => Tensor;

export function unary(op: string, compute: (x: Node) => Node): Unary {
  const computeOnce = inFloat32(compute);
  return (input, ...surplus) => {
    noMore(op, surplus);
    return wrap(computeOnce(nodeOf(op, "input", input)));
  };
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
    return wrap(compute(a, b));
  };
}

// Products of matrices and vectors.
import { ArgumentError, checkOptions } from "../../base/index.js";
import type { Node } from "../../graph/index.js";
import * as ops from "../../ops/index.js";
import { nodeOf, noMore, optionsWith } from "../args.js";
import { isTensor, type Tensor, wrap } from "../tensor.js";
import { made } from "./define.js";

function product(op: string, compute: (a: Node, b: Node) => Node, second = "other") {
  return (input: Tensor, other: Tensor, ...surplus: []): Tensor => {
    noMore(op, surplus);
    const [a, b] = [nodeOf(op, "input", input), nodeOf(op, second, other)];
    return made(op, () => compute(a, b));
  };
}

/** Product of matrices, vectors and batches of them, with torch.matmul's shapes. */
export const matmul = product("matmul", ops.matmul);
/** `[m,k]·[k,n]`. */
export const mm = product("mm", ops.mm, "mat2");
/** `[b,m,k]·[b,k,n]`. */
export const bmm = product("bmm", ops.bmm, "mat2");
/** `[m,k]·[k]`. */
export const mv = product("mv", ops.mv, "vec");
/** Sum of the products of two vectors. */
export const dot = product("dot", ops.dot);
/** `out[i,j] = input[i] other[j]`. */
export const outer = product("outer", ops.outer, "vec2");

/** beta input + alpha mat1·mat2. */
export function addmm(
  input: Tensor,
  mat1: Tensor,
  mat2: Tensor,
  options: { readonly beta?: number; readonly alpha?: number } = {},
  ...surplus: []
): Tensor {
  noMore("addmm", surplus);
  checkOptions("addmm", options, ["beta", "alpha"]);
  const [x, a, b] = [nodeOf("addmm", "input", input), nodeOf("addmm", "mat1", mat1), nodeOf("addmm", "mat2", mat2)];
  return made("addmm", () => ops.addmm(x, a, b, options));
}

/**
 * x·weightᵀ + bias over the last dim: `linear(x, w)`, `linear(x, w, bias)`, `linear(x, w, { bias })`.
 *
 * Shapes: input `[…, inFeatures]`, weight `[outFeatures, inFeatures]`, bias `[outFeatures]` → `[…, outFeatures]`.
 * @throws ShapeError if the last dims of input and weight differ.
 */
export function linear(
  input: Tensor,
  weight: Tensor,
  bias?: Tensor | null | { readonly bias?: Tensor | null },
  ...surplus: []
): Tensor {
  const given = optionsWith<{ bias?: Tensor | null }>("linear", "bias", bias, undefined, ["bias"], surplus);
  const [x, w] = [nodeOf("linear", "input", input), nodeOf("linear", "weight", weight)];
  return wrap(ops.linear(x, w, given.bias ? nodeOf("linear", "bias", given.bias) : null));
}

/** Einstein summation: `einsum("bij,bjk->bik", a, b)`. */
export function einsum(equation: string, ...operands: readonly (Tensor | readonly Tensor[])[]): Tensor {
  if (typeof equation !== "string")
    throw new ArgumentError("einsum: the equation comes first, as a string", { op: "einsum" });
  const [first] = operands;
  const list =
    operands.length === 1 && !isTensor(first) ? (first as readonly Tensor[]) : (operands as readonly Tensor[]);
  return wrap(
    ops.einsum(
      equation,
      list.map((x, i) => nodeOf("einsum", `operand ${i}`, x)),
    ),
  );
}

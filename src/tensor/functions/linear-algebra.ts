// Products of matrices and vectors.
import { ArgumentError, checkOptions, noMore } from "../../base/index.js";
import type { Node } from "../../graph/index.js";
import * as ops from "../../ops/index.js";
import { nodeOf, optionsWith } from "../args.js";
import { isTensor, type Tensor, wrap } from "../tensor.js";
import { made } from "./define.js";

function product(op: string, compute: (a: Node, b: Node) => Node, second = "other") {
  return (input: Tensor, other: Tensor, ...surplus: []): Tensor => {
    noMore(op, surplus);
    const [a, b] = [nodeOf(op, "input", input), nodeOf(op, second, other)];
    return made(op, () => compute(a, b));
  };
}

/**
 * Product of matrices, vectors and batches of them: leading dims broadcast, a vector is a row on the left and a column
 * on the right.
 *
 * Shapes: `[…, m, k]`, `[…, k, n]` → `[…, m, n]`; `[k]`, `[k]` → `[]`; `[…, m, k]`, `[k]` → `[…, m]`; `[k]`, `[…, k,
 * n]` → `[…, n]`.
 * @throws ShapeError if inner sizes differ, leading dims do not broadcast, or one is 0-d.
 * @throws DTypeError if the dtypes differ.
 */
export const matmul = product("matmul", ops.matmul);
/**
 * Product of two matrices. Shapes: `[m, k]`, `[k, n]` → `[m, n]`.
 * @throws ShapeError if one is no matrix, or inner sizes differ.
 * @throws DTypeError if the dtypes differ.
 */
export const mm = product("mm", ops.mm, "mat2");
/**
 * Products of two batches of matrices. Shapes: `[B, m, k]`, `[B, k, n]` → `[B, m, n]`.
 * @throws ShapeError if one has not 3 dims, or sizes differ.
 * @throws DTypeError if the dtypes differ.
 */
export const bmm = product("bmm", ops.bmm, "mat2");
/**
 * A matrix times a vector. Shapes: `[m, k]`, `[k]` → `[m]`.
 * @throws ShapeError if the dims are not 2 and 1, or inner sizes differ.
 * @throws DTypeError if the dtypes differ.
 */
export const mv = product("mv", ops.mv, "vec");
/**
 * Sum of the products of two vectors. Shapes: `[n]`, `[n]` → `[]`.
 * @throws ShapeError if one is no vector, or the sizes differ.
 * @throws DTypeError if the dtypes differ.
 */
export const dot = product("dot", ops.dot);
/**
 * `out[i, j] = input[i] vec2[j]`; dtypes are promoted. Shapes: `[m]`, `[n]` → `[m, n]`.
 * @throws ShapeError if one is no vector.
 */
export const outer = product("outer", ops.outer, "vec2");

/**
 * beta input + alpha mat1·mat2. Shapes: input that broadcasts to `[m, n]`, mat1 `[m, k]`, mat2 `[k, n]` → `[m, n]`.
 * @throws ShapeError if the shapes do not fit.
 * @throws DTypeError if the dtypes of the matrices differ, or a factor is fractional and all are integers.
 */
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
 * @throws ShapeError if the last dims of input and weight differ, or the bias does not fit.
 * @throws DTypeError if the dtypes differ.
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

/**
 * Einstein summation: `einsum("bij,bjk->bik", a, b)`. Without an arrow the letters that occur once are the result's, in
 * alphabetical order; "..." stands for leading dims that broadcast.
 *
 * Shapes: as the equation says: `[b, i, j]`, `[b, j, k]` → `[b, i, k]`.
 * @throws ArgumentError if the equation cannot be read, is for another number of operands, or its result has a letter
 * twice or one that no operand has.
 * @throws ShapeError if an operand has another number of dims, or sizes of one letter differ.
 * @throws DTypeError if the dtypes differ.
 */
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

// Jacobians and Hessians of functions of trees, as torch.func.
import { checkFunction, checkOptions, type DType, numel, type Shape } from "../base/index.js";
import type { Node } from "../graph/index.js";
import * as ops from "../ops/index.js";
import { type Tensor, wrap } from "./tensor.js";
import { type Argnums, gradients, pushforwardOf, type TracedCall, traceCall, zerosOf } from "./traced-call.js";
import type { ArgnumsOptions, AuxOption, GradientOf, TransformOptions } from "./transforms.js";
import type { TensorTree, TreeFunction } from "./tree-arguments.js";

/** Results `Y` with `G` in the place of each tensor. */
export type JacobianOf<Y extends TensorTree, G> = Y extends Tensor
  ? G
  : { -readonly [K in keyof Y]: Y[K] extends TensorTree ? JacobianOf<Y[K], G> : never };

/** What second derivatives of results `Y` look like: for each tensor, by argument and argument. */
export type HessianOf<Y extends TensorTree, A extends readonly TensorTree[], N extends Argnums> = JacobianOf<
  Y,
  GradientOf<A, N> extends TensorTree ? JacobianOf<GradientOf<A, N>, GradientOf<A, N>> : never
>;

/** Tensors to one tensor. */
type SingleFunction = (...args: Tensor[]) => Tensor;

/** 1 at element `k`, 0 elsewhere. */
function unit(shape: Shape, dtype: DType, k: number): Tensor {
  const isThere = ops.eq(ops.iota(numel(shape)), ops.constant(k, "int32"));
  return wrap(ops.reshape(ops.cast(isThere, dtype), shape));
}

const places = (x: Tensor): number[] => Array.from({ length: numel(x.shape) }, (_, k) => k);

/** Derivatives of one result by one input, `[…result, …input]`, from the parts for each element of the one or the other. */
function joined(parts: readonly Tensor[], dim: "rows" | "columns", y: Tensor, x: Tensor): Tensor {
  const shape = [...y.shape, ...x.shape];
  const nodes: Node[] = parts.map((part) => part.node);
  if (nodes.length === 0) return wrap(ops.full(shape, 0, y.dtype));
  return wrap(ops.reshape(ops.stack(nodes, dim === "rows" ? 0 : y.shape.length), shape));
}

/** `blocks[i][j]`: derivatives of result i by input j. */
function jacobianTree({ results, treeOf }: TracedCall, blocks: readonly (readonly Tensor[])[]): unknown {
  return results.treeOf(blocks.map((row) => treeOf(row)));
}

function byRows(call: TracedCall): unknown {
  const { inputs, results, createGraph } = call;
  const blocks = results.tensors.map((y) => {
    const rows = places(y).map((k) => gradients([y], inputs, [unit(y.shape, y.dtype, k)], createGraph));
    return inputs.map((x, j) =>
      joined(
        rows.map((row) => row[j] as Tensor),
        "rows",
        y,
        x,
      ),
    );
  });
  return jacobianTree(call, blocks);
}

function byColumns(call: TracedCall): unknown {
  const { inputs, results } = call;
  const push = pushforwardOf(call);
  const columns = inputs.map((x) =>
    places(x).map((k) => push(inputs.map((other) => (other === x ? unit(x.shape, x.dtype, k) : zerosOf(other))))),
  );
  const blocks = results.tensors.map((y, i) =>
    inputs.map((x, j) =>
      joined(
        (columns[j] as Tensor[][]).map((column) => column[i] as Tensor),
        "columns",
        y,
        x,
      ),
    ),
  );
  return jacobianTree(call, blocks);
}

function jacobianBy(op: string, method: (call: TracedCall) => unknown, fn: TreeFunction, options: TransformOptions) {
  checkOptions(op, options, ["argnums", "hasAux"]);
  checkFunction(op, "its first argument", fn);
  const { argnums = 0, hasAux = false } = options;
  return (...args: unknown[]): unknown => {
    const call = traceCall(op, fn, args, { argnums, hasAux });
    const jacobian = method(call);
    return hasAux ? [jacobian, call.aux] : jacobian;
  };
}

/**
 * The function that gives the Jacobian of `fn` by its first argument (or those of `argnums`). For a result and an argument that are
 * tensors it has the shape of the result, then that of the argument; for arrays and objects it is the tree of the results with the tree
 * of the arguments in the place of each tensor. Row by row, one reverse pass each. With `hasAux` it gives `[jacobian, aux]`.
 * @throws ArgumentError if `fn` gives anything but tensors.
 * @example jacrev((x) => x.square())(tensor([1, 2])) // [[2, 0], [0, 4]]
 */
export function jacrev(fn: SingleFunction, options?: ArgnumsOptions): (...args: Tensor[]) => Tensor | Tensor[];
export function jacrev<A extends readonly TensorTree[], Y extends TensorTree, const N extends Argnums = 0>(
  fn: (...args: A) => Y,
  options?: { readonly argnums?: N },
): (...args: A) => JacobianOf<Y, GradientOf<A, N>>;
export function jacrev<A extends readonly TensorTree[], Y extends TensorTree, X, const N extends Argnums = 0>(
  fn: (...args: A) => readonly [outputs: Y, aux: X],
  options: AuxOption & { readonly argnums?: N },
): (...args: A) => [jacobian: JacobianOf<Y, GradientOf<A, N>>, aux: X];
export function jacrev(fn: TreeFunction, options: TransformOptions = {}): (...args: never[]) => unknown {
  return jacobianBy("jacrev", byRows, fn, options);
}

/**
 * As `jacrev`, column by column: one directional derivative for each element of the arguments. For few inputs and many outputs.
 * @throws ArgumentError if `fn` gives anything but tensors.
 */
export function jacfwd(fn: SingleFunction, options?: ArgnumsOptions): (...args: Tensor[]) => Tensor | Tensor[];
export function jacfwd<A extends readonly TensorTree[], Y extends TensorTree, const N extends Argnums = 0>(
  fn: (...args: A) => Y,
  options?: { readonly argnums?: N },
): (...args: A) => JacobianOf<Y, GradientOf<A, N>>;
export function jacfwd<A extends readonly TensorTree[], Y extends TensorTree, X, const N extends Argnums = 0>(
  fn: (...args: A) => readonly [outputs: Y, aux: X],
  options: AuxOption & { readonly argnums?: N },
): (...args: A) => [jacobian: JacobianOf<Y, GradientOf<A, N>>, aux: X];
export function jacfwd(fn: TreeFunction, options: TransformOptions = {}): (...args: never[]) => unknown {
  return jacobianBy("jacfwd", byColumns, fn, options);
}

/**
 * The function that gives the second derivatives of `fn`: for each tensor of the results by the arguments of `argnums` (default the
 * first), and by them again. Of one number by one tensor `x` it is `[…x, …x]`; by a tree, the tree with trees as its leaves:
 * `hessian(fn)({ w, b }).w.b`.
 * @throws ArgumentError if `fn` gives anything but tensors.
 * @example hessian((x) => x.pow(3).sum())(tensor([1, 2])) // [[6, 0], [0, 12]]
 */
export function hessian(fn: SingleFunction, options?: { readonly argnums?: number }): (...args: Tensor[]) => Tensor;
export function hessian<A extends readonly TensorTree[], Y extends TensorTree, const N extends Argnums = 0>(
  fn: (...args: A) => Y,
  options?: { readonly argnums?: N },
): (...args: A) => HessianOf<Y, A, N>;
export function hessian(fn: TreeFunction, options: ArgnumsOptions = {}): (...args: never[]) => unknown {
  const op = "hessian";
  checkOptions(op, options, ["argnums"]);
  checkFunction(op, "its first argument", fn);
  return jacobianBy(op, byRows, jacobianBy(op, byRows, fn, options), options);
}

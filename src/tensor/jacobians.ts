// Jacobians and Hessians of functions of trees, as torch.func.
import { checkFunction, checkOptions, checkWholeNumber, type DType, noMore, numel, type Shape } from "../base/index.js";
import type { Node } from "../graph/index.js";
import * as ops from "../ops/index.js";
import { isSyncHeld, sync } from "./sync.js";
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

/** What `make` gives for each place; with a chunk size, computed when so many are there, so that what they need is free again. */
function inChunks(places: readonly number[], chunkSize: number | null, make: (k: number) => Tensor[]): Tensor[][] {
  if (chunkSize === null) return places.map(make);
  const all: Tensor[][] = [];
  for (let from = 0; from < places.length; from += chunkSize) {
    const chunk = places.slice(from, from + chunkSize).map(make);
    if (!isSyncHeld()) sync(chunk.flatMap((row) => row.map(({ node }) => node)));
    all.push(...chunk);
  }
  return all;
}

type Method = (call: TracedCall, chunkSize: number | null) => unknown;

function byRows(call: TracedCall, chunkSize: number | null): unknown {
  const { inputs, results, createGraph } = call;
  const blocks = results.tensors.map((y) => {
    const row = (k: number) => gradients([y], inputs, [unit(y.shape, y.dtype, k)], createGraph);
    const rows = inChunks(places(y), chunkSize, row);
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

function byColumns(call: TracedCall, chunkSize: number | null): unknown {
  const { inputs, results } = call;
  const push = pushforwardOf(call);
  const columns = inputs.map((x) =>
    inChunks(places(x), chunkSize, (k) =>
      push(inputs.map((other) => (other === x ? unit(x.shape, x.dtype, k) : zerosOf(other)))),
    ),
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

function jacobianBy(op: string, method: Method, fn: TreeFunction, options: JacobianOptions) {
  checkOptions(op, options, ["argnums", "hasAux", ...(op === "hessian" ? [] : ["chunkSize"])]);
  checkFunction(op, "its first argument", fn);
  const { argnums = 0, hasAux = false, chunkSize = null } = options;
  if (chunkSize !== null) checkWholeNumber(op, "chunkSize", chunkSize, 1);
  return (...args: unknown[]): unknown => {
    const call = traceCall(op, fn, args, { argnums, hasAux });
    const jacobian = method(call, chunkSize);
    return hasAux ? [jacobian, call.aux] : jacobian;
  };
}

/** An option of `jacrev` and `jacfwd`. */
export interface ChunkOption {
  /** Compute so many rows (of `jacfwd`: columns) at a time, to use less memory; null (default): all in one program. */
  readonly chunkSize?: number | null;
}

type JacobianOptions = TransformOptions & ChunkOption;

/**
 * The function that gives the Jacobian of `fn` by its first argument (or those of `argnums`). For a result and an argument that are
 * tensors it has the shape of the result, then that of the argument; for arrays and objects it is the tree of the results with the tree
 * of the arguments in the place of each tensor. Row by row, one reverse pass each. With `hasAux` it gives `[jacobian, aux]`.
 * @throws ArgumentError if `fn` gives anything but tensors.
 * @example jacrev((x) => x.square())(tensor([1, 2])) // [[2, 0], [0, 4]]
 */
export function jacrev(
  fn: SingleFunction,
  options?: ChunkOption & { readonly argnums?: number },
): (...args: Tensor[]) => Tensor;
export function jacrev(
  fn: SingleFunction,
  options?: ArgnumsOptions & ChunkOption,
): (...args: Tensor[]) => Tensor | Tensor[];
export function jacrev<A extends readonly TensorTree[], Y extends TensorTree, const N extends Argnums = 0>(
  fn: (...args: A) => Y,
  options?: ChunkOption & { readonly argnums?: N },
): (...args: A) => JacobianOf<Y, GradientOf<A, N>>;
export function jacrev<A extends readonly TensorTree[], Y extends TensorTree, X, const N extends Argnums = 0>(
  fn: (...args: A) => readonly [outputs: Y, aux: X],
  options: AuxOption & ChunkOption & { readonly argnums?: N },
): (...args: A) => [jacobian: JacobianOf<Y, GradientOf<A, N>>, aux: X];
export function jacrev(fn: TreeFunction, options: JacobianOptions = {}, ...surplus: []): (...args: never[]) => unknown {
  noMore("jacrev", surplus);
  return jacobianBy("jacrev", byRows, fn, options);
}

/**
 * As `jacrev`, column by column: one directional derivative for each element of the arguments. For few inputs and many outputs.
 * @throws ArgumentError if `fn` gives anything but tensors.
 */
export function jacfwd(
  fn: SingleFunction,
  options?: ChunkOption & { readonly argnums?: number },
): (...args: Tensor[]) => Tensor;
export function jacfwd(
  fn: SingleFunction,
  options?: ArgnumsOptions & ChunkOption,
): (...args: Tensor[]) => Tensor | Tensor[];
export function jacfwd<A extends readonly TensorTree[], Y extends TensorTree, const N extends Argnums = 0>(
  fn: (...args: A) => Y,
  options?: ChunkOption & { readonly argnums?: N },
): (...args: A) => JacobianOf<Y, GradientOf<A, N>>;
export function jacfwd<A extends readonly TensorTree[], Y extends TensorTree, X, const N extends Argnums = 0>(
  fn: (...args: A) => readonly [outputs: Y, aux: X],
  options: AuxOption & ChunkOption & { readonly argnums?: N },
): (...args: A) => [jacobian: JacobianOf<Y, GradientOf<A, N>>, aux: X];
export function jacfwd(fn: TreeFunction, options: JacobianOptions = {}, ...surplus: []): (...args: never[]) => unknown {
  noMore("jacfwd", surplus);
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
export function hessian(fn: TreeFunction, options: ArgnumsOptions = {}, ...surplus: []): (...args: never[]) => unknown {
  noMore("hessian", surplus);
  const op = "hessian";
  checkOptions(op, options, ["argnums"]);
  checkFunction(op, "its first argument", fn);
  return jacobianBy(op, byRows, jacobianBy(op, byRows, fn, options), options);
}

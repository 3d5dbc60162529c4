// Functions of functions, as torch.func: gradients, products with Jacobians, Jacobians and Hessians.
import { ArgumentError, AutogradError, checkArray, checkFunction, checkOptions, runScope } from "../base/index.js";
import type { Node } from "../graph/index.js";
import * as ops from "../ops/index.js";
import { copyOf } from "./alias.js";
import { grad as gradOf } from "./autograd.js";
import { detach, isTensor, setRequiresGrad, type Tensor, wrap } from "./tensor.js";
import { type TensorTree, TreeArguments, type TreeFunction } from "./tree-arguments.js";
import type { TensorFunction } from "./vmap.js";
import { gradientOrder, isLeafNode } from "./walk.js";

/** Options of transforms that differentiate by some of a function's arguments. */
export interface ArgnumsOptions {
  /** Which arguments to differentiate by: a number (default 0), or several, which give an array. */
  readonly argnums?: number | readonly number[];
}

type Argnums = number | readonly number[];

/** `x` as a node of its own: the gradient by it is that by this argument alone. */
function tracked(x: Tensor): Tensor {
  const { node } = x;
  if (node.requiresGrad) return wrap(copyOf(node));
  const leaf = detach(x);
  setRequiresGrad(leaf, true);
  return leaf;
}

interface Traced {
  /** The tensors differentiated by, as the function got them. */
  readonly inputs: readonly Tensor[];
  readonly outputs: Tensor | readonly Tensor[];
  /** Whether results must stay differentiable: something else than the arguments' own copies requires grad. */
  readonly createGraph: boolean;
  /** One value for each input, as the arguments are built. */
  readonly trees: (values: readonly Tensor[]) => unknown[];
}

function traceCall(op: string, fn: TreeFunction, args: readonly unknown[], argnums: readonly number[]): Traced {
  checkFunction(op, "its first argument", fn);
  const given = new TreeArguments(op, args);
  return runScope({ gradMode: true }, () => {
    const own = [...given.tensors];
    const numbers = argnums.map((i) => given.numbersOf(i));
    const inputs = numbers.flat().map((i) => {
      const copy = tracked(given.tensors[i] as Tensor);
      own[i] = copy;
      return copy;
    });
    const outputs = given.call(fn, own) as Tensor | readonly Tensor[];
    const fresh = new Set(inputs.map((x) => x.node));
    const isKnown = (node: Node): boolean => fresh.has(node) && isLeafNode(node);
    const leaves = gradientOrder(listOf(outputs).map((y) => y.node)).filter(isLeafNode);
    const createGraph = inputs.some((x) => !isLeafNode(x.node)) || leaves.some((node) => !isKnown(node));
    const trees = (values: readonly Tensor[]): unknown[] => {
      let at = 0;
      return argnums.map((i, k) => {
        const { length } = numbers[k] as number[];
        at += length;
        return given.treeOf(i, values.slice(at - length, at));
      });
    };
    return { inputs, outputs, createGraph, trees };
  });
}

const listOf = (value: Tensor | readonly Tensor[]): readonly Tensor[] => (isTensor(value) ? [value] : value);
const list = (argnums: Argnums): readonly number[] => (typeof argnums === "number" ? [argnums] : argnums);

/** Zeros where an output does not depend on an input. */
function gradients(
  outputs: readonly Tensor[],
  inputs: readonly Tensor[],
  cotangents: readonly Tensor[],
  options: { createGraph: boolean; retainGraph: boolean },
): Tensor[] {
  const used = outputs.map((y, k) => ({ y, ct: cotangents[k] as Tensor })).filter(({ y }) => y.requiresGrad);
  if (used.length === 0) return inputs.map(zerosOf);
  const found = gradOf(
    used.map(({ y }) => y),
    inputs,
    { ...options, gradOutputs: used.map(({ ct }) => ct), allowUnused: true },
  );
  return found.map((g, i) => g ?? zerosOf(inputs[i] as Tensor));
}

function zerosOf(x: Tensor): Tensor {
  return wrap(ops.full(x.shape, 0, x.dtype));
}

/** Outputs as the caller gets them: without the history that only serves this transform. */
function finished<Y extends Tensor | readonly Tensor[]>(outputs: Y, createGraph: boolean): Y {
  if (createGraph) return outputs;
  // The same kind of value as it came: one tensor, or an array of them.
  return (isTensor(outputs) ? detach(outputs) : outputs.map(detach)) as Y;
}

function checkScalar(op: string, y: Tensor | readonly Tensor[]): Tensor {
  if (isTensor(y) && y.shape.length === 0) return y;
  const shown = isTensor(y) ? `a tensor of shape [${y.shape.join(",")}]` : "several results";
  throw new AutogradError(`${op}: the function must give one 0-d tensor, gave ${shown}; reduce it (sum, mean)`, { op });
}

/** What the gradient by the arguments `N` of a function of `A` looks like: as those arguments. */
export type GradientOf<A extends readonly TensorTree[], N extends Argnums> = N extends number
  ? A[N]
  : { -readonly [K in keyof N]: N[K] extends number ? A[N[K]] : never };

function differentiated(op: string, fn: TreeFunction, options: ArgnumsOptions) {
  checkOptions(op, options, ["argnums"]);
  checkFunction(op, "its first argument", fn);
  const { argnums = 0 } = options;
  return (args: readonly unknown[]): [value: Tensor, gradient: unknown] => {
    const { inputs, outputs, createGraph, trees } = traceCall(op, fn, args, list(argnums));
    const y = checkScalar(op, outputs);
    const one = wrap(ops.full([], 1, y.dtype));
    const found = trees(gradients([y], inputs, [one], { createGraph, retainGraph: true }));
    return [finished(y, createGraph), typeof argnums === "number" ? found[0] : found];
  };
}

/**
 * The function that gives the value of `fn` and its gradient: `[value, gradient]`. Arguments may be arrays and objects of tensors, whose
 * gradients are built alike.
 * @throws AutogradError unless `fn` gives one 0-d tensor.
 */
export function valueAndGrad(
  fn: TensorFunction,
  options?: ArgnumsOptions,
): (...args: Tensor[]) => [value: Tensor, gradient: Tensor | Tensor[]];
export function valueAndGrad<A extends readonly TensorTree[], const N extends Argnums = 0>(
  fn: (...args: A) => Tensor,
  options?: { readonly argnums?: N },
): (...args: A) => [value: Tensor, gradient: GradientOf<A, N>];
export function valueAndGrad(fn: TreeFunction, options: ArgnumsOptions = {}): (...args: never[]) => unknown {
  const both = differentiated("valueAndGrad", fn, options);
  return (...args) => both(args);
}

/**
 * The function that gives the gradient of `fn` (which gives one number) by its first argument, or by those of `argnums`. Arguments may be
 * arrays and objects of tensors, whose gradients are built alike.
 * @throws AutogradError unless `fn` gives one 0-d tensor.
 * @example grad((x) => x.pow(3).sum())(tensor([2])) // [12]
 */
export function grad(fn: TensorFunction, options?: ArgnumsOptions): (...args: Tensor[]) => Tensor | Tensor[];
export function grad<A extends readonly TensorTree[], const N extends Argnums = 0>(
  fn: (...args: A) => Tensor,
  options?: { readonly argnums?: N },
): (...args: A) => GradientOf<A, N>;
export function grad(fn: TreeFunction, options: ArgnumsOptions = {}): (...args: never[]) => unknown {
  const both = differentiated("grad", fn, options);
  return (...args) => both(args)[1];
}

/** The outputs of `fn` at `primals`, and the function from cotangents (one an output) to gradients (one a primal). */
export function vjp<Y extends Tensor | readonly Tensor[]>(
  fn: (...args: Tensor[]) => Y,
  ...primals: Tensor[]
): [outputs: Y, pullback: (...cotangents: Tensor[]) => Tensor[]] {
  const numbers = primals.map((_, i) => i);
  const { inputs, outputs, createGraph } = traceCall("vjp", fn, primals, numbers);
  const ys = listOf(outputs);
  const pullback = (...cotangents: Tensor[]): Tensor[] => {
    if (cotangents.length !== ys.length) {
      throw new ArgumentError(`vjp: ${cotangents.length} cotangents for ${ys.length} outputs`, { op: "vjp" });
    }
    const isDeep = createGraph || cotangents.some((ct) => ct.requiresGrad);
    return gradients(ys, inputs, cotangents, { createGraph: isDeep, retainGraph: true });
  };
  return [finished(outputs as Y, createGraph), pullback];
}

/**
 * The outputs of `fn` at `primals`, and their directional derivatives along `tangents` (one a primal). By two reverse passes: the
 * gradient is linear in its cotangent, and the gradient of that by the cotangent is the forward derivative.
 */
export function jvp<Y extends Tensor | readonly Tensor[]>(
  fn: (...args: Tensor[]) => Y,
  primals: readonly Tensor[],
  tangents: readonly Tensor[],
): [outputs: Y, tangents: Y] {
  const op = "jvp";
  checkArray(op, "primals", primals);
  checkArray(op, "tangents", tangents);
  if (primals.length !== tangents.length) {
    throw new ArgumentError(`${op}: ${tangents.length} tangents for ${primals.length} primals`, { op });
  }
  const numbers = primals.map((_, i) => i);
  const { inputs, outputs, createGraph } = traceCall(op, fn, primals, numbers);
  const ys = listOf(outputs);
  const results = runScope({ gradMode: true }, () => {
    const cotangents = ys.map((y) => tracked(zerosOf(y)));
    const back = gradients(ys, inputs, cotangents, { createGraph: true, retainGraph: true });
    return gradients(back, cotangents, tangents, { createGraph, retainGraph: true });
  });
  const found = isTensor(outputs) ? results[0] : results;
  return [finished(outputs as Y, createGraph), found as unknown as Y]; // in the form of the outputs
}

/**
 * The function that gives the Jacobian of `fn`, which gives one tensor, by its first argument (or those of `argnums`): the shape of the
 * output, then that of the argument. Row by row, one reverse pass each.
 */
export function jacrev(fn: TensorFunction, options: ArgnumsOptions = {}): (...args: Tensor[]) => Tensor | Tensor[] {
  const op = "jacrev";
  checkOptions(op, options, ["argnums"]);
  const { argnums = 0 } = options;
  return (...args) => {
    const { inputs, outputs, createGraph } = traceCall(op, fn, args, list(argnums));
    if (!isTensor(outputs)) throw new ArgumentError(`${op}: the function must give one tensor`, { op });
    const y = outputs;
    const count = y.shape.reduce((n, size) => n * size, 1);
    const rows = Array.from({ length: count }, (_, k) => {
      const unit = ops.reshape(ops.cast(ops.eq(ops.iota(count), ops.constant(k, "int32")), y.dtype), y.shape);
      return gradients([y], inputs, [wrap(unit)], { createGraph, retainGraph: true });
    });
    const found = inputs.map((x, i) => {
      const parts = rows.map((row) => (row[i] as Tensor).node);
      const stacked = parts.length > 0 ? ops.stack(parts) : ops.full([0, ...x.shape], 0, x.dtype);
      return wrap(ops.reshape(stacked, [...y.shape, ...x.shape]));
    });
    return typeof argnums === "number" ? (found[0] as Tensor) : found;
  };
}

/** As `jacrev`, column by column: one directional derivative for each element of the argument. For few inputs and many outputs. */
export function jacfwd(fn: TensorFunction, options: ArgnumsOptions = {}): (...args: Tensor[]) => Tensor | Tensor[] {
  const op = "jacfwd";
  checkOptions(op, options, ["argnums"]);
  checkFunction(op, "its first argument", fn);
  const { argnums = 0 } = options;
  return (...args) => {
    const found = list(argnums).map((i) => {
      const x = args[i];
      if (!x) throw new ArgumentError(`${op}: argnums names argument ${i} of ${args.length}`, { op });
      const count = x.shape.reduce((n, size) => n * size, 1);
      const along = (input: Tensor) => fn(...args.map((other, k) => (k === i ? input : other))) as Tensor;
      const columns = Array.from({ length: count }, (_, k) => {
        const unit = ops.reshape(ops.cast(ops.eq(ops.iota(count), ops.constant(k, "int32")), x.dtype), x.shape);
        return jvp(along, [x], [wrap(unit)])[1].node;
      });
      const [first] = columns;
      if (!first) throw new ArgumentError(`${op}: argument ${i} has no elements`, { op });
      const rank = first.shape.length;
      return wrap(ops.reshape(ops.stack(columns, rank), [...first.shape, ...x.shape]));
    });
    return typeof argnums === "number" ? (found[0] as Tensor) : found;
  };
}

/** The function that gives the Hessian of `fn`, which gives one number: second derivatives by one argument. */
export function hessian(
  fn: TensorFunction,
  options: { readonly argnums?: number } = {},
): (...args: Tensor[]) => Tensor {
  checkOptions("hessian", options, ["argnums"]);
  const first = grad(fn, options) as (...args: Tensor[]) => Tensor;
  return jacrev(first, options) as (...args: Tensor[]) => Tensor;
}

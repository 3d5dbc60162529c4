// Functions of functions, as torch.func: gradients, and products with Jacobians from either side.
import { ArgumentError, checkArray, checkFunction, checkOptions, isPlainObject, noMore } from "../base/index.js";
import * as ops from "../ops/index.js";
import { type Tensor, wrap } from "./tensor.js";
import { type Argnums, checkScalar, finished, gradients, pushforwardOf, traceCall } from "./traced-call.js";
import { type TensorTree, TreeArguments, type TreeFunction } from "./tree-arguments.js";
import type { TensorFunction } from "./vmap.js";

/** Options of transforms that differentiate by some of a function's arguments. */
export interface ArgnumsOptions {
  /** Which arguments to differentiate by: a number (default 0), or several, which give an array. */
  readonly argnums?: number | readonly number[];
}

/** The function gives `[results, aux]`: `aux`, which may be anything, is handed out beside what the transform gives. */
export interface AuxOption {
  /** Only then is the function's result taken apart. */
  readonly hasAux: true;
}

/** All options of these transforms. */
export interface TransformOptions extends ArgnumsOptions {
  /** The function gives `[results, aux]`; default false. */
  readonly hasAux?: boolean;
}

/** What the gradient by the arguments `N` of a function of `A` looks like: as those arguments. */
export type GradientOf<A extends readonly TensorTree[], N extends Argnums> = N extends number
  ? A[N]
  : { -readonly [K in keyof N]: N[K] extends number ? A[N[K]] : never };

/** What derivatives by all arguments `A` look like. */
export type Gradients<A extends readonly TensorTree[]> = { -readonly [K in keyof A]: A[K] };

interface Differentiated {
  readonly value: Tensor;
  readonly gradient: unknown;
  readonly aux: unknown;
}

function differentiated(op: string, fn: TreeFunction, options: TransformOptions) {
  checkOptions(op, options, ["argnums", "hasAux"]);
  checkFunction(op, "its first argument", fn);
  const { argnums = 0, hasAux = false } = options;
  return (args: readonly unknown[]): Differentiated => {
    const call = traceCall(op, fn, args, { argnums, hasAux });
    const y = checkScalar(op, call.results);
    const one = wrap(ops.full([], 1, y.dtype));
    const gradient = call.treeOf(gradients([y], call.inputs, [one], call.createGraph));
    return { value: finished(call) as Tensor, gradient, aux: call.aux };
  };
}

/**
 * The function that gives the value of `fn` and its gradient: `[value, gradient]`, with `hasAux` `[[value, aux], gradient]`. Arguments
 * may be arrays and objects of tensors, whose gradients are built alike.
 * @throws AutogradError unless `fn` gives one 0-d tensor.
 */
export function valueAndGrad(
  fn: (...args: Tensor[]) => Tensor,
  options?: { readonly argnums?: number },
): (...args: Tensor[]) => [value: Tensor, gradient: Tensor];
export function valueAndGrad(
  fn: TensorFunction,
  options?: ArgnumsOptions,
): (...args: Tensor[]) => [value: Tensor, gradient: Tensor | Tensor[]];
export function valueAndGrad<A extends readonly TensorTree[], const N extends Argnums = 0>(
  fn: (...args: A) => Tensor,
  options?: { readonly argnums?: N },
): (...args: A) => [value: Tensor, gradient: GradientOf<A, N>];
export function valueAndGrad<A extends readonly TensorTree[], X, const N extends Argnums = 0>(
  fn: (...args: A) => readonly [value: Tensor, aux: X],
  options: AuxOption & { readonly argnums?: N },
): (...args: A) => [value: [value: Tensor, aux: X], gradient: GradientOf<A, N>];
export function valueAndGrad(
  fn: TreeFunction,
  options: TransformOptions = {},
  ...surplus: []
): (...args: never[]) => unknown {
  noMore("valueAndGrad", surplus);
  const all = differentiated("valueAndGrad", fn, options);
  return (...args) => {
    const { value, gradient, aux } = all(args);
    return [options.hasAux ? [value, aux] : value, gradient];
  };
}

/**
 * The function that gives the gradient of `fn` (which gives one number) by its first argument, or by those of `argnums`. Arguments may be
 * arrays and objects of tensors, whose gradients are built alike. With `hasAux` it gives `[gradient, aux]`.
 * @throws AutogradError unless `fn` gives one 0-d tensor.
 * @example grad((x) => x.pow(3).sum())(tensor([2])) // [12]
 */
export function grad(
  fn: (...args: Tensor[]) => Tensor,
  options?: { readonly argnums?: number },
): (...args: Tensor[]) => Tensor;
export function grad(fn: TensorFunction, options?: ArgnumsOptions): (...args: Tensor[]) => Tensor | Tensor[];
export function grad<A extends readonly TensorTree[], const N extends Argnums = 0>(
  fn: (...args: A) => Tensor,
  options?: { readonly argnums?: N },
): (...args: A) => GradientOf<A, N>;
export function grad<A extends readonly TensorTree[], X, const N extends Argnums = 0>(
  fn: (...args: A) => readonly [value: Tensor, aux: X],
  options: AuxOption & { readonly argnums?: N },
): (...args: A) => [gradient: GradientOf<A, N>, aux: X];
export function grad(fn: TreeFunction, options: TransformOptions = {}, ...surplus: []): (...args: never[]) => unknown {
  noMore("grad", surplus);
  const all = differentiated("grad", fn, options);
  return (...args) => {
    const { gradient, aux } = all(args);
    return options.hasAux ? [gradient, aux] : gradient;
  };
}

/** What a pullback takes for results `Y`: the same tree of cotangents; the items of an array may also come one by one. */
export type Cotangents<Y extends TensorTree> = Y extends Tensor
  ? [Tensor]
  : Y extends readonly TensorTree[]
    ? [cotangents: Y] | [...Y]
    : [cotangents: Y];

/** From cotangents of results `Y` to gradients by the arguments `A`, one an argument. */
export type Pullback<A extends readonly TensorTree[], Y extends TensorTree> = (
  ...cotangents: Cotangents<Y>
) => Gradients<A>;

/**
 * The results of `fn` at `primals`, and the function from cotangents (built as the results; those of an array may come
 * one by one) to gradients, one a primal, built as it. With `{ hasAux: true }` behind the primals, `fn` gives
 * `[results, aux]`, and `aux` comes third.
 *
 * Shapes: what `fn` takes → what it gives; a gradient has its primal's.
 * @throws ArgumentError for primals without tensors, results with anything else, and cotangents that are built in
 * another way.
 * @throws ShapeError for cotangents of other shapes than the results.
 * @example
 * const [y, pullback] = vjp((x) => x.sin(), tensor([0]));
 * pullback(tensor([2])); // [tensor([2])]
 */
export function vjp<A extends readonly TensorTree[], Y extends TensorTree>(
  fn: (...args: A) => Y,
  ...primals: A
): [outputs: Y, pullback: Pullback<A, Y>];
export function vjp<A extends readonly TensorTree[], Y extends TensorTree, X>(
  fn: (...args: A) => readonly [outputs: Y, aux: X],
  ...primals: [...primals: A, options: AuxOption]
): [outputs: Y, pullback: Pullback<A, Y>, aux: X];
export function vjp(fn: TreeFunction, ...given: unknown[]): unknown[] {
  const op = "vjp";
  const last = given.at(-1);
  // No primal looks like this: a tree has tensors only.
  const hasOptions = isPlainObject(last) && typeof last.hasAux === "boolean";
  if (hasOptions) checkOptions(op, last, ["hasAux"]);
  const hasAux = hasOptions && last.hasAux === true;
  const primals = hasOptions ? given.slice(0, -1) : given;
  const call = traceCall(op, fn, primals, { argnums: primals.map((_, i) => i), hasAux });
  const { inputs, results, createGraph } = call;
  const pullback = (...cotangents: unknown[]): unknown => {
    // The items of an array one by one; a tree that is one array comes as one argument, as do all others.
    const isSpread = results.isArray && !(cotangents.length === 1 && Array.isArray(cotangents[0]));
    if (!isSpread && cotangents.length !== 1) {
      throw new ArgumentError(`${op}: ${cotangents.length} cotangents for ${results.tensors.length} outputs`, { op });
    }
    const seeds = results.alike("cotangents", isSpread ? cotangents : cotangents[0]);
    const isDeep = createGraph || seeds.some((ct) => ct.requiresGrad);
    return call.treeOf(gradients(results.tensors, inputs, seeds, isDeep));
  };
  return [finished(call), pullback, ...(hasAux ? [call.aux] : [])];
}

/**
 * The results of `fn` at `primals`, and their directional derivatives along `tangents`, one a primal and built as it;
 * with `hasAux`, what `fn` gives beside its results comes third. By two reverse passes: the gradient is linear in its
 * cotangent, and the gradient of that by the cotangent is the forward derivative.
 *
 * Shapes: what `fn` takes, tangents the same → what it gives, derivatives the same.
 * @throws ArgumentError for tangents that are built in another way than the primals.
 * @throws ShapeError for tangents of other shapes.
 * @example jvp((x) => x.square(), [tensor([3])], [tensor([1])]) // [tensor([9]), tensor([6])]
 */
export function jvp<A extends readonly TensorTree[], Y extends TensorTree>(
  fn: (...args: A) => Y,
  primals: readonly [...A],
  tangents: readonly [...A],
  options?: { readonly hasAux?: false },
): [outputs: Y, tangents: Y];
export function jvp<A extends readonly TensorTree[], Y extends TensorTree, X>(
  fn: (...args: A) => readonly [outputs: Y, aux: X],
  primals: readonly [...A],
  tangents: readonly [...A],
  options: AuxOption,
): [outputs: Y, tangents: Y, aux: X];
export function jvp(
  fn: TreeFunction,
  primals: readonly unknown[],
  tangents: readonly unknown[],
  options: { readonly hasAux?: boolean } = {},
  ...surplus: []
): unknown[] {
  noMore("jvp", surplus);
  const op = "jvp";
  checkOptions(op, options, ["hasAux"]);
  checkFunction(op, "its first argument", fn);
  checkArray(op, "primals", primals);
  checkArray(op, "tangents", tangents);
  if (primals.length !== tangents.length) {
    throw new ArgumentError(`${op}: ${tangents.length} tangents for ${primals.length} primals`, { op });
  }
  const along = new TreeArguments(op, primals).alike("tangents", tangents);
  const { hasAux = false } = options;
  const call = traceCall(op, fn, primals, { argnums: primals.map((_, i) => i), hasAux });
  const derivatives = call.results.treeOf(pushforwardOf(call)(along));
  return [finished(call), derivatives, ...(hasAux ? [call.aux] : [])];
}

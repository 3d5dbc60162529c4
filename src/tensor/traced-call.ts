// One call of a function to differentiate: its arguments on nodes of their own, its results, and gradients from one to the other.
import { ArgumentError, AutogradError, checkFunction, runScope } from "../base/index.js";
import type { Node } from "../graph/index.js";
import * as ops from "../ops/index.js";
import { copyOf } from "./alias.js";
import { grad } from "./autograd.js";
import { detach, setRequiresGrad, type Tensor, wrap } from "./tensor.js";
import { TreeArguments, type TreeFunction, TreeResults } from "./tree-arguments.js";
import { fillTemplate, templateOf } from "./trees.js";
import { gradientOrder, isLeafNode, keyOf } from "./walk.js";

/** Which arguments to differentiate by: one, or several, for which results come in an array. */
export type Argnums = number | readonly number[];

/** What a function was called with, and what it gave. */
export interface TracedCall {
  /** The tensors differentiated by, as the function got them. */
  readonly inputs: readonly Tensor[];
  readonly results: TreeResults;
  /** What the function gave beside its results, without the history that only serves this transform. */
  readonly aux: unknown;
  /** Whether results must stay differentiable: something else than the arguments' own copies requires grad. */
  readonly createGraph: boolean;
  /** One value for each input, built as the arguments differentiated by; one argument by itself where `argnums` is a number. */
  readonly treeOf: (values: readonly unknown[]) => unknown;
}

/** What to call, and how its results are to be read. */
export interface CallOptions {
  readonly argnums: Argnums;
  /** The function gives `[results, anything]`. */
  readonly hasAux: boolean;
}

/** `x` as a node of its own: the gradient by it is that by this argument alone. */
export function tracked(x: Tensor): Tensor {
  const { node } = x;
  if (node.requiresGrad) return wrap(copyOf(node));
  const leaf = detach(x);
  setRequiresGrad(leaf, true);
  return leaf;
}

/** Calls `fn` with tracked copies of the tensors of `argnums`. */
export function traceCall(op: string, fn: TreeFunction, args: readonly unknown[], options: CallOptions): TracedCall {
  checkFunction(op, "its first argument", fn);
  const { argnums, hasAux } = options;
  const given = new TreeArguments(op, args);
  return runScope({ gradMode: true }, () => {
    const tensors = [...given.tensors];
    const list = typeof argnums === "number" ? [argnums] : argnums;
    const numbers = list.map((i) => given.numbersOf(i));
    const inputs = numbers.flat().map((i) => {
      const copy = tracked(given.tensors[i] as Tensor);
      tensors[i] = copy;
      return copy;
    });
    const value = given.call(fn, tensors);
    if (hasAux && !(Array.isArray(value) && value.length === 2)) {
      throw new ArgumentError(`${op}: with hasAux the function must return [results, aux]`, { op });
    }
    const [outputs, aux] = hasAux ? (value as [unknown, unknown]) : [value, undefined];
    const results = new TreeResults(op, outputs);
    const own = new Set(inputs.map((x) => keyOf(x.node)));
    const isKnown = (node: Node): boolean => own.has(keyOf(node));
    const leaves = gradientOrder(results.tensors.map((y) => y.node)).filter(isLeafNode);
    const createGraph = inputs.some((x) => !isLeafNode(x.node)) || leaves.some((node) => !isKnown(node));
    const treeOf = (values: readonly unknown[]): unknown => {
      let at = 0;
      const trees = list.map((i, k) => {
        const { length } = numbers[k] as number[];
        at += length;
        return given.treeOf(i, values.slice(at - length, at));
      });
      return typeof argnums === "number" ? trees[0] : trees;
    };
    return { inputs, results, aux: createGraph ? aux : withoutHistory(aux), createGraph, treeOf };
  });
}

function withoutHistory(value: unknown): unknown {
  const tensors: Tensor[] = [];
  const template = templateOf(value, tensors);
  return fillTemplate(template, tensors.map(detach));
}

/** The results as the caller gets them: without the history that only serves this transform. */
export function finished({ results, createGraph }: TracedCall): unknown {
  return results.treeOf(createGraph ? results.tensors : results.tensors.map(detach));
}

/** The only result, which must be one number. */
export function checkScalar(op: string, { isSingle, tensors }: TreeResults): Tensor {
  const y = tensors[0] as Tensor;
  if (isSingle && y.shape.length === 0) return y;
  const shown = isSingle ? `a tensor of shape [${y.shape.join(",")}]` : "several results";
  throw new AutogradError(`${op}: the function must give one 0-d tensor, gave ${shown}; reduce it (sum, mean)`, { op });
}

/** Gradients of outputs by inputs; zeros where an output does not depend on an input. */
export function gradients(
  outputs: readonly Tensor[],
  inputs: readonly Tensor[],
  cotangents: readonly Tensor[],
  createGraph: boolean,
): Tensor[] {
  const used = outputs.map((y, k) => ({ y, ct: cotangents[k] as Tensor })).filter(({ y }) => y.requiresGrad);
  if (used.length === 0) return inputs.map(zerosOf);
  const found = grad(
    used.map(({ y }) => y),
    inputs,
    { createGraph, retainGraph: true, gradOutputs: used.map(({ ct }) => ct), allowUnused: true },
  );
  return found.map((g, i) => g ?? zerosOf(inputs[i] as Tensor));
}

export function zerosOf(x: Tensor): Tensor {
  return wrap(ops.full(x.shape, 0, x.dtype));
}

/**
 * The function from tangents (one an input) to those of the results: by two reverse passes. The gradient is linear in its cotangent, and
 * the gradient of that by the cotangent is the forward derivative.
 */
export function pushforwardOf({ inputs, results, createGraph }: TracedCall): (tangents: readonly Tensor[]) => Tensor[] {
  const { cotangents, back } = runScope({ gradMode: true }, () => {
    const cotangents = results.tensors.map((y) => tracked(zerosOf(y)));
    return { cotangents, back: gradients(results.tensors, inputs, cotangents, true) };
  });
  return (tangents) =>
    runScope({ gradMode: true }, () => {
      const isDeep = createGraph || tangents.some((x) => x.requiresGrad);
      return gradients(back, cotangents, tangents, isDeep);
    });
}

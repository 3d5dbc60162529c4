// Gradients against central differences in float64, as torch.autograd.gradcheck.
import {
  ArgumentError,
  checkFunction,
  checkOptions,
  NumericError,
  noMore,
  numel,
  Storage,
  type TypedArray,
  typedArray,
} from "../base/index.js";
import { checkList, checkTensor } from "./args.js";
import { grad } from "./autograd.js";
import { drawNormal } from "./draws.js";
import { Generator } from "./generator.js";
import { readValues } from "./read.js";
import { enableGrad, noGrad } from "./scopes.js";
import { detach, isTensor, ofStorage, setRequiresGrad, type Tensor, wrap } from "./tensor.js";

type Outputs = Tensor | readonly Tensor[];

/** A function of tensors to tensors, given its inputs one by one. */
export type CheckedFunction = (...inputs: Tensor[]) => Outputs;

/** Options of `gradcheck` and `gradgradcheck`. */
export interface GradcheckOptions {
  /** Step of the difference quotients. Default 1e-6. */
  readonly eps?: number;
  /** Allowed difference: atol (1e-5) + rtol (1e-3) |numeric|. */
  readonly atol?: number;
  /** Allowed difference as a share of the value; default 1e-3. */
  readonly rtol?: number;
  /** Throw on a difference (default), or return false. */
  readonly raiseException?: boolean;
}

const optionNames = ["eps", "atol", "rtol", "raiseException"] as const;

function listOf(value: Outputs): readonly Tensor[] {
  return isTensor(value) ? [value] : value;
}

function checkedInputs(op: string, fn: unknown, inputs: Outputs): readonly Tensor[] {
  checkFunction(op, "its first argument", fn);
  if (!isTensor(inputs)) checkList(op, "inputs", inputs);
  const list = listOf(inputs);
  for (const x of list) checkTensor(op, "each input", x);
  const wanted = list.filter((x) => x.requiresGrad);
  if (wanted.length === 0) throw new ArgumentError(`${op}: no input requires grad`, { op });
  const other = wanted.find((x) => x.dtype !== "float64");
  if (other) {
    throw new ArgumentError(
      `${op}: inputs that require grad must be float64, one is ${other.dtype}; differences need its digits`,
      {
        op,
      },
    );
  }
  return list;
}

/** A leaf with other values. */
function withValues(x: Tensor, values: TypedArray): Tensor {
  return ofStorage(Storage.from(x.dtype, values), x.shape);
}

/** Float outputs as flat arrays. */
function evaluate(fn: CheckedFunction, inputs: readonly Tensor[]): Float64Array[] {
  return noGrad(() => listOf(fn(...inputs)).map((y) => Float64Array.from(readValues("gradcheck", y) as Float64Array)));
}

/** d output / d element `at` of input `i`, for each output, by central differences. */
function numericColumn(
  fn: CheckedFunction,
  inputs: readonly Tensor[],
  i: number,
  at: number,
  eps: number,
): Float64Array[] {
  const moved = (by: number) => {
    const values = readValues("gradcheck", inputs[i] as Tensor);
    (values as Float64Array)[at] = (values[at] as number) + by;
    return evaluate(
      fn,
      inputs.map((x, j) => (j === i ? withValues(x, values) : detach(x))),
    );
  };
  const [high, low] = [moved(eps), moved(-eps)];
  return high.map((values, k) => values.map((value, n) => (value - (low[k]?.[n] as number)) / (2 * eps)));
}

/** Gradients of element `n` of one output, one an input that requires grad. */
function analyticRow(output: Tensor, n: number, wanted: readonly Tensor[]): Float64Array[] {
  const seed = typedArray(output.dtype, numel(output.shape)) as Float64Array;
  seed[n] = 1;
  const gradOutputs = withValues(output, seed);
  const grads = grad(output, wanted, { gradOutputs, retainGraph: true, allowUnused: true });
  return grads.map((g, i) =>
    g
      ? Float64Array.from(readValues("gradcheck", g) as Float64Array)
      : new Float64Array(numel((wanted[i] as Tensor).shape)),
  );
}

/**
 * True if the gradients of `fn` agree with central differences; else throws, or returns false, by `raiseException`.
 *
 * Shapes: any.
 * @param inputs - one tensor or several; those that require grad must be float64.
 * @throws ArgumentError if no input requires grad, or one that does is not float64.
 * @throws NumericError for the first derivative that differs, unless `raiseException` is false.
 * @example gradcheck((x) => x.tanh(), randn([3], { dtype: "float64", requiresGrad: true }))
 */
export function gradcheck(
  fn: CheckedFunction,
  inputs: Outputs,
  options: GradcheckOptions = {},
  ...surplus: []
): boolean {
  noMore("gradcheck", surplus);
  checkOptions("gradcheck", options, optionNames);
  const { eps = 1e-6, atol = 1e-5, rtol = 1e-3, raiseException = true } = options;
  const list = checkedInputs("gradcheck", fn, inputs);
  const positions = list.flatMap((x, i) => (x.requiresGrad ? [i] : []));
  const wanted = positions.map((i) => list[i] as Tensor);
  const outputs = enableGrad(() => listOf(fn(...list)));
  const analytic = outputs.map((y) =>
    y.requiresGrad ? Array.from({ length: numel(y.shape) }, (_, n) => analyticRow(y, n, wanted)) : null,
  );
  for (const [w, i] of positions.entries()) {
    for (let at = 0; at < numel((list[i] as Tensor).shape); at++) {
      const numeric = numericColumn(fn, list, i, at, eps);
      for (const [k, column] of numeric.entries()) {
        for (const [n, expected] of column.entries()) {
          const found = analytic[k]?.[n]?.[w]?.[at] ?? 0;
          const isClose = Math.abs(found - expected) <= atol + rtol * Math.abs(expected) || Object.is(found, expected);
          if (isClose) continue;
          if (!raiseException) return false;
          throw new NumericError(
            `gradcheck: d output ${k} [${n}] / d input ${i} [${at}] is ${expected} by differences but ${found} by the gradient rules`,
            { op: "gradcheck" },
          );
        }
      }
    }
  }
  return true;
}

/**
 * As {@link gradcheck}, for the gradients themselves: checks derivatives of second order. Shapes: any.
 * @throws ArgumentError if no input requires grad, or one that does is not float64.
 * @throws NumericError for the first derivative that differs, unless `raiseException` is false.
 */
export function gradgradcheck(
  fn: CheckedFunction,
  inputs: Outputs,
  options: GradcheckOptions & { readonly gradOutputs?: readonly Tensor[] } = {},
  ...surplus: []
): boolean {
  noMore("gradgradcheck", surplus);
  const { gradOutputs, ...rest } = options;
  checkOptions("gradgradcheck", rest, [...optionNames, "gradOutputs"]);
  const list = checkedInputs("gradgradcheck", fn, inputs);
  const outputs = enableGrad(() => listOf(fn(...list)));
  const seeds = gradOutputs ?? randomSeeds(outputs.filter((y) => y.requiresGrad));
  const first = (...all: Tensor[]): Tensor[] =>
    enableGrad(() => {
      const own = all.slice(0, list.length).map((x, i) => (list[i]?.requiresGrad && !x.requiresGrad ? setLeaf(x) : x));
      const ys = listOf(fn(...own)).filter((y) => y.requiresGrad);
      const grads = grad(
        ys,
        own.filter((x) => x.requiresGrad),
        {
          gradOutputs: all.slice(list.length),
          createGraph: true,
          allowUnused: true,
        },
      );
      return grads.filter((g) => g !== null);
    });
  return gradcheck(first, [...list, ...seeds], rest);
}

function setLeaf(x: Tensor): Tensor {
  const leaf = detach(x);
  setRequiresGrad(leaf, true);
  return leaf;
}

function randomSeeds(outputs: readonly Tensor[]): Tensor[] {
  const generator = new Generator({ seed: 42 });
  return outputs.map((y) => setLeaf(wrap(drawNormal(y.shape, y.dtype, 0, 1, generator))));
}

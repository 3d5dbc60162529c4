// Arguments of transformed functions: tensors, and arrays and plain objects of tensors, seen as one list of tensors.
import { ArgumentError } from "../base/index.js";
import type { Tensor } from "./tensor.js";
import { fillTemplate, type Template, templateOf } from "./trees.js";

/** A tensor, or an array or plain object of such: parameters by their keys. */
export type TensorTree = Tensor | readonly TensorTree[] | { readonly [key: string]: TensorTree };

/** A function of trees. */
export type TreeFunction = (...args: never[]) => unknown;

export class TreeArguments {
  /** All tensors, in order. */
  readonly tensors: readonly Tensor[];
  readonly #templates: readonly Template[];
  /** Where the tensors of each argument begin; one more at the end. */
  readonly #starts: readonly number[];

  /** @throws ArgumentError for an argument without tensors. */
  constructor(
    readonly op: string,
    args: readonly unknown[],
  ) {
    const tensors: Tensor[] = [];
    const starts = [0];
    this.#templates = args.map((arg, i) => {
      const template = templateOf(arg, tensors);
      if (tensors.length === starts.at(-1)) {
        throw new ArgumentError(`${op}: argument ${i} must be a Tensor, or an array or object of tensors`, { op });
      }
      starts.push(tensors.length);
      return template;
    });
    this.tensors = tensors;
    this.#starts = starts;
  }

  get count(): number {
    return this.#templates.length;
  }

  /** Calls `fn` with other tensors in the places of these. */
  call(fn: TreeFunction, tensors: readonly Tensor[]): unknown {
    return (fn as (...args: unknown[]) => unknown)(...this.#templates.map((one) => fillTemplate(one, tensors)));
  }

  /** Numbers of the tensors of argument `i`. */
  numbersOf(i: number): number[] {
    const [from, to] = [this.#starts[i], this.#starts[i + 1]];
    if (from === undefined || to === undefined) {
      throw new ArgumentError(`${this.op}: argnums names argument ${i} of ${this.count}`, { op: this.op });
    }
    return Array.from({ length: to - from }, (_, k) => from + k);
  }

  /** The tree of argument `i` with `values`, one for each of its tensors. */
  treeOf(i: number, values: readonly Tensor[]): unknown {
    const all: Tensor[] = [];
    this.numbersOf(i).forEach((number, k) => {
      all[number] = values[k] as Tensor;
    });
    return fillTemplate(this.#templates[i] as Template, all);
  }
}

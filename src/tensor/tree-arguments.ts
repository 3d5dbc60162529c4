// Arguments of transformed functions: tensors, and arrays and plain objects of tensors, seen as one list of tensors.
import { ArgumentError, isPlainObject, ShapeError, shapesEqual, shownValue } from "../base/index.js";
import { isTensor, type Tensor } from "./tensor.js";
import { fillTemplate, hasOtherValues, type Template, templateOf } from "./trees.js";

/** A tensor, or an array or plain object of such: parameters by their keys. */
export type TensorTree = Tensor | readonly TensorTree[] | { readonly [key: string]: TensorTree };

/** A dim for each tensor of a tree: a dim (null: none) in the place of an array or object is that of all tensors in it. */
export type DimTree = number | null | readonly DimTree[] | { readonly [key: string]: DimTree };

/** A function of trees. */
export type TreeFunction = (...args: never[]) => unknown;

export class TreeArguments {
  /** All tensors, in order. */
  readonly tensors: readonly Tensor[];
  readonly #templates: readonly Template[];
  /** Where the tensors of each argument begin; one more at the end. */
  readonly #starts: readonly number[];

  /** @throws ArgumentError for an argument without tensors, unless it is an empty array or object beside others with some. */
  constructor(
    readonly op: string,
    args: readonly unknown[],
  ) {
    const tensors: Tensor[] = [];
    const starts = [0];
    const fail = (i: number) =>
      new ArgumentError(`${op}: argument ${i} must be a Tensor, or an array or object of tensors`, { op });
    this.#templates = args.map((arg, i) => {
      const template = templateOf(arg, tensors);
      if (tensors.length === starts.at(-1) && hasOtherValues(template)) throw fail(i);
      starts.push(tensors.length);
      return template;
    });
    if (tensors.length === 0 && args.length > 0) throw fail(0);
    this.tensors = tensors;
    this.#starts = starts;
  }

  get count(): number {
    return this.#templates.length;
  }

  /** The dim of each tensor. */
  dimsOf(name: string, dims: DimTree): (number | null)[] {
    const template: Template = { kind: "array", items: this.#templates };
    return spread(this.op, name, "arguments", template, dims, this.tensors.length);
  }

  /** Calls `fn` with other tensors in the places of these. */
  call(fn: TreeFunction, tensors: readonly Tensor[]): unknown {
    return (fn as (...args: unknown[]) => unknown)(...this.#templates.map((one) => fillTemplate(one, tensors)));
  }

  /** Which argument tensor `n` belongs to. */
  argumentOf(n: number): number {
    return this.#starts.findLastIndex((start) => start <= n);
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
  treeOf(i: number, values: readonly unknown[]): unknown {
    const all: unknown[] = [];
    this.numbersOf(i).forEach((number, k) => {
      all[number] = values[k];
    });
    return fillTemplate(this.#templates[i] as Template, all);
  }

  /**
   * The tensors of `trees`, one for each tensor of the arguments and of its shape.
   * @throws ArgumentError where a tree is built in another way; ShapeError.
   */
  alike(name: string, trees: readonly unknown[]): Tensor[] {
    return alike(this.op, name, { kind: "array", items: this.#templates }, this.tensors, trees);
  }
}

/** What a transformed function gave: a tensor, or an array or object of such. */
export class TreeResults {
  readonly tensors: readonly Tensor[];
  readonly #template: Template;

  /** @throws ArgumentError if there is anything but tensors in it. */
  constructor(
    readonly op: string,
    value: unknown,
  ) {
    const tensors: Tensor[] = [];
    this.#template = templateOf(value, tensors);
    if (tensors.length === 0 || hasOtherValues(this.#template)) {
      throw new ArgumentError(`${op}: the function must return tensors`, { op });
    }
    this.tensors = tensors;
  }

  /** Whether it is one tensor by itself. */
  get isSingle(): boolean {
    return this.#template.kind === "tensor";
  }

  /** Whether it is an array. */
  get isArray(): boolean {
    return this.#template.kind === "array";
  }

  /** The dim of each tensor. */
  dimsOf(name: string, dims: DimTree): (number | null)[] {
    return spread(this.op, name, "results", this.#template, dims, this.tensors.length);
  }

  /** The tree with `values`, one for each tensor. */
  treeOf(values: readonly unknown[]): unknown {
    return fillTemplate(this.#template, values);
  }

  /** The tensors of `tree`, which must be built as the results. */
  alike(name: string, tree: unknown): Tensor[] {
    return alike(this.op, name, this.#template, this.tensors, tree);
  }
}

/** The dims of a tree's tensors, in their order. */
function spread(
  op: string,
  name: string,
  what: string,
  template: Template,
  dims: DimTree,
  count: number,
): (number | null)[] {
  const found = new Array<number | null>(count).fill(null);
  const fail = (text: string) => new ArgumentError(`${op}: ${text}`, { op });
  const visit = (path: string, part: Template, value: DimTree): void => {
    if (value === null || typeof value === "number") {
      if (part.kind === "tensor") found[part.index] = value;
      if (part.kind === "array") for (const item of part.items) visit(path, item, value);
      if (part.kind === "object") for (const [, item] of part.entries) visit(path, item, value);
    } else if (Array.isArray(value)) {
      const items = part.kind === "array" ? part.items : [part];
      if (part.kind !== "array" || value.length !== items.length) {
        throw fail(`${path} has ${value.length} entries for ${items.length} ${path === name ? what : "values"}`);
      }
      items.forEach((item, i) => {
        visit(`${path}[${i}]`, item, value[i] as DimTree);
      });
    } else if (isPlainObject(value) && part.kind === "object") {
      const keys = part.entries.map(([key]) => key);
      const surplus = Object.keys(value).find((key) => !keys.includes(key));
      if (surplus !== undefined) throw fail(`${path} has ${surplus}, which the ${what} have not: ${keys.join(", ")}`);
      for (const [key, item] of part.entries) {
        if (!Object.hasOwn(value, key)) throw fail(`${path} lacks ${key}`);
        visit(`${path}.${key}`, item, value[key] as DimTree);
      }
    } else {
      throw fail(`${path} must be a dim, null, or built as the ${what}, got ${shownValue(value)}`);
    }
  };
  visit(name, template, dims);
  return found;
}

/** The tensors of `tree` in the order of `template`, whose tensors are `like`. Keys of objects may come in any order. */
function alike(op: string, name: string, template: Template, like: readonly Tensor[], tree: unknown): Tensor[] {
  const found: Tensor[] = [];
  const differs = (path: string, expected: string) =>
    new ArgumentError(`${op}: ${path} must be ${expected}, built as what it belongs to`, { op });
  const visit = (path: string, part: Template, value: unknown): void => {
    if (part.kind === "array") {
      const { length } = part.items;
      if (!Array.isArray(value) || value.length !== length) throw differs(path, `an array of ${length}`);
      part.items.forEach((item, i) => {
        visit(`${path}[${i}]`, item, value[i]);
      });
    } else if (part.kind === "object") {
      const keys = part.entries.map(([key]) => key);
      const isAlike = isPlainObject(value) && Object.keys(value).length === keys.length;
      if (!isAlike || !keys.every((key) => key in value)) throw differs(path, `an object { ${keys.join(", ")} }`);
      for (const [key, item] of part.entries) visit(`${path}.${key}`, item, value[key]);
    } else if (part.kind === "tensor") {
      if (!isTensor(value)) throw differs(path, "a Tensor");
      const { shape } = like[part.index] as Tensor;
      if (!shapesEqual(value.shape, shape)) {
        throw new ShapeError(`${op}: ${path} has shape [${value.shape.join(",")}] but [${shape.join(",")}] is needed`, {
          op,
          shapes: [value.shape, shape],
        });
      }
      found[part.index] = value;
    }
  };
  visit(name, template, tree);
  return found;
}

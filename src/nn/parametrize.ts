// Parametrizations: a parameter of a module as a function of others, with PyTorch's state-dict keys.
import { ArgumentError, DTypeError, formatShape, noMore, ShapeError, shapesEqual } from "../base/index.js";
import { noGrad, Tensor } from "../tensor/index.js";
import { checkModule } from "./item-containers.js";
import { Module } from "./module.js";
import { Parameter } from "./parameter.js";

/** A function from one or more tensors to a parameter's value. */
export interface Parametrization extends Module {
  /** Shapes: the originals → the parameter's. */
  forward(...originals: Tensor[]): Tensor;
  /** Originals that give a value; without it, the value itself is the original. */
  rightInverse?(value: Tensor): Tensor | readonly Tensor[];
}

/** The originals of one parameter and the functions on the way from them to its value. */
class ParametrizationList extends Module {
  static override readonly stateKeys = { items: "" };
  readonly items: Parametrization[];

  constructor(
    first: Parametrization,
    value: Tensor,
    private readonly names: string[] = [],
  ) {
    super();
    const given = noGrad(() => first.rightInverse?.(value) ?? value);
    const originals = given instanceof Tensor ? [given] : [...given];
    const fields = this as unknown as Record<string, Parameter>;
    originals.forEach((original, i) => {
      const name = given instanceof Tensor ? "original" : `original${i}`;
      this.names.push(name);
      fields[name] = new Parameter(original, { requiresGrad: value.requiresGrad });
    });
    this.items = [first];
  }

  get originals(): Parameter[] {
    const fields = this as unknown as Record<string, Parameter>;
    return this.names.map((name) => fields[name] as Parameter);
  }

  forward(): Tensor {
    const [first, ...rest] = this.items as [Parametrization, ...Parametrization[]];
    // A parametrization is called with its originals, which its declared type leaves open.
    const call = (item: Parametrization, ...args: Tensor[]) => (item as unknown as (...a: Tensor[]) => Tensor)(...args);
    return rest.reduce((value, item) => call(item, value), call(first, ...this.originals));
  }
}

type Lists = Record<string, ParametrizationList>;

/** The lists of a module, in its field `parametrizations`. */
function listsOf(module: Module): Lists | undefined {
  return (module as unknown as { parametrizations?: Lists }).parametrizations;
}

/**
 * Whether a module, or its parameter `name`, is parametrized.
 * @throws ArgumentError if the first argument is no module.
 */
export function isParametrized(module: Module, name?: string, ...surplus: []): boolean {
  noMore("isParametrized", surplus);
  checkModule("isParametrized", module, "its first argument");
  const lists = listsOf(module);
  if (!lists) return false;
  return name === undefined ? Object.keys(lists).length > 0 : Object.hasOwn(lists, name);
}

/** The names of a module's own parameters that are parametrized. */
export function parametrizedNames(module: Module): string[] {
  return Object.keys(listsOf(module) ?? {});
}

/** Throws unless a parametrization gives a value of the parameter's shape and dtype. It runs in evaluation, so that it changes nothing. */
function checkValue(by: Parametrization, value: Tensor, name: string, compute: (value: Tensor) => Tensor): void {
  const { training } = by;
  const result = noGrad(() => {
    by.eval();
    try {
      return compute(value);
    } finally {
      by.train(training);
    }
  });
  const op = "registerParametrization";
  const text = `${op}: the parametrization gives ${result.dtype}${formatShape(result.shape)} for "${name}", which is ${value.dtype}${formatShape(value.shape)}`;
  if (!shapesEqual(result.shape, value.shape)) throw new ShapeError(text, { op, shapes: [result.shape, value.shape] });
  if (result.dtype !== value.dtype) throw new DTypeError(text, { op });
}

/**
 * Makes a parameter a function of others: reading `module[name]` computes it, and training moves the originals, which are at
 * `parametrizations.<name>.original` in state dicts. Further parametrizations of the same parameter are applied on top.
 * Optimizers made before have the old parameter: make them afterwards.
 * @throws ArgumentError if the module has no such parameter, or `parametrization` is no module.
 * @throws ShapeError if the parametrization gives another shape than the parameter's.
 * @throws DTypeError if it gives another dtype.
 * @example
 * class Symmetric extends nn.Module {
 *   forward(x: Tensor) {
 *     return x.triu().add(x.triu({ diagonal: 1 }).T);
 *   }
 * }
 * const layer = nn.utils.registerParametrization(new nn.Linear(3, 3), "weight", new Symmetric());
 * layer.weight.equal(layer.weight.T); // true
 */
export function registerParametrization<M extends Module>(
  module: M,
  name: string,
  parametrization: Parametrization,
  ...surplus: []
): M {
  noMore("registerParametrization", surplus);
  checkModule("registerParametrization", module, "its first argument");
  const fields = module as unknown as Record<string, unknown> & { parametrizations?: Lists };
  checkModule("registerParametrization", parametrization, "the parametrization");
  const known = listsOf(module)?.[name];
  if (known) {
    checkValue(parametrization, fields[name] as Tensor, name, (value) => parametrization.forward(value));
    known.items.push(parametrization);
    return module;
  }
  const value = fields[name];
  if (!(value instanceof Parameter)) {
    throw new ArgumentError(`registerParametrization: ${module.constructor.name} has no parameter "${name}"`, {
      op: "registerParametrization",
    });
  }
  const list = new ParametrizationList(parametrization, value);
  checkValue(parametrization, value, name, () => list.forward());
  fields.parametrizations = { ...fields.parametrizations, [name]: list };
  // `this`, so that a clone computes from its own originals.
  Object.defineProperty(module, name, {
    get(this: { parametrizations: Lists }) {
      return (this.parametrizations[name] as ParametrizationList)();
    },
    // Who walks over the fields must not compute it: spectralNorm's vectors move at each use.
    enumerable: false,
    configurable: true,
  });
  return module;
}

/**
 * Makes a parameter a plain one again, with the value it has now.
 * @throws ArgumentError if it is not parametrized.
 * @example nn.utils.removeParametrizations(nn.utils.weightNorm(new nn.Linear(4, 2)), "weight")
 */
export function removeParametrizations<M extends Module>(module: M, name: string, ...surplus: []): M {
  noMore("removeParametrizations", surplus);
  checkModule("removeParametrizations", module, "its first argument");
  const lists = listsOf(module);
  const list = lists?.[name];
  if (!lists || !list) {
    throw new ArgumentError(`removeParametrizations: "${name}" of ${module.constructor.name} is not parametrized`, {
      op: "removeParametrizations",
    });
  }
  const value = noGrad(() => list());
  const requiresGrad = list.originals.some((original) => original.requiresGrad);
  const fields = module as unknown as Record<string, unknown>;
  delete lists[name];
  if (Object.keys(lists).length === 0) delete fields.parametrizations;
  delete fields[name];
  fields[name] = new Parameter(value, { requiresGrad });
  return module;
}

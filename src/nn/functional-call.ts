// Calls of a module with other parameters and buffers than its own.
import { ArgumentError, checkArray, checkOptions, isPlainObject, noMore, shownValue } from "../base/index.js";
import { checkTensor, stack, type Tensor } from "../tensor/index.js";
import { fieldsOf, isModule } from "./fields.js";
import type { Module } from "./module.js";
import { Buffer, Parameter } from "./parameter.js";
import { parametrizedNames } from "./parametrize.js";

/** Tensors by the keys of `namedParameters()` and `namedBuffers()`. */
export type NamedTensors = Readonly<Record<string, Tensor>>;

/** Options of `functionalCall`. */
export interface FunctionalCallOptions {
  /** What is one tensor in the module stays one: a value for one of its keys counts for all. Default true. */
  readonly tieWeights?: boolean;
  /** Each parameter and buffer must be given, and nothing else. Default false: the module's own take the place of missing ones. */
  readonly strict?: boolean;
}

/** Where a module holds a tensor. */
interface Slot {
  readonly key: string;
  readonly holder: object;
  readonly name: string;
  /** Null for a parametrized parameter, which is computed: a value in its place turns the parametrization off. */
  readonly tensor: Tensor | null;
}

function slotsOf(module: Module, prefix = ""): Slot[] {
  const fields = fieldsOf(module);
  const own = fields.flatMap(({ key, holder, name, value }): Slot[] => {
    if (isModule(value)) return slotsOf(value as Module, `${prefix}${key}.`);
    return value instanceof Parameter || value instanceof Buffer
      ? [{ key: prefix + key, holder, name, tensor: value }]
      : [];
  });
  const computed = parametrizedNames(module);
  return [...own, ...computed.map((name) => ({ key: prefix + name, holder: module, name, tensor: null }))];
}

function joined(op: string, given: NamedTensors | readonly NamedTensors[]): Map<string, Tensor> {
  const found = new Map<string, Tensor>();
  for (const part of Array.isArray(given) ? (given as readonly NamedTensors[]) : [given as NamedTensors]) {
    if (!isPlainObject(part)) {
      throw new ArgumentError(
        `${op}: parametersAndBuffers must be an object of tensors by key, or an array of them; write Object.fromEntries(model.namedParameters())`,
        { op },
      );
    }
    for (const [key, value] of Object.entries(part as NamedTensors)) {
      checkTensor(op, key, value);
      if (found.has(key)) throw new ArgumentError(`${op}: "${key}" is in more than one of the objects`, { op });
      found.set(key, value);
    }
  }
  return found;
}

/** A value for one key of a tied tensor becomes the value of all its keys. */
function tie(op: string, slots: readonly Slot[], values: Map<string, Tensor>): void {
  const keysOf = new Map<Tensor, string[]>();
  for (const { tensor, key } of slots) if (tensor) keysOf.set(tensor, [...(keysOf.get(tensor) ?? []), key]);
  for (const keys of keysOf.values()) {
    const given = new Set(keys.flatMap((key) => values.get(key) ?? []));
    if (given.size > 1) {
      throw new ArgumentError(
        `${op}: ${keys.join(", ")} are one tensor in the module but got different values; pass one, or { tieWeights: false }`,
        { op, fix: "tieWeights" },
      );
    }
    for (const value of given) for (const key of keys) values.set(key, value);
  }
}

function checkKeys(op: string, module: Module, slots: readonly Slot[], values: ReadonlyMap<string, Tensor>): void {
  const known = new Set(slots.flatMap(({ key, tensor }) => (tensor ? [key] : [])));
  const missing = [...known].filter((key) => !values.has(key));
  const unexpected = [...values.keys()].filter((key) => !known.has(key));
  const parts = [
    ...(missing.length > 0 ? [`missing keys: ${missing.join(", ")}`] : []),
    ...(unexpected.length > 0 ? [`unexpected keys: ${unexpected.join(", ")}`] : []),
  ];
  if (parts.length === 0) return;
  throw new ArgumentError(`${op}: the tensors do not fit ${module.constructor.name}; ${parts.join("; ")}`, { op });
}

/** Runs `fn` with the values in their slots; whatever happens, the module has its own tensors afterwards. */
function withValues<R>(slots: readonly Slot[], values: ReadonlyMap<string, Tensor>, fn: () => R): R {
  const undo: (() => void)[] = [];
  try {
    for (const { key, holder, name } of slots) {
      const value = values.get(key);
      if (!value) continue;
      const before = Object.getOwnPropertyDescriptor(holder, name) as PropertyDescriptor;
      undo.push(() => Object.defineProperty(holder, name, before));
      Object.defineProperty(holder, name, { value, writable: true, enumerable: true, configurable: true });
    }
    return fn();
  } finally {
    for (const step of undo.reverse()) step();
  }
}

/**
 * The output of `module` with the given tensors in place of its parameters and buffers, which stay as they are. Gradients flow to the given
 * tensors; what the module writes in place (running statistics) is written into them.
 *
 * Keys are those of `namedParameters()` and `namedBuffers()`. The value of a parametrized parameter (`weight`) turns its parametrization
 * off; that of `parametrizations.weight.original` goes through it.
 * @param args - the arguments of the call in an array, or the only one.
 * Shapes: the arguments of the module → its output; each given tensor has the shape of the one whose place it takes.
 * @throws ArgumentError if a key is in two objects, one tied tensor gets two values, or `strict` does not allow the keys.
 * @example
 * const loss = (params: NamedTensors, x: Tensor) => functionalCall(model, params, x).square().mean();
 * const gradients = func.grad(loss)(Object.fromEntries(model.namedParameters()), x);
 */
export function functionalCall<M extends Module>(
  module: M,
  parametersAndBuffers: NamedTensors | readonly NamedTensors[],
  args: Parameters<M["forward"]> | Parameters<M["forward"]>[0],
  options: FunctionalCallOptions = {},
  ...surplus: []
): ReturnType<M["forward"]> {
  noMore("functionalCall", surplus);
  const op = "functionalCall";
  checkOptions(op, options, ["tieWeights", "strict"]);
  if (!isModule(module)) throw new ArgumentError(`${op}: the first argument must be a module`, { op });
  const values = joined(op, parametersAndBuffers);
  const slots = slotsOf(module);
  if (options.tieWeights ?? true) tie(op, slots, values);
  if (options.strict) checkKeys(op, module, slots, values);
  const list = (Array.isArray(args) ? args : [args]) as Parameters<M["forward"]>;
  return withValues(slots, values, () => module(...list)) as ReturnType<M["forward"]>;
}

/**
 * The parameters and the buffers of several modules of one class, stacked by key along a new first dim: an ensemble for `vmap`. The stacked
 * parameters are leaves of their own.
 * Shapes: K modules → tensors `[K, …]` by key.
 * @throws ArgumentError if there are no modules, or their classes, modes or `requiresGrad` differ.
 * @example
 * const [params, buffers] = stackModuleState(models);
 * const outputs = func.vmap((p: NamedTensors, b: NamedTensors, x: Tensor) => functionalCall(models[0], [p, b], x), {
 *   inDims: [0, 0, null],
 * })(params, buffers, x);
 */
export function stackModuleState(
  modules: readonly Module[],
  ...surplus: []
): [parameters: Record<string, Tensor>, buffers: Record<string, Tensor>] {
  noMore("stackModuleState", surplus);
  const op = "stackModuleState";
  checkArray(op, "modules", modules);
  const [first] = modules;
  if (!first) throw new ArgumentError(`${op}: got no modules`, { op });
  const other = modules.findIndex((module) => !isModule(module));
  if (other >= 0)
    throw new ArgumentError(`${op}: module ${other} is ${shownValue(modules[other])}, not a module`, { op });
  for (const module of modules) {
    if (module.constructor !== first.constructor) {
      throw new ArgumentError(
        `${op}: all modules must be of one class, got ${first.constructor.name} and ${module.constructor.name}`,
        { op },
      );
    }
    if (module.training !== first.training) {
      throw new ArgumentError(`${op}: some modules are in training mode and some are not; call eval() or train()`, {
        op,
      });
    }
  }
  const stacked = (named: (module: Module) => [string, Tensor][]): Record<string, Tensor> => {
    const all = modules.map((module) => new Map(named(module)));
    const entries = named(first).map(([key, tensor]): [string, Tensor] => {
      const { requiresGrad } = tensor;
      const list = all.map((one) => one.get(key) as Tensor);
      if (list.some((x) => x.requiresGrad !== requiresGrad)) {
        throw new ArgumentError(`${op}: "${key}" requires grad in some modules only`, { op });
      }
      return [key, stack(list.map((x) => x.detach())).requiresGrad_(requiresGrad)];
    });
    return Object.fromEntries(entries);
  };
  return [stacked((module) => module.namedParameters()), stacked((module) => module.namedBuffers())];
}

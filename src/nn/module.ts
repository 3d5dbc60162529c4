// The base of all layers and models.
import {
  ArgumentError,
  Callable,
  checkFlag,
  checkFunction,
  checkKind,
  checkOptions,
  type DType,
  isFloat,
  noMore,
} from "../base/index.js";
import { type Device, guarded, noGrad, type Tensor } from "../tensor/index.js";
import type { AnyModule } from "./any-module.js";
import { cloneModule } from "./clone.js";
import { fieldsOf, isModule, moduleBrand, ownBrand } from "./fields.js";
import {
  addHook,
  type ForwardHook,
  type ForwardPreHook,
  type FullBackwardHook,
  type FullBackwardPreHook,
  type HookHandle,
  Hooks,
} from "./hooks.js";
import { type CallState, callModule } from "./module-call.js";
import { Buffer, convertInPlace, Parameter } from "./parameter.js";
import { printModule } from "./print.js";
import {
  addModule,
  isBuffer,
  isModuleValue,
  isParameter,
  memberAt,
  registerBuffer,
  registerParameter,
  setSubmodule,
} from "./registration.js";
import { type LoadOptions, type LoadResult, loadState, type StateDict, saveState } from "./state-dict.js";

/** Which members are listed, and under what names. */
export interface NamedOptions {
  /** Put before each name, with a dot. */
  readonly prefix?: string;
  /** Also those of the modules inside; default true. */
  readonly recurse?: boolean;
}

/** Where to and in which dtype. */
export interface ToOptions {
  /** Where parameters and buffers go. */
  readonly device?: Device;
  /** What float parameters and buffers become. */
  readonly dtype?: DType;
}

// A module is called like its forward; the merged interface is the only way to give a class a call signature.
export interface Module {
  (...args: Parameters<this["forward"]>): ReturnType<this["forward"]>;
  /**
   * What else `stateDict` keeps of this module, under `_extra_state`: a tensor, so that every file holds it. Shapes: any, of any dtype.
   */
  getExtraState?(): Tensor;
  /** Takes what `getExtraState` gave, in `loadStateDict`. A module that has one of the two has both. Shapes: as it was given. */
  setExtraState?(state: Tensor): void;
}

/**
 * Base of layers and models. A subclass defines fields and `forward`; an instance is called like a function.
 *
 * Fields that hold a `Parameter`, a `Buffer`, a module, or arrays or plain objects of these are found by themselves, in the
 * order they were defined; the same one in two places counts once. Fields that hold functions, `#private` fields and plain
 * tensors are not looked at.
 * @example
 * class Net extends nn.Module {
 *   fc = new nn.Linear(4, 2);
 *   forward(x: Tensor) {
 *     return relu(this.fc(x));
 *   }
 * }
 * new Net()(randn([3, 4])).shape; // [3, 2]
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: see the interface
export abstract class Module extends Callable<CallState> {
  /** State-dict keys of fields whose key is not the snake_case form of their name. */
  static readonly stateKeys: Readonly<Record<string, string>> = {};

  readonly #state: CallState;

  constructor(...surplus: []) {
    const state: CallState = { hooks: null, verifiedIn: null, isTraining: true, most: -1 };
    super(callModule, state);
    noMore(new.target.name, surplus);
    this.#state = state;
  }

  /** True in training, false in evaluation: see `train` and `eval`. A compiled step that reads it is traced anew when it changes. */
  get training(): boolean {
    return guarded(() => this.#state.isTraining);
  }

  set training(value: boolean) {
    this.#state.isTraining = value;
  }

  /** Computes the output. Call the module itself rather than this, so that hooks run. */
  abstract forward(...args: never[]): unknown;

  /** @internal */
  get [moduleBrand](): unknown {
    return ownBrand;
  }

  // --- what is inside

  /**
   * Parameters, this module's first; each once, whatever it is called in. Shapes: any.
   * @param options - `recurse` (default true): also those of the modules inside.
   */
  parameters(options: Pick<NamedOptions, "recurse"> = {}): Parameter[] {
    return this.namedParameters(options).map(([, parameter]) => parameter);
  }

  /** Parameters with their state-dict keys; each once, under its first key. Shapes: any. */
  namedParameters(options: NamedOptions = {}): [name: string, parameter: Parameter][] {
    return this.#named(options, (value): value is Parameter => value instanceof Parameter);
  }

  /** Buffers here and inside, persistent or not, each once. Shapes: any. */
  buffers(options: Pick<NamedOptions, "recurse"> = {}): Buffer[] {
    return this.namedBuffers(options).map(([, buffer]) => buffer);
  }

  /** Buffers with their state-dict keys; each once, under its first key. Shapes: any. */
  namedBuffers(options: NamedOptions = {}): [name: string, buffer: Buffer][] {
    return this.#named(options, (value): value is Buffer => value instanceof Buffer);
  }

  #named<T>({ prefix = "", recurse = true }: NamedOptions, is: (value: unknown) => value is T): [string, T][] {
    const found = new Map<T, string>();
    for (const [name, module] of recurse ? this.namedModules({ prefix }) : [[prefix, this] as const]) {
      for (const { key, value } of fieldsOf(module)) {
        if (is(value) && !found.has(value)) found.set(value, join(name, key));
      }
    }
    return Array.from(found, ([value, name]) => [name, value]);
  }

  /** The modules in this one's fields. */
  children(): Module[] {
    return this.namedChildren().map(([, module]) => module);
  }

  /** The modules in this one's fields, with their state-dict names. */
  namedChildren(): [name: string, module: Module][] {
    const found = new Map<Module, string>();
    for (const { key, value } of fieldsOf(this))
      if (isModule(value) && !found.has(value as Module)) found.set(value as Module, key);
    return Array.from(found, ([module, name]) => [name, module]);
  }

  /** This module and all inside it, outer ones first; each once. */
  modules(): Module[] {
    return this.namedModules().map(([, module]) => module);
  }

  /** Modules with the prefix that their parameters have in a state dict. */
  namedModules(options: Pick<NamedOptions, "prefix"> = {}): [name: string, module: Module][] {
    return Array.from(walk(this, options.prefix ?? "", "key"), ([module, name]) => [name, module]);
  }

  /** @internal The path of field names to a module inside: `body.0.fcOut`; null if it is not inside. */
  pathOf(module: AnyModule): string | null {
    return walk(this, "", "path").get(module as Module) ?? null;
  }

  /** @internal Class and path of this module in the one it was called in last: `Net.body.0`. */
  describePlace(): string {
    const root = this.#state.verifiedIn;
    const path = root?.pathOf(this);
    return root && path ? `${root.constructor.name}.${path}` : this.constructor.name;
  }

  /**
   * The module inside with this name in `namedModules()`; "" is this one.
   * @throws ArgumentError if there is none.
   */
  getSubmodule(name: string): Module {
    return name === "" ? this : (memberAt(this, "getSubmodule", "module", name, isModuleValue) as Module);
  }

  /**
   * The parameter inside with this state-dict key. Shapes: its own.
   * @throws ArgumentError if there is none.
   */
  getParameter(name: string): Parameter {
    return memberAt(this, "getParameter", "parameter", name, isParameter);
  }

  /**
   * The buffer inside with this state-dict key, persistent or not. Shapes: its own.
   * @throws ArgumentError if there is none.
   */
  getBuffer(name: string): Buffer {
    return memberAt(this, "getBuffer", "buffer", name, isBuffer);
  }

  /**
   * Puts a module in the place of the one with this name in `namedModules()`; where the module around it has none of that name, it
   * gets one.
   * @param options - `strict` (default false): there must be a module of that name already.
   * @throws ArgumentError if the module around it is missing, or something else has the name.
   */
  setSubmodule(name: string, module: Module, options: { readonly strict?: boolean } = {}): void {
    checkOptions("setSubmodule", options, ["strict"]);
    setSubmodule(this, name, module, options.strict ?? false);
  }

  /**
   * A buffer under a name that the program computes; else write a field, `mask = new nn.Buffer(ones([8]))`. Shapes: any → the same.
   * @param name - of the field; the state-dict key is its snake_case form.
   * @param tensor - the first value, of any shape, copied; null: the name is taken but there is no buffer.
   * @param options - `persistent` (default true): part of the state dict.
   * @returns the buffer, so that `mask = this.registerBuffer("mask", …)` may stand in a class.
   * @throws ArgumentError if the name has dots, or is that of something that is no buffer.
   */
  registerBuffer(name: string, tensor: Tensor, options?: { readonly persistent?: boolean }): Buffer;
  registerBuffer(name: string, tensor: Tensor | null, options?: { readonly persistent?: boolean }): Buffer | null;
  registerBuffer(name: string, tensor: Tensor | null, options: { readonly persistent?: boolean } = {}): Buffer | null {
    return registerBuffer(this, name, tensor, options);
  }

  /**
   * A parameter under a name that the program computes; else write a field. Shapes: any.
   * @param parameter - kept as it is, not copied; null: the name is taken but there is no parameter.
   * @throws ArgumentError if it is no Parameter, or the name has dots, or is that of something that is no parameter.
   */
  registerParameter(name: string, parameter: Parameter | null): void {
    registerParameter(this, name, parameter);
  }

  /**
   * A module under a name that the program computes; else write a field.
   * @throws ArgumentError if it is no module, or the name has dots, or is that of something that is no module.
   */
  addModule(name: string, module: Module | null): void {
    addModule(this, name, module);
  }

  /**
   * As {@link Module.addModule | addModule}: a module under a name that the program computes.
   * @throws ArgumentError if it is no module, or the name has dots, or is that of something that is no module.
   */
  registerModule(name: string, module: Module | null): void {
    this.addModule(name, module);
  }

  /** @internal Where members that get a name at run time go. */
  get ownFields(): object {
    return this;
  }

  // --- modes

  /** Sets training mode, here and inside: dropout drops, batch norm uses the batch's statistics. */
  train(mode = true, ...surplus: []): this {
    noMore("train", surplus);
    checkFlag("train", "mode", mode);
    for (const module of this.modules()) module.training = mode;
    return this;
  }

  /** Sets evaluation mode: `train(false)`. */
  eval(...surplus: []): this {
    noMore("eval", surplus);
    return this.train(false);
  }

  /** Whether gradients are computed for the parameters; false freezes them. */
  requiresGrad_(requiresGrad = true, ...surplus: []): this {
    noMore("requiresGrad_", surplus);
    checkFlag("requiresGrad_", "requiresGrad", requiresGrad);
    for (const parameter of this.parameters()) parameter.requiresGrad = requiresGrad;
    return this;
  }

  /** Drops the parameters' gradients, or sets them to zero with `setToNone: false`. */
  zeroGrad(options: { readonly setToNone?: boolean } = {}, ...surplus: []): void {
    noMore("zeroGrad", surplus);
    checkOptions("zeroGrad", options, { setToNone: "flag" });
    zeroGrads(this.parameters(), options);
  }

  /** Calls `fn` with each module inside, inner ones first, then with this one. */
  apply(fn: (module: Module) => void, ...surplus: []): this {
    noMore("apply", surplus);
    checkFunction("apply", "fn", fn);
    for (const child of this.children()) child.apply(fn);
    fn(this);
    return this;
  }

  /**
   * Moves parameters and buffers to a device, and float ones to a float dtype, in place: the same Parameter objects stay, so
   * optimizers made before go on. Returns this.
   * @param target - a device, a float dtype, or both.
   * @throws ArgumentError if the dtype is no float dtype.
   * @throws DeviceError if there is no such device.
   */
  to(target: Device | DType | ToOptions, ...surplus: []): this {
    noMore("Module.to", surplus);
    const { device, dtype } = toOptions(target);
    if (dtype && !isFloat(dtype)) {
      throw new ArgumentError(`Module.to: dtype must be a float dtype, got ${dtype}`, { op: "Module.to" });
    }
    for (const tensor of [...this.parameters(), ...this.buffers()]) {
      convertInPlace(tensor, device, isFloat(tensor.dtype) ? dtype : undefined);
    }
    return this;
  }

  /** Turns float parameters and buffers into float32, in place; integer ones stay. Returns this. */
  float(): this {
    return this.to("float32");
  }

  /** Turns float parameters and buffers into float64, in place; integer ones stay. Returns this. */
  double(): this {
    return this.to("float64");
  }

  /** Turns float parameters and buffers into float16, in place; integer ones stay. Returns this. */
  half(): this {
    return this.to("float16");
  }

  /** Turns float parameters and buffers into bfloat16, in place; integer ones stay. Returns this. */
  bfloat16(): this {
    return this.to("bfloat16");
  }

  /**
   * A copy with parameters and buffers of its own, PyTorch's deepcopy. Arrays, plain objects, maps and sets in fields are
   * copied too, ties are kept. `#private` fields of subclasses cannot be copied.
   */
  clone(): this {
    return cloneModule(this, (module) => {
      // Only Module's own constructor runs, for the class of `module`: fields are copied, not initialised again.
      const copy = Reflect.construct(Module, [], module.constructor as new () => Module) as Module;
      const { hooks, isTraining } = (module as Module).#state;
      Object.assign(copy.#state, { hooks: hooks?.copy() ?? null, isTraining });
      return copy;
    }) as unknown as this;
  }

  // --- state

  /**
   * Parameters and persistent buffers by key. The tensors share memory with the module's: clone them to keep them. Shapes: as in the
   * module.
   * @param options - `prefix` (default ""): put before each key as it is.
   * @throws ArgumentError if a module has only one of `getExtraState` and `setExtraState`, or two fields have one key.
   */
  stateDict(options: { readonly prefix?: string } = {}, ...surplus: []): StateDict {
    noMore("stateDict", surplus);
    checkOptions("stateDict", options, { prefix: "text" });
    return saveState(this, options.prefix ?? "");
  }

  /**
   * Copies a state dict into parameters and buffers. Values are cast to their dtypes, with a check of the range. Nothing is
   * changed if anything does not fit. Shapes: as in the module → the keys that only one of both has.
   * @param options - `strict` (default true): missing and unexpected keys are an error; else they are returned. `assign` (default
   * false): parameters and buffers take the dtype of the values, and their device, instead of keeping their own; the objects stay.
   * @throws ArgumentError with `strict` if keys are missing or unexpected.
   * @throws ShapeError if a value has another shape than the module's.
   * @throws NumericError if a value does not fit the dtype.
   * @throws DTypeError with `assign` if an integer value meets a parameter that needs a gradient.
   */
  loadStateDict(state: Readonly<Record<string, Tensor>>, options: LoadOptions = {}, ...surplus: []): LoadResult {
    noMore("loadStateDict", surplus);
    return loadState(this, state, options);
  }

  // --- hooks

  /** Runs `hook(module, args)` before each call; an array it returns takes the place of the arguments. */
  registerForwardPreHook(hook: ForwardPreHook<this>): HookHandle {
    return addHook(this.#hooks.forwardPre, hook);
  }

  /** Runs `hook(module, args, output)` after each call; what it returns, but undefined, takes the place of the output. */
  registerForwardHook(hook: ForwardHook<this>): HookHandle {
    return addHook(this.#hooks.forward, hook);
  }

  /** Runs `hook(module, gradOutput)` when backward reaches a call's outputs; an array it returns takes the place of the gradients. */
  registerFullBackwardPreHook(hook: FullBackwardPreHook<this>): HookHandle {
    return addHook(this.#hooks.backwardPre, hook);
  }

  /**
   * Runs `hook(module, gradInput, gradOutput)` when backward has passed a call; an array it returns takes the place of `gradInput`, which
   * has one entry a tensor argument, null where it needs no gradient.
   */
  registerFullBackwardHook(hook: FullBackwardHook<this>): HookHandle {
    return addHook(this.#hooks.backward, hook);
  }

  get #hooks(): Hooks {
    this.#state.hooks ??= new Hooks();
    return this.#state.hooks;
  }

  // --- printing

  /** What stands between the parentheses of `toString()`: the layer's arguments. */
  extraRepr(): string {
    return "";
  }

  /** The tree of modules, as PyTorch prints it. */
  toString(): string {
    return printModule(this);
  }

  /** What `console.log` shows in Node. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

/** A module of one tensor: what Sequential takes. */
export interface UnaryModule extends Module {
  /** Shapes: what the module takes → what it gives. */
  forward(input: Tensor): Tensor;
}

/** Drops gradients, or sets them to zero. */
export function zeroGrads(parameters: Iterable<Tensor>, { setToNone = true }: { readonly setToNone?: boolean }): void {
  for (const parameter of parameters) {
    if (setToNone || parameter.grad === null) parameter.grad = null;
    else noGrad(() => parameter.grad?.zero_());
  }
}

function join(prefix: string, name: string): string {
  return prefix && name ? `${prefix}.${name}` : prefix || name;
}

/** All modules inside, outer ones first, with their path of state-dict keys or field names. */
function walk(
  module: Module,
  prefix: string,
  kind: "key" | "path",
  found: Map<Module, string> = new Map(),
): Map<Module, string> {
  if (found.has(module)) return found;
  found.set(module, prefix);
  for (const field of fieldsOf(module)) {
    if (isModule(field.value)) walk(field.value as Module, join(prefix, field[kind]), kind, found);
  }
  return found;
}

function toOptions(target: Device | DType | ToOptions): ToOptions {
  if (typeof target !== "string") {
    checkKind("Module.to", "target", target, "text | object");
    checkOptions("Module.to", target, ["device", "dtype"]);
    return target;
  }
  return /^(cpu|gpu(:\d+)?)$/.test(target) ? { device: target as Device } : { dtype: target as DType };
}

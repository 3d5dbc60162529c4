// Modules that hold modules: in a chain, in a list, by name.
import { ArgumentError } from "../base/index.js";
import type { Tensor } from "../tensor/index.js";
import { isModule } from "./fields.js";
import { Module, type UnaryModule } from "./module.js";

/** Throws unless `value` is a module. */
export function checkModule(name: string, value: unknown, place: string): void {
  if (isModule(value)) return;
  throw new ArgumentError(`${name}: ${place} is ${value === null ? "null" : typeof value}, not a module`, { op: name });
}

/** An index in [0, length), counting a negative one from the end. */
function position(name: string, index: number, length: number): number {
  if (Number.isInteger(index) && index >= -length && index < length) return index < 0 ? index + length : index;
  throw new ArgumentError(`${name}: index ${index} is out of range for ${length} modules`, { op: name });
}

/**
 * Runs modules one after the other: each gets what the one before returned. Keys are the positions, or the names of an object.
 * @example new nn.Sequential(new nn.Linear(4, 8), new nn.ReLU(), new nn.Linear(8, 2))
 */
export class Sequential extends Module {
  static override readonly stateKeys = { items: "" };
  /** The modules, in calling order: a list, or by name. */
  readonly items: UnaryModule[] | Record<string, UnaryModule>;

  constructor(...modules: readonly UnaryModule[] | readonly [named: Readonly<Record<string, UnaryModule>>]) {
    super();
    const [first] = modules;
    const isNamed = modules.length === 1 && typeof first === "object" && first !== null;
    this.items = isNamed ? { ...first } : [...(modules as readonly UnaryModule[])];
    for (const [place, module] of Object.entries(this.items)) checkModule("Sequential", module, `module ${place}`);
  }

  forward(input: Tensor): Tensor {
    let x = input;
    for (const module of this) x = module(x);
    return x;
  }

  /** Number of modules. */
  get size(): number {
    return Object.keys(this.items).length;
  }

  /** The module at a position; negative ones count from the end. */
  at(index: number): UnaryModule {
    const modules = Object.values(this.items);
    return modules[position("Sequential", index, modules.length)] as UnaryModule;
  }

  [Symbol.iterator](): Iterator<UnaryModule> {
    return Object.values(this.items)[Symbol.iterator]();
  }
}

/** A list of modules. It cannot be called: `forward` of the module that holds it says how they are used. */
export class ModuleList<M extends Module = Module> extends Module {
  static override readonly stateKeys = { items: "" };
  /** The modules, in order. */
  readonly items: M[];

  constructor(modules: Iterable<M> = []) {
    super();
    this.items = [...modules];
    this.items.forEach((module, i) => {
      checkModule("ModuleList", module, `module ${i}`);
    });
  }

  forward(): never {
    throw new ArgumentError("ModuleList: has no forward; loop over it in the forward of the module that holds it", {
      op: "ModuleList",
    });
  }

  /** Number of modules. */
  get size(): number {
    return this.items.length;
  }

  /** The module at a position; negative ones count from the end. */
  at(index: number): M {
    return this.items[position("ModuleList", index, this.items.length)] as M;
  }

  /** Adds a module at the end. */
  append(module: M): this {
    checkModule("ModuleList", module, `module ${this.items.length}`);
    this.items.push(module);
    return this;
  }

  [Symbol.iterator](): Iterator<M> {
    return this.items[Symbol.iterator]();
  }
}

/** Modules by name. It cannot be called. */
export class ModuleDict<M extends Module = Module> extends Module {
  static override readonly stateKeys = { items: "" };
  /** The modules by name. */
  readonly items: Record<string, M>;

  constructor(modules: Readonly<Record<string, M>> = {}) {
    super();
    this.items = { ...modules };
    for (const [name, module] of Object.entries(this.items)) checkModule("ModuleDict", module, name);
  }

  forward(): never {
    throw new ArgumentError("ModuleDict: has no forward; call its modules in the forward of the module that holds it", {
      op: "ModuleDict",
    });
  }

  /** Number of modules. */
  get size(): number {
    return Object.keys(this.items).length;
  }

  /**
   * The module of this name.
   * @throws ArgumentError if there is none.
   */
  get(name: string): M {
    if (Object.hasOwn(this.items, name)) return this.items[name] as M;
    throw new ArgumentError(`ModuleDict: no module "${name}"; it has ${Object.keys(this.items).join(", ")}`, {
      op: "ModuleDict",
    });
  }

  /** Puts a module under a name. */
  set(name: string, module: M): this {
    checkModule("ModuleDict", module, name);
    this.items[name] = module;
    return this;
  }

  /** Whether there is a module of this name. */
  has(name: string): boolean {
    return Object.hasOwn(this.items, name);
  }

  /** The names, in order. */
  keys(): string[] {
    return Object.keys(this.items);
  }

  /** The modules, in order. */
  values(): M[] {
    return Object.values(this.items);
  }

  /** Names and modules, in order. */
  entries(): [string, M][] {
    return Object.entries(this.items);
  }
}

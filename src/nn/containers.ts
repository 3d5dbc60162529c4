// Modules that hold modules: in a chain, in a list, by name.
import { ArgumentError } from "../base/index.js";
import type { Tensor } from "../tensor/index.js";
import {
  checkIterable,
  checkModule,
  ItemDict,
  ItemList,
  insertPosition,
  type Named,
  position,
} from "./item-containers.js";
import { Module, type UnaryModule } from "./module.js";

/**
 * Runs modules one after the other: each gets what the one before returned. State-dict keys are the positions, or the names of an object.
 *
 * Shapes: what the first module takes → what the last one gives; without modules any → the same.
 * @throws ArgumentError if something is no module.
 * @example new nn.Sequential(new nn.Linear(4, 8), new nn.ReLU(), new nn.Linear(8, 2))
 */
export class Sequential extends Module {
  static override readonly stateKeys = { items: "" };
  /** The modules, in calling order: a list, or by name. */
  items: UnaryModule[] | Record<string, UnaryModule>;

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

  /** Number of modules, as of an array. */
  get length(): number {
    return this.size;
  }

  /**
   * The module at a position; negative ones count from the end.
   * @throws ArgumentError if there is no such position.
   */
  at(index: number): UnaryModule {
    const modules = Object.values(this.items);
    return modules[position("Sequential", index, modules.length)] as UnaryModule;
  }

  /**
   * Puts a module in the place of that at a position; returns this.
   * @throws ArgumentError if there is no such position, or it is no module.
   */
  set(index: number, module: UnaryModule): this {
    const place = Object.keys(this.items)[position("Sequential", index, this.size)] as string;
    checkModule("Sequential", module, `module ${place}`);
    (this.items as Record<string, UnaryModule>)[place] = module;
    return this;
  }

  /**
   * Adds a module at the end; returns this.
   * @throws ArgumentError if the modules have names, as `extend` and `insert` do: `addModule(name, module)` adds one there.
   */
  append(module: UnaryModule): this {
    return this.added("append", [module]);
  }

  /**
   * Adds modules at the end; returns this. Another Sequential gives its modules.
   * @throws ArgumentError if one of them is no module, and then adds none; or if the modules have names.
   */
  extend(modules: Iterable<UnaryModule>): this {
    return this.added("extend", modules);
  }

  /**
   * Adds a module under a name, at the end; one with the same name is replaced. Beside names positions are names too: "0", "1" …
   * @throws ArgumentError if it is no module, the name is no text without dots, or a number behind names, where objects would not keep it.
   */
  override addModule(name: string, module: UnaryModule | null): void {
    const isNumber = /^\d+$/.test(name);
    if (Array.isArray(this.items) && !isNumber)
      this.items = { ...(this.items as unknown as Record<string, UnaryModule>) };
    const names = Object.keys(this.items);
    if (isNumber && !names.includes(name) && !names.every((other) => /^\d+$/.test(other))) {
      throw new ArgumentError(
        `addModule: a number cannot follow names (${names.join(", ")}), got "${name}"; take a name that is none`,
        { op: "addModule" },
      );
    }
    super.addModule(name, module);
  }

  private added(method: string, modules: Iterable<UnaryModule>): this {
    const list = this.list(method);
    checkIterable("Sequential", modules);
    const added = [...modules];
    for (const [i, module] of added.entries()) checkModule("Sequential", module, `module ${list.length + i}`);
    list.push(...added);
    return this;
  }

  /**
   * Adds a module before the one at `index`; those behind move on by one. Returns this.
   * @throws ArgumentError if there is no such position, it is no module, or the modules have names.
   */
  insert(index: number, module: UnaryModule): this {
    const list = this.list("insert");
    const at = insertPosition("Sequential", index, list.length);
    checkModule("Sequential", module, `module ${at}`);
    list.splice(at, 0, module);
    return this;
  }

  /**
   * The modules from `start` up to `end`, negative ones counted from the end, as a Sequential of the same modules. They keep their
   * names, so that keys stay those of the whole: behind the first, positions become names.
   * @example new nn.Sequential(new nn.Linear(4, 8), new nn.ReLU(), new nn.Linear(8, 2)).slice(0, -1).length // 2
   */
  slice(start = 0, end = this.length): Sequential {
    const part = Object.entries(this.items).slice(start, end);
    const isFromStart = Array.isArray(this.items) && (part[0]?.[0] ?? "0") === "0";
    return isFromStart ? new Sequential(...part.map(([, module]) => module)) : new Sequential(Object.fromEntries(part));
  }

  /**
   * Takes the module at a position out, by default the last one, and returns it. Positions behind move up, names stay.
   * @throws ArgumentError if there is no such position.
   */
  pop(index = -1): UnaryModule {
    const at = position("Sequential", index, this.size);
    if (Array.isArray(this.items)) return this.items.splice(at, 1)[0] as UnaryModule;
    const [name, module] = Object.entries(this.items)[at] as [string, UnaryModule];
    delete this.items[name];
    return module;
  }

  /** @internal */
  override get ownFields(): object {
    return this.items;
  }

  private list(method: string): UnaryModule[] {
    if (Array.isArray(this.items)) return this.items;
    throw new ArgumentError(
      `Sequential: ${method} gives modules positions, and those here have names (${Object.keys(this.items).join(", ")}); use addModule(name, module)`,
      { op: "Sequential", fix: "addModule" },
    );
  }

  [Symbol.iterator](): Iterator<UnaryModule> {
    return Object.values(this.items)[Symbol.iterator]();
  }
}

/**
 * A list of modules. It cannot be called: `forward` of the module that holds it says how they are used. State-dict keys are the positions.
 * @throws ArgumentError if something is no module, or if the list is called.
 * @example
 * class Net extends nn.Module {
 *   layers = new nn.ModuleList([new nn.Linear(4, 4), new nn.Linear(4, 4)]);
 *   forward(x: Tensor) {
 *     for (const layer of this.layers) x = layer(x);
 *     return x;
 *   }
 * }
 * Object.keys(new Net().stateDict()); // ["layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"]
 */
export class ModuleList<M extends Module = Module> extends ItemList<M> {
  constructor(modules: Iterable<M> = [], ...surplus: []) {
    super("ModuleList", "modules", modules, ...surplus);
  }

  protected override itemOf(module: M, place: string): M {
    checkModule("ModuleList", module, `module ${place}`);
    return module;
  }

  /** The modules from `start` up to `end`, negative ones counted from the end, as a list of the same modules, counted anew. */
  slice(start = 0, end = this.length): ModuleList<M> {
    return new ModuleList(this.items.slice(start, end));
  }

  forward(): never {
    throw new ArgumentError("ModuleList: has no forward; loop over it in the forward of the module that holds it", {
      op: "ModuleList",
    });
  }
}

/**
 * Modules by name. It cannot be called: `forward` of the module that holds it says how they are used. State-dict keys are the names.
 * @throws ArgumentError if something is no module, or if it is called.
 * @example
 * class Net extends nn.Module {
 *   heads = new nn.ModuleDict({ left: new nn.Linear(4, 2) });
 *   forward(x: Tensor) {
 *     return this.heads.get("left")(x);
 *   }
 * }
 * Object.keys(new Net().stateDict()); // ["heads.left.weight", "heads.left.bias"]
 */
export class ModuleDict<M extends Module = Module> extends ItemDict<M> {
  constructor(modules: Named<M> = {}, ...surplus: []) {
    super("ModuleDict", "module", modules, ...surplus);
  }

  protected override itemOf(module: M, place: string): M {
    checkModule("ModuleDict", module, place);
    return module;
  }

  forward(): never {
    throw new ArgumentError("ModuleDict: has no forward; call its modules in the forward of the module that holds it", {
      op: "ModuleDict",
    });
  }
}

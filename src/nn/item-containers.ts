// What containers of modules and of parameters share: a list, or a dictionary, whose items count as the container's own fields.
import { ArgumentError } from "../base/index.js";
import { isModule } from "./fields.js";
import { Module } from "./module.js";

/** Throws unless `value` is a module. */
export function checkModule(owner: string, value: unknown, place: string): void {
  if (isModule(value)) return;
  throw new ArgumentError(`${owner}: ${place} is ${value === null ? "null" : typeof value}, not a module`, {
    op: owner,
  });
}

/** An index in [0, length), counting a negative one from the end. */
export function position(owner: string, index: number, length: number, what = "modules"): number {
  if (Number.isInteger(index) && index >= -length && index < length) return index < 0 ? index + length : index;
  throw new ArgumentError(`${owner}: index ${index} is out of range for ${length} ${what}`, { op: owner });
}

/** A place in [0, length] to insert at, counting a negative one from the end. */
export function insertPosition(owner: string, index: number, length: number, what = "modules"): number {
  return index === length ? length : position(owner, index, length, what);
}

/** Throws unless `values` can be looped over. */
export function checkIterable(owner: string, values: unknown): void {
  // A ModuleList is a function.
  if ((typeof values === "object" || typeof values === "function") && values !== null && Symbol.iterator in values)
    return;
  throw new ArgumentError(
    `${owner}: takes an array or other iterable, got ${values === null ? "null" : typeof values}`,
    {
      op: owner,
    },
  );
}

/** Items by position. Keys are the positions. */
export abstract class ItemList<T, Given = T> extends Module {
  static override readonly stateKeys: Readonly<Record<string, string>> = { items: "" };
  /** The items, in order. */
  readonly items: T[];

  /** @internal */
  constructor(
    private readonly owner: string,
    private readonly what: string,
    items: Iterable<Given>,
    ...surplus: []
  ) {
    super(...surplus);
    this.items = [];
    this.extend(items);
  }

  /** @internal The item for a value, which is checked. */
  protected abstract itemOf(value: Given, place: string): T;

  /** Number of items. */
  get size(): number {
    return this.items.length;
  }

  /** Number of items, as of an array. */
  get length(): number {
    return this.items.length;
  }

  /**
   * The item at a position; negative ones count from the end.
   * @throws ArgumentError if there is no such position.
   */
  at(index: number): T {
    return this.items[position(this.owner, index, this.length, this.what)] as T;
  }

  /**
   * Puts an item in the place of that at a position; returns this.
   * @throws ArgumentError if there is no such position, or the item does not fit.
   */
  set(index: number, value: Given): this {
    const at = position(this.owner, index, this.length, this.what);
    this.items[at] = this.itemOf(value, String(at));
    return this;
  }

  /**
   * Adds an item at the end; returns this.
   * @throws ArgumentError if the item does not fit.
   */
  append(value: Given): this {
    this.items.push(this.itemOf(value, String(this.length)));
    return this;
  }

  /**
   * Adds items at the end; returns this.
   * @throws ArgumentError if one of them does not fit, and then adds none.
   */
  extend(values: Iterable<Given>): this {
    checkIterable(this.owner, values);
    const added = Array.from(values, (value, i) => this.itemOf(value, String(this.length + i)));
    this.items.push(...added);
    return this;
  }

  /**
   * Adds an item before the one at `index`; those behind move on by one. Returns this.
   * @throws ArgumentError if there is no such position, or the item does not fit.
   */
  insert(index: number, value: Given): this {
    const at = insertPosition(this.owner, index, this.length, this.what);
    this.items.splice(at, 0, this.itemOf(value, String(at)));
    return this;
  }

  /**
   * Takes the item at a position out, by default the last one, and returns it; those behind move up.
   * @throws ArgumentError if there is no such position.
   */
  pop(index = -1): T {
    return this.items.splice(position(this.owner, index, this.length, this.what), 1)[0] as T;
  }

  /** @internal */
  override get ownFields(): object {
    return this.items;
  }

  [Symbol.iterator](): Iterator<T> {
    return this.items[Symbol.iterator]();
  }
}

/** Items by name: an object, pairs of names and items, or another dictionary of items. */
export type Named<Given> =
  | Readonly<Record<string, Given>>
  | Iterable<readonly [name: string, value: Given]>
  | ItemDict<Given>;

/** Items by name. */
export abstract class ItemDict<T, Given = T> extends Module {
  static override readonly stateKeys: Readonly<Record<string, string>> = { items: "" };
  /** The items by name. */
  readonly items: Record<string, T>;

  /** @internal */
  constructor(
    private readonly owner: string,
    private readonly what: string,
    items: Named<Given>,
    ...surplus: []
  ) {
    super(...surplus);
    this.items = {};
    this.update(items);
  }

  /** @internal The item for a value, which is checked. */
  protected abstract itemOf(value: Given, place: string): T;

  /** Number of items. */
  get size(): number {
    return this.keys().length;
  }

  /**
   * The item of this name.
   * @throws ArgumentError if there is none.
   */
  get(name: string): T {
    if (this.has(name)) return this.items[name] as T;
    throw new ArgumentError(`${this.owner}: no ${this.what} "${name}"; it has ${this.keys().join(", ")}`, {
      op: this.owner,
    });
  }

  /**
   * Puts an item under a name; returns this.
   * @throws ArgumentError if the item does not fit.
   */
  set(name: string, value: Given): this {
    this.items[name] = this.itemOf(value, name);
    return this;
  }

  /**
   * Puts items under their names; returns this. Names that are there already get the new items.
   * @throws ArgumentError if one of them does not fit, and then puts none.
   */
  update(values: Named<Given>): this {
    if (values instanceof ItemDict) return this.update(values.entries());
    const isIterable = typeof values === "object" && values !== null && Symbol.iterator in values;
    if (typeof values !== "object" || values === null) {
      throw new ArgumentError(`${this.owner}: takes an object or pairs of names and values, got ${String(values)}`, {
        op: this.owner,
      });
    }
    const pairs = isIterable ? [...values] : Object.entries(values as Readonly<Record<string, Given>>);
    const added = pairs.map(([name, value]) => [name, this.itemOf(value, name)] as const);
    Object.assign(this.items, Object.fromEntries(added));
    return this;
  }

  /**
   * Takes the item of a name out and returns it.
   * @throws ArgumentError if there is none.
   */
  pop(name: string): T {
    const item = this.get(name);
    delete this.items[name];
    return item;
  }

  /**
   * Takes the last item out and returns its name and it.
   * @throws ArgumentError if there is none.
   */
  popItem(): [name: string, item: T] {
    const name = this.keys().at(-1);
    if (name === undefined) throw new ArgumentError(`${this.owner}: popItem: it has none`, { op: this.owner });
    return [name, this.pop(name)];
  }

  /** Takes all items out. */
  clear(): void {
    for (const name of this.keys()) delete this.items[name];
  }

  /** Whether there is an item of this name. */
  has(name: string): boolean {
    return Object.hasOwn(this.items, name);
  }

  /** The names, in order. */
  keys(): string[] {
    return Object.keys(this.items);
  }

  /** The items, in order. */
  values(): T[] {
    return Object.values(this.items);
  }

  /** Names and items, in order. */
  entries(): [string, T][] {
    return Object.entries(this.items);
  }

  /** @internal */
  override get ownFields(): object {
    return this.items;
  }
}

// What a module holds: its own fields that are parameters, buffers or modules, also inside arrays and plain objects.
import { ArgumentError } from "../base/index.js";
import type { AnyModule } from "./any-module.js";
import { Buffer, Parameter } from "./parameter.js";
import { stateKeys } from "./state-keys.js";

export type Held = Parameter | Buffer | AnyModule;

/** One held thing and where it is. */
export interface Field {
  /** Path in the program: `fcOut`, `layers.0`. */
  readonly path: string;
  /** Path in a state dict: `fc_out`, `layers.0`. */
  readonly key: string;
  readonly value: Held;
  /** The module, array or object that has it, and under what name. */
  readonly holder: object;
  readonly name: string;
}

/** As a field, with the path inside the module's own field. */
type Found = Pick<Field, "value" | "holder" | "name"> & { readonly suffix: string };

/** The property that marks modules; its value is the same object only within one copy of the library. */
export const moduleBrand: unique symbol = Symbol.for("gradus.Module/1") as never;
export const ownBrand = {};

type Container = Readonly<Record<string, unknown>>;

/** The held fields of `module` in the order they were defined, without those of its children. */
export function fieldsOf(module: AnyModule): Field[] {
  const found = new Map<string, Found[]>();
  for (const name of Object.keys(module)) {
    const value = (module as unknown as Container)[name];
    // Numbers, strings and null are the bulk of a layer's fields.
    if (value === null || (typeof value !== "object" && typeof value !== "function")) continue;
    const held: Found[] = [];
    collect({ value, holder: module, name }, "", name, held, new Set());
    if (held.length > 0) found.set(name, held);
  }
  const names = [...found.keys()];
  const owner = module.constructor as { name: string; stateKeys?: Readonly<Record<string, string>> };
  const keys = stateKeys(owner.name, names, owner.stateKeys);
  return names.flatMap((name, i) => {
    const key = keys[i] as string;
    // A container's one field has the key "": its items count as the module's own.
    const start = key === "" ? { path: "", key: "" } : { path: name, key };
    const place = (at: string, suffix: string) => (at === "" ? suffix.slice(1) : at + suffix);
    return (found.get(name) ?? []).map(({ suffix, ...field }) => ({
      ...field,
      path: place(start.path, suffix),
      key: place(start.key, suffix),
    }));
  });
}

function collect(
  { value, holder, name }: { value: unknown; holder: object; name: string },
  suffix: string,
  field: string,
  held: Found[],
  open: Set<object>,
): void {
  if (isHeld(value, field + suffix)) {
    held.push({ suffix, value, holder, name });
  } else if (isPlainContainer(value) && !open.has(value)) {
    open.add(value);
    for (const inner of Object.keys(value)) {
      collect({ value: value[inner], holder: value, name: inner }, `${suffix}.${inner}`, field, held, open);
    }
    open.delete(value);
  }
}

function isHeld(value: unknown, path: string): value is Held {
  return value instanceof Parameter || value instanceof Buffer || isModule(value, path);
}

/** True for modules; throws for one that another loaded copy of the library made, which would else be ignored. */
export function isModule(value: unknown, path = "value"): value is AnyModule {
  if (typeof value !== "function") return false;
  const brand = (value as { [moduleBrand]?: unknown })[moduleBrand];
  if (brand === undefined) return false;
  if (brand === ownBrand) return true;
  throw new ArgumentError(
    `Module: ${path} is a module of another copy of gradus; install one version only (see npm ls gradus)`,
    { op: "Module" },
  );
}

export function isPlainContainer(value: unknown): value is Container {
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

// How another thread makes a value again: functions and objects with methods do not travel, but where they come from does.
import { ArgumentError, noMore, shownValue } from "../base/index.js";

/** An export of a module, called (or constructed) with arguments. */
export interface Recipe {
  readonly module: string;
  readonly name: string;
  readonly args: readonly unknown[];
}

const recipes = new WeakMap<object, Recipe>();

/** Notes how `value` was made. */
export function remember<T extends object>(value: T, recipe: Recipe): T {
  recipes.set(value, recipe);
  return value;
}

/**
 * For the constructor of a class of this package: notes how instances are made, `url` being the class's file. Instances of
 * subclasses are made otherwise.
 * @throws ArgumentError if it is no object, or the file no text.
 */
export function rememberInstance(
  instance: object,
  made: unknown,
  type: object,
  name: string,
  url: string,
  args: readonly unknown[],
  ...surplus: []
): void {
  noMore("rememberInstance", surplus);
  if (typeof instance !== "object" || instance === null || typeof url !== "string") {
    throw new ArgumentError(
      `rememberInstance: takes an instance and its class's file, got ${shownValue(instance)} and ${shownValue(url)}`,
      { op: "rememberInstance" },
    );
  }
  if (made === type) remember(instance, { module: url, name, args });
}

export function recipeOf(value: unknown): Recipe | null {
  return typeof value === "object" || typeof value === "function" ? (recipes.get(value as object) ?? null) : null;
}

async function imported(url: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return await import(/* @vite-ignore */ url);
  } catch (cause) {
    throw new ArgumentError(`fromModule: cannot load ${url}: ${(cause as Error).message}`, { op: "fromModule", cause });
  }
}

type Importer = (url: string) => Promise<Readonly<Record<string, unknown>>>;
type Maker = ((...args: readonly unknown[]) => unknown) & (new (...args: readonly unknown[]) => object);

/** Makes the value of a recipe. @throws ArgumentError if the module has no such function. */
export async function follow({ module, name, args }: Recipe, load: Importer): Promise<unknown> {
  const maker = (await load(module))[name] as Maker;
  if (typeof maker !== "function") {
    throw new ArgumentError(`fromModule: ${module} exports no function or class "${name}"`, { op: "fromModule" });
  }
  return isClass(maker) ? new maker(...args) : await maker(...args);
}

/** A class says so in its text; its prototype cannot be replaced. */
function isClass(maker: Maker): boolean {
  return Object.getOwnPropertyDescriptor(maker, "prototype")?.writable === false;
}

type Exports = Readonly<Record<string, unknown>>;
// Of a module whose type is not given, everything goes.
type Made<E> = E extends new (
  ...args: never
) => infer T
  ? T
  : E extends (...args: never) => infer T
    ? Awaited<T>
    : object;
type ArgsOf<E> = E extends new (
  ...args: infer A
) => unknown
  ? A
  : E extends (...args: infer A) => unknown
    ? A
    : readonly unknown[];

/**
 * A value, such as a data set or a collate function, that worker threads can make again: what the export `name` of a module
 * gives when it is called with `args` (constructed, if it is a class). A `DataLoader` with `numWorkers` needs its data set to
 * be made so, or to be one of Gradus' own over such values.
 *
 * Arguments travel as copies: plain values, arrays, objects, typed arrays, tensors, and other values of `fromModule`. The module
 * is loaded in each worker, so its top level should only define things. TypeScript modules need tsx or a Node that reads them.
 * @param module - its address; `new URL("./words.js", import.meta.url)` is relative to the calling file.
 * @param name - a function, which may be asynchronous, or a class.
 * @throws ArgumentError if the module cannot be loaded or has no such export.
 * @example
 * const url = new URL("./words.js", import.meta.url);
 * const words = await fromModule<typeof import("./words.js"), "Words">(url, "Words", "corpus.txt");
 * const loader = new DataLoader(words, { batchSize: 32, numWorkers: 2 });
 */
export async function fromModule<M extends object = Exports, N extends keyof M & string = keyof M & string>(
  module: URL | string,
  name: N,
  ...args: ArgsOf<M[N]>
): Promise<Made<M[N]>> {
  if ((typeof module !== "string" && !(module instanceof URL)) || typeof name !== "string") {
    throw new ArgumentError(
      `fromModule: takes the address of a module and the name of an export, got ${shownValue(module)} and ${shownValue(name)}`,
      { op: "fromModule", fix: 'fromModule(new URL("./words.js", import.meta.url), "Words")' },
    );
  }
  const recipe: Recipe = { module: String(module), name, args };
  const value = await follow(recipe, imported);
  if (typeof value !== "object" && typeof value !== "function") {
    throw new ArgumentError(
      `fromModule: ${name} of ${module} gave ${typeof value}; a data set or a function is needed`,
      {
        op: "fromModule",
      },
    );
  }
  return remember(value as object, recipe) as Made<M[N]>;
}

// Values on their way to and from worker threads: tensors go as their bytes, made values as their recipes.
import { ArgumentError, type DType, isPlainObject, type TypedArray } from "../base/index.js";
import { moveIn, moveOut, Tensor } from "../tensor/index.js";
import { follow, type Recipe, recipeOf } from "./recipe.js";

/** What structured cloning carries; tagged, so that no user's object can look like a tensor. */
export type Packed =
  | { readonly kind: "plain"; readonly value: unknown }
  | { readonly kind: "tensor"; readonly dtype: DType; readonly shape: readonly number[]; readonly elements: TypedArray }
  | { readonly kind: "array"; readonly items: readonly Packed[] }
  | { readonly kind: "object"; readonly entries: readonly (readonly [string, Packed])[] }
  | { readonly kind: "map"; readonly entries: readonly (readonly [Packed, Packed])[] }
  | { readonly kind: "made"; readonly module: string; readonly name: string; readonly args: Packed };

/**
 * Packs a value. @param path - where it stands, for errors. @param buffers - collects what may be moved instead of copied.
 * @throws ArgumentError for functions and instances of classes without a recipe.
 */
export function pack(value: unknown, path: string, buffers: ArrayBuffer[] = []): Packed {
  if (value instanceof Tensor) {
    // A fresh copy, as all reads are, so that it can be moved.
    const elements = moveOut(value);
    buffers.push(elements.buffer as ArrayBuffer);
    return { kind: "tensor", dtype: value.dtype, shape: value.shape, elements };
  }
  const recipe = recipeOf(value);
  if (recipe) return packRecipe(recipe);
  if (Array.isArray(value)) {
    return { kind: "array", items: value.map((item, i) => pack(item, `${path}[${i}]`, buffers)) };
  }
  if (value instanceof Map) {
    const entries = [...value].map(([key, item]) => [pack(key, path, buffers), pack(item, path, buffers)] as const);
    return { kind: "map", entries };
  }
  if (isCloneable(value)) return { kind: "plain", value };
  if (isPlainObject(value)) {
    const entries = Object.entries(value).map(([key, item]) => [key, pack(item, `${path}.${key}`, buffers)] as const);
    return { kind: "object", entries };
  }
  throw new ArgumentError(
    `DataLoader: ${path} is ${describe(value)}, which does not travel between threads; make it with fromModule, or inside the function that fromModule calls`,
    { op: "DataLoader", fix: "fromModule" },
  );
}

export function packRecipe({ module, name, args }: Recipe): Packed {
  const packed = args.map((arg, i) => pack(arg, `argument ${i} of ${name}`));
  return { kind: "made", module, name, args: { kind: "array", items: packed } };
}

/** The value again. Without `load` it may hold no made values. */
export function unpack(packed: Packed): unknown {
  switch (packed.kind) {
    case "plain":
      return packed.value;
    case "tensor":
      return moveIn(packed.dtype, packed.shape, packed.elements);
    case "array":
      return packed.items.map(unpack);
    case "object":
      return Object.fromEntries(packed.entries.map(([key, item]) => [key, unpack(item)]));
    case "map":
      return new Map(packed.entries.map(([key, item]) => [unpack(key), unpack(item)]));
    case "made":
      throw new ArgumentError(
        `DataLoader: a batch holds what ${packed.name} made; batches are plain values and tensors`,
      );
  }
}

/** As `unpack`, following recipes. */
export async function unpackMade(
  packed: Packed,
  load: (url: string) => Promise<Readonly<Record<string, unknown>>>,
): Promise<unknown> {
  const inner = (item: Packed) => unpackMade(item, load);
  if (packed.kind === "made") {
    const args = (await inner(packed.args)) as unknown[];
    return follow({ module: packed.module, name: packed.name, args }, load);
  }
  if (packed.kind === "array") return Promise.all(packed.items.map(inner));
  if (packed.kind === "object") {
    const entries = packed.entries.map(async ([key, item]) => [key, await inner(item)] as const);
    return Object.fromEntries(await Promise.all(entries));
  }
  return unpack(packed);
}

function isCloneable(value: unknown): boolean {
  if (value === null || (typeof value !== "object" && typeof value !== "function" && typeof value !== "symbol")) {
    return true;
  }
  return ArrayBuffer.isView(value) || [ArrayBuffer, Date, RegExp, Set].some((type) => value instanceof type);
}

function describe(value: unknown): string {
  if (typeof value === "function") return "a function";
  if (typeof value === "symbol") return "a symbol";
  return `of class ${(value as object).constructor?.name ?? "unknown"}`;
}

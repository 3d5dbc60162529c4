// Groups with equal texts are lowered once: repeated cells and blocks, and what programs have in common. What is kept are finished
// kernels with the places of their buffers and slots among those of the group; nothing of it leads to nodes or storages.
import { type DType, InternalError, isVerifying } from "../base/index.js";
import {
  type Buffer,
  type Expr,
  type ExprFactory,
  expressionsOf,
  type Kernel,
  type KernelDraft,
  nestedBodies,
  type Stmt,
  type TargetInfo,
  visitOnce,
  wholeBuffer,
} from "../ir/index.js";
import type { GroupText } from "./group-text.js";
import { type Finished, finishKernel, type KernelEntry, withArguments } from "./kernel-cache.js";
import { TextCache } from "./text-cache.js";

/** A kernel of the program, with what decides whether it may write in place. */
export interface LoweredKernel {
  readonly kernel: Kernel;
  /** Pairs of buffers it reads and writes, where each element is read before it is written, and by the iteration that writes it. */
  readonly inPlace: readonly (readonly [read: Buffer, written: Buffer])[];
}

/** What a group's lowering makes: its kernels before their passes, and the memory that they share. */
export interface Lowering {
  readonly f: ExprFactory;
  readonly drafts: readonly KernelDraft[];
  readonly temporaries: readonly Buffer[];
  /** Whether its kernels may write in place: loops over elements do. */
  readonly mayWriteInPlace: boolean;
}

/** A buffer by its place among the group's, or among the temporaries, from an element on. */
interface Place {
  readonly of: "group" | "temporary";
  readonly at: number;
  readonly from: number;
}

interface KernelRecipe {
  readonly entry: KernelEntry;
  readonly text: string;
  readonly head: Pick<Kernel, "name" | "tiles" | "flops" | "bytes">;
  /** Null for the body's own local buffers. */
  readonly buffers: readonly (Place | null)[];
  readonly slots: readonly number[];
  readonly inPlace: readonly (readonly [Place, Place])[];
}

interface Recipe {
  readonly kernels: readonly KernelRecipe[];
  readonly temporaries: readonly { readonly name: string; readonly dtype: DType; readonly size: number }[];
}

const caches = new WeakMap<TargetInfo, TextCache<Recipe>>();
const stats = { lowered: 0, found: 0 };

/** Groups that were lowered, and that were found lowered, since the start of the process. */
export function loweringStats(): Readonly<typeof stats> {
  return { ...stats };
}

/** The kernels of a group: those of an equal one that was lowered before, else `lower`'s. */
export function lowerOnce(f: ExprFactory, info: TargetInfo, group: GroupText, lower: () => Lowering): LoweredKernel[] {
  let cache = caches.get(info);
  if (!cache) {
    cache = new TextCache();
    caches.set(info, cache);
  }
  const known = cache.get(group.text);
  if (known) {
    stats.found++;
    const kernels = follow(f, known, group);
    if (isVerifying()) compare(known, kernels, group, lower(), info);
    return kernels;
  }
  stats.lowered++;
  const lowering = lower();
  const made = lowering.drafts.map((draft) => finish(lowering, draft, info));
  const recipe = recipeOf(group, lowering, made);
  if (recipe) cache.set(group.text, recipe);
  return made.map(({ finished, inPlace }) => ({ kernel: finished.kernel, inPlace }));
}

interface Made {
  readonly draft: KernelDraft;
  readonly finished: Finished;
  readonly inPlace: LoweredKernel["inPlace"];
}

function finish({ f, mayWriteInPlace }: Lowering, draft: KernelDraft, info: TargetInfo): Made {
  const inPlace = mayWriteInPlace ? inPlacePairs(draft.body) : [];
  return { draft, finished: finishKernel(f, draft, info), inPlace };
}

/** Kernels that are lowered each time. */
export function lowerApart(lowering: Lowering, info: TargetInfo): LoweredKernel[] {
  return lowering.drafts.map((draft) => {
    const { finished, inPlace } = finish(lowering, draft, info);
    return { kernel: finished.kernel, inPlace };
  });
}

// ---- from kernels to a recipe and back ------------------------------------------------------------------------

/** Null where a kernel touches something that the group's text does not name. */
function recipeOf(group: GroupText, { temporaries }: Lowering, made: readonly Made[]): Recipe | null {
  const numbers = new Map<Buffer, number>(group.buffers.map((buffer, i) => [wholeBuffer(buffer), i]));
  const placeOf = (buffer: Buffer): Place | null => {
    const [whole, from] = [wholeBuffer(buffer), buffer.part?.from ?? 0];
    const temporary = temporaries.indexOf(whole);
    if (temporary >= 0) return { of: "temporary", at: temporary, from };
    const at = numbers.get(whole);
    if (at === undefined) return null;
    const start = (group.buffers[at] as Buffer).part?.from ?? 0;
    // An equal group may touch a part that begins earlier: nothing may lie before it.
    return from < start ? null : { of: "group", at, from: from - start };
  };
  const kernels: KernelRecipe[] = [];
  for (const { draft, finished, inPlace } of made) {
    const { name, tiles, flops, bytes } = draft;
    const buffers = finished.buffers.map((buffer) => (buffer.space === "local" ? null : placeOf(buffer)));
    const slots = finished.slots.map((slot) => group.slots.indexOf(slot));
    const isWhole = buffers.every((place, i) => place !== null || finished.buffers[i]?.space === "local");
    if (!isWhole || slots.includes(-1)) return null;
    const pairs = inPlace.flatMap(([read, written]): [Place, Place][] => {
      const [from, to] = [placeOf(read), placeOf(written)];
      return from && to && isFromStart(group, from) ? [[from, to]] : [];
    });
    const head = { name, tiles, flops, bytes };
    kernels.push({ entry: finished.entry, text: finished.text, head, buffers, slots, inPlace: pairs });
  }
  return { kernels, temporaries: temporaries.map(({ name, dtype, size }) => ({ name, dtype, size })) };
}

/** What equal groups read from the first element on, they read at the indices they write it at; later parts they do not. */
function isFromStart({ buffers }: GroupText, { of, at }: Place): boolean {
  return of === "temporary" || !buffers[at]?.part;
}

function follow(f: ExprFactory, recipe: Recipe, group: GroupText): LoweredKernel[] {
  const temporaries = recipe.temporaries.map(({ name, dtype, size }) => f.buffer(name, dtype, size));
  const parts = new Map<string, Buffer>();
  const wholeOf = ({ of, at }: Place): Buffer =>
    of === "temporary" ? (temporaries[at] as Buffer) : wholeBuffer(group.buffers[at] as Buffer);
  const bufferAt = (place: Place): Buffer => {
    const whole = wholeOf(place);
    const start = place.of === "group" ? ((group.buffers[place.at] as Buffer).part?.from ?? 0) : 0;
    const from = start + place.from;
    if (from === 0) return whole;
    const key = `${whole.id} ${from}`;
    const part = parts.get(key) ?? f.partOf(whole, from);
    parts.set(key, part);
    return part;
  };
  return recipe.kernels.map(({ entry, head, buffers, slots, inPlace }) => {
    const actual = buffers.map((place, i) => (place ? bufferAt(place) : (entry.buffers[i] as Buffer)));
    const kernel = withArguments(
      entry,
      head,
      actual,
      slots.map((at) => group.slots[at] as number),
    );
    const pairs = inPlace.filter(([read]) => isFromStart(group, read));
    return { kernel, inPlace: pairs.map(([read, written]) => [wholeOf(read), wholeOf(written)] as const) };
  });
}

/** @throws InternalError if lowering the group by itself does not give the kernels that were found for it. */
function compare(
  recipe: Recipe,
  found: readonly LoweredKernel[],
  group: GroupText,
  lowering: Lowering,
  info: TargetInfo,
): void {
  const own = lowering.drafts.map((draft) => finish(lowering, draft, info));
  const temporaries = new Map(lowering.temporaries.map((buffer, i) => [buffer, i]));
  const describe = (buffer: Buffer, temporary: number | undefined): string => {
    const whole = wholeBuffer(buffer);
    return `${temporary === undefined ? whole.id : `temporary ${temporary}`}+${buffer.part?.from ?? 0}`;
  };
  const isSame =
    own.length === found.length &&
    own.every(({ draft, finished, inPlace }, k) => {
      const known = recipe.kernels[k] as KernelRecipe;
      const { kernel, inPlace: pairs } = found[k] as LoweredKernel;
      const { head } = known;
      if (finished.text !== known.text || head.name !== draft.name || head.tiles !== draft.tiles) return false;
      if (head.flops !== draft.flops || head.bytes !== draft.bytes) return false;
      if (!pairs.every(([read, to]) => inPlace.some(([x, y]) => x === read && y === to))) return false;
      if (!finished.slots.every((slot, i) => slot === group.slots[known.slots[i] as number])) return false;
      return finished.buffers.every((buffer, i) => {
        const place = known.buffers[i];
        if (!place) return buffer.space === "local";
        const actual = kernel.args?.buffers.get(known.entry.buffers[i] as Buffer) as Buffer;
        const temporary = place.of === "temporary" ? place.at : undefined;
        return describe(actual, temporary) === describe(buffer, temporaries.get(wholeBuffer(buffer)));
      });
    });
  if (!isSame) throw new InternalError(`a group was taken for one with other kernels:\n${group.text}`);
}

// ---- writing in place -----------------------------------------------------------------------------------------

/** Loads of a buffer, with the number of the statement that needs each first; or stores to one, by their indices. */
interface Accesses {
  readonly loads: Map<Buffer, { readonly index: Expr; readonly at: number }[]>;
  readonly stores: Map<Buffer, { readonly indices: Set<Expr>; readonly first: number }>;
}

/**
 * All buffers `read` and `written` where every load of `read` is of the element that the same iteration stores to `written`, and
 * none is first needed after that store (a value needed twice is loaded once, where it is needed first).
 */
function inPlacePairs(body: readonly Stmt[]): LoweredKernel["inPlace"] {
  const { loads, stores } = accessesOf(body);
  const pairs: [Buffer, Buffer][] = [];
  for (const [read, of] of loads) {
    for (const [written, { indices, first }] of stores) {
      if (read === written || read.dtype !== written.dtype) continue;
      if (of.every(({ index, at }) => at <= first && indices.has(index))) pairs.push([read, written]);
    }
  }
  return pairs;
}

function accessesOf(body: readonly Stmt[]): Accesses {
  const loads: Accesses["loads"] = new Map();
  const stores: Accesses["stores"] = new Map();
  let at = 0;
  const value = visitOnce((x) => {
    if (x.kind !== "load" || x.buffer.space === "local") return;
    const list = loads.get(x.buffer);
    if (list) list.push({ index: x.index, at });
    else loads.set(x.buffer, [{ index: x.index, at }]);
  });
  const visit = (stmts: readonly Stmt[], areStores: boolean): void => {
    for (const stmt of stmts) {
      at++;
      expressionsOf(stmt).forEach(value);
      // What is stored under a condition may be read and not written.
      for (const inner of nestedBodies(stmt)) visit(inner, areStores && stmt.kind !== "if");
      if (stmt.kind !== "store" || stmt.buffer.space === "local" || !areStores) continue;
      const known = stores.get(stmt.buffer);
      if (known) known.indices.add(stmt.index);
      else stores.set(stmt.buffer, { indices: new Set([stmt.index]), first: at });
    }
  };
  visit(body, true);
  return { loads, stores };
}

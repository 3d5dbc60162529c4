// Values that only a concatenation reads lie in it from the start: the kernel that computes them stores them in their part (the
// gradients of query, key and value in that of their joined projection).
import { numel } from "../base/index.js";
import { attr, type Node } from "../graph/index.js";
import { type Buffer, children, type Expr, type ExprFactory, type KernelDraft } from "../ir/index.js";
import { affineView } from "./contraction/form.js";
import { type Group, memoryReads } from "./group.js";
import type { KernelEnv, Part, PartTable } from "./kernel-env.js";
import { type Access, moveAccesses } from "./move-accesses.js";
import { isView } from "./views.js";

/** The contractions of a program that are parts. */
export class Parts implements PartTable {
  constructor(private readonly parts: Map<Node, Part> = new Map()) {}

  of(node: Node): Part | null {
    return this.parts.get(node) ?? null;
  }

  has(whole: Node, input: number): boolean {
    for (const part of this.parts.values()) if (part.whole === whole && part.input === input) return true;
    return false;
  }

  /** What of it decides how groups are lowered. */
  textOf(groups: readonly Group[]): string {
    if (this.parts.size === 0) return "";
    const texts = groups.flatMap(({ kind, members }, g) =>
      members.flatMap(({ node }, m): string[] => {
        if (kind === "concat") return node.inputs.flatMap((_, i) => (this.has(node, i) ? [`has ${i}`] : []));
        const part = this.of(node);
        return part ? [`${g} ${m} in ${part.run} of ${part.pitch}`] : [];
      }),
    );
    return texts.join();
  }

  /** Gives the members of groups memory of their own after all; false if they have it. */
  drop(groups: readonly Group[]): boolean {
    let some = false;
    for (const { members } of groups) for (const { node } of members) some = this.parts.delete(node) || some;
    return some;
  }

  /**
   * The kernels of groups with what they do in parts' own memory moved into the wholes'; none if an index does not fall apart into runs
   * and places in them without a division in the loops.
   */
  store(env: KernelEnv, groups: readonly Group[], drafts: readonly KernelDraft[]): KernelDraft[] {
    const places = new Map<Buffer, Place>();
    for (const { members } of groups) {
      for (const { node } of members) {
        const part = this.of(node);
        if (part) places.set(env.bufferOf(node) as Buffer, { ...part, buffer: env.bufferOf(part.whole) as Buffer });
      }
    }
    return places.size === 0 ? [...drafts] : storeInWholes(env.f, drafts, places);
  }
}

/** The contractions that are parts, found before any is lowered; `needed`: values that have to have memory of their own. */
export function findParts(groups: readonly Group[], stored: ReadonlySet<Node>, needed: ReadonlySet<Node>): Parts {
  const parts = new Map<Node, Part>();
  const concats = groups.flatMap(({ kind, members }) => (kind === "concat" ? members.map(({ node }) => node) : []));
  if (concats.length === 0) return new Parts();
  const homes = new Map(groups.flatMap((group) => group.members.map(({ node }): [Node, Group] => [node, group])));
  const readers = countReaders(groups, stored);
  for (const whole of concats) {
    const dim = attr<number>(whole, "dim");
    const each = numel(whole.shape.slice(dim + 1));
    let start = 0;
    whole.inputs.forEach((value, input) => {
      const run = (value.shape[dim] as number) * each;
      const base = wholeBelow(value, stored);
      const isAlone = base !== null && readers.get(base) === 1 && !needed.has(base);
      if (isAlone && homes.get(base)?.kind === "contraction") {
        parts.set(base, { whole, input, start, run, pitch: (whole.shape[dim] as number) * each });
      }
      start += run;
    });
  }
  return new Parts(parts);
}

/** How often values in memory are read by other groups; each input of a concatenation counts. */
function countReaders(groups: readonly Group[], stored: ReadonlySet<Node>): Map<Node, number> {
  const readers = new Map<Node, number>();
  for (const { kind, members, rowSums } of groups) {
    const own = new Set(members.map(({ node }) => node));
    const reads = [...own, ...rowSums].flatMap((node) =>
      kind === "concat"
        ? node.inputs.flatMap((x) => (stored.has(x) ? [x] : [...memoryReads(x, stored)]))
        : [...memoryReads(node, stored)],
    );
    for (const x of reads) if (!own.has(x)) readers.set(x, (readers.get(x) ?? 0) + 1);
  }
  return readers;
}

/** The stored node of which `value` is another shape; null if there is none. */
function wholeBelow(value: Node, stored: ReadonlySet<Node>): Node | null {
  const view = affineView(value, isView, (x) => stored.has(x));
  if (!view || !stored.has(view.base) || view.base.size !== value.size || view.offset !== 0) return null;
  let stride = value.size;
  const isRowMajor = value.shape.every((size, d) => {
    stride /= size;
    return size === 1 || view.strides[d] === stride;
  });
  return isRowMajor ? view.base : null;
}

/** What of a part has to be known to store it. */
interface Place extends Part {
  /** Memory of the whole. */
  readonly buffer: Buffer;
}

function storeInWholes(
  f: ExprFactory,
  drafts: readonly KernelDraft[],
  places: ReadonlyMap<Buffer, Place>,
): KernelDraft[] {
  let isClean = true;
  const place = (buffer: Buffer, index: Expr, lanes: number): Access | null => {
    const part = places.get(buffer);
    if (!part) return null;
    const run = f.int(part.run);
    const [number, within] = [f.div(index, run), f.rem(index, run)];
    isClean &&= within.max + lanes <= part.run && !dividesAnew(number, index) && !dividesAnew(within, index);
    const at = f.add(f.add(f.mul(number, f.int(part.pitch)), within), f.int(part.start));
    return { buffer: part.buffer, index: at };
  };
  const moved = drafts.map((draft) => ({ ...draft, body: moveAccesses(f, draft.body, { place }) }));
  return isClean ? moved : [];
}

/** True if there is a division in `x` that is none of `before`. */
function dividesAnew(x: Expr, before: Expr): boolean {
  const known = new Set<Expr>();
  const note = (y: Expr): void => {
    if (known.has(y)) return;
    known.add(y);
    children(y).forEach(note);
  };
  note(before);
  const visit = (y: Expr): boolean => {
    if (known.has(y)) return false;
    return (y.kind === "binary" && (y.op === "div" || y.op === "rem")) || children(y).some(visit);
  };
  return visit(x);
}

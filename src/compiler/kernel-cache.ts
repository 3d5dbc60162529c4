// Equal kernels are finished once. A kernel's text, with numbers for its buffers, variables and scalars, says what it does
// whoever its buffers are: repeated blocks of a network, the updates of an optimizer, and programs that have a kernel in common
// share one body, and targets the code they make of it.
import { itemSize } from "../base/index.js";
import {
  type Buffer,
  children,
  type Expr,
  type ExprFactory,
  expressionsOf,
  finalizeKernel,
  type Kernel,
  type KernelDraft,
  mapStatements,
  nestedBodies,
  type Stmt,
  type TargetInfo,
  visitExpressions,
  visitStatements,
} from "../ir/index.js";
import { TextCache } from "./text-cache.js";

export interface KernelEntry {
  readonly kernel: Kernel;
  /** Buffers and scalar slots of the kernel that was finished, in the order of the text. */
  readonly buffers: readonly Buffer[];
  readonly slots: readonly number[];
}

class KernelCache {
  readonly #entries = new TextCache<KernelEntry>();

  finish(f: ExprFactory, draft: KernelDraft, info: TargetInfo): Finished {
    const parts = partsOf(f, draft);
    const { text, buffers, slots } = new KernelText(draft, parts);
    const known = this.#entries.get(text);
    if (known) return { kernel: withArguments(known, draft, buffers, slots), text, buffers, slots, entry: known };
    const kernel = finalizeKernel(f, { ...draft, body: moved(f, draft.body, parts) }, info);
    const entry = { kernel, buffers, slots };
    this.#entries.set(text, entry);
    return { kernel, text, buffers, slots, entry };
  }
}

/** A kernel after its passes, and what it was made of. */
export interface Finished {
  readonly kernel: Kernel;
  readonly text: string;
  /** What the kernel touches, in the order of the text: global buffers or parts of them, and the body's own local ones. */
  readonly buffers: readonly Buffer[];
  readonly slots: readonly number[];
  readonly entry: KernelEntry;
}

/** The kernel of `entry` for other buffers and slots, given in the order of its own. */
export function withArguments(
  { kernel, buffers: named, slots: namedSlots }: KernelEntry,
  { name, tiles, flops, bytes }: Pick<Kernel, "name" | "tiles" | "flops" | "bytes">,
  buffers: readonly Buffer[],
  slots: readonly number[],
): Kernel {
  const actual = new Map<Buffer, Buffer>();
  named.forEach((buffer, i) => {
    if (buffer.space === "global") actual.set(buffer, buffers[i] as Buffer);
  });
  return {
    name,
    tiles,
    flops,
    bytes,
    tile: kernel.tile,
    body: kernel.body,
    buffers: kernel.buffers.map((buffer) => actual.get(buffer) ?? buffer),
    args: { buffers: actual, slots: new Map(namedSlots.map((slot, i) => [slot, slots[i] as number])) },
  };
}

const caches = new WeakMap<TargetInfo, KernelCache>();

/** Runs the passes over a kernel, unless an equal one went through them before. */
export function finishKernel(f: ExprFactory, draft: KernelDraft, info: TargetInfo): Finished {
  let cache = caches.get(info);
  if (!cache) {
    cache = new KernelCache();
    caches.set(info, cache);
  }
  return cache.finish(f, draft, info);
}

/** Parts begin where buffers do: at multiples of so many bytes. */
const PART_BYTES = 64;
/** And no farther from the buffer's begin than targets can add to an address. */
const MOST_BYTES = 2 ** 30;

/**
 * For each global buffer that a draft touches, the part it does: what comes before the constant that all indices have in
 * common is cut off. The steps of a recurrent layer read and write one buffer at places of their own, and are then one kernel.
 */
export function partsOf(f: ExprFactory, { body }: Pick<KernelDraft, "body">): ReadonlyMap<Buffer, Buffer> {
  const starts = new Map<Buffer, number>();
  const visit = (buffer: Buffer, index: Expr) => {
    if (buffer.space === "local") return;
    const { constant } = sumOf(index);
    // Where the other summands may be negative, the part would begin behind the first element.
    const start = index.min >= constant ? Math.max(0, constant) : 0;
    starts.set(buffer, Math.min(starts.get(buffer) ?? start, start));
  };
  visitExpressions(body, (x) => {
    if (x.kind === "load") visit(x.buffer, x.index);
  });
  visitStatements(body, (stmt) => {
    if (stmt.kind === "store" || stmt.kind === "prefetch") visit(stmt.buffer, stmt.index);
  });
  const parts = new Map<Buffer, Buffer>();
  for (const [buffer, start] of starts) {
    const unit = PART_BYTES / itemSize(buffer.dtype);
    const from = Math.floor(Math.min(start, MOST_BYTES / itemSize(buffer.dtype)) / unit) * unit;
    parts.set(buffer, from > 0 ? f.partOf(buffer, from) : buffer);
  }
  return parts;
}

interface Sum {
  readonly terms: readonly Expr[];
  readonly coefficients: readonly number[];
  readonly constant: number;
}

const once: readonly number[] = [1];

/** An index as a sum. */
function sumOf(index: Expr): Sum {
  if (index.kind === "linear") return index;
  if (index.kind === "const") return { terms: [], coefficients: [], constant: Number(index.value) };
  return { terms: [index], coefficients: once, constant: 0 };
}

/** The statements with their accesses to buffers as those to the parts. */
function moved(f: ExprFactory, body: readonly Stmt[], parts: ReadonlyMap<Buffer, Buffer>): readonly Stmt[] {
  if ([...parts].every(([buffer, part]) => buffer === part)) return body;
  const done = new Map<Expr, Expr>();
  const fromStart = (buffer: Buffer, index: Expr): Expr => f.sub(index, f.int(buffer.part?.from ?? 0));
  const move = (x: Expr): Expr => {
    const known = done.get(x);
    if (known) return known;
    const made = children(x).length === 0 ? x : x.kind === "load" ? moveLoad(x) : f.rebuildPlain(x, move);
    done.set(x, made);
    return made;
  };
  const moveLoad = (x: Extract<Expr, { kind: "load" }>): Expr => {
    const part = parts.get(x.buffer);
    if (!part || part === x.buffer) return f.rebuildPlain(x, move);
    return f.moveLoad(x, part, fromStart(part, move(x.index)), x.guard && move(x.guard));
  };
  const stores = (stmts: readonly Stmt[]): Stmt[] =>
    stmts.map((stmt): Stmt => {
      if (stmt.kind === "for" || stmt.kind === "while") return { ...stmt, body: stores(stmt.body) };
      if (stmt.kind === "if") return { ...stmt, then: stores(stmt.then), else: stores(stmt.else) };
      if (stmt.kind !== "store" && stmt.kind !== "prefetch") return stmt;
      const part = parts.get(stmt.buffer);
      if (!part || part === stmt.buffer) return stmt;
      return { ...stmt, buffer: part, index: fromStart(part, stmt.index) };
    });
  return stores(mapStatements(body, move));
}

/** What a draft says, and the buffers and slots it says it of. Sizes of global buffers do not show in code. */
export class KernelText {
  readonly text: string;
  readonly buffers: Buffer[] = [];
  readonly slots: number[] = [];
  readonly #lines: string[] = [];
  readonly #numbers = new Map<Expr, number>();
  readonly #bufferNumbers = new Map<Buffer, number>();

  constructor(
    draft: Pick<KernelDraft, "tile" | "body">,
    private readonly parts: ReadonlyMap<Buffer, Buffer>,
  ) {
    this.#number(draft.tile);
    this.#block(draft.body);
    this.text = this.#lines.join("\n");
  }

  #block(body: readonly Stmt[]): void {
    for (const stmt of body) this.#statement(stmt);
  }

  #statement(stmt: Stmt): void {
    const operands = expressionsOf(stmt).map((x) =>
      (stmt.kind === "store" || stmt.kind === "prefetch") && x === stmt.index
        ? this.#index(stmt.buffer, x)
        : this.#number(x),
    );
    this.#lines.push(`${stmt.kind} ${operands.join(" ")} ${this.#own(stmt)}`);
    for (const body of nestedBodies(stmt)) {
      this.#block(body);
      this.#lines.push("end");
    }
  }

  #own(stmt: Stmt): string {
    switch (stmt.kind) {
      case "let":
      case "assign":
        return `${this.#number(stmt.v)}`;
      case "store":
        return this.#buffer(stmt.buffer);
      case "prefetch":
        return `${this.#buffer(stmt.buffer)} ${stmt.use}`;
      case "for":
        return `${this.#number(stmt.v)} ${stmt.step} ${stmt.hint ?? ""}`;
      default:
        return "";
    }
  }

  /** The place of an access in the part it is one to: the same text wherever the part begins. */
  #index(buffer: Buffer, index: Expr): string {
    const part = this.parts.get(buffer);
    if (!part) return `${this.#number(index)}`;
    const { terms, coefficients, constant } = sumOf(index);
    const summands = terms.map((term, i) => `${coefficients[i]}*${this.#number(term)}`);
    return `[${summands.join("+")}+${constant - (part.part?.from ?? 0)}]`;
  }

  #buffer(whole: Buffer): string {
    const buffer = this.parts.get(whole) ?? whole;
    let number = this.#bufferNumbers.get(buffer);
    if (number === undefined) {
      number = this.buffers.length;
      this.#bufferNumbers.set(buffer, number);
      this.buffers.push(buffer);
      const size = buffer.space === "local" ? buffer.size : "";
      this.#lines.push(`buffer ${buffer.dtype} ${buffer.space} ${size}`);
    }
    return `b${number}`;
  }

  #slot(slot: number): number {
    const known = this.slots.indexOf(slot);
    return known >= 0 ? known : this.slots.push(slot) - 1;
  }

  /** Each expression object gets one line: what is shared shows as shared. */
  #number(x: Expr): number {
    const known = this.#numbers.get(x);
    if (known !== undefined) return known;
    const operands = children(x).map((child) =>
      x.kind === "load" && child === x.index ? this.#index(x.buffer, child) : this.#number(child),
    );
    const line = `${x.kind} ${x.type}${x.lanes} ${operands.join(" ")} ${this.#attributes(x)}`;
    const number = this.#numbers.size;
    this.#numbers.set(x, number);
    this.#lines.push(line);
    return number;
  }

  #attributes(x: Expr): string {
    switch (x.kind) {
      case "const":
        return Object.is(x.value, -0) ? "-0" : String(x.value);
      case "var":
        return `${x.mutable} ${x.min} ${x.max}`;
      case "linear":
        return `${x.coefficients.join(" ")} + ${x.constant}`;
      case "unary":
      case "binary":
        return x.op;
      case "load":
        return `${this.#buffer(x.buffer)} ${x.guard !== null}`;
      case "param":
        return `${this.#slot(x.slot)}`;
      case "extract":
        return `${x.lane}`;
      case "shuffle":
        return x.pattern.join(" ");
      default:
        return "";
    }
  }
}

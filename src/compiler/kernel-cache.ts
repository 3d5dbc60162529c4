// Equal kernels are finished once. A kernel's text, with numbers for its buffers, variables and scalars, says what it does
// whoever its buffers are: repeated blocks of a network, the updates of an optimizer, and programs that have a kernel in common
// share one body, and targets the code they make of it.
import {
  type Buffer,
  children,
  type Expr,
  type ExprFactory,
  expressionsOf,
  finalizeKernel,
  type Kernel,
  type KernelDraft,
  nestedBodies,
  type Stmt,
  type TargetInfo,
} from "../ir/index.js";

/** Bodies kept, and how long their texts may be together; the least recently used go first. */
const MOST_KERNELS = 2048;
const MOST_CHARACTERS = 16 << 20;

interface Entry {
  readonly kernel: Kernel;
  /** Buffers and scalar slots of the kernel that was finished, in the order of the text. */
  readonly buffers: readonly Buffer[];
  readonly slots: readonly number[];
}

class KernelCache {
  readonly #entries = new Map<string, Entry>();
  #characters = 0;

  finish(f: ExprFactory, draft: KernelDraft, info: TargetInfo): Kernel {
    const { text, buffers, slots } = new KernelText(draft);
    const known = this.#entries.get(text);
    if (known) {
      this.#entries.delete(text);
      this.#entries.set(text, known);
      return withArguments(known, draft, buffers, slots);
    }
    const kernel = finalizeKernel(f, draft, info);
    this.#entries.set(text, { kernel, buffers, slots });
    this.#characters += text.length;
    this.#evict();
    return kernel;
  }

  #evict(): void {
    for (const text of this.#entries.keys()) {
      if (this.#entries.size <= MOST_KERNELS && this.#characters <= MOST_CHARACTERS) return;
      this.#entries.delete(text);
      this.#characters -= text.length;
    }
  }
}

function withArguments(
  { kernel, buffers: named, slots: namedSlots }: Entry,
  { name, tiles, flops, bytes }: KernelDraft,
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
export function finishKernel(f: ExprFactory, draft: KernelDraft, info: TargetInfo): Kernel {
  let cache = caches.get(info);
  if (!cache) {
    cache = new KernelCache();
    caches.set(info, cache);
  }
  return cache.finish(f, draft, info);
}

/** What a draft says, and the buffers and slots it says it of. Sizes of global buffers do not show in code. */
class KernelText {
  readonly text: string;
  readonly buffers: Buffer[] = [];
  readonly slots: number[] = [];
  readonly #parts: string[] = [];
  readonly #numbers = new Map<Expr, number>();
  readonly #bufferNumbers = new Map<Buffer, number>();

  constructor(draft: KernelDraft) {
    this.#number(draft.tile);
    this.#block(draft.body);
    this.text = this.#parts.join("\n");
  }

  #block(body: readonly Stmt[]): void {
    for (const stmt of body) this.#statement(stmt);
  }

  #statement(stmt: Stmt): void {
    const operands = expressionsOf(stmt).map((x) => this.#number(x));
    this.#parts.push(`${stmt.kind} ${operands.join(" ")} ${this.#own(stmt)}`);
    for (const body of nestedBodies(stmt)) {
      this.#block(body);
      this.#parts.push("end");
    }
  }

  #own(stmt: Stmt): string {
    switch (stmt.kind) {
      case "let":
      case "assign":
        return `${this.#number(stmt.v)}`;
      case "store":
        return this.#buffer(stmt.buffer);
      case "for":
        return `${this.#number(stmt.v)} ${stmt.step} ${stmt.hint ?? ""}`;
      default:
        return "";
    }
  }

  #buffer(buffer: Buffer): string {
    let number = this.#bufferNumbers.get(buffer);
    if (number === undefined) {
      number = this.buffers.length;
      this.#bufferNumbers.set(buffer, number);
      this.buffers.push(buffer);
      const size = buffer.space === "local" ? buffer.size : "";
      this.#parts.push(`buffer ${buffer.dtype} ${buffer.space} ${size}`);
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
    const operands = children(x).map((child) => this.#number(child));
    const line = `${x.kind} ${x.type}${x.lanes} ${operands.join(" ")} ${this.#attributes(x)}`;
    const number = this.#numbers.size;
    this.#numbers.set(x, number);
    this.#parts.push(line);
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

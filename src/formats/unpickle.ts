// Reads Python pickles as data. It runs no code: classes and functions are names that the caller knows or refuses.
// Format: Python's pickletools.py; protocols 0 to 4, as far as data needs them.
import { FormatError } from "../base/index.js";

/** A class or function by its name: what `GLOBAL` gives. */
export interface GlobalName {
  readonly module: string;
  readonly name: string;
}

/** What the caller makes of the parts that are no plain data. */
export interface UnpickleHandlers {
  /** What calling a class or function with arguments gives; throws for those it does not know. */
  call(callee: GlobalName, args: readonly unknown[]): unknown;
  /** The object behind a persistent id. */
  persistent(id: unknown): unknown;
  /** A class or function that is used as a value, not called (a dtype); throws for those it does not know. */
  value(name: GlobalName): unknown;
}

class Global implements GlobalName {
  constructor(
    readonly module: string,
    readonly name: string,
  ) {}
}

/** Python tuples: arrays that no longer change. */
const mark = Symbol("mark");

/** Opcodes by their byte. */
const op = (character: string): number => character.charCodeAt(0);

export interface Unpickled {
  readonly value: unknown;
  /** The byte after the pickle. */
  readonly end: number;
}

/**
 * The value of the pickle that begins at `start`: dicts become plain objects (keys are texts and integers), lists and tuples
 * arrays, sets Sets, bytes Uint8Arrays, integers beyond 2^53 bigints, None null.
 * @throws FormatError for damaged pickles, unknown opcodes, and whatever the handlers refuse.
 */
export function unpickle(bytes: Uint8Array, start: number, name: string, handlers: UnpickleHandlers): Unpickled {
  return new Unpickler(bytes, start, name, handlers).run();
}

class Unpickler {
  readonly #stack: unknown[] = [];
  readonly #memo = new Map<number, unknown>();
  readonly #view: DataView;
  #at: number;

  constructor(
    private readonly bytes: Uint8Array,
    start: number,
    private readonly name: string,
    private readonly handlers: UnpickleHandlers,
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = start;
  }

  run(): Unpickled {
    for (;;) {
      const code = this.#byte();
      if (code === op(".")) return { value: this.#plain(this.#pop()), end: this.#at };
      this.#step(code);
    }
  }

  #fail(text: string): FormatError {
    return new FormatError(`pickle: ${this.name} ${text}`, { op: "pickle" });
  }

  // --- bytes

  #take(count: number): number {
    const at = this.#at;
    if (!(count >= 0 && at + count <= this.bytes.length)) {
      throw this.#fail(`is truncated: ${count} bytes are needed at byte ${at} of ${this.bytes.length}`);
    }
    this.#at += count;
    return at;
  }

  #byte(): number {
    return this.bytes[this.#take(1)] as number;
  }

  #u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  #u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  #u64(): number {
    return Number(this.#view.getBigUint64(this.#take(8), true));
  }

  #raw(count: number): Uint8Array {
    const at = this.#take(count);
    return new Uint8Array(this.bytes.subarray(at, at + count));
  }

  #text(count: number): string {
    const at = this.#take(count);
    return new TextDecoder().decode(this.bytes.subarray(at, at + count));
  }

  #line(): string {
    const end = this.bytes.indexOf(10, this.#at);
    if (end < 0) throw this.#fail("is truncated in a line of text");
    const text = this.#text(end - this.#at);
    this.#at = end + 1;
    return text;
  }

  /** A little-endian number of any length, in two's complement. */
  #long(count: number): number | bigint {
    const raw = this.#raw(count);
    let value = 0n;
    for (let i = raw.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(raw[i] as number);
    if (raw.length > 0 && (raw[raw.length - 1] as number) >= 128) value -= 1n << BigInt(8 * raw.length);
    return narrowed(value);
  }

  // --- stack

  #push(value: unknown): void {
    this.#stack.push(value);
  }

  #pop(): unknown {
    if (this.#stack.length === 0) throw this.#fail("is damaged: its stack runs empty");
    const value = this.#stack.pop();
    if (value === mark) throw this.#fail("is damaged: a mark is where a value belongs");
    return value;
  }

  #top(): unknown {
    const value = this.#pop();
    this.#push(value);
    return value;
  }

  /** The values down to the last mark, which goes too. */
  #popMark(): unknown[] {
    const at = this.#stack.lastIndexOf(mark);
    if (at < 0) throw this.#fail("is damaged: a mark is missing");
    const values = this.#stack.splice(at);
    return values.slice(1).map((value) => this.#plain(value));
  }

  /** Names used as values become what the caller makes of them. */
  #plain(value: unknown): unknown {
    return value instanceof Global ? this.handlers.value(value) : value;
  }

  #popPlain(): unknown {
    return this.#plain(this.#pop());
  }

  #get(index: number): void {
    if (!this.#memo.has(index)) throw this.#fail(`is damaged: it refers to value ${index}, which it has not stored`);
    this.#push(this.#memo.get(index));
  }

  #put(index: number): void {
    this.#memo.set(index, this.#top());
  }

  // --- containers

  #setItems(target: unknown, items: readonly unknown[]): void {
    if (items.length % 2 !== 0) throw this.#fail("is damaged: a dict has a key without value");
    if (typeof target !== "object" || target === null || Array.isArray(target) || !isDict(target)) {
      throw this.#fail("is damaged: items are set on something that is no dict");
    }
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i];
      if (typeof key !== "string" && typeof key !== "number" && typeof key !== "bigint") {
        throw this.#fail(`has a dict with a key that is neither text nor integer (${describe(key)})`);
      }
      // Defined, not assigned: a key "__proto__" is a key like any other.
      Object.defineProperty(target, String(key), {
        value: items[i + 1],
        writable: true,
        enumerable: true,
        configurable: true,
      });
    }
  }

  #append(target: unknown, items: readonly unknown[]): void {
    if (!Array.isArray(target)) throw this.#fail("is damaged: items are appended to something that is no list");
    for (const item of items) target.push(item);
  }

  #addToSet(target: unknown, items: readonly unknown[]): void {
    if (!(target instanceof Set)) throw this.#fail("is damaged: items are added to something that is no set");
    for (const item of items) target.add(item);
  }

  #reduce(): void {
    const args = this.#popPlain();
    const callee = this.#pop();
    if (!(callee instanceof Global)) throw this.#fail("calls something that is no class or function");
    if (!Array.isArray(args)) throw this.#fail(`calls ${callee.module}.${callee.name} without a tuple of arguments`);
    this.#push(this.handlers.call(callee, args));
  }

  /** Attributes of an object: ordered dicts have some (`_metadata`), which are no data; anything else is refused. */
  #build(): void {
    this.#popPlain();
    const target = this.#top();
    if (typeof target === "object" && target !== null && isDict(target)) return;
    throw this.#fail(`sets attributes on ${describe(target)}, which is no plain data`);
  }

  #step(code: number): void {
    switch (code) {
      case 0x80: // PROTO
        if (this.#byte() > 5) throw this.#fail("is of a newer pickle protocol than 5");
        return;
      case 0x95: // FRAME
        this.#take(8);
        return;
      case op("("):
        this.#push(mark);
        return;
      case op("0"):
        this.#pop();
        return;
      case op("1"):
        this.#popMark();
        return;
      case op("2"):
        this.#push(this.#top());
        return;
      case op("N"):
        this.#push(null);
        return;
      case 0x88:
        this.#push(true);
        return;
      case 0x89:
        this.#push(false);
        return;
      case op("}"):
        this.#push({});
        return;
      case op("]"):
        this.#push([]);
        return;
      case op(")"):
        this.#push([]);
        return;
      case 0x8f: // EMPTY_SET
        this.#push(new Set());
        return;
      case op("d"): {
        const items = this.#popMark();
        const dict = {};
        this.#setItems(dict, items);
        this.#push(dict);
        return;
      }
      case op("l"):
      case op("t"):
        this.#push(this.#popMark());
        return;
      case 0x91: // FROZENSET
        this.#push(new Set(this.#popMark()));
        return;
      case 0x85: // TUPLE1
        this.#push([this.#popPlain()]);
        return;
      case 0x86: {
        const b = this.#popPlain();
        this.#push([this.#popPlain(), b]);
        return;
      }
      case 0x87: {
        const [c, b] = [this.#popPlain(), this.#popPlain()];
        this.#push([this.#popPlain(), b, c]);
        return;
      }
      case op("a"): {
        const item = this.#popPlain();
        this.#append(this.#top(), [item]);
        return;
      }
      case op("e"): {
        const items = this.#popMark();
        this.#append(this.#top(), items);
        return;
      }
      case op("s"): {
        const value = this.#popPlain();
        const key = this.#popPlain();
        this.#setItems(this.#top(), [key, value]);
        return;
      }
      case op("u"): {
        const items = this.#popMark();
        this.#setItems(this.#top(), items);
        return;
      }
      case 0x90: {
        const items = this.#popMark();
        this.#addToSet(this.#top(), items);
        return;
      }
      default:
        if (!this.#number(code) && !this.#textual(code) && !this.#reference(code)) {
          throw this.#fail(`has the unknown opcode ${code} at byte ${this.#at - 1}`);
        }
    }
  }

  /** Opcodes of numbers. */
  #number(code: number): boolean {
    switch (code) {
      case op("K"):
        this.#push(this.#byte());
        return true;
      case op("M"):
        this.#push(this.#u16());
        return true;
      case op("J"):
        this.#push(this.#view.getInt32(this.#take(4), true));
        return true;
      case op("G"):
        this.#push(this.#view.getFloat64(this.#take(8), false));
        return true;
      case op("I"): {
        const text = this.#line();
        this.#push(text === "01" ? true : text === "00" ? false : this.#parse(text));
        return true;
      }
      case op("L"):
        this.#push(this.#parse(this.#line().replace(/L$/, "")));
        return true;
      case op("F"): {
        const value = pythonFloat(this.#line());
        if (value === null) throw this.#fail("is damaged: a float is no number");
        this.#push(value);
        return true;
      }
      case 0x8a:
        this.#push(this.#long(this.#byte()));
        return true;
      case 0x8b:
        this.#push(this.#long(this.#u32()));
        return true;
      default:
        return false;
    }
  }

  #parse(text: string): number | bigint {
    if (!/^-?\d{1,400}$/.test(text)) throw this.#fail("is damaged: an integer is no number");
    return narrowed(BigInt(text));
  }

  /** Opcodes of texts and bytes. */
  #textual(code: number): boolean {
    switch (code) {
      case op("X"):
        this.#push(this.#text(this.#u32()));
        return true;
      case 0x8c:
        this.#push(this.#text(this.#byte()));
        return true;
      case 0x8d:
        this.#push(this.#text(this.#u64()));
        return true;
      case op("V"):
        this.#push(this.#line());
        return true;
      case op("S"):
        this.#push(this.#line().replace(/^(['"])(.*)\1$/, "$2"));
        return true;
      case op("U"): // Python 2's texts
        this.#push(this.#text(this.#byte()));
        return true;
      case op("T"):
        this.#push(this.#text(this.#u32()));
        return true;
      case op("C"):
        this.#push(this.#raw(this.#byte()));
        return true;
      case op("B"):
        this.#push(this.#raw(this.#u32()));
        return true;
      case 0x8e:
      case 0x96:
        this.#push(this.#raw(this.#u64()));
        return true;
      default:
        return false;
    }
  }

  /** Opcodes of stored values, names and calls. */
  #reference(code: number): boolean {
    switch (code) {
      case op("h"):
        this.#get(this.#byte());
        return true;
      case op("j"):
        this.#get(this.#u32());
        return true;
      case op("g"):
        this.#get(Number(this.#line()));
        return true;
      case op("q"):
        this.#put(this.#byte());
        return true;
      case op("r"):
        this.#put(this.#u32());
        return true;
      case op("p"):
        this.#put(Number(this.#line()));
        return true;
      case 0x94:
        this.#put(this.#memo.size);
        return true;
      case op("c"): {
        const module = this.#line();
        this.#push(new Global(module, this.#line()));
        return true;
      }
      case 0x93: {
        const [name, module] = [this.#pop(), this.#pop()];
        if (typeof name !== "string" || typeof module !== "string") throw this.#fail("is damaged: a name is no text");
        this.#push(new Global(module, name));
        return true;
      }
      case op("R"):
      case 0x81: // NEWOBJ
        this.#reduce();
        return true;
      case op("b"):
        this.#build();
        return true;
      case op("Q"): {
        // The id of a storage holds its class as a value of its own.
        this.#push(this.handlers.persistent(this.#popPlain()));
        return true;
      }
      default:
        return false;
    }
  }
}

function isDict(value: object): boolean {
  return Object.getPrototypeOf(value) === Object.prototype;
}

function narrowed(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function pythonFloat(text: string): number | null {
  const special: Record<string, number> = {
    nan: Number.NaN,
    inf: Number.POSITIVE_INFINITY,
    "-inf": Number.NEGATIVE_INFINITY,
  };
  if (Object.hasOwn(special, text)) return special[text] as number;
  const value = Number(text);
  return text.trim() === "" || Number.isNaN(value) ? null : value;
}

function describe(value: unknown): string {
  if (value === null) return "None";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

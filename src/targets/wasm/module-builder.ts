// Writes WebAssembly binaries: bytes, function bodies with structured control, and the sections of a module.
import { F32, F64, I32, I64, op, V128 } from "./opcodes.js";

/** A growing byte array with the number formats of WebAssembly. */
export class ByteWriter {
  #bytes = new Uint8Array(256);
  #length = 0;

  byte(value: number): void {
    if (this.#length === this.#bytes.length) this.#grow(1);
    this.#bytes[this.#length++] = value;
  }

  bytes(values: ArrayLike<number>): void {
    if (this.#length + values.length > this.#bytes.length) this.#grow(values.length);
    this.#bytes.set(values, this.#length);
    this.#length += values.length;
  }

  /** Unsigned LEB128, up to 2^53. */
  unsigned(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.byte((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.byte(rest);
  }

  /** Signed LEB128 of a 64-bit integer (i32 constants are the same encoding). */
  signed(value: bigint): void {
    let rest = value;
    for (;;) {
      const low = Number(rest & 0x7fn);
      rest >>= 7n;
      const done = (rest === 0n && low < 0x40) || (rest === -1n && low >= 0x40);
      this.byte(done ? low : low | 0x80);
      if (done) return;
    }
  }

  text(value: string): void {
    const encoded = new TextEncoder().encode(value);
    this.unsigned(encoded.length);
    this.bytes(encoded);
  }

  take(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  #grow(needed: number): void {
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + needed));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}

const scratch = new DataView(new ArrayBuffer(8));

/** The body of one function. Block types are value types, or undefined for none. */
export class FunctionBuilder {
  code = new ByteWriter();
  readonly #prologue = new ByteWriter();
  readonly #locals: number[] = [];

  constructor(
    readonly params: readonly number[],
    readonly results: readonly number[] = [],
  ) {}

  /** A new local of the given value type. */
  local(type: number): number {
    this.#locals.push(type);
    return this.params.length + this.#locals.length - 1;
  }

  /** Writes what `write` emits before everything else: values that turn out to be needed while the body is written. */
  prologue(write: () => void): void {
    const body = this.code;
    this.code = this.#prologue;
    write();
    this.code = body;
  }

  op(code: number): void {
    if (code > 0xff) {
      this.code.byte(code >> 16);
      this.code.unsigned(code & 0xffff);
    } else this.code.byte(code);
  }

  get(local: number): void {
    this.code.byte(op.localGet);
    this.code.unsigned(local);
  }

  set(local: number): void {
    this.code.byte(op.localSet);
    this.code.unsigned(local);
  }

  tee(local: number): void {
    this.code.byte(op.localTee);
    this.code.unsigned(local);
  }

  i32(value: number): void {
    this.code.byte(op.i32Const);
    this.code.signed(BigInt(value | 0));
  }

  i64(value: bigint): void {
    this.code.byte(op.i64Const);
    this.code.signed(BigInt.asIntN(64, value));
  }

  f32(value: number): void {
    scratch.setFloat32(0, value, true);
    this.code.byte(op.f32Const);
    this.code.bytes(new Uint8Array(scratch.buffer, 0, 4));
  }

  f64(value: number): void {
    scratch.setFloat64(0, value, true);
    this.code.byte(op.f64Const);
    this.code.bytes(new Uint8Array(scratch.buffer, 0, 8));
  }

  v128(bytes: ArrayLike<number>): void {
    this.op(op.v128Const);
    this.code.bytes(bytes);
  }

  /** A load, store or atomic access; `align` is log2 of the alignment promised. */
  memory(code: number, offset: number, align = 0): void {
    this.op(code);
    this.code.unsigned(align);
    this.code.unsigned(offset);
  }

  memoryLane(code: number, offset: number, lane: number): void {
    this.memory(code, offset);
    this.code.byte(lane);
  }

  lane(code: number, lane: number): void {
    this.op(code);
    this.code.byte(lane);
  }

  shuffle(bytes: readonly number[]): void {
    this.op(op.i8x16Shuffle);
    this.code.bytes(bytes);
  }

  block(): void {
    this.code.bytes([op.block, 0x40]);
  }

  loop(): void {
    this.code.bytes([op.loop, 0x40]);
  }

  if(type = 0x40): void {
    this.code.bytes([op.if, type]);
  }

  else(): void {
    this.code.byte(op.else);
  }

  end(): void {
    this.code.byte(op.end);
  }

  br(depth: number): void {
    this.code.byte(op.br);
    this.code.unsigned(depth);
  }

  brIf(depth: number): void {
    this.code.byte(op.brIf);
    this.code.unsigned(depth);
  }

  call(index: number): void {
    this.code.byte(op.call);
    this.code.unsigned(index);
  }

  /** The function as it stands in the code section. */
  finish(): Uint8Array {
    const body = new ByteWriter();
    const runs: [number, number][] = [];
    for (const type of this.#locals) {
      const last = runs.at(-1);
      if (last && last[1] === type) last[0]++;
      else runs.push([1, type]);
    }
    body.unsigned(runs.length);
    for (const [count, type] of runs) {
      body.unsigned(count);
      body.byte(type);
    }
    body.bytes(this.#prologue.take());
    body.bytes(this.code.take());
    body.byte(op.end);
    return body.take();
  }
}

export interface MemoryLimits {
  readonly shared: boolean;
  readonly initialPages: number;
  readonly maximumPages: number;
}

/** Functions over one imported memory ("env" "memory"), some of them exported. */
export class ModuleBuilder {
  readonly #functions: FunctionBuilder[] = [];
  readonly #exports: { name: string; index: number }[] = [];

  constructor(readonly memory: MemoryLimits) {}

  /** Adds a function whose body may still be written; returns its index. */
  add(f: FunctionBuilder, exportName?: string): number {
    const index = this.#functions.push(f) - 1;
    if (exportName !== undefined) this.#exports.push({ name: exportName, index });
    return index;
  }

  finish(): Uint8Array<ArrayBuffer> {
    const out = new ByteWriter();
    out.bytes([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
    const { types, typeOf } = this.#types();
    section(out, 1, types, (w, type) => w.bytes(type));
    section(out, 2, [this.memory], (w, { shared, initialPages, maximumPages }) => {
      w.text("env");
      w.text("memory");
      w.bytes([2, shared ? 3 : 1]);
      w.unsigned(initialPages);
      w.unsigned(maximumPages);
    });
    section(out, 3, typeOf, (w, type) => w.unsigned(type));
    section(out, 7, this.#exports, (w, { name, index }) => {
      w.text(name);
      w.byte(0);
      w.unsigned(index);
    });
    section(out, 10, this.#functions, (w, f) => {
      const body = f.finish();
      w.unsigned(body.length);
      w.bytes(body);
    });
    return out.take();
  }

  /** Distinct signatures, encoded, and the one of each function. */
  #types(): { types: number[][]; typeOf: number[] } {
    const types: number[][] = [];
    const known = new Map<string, number>();
    const typeOf = this.#functions.map(({ params, results }) => {
      const encoded = [0x60, params.length, ...params, results.length, ...results];
      const key = encoded.join();
      const index = known.get(key) ?? types.push(encoded) - 1;
      known.set(key, index);
      return index;
    });
    return { types, typeOf };
  }
}

function section<T>(out: ByteWriter, id: number, items: readonly T[], write: (w: ByteWriter, item: T) => void): void {
  const body = new ByteWriter();
  body.unsigned(items.length);
  for (const item of items) write(body, item);
  const bytes = body.take();
  out.byte(id);
  out.unsigned(bytes.length);
  out.bytes(bytes);
}

/** The value type that holds `lanes` lanes of `type`. */
export function valueType(type: "f32" | "f64" | "i32" | "i64" | "bool", lanes: number): number {
  if (lanes > 1) return V128;
  switch (type) {
    case "f32":
      return F32;
    case "f64":
      return F64;
    case "i64":
      return I64;
    default:
      return I32;
  }
}

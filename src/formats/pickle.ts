// Writes tensors and plain data as a Python pickle of protocol 2, with tensors as PyTorch has them.
import { Counter, type DType, FormatError, isPlainObject, memoryOf } from "../base/index.js";
import { Tensor } from "../tensor/index.js";
import { concatenate } from "./zip.js";

const storageClasses: Readonly<Record<DType, string>> = {
  float64: "DoubleStorage",
  float32: "FloatStorage",
  float16: "HalfStorage",
  bfloat16: "BFloat16Storage",
  int64: "LongStorage",
  int32: "IntStorage",
  int16: "ShortStorage",
  int8: "CharStorage",
  uint8: "ByteStorage",
  bool: "BoolStorage",
};

export interface Pickled {
  readonly bytes: Uint8Array;
  /** The bytes of each storage; their keys are their positions. */
  readonly storages: readonly Uint8Array[];
}

export function pickle(value: unknown): Pickled {
  const pickler = new Pickler();
  pickler.start();
  pickler.value(value, "the value");
  return pickler.finish();
}

class Pickler {
  readonly #parts: Uint8Array[] = [];
  readonly #storages: Uint8Array[] = [];
  /** Position of the storage of each tensor seen. */
  readonly #known = new Map<Tensor, number>();
  readonly #open = new Set<object>();

  start(): void {
    this.#raw(0x80, 2);
  }

  finish(): Pickled {
    this.#op(".");
    return { bytes: concatenate(this.#parts), storages: this.#storages };
  }

  value(value: unknown, path: string): void {
    if (value === null || value === undefined) {
      this.#op("N");
      return;
    }
    switch (typeof value) {
      case "boolean":
        this.#raw(value ? 0x88 : 0x89);
        return;
      case "number":
        if (Number.isSafeInteger(value) && !Object.is(value, -0)) this.#integer(BigInt(value));
        else this.#float(value);
        return;
      case "bigint":
        this.#integer(value);
        return;
      case "string":
        this.#text(value);
        return;
      case "object":
        this.#object(value, path);
        return;
      default:
        throw this.#fail(path, `a ${typeof value}`);
    }
  }

  #fail(path: string, what: string): FormatError {
    return new FormatError(`torch: ${path} is ${what}, which PyTorch's files have no form for`, { op: "torch" });
  }

  #object(value: object, path: string): void {
    if (value instanceof Tensor) {
      this.#tensor(value);
      return;
    }
    if (this.#open.has(value)) throw this.#fail(path, "inside itself");
    this.#open.add(value);
    if (Array.isArray(value)) this.#list(value, path);
    else if (value instanceof Counter) this.#counter(value, path);
    else if (value instanceof Map) this.#dict([...value], path);
    else if (ArrayBuffer.isView(value)) throw this.#fail(path, "a typed array; make it a tensor");
    else if (isPlainObject(value)) this.#dict(Object.entries(value), path);
    else throw this.#fail(path, `a ${value.constructor.name}`);
    this.#open.delete(value);
  }

  #list(items: readonly unknown[], path: string): void {
    this.#op("]");
    this.#op("(");
    items.forEach((item, i) => {
      this.value(item, `${path}[${i}]`);
    });
    this.#op("e");
  }

  #dict(entries: readonly (readonly [unknown, unknown])[], path: string): void {
    this.#op("}");
    this.#op("(");
    for (const [key, item] of entries) {
      this.value(key, `a key of ${path}`);
      this.value(item, `${path}.${String(key)}`);
    }
    this.#op("u");
  }

  /** collections.Counter(dict) */
  #counter(counts: Counter, path: string): void {
    this.#global("collections", "Counter");
    this.#op("(");
    this.#dict([...counts], path);
    this.#op("t");
    this.#op("R");
  }

  /** torch._utils._rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks) */
  #tensor(tensor: Tensor): void {
    this.#global("torch._utils", "_rebuild_tensor_v2");
    this.#op("(");
    this.#storage(tensor);
    this.#integer(0n);
    this.#tuple(tensor.shape);
    this.#tuple(rowMajorStrides(tensor.shape));
    this.#raw(0x89);
    this.#global("collections", "OrderedDict");
    this.#op(")");
    this.#op("R");
    this.#op("t");
    this.#op("R");
  }

  #storage(tensor: Tensor): void {
    let key = this.#known.get(tensor);
    if (key === undefined) {
      const data = memoryOf(tensor.dtype, tensor.toTypedArray());
      key = this.#storages.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)) - 1;
      this.#known.set(tensor, key);
    }
    this.#op("(");
    this.#text("storage");
    this.#global("torch", storageClasses[tensor.dtype]);
    this.#text(String(key));
    this.#text("cpu");
    this.#integer(BigInt(tensor.numel()));
    this.#op("t");
    this.#op("Q");
  }

  #tuple(numbers: readonly number[]): void {
    this.#op("(");
    for (const number of numbers) this.#integer(BigInt(number));
    this.#op("t");
  }

  #global(module: string, name: string): void {
    this.#parts.push(new TextEncoder().encode(`c${module}\n${name}\n`));
  }

  #text(text: string): void {
    const bytes = new TextEncoder().encode(text);
    const head = new DataView(new ArrayBuffer(5));
    head.setUint8(0, "X".charCodeAt(0));
    head.setUint32(1, bytes.length, true);
    this.#parts.push(new Uint8Array(head.buffer), bytes);
  }

  #float(value: number): void {
    const bytes = new DataView(new ArrayBuffer(9));
    bytes.setUint8(0, "G".charCodeAt(0));
    bytes.setFloat64(1, value, false);
    this.#parts.push(new Uint8Array(bytes.buffer));
  }

  #integer(value: bigint): void {
    if (value >= -(2n ** 31n) && value < 2n ** 31n) {
      const bytes = new DataView(new ArrayBuffer(5));
      bytes.setUint8(0, "J".charCodeAt(0));
      bytes.setInt32(1, Number(value), true);
      this.#parts.push(new Uint8Array(bytes.buffer));
      return;
    }
    // Two's complement, little-endian, with room for the sign.
    const digits: number[] = [];
    let rest = value;
    while (!(rest === 0n || rest === -1n) || value < 0n !== (digits.at(-1) ?? 0) >= 128) {
      digits.push(Number(rest & 255n));
      rest >>= 8n;
    }
    if (digits.length > 255) throw new FormatError("torch: an integer has more than 255 bytes", { op: "torch" });
    this.#raw(0x8a, digits.length, ...digits);
  }

  #op(code: string): void {
    this.#raw(code.charCodeAt(0));
  }

  #raw(...bytes: readonly number[]): void {
    this.#parts.push(Uint8Array.from(bytes));
  }
}

function rowMajorStrides(shape: readonly number[]): number[] {
  const strides: number[] = [];
  let stride = 1;
  for (const size of [...shape].reverse()) {
    strides.unshift(stride);
    stride *= Math.max(size, 1);
  }
  return strides;
}

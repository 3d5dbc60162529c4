// The bytes of realised tensors. Targets may keep them in memory of their own for a while.
import { platform } from "#platform";
import { type DType, itemSize, memoryOf, type TypedArray, typedArray, valuesOf } from "./dtype.js";
import { mostSmallBytes, SmallBuffers } from "./small-buffers.js";

const ALIGNMENT = 64;
const small = new SmallBuffers();

/** Knows where the current bytes of a storage are while they are not in its own buffer. */
export interface StorageHome {
  /** Copies the storage's current bytes to `into`. */
  read(storage: Storage, into: Uint8Array): void;
  /** Hands the storage back: its bytes are in a host buffer, `storage.home` becomes null. */
  evict(storage: Storage): void;
}

/**
 * Bytes of one realised tensor, always contiguous and row-major.
 *
 * One of `buffer` and `home` holds the current bytes; neither does before a program writes an `output`. While a program that runs
 * on writes `buffer`, there are both: `home` waits for it. Never a SharedArrayBuffer: engines do not reclaim those
 * in a synchronous loop. Over-allocated to 64 bytes, so vector loads may touch the padding.
 */
export class Storage {
  /** Bumped at each in-place write; a node that was made for an older version is stale. */
  version = 0;
  buffer: ArrayBuffer | null;
  /**
   * Where the elements begin in `buffer`: small storages share buffers, and targets that see addresses let results begin with a
   * cache line.
   */
  byteOffset = 0;
  home: StorageHome | null = null;
  /** A number homes give it to know it again; 0 until then. */
  tag = 0;
  /** Where `addressed`, the buffer it had when somebody asked, lies in native memory. */
  address = 0;
  addressed: ArrayBuffer | null = null;
  /** Held as long as `buffer` is this storage's: whoever lent it learns from that when it may lend it again. */
  loan: object | null = null;
  readonly byteLength: number;

  constructor(
    readonly dtype: DType,
    readonly length: number,
    buffer?: ArrayBuffer | null,
  ) {
    this.byteLength = Math.max(ALIGNMENT, Math.ceil((length * itemSize(dtype)) / ALIGNMENT) * ALIGNMENT);
    this.buffer = buffer ?? null;
    if (buffer === undefined) this.#allocate((bytes) => new ArrayBuffer(bytes));
  }

  /** A storage that a program is about to write; it has no host buffer until somebody asks for it. */
  static output(dtype: DType, length: number): Storage {
    return new Storage(dtype, length, null);
  }

  /** A storage with a copy of `values`; those of float16 and bfloat16 as numbers, or as bits in a Uint16Array. */
  static from(dtype: DType, values: TypedArray): Storage {
    const storage = Storage.output(dtype, values.length);
    const { buffer, byteOffset, byteLength } = memoryOf(dtype, values);
    storage.hostBytes().set(new Uint8Array(buffer, byteOffset, byteLength));
    return storage;
  }

  /** As `from`, without a copy if the values begin a buffer that has the padding and is theirs alone. */
  static over(dtype: DType, values: TypedArray): Storage {
    const storage = Storage.output(dtype, values.length);
    if (values.byteOffset > 0 || values.buffer.byteLength < storage.byteLength) return Storage.from(dtype, values);
    storage.buffer = values.buffer as ArrayBuffer;
    return storage;
  }

  /** Its bytes are in `home` from now on. */
  moveTo(home: StorageHome): void {
    this.buffer = null;
    this.byteOffset = 0;
    this.addressed = null;
    this.loan = null;
    this.home = home;
  }

  /** Waits for the program that writes it, where one runs on. */
  settle(): void {
    if (this.home && this.buffer) this.home.evict(this);
  }

  /** A fresh typed array with the current values; those of float16 and bfloat16 are numbers. */
  toTypedArray(): TypedArray {
    return valuesOf(this.dtype, this.copyMemory());
  }

  /** A fresh typed array, or one at the beginning of `into`, with the current elements as they lie in memory. */
  copyMemory(into?: ArrayBuffer): TypedArray {
    const out = into ? typedArray(this.dtype, into, 0, this.length) : typedArray(this.dtype, this.length);
    const bytes = new Uint8Array(out.buffer, 0, out.byteLength);
    if (this.home) this.home.read(this, bytes);
    else bytes.set(this.hostBytes().subarray(0, bytes.length));
    return out;
  }

  /** The host buffer, fetched back from a target's memory if need be; elements begin at `byteOffset`. Do not keep it across program runs. */
  hostBuffer(): ArrayBuffer {
    if (this.home) this.home.evict(this);
    return this.buffer ?? this.#allocate(platform.allocate);
  }

  #allocate(large: (bytes: number) => ArrayBuffer): ArrayBuffer {
    const place = this.byteLength <= mostSmallBytes ? small.take(this.byteLength) : null;
    this.buffer = place ? place.buffer : large(this.byteLength);
    this.byteOffset = place ? place.byteOffset : 0;
    return this.buffer;
  }

  /** The storage's bytes in its host buffer; one that was handed in may lack the padding. */
  hostBytes(): Uint8Array<ArrayBuffer> {
    const buffer = this.hostBuffer();
    const { byteOffset } = this;
    return new Uint8Array(buffer, byteOffset, Math.min(this.byteLength, buffer.byteLength - byteOffset));
  }

  /** The host elements as they lie in memory (no copy). Do not keep the view across program runs. */
  hostView(): TypedArray {
    return typedArray(this.dtype, this.hostBuffer(), this.byteOffset, this.length);
  }
}

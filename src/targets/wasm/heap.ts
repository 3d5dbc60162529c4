// The process's WebAssembly memory and the allocator of blocks in it.
import { MemoryError } from "../../base/index.js";
import { roundUp } from "../sizes.js";
import { heapStart } from "./layout.js";

export const pageBytes = 65536;
/** wasm32 addresses 4 GiB; the last page stays unused so that sizes fit in an i32 index of bytes + padding. */
const mostPages = 65535;
const alignment = 64;
/** Growing is a system call: take some in advance. */
const leastGrowth = 4 << 20;

interface FreeBlock {
  start: number;
  size: number;
}

/** What is used of WebAssembly.Memory. Declarations go without the names of a browser's library, which users may not have. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/** Growable memory with a best-fit allocator of 64-byte aligned blocks, which are never 0. Callers remember sizes. */
export class Heap {
  readonly memory: WasmMemory;
  readonly maximumPages: number;
  /** Free blocks in order of address, never adjacent. */
  readonly #free: FreeBlock[] = [];
  #end = heapStart;
  #usedBytes = 0;
  #bytes: Uint8Array<ArrayBufferLike>;
  #words: Int32Array<ArrayBufferLike>;
  #doubles: Float64Array<ArrayBufferLike>;

  /** @param limitBytes - most bytes of memory ever used, control block included. */
  constructor(
    readonly isShared: boolean,
    limitBytes: number,
  ) {
    const { memory, maximumPages } = reserve(isShared, Math.floor(limitBytes / pageBytes));
    this.memory = memory;
    this.maximumPages = maximumPages;
    this.#bytes = new Uint8Array(memory.buffer);
    this.#words = new Int32Array(memory.buffer);
    this.#doubles = new Float64Array(memory.buffer);
    this.#end = this.#bytes.length;
    this.#free.push({ start: heapStart, size: this.#end - heapStart });
  }

  /** All bytes. The view is replaced when the memory grows, so do not keep it across allocations. */
  get bytes(): Uint8Array<ArrayBufferLike> {
    return this.#bytes;
  }

  /** The same memory as 32-bit words. */
  get words(): Int32Array<ArrayBufferLike> {
    return this.#words;
  }

  /** The same memory as float64 numbers. */
  get doubles(): Float64Array<ArrayBufferLike> {
    return this.#doubles;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Most bytes that blocks can take together. */
  get capacity(): number {
    return this.maximumPages * pageBytes - heapStart;
  }

  /** Address of a new block, or null if there is no room. Contents are undefined. */
  allocate(size: number): number | null {
    const bytes = roundUp(Math.max(size, 1), alignment);
    const index = this.#bestFit(bytes);
    if (index === -1) return this.#grow(bytes) ? this.allocate(size) : null;
    const block = this.#free[index] as FreeBlock;
    const { start } = block;
    block.start += bytes;
    block.size -= bytes;
    if (block.size === 0) this.#free.splice(index, 1);
    this.#usedBytes += bytes;
    return start;
  }

  free(address: number, size: number): void {
    const bytes = roundUp(Math.max(size, 1), alignment);
    this.#usedBytes -= bytes;
    this.#insert(address, bytes);
  }

  #bestFit(bytes: number): number {
    let best = -1;
    let bestSize = Number.POSITIVE_INFINITY;
    this.#free.forEach(({ size }, index) => {
      if (size >= bytes && size < bestSize) {
        best = index;
        bestSize = size;
      }
    });
    return best;
  }

  #insert(start: number, size: number): void {
    const next = this.#lowerBound(start);
    const before = this.#free[next - 1];
    const after = this.#free[next];
    const joinsBefore = before !== undefined && before.start + before.size === start;
    const joinsAfter = after !== undefined && start + size === after.start;
    if (joinsBefore && joinsAfter) {
      before.size += size + after.size;
      this.#free.splice(next, 1);
    } else if (joinsBefore) before.size += size;
    else if (joinsAfter) {
      after.start = start;
      after.size += size;
    } else this.#free.splice(next, 0, { start, size });
  }

  /** Index of the first free block at or after an address. */
  #lowerBound(start: number): number {
    let low = 0;
    let high = this.#free.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#free[middle] as FreeBlock).start < start) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Makes room for a block at the end of the memory, more than asked if that is to be had. */
  #grow(bytes: number): boolean {
    const last = this.#free.at(-1);
    const atEnd = last && last.start + last.size === this.#end ? last.size : 0;
    const needed = Math.ceil((bytes - atEnd) / pageBytes);
    const left = this.maximumPages - this.#end / pageBytes;
    if (needed > left) return false;
    const wished = Math.max(needed, Math.ceil(Math.max(leastGrowth, this.#end / 8) / pageBytes));
    for (const pages of [Math.min(wished, left), needed]) {
      try {
        this.memory.grow(pages);
      } catch {
        continue; // the host has no more; the smaller request may still pass
      }
      this.#bytes = new Uint8Array(this.memory.buffer);
      this.#words = new Int32Array(this.memory.buffer);
      this.#doubles = new Float64Array(this.memory.buffer);
      this.#insert(this.#end, pages * pageBytes);
      this.#end += pages * pageBytes;
      return true;
    }
    return false;
  }
}

/** A memory with the largest maximum the host grants: address space may be short. */
function reserve(shared: boolean, limitPages: number): { memory: WebAssembly.Memory; maximumPages: number } {
  const initial = heapStart / pageBytes + 1;
  let maximum = Math.max(initial, Math.min(mostPages, limitPages));
  for (;;) {
    try {
      return { memory: new WebAssembly.Memory({ initial, maximum, shared }), maximumPages: maximum };
    } catch (error) {
      if (maximum / 2 < initial * 16) {
        throw new MemoryError(`wasm: the host grants no memory of ${maximum * pageBytes} bytes; free address space`, {
          cause: error,
        });
      }
      maximum = Math.floor(maximum / 2);
    }
  }
}

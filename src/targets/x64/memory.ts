// Memory that programs share: blocks that grow by being replaced and shrink when nobody needs their size any more.
import { platform } from "#platform";
import type { Native, Storage } from "../../base/index.js";
import { roundUp } from "../sizes.js";

/** Blocks are given up from this size on. */
const largeBytes = 16 << 20;
/** Smaller memory has no or few large pages in it. */
export const leastHuge = 4 << 20;
/** Runs after which the size that is really needed is looked at. */
const reviewRuns = 512;
const granule = 65536;
const alignment = 4096;
/** Results begin with a cache line. */
export const lineBytes = 64;

/** A block of memory whose contents last for one run. An ArrayBuffer, so it is given back with the thread that made it. */
export class Region {
  address = 0;
  size = 0;
  #buffer: ArrayBuffer | null = null;
  readonly #native: Native;
  #runs = 0;
  /** The most that was asked for since the last review. */
  #needed = 0;

  constructor(native: Native) {
    this.#native = native;
  }

  /** Makes the block at least this large. @throws RangeError if the system has no such block. */
  reserve(bytes: number): void {
    if (bytes > this.#needed) this.#needed = bytes;
    if (++this.#runs >= reviewRuns) this.#review();
    if (bytes > this.size) this.#replace(bytes);
  }

  /** Less than half of a large block in use for long: the rest is of more use elsewhere. */
  #review(): void {
    if (this.size > largeBytes && this.#needed < this.size / 2) this.#replace(this.#needed);
    this.#runs = 0;
    this.#needed = 0;
  }

  #replace(bytes: number): void {
    const size = roundUp(Math.max(bytes, 1), granule);
    // The old block goes first: both may not fit.
    this.#buffer = null;
    this.address = 0;
    this.size = 0;
    this.#buffer = new ArrayBuffer(size + alignment);
    this.address = placeIn(this.#native, this.#buffer, alignment).address;
    this.size = size;
    preferHugePages(this.#native, this.address, size);
  }
}

/** Where memory begins in a buffer, and in native memory. */
export interface NativePlace {
  readonly buffer: ArrayBuffer;
  readonly byteOffset: number;
  readonly address: number;
}

/** The first multiple of `alignment` in native memory that lies in a buffer, or `skipped` bytes behind it. */
export function placeIn(native: Native, buffer: ArrayBuffer, alignment: number, skipped = 0): NativePlace {
  const start = native.addressOf(buffer);
  const address = roundUp(start, alignment) + skipped;
  return { buffer, byteOffset: address - start, address };
}

/** Gives a storage that has no buffer one. */
export function setPlace(storage: Storage, { buffer, byteOffset, address }: NativePlace): void {
  storage.buffer = buffer;
  storage.byteOffset = byteOffset;
  storage.address = address;
  storage.addressed = buffer;
}

/** Asks for large pages: new memory is given in few pieces then, instead of one each 4 kB. */
export function preferHugePages(native: Native, address: number, bytes: number): void {
  if (bytes >= leastHuge && platform.env("GRADUS_HUGE_PAGES") !== "0") native.wishHugePages(address, bytes);
}

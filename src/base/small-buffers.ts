// Memory of small storages. A step of a small network makes a few results of 64 bytes; with an ArrayBuffer each, making and
// collecting those was half of its time (0.6 µs each, and up to twice that once some ten thousand of them wait for the collector).

/** Storages up to this size share buffers. What a lonely survivor keeps alive is bounded by the size of a buffer. */
export const mostSmallBytes = 512;
const sharedBytes = 4096;

/** A piece of a shared buffer. */
export interface Place {
  readonly buffer: ArrayBuffer;
  readonly byteOffset: number;
}

/** Hands out pieces of buffers, each piece once, so that they hold zeros; a buffer is garbage when all of its pieces are. */
export class SmallBuffers {
  #buffer: ArrayBuffer | null = null;
  #end = 0;

  /** @param firstOffset - where pieces may begin in a new buffer. */
  constructor(private readonly firstOffset: (buffer: ArrayBuffer) => number = () => 0) {}

  /** A piece of at most `mostSmallBytes` bytes. */
  take(bytes: number): Place {
    if (this.#buffer === null || this.#end + bytes > sharedBytes) {
      this.#buffer = new ArrayBuffer(sharedBytes);
      this.#end = this.firstOffset(this.#buffer);
    }
    const byteOffset = this.#end;
    this.#end += bytes;
    return { buffer: this.#buffer, byteOffset };
  }
}

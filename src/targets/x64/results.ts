// Where results lie: small ones share buffers, large ones are lent memory that was used before, the others have buffers of their own.
import { platform } from "#platform";
import { mostSmallBytes, type Native, SmallBuffers, type Storage } from "../../base/index.js";
import { lineBytes, placeIn, preferHugePages, setPlace } from "./memory.js";
import { ResultMemory } from "./result-memory.js";

const resultMemories = new WeakMap<Native, ResultMemory>();

/** One for all runtimes of a thread. */
function resultMemory(native: Native): ResultMemory {
  const known = resultMemories.get(native);
  if (known) return known;
  const made = new ResultMemory(native);
  resultMemories.set(native, made);
  return made;
}

/**
 * Memory of results. It begins with a cache line: the system's does not, and each vector would lie in two lines, as would
 * those of whoever reads it.
 */
export class Results {
  readonly #native: Native;
  readonly #small: SmallBuffers;
  readonly #large: ResultMemory;
  /** Address of the buffer that small results share at present. */
  #start = 0;

  constructor(native: Native) {
    this.#native = native;
    this.#large = resultMemory(native);
    this.#small = new SmallBuffers((buffer) => {
      const { address, byteOffset } = placeIn(native, buffer, lineBytes);
      this.#start = address - byteOffset;
      return byteOffset;
    });
  }

  /** Gives a storage that has no buffer one. */
  place(storage: Storage): void {
    const { byteLength } = storage;
    if (byteLength <= mostSmallBytes) {
      const { buffer, byteOffset } = this.#small.take(byteLength);
      setPlace(storage, { buffer, byteOffset, address: this.#start + byteOffset });
      return;
    }
    if (this.#large.lend(storage)) return;
    const place = placeIn(this.#native, platform.allocate(byteLength + lineBytes), lineBytes);
    setPlace(storage, place);
    // It is new with each run: each page of it is given when it is first written.
    preferHugePages(this.#native, place.address, byteLength);
  }
}

// Memory of large results, lent to storages and lent again once the engine has found them dead.
import { type Native, platform } from "#platform";
import type { Storage } from "../../base/index.js";
import { roundUp } from "../sizes.js";
import { DeathWatch, type MakeBuffer, type Trace } from "./death-watch.js";
import { leastHuge, lineBytes, type NativePlace, placeIn, preferHugePages, setPlace } from "./memory.js";

/**
 * A loan costs 2 µs, and its share of a collection 3 µs. A buffer of the engine's costs more from here on, and perhaps before: a collection of
 * young objects each 32 MB, and of all objects each 64 MB, which takes 5-20 ms and for some 50 more a thread of the programs' (the steps of a
 * small CNN, with two results of 0.2 MB each, had one each 150, and took 1.1 ms instead of 0.75 for seconds on end).
 */
const leastBytes = 128 << 10;
/** The most memory that is held, lent or not. */
const mostBytes = 256 << 20;
/**
 * Bytes lent between two collections, which take 0.1 to 0.3 ms: so much is written in about 1 ms. It is written as fast to blocks by turns
 * as to one (measured on 2 cores: 51 GB/s up to 64 MB in all, 30 at 128 MB, 20 at 256 MB).
 */
const collectBytes = 48 << 20;
/**
 * So long after the last collection, another one takes little of the time, and less than touching new memory would;
 * from so many bytes on.
 */
const soonMs = 10;
const soonBytes = 8 << 20;
/** What survives two collections is old for the engine, which then looks at it in full collections only. */
const oldCollections = 2;
/**
 * What survives so many is lent for good. Not at once: a collection during which the engine ends its marking finds nothing dead and makes
 * all old; new blocks for those would be what starts the next marking (one per 64 MB), and so on.
 */
const mostCollections = 16;
/**
 * After this long without new results, memory nobody uses goes back to the system. Not sooner: in virtual machines the first touch of
 * a new large page took 3 ms, as long as a thread computes with it.
 */
const idleMs = 20_000;

const hugePageBytes = 2 << 20;
const granuleBytes = 64 << 10;
/**
 * Where blocks begin, one after the other: 73 cache lines further each, in the part of a huge page that chooses the set of a second cache.
 * If all began with a page, elements of one index would lie in the same sets, and loads would wait for stores of the same 12 bits.
 */
const staggerBytes = 73 * 64;
const mostStaggerBytes = 128 << 10;

interface Block extends NativePlace {
  readonly bytes: number;
}

interface Loan {
  readonly block: Block;
  readonly trace: Trace;
  /** Collections that its storage survived. */
  collections: number;
}

export interface ResultMemoryOptions {
  readonly idleMs?: number;
  /** What tokens may be made of. */
  readonly makers?: readonly MakeBuffer[];
}

export class ResultMemory {
  readonly #native: Native;
  readonly #watch: DeathWatch;
  readonly #idleMs: number;
  /** Of equals the one given back last is taken first: its lines are likeliest to be in a cache. */
  #free: Block[] = [];
  #loans: Loan[] = [];
  /** Where in a page the next block begins. */
  #stagger = 0;
  /** Of all blocks. */
  #bytes = 0;
  #lentBytes = 0;
  /** `#lentBytes` from which on a collection is worth its time: as much again as lives, and later and later while it finds nothing. */
  #patience = collectBytes;
  #collectedAt = 0;
  #isTimed = false;
  /** Loans since the timer last looked. */
  #isBusy = false;

  constructor(native: Native, options: ResultMemoryOptions = {}) {
    this.#native = native;
    this.#watch = new DeathWatch(native, options.makers);
    this.#idleMs = options.idleMs ?? idleMs;
  }

  /** Bytes of all blocks that are lent, or free. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Gives a storage without a buffer memory that begins with a cache line. False: that is left to others. */
  lend(storage: Storage): boolean {
    const { byteLength } = storage;
    if (byteLength < leastBytes || byteLength > mostBytes || !this.#watch.isHopeful) return false;
    const block = this.#find(byteLength);
    if (block === null) return false;
    const { token, trace } = this.#watch.makeToken();
    this.#loans.push({ block, trace, collections: 0 });
    this.#lentBytes += byteLength;
    setPlace(storage, block);
    storage.loan = token;
    this.#watchIdleness();
    return true;
  }

  #find(bytes: number): Block | null {
    const known = this.#take(bytes);
    if (known) return known;
    if (this.#watch.hasCollected()) this.#review();
    const returned = this.#take(bytes);
    if (returned) return returned;
    if (this.#isWorthCollecting(bytes)) {
      this.#collect();
      if (!this.#watch.isHopeful) return null;
    }
    return this.#take(bytes) ?? this.#make(bytes);
  }

  #isWorthCollecting(bytes: number): boolean {
    if (this.#loans.length === 0) return false;
    if (this.#lentBytes + bytes > this.#patience) return true;
    const intervalMs = (soonMs * this.#patience) / collectBytes;
    return this.#watch.isProven && this.#lentBytes >= soonBytes && platform.now() - this.#collectedAt >= intervalMs;
  }

  /** The smallest free block that is large enough and not more than twice so; null if there is none. */
  #take(bytes: number): Block | null {
    const most = sizeOfBlock(2 * bytes);
    let at = -1;
    for (let i = this.#free.length - 1; i >= 0; i--) {
      const size = (this.#free[i] as Block).bytes;
      if (size >= bytes && size <= most && (at < 0 || size < (this.#free[at] as Block).bytes)) at = i;
    }
    return at < 0 ? null : (this.#free.splice(at, 1)[0] as Block);
  }

  /** Takes back what dead storages had. */
  #review(): void {
    const [dead, alive] = [[] as Loan[], [] as Loan[]];
    for (const loan of this.#loans) (this.#watch.isGone(loan.trace) ? dead : alive).push(loan);
    if (dead.length === 0) return;
    this.#loans = alive;
    for (const { block } of dead) this.#free.push(block);
  }

  #collect(): void {
    this.#watch.collect();
    if (!this.#watch.isHopeful) {
      this.#loans = []; // theirs for good
      return;
    }
    const before = this.#free.length;
    this.#review();
    const young = this.#loans.filter(({ collections }) => collections < oldCollections);
    const living = young.reduce((sum, { block }) => sum + block.bytes, 0);
    const patience = this.#free.length > before ? Math.max(collectBytes, living) : 2 * this.#patience;
    this.#patience = Math.min(patience, mostBytes);
    this.#lentBytes = 0;
    this.#collectedAt = platform.now();
    // A storage that lives on keeps its block for good, and the engine frees it like any other buffer.
    this.#loans = this.#loans.filter((loan) => {
      loan.collections++;
      if (loan.collections < mostCollections) return true;
      this.#bytes -= loan.block.bytes;
      return false;
    });
  }

  /** A new block; null if there is no memory for it. */
  #make(wanted: number): Block | null {
    const bytes = sizeOfBlock(wanted);
    const alignment = bytes < leastHuge ? lineBytes : hugePageBytes;
    while (this.#bytes + bytes > mostBytes) this.#drop();
    let buffer: ArrayBuffer;
    try {
      buffer = platform.allocate(bytes + mostStaggerBytes + alignment);
    } catch {
      return null;
    }
    const place = placeIn(this.#native, buffer, alignment, this.#stagger);
    this.#stagger = (this.#stagger + staggerBytes) % mostStaggerBytes;
    preferHugePages(this.#native, place.address - place.byteOffset, buffer.byteLength);
    this.#bytes += bytes;
    return { ...place, bytes };
  }

  /** One block less: an old storage keeps its for good, or a free one goes back to the system, or the storage that has one longest keeps it. */
  #drop(): void {
    const isOld = this.#loans[0] && this.#loans[0].collections >= oldCollections;
    const block = isOld ? undefined : this.#free.shift();
    // The engine may be long in finding its buffer dead.
    if (block) this.#native.giveBackPages(block.address, block.bytes);
    this.#bytes -= (block ?? (this.#loans.shift() as Loan).block).bytes;
  }

  #watchIdleness(): void {
    this.#isBusy = true;
    this.#startTimer();
  }

  #startTimer(): void {
    if (this.#isTimed) return;
    this.#isTimed = true;
    platform.later(() => this.#lookIdle(), this.#idleMs);
  }

  #lookIdle(): void {
    this.#isTimed = false;
    if (!this.#isBusy) {
      if (this.#loans.length > 0) this.#collect();
      for (const { address, bytes } of this.#free) this.#native.giveBackPages(address, bytes);
      this.#native.giveBackFreedMemory();
    }
    // While the engine marks, a collection finds nothing; what lives on is given up after some.
    if (this.#isBusy || this.#loans.length > 0) this.#startTimer();
    this.#isBusy = false;
  }
}

function sizeOfBlock(bytes: number): number {
  return roundUp(bytes, bytes < leastHuge ? granuleBytes : hugePageBytes);
}

// Storages whose bytes live in the wasm memory between runs: who moves in, and who has to move out when room is short.
import { platform } from "#platform";
import type { Storage, StorageHome } from "../../base/index.js";
import type { Heap } from "./heap.js";

export interface ResidencyLimits {
  /** Large outputs stay where they were computed, unproven, up to this many bytes together. */
  readonly youngBytes: number;
  /** Above this many bytes, residents that were not used for `idleRuns` runs move out even while there is room. */
  readonly softBytes: number;
  readonly idleRuns: number;
}

export const defaultLimits: ResidencyLimits = { youngBytes: 256 << 20, softBytes: 1 << 30, idleRuns: 256 };

/** A storage in the wasm memory. */
export interface Resident {
  readonly storage: Storage;
  readonly address: number;
  /** Number of the last run that bound it. */
  lastRun: number;
  /** Not yet bound twice for the same purpose: probably garbage soon. */
  isYoung: boolean;
  /** False once it has moved out. */
  isAlive: boolean;
}

const searchInterval = 32;

/**
 * The residency table. A resident nobody uses any more is moved out as the least recently used one, so nothing depends on
 * finalizers (which do not run in a synchronous loop).
 */
export class Residency implements StorageHome {
  readonly #residents = new Map<Storage, Resident>();
  readonly #young = new Set<Resident>();
  readonly #heap: Heap;
  readonly #limits: ResidencyLimits;
  #bytes = 0;
  #youngBytes = 0;

  constructor(heap: Heap, limits: ResidencyLimits) {
    this.#heap = heap;
    this.#limits = limits;
  }

  get count(): number {
    return this.#residents.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The resident of a storage that lives here, else null. */
  find(storage: Storage): Resident | null {
    return storage.home === this ? (this.#residents.get(storage) ?? null) : null;
  }

  /** Moves a storage to a block that the caller allocated; its bytes are copied unless they are about to be overwritten. */
  moveIn(storage: Storage, address: number, run: number, options: { copy: boolean; isYoung: boolean }): Resident {
    if (options.copy) this.#heap.bytes.set(hostBytes(storage), address);
    else if (storage.home) storage.home.evict(storage);
    const resident: Resident = { storage, address, lastRun: run, isYoung: options.isYoung, isAlive: true };
    storage.moveTo(this);
    this.#residents.set(storage, resident);
    this.#bytes += storage.byteLength;
    if (resident.isYoung) {
      this.#young.add(resident);
      this.#youngBytes += storage.byteLength;
    }
    return resident;
  }

  /** A young resident has come back for the same purpose: it is state. */
  promote(resident: Resident): void {
    if (!resident.isYoung) return;
    resident.isYoung = false;
    this.#young.delete(resident);
    this.#youngBytes -= resident.storage.byteLength;
  }

  /** Moves out what the limits no longer allow; residents bound in run `run` stay. */
  trim(run: number): void {
    if (this.#youngBytes > this.#limits.youngBytes) {
      for (const resident of this.#young) {
        if (this.#youngBytes <= this.#limits.youngBytes) break;
        if (resident.lastRun !== run) this.evict(resident.storage);
      }
    }
    // The search below is linear in the residents: not in every run.
    while (this.#bytes > this.#limits.softBytes && run % searchInterval === 0) {
      const oldest = this.#oldest();
      if (!oldest || run - oldest.lastRun <= this.#limits.idleRuns) break;
      this.evict(oldest.storage);
    }
  }

  /** Moves out the least recently used resident not bound in run `run`; false if there is none. */
  evictOne(run: number): boolean {
    const oldest = this.#oldest();
    if (!oldest || oldest.lastRun === run) return false;
    this.evict(oldest.storage);
    return true;
  }

  evictAll(): void {
    for (const storage of [...this.#residents.keys()]) this.evict(storage);
  }

  #oldest(): Resident | null {
    let oldest: Resident | null = null;
    for (const resident of this.#residents.values()) {
      if (!oldest || resident.lastRun < oldest.lastRun) oldest = resident;
    }
    return oldest;
  }

  read(storage: Storage, into: Uint8Array): void {
    const { address } = this.#get(storage);
    into.set(this.#heap.bytes.subarray(address, address + into.length));
  }

  write(storage: Storage, from: Uint8Array): void {
    this.#heap.bytes.set(from, this.#get(storage).address);
  }

  evict(storage: Storage): void {
    const resident = this.#get(storage);
    const { address } = resident;
    const buffer = platform.allocate(storage.byteLength);
    new Uint8Array(buffer).set(this.#heap.bytes.subarray(address, address + storage.byteLength));
    storage.buffer = buffer;
    storage.home = null;
    this.#residents.delete(storage);
    this.#bytes -= storage.byteLength;
    this.promote(resident);
    resident.isAlive = false;
    this.#heap.free(address, storage.byteLength);
  }

  #get(storage: Storage): Resident {
    // The storage names this table as its home only while it has an entry.
    return this.#residents.get(storage) as Resident;
  }
}

/** The bytes of a storage on the host; a buffer that was handed in may lack the padding, or have more of it. */
export function hostBytes(storage: Storage): Uint8Array<ArrayBuffer> {
  const buffer = storage.hostBuffer();
  return new Uint8Array(buffer, 0, Math.min(buffer.byteLength, storage.byteLength));
}

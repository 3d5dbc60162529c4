// Storages whose bytes live in the wasm memory between runs: who moves in, and who has to move out when room is short.
import { platform } from "#platform";
import type { Storage, StorageHome } from "../../base/index.js";
import { makeBallast } from "./ballast.js";
import type { Heap } from "./heap.js";

export interface ResidencyLimits {
  /**
   * Large outputs stay where they were computed, unproven, up to this many bytes together. The default is more than a loop with
   * turns of the event loop makes before the engine has collected them (measured: at most 368 MiB of results of 16 MiB).
   */
  readonly youngBytes: number;
  /** Above this many bytes, residents that were not used for `idleRuns` runs move out even while there is room. */
  readonly softBytes: number;
  readonly idleRuns: number;
}

export const defaultLimits: ResidencyLimits = { youngBytes: 384 << 20, softBytes: 1 << 30, idleRuns: 256 };

/** A block of the wasm memory with the bytes of a storage, which it does not refer to: nothing here keeps a storage alive. */
export interface Resident {
  readonly address: number;
  readonly byteLength: number;
  /** Number of the last run that bound it. */
  lastRun: number;
  /** Not yet bound twice for the same purpose: probably garbage soon. */
  isYoung: boolean;
  /** Where the bytes went when they had to move out; null while they are here. */
  movedTo: ArrayBuffer | null;
}

/** What a storage holds of its place in the wasm memory. Only the storage refers to it, so they become garbage together. */
class Lease implements StorageHome {
  constructor(
    readonly residency: Residency,
    readonly resident: Resident,
    readonly ballast: ArrayBuffer | null,
  ) {}

  read(_: Storage, into: Uint8Array): void {
    into.set(this.residency.bytesOf(this.resident).subarray(0, into.length));
  }

  evict(storage: Storage): void {
    storage.buffer = this.residency.moveOut(this.resident);
    storage.home = null;
  }
}

const searchInterval = 32;

/**
 * The residency table. The block of a storage that is garbage becomes free when the engine says so, which it does between tasks
 * only. A synchronous loop therefore lives on limits: what nobody may need any more is moved out as the least recently used one.
 */
export class Residency {
  readonly #residents = new Set<Resident>();
  readonly #young = new Set<Resident>();
  readonly #garbage = new FinalizationRegistry<Resident>((resident) => {
    this.#remove(resident);
    this.#isSynchronous = false;
  });
  readonly #heap: Heap;
  readonly #limits: ResidencyLimits;
  #bytes = 0;
  #youngBytes = 0;
  /**
   * The limit for young residents was met since the engine last spoke of garbage. Ballast is of no use then: the copies that
   * move out have the engine collect, and with ballast it would do so more often.
   */
  #isSynchronous = false;

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
  find({ home }: Storage): Resident | null {
    if (!(home instanceof Lease) || home.residency !== this) return null;
    return home.resident.movedTo === null ? home.resident : null;
  }

  /** Moves a storage to a block that the caller allocated; its bytes are copied unless they are about to be overwritten. */
  moveIn(storage: Storage, address: number, run: number, options: { copy: boolean; isYoung: boolean }): Resident {
    const { byteLength } = storage;
    if (options.copy) this.#heap.bytes.set(storage.hostBytes(), address);
    else if (storage.home) storage.home.evict(storage);
    const resident: Resident = { address, byteLength, lastRun: run, isYoung: options.isYoung, movedTo: null };
    const lease = new Lease(this, resident, this.#isSynchronous ? null : makeBallast(byteLength));
    this.#garbage.register(lease, resident, resident);
    storage.moveTo(lease);
    this.#residents.add(resident);
    this.#bytes += byteLength;
    if (resident.isYoung) {
      this.#young.add(resident);
      this.#youngBytes += byteLength;
    }
    return resident;
  }

  /** A young resident has come back for the same purpose: it is state. */
  promote(resident: Resident): void {
    if (!resident.isYoung) return;
    resident.isYoung = false;
    this.#young.delete(resident);
    this.#youngBytes -= resident.byteLength;
  }

  /** Moves out what the limits no longer allow; residents bound in run `run` stay. */
  trim(run: number): void {
    if (this.#youngBytes > this.#limits.youngBytes) {
      for (const resident of this.#young) {
        if (this.#youngBytes <= this.#limits.youngBytes) break;
        if (resident.lastRun === run) continue;
        this.moveOut(resident);
        this.#isSynchronous = true;
      }
    }
    // The search below is linear in the residents: not in every run.
    while (this.#bytes > this.#limits.softBytes && run % searchInterval === 0) {
      const oldest = this.#oldest();
      if (!oldest || run - oldest.lastRun <= this.#limits.idleRuns) break;
      this.moveOut(oldest);
    }
  }

  /** Moves out the least recently used resident not bound in run `run`; false if there is none. */
  evictOne(run: number): boolean {
    const oldest = this.#oldest();
    if (!oldest || oldest.lastRun === run) return false;
    this.moveOut(oldest);
    return true;
  }

  evictAll(): void {
    for (const resident of [...this.#residents]) this.moveOut(resident);
  }

  #oldest(): Resident | null {
    let oldest: Resident | null = null;
    for (const resident of this.#residents) {
      if (!oldest || resident.lastRun < oldest.lastRun) oldest = resident;
    }
    return oldest;
  }

  /** The bytes, wherever they are now. The view does not last. */
  bytesOf({ address, byteLength, movedTo }: Resident): Uint8Array {
    return movedTo ? new Uint8Array(movedTo) : this.#heap.bytes.subarray(address, address + byteLength);
  }

  /** Moves the bytes to a host buffer, where they are not in one already, and gives the block back. */
  moveOut(resident: Resident): ArrayBuffer {
    if (resident.movedTo) return resident.movedTo;
    const buffer = platform.allocate(resident.byteLength);
    new Uint8Array(buffer).set(this.bytesOf(resident));
    // From here on only the storage's lease leads to the resident, and so to the buffer.
    this.#garbage.unregister(resident);
    this.#remove(resident);
    resident.movedTo = buffer;
    return buffer;
  }

  #remove(resident: Resident): void {
    this.promote(resident);
    this.#residents.delete(resident);
    this.#bytes -= resident.byteLength;
    this.#heap.free(resident.address, resident.byteLength);
  }
}

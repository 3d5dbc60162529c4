// What all programs of a process share: the memory with its arena, scratch and residents, and the threads.
import { platform } from "#platform";
import { roundUp } from "../sizes.js";
import { checkThreads, threadCount } from "../threads/settings.js";
import { Heap } from "./heap.js";
import { ThreadPool } from "./pool.js";
import { defaultLimits, Residency, type ResidencyLimits } from "./residency.js";

const regionGranule = 65536;

/** A block that grows by being replaced; its contents are lost then. */
class Region {
  address = 0;
  size = 0;
}

export interface RuntimeOptions {
  /** Most bytes of wasm memory; at most 4 GiB. */
  readonly memoryBytes?: number;
  readonly limits?: Partial<ResidencyLimits>;
  /** Default: as many as all targets use. */
  readonly threads?: number;
}

export class Runtime {
  readonly heap: Heap;
  readonly residency: Residency;
  readonly pool: ThreadPool;
  /** Intermediate values of the program that runs. */
  readonly arena = new Region();
  /** Local buffers, one part a thread. */
  readonly scratch = new Region();
  /** Copies of bound storages that are not resident. */
  readonly staging = new Region();
  /** Number of the current run. */
  run = 0;
  readonly #threads: number | null;
  #nextId = 1;

  constructor({ memoryBytes = 2 ** 32, limits = {}, threads }: RuntimeOptions = {}) {
    this.heap = new Heap(platform.hasSharedMemory, memoryBytes);
    this.residency = new Residency(this.heap, { ...defaultLimits, ...limits });
    this.pool = new ThreadPool(this.heap.memory, this.heap.isShared);
    this.#threads = threads === undefined ? null : checkThreads(threads);
  }

  /** Threads that run programs, the calling one included. Where memory cannot be shared it is 1. */
  get threads(): number {
    return this.heap.isShared ? (this.#threads ?? threadCount()) : 1;
  }

  nextId(): number {
    return this.#nextId++;
  }

  /** Address of a new block, moving out residents not used by this run where needed; null if that is not enough. */
  allocate(bytes: number): number | null {
    for (;;) {
      const address = this.heap.allocate(bytes);
      if (address !== null || !this.residency.evictOne(this.run)) return address;
    }
  }

  /** Makes a region at least this large; false if there is no room. */
  reserve(region: Region, bytes: number): boolean {
    if (bytes <= region.size) return true;
    this.#release(region);
    const size = roundUp(bytes, regionGranule);
    const address = this.allocate(size);
    if (address === null) return false;
    region.address = address;
    region.size = size;
    return true;
  }

  /** Empties the memory, but for binding tables: what is needed next finds all room in one piece. */
  clear(): void {
    this.residency.evictAll();
    for (const region of [this.arena, this.scratch, this.staging]) this.#release(region);
  }

  #release(region: Region): void {
    if (region.size > 0) this.heap.free(region.address, region.size);
    region.address = 0;
    region.size = 0;
  }
}

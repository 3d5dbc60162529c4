// Brings the storages bound to a run into the wasm memory, and takes results out again.
import type { Storage } from "../../base/index.js";
import type { Program } from "../../ir/index.js";
import type { Resident } from "./residency.js";
import type { Runtime } from "./runtime.js";

type Binding = Program["bindings"][number];

/** Outputs from this size on stay in the memory after the run, since copying them costs more than keeping them. */
const largeOutputBytes = 1 << 20;
/** Copies made for one run take at most this much; storages beyond it become residents at once. */
const mostStagedBytes = 64 << 20;

interface Slot {
  readonly binding: Binding;
  /** Tag of the storage bound last. */
  lastTag: number;
  /** What the binding table says. */
  address: number;
}

interface Staged {
  readonly slot: number;
  readonly storage: Storage;
  readonly offset: number;
}

export class Bindings {
  readonly #runtime: Runtime;
  readonly #slots: Slot[];
  readonly #table: number;
  #staged: Staged[] = [];
  #stagedBytes = 0;

  constructor(runtime: Runtime, program: Program, table: number) {
    this.#runtime = runtime;
    this.#table = table;
    this.#slots = program.bindings.map((binding) => ({ binding, lastTag: 0, address: 0 }));
  }

  /** Gives every storage an address in the binding table; false if there is no room. May be called again then. */
  place(storages: readonly Storage[]): boolean {
    this.#staged = [];
    this.#stagedBytes = 0;
    for (let index = 0; index < this.#slots.length; index++) {
      if (!this.#admit(index, this.#slots[index] as Slot, storages[index] as Storage)) return false;
    }
    return this.#staged.length === 0 || this.#stage();
  }

  /** Address of bound storage `slot`. */
  address(slot: number): number {
    return (this.#slots[slot] as Slot).address;
  }

  /** Copies results that are not resident to their storages. */
  takeOut(): void {
    const { heap, staging } = this.#runtime;
    for (const { slot, storage, offset } of this.#staged) {
      if (!(this.#slots[slot] as Slot).binding.written) continue;
      const from = staging.address + offset;
      const into = storage.hostBytes();
      into.set(heap.bytes.subarray(from, from + into.length));
    }
    this.forget();
  }

  /** Lets go of the run's storages. */
  forget(): void {
    this.#staged = [];
  }

  /** Finds or makes a resident for a storage, or plans a copy of it; false if there is no room. */
  #admit(index: number, slot: Slot, storage: Storage): boolean {
    const { residency, run } = this.#runtime;
    if (storage.tag === 0) storage.tag = this.#runtime.nextId();
    const isBack = slot.lastTag === storage.tag;
    slot.lastTag = storage.tag;
    const isState = isBack || (slot.binding.read && slot.binding.written);
    const resident = residency.find(storage) ?? this.#moveIn(slot, storage, isState);
    if (resident === "full") return false;
    if (!resident) {
      this.#planCopy(index, storage);
      return true;
    }
    resident.lastRun = run;
    if (isState) residency.promote(resident);
    this.#setAddress(index, slot, resident.address);
    return true;
  }

  /** A new resident; null where a copy for this run is better. */
  #moveIn({ binding }: Slot, storage: Storage, isState: boolean): Resident | null | "full" {
    const isLargeOutput = !binding.read && storage.byteLength >= largeOutputBytes;
    if (!isState && !isLargeOutput && this.#stagedBytes + storage.byteLength <= mostStagedBytes) return null;
    // A storage bound twice must not be copied for one binding and moved for the other.
    if (this.#staged.some((staged) => staged.storage === storage)) return null;
    const address = this.#runtime.allocate(storage.byteLength);
    if (address === null) return "full";
    const options = { copy: binding.read, isYoung: !isState };
    return this.#runtime.residency.moveIn(storage, address, this.#runtime.run, options);
  }

  #planCopy(slot: number, storage: Storage): void {
    const twin = this.#staged.find((staged) => staged.storage === storage);
    this.#staged.push({ slot, storage, offset: twin?.offset ?? this.#stagedBytes });
    if (!twin) this.#stagedBytes += storage.byteLength;
  }

  #stage(): boolean {
    const { heap, staging } = this.#runtime;
    if (!this.#runtime.reserve(staging, this.#stagedBytes)) return false;
    for (const { slot: index, storage, offset } of this.#staged) {
      const slot = this.#slots[index] as Slot;
      const address = staging.address + offset;
      this.#setAddress(index, slot, address);
      if (slot.binding.read) heap.bytes.set(storage.hostBytes(), address);
    }
    return true;
  }

  #setAddress(index: number, slot: Slot, address: number): void {
    if (slot.address === address) return;
    slot.address = address;
    this.#runtime.heap.words[this.#table / 4 + index] = address;
  }
}

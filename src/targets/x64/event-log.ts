// The log in which the driver notes kernels, and what it says.
import type { Native } from "#platform";
import type { Kernel, KernelEvent } from "../../ir/index.js";
import { eventBytes, eventField, logField } from "./plan.js";

export class EventLog {
  readonly address: number;
  readonly #view: DataView;

  /** @param room - the most events that one run can bring. */
  constructor(room: number, native: Native) {
    this.#view = new DataView(new ArrayBuffer(logField.first + room * eventBytes));
    this.address = native.addressOf(this.#view.buffer as ArrayBuffer);
    this.#view.setBigUint64(logField.capacity, BigInt(room), true);
  }

  events(kernels: readonly Kernel[], toMs: (ticks: number) => number): KernelEvent[] {
    const view = this.#view;
    const long = (at: number) => Number(view.getBigUint64(at, true));
    const word = (at: number) => view.getInt32(at, true);
    const count = Math.min(long(logField.count), long(logField.capacity));
    return Array.from({ length: count }, (_, index) => {
      const at = logField.first + index * eventBytes;
      return {
        kernel: kernels[word(at + eventField.kernel)] as Kernel,
        thread: word(at + eventField.thread),
        start: toMs(long(at + eventField.start)),
        end: toMs(long(at + eventField.end)),
        first: word(at + eventField.begin),
        last: word(at + eventField.endTile),
      };
    });
  }
}

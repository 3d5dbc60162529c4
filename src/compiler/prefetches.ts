// What memory is asked for ahead: each place once.
import { type Buffer, type Expr, type Stmt, visitOnce } from "../ir/index.js";

/** Bytes that memory is moved in. Another machine's lines only make some of the statements idle. */
export const LINE_BYTES = 64;
/** Summed elements below which there is too little to compute for a wait to hide behind. */
export const LEAST_DEPTH = 64;

/** Prefetches by place. A thread's own buffers are near anyhow, and left out. */
export class Prefetches {
  readonly byPlace = new Map<string, Stmt>();
  readonly #addLoads = visitOnce((x) => {
    if (x.kind === "load") this.add(x.buffer, x.index, "read");
  });

  add(buffer: Buffer, index: Expr, use: "read" | "write"): void {
    const key = `${buffer.id} ${index.id}`;
    if (buffer.space === "global" && !this.byPlace.has(key))
      this.byPlace.set(key, { kind: "prefetch", buffer, index, use });
  }

  /** What `value` loads. */
  addLoads(value: Expr): void {
    this.#addLoads(value);
  }
}

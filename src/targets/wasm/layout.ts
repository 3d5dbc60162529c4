// Where things are in the wasm memory, which starts with the threads' control block: the heap, and the binding table of a program.
import type { Program } from "../../ir/index.js";
import { roundUp } from "../sizes.js";

/**
 * First address of buffers. Constant index parts below this become immediate offsets without proof that the rest of
 * the index is not negative, because base + rest cannot wrap below 0 then.
 */
export const heapStart = 1 << 20;

/** Byte offsets in a program's binding table: i32 addresses, f64 scalars, one i32 tile counter a stage. */
export interface TableLayout {
  /** Address of bound storage `slot` is at 4 * slot; the arena's follows them. */
  readonly arena: number;
  readonly scalars: number;
  readonly counters: number;
  readonly bytes: number;
}

export function tableLayout(program: Program): TableLayout {
  const arena = program.bindings.length * 4;
  const scalars = roundUp(arena + 4, 8);
  const counters = roundUp(scalars + program.scalarCount * 8, 64);
  return { arena, scalars, counters, bytes: roundUp(counters + program.stages.length * 4, 64) };
}

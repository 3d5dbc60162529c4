// The table of a program: what kernels are told about a run.
import type { Program } from "../../ir/index.js";
import { roundUp } from "../sizes.js";

/** Byte offsets in a program's table: the address of each bound storage at 8 * slot, then that of the arena, then f64 scalars, then what bounds checks found. */
export interface TableLayout {
  readonly arena: number;
  readonly scalars: number;
  /** u64: 0, or the number of the access outside of its buffer; i64: where it was, in bytes from the buffer's start. */
  readonly violation: number;
  readonly bytes: number;
}

export function tableLayout(program: Program): TableLayout {
  const arena = program.bindings.length * 8;
  const scalars = arena + 8;
  const violation = scalars + program.scalarCount * 8;
  return { arena, scalars, violation, bytes: roundUp(violation + 16, 64) };
}

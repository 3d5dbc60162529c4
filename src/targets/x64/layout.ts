// The table of a program: what kernels are told about a run.
import type { Program } from "../../ir/index.js";
import { roundUp } from "../sizes.js";

/** Byte offsets in a program's table: the address of each bound storage at 8 * slot, then that of the arena, then f64 scalars. */
export interface TableLayout {
  readonly arena: number;
  readonly scalars: number;
  readonly bytes: number;
}

export function tableLayout(program: Program): TableLayout {
  const arena = program.bindings.length * 8;
  const scalars = arena + 8;
  return { arena, scalars, bytes: roundUp(scalars + program.scalarCount * 8, 64) };
}

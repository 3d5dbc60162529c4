// The machine code of a program's kernels.
import { platform } from "#platform";
import type { Kernel, Program } from "../../ir/index.js";
import { ConstantPool } from "./asm/constants.js";
import type { Features } from "./asm/operands.js";
import { assemble } from "./assemble.js";
import { type Access, checkBounds } from "./bounds.js";
import { tableLayout } from "./layout.js";
import { selectKernel } from "./select/kernel.js";

/** Code to be loaded at a multiple of 64. */
export interface KernelCode {
  readonly bytes: Uint8Array;
  /** Offset of each kernel's first instruction. */
  readonly entries: ReadonlyMap<Kernel, number>;
  /** The accesses that check their bounds, from number 1 on; absent where none do. */
  readonly accesses?: readonly Access[];
}

/**
 * Translates all kernels; from GRADUS_DEBUG=4 on prints what they became, and where it is set at all checks the registers.
 * With GRADUS_DEBUG_BOUNDS each access checks that it stays inside its buffer.
 */
export function compileKernels(program: Program, features: Features): KernelCode {
  const debug = platform.env("GRADUS_DEBUG");
  const pool = new ConstantPool();
  const table = tableLayout(program);
  const kernels = [...new Set(program.stages.flat())];
  const checksBounds = (platform.env("GRADUS_DEBUG_BOUNDS") ?? "0") !== "0";
  const functions = kernels.map((kernel) => selectKernel(kernel, program, table, features, pool, checksBounds));
  const accesses: Access[] = [];
  if (checksBounds) for (const f of functions) checkBounds(f, features, table.violation, accesses);
  const { bytes, entries, listing } = assemble(functions, features, {
    pool,
    verify: debug !== undefined || platform.env("VITEST") !== undefined,
    listing: Number(debug) >= 4,
  });
  if (listing !== "") platform.warn(`${program.name}\n${listing}`);
  // Functions stand in the order of their kernels.
  return {
    bytes,
    ...(checksBounds ? { accesses } : {}),
    entries: new Map(
      kernels.map((kernel, i) => [kernel, entries.get(functions[i] as (typeof functions)[0]) as number]),
    ),
  };
}

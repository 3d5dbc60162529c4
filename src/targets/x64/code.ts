// The machine code of a program's kernels.
import { platform } from "#platform";
import type { Kernel, Program } from "../../ir/index.js";
import { ConstantPool } from "./asm/constants.js";
import type { Features } from "./asm/operands.js";
import { assemble } from "./assemble.js";
import { tableLayout } from "./layout.js";
import { selectKernel } from "./select/kernel.js";

/** Code to be loaded at a multiple of 64. */
export interface KernelCode {
  readonly bytes: Uint8Array;
  /** Offset of each kernel's first instruction. */
  readonly entries: ReadonlyMap<Kernel, number>;
}

/** Translates all kernels; from GRADUS_DEBUG=4 on prints what they became, and where it is set at all checks the registers. */
export function compileKernels(program: Program, features: Features): KernelCode {
  const debug = platform.env("GRADUS_DEBUG");
  const pool = new ConstantPool();
  const table = tableLayout(program);
  const kernels = [...new Set(program.stages.flat())];
  const functions = kernels.map((kernel) => selectKernel(kernel, program, table, features, pool));
  const { bytes, entries, listing } = assemble(functions, features, {
    pool,
    verify: debug !== undefined || platform.env("VITEST") !== undefined,
    listing: Number(debug) >= 4,
  });
  if (listing !== "") platform.warn(`${program.name}\n${listing}`);
  // Functions stand in the order of their kernels.
  return {
    bytes,
    entries: new Map(
      kernels.map((kernel, i) => [kernel, entries.get(functions[i] as (typeof functions)[0]) as number]),
    ),
  };
}

// From machine functions to bytes: registers are given, everything is encoded, constants lie behind the code.
import { allocate } from "./allocate/allocate.js";
import { Assembler, type Relocation } from "./asm/assembler.js";
import type { ConstantPool } from "./asm/constants.js";
import type { Features } from "./asm/operands.js";
import type { MachineFunction } from "./machine.js";

export interface AssembleOptions {
  /** Constants that the functions share. */
  readonly pool?: ConstantPool;
  /** Proves that each use of a register reads the value asked for. */
  readonly verify?: boolean;
  readonly listing?: boolean;
}

export interface Assembled {
  /** Position-independent code, to be placed at a multiple of 64. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Offset of each function. */
  readonly entries: ReadonlyMap<MachineFunction, number>;
  readonly relocations: readonly Relocation[];
  /** Empty unless asked for. */
  readonly listing: string;
}

export function assemble(
  functions: readonly MachineFunction[],
  features: Features,
  { pool, verify = false, listing = false }: AssembleOptions = {},
): Assembled {
  const assembler = new Assembler(features, { listing });
  for (const f of functions) assembler.append(allocate(f, features, { verify }).code);
  if (pool) assembler.constants(pool);
  const { bytes, labels, relocations, listing: text } = assembler.finish();
  // The assembler throws where a label stands nowhere.
  const entries = new Map(functions.map((f) => [f, labels.get(f.entry) as number]));
  return { bytes, entries, relocations, listing: text };
}

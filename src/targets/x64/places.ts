// Where a kernel finds its buffers and scalars: as symbols that are filled in where its code becomes a part of a program, or,
// where the code serves one program only, as the numbers themselves.
import { InternalError } from "../../base/index.js";
import { actualSlot, type Buffer, type Kernel, type Placement, type Program } from "../../ir/index.js";
import { type LinkSymbol, type Mem, mem } from "./asm/operands.js";
import type { TableLayout } from "./layout.js";

/** A number of bytes, and one that is known when the code becomes a part of a program. */
interface Distance {
  readonly offset: number;
  readonly symbol: LinkSymbol | null;
}

/** Bases of the memory operands below are the table's register. */
export interface Places {
  /** Null for a buffer of the arena, else where the table has the address of its storage, and how far in it is; equal keys are one storage. */
  bound(buffer: Buffer): ({ readonly key: number; readonly place: Mem } & Distance) | null;
  /** Where the table has the address of the arena. */
  readonly arenaAddress: Mem;
  /** From the start of the arena. */
  arena(buffer: Buffer): Distance;
  /** From the start of the thread's scratch memory. */
  local(buffer: Buffer): number;
  scalar(named: number): Mem;
}

/** Displacements are of 32 bits; what a kernel adds to the place of a buffer stays below the size of the arena. */
const mostArenaBytes = 2 ** 30;

export function hasShareableCode(program: Program): boolean {
  return program.arenaBytes <= mostArenaBytes;
}

export function placementOf({ placements }: Program, buffer: Buffer): Placement {
  const placement = placements.get(buffer);
  if (!placement) throw new InternalError(`buffer ${buffer.name} has no placement`);
  return placement;
}

function localOf({ localOffsets }: Program, buffer: Buffer): number {
  const offset = localOffsets.get(buffer);
  if (offset === undefined) throw new InternalError(`local buffer ${buffer.name} has no place`);
  return offset;
}

/** For each global buffer of the kernel `a` in the arena, or the number of the first buffer of its bound storage, with a `+` if it is a part of it. */
export function placementPattern(kernel: Kernel, program: Program): string {
  const first = new Map<number, number>();
  return kernel.buffers
    .map((buffer, index) => {
      if (buffer.space === "local") return "l";
      const placement = placementOf(program, buffer);
      if (placement.kind === "arena") return "a";
      if (!first.has(placement.slot)) first.set(placement.slot, index);
      return `${first.get(placement.slot)}${placement.offset ? "+" : ""}`;
    })
    .join(",");
}

/** For code that all kernels of one body and placement pattern share. */
export function symbolicPlaces(kernel: Kernel, program: Program): Places {
  const indexOf = new Map(kernel.buffers.map((buffer, index) => [buffer, index]));
  const firstOf = new Map<number, number>();
  for (const [buffer, index] of indexOf) {
    const placement = program.placements.get(buffer);
    if (placement?.kind === "bound" && !firstOf.has(placement.slot)) firstOf.set(placement.slot, index);
  }
  const at = (symbol: LinkSymbol): Mem => ({ ...mem(null), symbol });
  const numberOf = (buffer: Buffer): number => {
    const index = indexOf.get(buffer);
    if (index === undefined) throw new InternalError(`kernel ${kernel.name} does not list its buffer ${buffer.name}`);
    return index;
  };
  return {
    bound(buffer) {
      const placement = placementOf(program, buffer);
      if (placement.kind === "arena") return null;
      const index = firstOf.get(placement.slot) ?? numberOf(buffer);
      const symbol: LinkSymbol | null = placement.offset ? { kind: "part", index: numberOf(buffer) } : null;
      return { key: index, place: at({ kind: "bound", index }), offset: 0, symbol };
    },
    arenaAddress: at({ kind: "arenaAddress" }),
    arena: (buffer) => ({ offset: 0, symbol: { kind: "arena", index: numberOf(buffer) } }),
    local: (buffer) => localOf(program, buffer),
    scalar: (named) => at({ kind: "scalar", index: named }),
  };
}

/** For code of this program alone. */
export function fixedPlaces(kernel: Kernel, program: Program, table: TableLayout): Places {
  return {
    bound(buffer) {
      const placement = placementOf(program, buffer);
      if (placement.kind === "arena") return null;
      const { slot, offset = 0 } = placement;
      return { key: slot, place: mem(null, slot * 8), offset, symbol: null };
    },
    arenaAddress: mem(null, table.arena),
    arena(buffer) {
      const placement = placementOf(program, buffer);
      return { offset: placement.kind === "arena" ? placement.offset : 0, symbol: null };
    },
    local: (buffer) => localOf(program, buffer),
    scalar: (named) => mem(null, table.scalars + actualSlot(kernel, named) * 8),
  };
}

/** What a symbol of the kernel's code is worth in a program. */
export function linkedValue(symbol: LinkSymbol, kernel: Kernel, program: Program, table: TableLayout): number {
  if (symbol.kind === "arenaAddress") return table.arena;
  if (symbol.kind === "scalar") return table.scalars + actualSlot(kernel, symbol.index) * 8;
  const placement = placementOf(program, kernel.buffers[symbol.index] as Buffer);
  if (symbol.kind === "part") return placement.offset ?? 0;
  return placement.kind === "arena" ? placement.offset : placement.slot * 8;
}

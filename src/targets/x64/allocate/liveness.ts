// Where each register holds a value that is still needed. Item i reads at position 2i and writes at 2i + 1.
import { InternalError } from "../../../base/index.js";
import type { Label } from "../asm/operands.js";
import type { MachineItem } from "../machine.js";
import { type Effects, endsPath } from "./effects.js";

/** Half-open ranges of positions, ascending and apart: from, to, from, to, … */
export type Segments = number[];

export interface Liveness {
  /** By register number. */
  readonly segments: readonly (Segments | undefined)[];
  /** Loops around each item. */
  readonly depth: Uint8Array;
}

interface Block {
  readonly start: number;
  end: number;
  readonly successors: number[];
}

export function livenessOf(code: readonly MachineItem[], effects: Effects, registers: number): Liveness {
  const places = labelPlaces(code);
  const blocks = blocksOf(code, places);
  const crossing = crossingRegisters(blocks, effects, registers);
  const liveOut = liveOutOf(blocks, effects, crossing);
  return { segments: segmentsOf(blocks, effects, crossing, liveOut, registers), depth: depths(code, places) };
}

function labelPlaces(code: readonly MachineItem[]): Map<Label, number> {
  const places = new Map<Label, number>();
  code.forEach((item, at) => {
    if (item.op === "bind") places.set(item.label, at);
  });
  return places;
}

/** The label an item may jump to. Calls come back, and code of other functions has no labels here. */
export function jumpTarget(item: MachineItem): Label | null {
  if (item.op === "bind" || item.op === "copy" || item.op === "return" || item.op === "call") return null;
  const target = item.operands[0];
  return target?.kind === "label" ? target : null;
}

function placeOf(places: ReadonlyMap<Label, number>, label: Label): number {
  const place = places.get(label);
  if (place === undefined)
    throw new InternalError(`x64: jump to label ${label.name ?? label.id}, which stands nowhere`);
  return place;
}

/** A loop reaches from the label that a jump goes back to, to the last such jump. */
function depths(code: readonly MachineItem[], places: ReadonlyMap<Label, number>): Uint8Array {
  const ends = new Map<number, number>();
  code.forEach((item, at) => {
    const target = jumpTarget(item);
    const head = target === null ? at : placeOf(places, target);
    if (head < at) ends.set(head, at);
  });
  const change = new Int32Array(code.length + 1);
  for (const [head, end] of ends) {
    change[head] = (change[head] ?? 0) + 1;
    change[end + 1] = (change[end + 1] ?? 0) - 1;
  }
  const depth = new Uint8Array(code.length);
  let current = 0;
  for (let at = 0; at < code.length; at++) {
    current += change[at] ?? 0;
    depth[at] = current;
  }
  return depth;
}

function blocksOf(code: readonly MachineItem[], places: ReadonlyMap<Label, number>): Block[] {
  const blocks: Block[] = [];
  const blockAt = new Int32Array(code.length + 1).fill(-1);
  let starts = true;
  code.forEach((item, at) => {
    if (item.op === "bind" || starts) {
      blockAt[at] = blocks.length;
      blocks.push({ start: at, end: at + 1, successors: [] });
    }
    (blocks.at(-1) as Block).end = at + 1;
    starts = endsPath(item) || jumpTarget(item) !== null;
  });
  blocks.forEach((block, at) => {
    const last = code[block.end - 1] as MachineItem;
    if (!endsPath(last) && at + 1 < blocks.length) block.successors.push(at + 1);
    const target = jumpTarget(last);
    if (target !== null) block.successors.push(blockAt[placeOf(places, target)] as number);
  });
  return blocks;
}

interface Crossing {
  /** The number of a register among those that matter between blocks, or -1. */
  readonly slots: Int32Array;
  readonly registers: readonly number[];
}

/** Most registers live in one block only; the others get bits of the sets that are passed between blocks. */
function crossingRegisters(blocks: readonly Block[], effects: Effects, registers: number): Crossing {
  const { reads, readStart, writes, writeStart } = effects;
  const slots = new Int32Array(registers).fill(-1);
  const found: number[] = [];
  const home = new Int32Array(registers).fill(-1);
  const written = new Int32Array(registers).fill(-1);
  const touch = (register: number, block: number, isExposed: boolean) => {
    const known = home[register];
    if (slots[register] === -1 && (isExposed || (known !== -1 && known !== block))) {
      slots[register] = found.length;
      found.push(register);
    }
    home[register] = block;
  };
  for (const [block, { start, end }] of blocks.entries()) {
    for (let at = start; at < end; at++) {
      for (let index = readStart[at] as number; index < (readStart[at + 1] as number); index++) {
        const register = reads[index] as number;
        touch(register, block, written[register] !== block);
      }
      for (let index = writeStart[at] as number; index < (writeStart[at + 1] as number); index++) {
        const register = writes[index] as number;
        touch(register, block, false);
        written[register] = block;
      }
    }
  }
  return { slots, registers: found };
}

/** Sets of registers needed after each block, by repeated passes from the end until nothing changes. */
function liveOutOf(blocks: readonly Block[], effects: Effects, { slots, registers }: Crossing): Uint32Array[] {
  const { reads, readStart, writes, writeStart } = effects;
  const words = (registers.length + 31) >> 5;
  const sets = () => blocks.map(() => new Uint32Array(words));
  const [uses, defs, liveIn, liveOut] = [sets(), sets(), sets(), sets()] as const;
  for (const [block, { start, end }] of blocks.entries()) {
    const use = uses[block] as Uint32Array;
    const def = defs[block] as Uint32Array;
    for (let at = end - 1; at >= start; at--) {
      for (let index = writeStart[at] as number; index < (writeStart[at + 1] as number); index++) {
        const slot = slots[writes[index] as number] as number;
        if (slot === -1) continue;
        setBit(def, slot);
        clearBit(use, slot);
      }
      for (let index = readStart[at] as number; index < (readStart[at + 1] as number); index++) {
        const slot = slots[reads[index] as number] as number;
        if (slot !== -1) setBit(use, slot);
      }
    }
  }
  for (let changed = true; changed; ) {
    changed = false;
    for (let block = blocks.length - 1; block >= 0; block--) {
      const out = liveOut[block] as Uint32Array;
      const before = liveIn[block] as Uint32Array;
      const use = uses[block] as Uint32Array;
      const def = defs[block] as Uint32Array;
      for (const successor of (blocks[block] as Block).successors) {
        const into = liveIn[successor] as Uint32Array;
        for (let word = 0; word < words; word++) out[word] = (out[word] as number) | (into[word] as number);
      }
      for (let word = 0; word < words; word++) {
        const needed = ((use[word] as number) | ((out[word] as number) & ~(def[word] as number))) >>> 0;
        if (needed === before[word]) continue;
        before[word] = needed;
        changed = true;
      }
    }
  }
  return liveOut;
}

/** Walks each block from its end, the last block first, so that segments are found from the last to the first. */
function segmentsOf(
  blocks: readonly Block[],
  { reads, readStart, writes, writeStart }: Effects,
  crossing: Crossing,
  liveOut: readonly Uint32Array[],
  registers: number,
): (Segments | undefined)[] {
  const backwards: (number[] | undefined)[] = new Array(registers).fill(undefined);
  // Where the range that is being walked ends, or -1 outside of one.
  const open = new Int32Array(registers).fill(-1);
  const opened: number[] = [];
  const close = (register: number, from: number) => {
    const to = open[register] as number;
    open[register] = -1;
    const list = backwards[register];
    if (list === undefined) backwards[register] = [to, from];
    else if (list[list.length - 1] === to) list[list.length - 1] = from;
    else list.push(to, from);
  };
  for (let block = blocks.length - 1; block >= 0; block--) {
    const { start, end } = blocks[block] as Block;
    const out = liveOut[block] as Uint32Array;
    opened.length = 0;
    for (let word = 0; word < out.length; word++) {
      for (let bits = out[word] as number; bits !== 0; bits &= bits - 1) {
        const register = crossing.registers[32 * word + 31 - Math.clz32(bits & -bits)] as number;
        open[register] = 2 * end;
        opened.push(register);
      }
    }
    for (let at = end - 1; at >= start; at--) {
      for (let index = writeStart[at] as number; index < (writeStart[at + 1] as number); index++) {
        const register = writes[index] as number;
        // What is never read still needs a place to be written to.
        if (open[register] === -1) open[register] = 2 * at + 2;
        close(register, 2 * at + 1);
      }
      for (let index = readStart[at] as number; index < (readStart[at + 1] as number); index++) {
        const register = reads[index] as number;
        if (open[register] !== -1) continue;
        open[register] = 2 * at + 1;
        opened.push(register);
      }
    }
    for (const register of opened) if (open[register] !== -1) close(register, 2 * start);
  }
  for (const list of backwards) list?.reverse();
  return backwards;
}

function setBit(set: Uint32Array, bit: number): void {
  set[bit >> 5] = (set[bit >> 5] as number) | (1 << (bit & 31));
}

function clearBit(set: Uint32Array, bit: number): void {
  set[bit >> 5] = (set[bit >> 5] as number) & ~(1 << (bit & 31));
}

// The function's frame: registers saved for the caller, slots for spilled and other values, the way in and the way out.
import {
  type Bind,
  type Instr,
  imm,
  type Mem,
  mem,
  type OperandSize,
  physical,
  type Reg,
  rbp,
  rsp,
} from "../asm/operands.js";
import type { Slot } from "../machine.js";

export interface Frame {
  readonly enter: readonly Instr[];
  readonly leave: readonly Instr[];
  /** Where a slot is. */
  address(slot: number): Mem;
  readonly bytes: number;
}

/** Slots that ask for more than the stack's own 16 bytes need a register that remembers where the frame began. */
export function needsFramePointer(slots: readonly Slot[]): boolean {
  return slots.some(({ align }) => align > 16);
}

/**
 * @param saved - numbers of the general registers to save; without rbp where it is the frame pointer.
 * @param isLeaf - a function that calls nothing needs no aligned stack unless it has slots.
 */
export function layOutFrame(slots: readonly Slot[], saved: readonly number[], isLeaf: boolean): Frame {
  const offsets = new Array<number>(slots.length).fill(0);
  let end = 0;
  // Largest alignment first: no gaps.
  for (const at of slots.map((_, index) => index).sort((a, b) => (slots[b]?.align ?? 1) - (slots[a]?.align ?? 1))) {
    const { size, align } = slots[at] as Slot;
    end = Math.ceil(end / align) * align;
    offsets[at] = end;
    end += size;
  }
  const address = (slot: number) => mem(rsp, offsets[slot]);
  const push = (reg: Reg) => instr("push", 64, [reg]);
  const pop = (reg: Reg) => instr("pop", 64, [reg]);
  const registers = saved.map((id) => physical("gp", id));
  if (needsFramePointer(slots)) {
    const align = Math.max(...slots.map((slot) => slot.align));
    return {
      enter: [
        push(rbp),
        instr("mov", 64, [rbp, rsp]),
        ...registers.map(push),
        instr("sub", 64, [rsp, imm(end)]),
        instr("and", 64, [rsp, imm(-align)]),
      ],
      leave: [instr("lea", 64, [rsp, mem(rbp, -8 * registers.length)]), ...[...registers].reverse().map(pop), pop(rbp)],
      address,
      bytes: end,
    };
  }
  // At the entry the return address has put the stack 8 off a multiple of 16.
  const pushed = 8 * registers.length + 8;
  const bytes = end === 0 && isLeaf ? 0 : Math.ceil((pushed + end) / 16) * 16 - pushed;
  return {
    enter: [...registers.map(push), ...(bytes === 0 ? [] : [instr("sub", 64, [rsp, imm(bytes)])])],
    leave: [...(bytes === 0 ? [] : [instr("add", 64, [rsp, imm(bytes)])]), ...[...registers].reverse().map(pop)],
    address,
    bytes,
  };
}

function instr(op: Instr["op"], size: OperandSize, operands: Instr["operands"]): Instr {
  return { op, size, operands };
}

export type PhysicalCode = readonly (Instr | Bind)[];

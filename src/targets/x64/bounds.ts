// Bounds checks, for debugging: before each access to a buffer, code that compares the address itself with where the buffer
// begins and ends, whatever pointers and offsets it was put together from. An access outside is not made: the kernel notes its
// number in the table and returns.

import { InternalError } from "../../base/index.js";
import { Forms } from "./allocate/effects.js";
import { accessBytes } from "./asm/form.js";
import {
  type Bounds,
  type Features,
  type Instr,
  imm,
  type Label,
  type Mem,
  mem,
  type Reg,
  rdx,
} from "./asm/operands.js";
import { printLoose } from "./asm/print.js";
import type { MachineFunction, MachineItem } from "./machine.js";

/** An access that is checked, for the message. */
export interface Access {
  readonly kernel: string;
  readonly buffer: string;
  readonly bytes: number;
  readonly text: string;
}

/** Bytes of a lane in accesses whose mask leaves lanes of memory alone. */
const LANE_BYTES: Readonly<Record<string, number>> = {
  vmovups: 4,
  vmovupd: 8,
  vmovdqu8: 1,
  vmovdqu32: 4,
  vmovdqu64: 8,
  vpmovzxbd: 1,
  vpmovdb: 1,
  vmaskmovps: 4,
  vmaskmovpd: 8,
};
const READS_FLAGS = /^(j(?!mp)|set|cmov|adc|sbb)/;
const KEEPS_FLAGS = /^(mov|lea|not|v(?!u?comis|ptest|testp)|k(?!ortest|test)|copy|bzhi$|shlx|sarx|shrx|rorx|cdq|cqo)/;

/** Rewrites the function so that its accesses are checked, and adds them to `accesses`: the first has number 1. */
export function checkBounds(f: MachineFunction, features: Features, violation: number, accesses: Access[]): void {
  const items = f.code.splice(0);
  const table = f.copyOf(rdx);
  const checker = new Checker(f, new Forms(features));
  const traps: { readonly at: Label; readonly offset: Reg; readonly number: number }[] = [];
  items.forEach((item, at) => {
    const access = accessOf(item);
    if (access !== null) {
      if (flagsAreNeeded(items, at)) {
        throw new InternalError(
          `x64: no place to check ${printLoose(access.instr)}, which stands between a comparison and its use`,
        );
      }
      const { instr, memory, bounds } = access;
      const trap = { at: f.label(), offset: f.gp(), number: accesses.length + 1 };
      accesses.push({ kernel: f.name, buffer: bounds.name, bytes: bounds.bytes, text: printLoose(instr) });
      traps.push(trap);
      checker.check(instr, memory, bounds, trap.at, trap.offset);
    }
    f.code.push(item);
  });
  for (const { at, offset, number } of traps) {
    f.bind(at);
    f.emit("mov", 64, [mem(table, violation), imm(number)]);
    f.emit("mov", 64, [mem(table, violation + 8), offset]);
    f.emit("vzeroupper", 128, []);
    f.return();
  }
}

function accessOf(item: MachineItem): { instr: Instr; memory: Mem; bounds: Bounds } | null {
  if (item.op === "bind" || item.op === "copy" || item.op === "return" || item.op === "lea") return null;
  for (const operand of item.operands) {
    if (operand.kind === "mem" && operand.bounds !== undefined)
      return { instr: item, memory: operand, bounds: operand.bounds };
  }
  return null;
}

/** Whether a comparison before item `at` is still waiting for the instruction that reads it: a check would overwrite it. */
function flagsAreNeeded(items: readonly MachineItem[], at: number): boolean {
  for (let next = at; next < items.length; next++) {
    const { op } = items[next] as MachineItem;
    if (READS_FLAGS.test(op)) return true;
    if (!KEEPS_FLAGS.test(op)) return false;
  }
  return false;
}

class Checker {
  constructor(
    readonly f: MachineFunction,
    readonly forms: Forms,
  ) {}

  /** Jumps to `trap` with the distance from the buffer's start in `offset`, unless all bytes of the access are inside. */
  check(instr: Instr, memory: Mem, bounds: Bounds, trap: Label, offset: Reg): void {
    const form = this.forms.of(instr);
    const bytes = accessBytes(form, instr.operands.indexOf(memory), instr.size, memory.broadcast === true);
    const { bounds: _, broadcast: __, ...address } = memory;
    if (memory.index?.class === "vec") {
      this.#checkLanes(instr, address, memory.index, bytes, bounds, trap, offset);
      return;
    }
    const lane = LANE_BYTES[instr.op];
    const mask = maskOf(instr);
    if (mask === null || lane === undefined) {
      this.#checkAt(address, bytes, bounds, trap, offset);
      return;
    }
    const { f } = this;
    const [bits, place, end] = [this.#bitsOf(mask, lane, instr), f.gp(), f.label()];
    f.emit("test", 64, [bits, bits]);
    f.emit("je", 64, [end]);
    f.emit("tzcnt", 64, [place, bits]);
    this.#checkAt(this.#moved(address, place, lane), lane, bounds, trap, offset);
    f.emit("lzcnt", 64, [place, bits]);
    f.emit("neg", 64, [place]);
    f.emit("add", 64, [place, imm(63)]);
    this.#checkAt(this.#moved(address, place, lane), lane, bounds, trap, offset);
    f.bind(end);
  }

  /** Gathers: the lanes that their mask asks for, one by one. */
  #checkLanes(instr: Instr, address: Mem, index: Reg, bytes: number, bounds: Bounds, trap: Label, offset: Reg): void {
    const { f } = this;
    const lanes = instr.size / 8 / bytes;
    const indexSize = bytes === 4 ? instr.size : Math.max(128, instr.size / 2);
    const bits = this.#bitsOf(maskOf(instr) as Reg, bytes, instr);
    const slot = f.slot(64);
    f.emit("vmovups", indexSize as Instr["size"], [slot, index]);
    for (let lane = 0; lane < lanes; lane++) {
      const [place, end] = [f.gp(), f.label()];
      f.emit("test", 64, [bits, imm(1 << lane)]);
      f.emit("je", 64, [end]);
      f.emit("movsxd", 64, [place, { ...slot, disp: 4 * lane }]);
      this.#checkAt({ ...address, index: place }, bytes, bounds, trap, offset);
      f.bind(end);
    }
  }

  #checkAt(address: Mem, bytes: number, { start, offset: first, bytes: all }: Bounds, trap: Label, offset: Reg): void {
    const { f } = this;
    const limit = f.gp();
    f.emit("lea", 64, [offset, address]);
    f.emit("sub", 64, [offset, start]);
    f.emit("mov", 64, [limit, imm(BigInt(first))]);
    f.emit("sub", 64, [offset, limit]);
    if (bytes > all) {
      f.jump(trap);
      return;
    }
    f.emit("mov", 64, [limit, imm(BigInt(all - bytes))]);
    f.emit("cmp", 64, [offset, limit]);
    // As unsigned numbers, places before the start are the largest of all.
    f.emit("ja", 64, [trap]);
  }

  #moved(address: Mem, lanes: Reg, bytes: number): Mem {
    const start = this.f.gp();
    this.f.emit("lea", 64, [start, address]);
    return mem(start, 0, lanes, bytes as Mem["scale"]);
  }

  /** One bit a lane, from an opmask or from the signs of a vector. */
  #bitsOf(mask: Reg, laneBytes: number, { size }: Instr): Reg {
    const bits = this.f.gp();
    if (mask.class === "mask") this.f.emit("kmovw", 64, [bits, mask]);
    else this.f.emit(laneBytes === 8 ? "vmovmskpd" : "vmovmskps", size, [bits, mask]);
    return bits;
  }
}

/** The register that says which lanes of memory an instruction touches. */
function maskOf({ op, mask, operands }: Instr): Reg | null {
  if (mask !== undefined) return mask;
  if (op.startsWith("vmaskmov")) {
    // A load has its mask before the memory operand, a store behind it: second either way.
    return operands[1] as Reg;
  }
  return op.startsWith("vgather") ? (operands[2] as Reg) : null;
}

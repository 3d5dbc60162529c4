// What machine instructions read and write, as numbers: 0–15 general, 16–47 vector and 48–55 mask registers, then virtual ones by their id.
import { InternalError } from "../../../base/index.js";
import type { Form } from "../asm/form.js";
import { findForm } from "../asm/match.js";
import { type Features, type Instr, isVirtual, type Operand, type Reg, type RegClass } from "../asm/operands.js";
import { printLoose } from "../asm/print.js";
import type { MachineItem } from "../machine.js";

const CLASS_START: Record<RegClass, number> = { gp: 0, vec: 16, mask: 48 };

/** The number of a register among all registers, physical and virtual. */
export function indexOf(reg: Reg): number {
  return isVirtual(reg) ? reg.id : CLASS_START[reg.class] + reg.id;
}

/** Registers read and written by each item of a piece of code, in flat arrays. */
export interface Effects {
  /** The reads of item i are `reads[readStart[i]]` up to `reads[readStart[i + 1]]`; likewise the writes. */
  readonly reads: readonly number[];
  readonly readStart: Int32Array;
  readonly writes: readonly number[];
  readonly writeStart: Int32Array;
}

export function effectsOf(code: readonly MachineItem[], forms: Forms): Effects {
  const reads: number[] = [];
  const writes: number[] = [];
  const readStart = new Int32Array(code.length + 1);
  const writeStart = new Int32Array(code.length + 1);
  code.forEach((item, at) => {
    readStart[at] = reads.length;
    writeStart[at] = writes.length;
    switch (item.op) {
      case "bind":
        break;
      case "copy":
        reads.push(indexOf(item.from));
        writes.push(indexOf(item.to));
        break;
      case "return":
        for (const reg of item.uses) reads.push(indexOf(reg));
        break;
      default:
        instrEffects(item, forms.of(item), reads, writes);
    }
  });
  readStart[code.length] = reads.length;
  writeStart[code.length] = writes.length;
  return { reads, readStart, writes, writeStart };
}

/** The forms of instructions, each looked up once. */
export class Forms {
  readonly #known = new Map<Instr, Form>();

  constructor(readonly features: Features) {}

  /** @throws InternalError if the instruction does not exist. */
  of(instr: Instr): Form {
    let form = this.#known.get(instr) ?? null;
    if (form !== null) return form;
    form = findForm(instr, this.features);
    if (form === null) throw new InternalError(`x64: no such instruction with ${this.features}: ${printLoose(instr)}`);
    this.#known.set(instr, form);
    return form;
  }
}

function instrEffects(instr: Instr, form: Form, reads: number[], writes: number[]): void {
  const constant = isConstant(instr, form);
  for (let at = 0; at < instr.operands.length; at++) {
    const operand = instr.operands[at] as Operand;
    const role = form.operands[at]?.role ?? "r";
    if (operand.kind === "reg") {
      if (role !== "r") writes.push(indexOf(operand));
      if (!constant && (role !== "w" || (at === 0 && keepsLanes(instr, form, operand)))) reads.push(indexOf(operand));
    } else if (operand.kind === "mem") {
      if (operand.base !== null) reads.push(indexOf(operand.base));
      if (operand.index !== null) reads.push(indexOf(operand.index));
    }
  }
  if (instr.mask !== undefined) {
    reads.push(indexOf(instr.mask));
    if (form.masking === "required") writes.push(indexOf(instr.mask));
  }
  // Registers named by the table are general ones, whose index is their number.
  for (const id of form.uses) reads.push(id);
  for (const id of form.defs) writes.push(id);
  for (const reg of instr.uses ?? []) reads.push(indexOf(reg));
  for (const reg of instr.defs ?? []) writes.push(indexOf(reg));
}

/** Whether lanes that the mask leaves out keep the value of the destination. A masked comparison clears them. */
export function keepsLanes(instr: Instr, form: Form, destination: Reg): boolean {
  return instr.mask !== undefined && instr.zeroing !== true && form.masking !== "select" && destination.class === "vec";
}

/** Combinations of a register with itself that do not depend on it: zeros, ones. */
export function isConstant({ operands, mask }: Instr, form: Form): boolean {
  if (form.idiom === null || mask !== undefined) return false;
  const sources = form.idiom === "ones" || operands.length === 2 ? operands : operands.slice(1);
  const [first] = sources;
  if (first?.kind !== "reg") return false;
  return sources.every((operand) =>
    operand.kind === "imm" ? BigInt(operand.value) === 255n : operand.kind === "reg" && operand.id === first.id,
  );
}

/** Whether the item never goes on to the next one. */
export function endsPath(item: MachineItem): boolean {
  return item.op === "jmp" || item.op === "return" || item.op === "ret" || item.op === "ud2";
}

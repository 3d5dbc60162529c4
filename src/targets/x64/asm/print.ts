// Instructions as text in Intel syntax, as GNU `as` takes it with `.intel_syntax noprefix`; virtual registers as r0, v1, k2 with a %.
import { accessBytes, type Form, type FormOperand, type Kind, memoryBytes } from "./form.js";
import type { Instr, Label, Mem, Operand, Reg } from "./operands.js";
import { FIRST_VIRTUAL } from "./operands.js";

const LEGACY = ["ax", "cx", "dx", "bx", "sp", "bp", "si", "di"] as const;
const POINTERS: Record<number, string> = {
  1: "byte ptr ",
  2: "word ptr ",
  4: "dword ptr ",
  8: "qword ptr ",
  16: "xmmword ptr ",
  32: "ymmword ptr ",
  64: "zmmword ptr ",
};
/** The names here that the assembler spells differently: sizes in the name, where operands tell. */
const SPELLING: Record<string, string> = { movzxb: "movzx", movzxw: "movzx", movsxb: "movsx", movsxw: "movsx" };

export function labelName(label: Label): string {
  return label.name ?? `L${label.id}`;
}

/** Text of an instruction, given the form that encodes it. */
export function printInstr(instr: Instr, form: Form): string {
  const operands = instr.operands.map((operand, at) => {
    // The form has as many operands.
    const text = printOperand(operand, form.operands[at] as FormOperand, form, instr);
    return at === 0 && instr.mask !== undefined ? text + printMask(instr) : text;
  });
  const name = SPELLING[instr.op] ?? instr.op;
  return operands.length === 0 ? name : `${name} ${operands.join(", ")}`;
}

/** Text of an instruction that may have no form: with class and number of registers in place of names. */
export function printLoose(instr: Instr): string {
  const mask = instr.mask === undefined ? "" : ` {${looseRegister(instr.mask)}}${instr.zeroing === true ? "{z}" : ""}`;
  return `${instr.op} (${instr.size} bits) ${instr.operands.map(looseOperand).join(", ")}${mask}`;
}

function looseOperand(operand: Operand): string {
  if (operand.kind === "reg") return looseRegister(operand);
  if (operand.kind === "imm") return String(operand.value);
  if (operand.kind === "label") return labelName(operand);
  const parts = [operand.base, operand.index].flatMap((reg) => (reg === null ? [] : [looseRegister(reg)]));
  if (operand.label !== undefined) parts.push(labelName(operand.label));
  if (operand.slot !== undefined) parts.push(`slot${operand.slot}`);
  return `[${parts.join("+")}${operand.disp < 0 ? "" : "+"}${operand.disp}]${operand.broadcast === true ? "{broadcast}" : ""}`;
}

function looseRegister({ class: registerClass, id }: Reg): string {
  return id >= FIRST_VIRTUAL ? `%${registerClass}${id}` : `${registerClass}${id}`;
}

function printMask({ mask, zeroing }: Instr): string {
  return `{${printRegister(mask as Reg, "k", 64)}}${zeroing === true ? "{z}" : ""}`;
}

function printOperand(operand: Operand, expected: FormOperand, form: Form, instr: Instr): string {
  switch (operand.kind) {
    case "reg":
      return printRegister(operand, expected.place === "C" ? "b" : expected.kind, instr.size);
    case "imm":
      return String(operand.value);
    case "label":
      return labelName(operand);
    case "mem":
      return printMemory(operand, expected, form, instr);
  }
}

function printMemory(memory: Mem, expected: FormOperand, form: Form, instr: Instr): string {
  const isBroadcast = memory.broadcast === true;
  const bytes = accessBytes(form, form.operands.indexOf(expected), instr.size, isBroadcast);
  const pointer = expected.kind === "_" || instr.op === "lea" ? "" : (POINTERS[bytes] ?? "");
  const whole = memoryBytes(form.tuple, instr.size, false);
  const repeat = isBroadcast ? `{1to${whole / bytes}}` : "";
  return `${pointer}${printAddress(memory, expected.place === "S" ? expected.kind : "D", instr.size)}${repeat}`;
}

function printAddress(memory: Mem, indexKind: Kind, size: number): string {
  const parts: string[] = [];
  if (memory.label !== undefined) parts.push("rip", labelName(memory.label));
  if (memory.slot !== undefined) parts.push(`slot${memory.slot}`);
  if (memory.base !== null) parts.push(printRegister(memory.base, "D", 64));
  if (memory.index !== null) {
    const kind = memory.index.class === "vec" ? indexKind : "D";
    parts.push(`${printRegister(memory.index, kind, size)}*${memory.scale}`);
  }
  const text = parts.join("+");
  if (text === "") return `ds:[${memory.disp}]`;
  return `[${text}${memory.disp === 0 ? "" : memory.disp < 0 ? String(memory.disp) : `+${memory.disp}`}]`;
}

/** The name of a register at the width that a kind of operand has in an instruction of this size. */
export function printRegister(reg: Reg, kind: Kind, size: number): string {
  if (reg.id >= FIRST_VIRTUAL)
    return `%${reg.class === "gp" ? "r" : reg.class === "vec" ? "v" : "k"}${reg.id - FIRST_VIRTUAL}`;
  switch (kind) {
    case "k":
      return `k${reg.id}`;
    case "v":
      return printVector(reg.id, size);
    case "h":
      return printVector(reg.id, size / 2);
    case "q":
      return printVector(reg.id, size / 4);
    case "e":
      return printVector(reg.id, size / 8);
    case "x":
      return printVector(reg.id, 128);
    case "b":
      return printGeneral(reg.id, 8);
    case "w":
      return printGeneral(reg.id, 16);
    case "d":
      return printGeneral(reg.id, 32);
    case "D":
    case "_":
      return printGeneral(reg.id, 64);
    case "g":
      return printGeneral(reg.id, size);
  }
}

function printVector(id: number, bits: number): string {
  return `${bits === 512 ? "z" : bits === 256 ? "y" : "x"}mm${id}`;
}

function printGeneral(id: number, bits: number): string {
  if (id >= 8) return `r${id}${bits === 64 ? "" : bits === 32 ? "d" : bits === 16 ? "w" : "b"}`;
  const name = LEGACY[id] ?? "";
  if (bits === 8) return id < 4 ? `${name[0]}l` : `${name}l`;
  return `${bits === 64 ? "r" : bits === 32 ? "e" : ""}${name}`;
}

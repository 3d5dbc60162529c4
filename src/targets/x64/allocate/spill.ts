// Moves virtual registers into memory: each use gets a short-lived register of its own, or reads the frame itself.
import { broadcastBytes, memoryBytes } from "../asm/form.js";
import { findForm } from "../asm/match.js";
import { type Features, type Instr, type Mem, type Operand, type Reg, register } from "../asm/operands.js";
import type { MachineItem, Slot } from "../machine.js";
import { type Forms, isConstant, keepsLanes } from "./effects.js";

/**
 * An item of the code under allocation and what it stands for. `origin` is the item that selection wrote, or null for what
 * spilling put in: then `value` is the virtual register that is loaded, stored or made again.
 */
export interface Entry {
  readonly item: MachineItem;
  readonly origin: MachineItem | null;
  readonly moves?: { readonly value: Reg; readonly kind: "load" | "store" | "again" };
}

/** The registers and slots of a function that allocation adds to. */
export interface Registers {
  /** Count of all register numbers. */
  count: number;
  /** Registers that spilling made: they live too short to go to memory themselves. */
  readonly temporaries: Set<number>;
  readonly slots: Slot[];
}

/** Where the value of a spilled register is found. */
interface Place {
  readonly reg: Reg;
  readonly slot: Mem;
  /** The one instruction that defines it, if that can be repeated anywhere. */
  readonly definition: Instr | null;
}

const FULL_LOADS = new Set([
  "vmovaps",
  "vmovups",
  "vmovapd",
  "vmovupd",
  "vmovdqa",
  "vmovdqu",
  "vmovdqa32",
  "vmovdqa64",
]);
const ELEMENT_LOADS = new Map([
  ["vbroadcastss", 4],
  ["vpbroadcastd", 4],
  ["vbroadcastsd", 8],
  ["vpbroadcastq", 8],
]);

/** Whether an instruction gives the same value wherever it stands, and changes nothing else: a constant. */
export function isRepeatable(instr: Instr, forms: Forms): boolean {
  const [first, ...sources] = instr.operands;
  if (first?.kind !== "reg" || sources.length === 0) return false;
  if (instr.mask !== undefined || instr.uses !== undefined || instr.defs !== undefined) return false;
  const form = forms.of(instr);
  // Of the other instructions on general registers some change the flags.
  if (form.encoding === "legacy" && instr.op !== "mov" && instr.op !== "lea") return false;
  if (isConstant(instr, form)) return sources.every((source) => source.kind !== "reg" || source.id === first.id);
  if (form.operands[0]?.role !== "w") return false;
  return sources.every((source) => source.kind === "imm" || (source.kind === "mem" && source.label !== undefined));
}

/** The code with all `spilled` registers in memory. `definitions` holds the constants among them. */
export function spill(
  code: readonly Entry[],
  spilled: readonly Reg[],
  definitions: ReadonlyMap<number, Instr>,
  forms: Forms,
  registers: Registers,
): Entry[] {
  const places = new Map<number, Place>();
  for (const reg of spilled) {
    const definition = definitions.get(reg.id) ?? null;
    const slot = definition === null ? newSlot(reg, forms, registers) : slotAt(-1);
    places.set(reg.id, { reg, slot, definition });
  }
  const out: Entry[] = [];
  for (const entry of code) rewrite(entry, places, forms, registers, out);
  return out;
}

/** A place for a whole register, however much of it is in use. */
function newSlot({ class: registerClass }: Reg, forms: Forms, registers: Registers): Mem {
  const size = registerClass !== "vec" ? 8 : forms.features === "avx512" ? 64 : 32;
  registers.slots.push({ size, align: size });
  return slotAt(registers.slots.length - 1);
}

function slotAt(slot: number): Mem {
  return { kind: "mem", base: null, index: null, scale: 1, disp: 0, slot };
}

function rewrite(
  entry: Entry,
  places: ReadonlyMap<number, Place>,
  forms: Forms,
  registers: Registers,
  out: Entry[],
): void {
  const { item } = entry;
  if (item.op === "bind" || item.op === "return") {
    out.push(entry);
  } else if (item.op === "copy") {
    rewriteCopy(entry, item.to, item.from, places, forms, registers, out);
  } else if (touches(item, places)) {
    rewriteInstr(entry, item, places, forms, registers, out);
  } else {
    out.push(entry);
  }
}

function touches(instr: Instr, places: ReadonlyMap<number, Place>): boolean {
  const has = (reg: Reg | null | undefined) => reg !== null && reg !== undefined && places.has(reg.id);
  return (
    has(instr.mask) ||
    instr.operands.some(
      (operand) =>
        (operand.kind === "reg" && has(operand)) ||
        (operand.kind === "mem" && (has(operand.base) || has(operand.index))),
    )
  );
}

function rewriteCopy(
  entry: Entry,
  to: Reg,
  from: Reg,
  places: ReadonlyMap<number, Place>,
  forms: Forms,
  registers: Registers,
  out: Entry[],
): void {
  const source = places.get(from.id);
  const target = places.get(to.id);
  const value = source === undefined ? from : temporary(from, registers);
  if (source !== undefined) out.push(load(value, source, forms));
  if (target === undefined) {
    out.push({ ...entry, item: { op: "copy", to, from: value } });
    return;
  }
  const copied = temporary(to, registers);
  out.push({ ...entry, item: { op: "copy", to: copied, from: value } });
  if (target.definition === null) out.push(store(copied, target, forms));
}

function rewriteInstr(
  entry: Entry,
  instr: Instr,
  places: ReadonlyMap<number, Place>,
  forms: Forms,
  registers: Registers,
  out: Entry[],
): void {
  // A constant is made again where it is used: its own definition has nothing left to do.
  const first = instr.operands[0];
  if (first?.kind === "reg" && places.get(first.id)?.definition === instr) return;
  const folded = fold(instr, places, forms);
  const current = folded ?? instr;
  const form = forms.of(current);
  const renamed = new Map<number, { reg: Reg; place: Place; isRead: boolean; isWritten: boolean }>();
  const rename = (reg: Reg, isRead: boolean, isWritten: boolean): Reg => {
    const place = places.get(reg.id);
    if (place === undefined) return reg;
    let known = renamed.get(reg.id);
    if (known === undefined) {
      known = { reg: temporary(reg, registers), place, isRead: false, isWritten: false };
      renamed.set(reg.id, known);
    }
    known.isRead ||= isRead;
    known.isWritten ||= isWritten;
    return known.reg;
  };
  const constant = isConstant(current, form);
  const operands = current.operands.map((operand, at): Operand => {
    if (operand.kind === "reg") {
      const role = form.operands[at]?.role ?? "r";
      const isRead = !constant && (role !== "w" || (at === 0 && keepsLanes(current, form, operand)));
      return rename(operand, isRead, role !== "r");
    }
    if (operand.kind !== "mem") return operand;
    const base = operand.base === null ? null : rename(operand.base, true, false);
    const index = operand.index === null ? null : rename(operand.index, true, false);
    return { ...operand, base, index };
  });
  const mask = current.mask === undefined ? undefined : rename(current.mask, true, form.masking === "required");
  for (const { reg, place, isRead } of renamed.values()) if (isRead) out.push(load(reg, place, forms));
  out.push({ ...entry, item: mask === undefined ? { ...current, operands } : { ...current, operands, mask } });
  for (const { reg, place, isWritten } of renamed.values()) if (isWritten) out.push(store(reg, place, forms));
}

/** The instruction with one spilled operand read from memory, if there is such a form and no other operand in memory. */
function fold(instr: Instr, places: ReadonlyMap<number, Place>, forms: Forms): Instr | null {
  if (instr.operands.some(({ kind }) => kind === "mem")) return null;
  const form = forms.of(instr);
  for (const [at, operand] of instr.operands.entries()) {
    if (operand.kind !== "reg" || form.operands[at]?.role !== "r") continue;
    const place = places.get(operand.id);
    if (place === undefined || occurrences(instr, operand) > 1) continue;
    const memory = place.definition === null ? place.slot : constantOperand(place.definition, instr, at, forms);
    if (memory === null) continue;
    const candidate = { ...instr, operands: instr.operands.with(at, memory) };
    if (findForm(candidate, forms.features) !== null) return candidate;
  }
  return null;
}

/** A constant from the pool as an operand: the whole vector, or an element for all lanes. */
function constantOperand(definition: Instr, user: Instr, at: number, forms: Forms): Mem | null {
  const source = definition.operands[1];
  if (source?.kind !== "mem") return null;
  if (FULL_LOADS.has(definition.op)) {
    const form = findForm({ ...user, operands: user.operands.with(at, source) }, forms.features);
    return form !== null && memoryBytes(form.tuple, user.size, false) <= definition.size / 8 ? source : null;
  }
  const element = ELEMENT_LOADS.get(definition.op);
  if (element === undefined || forms.features === "avx2" || definition.size < user.size) return null;
  const repeated = { ...source, broadcast: true };
  const form = findForm({ ...user, operands: user.operands.with(at, repeated) }, forms.features);
  return form !== null && broadcastBytes(form.tuple) === element ? repeated : null;
}

function occurrences(instr: Instr, reg: Reg): number {
  const operands = instr.operands.filter((operand) => operand.kind === "reg" && operand.id === reg.id).length;
  return operands + (instr.mask?.id === reg.id ? 1 : 0);
}

function temporary({ class: registerClass }: Reg, registers: Registers): Reg {
  const reg = register(registerClass, registers.count++);
  registers.temporaries.add(reg.id);
  return reg;
}

function load(to: Reg, { reg, slot, definition }: Place, forms: Forms): Entry {
  if (definition === null) {
    return { item: move(to.class, forms.features, [to, slot]), origin: null, moves: { value: reg, kind: "load" } };
  }
  const again = {
    ...definition,
    operands: definition.operands.map((operand) => (operand.kind === "reg" ? to : operand)),
  };
  return { item: again, origin: null, moves: { value: reg, kind: "again" } };
}

function store(from: Reg, { reg, slot }: Place, forms: Forms): Entry {
  return { item: move(from.class, forms.features, [slot, from]), origin: null, moves: { value: reg, kind: "store" } };
}

/** Moves a whole register. None of these touches the flags. */
export function move(registerClass: Reg["class"], features: Features, operands: readonly Operand[]): Instr {
  if (registerClass === "gp") return { op: "mov", size: 64, operands };
  if (registerClass === "mask") return { op: "kmovq", size: 64, operands };
  return { op: "vmovaps", size: features === "avx512" ? 512 : 256, operands };
}

// Runs machine code without a machine: registers and memory hold text that says how a value came about, so that two pieces of
// code do the same exactly if they write the same texts to the same places in the same order. Moves and stack arithmetic are real.

import { Forms, indexOf, isConstant, keepsLanes } from "../../../src/targets/x64/allocate/effects.js";
import type { Form, FormOperand } from "../../../src/targets/x64/asm/form.js";
import type { Features, Instr, Label, Mem, Operand, Reg } from "../../../src/targets/x64/asm/operands.js";
import type { MachineItem } from "../../../src/targets/x64/machine.js";

export interface Outcome {
  /** Writes to memory outside the frame, in order. */
  readonly writes: readonly string[];
  /** All registers at the end, by number. */
  readonly registers: ReadonlyMap<number, string>;
}

const MOVES = new Set(["mov", "kmovq", "vmovaps"]);
const MOST_STEPS = 5000;

/** @param takes - whether the n-th conditional jump is taken: the same for both pieces of code. */
export function evaluate(code: readonly MachineItem[], features: Features, takes: (jump: number) => boolean): Outcome {
  const forms = new Forms(features);
  const registers = new Map<number, string>([[4, "1000000"]]);
  const stack = new Map<string, string>();
  const writes: string[] = [];
  const labels = new Map<Label, number>();
  code.forEach((item, at) => {
    if (item.op === "bind") labels.set(item.label, at);
  });
  const get = (reg: Reg) => registers.get(indexOf(reg)) ?? `initial${indexOf(reg)}`;
  const set = (reg: Reg, value: string) => registers.set(indexOf(reg), digest(value));
  const addressOf = ({ base, index, scale, disp, label, slot }: Mem) => {
    if (slot !== undefined) return `slot${slot}+${disp}`;
    if (label !== undefined) return `label${label.id}+${disp}`;
    const start = base === null ? "0" : get(base);
    // Only the frame is addressed by a number.
    if (index === null && /^\d+$/.test(start)) return String(Number(start) + disp);
    return `${start}+${index === null ? "" : `${get(index)}*${scale}`}+${disp}`;
  };
  const isFrame = (address: string) => /^(slot)?\d+(\+\d+)?$/.test(address);
  const read = (memory: Mem) => {
    const address = addressOf(memory);
    if (isFrame(address)) return stack.get(address) ?? `uninitialised ${address}`;
    return `[${address}${memory.broadcast === true ? " repeated" : ""}]`;
  };
  let jumps = 0;
  let at = 0;
  for (let steps = 0; at < code.length; steps++) {
    if (steps > MOST_STEPS) throw new Error("the code does not come to an end");
    const item = code[at++] as MachineItem;
    if (item.op === "bind") continue;
    if (item.op === "copy") {
      registers.set(indexOf(item.to), get(item.from));
      continue;
    }
    if (item.op === "return" || item.op === "ret") break;
    const target = item.operands[0];
    if (target?.kind === "label" && item.op !== "call") {
      if (item.op === "jmp" || takes(jumps++)) at = labels.get(target) as number;
      continue;
    }
    if (arithmetic(item, registers, stack, addressOf)) continue;
    run(item);
  }
  return { writes, registers };

  function run(item: Instr): void {
    const form = forms.of(item);
    const constant = isConstant(item, form);
    const inputs: string[] = [];
    const outputs: { operand: Operand; role: string }[] = [];
    for (const [index, operand] of item.operands.entries()) {
      const expected = form.operands[index] as FormOperand;
      if (expected.role !== "r") outputs.push({ operand, role: expected.role });
      const isRead =
        !constant &&
        (expected.role !== "w" || (operand.kind === "reg" && index === 0 && keepsLanes(item, form, operand)));
      if (operand.kind === "reg") inputs.push(isRead ? get(operand) : "");
      else if (operand.kind === "imm") inputs.push(String(operand.value));
      else if (operand.kind === "mem") inputs.push(isRead ? read(operand) : addressOf(operand));
    }
    if (item.mask !== undefined) inputs.push(get(item.mask));
    for (const reg of [...form.uses.map(general), ...(item.uses ?? [])]) inputs.push(get(reg));
    const isMove = MOVES.has(item.op) && item.mask === undefined && item.operands[1]?.kind !== "imm";
    const load = isMove ? (inputs[1] as string) : plainLoad(item, form, inputs);
    const result = load ?? `${item.op}(${inputs.join(",")})`;
    for (const [index, { operand }] of outputs.entries()) {
      const value = outputs.length === 1 ? result : `${result}#${index}`;
      if (operand.kind === "reg") registers.set(indexOf(operand), load === null ? digest(value) : value);
      else if (operand.kind === "mem") {
        const address = addressOf(operand);
        if (isFrame(address)) stack.set(address, load === null ? digest(value) : value);
        else writes.push(`${address} = ${value}`);
      }
    }
    if (form.masking === "required" && item.mask !== undefined) set(item.mask, "cleared");
    for (const reg of [...form.defs.map(general), ...(item.defs ?? [])]) set(reg, `${result} in ${reg.class}${reg.id}`);
  }
}

/** A load of one element for all lanes is the same as that element as a repeated operand. */
function plainLoad(item: Instr, form: Form, inputs: readonly string[]): string | null {
  if (!item.op.startsWith("vbroadcasts") && !item.op.startsWith("vpbroadcast")) return null;
  return form.operands.length === 2 && item.operands[1]?.kind === "mem" && item.mask === undefined
    ? (inputs[1] as string).replace(/\]$/, " repeated]")
    : null;
}

function general(id: number): Reg {
  return { kind: "reg", class: "gp", id };
}

/** What moves the stack pointer. */
function arithmetic(
  { op, operands }: Instr,
  registers: Map<number, string>,
  stack: Map<string, string>,
  addressOf: (memory: Mem) => string,
): boolean {
  const stackPointer = () => Number(registers.get(4));
  const [first, second] = operands;
  const toStackPointer = first?.kind === "reg" && first.class === "gp" && first.id === 4;
  if (op === "push" && first?.kind === "reg") {
    registers.set(4, String(stackPointer() - 8));
    stack.set(String(stackPointer()), registers.get(indexOf(first)) ?? `initial${indexOf(first)}`);
  } else if (op === "pop" && first?.kind === "reg") {
    registers.set(indexOf(first), stack.get(String(stackPointer())) ?? "nothing");
    registers.set(4, String(stackPointer() + 8));
  } else if (toStackPointer && second?.kind === "imm") {
    const value = Number(second.value);
    const now = stackPointer();
    registers.set(
      4,
      String(op === "add" ? now + value : op === "sub" ? now - value : Math.floor(now / -value) * -value),
    );
  } else if (op === "lea" && toStackPointer && second?.kind === "mem") {
    registers.set(4, addressOf(second));
  } else return false;
  return true;
}

/** Keeps texts short: they are only compared. Two 32-bit hashes (FNV-1a with different starts). */
function digest(text: string): string {
  let a = 0x811c9dc5;
  let b = 0x1234567;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x01000193) ^ (b >>> 15);
  }
  return `v${(a >>> 0).toString(36)}${(b >>> 0).toString(36)}`;
}

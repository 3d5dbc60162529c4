// Register allocation: from a machine function over virtual registers to code in physical ones, with its frame.
import { InternalError } from "../../../base/index.js";
import { findForm } from "../asm/match.js";
import {
  type Bind,
  type Features,
  FIRST_VIRTUAL,
  type Instr,
  isVirtual,
  type Label,
  type Operand,
  physical,
  type Reg,
  type RegClass,
} from "../asm/operands.js";
import type { MachineFunction, MachineItem, Slot } from "../machine.js";
import { type Effects, effectsOf, Forms, indexOf } from "./effects.js";
import { layOutFrame, needsFramePointer } from "./frame.js";
import { livenessOf } from "./liveness.js";
import { allocatable, CALLEE_SAVED } from "./registers.js";
import { type Interval, scan } from "./scan.js";
import { type Entry, isRepeatable, move, type Registers, spill } from "./spill.js";
import { verifyAllocation } from "./verify.js";

export interface Allocated {
  readonly name: string;
  readonly entry: Label;
  /** The whole function: entry label, saving of registers, body, ways out. */
  readonly code: readonly (Instr | Bind)[];
  /** Virtual registers that went to memory, for tests and listings. */
  readonly spills: number;
  readonly frameBytes: number;
}

export interface AllocateOptions {
  /** Checks that each use reads the value it asks for. */
  readonly verify?: boolean;
}

const FUNCTION_ALIGNMENT = 64;
/** What one more loop around a use counts. */
const LOOP_WEIGHT = 8;
/** A constant is cheaper to make again than another value to store and load. */
const CONSTANT_DISCOUNT = 0.5;
/** Each round spills what did not fit in the one before: more than a few mean that it does not end. */
const MOST_ROUNDS = 100;
const FIXED = 56;

/** @throws InternalError for instructions that do not exist with these features, or that need more registers than there are. */
export function allocate(fn: MachineFunction, features: Features, { verify = false }: AllocateOptions = {}): Allocated {
  const forms = new Forms(features);
  const slots = [...fn.slots];
  const registers: Registers = { count: FIRST_VIRTUAL + fn.registers.length, temporaries: new Set(), slots };
  let code: Entry[] = fn.code.map((item) => ({ item, origin: item }));
  let spills = 0;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const items = code.map(({ item }) => item);
    const effects = effectsOf(items, forms);
    const found = assign(items, effects, registers, forms, needsFramePointer(slots));
    if (found.spilled.length === 0) {
      if (verify) verifyAllocation(fn.name, code, found.homes, forms);
      const finished = finish(fn, code, effects, found.homes, slots, features);
      return { name: fn.name, entry: fn.entry, code: finished.code, spills, frameBytes: finished.frameBytes };
    }
    spills += found.spilled.length;
    code = spill(code, found.spilled, found.constants, forms, registers);
  }
  throw new InternalError(`x64: registers of ${fn.name} cannot be allocated`);
}

/** One round: lives, weights, scan. */
function assign(
  items: readonly MachineItem[],
  effects: Effects,
  registers: Registers,
  forms: Forms,
  hasFramePointer: boolean,
) {
  const { segments, depth } = livenessOf(items, effects, registers.count);
  const facts = factsOf(items, effects, depth, registers.count, forms);
  const candidates = {
    gp: allocatable("gp", forms.features, hasFramePointer),
    vec: allocatable("vec", forms.features, hasFramePointer).map((id) => id + 16),
    mask: allocatable("mask", forms.features, hasFramePointer).map((id) => id + 48),
  };
  // Instructions that only VEX encodes know sixteen registers.
  const low = candidates.vec.filter((id) => id < 32);
  const intervals: Interval[] = [];
  for (let register = FIRST_VIRTUAL; register < registers.count; register++) {
    const lives = segments[register];
    const reg = facts.regs[register];
    if (lives === undefined || reg === undefined) continue;
    let length = 0;
    for (let at = 0; at < lives.length; at += 2) length += (lives[at + 1] as number) - (lives[at] as number);
    const cost = (facts.cost[register] as number) * (facts.constants.has(register) ? CONSTANT_DISCOUNT : 1);
    intervals.push({
      register,
      segments: lives,
      weight: registers.temporaries.has(register) ? Number.POSITIVE_INFINITY : cost / length,
      candidates: reg.class === "vec" && facts.lowOnly[register] === 1 ? low : candidates[reg.class],
      hints: facts.hints.get(register) ?? [],
    });
  }
  const { homes, spilled } = scan(intervals, segments.slice(0, FIXED), registers.count);
  for (const register of spilled) {
    if (registers.temporaries.has(register))
      throw new InternalError("x64: an instruction needs more registers than there are");
  }
  return { homes, spilled: spilled.map((register) => facts.regs[register] as Reg), constants: facts.constants };
}

/** What one walk over the code tells about its registers. */
function factsOf(items: readonly MachineItem[], effects: Effects, depth: Uint8Array, count: number, forms: Forms) {
  const regs: (Reg | undefined)[] = new Array(count).fill(undefined);
  const cost = new Float64Array(count);
  const writes = new Int32Array(count);
  const lowOnly = new Uint8Array(count);
  const hints = new Map<number, number[]>();
  const definitions = new Map<number, Instr>();
  const hint = (of: Reg, to: Reg) => {
    if (!isVirtual(of)) return;
    const known = hints.get(of.id);
    if (known === undefined) hints.set(of.id, [indexOf(to)]);
    else known.push(indexOf(to));
  };
  items.forEach((item, at) => {
    const weight = LOOP_WEIGHT ** (depth[at] as number);
    for (let index = effects.readStart[at] as number; index < (effects.readStart[at + 1] as number); index++) {
      const register = effects.reads[index] as number;
      cost[register] = (cost[register] as number) + weight;
    }
    for (let index = effects.writeStart[at] as number; index < (effects.writeStart[at + 1] as number); index++) {
      const register = effects.writes[index] as number;
      cost[register] = (cost[register] as number) + weight;
      writes[register] = (writes[register] as number) + 1;
    }
    if (item.op === "bind") return;
    if (item.op === "return") {
      for (const reg of item.uses) regs[indexOf(reg)] = reg;
      return;
    }
    if (item.op === "copy") {
      regs[item.to.id] = item.to;
      regs[item.from.id] = item.from;
      hint(item.to, item.from);
      hint(item.from, item.to);
      return;
    }
    eachRegister(item, (reg) => {
      if (isVirtual(reg)) regs[reg.id] = reg;
    });
    if (forms.features === "avx512" && needsLowRegisters(item, forms)) {
      eachRegister(item, (reg) => {
        if (isVirtual(reg)) lowOnly[reg.id] = 1;
      });
    }
    const first = item.operands[0];
    if (first?.kind === "reg" && isVirtual(first) && isRepeatable(item, forms)) definitions.set(first.id, item);
  });
  for (const register of definitions.keys()) if (writes[register] !== 1) definitions.delete(register);
  return { regs, cost, lowOnly, hints, constants: definitions };
}

function eachRegister(instr: Instr, visit: (reg: Reg) => void): void {
  for (const operand of instr.operands) {
    if (operand.kind === "reg") visit(operand);
    else if (operand.kind === "mem") {
      if (operand.base !== null) visit(operand.base);
      if (operand.index !== null) visit(operand.index);
    }
  }
  if (instr.mask !== undefined) visit(instr.mask);
  instr.uses?.forEach(visit);
  instr.defs?.forEach(visit);
}

/** The code with physical registers, without moves from a register to itself, inside its frame. */
function finish(
  fn: MachineFunction,
  code: readonly Entry[],
  effects: Effects,
  homes: Int32Array,
  slots: readonly Slot[],
  features: Features,
): { code: (Instr | Bind)[]; frameBytes: number } {
  const written = new Uint8Array(FIXED);
  for (const register of effects.writes) written[register < FIXED ? register : (homes[register] as number)] = 1;
  const hasFramePointer = needsFramePointer(slots);
  const saved = CALLEE_SAVED.filter((id) => written[id] === 1 && !(hasFramePointer && id === 5));
  const isLeaf = !fn.code.some((item) => item.op === "call");
  const frame = layOutFrame(slots, saved, isLeaf);
  const toPhysical = (reg: Reg) => homeOf(reg, homes);
  const out: (Instr | Bind)[] = [{ op: "bind", label: fn.entry, align: FUNCTION_ALIGNMENT }, ...frame.enter];
  for (const { item } of code) {
    switch (item.op) {
      case "bind":
        out.push(item);
        break;
      case "copy": {
        const to = toPhysical(item.to);
        const from = toPhysical(item.from);
        if (to.id !== from.id) out.push(move(to.class, features, [to, from]));
        break;
      }
      case "return":
        out.push(...frame.leave, { op: "ret", size: 64, operands: [] });
        break;
      default:
        out.push(withRegisters(item, toPhysical, frame.address));
    }
  }
  return { code: out, frameBytes: frame.bytes };
}

function homeOf(reg: Reg, homes: Int32Array): Reg {
  if (!isVirtual(reg)) return reg;
  const starts: Record<RegClass, number> = { gp: 0, vec: 16, mask: 48 };
  return physical(reg.class, (homes[reg.id] as number) - starts[reg.class]);
}

function withRegisters(
  instr: Instr,
  toPhysical: (reg: Reg) => Reg,
  address: (slot: number) => { base: Reg | null; disp: number },
): Instr {
  const operands = instr.operands.map((operand): Operand => {
    if (operand.kind === "reg") return toPhysical(operand);
    if (operand.kind !== "mem") return operand;
    const index = operand.index === null ? null : toPhysical(operand.index);
    if (operand.slot === undefined)
      return { ...operand, base: operand.base === null ? null : toPhysical(operand.base), index };
    const { slot, ...memory } = operand;
    const place = address(slot);
    return { ...memory, base: place.base, disp: operand.disp + place.disp, index };
  });
  return instr.mask === undefined ? { ...instr, operands } : { ...instr, operands, mask: toPhysical(instr.mask) };
}

/** Whether the instruction exists in VEX only, which knows vector registers 0 to 15. */
function needsLowRegisters(instr: Instr, forms: Forms): boolean {
  if (!instr.operands.some((operand) => operand.kind === "reg" && operand.class === "vec")) return false;
  if (forms.of(instr).encoding !== "vex") return false;
  const high = physical("vec", 31);
  const operands = instr.operands.map((operand) =>
    operand.kind === "reg" && operand.class === "vec" ? high : operand,
  );
  return findForm({ ...instr, operands }, forms.features) === null;
}

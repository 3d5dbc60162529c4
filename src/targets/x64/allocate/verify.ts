// Checks an allocation: walks the code with physical registers and proves that every use finds the value that the code with
// virtual registers asks for, on all paths.
import { InternalError } from "../../../base/index.js";
import { isVirtual, type Label, type Mem, type Operand, type Reg } from "../asm/operands.js";
import { printLoose } from "../asm/print.js";
import type { MachineItem } from "../machine.js";
import { endsPath, type Forms, indexOf, isConstant, keepsLanes } from "./effects.js";
import { jumpTarget } from "./liveness.js";
import type { Entry } from "./spill.js";

/**
 * By place, the registers whose current value it holds, as numbers; a missing place holds nothing known. Physical registers
 * count too, where the code names them: what selection put into rcx must still be there when a shift reads it.
 */
type State = Map<string, Set<number>>;

const PHYSICAL = 56;

/** @throws InternalError naming the instruction that would read something else. */
export function verifyAllocation(name: string, code: readonly Entry[], homes: Int32Array, forms: Forms): void {
  const labels = new Map<Label, number>();
  code.forEach(({ item }, at) => {
    if (item.op === "bind") labels.set(item.label, at);
  });
  const atLabel = new Map<number, State>();
  const work = [0];
  const entry: State = new Map();
  for (let physical = 0; physical < PHYSICAL; physical++) entry.set(`r${physical}`, new Set([physical]));
  const starts = new Map<number, State>([[0, entry]]);
  const arrive = (at: number, state: State) => {
    const known = atLabel.get(at);
    const merged = known === undefined ? cloneState(state) : intersection(known, state);
    if (known !== undefined && sameState(known, merged)) return;
    atLabel.set(at, merged);
    starts.set(at, merged);
    work.push(at);
  };
  for (let next = work.pop(); next !== undefined; next = work.pop()) {
    const state = cloneState(starts.get(next) ?? new Map());
    for (let at = next; at < code.length; at++) {
      const entry = code[at] as Entry;
      // Labels are where paths meet: the walk goes on from there with what all of them agree on.
      if (entry.item.op === "bind" && at !== next) {
        arrive(at, state);
        break;
      }
      const problem = step(entry, state, homes, forms);
      if (problem !== null)
        throw new InternalError(`x64: allocation of ${name}: ${problem} at ${describe(entry.item)} (item ${at})`);
      const target = jumpTarget(entry.item);
      if (target !== null) arrive(labels.get(target) as number, state);
      if (endsPath(entry.item)) break;
    }
  }
}

/** Applies one entry to the state; returns what is wrong, or null. */
function step({ item, origin, moves }: Entry, state: State, homes: Int32Array, forms: Forms): string | null {
  const place = (reg: Reg) => `r${isVirtual(reg) ? homes[reg.id] : indexOf(reg)}`;
  const slot = (memory: Mem) => `s${memory.slot}`;
  if (item.op === "bind") return null;
  if (item.op === "return") {
    const lost = item.uses.find((reg) => state.get(place(reg))?.has(indexOf(reg)) !== true);
    return lost === undefined ? null : `result register ${indexOf(lost)} was overwritten`;
  }
  if (moves !== undefined && item.op !== "copy") {
    const [to, from] = item.operands as [Reg | Mem, Operand];
    const target = to.kind === "reg" ? place(to) : slot(to);
    if (moves.kind === "again") state.set(target, new Set([moves.value.id]));
    else state.set(target, new Set(state.get(from.kind === "reg" ? place(from) : slot(from as Mem))));
    return null;
  }
  if (item.op === "copy") {
    const wanted = origin?.op === "copy" ? origin : item;
    const source = state.get(place(item.from));
    if (source?.has(indexOf(wanted.from)) !== true)
      return `register ${indexOf(wanted.from)} is not where it is copied from`;
    const copied = new Set(source);
    forget(state, indexOf(wanted.to));
    state.set(place(item.to), copied.add(indexOf(wanted.to)));
    return null;
  }
  return stepInstr(item, origin, state, place, slot, forms);
}

function stepInstr(
  item: Exclude<MachineItem, { op: "bind" | "copy" | "return" }>,
  origin: MachineItem | null,
  state: State,
  place: (reg: Reg) => string,
  slot: (memory: Mem) => string,
  forms: Forms,
): string | null {
  // What is neither a move nor a copy was written by selection.
  const wanted = origin as typeof item;
  const form = forms.of(item);
  const constant = isConstant(item, form);
  const written: { place: string; value: number }[] = [];
  const check = (asked: Reg | null | undefined, given: string): string | null => {
    if (asked === null || asked === undefined) return null;
    return state.get(given)?.has(indexOf(asked)) === true ? null : `${given} does not hold register ${indexOf(asked)}`;
  };
  for (const [at, operand] of item.operands.entries()) {
    const asked = wanted.operands[at] as Operand;
    const role = form.operands[at]?.role ?? "r";
    let problem: string | null = null;
    if (operand.kind === "reg" && asked.kind === "reg") {
      const isRead = !constant && (role !== "w" || (at === 0 && keepsLanes(item, form, operand)));
      if (isRead) problem = check(asked, place(operand));
      if (role !== "r") written.push({ place: place(operand), value: indexOf(asked) });
    } else if (operand.kind === "mem" && asked.kind === "mem") {
      problem = check(asked.base, operand.base === null ? "" : place(operand.base));
      problem ??= check(asked.index, operand.index === null ? "" : place(operand.index));
    } else if (operand.kind === "mem" && asked.kind === "reg" && operand.slot !== undefined) {
      problem = check(asked, slot(operand));
    }
    if (problem !== null) return problem;
  }
  if (item.mask !== undefined) {
    const problem = check(wanted.mask, place(item.mask));
    if (problem !== null) return problem;
    if (form.masking === "required") written.push({ place: place(item.mask), value: indexOf(wanted.mask as Reg) });
  }
  for (const reg of wanted.uses ?? []) {
    const problem = check(reg, place(reg));
    if (problem !== null) return problem;
  }
  for (const id of form.uses) if (state.get(`r${id}`)?.has(id) !== true) return `r${id} was overwritten`;
  for (const id of form.defs) written.push({ place: `r${id}`, value: id });
  for (const reg of wanted.defs ?? []) written.push({ place: place(reg), value: indexOf(reg) });
  for (const { value } of written) forget(state, value);
  const places = new Map<string, number>();
  for (const { place: target, value } of written) {
    if (places.has(target) && places.get(target) !== value) return `${target} is written twice`;
    places.set(target, value);
    state.set(target, new Set([value]));
  }
  return null;
}

function describe(item: MachineItem): string {
  if (item.op === "bind" || item.op === "return") return item.op;
  return item.op === "copy" ? `copy ${item.to.id}, ${item.from.id}` : printLoose(item);
}

function forget(state: State, value: number): void {
  for (const values of state.values()) values.delete(value);
}

function cloneState(state: State): State {
  return new Map([...state].map(([place, values]) => [place, new Set(values)]));
}

function intersection(a: State, b: State): State {
  return new Map(
    [...a].map(([place, values]) => [place, new Set([...values].filter((value) => b.get(place)?.has(value) === true))]),
  );
}

function sameState(a: State, b: State): boolean {
  return [...a].every(([place, values]) => values.size === (b.get(place)?.size ?? 0));
}

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
 * By place, the registers whose current value it holds, as numbers; a missing place holds nothing known. Places are numbers:
 * physical registers, then slots of the frame. Physical registers count as values too, where the code names them: what selection
 * put into rcx must still be there when a shift reads it. The lists are never changed, only exchanged, so that states share them.
 */
type State = (readonly number[] | undefined)[];

const NOTHING: readonly number[] = [];
const PHYSICAL = 56;
/** Where an operand is that an instruction does not have. */
const NOWHERE = -1;

/** @throws InternalError naming the instruction that would read something else. */
export function verifyAllocation(name: string, code: readonly Entry[], homes: Int32Array, forms: Forms): void {
  const labels = new Map<Label, number>();
  code.forEach(({ item }, at) => {
    if (item.op === "bind") labels.set(item.label, at);
  });
  const atLabel = new Map<number, State>();
  const work = [0];
  const entry: State = Array.from({ length: PHYSICAL }, (_, physical) => [physical]);
  const starts = new Map<number, State>([[0, entry]]);
  const arrive = (at: number, state: State) => {
    const known = atLabel.get(at);
    const merged = known === undefined ? state.slice() : intersection(known, state);
    if (known !== undefined && sameState(known, merged)) return;
    atLabel.set(at, merged);
    starts.set(at, merged);
    work.push(at);
  };
  for (let next = work.pop(); next !== undefined; next = work.pop()) {
    const state = starts.get(next)?.slice() ?? [];
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
  if (item.op === "bind") return null;
  if (item.op === "return") {
    const lost = item.uses.find((reg) => !holds(state, place(reg, homes), indexOf(reg)));
    return lost === undefined ? null : `result register ${indexOf(lost)} was overwritten`;
  }
  if (moves !== undefined && item.op !== "copy") {
    const [to, from] = item.operands as [Reg | Mem, Operand];
    const target = to.kind === "reg" ? place(to, homes) : slot(to);
    const source = from.kind === "reg" ? place(from, homes) : slot(from as Mem);
    state[target] = moves.kind === "again" ? [moves.value.id] : (state[source] ?? NOTHING);
    return null;
  }
  if (item.op === "copy") {
    const wanted = origin?.op === "copy" ? origin : item;
    const from = place(item.from, homes);
    if (!holds(state, from, indexOf(wanted.from)))
      return `register ${indexOf(wanted.from)} is not where it is copied from`;
    const [copied, value] = [state[from] ?? NOTHING, indexOf(wanted.to)];
    forget(state, value);
    state[place(item.to, homes)] = copied.includes(value) ? copied : [...copied, value];
    return null;
  }
  return stepInstr(item, origin, state, homes, forms);
}

function stepInstr(
  item: Exclude<MachineItem, { op: "bind" | "copy" | "return" }>,
  origin: MachineItem | null,
  state: State,
  homes: Int32Array,
  forms: Forms,
): string | null {
  // What is neither a move nor a copy was written by selection.
  const wanted = origin as typeof item;
  const form = forms.of(item);
  const constant = isConstant(item, form);
  const places: number[] = [];
  const values: number[] = [];
  const write = (target: number, value: number): void => {
    places.push(target);
    values.push(value);
  };
  const check = (asked: Reg | null | undefined, given: number): string | null => {
    if (asked === null || asked === undefined) return null;
    return holds(state, given, indexOf(asked)) ? null : `${placeName(given)} does not hold register ${indexOf(asked)}`;
  };
  for (let at = 0; at < item.operands.length; at++) {
    const operand = item.operands[at] as Operand;
    const asked = wanted.operands[at] as Operand;
    const role = form.operands[at]?.role ?? "r";
    let problem: string | null = null;
    if (operand.kind === "reg" && asked.kind === "reg") {
      const isRead = !constant && (role !== "w" || (at === 0 && keepsLanes(item, form, operand)));
      if (isRead) problem = check(asked, place(operand, homes));
      if (role !== "r") write(place(operand, homes), indexOf(asked));
    } else if (operand.kind === "mem" && asked.kind === "mem") {
      problem = check(asked.base, operand.base === null ? NOWHERE : place(operand.base, homes));
      problem ??= check(asked.index, operand.index === null ? NOWHERE : place(operand.index, homes));
    } else if (operand.kind === "mem" && asked.kind === "reg" && operand.slot !== undefined) {
      problem = check(asked, slot(operand));
    }
    if (problem !== null) return problem;
  }
  if (item.mask !== undefined) {
    const problem = check(wanted.mask, place(item.mask, homes));
    if (problem !== null) return problem;
    if (form.masking === "required") write(place(item.mask, homes), indexOf(wanted.mask as Reg));
  }
  for (const reg of wanted.uses ?? []) {
    const problem = check(reg, place(reg, homes));
    if (problem !== null) return problem;
  }
  for (const id of form.uses) if (!holds(state, id, id)) return `r${id} was overwritten`;
  for (const id of form.defs) write(id, id);
  for (const reg of wanted.defs ?? []) write(place(reg, homes), indexOf(reg));
  for (const value of values) forget(state, value);
  for (let at = 0; at < places.length; at++) {
    const [target, value] = [places[at] as number, values[at] as number];
    const before = places.indexOf(target);
    if (values[before] !== value) return `${placeName(target)} is written twice`;
    state[target] = [value];
  }
  return null;
}

const place = (reg: Reg, homes: Int32Array): number => (isVirtual(reg) ? (homes[reg.id] as number) : indexOf(reg));
const slot = (memory: Mem): number => PHYSICAL + (memory.slot as number);
const placeName = (at: number): string => (at < PHYSICAL ? `r${at}` : `s${at - PHYSICAL}`);

function holds(state: State, at: number, value: number): boolean {
  return state[at]?.includes(value) === true;
}

function describe(item: MachineItem): string {
  if (item.op === "bind" || item.op === "return") return item.op;
  return item.op === "copy" ? `copy ${item.to.id}, ${item.from.id}` : printLoose(item);
}

function forget(state: State, value: number): void {
  for (let at = 0; at < state.length; at++) {
    const values = state[at];
    if (values?.includes(value)) state[at] = values.filter((other) => other !== value);
  }
}

function intersection(a: State, b: State): State {
  return a.map((values, at) => {
    const others = b[at];
    if (values === undefined || values === others) return values;
    return values.filter((value) => others?.includes(value));
  });
}

function sameState(a: State, b: State): boolean {
  return a.every((values, at) => values === undefined || values.length === (b[at]?.length ?? 0));
}

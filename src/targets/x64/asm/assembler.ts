// Puts code together: instructions in physical registers, labels, alignment, constants, and optionally a listing of it all.
import { InternalError } from "../../../base/index.js";
import { CodeBuffer } from "./bytes.js";
import type { ConstantPool } from "./constants.js";
import { encode, type Fixup } from "./encode.js";
import type { Form } from "./form.js";
import { type Line, printListing } from "./listing.js";
import { findForm } from "./match.js";
import {
  type Bind,
  type Features,
  type Instr,
  isVirtual,
  type Label,
  type LinkSymbol,
  type Operand,
} from "./operands.js";
import { printInstr, printLoose } from "./print.js";

/** What is written between the encoded instructions, in the order of the code; `at` counts encoded bytes only. */
type Mark =
  | { readonly kind: "bind"; readonly at: number; readonly label: Label }
  | { readonly kind: "align"; readonly at: number; readonly to: number }
  | { readonly kind: "fixup"; readonly at: number; readonly fixup: Fixup }
  | { readonly kind: "line"; readonly at: number; readonly bytes: number; readonly text: string }
  | Jump;

interface Jump {
  readonly kind: "jump";
  readonly at: number;
  readonly label: Label;
  /** Opcodes with a displacement of 8 bits (null: there is none) and of 32 bits. */
  readonly short: number | null;
  readonly near: readonly number[];
  readonly text: string | null;
  isNear: boolean;
}

/** The 32-bit field at byte `at` still lacks the value of `symbol`. */
export interface Relocation {
  readonly at: number;
  readonly symbol: LinkSymbol;
}

export interface Assembly {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Offset of each label from the start, which is to be placed at a multiple of 64. */
  readonly labels: ReadonlyMap<Label, number>;
  /** Where values of symbols are to be added. */
  readonly relocations: readonly Relocation[];
  /** Addresses, bytes and text, in Intel syntax; empty unless asked for. */
  readonly listing: string;
}

const ALIGNMENT = 64;
// Intel's Optimization Reference Manual, 3.5.1.10: one instruction each.
const NOPS = [
  "90",
  "6690",
  "0f1f00",
  "0f1f4000",
  "0f1f440000",
  "660f1f440000",
  "0f1f8000000000",
  "0f1f840000000000",
  "660f1f840000000000",
];

export class Assembler {
  readonly #code = new CodeBuffer();
  readonly #marks: Mark[] = [];
  readonly #lists: boolean;

  constructor(
    readonly features: Features,
    { listing = false }: { readonly listing?: boolean } = {},
  ) {
    this.#lists = listing;
  }

  /** @throws InternalError if no form of the instruction takes these operands on a processor with these features. */
  emit(instr: Instr): void {
    const form = findForm(instr, this.features);
    if (form === null || instr.operands.some(namesVirtual))
      throw new InternalError(`x64: cannot encode with ${this.features}: ${printLoose(instr)}`);
    const text = this.#lists ? printInstr(instr, form) + (instr.note === undefined ? "" : ` ; ${instr.note}`) : null;
    const target = instr.operands[0];
    if (target?.kind === "label") {
      const near = form.opcode;
      this.#marks.push({
        kind: "jump",
        at: this.#code.length,
        label: target,
        short: shortOpcode(near),
        near,
        text,
        isNear: false,
      });
      return;
    }
    const at = this.#code.length;
    const fixup = encode(instr, form, this.#code);
    const bytes = this.#code.length - at;
    if (text !== null) this.#marks.push({ kind: "line", at, bytes, text });
    if (fixup !== null) this.#marks.push({ kind: "fixup", at: fixup.at, fixup });
  }

  bind(label: Label, align = 1): void {
    if (align > 1) this.align(align);
    this.#marks.push({ kind: "bind", at: this.#code.length, label });
  }

  /** Fills up with no-operations to a multiple of `to`. */
  align(to: number): void {
    this.#marks.push({ kind: "align", at: this.#code.length, to });
  }

  append(code: readonly (Instr | Bind)[]): void {
    for (const item of code) {
      if (item.op === "bind") this.bind(item.label, item.align);
      else this.emit(item);
    }
  }

  /** Places all constants here. */
  constants(pool: ConstantPool): void {
    const { bytes, places } = pool.layout();
    if (bytes.length === 0) return;
    this.align(ALIGNMENT);
    for (const [at, { label, offset }] of places.entries()) {
      const end = places[at + 1]?.offset ?? bytes.length;
      const start = this.#code.length;
      this.#marks.push({ kind: "bind", at: start, label });
      this.#code.bytes(bytes.subarray(offset, end));
      if (this.#lists) this.#marks.push({ kind: "line", at: start, bytes: end - offset, text: "" });
    }
  }

  finish(): Assembly {
    const labels = this.#layOut();
    return this.#write(labels);
  }

  /** Grows jumps until each reaches its label; none ever shrinks again, so this ends. */
  #layOut(): Map<Label, number> {
    const labels = new Map<Label, number>();
    const jumps: { jump: Jump; end: number }[] = [];
    for (;;) {
      jumps.length = 0;
      let added = 0;
      for (const mark of this.#marks) {
        const here = mark.at + added;
        if (mark.kind === "bind") labels.set(mark.label, here);
        else if (mark.kind === "align") added += -here & (mark.to - 1);
        else if (mark.kind === "jump") {
          added += jumpLength(mark);
          jumps.push({ jump: mark, end: mark.at + added });
        }
      }
      let settled = true;
      for (const { jump, end } of jumps) {
        const distance = offsetOf(labels, jump.label) - end;
        if (jump.isNear || jump.short === null || (distance >= -128 && distance <= 127)) continue;
        jump.isNear = true;
        settled = false;
      }
      if (settled) return labels;
    }
  }

  #write(labels: ReadonlyMap<Label, number>): Assembly {
    const out = new CodeBuffer();
    const lines: Line[] = [];
    const fixups: { at: number; fixup: Fixup }[] = [];
    let copied = 0;
    const copyTo = (at: number) => {
      out.bytes(this.#code.view(copied, at));
      copied = at;
    };
    for (const mark of this.#marks) {
      copyTo(mark.at);
      const here = out.length;
      switch (mark.kind) {
        case "bind":
          if (this.#lists) lines.push({ label: mark.label });
          break;
        case "align":
          fill(out, -here & (mark.to - 1));
          break;
        case "fixup":
          fixups.push({ at: here, fixup: mark.fixup });
          break;
        case "line":
          lines.push({ at: here, bytes: mark.bytes, text: mark.text });
          break;
        case "jump":
          writeJump(out, mark, offsetOf(labels, mark.label));
          if (mark.text !== null) lines.push({ at: here, bytes: out.length - here, text: mark.text });
          break;
      }
    }
    copyTo(this.#code.length);
    const bytes = out.view(0, out.length).slice();
    const view = new DataView(bytes.buffer);
    const relocations: Relocation[] = [];
    for (const { at, fixup } of fixups) {
      if (fixup.kind === "symbol") {
        relocations.push({ at, symbol: fixup.symbol });
        continue;
      }
      const end = at + 4 + fixup.trailing;
      view.setInt32(at, offsetOf(labels, fixup.label) + fixup.addend - end, true);
    }
    return { bytes, labels, relocations, listing: printListing(lines, bytes) };
  }
}

function namesVirtual(operand: Operand): boolean {
  if (operand.kind === "reg") return isVirtual(operand);
  return operand.kind === "mem" && [operand.base, operand.index].some((reg) => reg !== null && isVirtual(reg));
}

function shortOpcode(near: Form["opcode"]): number | null {
  if (near.length === 2) return 0x70 | ((near[1] ?? 0) & 15);
  return near[0] === 0xe9 ? 0xeb : null;
}

function jumpLength({ isNear, short, near }: Jump): number {
  return isNear || short === null ? near.length + 4 : 2;
}

function writeJump(out: CodeBuffer, jump: Jump, target: number): void {
  const distance = target - (out.length + jumpLength(jump));
  if (jump.isNear || jump.short === null) {
    for (const byte of jump.near) out.byte(byte);
    out.int32(distance);
  } else {
    out.byte(jump.short);
    out.byte(distance & 0xff);
  }
}

function fill(out: CodeBuffer, length: number): void {
  for (let left = length; left > 0; ) {
    const nop = NOPS[Math.min(left, NOPS.length) - 1] ?? "";
    for (let at = 0; at < nop.length; at += 2) out.byte(Number.parseInt(nop.slice(at, at + 2), 16));
    left -= nop.length / 2;
  }
}

function offsetOf(labels: ReadonlyMap<Label, number>, label: Label): number {
  const offset = labels.get(label);
  if (offset === undefined) throw new InternalError(`x64: label ${label.name ?? label.id} stands nowhere`);
  return offset;
}

// Writes one instruction in a chosen form: legacy prefixes and REX, VEX, or EVEX, then ModRM, SIB, displacement, immediate.
import { InternalError } from "../../../base/index.js";
import type { CodeBuffer } from "./bytes.js";
import { type Form, memoryBytes } from "./form.js";
import type { Imm, Instr, Label, LinkSymbol, Mem, Operand, Reg } from "./operands.js";

/**
 * A 32-bit field that is filled in later: with the distance from the end of the instruction to a label, or with a symbol's
 * value added.
 */
export type Fixup =
  | {
      readonly kind: "label";
      readonly at: number;
      readonly label: Label;
      readonly addend: number;
      /** Bytes between the field and the end of the instruction. */
      readonly trailing: number;
    }
  | { readonly kind: "symbol"; readonly at: number; readonly symbol: LinkSymbol };

const PREFIX_BYTES = [0, 0x66, 0xf3, 0xf2] as const;

/** The operands of an instruction by the place they are encoded in. */
interface Fields {
  reg: number;
  rm: Reg | Mem | null;
  vvvv: number;
  inOpcode: Reg | null;
  upperImmediate: number | null;
  immediate: { readonly value: number | bigint; readonly bytes: 1 | 2 | 4 | 8 } | null;
  /** 8-bit registers 4 to 7 exist only with a REX prefix (without one these numbers mean ah, ch, dh, bh). */
  needsRex: boolean;
}

/** Appends an instruction that fits `form`; jumps to labels are the assembler's. Returns where a label has to be filled in. */
export function encode(instr: Instr, form: Form, out: CodeBuffer): Fixup | null {
  const fields = fieldsOf(instr, form);
  if (form.encoding === "legacy") legacyPrefix(instr, form, fields, out);
  else if (form.encoding === "vex") vexPrefix(instr, form, fields, out);
  else evexPrefix(instr, form, fields, out);
  const trailing = (fields.immediate?.bytes ?? 0) + (fields.upperImmediate === null ? 0 : 1);
  const scale = form.encoding === "evex" ? memoryBytes(form.tuple, instr.size, isBroadcast(fields.rm)) : 1;
  const fixup = fields.rm === null ? null : address(fields.reg, fields.rm, scale, trailing, out);
  if (fields.upperImmediate !== null) out.byte(fields.upperImmediate << 4);
  if (fields.immediate !== null) immediate(fields.immediate.value, fields.immediate.bytes, out);
  return fixup;
}

function fieldsOf(instr: Instr, form: Form): Fields {
  const fields: Fields = {
    reg: form.digit ?? 0,
    rm: null,
    vvvv: 0,
    inOpcode: null,
    upperImmediate: null,
    immediate: null,
    needsRex: false,
  };
  form.operands.forEach(({ place, kind }, at) => {
    // The form fits, so every operand is of the kind its place takes.
    const operand = instr.operands[at] as Operand;
    const id = operand.kind === "reg" ? operand.id : 0;
    if (operand.kind === "reg" && id >= 4 && id < 8 && (kind === "b" || (kind === "g" && instr.size === 8)))
      fields.needsRex = true;
    switch (place) {
      case "R":
        fields.reg = id;
        return;
      case "M":
      case "r":
      case "m":
      case "S":
        fields.rm = operand as Reg | Mem;
        return;
      case "H":
        fields.vvvv = id;
        return;
      case "O":
        fields.inOpcode = operand as Reg;
        return;
      case "L":
        fields.upperImmediate = id;
        return;
      case "I":
      case "i8":
        fields.immediate = { value: (operand as Imm).value, bytes: 1 };
        return;
      case "i32":
        fields.immediate = { value: (operand as Imm).value, bytes: instr.size === 16 ? 2 : instr.size === 8 ? 1 : 4 };
        return;
      case "i64":
        fields.immediate = { value: (operand as Imm).value, bytes: 8 };
        return;
      default:
        return;
    }
  });
  return fields;
}

function legacyPrefix(instr: Instr, form: Form, fields: Fields, out: CodeBuffer): void {
  if (instr.size === 16) out.byte(0x66);
  if (instr.op.startsWith("lock ")) out.byte(0xf0);
  if (form.prefix !== 0) out.byte(PREFIX_BYTES[form.prefix]);
  const { x, b } = extensions(fields.rm);
  const base = fields.inOpcode === null ? b : fields.inOpcode.id >> 3;
  const wide = instr.size === 64 && !form.noRexW && !fixedWidth(form);
  const rex = (wide ? 8 : 0) | ((fields.reg >> 3) << 2) | (x << 1) | base;
  if (rex !== 0 || fields.needsRex) out.byte(0x40 | rex);
  const last = form.opcode.length - 1;
  form.opcode.forEach((byte, at) => {
    const byteForm = at === last && form.byteForm && instr.size === 8 ? 1 : 0;
    out.byte(byte - byteForm + (at === last && fields.inOpcode !== null ? fields.inOpcode.id & 7 : 0));
  });
}

/** Instructions without an operand of the instruction's size, such as jumps. */
function fixedWidth(form: Form): boolean {
  return form.operands.some(({ place }) => place === "J");
}

function vexPrefix(instr: Instr, form: Form, fields: Fields, out: CodeBuffer): void {
  const { x, b } = extensions(fields.rm);
  const w = form.w === "size" ? (instr.size === 64 ? 1 : 0) : form.w;
  const long = form.longVex || instr.size === 256 ? 1 : 0;
  const reg = fields.reg >> 3;
  const tail = ((~fields.vvvv & 15) << 3) | (long << 2) | form.prefix;
  if (x === 0 && b === 0 && w === 0 && form.map === 1) {
    out.byte(0xc5);
    out.byte((reg === 0 ? 0x80 : 0) | tail);
  } else {
    out.byte(0xc4);
    out.byte((reg === 0 ? 0x80 : 0) | (x === 0 ? 0x40 : 0) | (b === 0 ? 0x20 : 0) | form.map);
    out.byte((w << 7) | tail);
  }
  out.byte(form.opcode[0] ?? 0);
}

function evexPrefix(instr: Instr, form: Form, fields: Fields, out: CodeBuffer): void {
  const { rm } = fields;
  const { x, b } = extensions(rm);
  const w = form.w === "size" ? (instr.size === 64 ? 1 : 0) : form.w;
  // The fifth bit of a vector register in ModRM.rm is X, that of a vector index is V'.
  const fifth = rm?.kind === "reg" ? (rm.id >> 4) & 1 : x;
  const index = rm?.kind === "mem" && rm.index?.class === "vec" ? rm.index.id >> 4 : 0;
  const length = instr.size === 512 ? 2 : instr.size === 256 ? 1 : 0;
  const zeroing = instr.zeroing === true ? 0x80 : 0;
  out.byte(0x62);
  out.byte(
    ((fields.reg & 8) === 0 ? 0x80 : 0) |
      (fifth === 0 ? 0x40 : 0) |
      (b === 0 ? 0x20 : 0) |
      ((fields.reg & 16) === 0 ? 0x10 : 0) |
      form.map,
  );
  out.byte((w << 7) | ((~fields.vvvv & 15) << 3) | 4 | form.prefix);
  out.byte(
    zeroing |
      (length << 5) |
      (isBroadcast(rm) ? 0x10 : 0) |
      ((fields.vvvv | (index * 16)) & 16 ? 0 : 8) |
      (instr.mask?.id ?? 0),
  );
  out.byte(form.opcode[0] ?? 0);
}

/** Fourth bits of index and base, or of the register in ModRM.rm. */
function extensions(rm: Reg | Mem | null): { x: number; b: number } {
  if (rm === null) return { x: 0, b: 0 };
  if (rm.kind === "reg") return { x: 0, b: (rm.id >> 3) & 1 };
  return { x: ((rm.index?.id ?? 0) >> 3) & 1, b: ((rm.base?.id ?? 0) >> 3) & 1 };
}

function isBroadcast(rm: Reg | Mem | null): boolean {
  return rm?.kind === "mem" && rm.broadcast === true;
}

/** ModRM, SIB and displacement. `scale` is what a byte displacement counts. */
function address(reg: number, rm: Reg | Mem, scale: number, trailing: number, out: CodeBuffer): Fixup | null {
  const field = (reg & 7) << 3;
  if (rm.kind === "reg") {
    out.byte(0xc0 | field | (rm.id & 7));
    return null;
  }
  const { base, index, disp, label, symbol } = rm;
  if (rm.slot !== undefined) throw new InternalError("x64: a slot was not given its place in the frame");
  if (label !== undefined) {
    out.byte(field | 5);
    const fixup: Fixup = { kind: "label", at: out.length, label, addend: disp, trailing };
    out.int32(0);
    return fixup;
  }
  if (index?.class === "gp" && index.id === 4) throw new InternalError("x64: rsp cannot be an index");
  const scaleBits = rm.scale === 8 ? 3 : rm.scale === 4 ? 2 : rm.scale === 2 ? 1 : 0;
  const indexBits = index === null ? 4 : index.id & 7;
  if (base === null) {
    out.byte(field | 4);
    out.byte((scaleBits << 6) | (indexBits << 3) | 5);
    out.int32(disp);
    return null;
  }
  const needsSib = index !== null || (base.id & 7) === 4;
  const short = disp / scale;
  const fitsByte = Number.isInteger(short) && short >= -128 && short <= 127;
  // rbp and r13 without a displacement would mean something else.
  const mode = symbol !== undefined ? 2 : disp === 0 && (base.id & 7) !== 5 ? 0 : fitsByte ? 1 : 2;
  out.byte((mode << 6) | field | (needsSib ? 4 : base.id & 7));
  if (needsSib) out.byte((scaleBits << 6) | (indexBits << 3) | (base.id & 7));
  if (mode === 1) out.byte(short & 0xff);
  if (mode === 2) out.int32(disp);
  return symbol === undefined ? null : { kind: "symbol", at: out.length - 4, symbol };
}

function immediate(value: number | bigint, bytes: 1 | 2 | 4 | 8, out: CodeBuffer): void {
  if (bytes === 8) {
    out.int64(BigInt(value));
    return;
  }
  // Values up to 2^32 - 1 are written as what they are modulo 2^32.
  let rest = typeof value === "number" ? value | 0 : Number(BigInt.asIntN(32, value));
  for (let byte = 0; byte < bytes; byte++) {
    out.byte(rest & 0xff);
    rest >>= 8;
  }
}

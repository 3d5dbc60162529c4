// One list of instructions that shows every form of the table with low and high registers, each kind of address, masks and
// repeated elements: what the encoder is compared with GNU as on. Deterministic: the frozen results depend on the order.
import {
  broadcastBytes,
  type Form,
  type FormOperand,
  memoryBytes,
  sizeBit,
} from "../../../src/targets/x64/asm/form.js";
import { formsOf, type Mnemonic, mnemonics } from "../../../src/targets/x64/asm/instructions.js";
import { classOf } from "../../../src/targets/x64/asm/match.js";
import {
  broadcast,
  type Imm,
  type Instr,
  imm,
  type Mem,
  mem,
  type Operand,
  type OperandSize,
  physical,
  type Reg,
} from "../../../src/targets/x64/asm/operands.js";

/** The instructions that show one form at one size. */
export interface FormCases {
  readonly name: string;
  readonly form: Form;
  readonly instrs: readonly Instr[];
}

const SIZES = [8, 16, 32, 64, 128, 256, 512] as const;
const GP = [0, 5, 8, 3, 12, 4, 13, 6, 15];
const VEC = [0, 9, 7, 15, 3, 8];
const VEC_EVEX = [0, 16, 9, 31, 7, 24, 15, 18];
const MASK = [1, 7, 0, 3, 5];
const gp = (id: number): Reg => physical("gp", id);

/** Addresses by the bytes that a displacement may count in. */
function addresses(bytes: number): Mem[] {
  return [
    mem(gp(0)),
    mem(gp(4), bytes),
    mem(gp(5)),
    mem(gp(12), -bytes * 128),
    mem(gp(13)),
    mem(gp(3), bytes * 127),
    mem(gp(7), bytes * 128),
    mem(gp(1), 1),
    mem(gp(9), 0, gp(10), 8),
    mem(gp(5), 0, gp(0), 1),
    mem(gp(13), 0, gp(15), 2),
    mem(gp(4), -1, gp(1), 4),
    mem(gp(12), 0x12345, gp(12), 2),
    mem(null, 64, gp(11), 8),
    mem(null, 0x1234),
    mem(gp(2), -0x7000),
  ];
}

export function instructionCases(): FormCases[] {
  const cases: FormCases[] = [];
  for (const op of mnemonics()) {
    for (const [at, form] of formsOf(op).entries()) {
      if (form.operands.some(({ place }) => place === "J")) continue;
      for (const size of SIZES) {
        if ((form.sizes & sizeBit(size)) === 0) continue;
        // Instructions on masks have no size.
        if (form.operands.some(({ kind }) => kind === "k") && form.encoding === "vex" && size !== 64) continue;
        const name = `${op} ${at} ${size}`;
        cases.push({ name, form, instrs: formCases(op, form, size, seedOf(name)) });
      }
    }
  }
  return cases;
}

/** Of the name only: a new instruction leaves the cases of the others alone. */
function seedOf(name: string): number {
  return Array.from(name).reduce((seed, letter) => (seed * 31 + letter.charCodeAt(0)) % 9973, 7);
}

function formCases(op: Mnemonic, form: Form, size: OperandSize, seed: number): Instr[] {
  const instrs: Instr[] = [];
  const masked = form.masking === "required";
  const emit = (operands: Operand[], extra: Partial<Instr> = masked ? { mask: physical("mask", 2) } : {}) =>
    instrs.push({ op, size, operands, ...extra });
  const takesRegister = form.operands.every(({ place }) => place !== "m" && place !== "S");
  const memoryAt = form.operands.findIndex(({ place }) => place === "M" || place === "m" || place === "S");
  const variable = form.operands.length > 0;

  if (takesRegister) {
    for (let variant = 0; variant < (variable ? 6 : 1); variant++) {
      const operands = operandsOf(form, size, seed + variant, null);
      // as has a shorter encoding of exchanges with rax, which nobody needs.
      if (op !== "xchg" || !operands.includes(gp(0))) emit(operands);
    }
  }
  if (memoryAt >= 0) {
    const bytes = memoryBytes(form.tuple, size, false);
    for (let variant = 0; variant < 6; variant++) {
      const all = addresses(Math.max(1, bytes));
      const chosen = all[(seed * 5 + variant) % all.length] as Mem;
      emit(operandsOf(form, size, seed + variant, chosen));
    }
    const element = broadcastBytes(form.tuple);
    if (form.encoding === "evex" && element !== null && form.operands[memoryAt]?.role === "r") {
      for (const at of [0, 5, 12]) {
        const chosen = addresses(element)[(seed + at) % 16] as Mem;
        emit(operandsOf(form, size, seed + at, broadcast(chosen)));
      }
    }
  }
  if (form.encoding === "evex" && form.masking !== "none") {
    const toMemory = takesRegister ? null : mem(gp(1), 64);
    emit(operandsOf(form, size, seed, toMemory), { mask: physical("mask", 1) });
    emit(operandsOf(form, size, seed + 3, toMemory), { mask: physical("mask", 7) });
    if ((form.masking === "zero" || form.masking === "select") && form.operands[0]?.place !== "m") {
      emit(operandsOf(form, size, seed + 1, toMemory), { mask: physical("mask", 4), zeroing: true });
    }
  }
  return instrs;
}

function operandsOf(form: Form, size: OperandSize, seed: number, memory: Mem | null): Operand[] {
  return form.operands.map((expected, at) => {
    switch (expected.place) {
      case "A":
        return gp(0);
      case "C":
        return gp(1);
      case "one":
        return imm(1);
      case "I":
        return imm([1, 0, 0x5a, 255, 7][seed % 5] as number);
      case "i8":
        return imm([1, -1, 127, -128, 5][seed % 5] as number);
      case "i32":
        return imm(wideImmediate(size, seed));
      case "i64":
        return imm([0x123456789abcdefn, -0x123456789abcdefn, 0x80000000n, -0x80000001n][seed % 4] as bigint);
      case "S":
        return { ...(memory ?? mem(gp(3), 4)), index: registerOf(expected, form, seed, at), broadcast: false } as Mem;
      case "M":
      case "m":
        return memory ?? registerOf(expected, form, seed, at);
      default:
        return registerOf(expected, form, seed, at);
    }
  });
}

function wideImmediate(size: OperandSize, seed: number): Imm["value"] {
  if (size === 8) return [1, -1, 127, -128][seed % 4] as number;
  if (size === 16) return [0x1234, -0x1234, 0x7fff, 128][seed % 4] as number;
  return [0x12345678, -0x12345678, 0x7fffffff, 128, -129][seed % 5] as number;
}

/** Neighbouring operands get different registers, which gathers ask for. */
function registerOf(expected: FormOperand, form: Form, seed: number, at: number): Reg {
  const registerClass = classOf(expected);
  const numbers =
    registerClass === "gp" ? GP : registerClass === "mask" ? MASK : form.encoding === "evex" ? VEC_EVEX : VEC;
  return physical(registerClass, numbers[(seed + at * 2 + (at > 1 ? 1 : 0)) % numbers.length] as number);
}

// Which form of an instruction its operands fit.
import { broadcastBytes, type Form, type FormOperand, sizeBit } from "./form.js";
import { formsOf } from "./instructions.js";
import type { Features, Instr, Operand, RegClass } from "./operands.js";

/** The class of the registers an operand of this kind takes. */
export function classOf({ kind }: FormOperand): RegClass {
  if (kind === "k") return "mask";
  return "vhqex".includes(kind) ? "vec" : "gp";
}

/**
 * The first form that takes the operands of an instruction, or null. Vector registers from number 16 on exclude VEX; virtual
 * registers are taken to be below.
 */
export function findForm(instr: Instr, features: Features): Form | null {
  const forms = formsOf(instr.op);
  for (const form of forms) {
    if (!takes(form, instr, features)) continue;
    if (form.alternative && swapIsShorter(form, instr)) {
      return forms.find((other) => other !== form && other.encoding === "vex" && takes(other, instr, features)) ?? form;
    }
    return form;
  }
  return null;
}

function takes(form: Form, instr: Instr, features: Features): boolean {
  if ((form.sizes & sizeBit(instr.size)) === 0 || form.operands.length !== instr.operands.length) return false;
  if (form.encoding === "evex" ? features === "avx2" : instr.mask !== undefined) return false;
  if (instr.mask !== undefined ? form.masking === "none" : form.masking === "required") return false;
  if (instr.zeroing === true && form.masking !== "zero" && form.masking !== "select") return false;
  for (let at = 0; at < form.operands.length; at++) {
    if (!fits(instr.operands[at], form.operands[at] as FormOperand, form, instr)) return false;
  }
  return true;
}

/** VEX has a two-byte prefix as long as ModRM.rm is a low register: between registers, a store may be shorter than a load. */
function swapIsShorter(form: Form, instr: Instr): boolean {
  if (form.encoding !== "vex") return false;
  const idAt = (places: string) => {
    const operand = instr.operands[form.operands.findIndex(({ place }) => places.includes(place))];
    return operand?.kind === "reg" ? operand.id : null;
  };
  const rm = idAt("Mr");
  return rm !== null && rm >= 8 && (idAt("R") ?? 8) < 8;
}

function fits(given: Operand | undefined, expected: FormOperand, form: Form, instr: Instr): boolean {
  if (given === undefined) return false;
  switch (given.kind) {
    case "reg":
      return fitsRegister(given.class, given.id, expected, form);
    case "mem":
      return fitsMemory(given, expected, form, instr);
    case "imm":
      return fitsImmediate(given.value, expected, instr.size);
    case "label":
      return expected.place === "J";
  }
}

function fitsRegister(registerClass: RegClass, id: number, expected: FormOperand, form: Form): boolean {
  switch (expected.place) {
    case "R":
    case "M":
    case "r":
    case "H":
    case "L":
    case "O":
      return (
        registerClass === classOf(expected) &&
        (registerClass !== "vec" || id < 16 || id >= 64 || form.encoding === "evex")
      );
    case "A":
      return registerClass === "gp" && id === 0;
    case "C":
      return registerClass === "gp" && id === 1;
    default:
      return false;
  }
}

function fitsMemory(
  given: Extract<Operand, { kind: "mem" }>,
  expected: FormOperand,
  form: Form,
  instr: Instr,
): boolean {
  const vectorIndex = given.index?.class === "vec";
  if (expected.place === "S") {
    const id = given.index?.id ?? 0;
    return vectorIndex && (id < 16 || id >= 64 || form.encoding === "evex");
  }
  if ((expected.place !== "M" && expected.place !== "m") || vectorIndex) return false;
  if (given.broadcast !== true) return true;
  // An element repeated over all lanes is read, never written, and only by EVEX.
  return form.encoding === "evex" && broadcastBytes(form.tuple) !== null && expected.role === "r" && instr.size >= 128;
}

function fitsImmediate(value: number | bigint, { place }: FormOperand, size: number): boolean {
  // Comparisons between a number and a bigint are exact.
  switch (place) {
    case "I":
      return value >= -128 && value <= 255;
    case "i8":
      return value >= -128 && value <= (size === 8 ? 255 : 127);
    case "i32":
      if (size === 64) return value >= -(2 ** 31) && value < 2 ** 31;
      if (size === 8) return value >= -128 && value <= 255;
      return value >= -(2 ** (size - 1)) && value < 2 ** size;
    case "i64":
      return value >= -(2 ** 63) && value < 2 ** 64;
    case "one":
      return Number(value) === 1;
    default:
      return false;
  }
}

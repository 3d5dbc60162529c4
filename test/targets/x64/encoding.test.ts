// Every form of every instruction, byte for byte against GNU as: frozen answers always, the assembler itself where it is installed.
// Our text is what as reads and our form what encodes it, so a wrong opcode, operand order or prefix cannot agree with itself.
import { describe, expect, it } from "vitest";
import { CodeBuffer } from "../../../src/targets/x64/asm/bytes.js";
import { encode } from "../../../src/targets/x64/asm/encode.js";
import { findForm } from "../../../src/targets/x64/asm/match.js";
import type { Features, Instr } from "../../../src/targets/x64/asm/operands.js";
import { printInstr } from "../../../src/targets/x64/asm/print.js";
import { assembleWithGnu, frozenEncodings, hasBinutils } from "./gnu-as.js";
import { instructionCases } from "./instruction-cases.js";

function encoded(instr: Instr, features: Features): string {
  const form = findForm(instr, features);
  if (form === null) return "no form";
  const out = new CodeBuffer();
  encode(instr, form, out);
  return Buffer.from(out.view(0, out.length)).toString("hex");
}

const cases = instructionCases();

describe("x64 encodings", () => {
  it("equal what GNU as made of the same text", () => {
    const frozen = frozenEncodings();
    const wrong: string[] = [];
    for (const { name, form, instrs } of cases) {
      const expected = frozen.get(name);
      if (expected?.length !== instrs.length) {
        wrong.push(`${name}: not frozen, run test/fixtures/generator/x64-encodings.ts`);
        continue;
      }
      instrs.forEach((instr, at) => {
        const ours = encoded(instr, "avx512");
        if (ours !== expected[at]) wrong.push(`${printInstr(instr, form)}: ${ours}, as ${expected[at]}`);
      });
    }

    expect(wrong).toEqual([]);
    expect(cases.flatMap(({ instrs }) => instrs).length).toBeGreaterThan(25_000);
  });

  it("equal what GNU as makes now", (context) => {
    if (!hasBinutils()) return context.skip("no GNU binutils");
    const all = cases.flatMap(({ form, instrs }) => instrs.map((instr) => ({ instr, text: printInstr(instr, form) })));
    const codes = assembleWithGnu(all.map(({ text }) => text));

    const wrong = all.flatMap(({ instr, text }, at) => {
      const ours = encoded(instr, "avx512");
      return ours === codes[at] ? [] : [`${text}: ${ours}, as ${codes[at]}`];
    });

    expect(wrong).toEqual([]);
  });

  it("given AVX2 only, never use EVEX", () => {
    const used = cases.flatMap(({ instrs }) => instrs.map((instr) => findForm(instr, "avx2")?.encoding));
    expect(used.filter((encoding) => encoding === "evex")).toEqual([]);
    expect(used.filter((encoding) => encoding === "vex").length).toBeGreaterThan(5000);
  });

  it("use VEX wherever registers, size and masks allow it", () => {
    const long = cases
      .flatMap(({ instrs }) => instrs)
      .filter((instr) => {
        return findForm(instr, "avx512")?.encoding === "evex" && findForm(instr, "avx2") !== null;
      });
    expect(long).toEqual([]);
  });
});

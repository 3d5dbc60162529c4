// Register allocation: code in physical registers does what the code in virtual ones does, and micro-kernels stay in registers.
import { describe, expect, it } from "vitest";
import { allocate } from "../../../src/targets/x64/allocate/allocate.js";
import { Forms } from "../../../src/targets/x64/allocate/effects.js";
import { verifyAllocation } from "../../../src/targets/x64/allocate/verify.js";
import { Assembler } from "../../../src/targets/x64/asm/assembler.js";
import {
  broadcast,
  type Features,
  imm,
  mem,
  type Reg,
  rax,
  rcx,
  rdi,
  rdx,
  rsi,
} from "../../../src/targets/x64/asm/operands.js";
import { MachineFunction } from "../../../src/targets/x64/machine.js";
import { evaluate } from "./machine-evaluator.js";
import { randomMachine, randomNumbers } from "./random-machine.js";

const CALLEE_SAVED = [3, 4, 5, 12, 13, 14, 15];

/** What a matrix multiplication does all day: rows × columns accumulators, panel vectors, one broadcast or embedded broadcast a row. */
function microKernel(features: Features, rows: number, columns: number, embedded: boolean): MachineFunction {
  const size = features === "avx512" ? 512 : 256;
  const fn = new MachineFunction(`micro_${rows}x${columns}`);
  const [a, b, c, count] = [fn.copyOf(rdi), fn.copyOf(rsi), fn.copyOf(rdx), fn.copyOf(rcx)];
  const sums = Array.from({ length: rows * columns }, () => fn.vec());
  for (const sum of sums) fn.emit("vxorps", 128, [sum, sum, sum]);
  const head = fn.label();
  fn.bind(head, 32);
  const panel = Array.from({ length: columns }, (_, column) => {
    const vec = fn.vec();
    fn.emit("vmovups", size, [vec, mem(b, (column * size) / 8)]);
    return vec;
  });
  for (let row = 0; row < rows; row++) {
    let factor: Reg | null = null;
    if (!embedded) {
      factor = fn.vec();
      fn.emit("vbroadcastss", size, [factor, mem(a, row * 4)]);
    }
    panel.forEach((vec, column) => {
      fn.emit("vfmadd231ps", size, [sums[row * columns + column] as Reg, vec, factor ?? broadcast(mem(a, row * 4))]);
    });
  }
  fn.emit("add", 64, [a, imm(rows * 4)]);
  fn.emit("add", 64, [b, imm((columns * size) / 8)]);
  fn.emit("dec", 64, [count]);
  fn.emit("jne", 64, [head]);
  sums.forEach((sum, at) => {
    const scaled = fn.vec();
    fn.emit("vaddps", size, [scaled, sum, mem(c, (at * size) / 8)]);
    fn.emit("vmovups", size, [mem(c, (at * size) / 8), scaled]);
  });
  fn.return();
  return fn;
}

describe("register allocation", () => {
  const shapes = [
    { features: "avx512", values: 6, statements: 30, calls: false },
    { features: "avx512", values: 40, statements: 120, calls: false },
    { features: "avx512", values: 14, statements: 60, calls: true },
    { features: "avx2", values: 6, statements: 30, calls: false },
    { features: "avx2", values: 24, statements: 120, calls: true },
  ] as const;
  for (const shape of shapes) {
    it(`random functions (${shape.features}, ${shape.values} values${shape.calls ? ", calls" : ""}): same writes and results, saved registers kept`, () => {
      let spills = 0;
      for (let seed = 1; seed <= 20; seed++) {
        const fn = randomMachine(seed, shape);
        const allocated = allocate(fn, shape.features, { verify: true });
        spills += allocated.spills;
        for (let path = 0; path < 2; path++) {
          const random = randomNumbers(seed * 31 + path);
          const choices = Array.from({ length: 6000 }, (_, at) => random(at < 40 ? 2 : 5) === 0);
          const takes = (jump: number) => choices[jump] as boolean;
          const wanted = evaluate(fn.code, shape.features, takes);
          const got = evaluate(allocated.code, shape.features, takes);
          expect(got.writes).toEqual(wanted.writes);
          expect(got.registers.get(0)).toBe(wanted.registers.get(0));
          for (const id of CALLEE_SAVED) {
            expect(got.registers.get(id) ?? `initial${id}`).toBe(id === 4 ? "1000000" : `initial${id}`);
          }
        }
        const assembler = new Assembler(shape.features);
        assembler.append(allocated.code);
        assembler.constants(fn.pool);
        expect(assembler.finish().bytes.length).toBeGreaterThan(0);
      }
      if (shape.values > 12) expect(spills).toBeGreaterThan(0);
    });
  }

  it.each([
    ["avx512", 14, 2, false],
    ["avx512", 28, 1, true],
    ["avx512", 12, 2, true],
    ["avx512", 9, 3, false],
    ["avx2", 6, 2, false],
    ["avx2", 4, 3, false],
  ] as const)("micro-kernel (%s, %i × %i): no spill, no move in the loop", (features, rows, columns, embedded) => {
    const allocated = allocate(microKernel(features, rows, columns, embedded), features, { verify: true });
    expect(allocated.spills).toBe(0);
    expect(allocated.frameBytes).toBe(0);
    expect(allocated.code.filter(({ op }) => op === "vmovaps")).toEqual([]);
  });

  it("given more values than registers, spills what is used outside the innermost loop", () => {
    const fn = microKernel("avx2", 6, 2, false);
    // Four more values around the loop, used after it.
    const late = Array.from({ length: 4 }, () => fn.vec());
    const loads = late.map(
      (vec, at) => ({ op: "vmovups", size: 256, operands: [vec, mem(rdi, 512 + 32 * at)] }) as const,
    );
    fn.code.unshift(...loads);
    fn.code.pop();
    for (const vec of late) fn.emit("vmovups", 256, [mem(rsi, 0), vec]);
    const used = fn.code.findIndex(({ op }) => op === "copy");
    expect(used).toBeGreaterThanOrEqual(0);
    fn.return();
    const { code, spills } = allocate(fn, "avx2");
    // Fifteen registers are busy in the loop, so that one of the four values keeps its own.
    expect(spills).toBe(3);
    const head = code.findIndex((item) => item.op === "bind" && item.align === 32);
    const end = code.findIndex(({ op }) => op === "jne");
    const frame = code
      .slice(head, end)
      .filter(
        (item) =>
          item.op !== "bind" && item.operands.some((operand) => operand.kind === "mem" && operand.base?.id === 4),
      );
    expect(frame).toEqual([]);
  });

  it("given a copy of a value that is not needed any more, leaves no move", () => {
    const fn = new MachineFunction("coalesced");
    const x = fn.copyOf(rdi);
    const sum = fn.copyOf(x);
    fn.emit("add", 64, [sum, imm(5)]);
    fn.copy(rax, sum);
    fn.return([rax]);
    const moves = allocate(fn, "avx2", { verify: true }).code.filter(({ op }) => op === "mov");
    expect(moves.length).toBe(1);
  });

  it("verification: given two live values in one register, names the use that would read the wrong one", () => {
    const fn = new MachineFunction("wrong");
    const [a, b] = [fn.gp(), fn.gp()];
    fn.emit("mov", 32, [a, imm(1)]);
    fn.emit("mov", 32, [b, imm(2)]);
    fn.emit("add", 64, [a, b]);
    fn.return();
    const homes = new Int32Array(66).fill(0);
    const entries = fn.code.map((item) => ({ item, origin: item }));
    expect(() => verifyAllocation(fn.name, entries, homes, new Forms("avx2"))).toThrow(
      /allocation of wrong: r0 does not hold register 64 at add/,
    );
  });

  it("given an instruction that the processor lacks, says which", () => {
    const fn = new MachineFunction("lacking");
    const vec = fn.vec();
    fn.emit("vxorps", 512, [vec, vec, vec]);
    fn.return();
    expect(() => allocate(fn, "avx2")).toThrow(
      "internal: x64: no such instruction with avx2: vxorps (512 bits) %vec64, %vec64, %vec64",
    );
  });
});

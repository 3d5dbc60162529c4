// The assembler around the encoder: labels and jumps, alignment, constants, the listing.
import { describe, expect, it } from "vitest";
import { Assembler } from "../../../src/targets/x64/asm/assembler.js";
import { ConstantPool } from "../../../src/targets/x64/asm/constants.js";
import { imm, mem, newLabel, physical, rax, rcx, rdi } from "../../../src/targets/x64/asm/operands.js";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const nop = { op: "nop", size: 64, operands: [] } as const;

describe("assembler", () => {
  it("jumps: eight bits where they reach, 32 where they do not, both ways", () => {
    const assembler = new Assembler("avx2");
    const [back, near, far] = [newLabel(), newLabel(), newLabel()];
    assembler.bind(back);
    assembler.emit({ op: "jl", size: 64, operands: [near] });
    assembler.emit({ op: "jmp", size: 64, operands: [far] });
    assembler.bind(near);
    for (let at = 0; at < 130; at++) assembler.emit(nop);
    assembler.bind(far);
    assembler.emit({ op: "jne", size: 64, operands: [back] });
    assembler.emit({ op: "jmp", size: 64, operands: [far] });
    assembler.emit({ op: "call", size: 64, operands: [back] });

    const { bytes } = assembler.finish();

    // Distances count from the end of the jump: 5, 130, -(137 + 6), -(6 + 2), -150.
    expect(hex(bytes)).toBe(`7c05e982000000${"90".repeat(130)}0f8571ffffffebf8e86affffff`);
  });

  it("alignment: filled with as few no-operations as possible", () => {
    const assembler = new Assembler("avx2");
    assembler.emit(nop);
    assembler.bind(newLabel(), 32);
    assembler.emit({ op: "ret", size: 64, operands: [] });

    const { bytes } = assembler.finish();

    const nine = "660f1f840000000000";
    expect(hex(bytes)).toBe(`90${nine.repeat(3)}0f1f4000c3`);
  });

  it("constants: equal ones once, aligned, read relative to the instruction pointer", () => {
    const pool = new ConstantPool();
    const assembler = new Assembler("avx512", { listing: true });
    const xmm0 = physical("vec", 0);
    assembler.emit({ op: "vmulss", size: 128, operands: [xmm0, xmm0, pool.f32(1.5)] });
    assembler.emit({ op: "vmulss", size: 128, operands: [xmm0, xmm0, pool.f32(1.5)] });
    assembler.emit({ op: "vaddps", size: 512, operands: [xmm0, xmm0, pool.vector(new Float32Array(16).fill(2))] });
    assembler.emit({ op: "cmp", size: 32, operands: [pool.i32(7), imm(1000)] });
    assembler.constants(pool);

    const { bytes, listing } = assembler.finish();

    const view = new DataView(bytes.buffer);
    expect(bytes.length).toBe(64 + 64 + 8);
    expect([view.getInt32(4, true) + 8, view.getInt32(12, true) + 16]).toEqual([128, 128]);
    expect(view.getInt32(22, true) + 26).toBe(64);
    // Four more bytes of this instruction follow the displacement.
    expect(view.getInt32(28, true) + 36).toBe(132);
    expect([view.getFloat32(128, true), view.getInt32(132, true), view.getFloat32(124, true)]).toEqual([1.5, 7, 2]);
    expect(listing.split("\n").slice(0, 3)).toEqual([
      "  000000  c5 fa 59 05 78 00 00 00              vmulss xmm0, xmm0, dword ptr [rip+const_0000c03f]",
      "  000008  c5 fa 59 05 70 00 00 00              vmulss xmm0, xmm0, dword ptr [rip+const_0000c03f]",
      "  000010  62 f1 7c 48 58 05 26 00 00 00        vaddps zmm0, zmm0, zmmword ptr [rip+const_0000004000000040_64]",
    ]);
  });

  it("given an instruction that AVX2 lacks, names it", () => {
    const assembler = new Assembler("avx2");
    const [low, high] = [physical("vec", 1), physical("vec", 17)];
    expect(() => assembler.emit({ op: "vaddps", size: 256, operands: [low, low, high] })).toThrow(
      "internal: x64: cannot encode with avx2: vaddps (256 bits) vec1, vec1, vec17",
    );
    expect(() =>
      assembler.emit({ op: "vaddps", size: 256, operands: [low, low, low], mask: physical("mask", 1) }),
    ).toThrow("cannot encode");
    expect(() => assembler.emit({ op: "vpternlogd", size: 256, operands: [low, low, low, imm(1)] })).toThrow(
      "cannot encode",
    );
  });

  it("given a label that stands nowhere or the stack pointer as an index, refuses", () => {
    const assembler = new Assembler("avx2");
    assembler.emit({ op: "jmp", size: 64, operands: [newLabel("nowhere")] });
    expect(() => assembler.finish()).toThrow("internal: x64: label nowhere stands nowhere");
    const rsp = physical("gp", 4);
    expect(() => assembler.emit({ op: "mov", size: 64, operands: [rax, mem(rdi, 0, rsp)] })).toThrow(
      "rsp cannot be an index",
    );
    expect(() => assembler.emit({ op: "mov", size: 64, operands: [rax, imm(2n ** 64n)] })).toThrow("cannot encode");
    expect(() => assembler.emit({ op: "shl", size: 64, operands: [rax, rdi] })).toThrow("cannot encode");
    assembler.emit({ op: "shl", size: 64, operands: [rax, rcx] });
  });
});

// Programs of hand-written machine code, for tests of the x64 driver.
import { type Buffer, ExprFactory, type Kernel, type Program } from "../../src/ir/index.js";
import { imm, mem, type Reg, rcx, rdi, rdx, rsi } from "../../src/targets/x64/asm/operands.js";
import { assemble } from "../../src/targets/x64/assemble.js";
import type { KernelCode } from "../../src/targets/x64/code.js";
import { MachineFunction } from "../../src/targets/x64/machine.js";
import { emptyStorage, makeKernel, makeProgram, storageOf } from "./programs.js";

/** Makes kernels look expensive, so that they are shared among threads. */
export const heavy = 1e8;

/** A kernel with a body in machine code; registers: first tile, the one after the last, table, scratch. */
export type Body = (f: MachineFunction, begin: Reg, end: Reg, table: Reg, scratch: Reg) => void;

export class ByHand {
  readonly x = new ExprFactory();
  readonly #functions = new Map<Kernel, MachineFunction>();

  kernel(tiles: number, body: Body, flops = heavy): Kernel {
    const kernel = makeKernel(this.x, tiles, () => [], flops);
    const f = new MachineFunction("kernel");
    const [begin, end, table, scratch] = [rdi, rsi, rdx, rcx].map((r) => f.copyOf(r)) as [Reg, Reg, Reg, Reg];
    body(f, begin, end, table, scratch);
    f.return();
    this.#functions.set(kernel, f);
    return kernel;
  }

  code(): KernelCode {
    const { bytes, entries } = assemble([...this.#functions.values()], "avx2");
    return {
      bytes,
      entries: new Map([...this.#functions].map(([kernel, f]) => [kernel, entries.get(f) as number])),
    };
  }
}

export function load(f: MachineFunction, from: Reg, disp = 0, size: 32 | 64 = 64): Reg {
  const to = f.gp();
  f.emit("mov", size, [to, mem(from, disp)]);
  return to;
}

/** for (i = begin; i < end; i++) */
export function loopOver(f: MachineFunction, begin: Reg, end: Reg, body: (i: Reg) => void): void {
  const [head, over] = [f.label(), f.label()];
  const i = f.copyOf(begin);
  f.bind(head);
  f.emit("cmp", 32, [i, end]);
  f.emit("jge", 64, [over]);
  body(i);
  f.emit("add", 32, [i, imm(1)]);
  f.jump(head);
  f.bind(over);
}

const n = 4096;

/** Stages that each read what other tiles of the stage before wrote: t[i] = 3 t[(5 i + 1) mod n] + t[i]. */
export function mixing(stages: number): { program: Program; code: KernelCode; bound: Buffer[]; expected: Int32Array } {
  const hand = new ByHand();
  const { x } = hand;
  const [a, out] = [x.buffer("a", "int32", n), x.buffer("out", "int32", n)];
  const ping = [x.buffer("p", "int32", n), x.buffer("q", "int32", n)];
  const tiles = 64;
  const arena = 2 * 8;
  const stride = n * 4 + 64;
  const address = (f: MachineFunction, table: Reg, which: number | "a" | "out"): Reg => {
    if (typeof which === "string") return load(f, table, which === "a" ? 0 : 8);
    const at = load(f, table, arena);
    f.emit("add", 64, [at, imm(which * stride)]);
    return at;
  };
  const list = Array.from({ length: stages }, (_, s) =>
    [0, 1].map((half) =>
      hand.kernel(tiles / 2, (f, begin, end, table) => {
        const from = address(f, table, s === 0 ? "a" : s % 2);
        const to = address(f, table, s === stages - 1 ? "out" : (s + 1) % 2);
        const scaled = (tile: Reg) => {
          const i = f.copyOf(tile);
          f.emit("add", 32, [i, imm((half * tiles) / 2)]);
          f.emit("shl", 32, [i, imm(6)]);
          return i;
        };
        loopOver(f, scaled(begin), scaled(end), (i) => {
          const other = f.gp();
          f.emit("lea", 64, [other, mem(i, 1, i, 4)]);
          f.emit("and", 32, [other, imm(n - 1)]);
          const value = f.gp();
          f.emit("mov", 32, [value, mem(from, 0, other, 4)]);
          f.emit("imul", 32, [value, value, imm(3)]);
          f.emit("add", 32, [value, mem(from, 0, i, 4)]);
          f.emit("mov", 32, [mem(to, 0, i, 4), value]);
        });
      }),
    ),
  );
  const program = makeProgram({ stages: list, bound: [a, out], arena: ping });
  let expected = input();
  for (let s = 0; s < stages; s++) {
    expected = expected.map((v, i) => (Math.imul(expected[(5 * i + 1) & (n - 1)] as number, 3) + v) | 0);
  }
  return { program, code: hand.code(), bound: [a, out], expected };
}

export function input(): Int32Array {
  return Int32Array.from({ length: n }, (_, i) => (i * 37) % 101);
}

export function runMixing(
  executable: { run(bindings: readonly ReturnType<typeof emptyStorage>[], scalars: Float64Array): void },
  bound: readonly Buffer[],
): Int32Array {
  const out = emptyStorage(bound[1] as Buffer);
  executable.run([storageOf("int32", input()), out], new Float64Array(0));
  return out.toTypedArray() as Int32Array;
}

// Registers, memory operands, immediates and labels: what machine instructions are made of, before and after register allocation.
import type { Mnemonic } from "./instructions.js";

/** What a processor offers: AVX2 with FMA and F16C, or AVX-512 (F, BW, DQ, VL) on top of it. */
export type Features = "avx2" | "avx512";

export type RegClass = "gp" | "vec" | "mask";

/** Ids below are physical registers of their class, ids from here on are virtual. */
export const FIRST_VIRTUAL = 64;

/** A register. Its width is not its own: an instruction's `size`, or its name, says how much of it is used. */
export interface Reg {
  readonly kind: "reg";
  readonly class: RegClass;
  readonly id: number;
}

/**
 * `[base + index*scale + disp]`, or `[rip + label + disp]` where a label is given, or a place in the frame where `slot` is
 * given (before the frame is laid out). The index is a vector register in gathers and scatters. With `broadcast`, one element
 * is read and repeated over all lanes (AVX-512 only).
 */
export interface Mem {
  readonly kind: "mem";
  readonly base: Reg | null;
  readonly index: Reg | null;
  readonly scale: 1 | 2 | 4 | 8;
  readonly disp: number;
  readonly label?: Label;
  readonly slot?: number;
  readonly broadcast?: boolean;
  /** Adds to `disp` what is known only where the code is linked into a program. */
  readonly symbol?: LinkSymbol;
  /** What the access has to stay inside of, where accesses are checked (see bounds.ts). */
  readonly bounds?: Bounds;
}

/**
 * A distance that depends on the program: from the arena, or from its storage, to the kernel's buffer `index`, or in the program's table to the
 * address of that storage, to scalar `index`, or to the address of the arena.
 */
export type LinkSymbol =
  | { readonly kind: "arena" | "part" | "bound" | "scalar"; readonly index: number }
  | { readonly kind: "arenaAddress" };

/** A buffer: `bytes` bytes from the address in `start` plus `offset`. */
export interface Bounds {
  readonly name: string;
  readonly start: Reg;
  readonly offset: number;
  readonly bytes: number;
}

export interface Imm {
  readonly kind: "imm";
  readonly value: number | bigint;
}

/** A place in the code or in the constant pool. Labels are told apart by identity; `id` is for printing. */
export interface Label {
  readonly kind: "label";
  readonly id: number;
  readonly name?: string;
}

export type Operand = Reg | Mem | Imm | Label;

/** Width of the operands in bits: general registers 8 to 64, vectors 128 to 512; 64 where nothing depends on it (jumps, masks). */
export type OperandSize = 8 | 16 | 32 | 64 | 128 | 256 | 512;

export interface Instr {
  readonly op: Mnemonic;
  readonly size: OperandSize;
  /** In Intel's order: destination first. */
  readonly operands: readonly Operand[];
  /** The lanes written (or, in stores and scatters, stored); the others keep their value, or become 0 with `zeroing`. */
  readonly mask?: Reg;
  readonly zeroing?: boolean;
  /** Registers read and written beyond what the operands say: arguments, results and losses of a call. */
  readonly uses?: readonly Reg[];
  readonly defs?: readonly Reg[];
  /** Printed beside the instruction in a listing. */
  readonly note?: string;
}

/** A place that jumps can name. `align` (bytes, a power of two up to 64) is for heads of hot loops. */
export interface Bind {
  readonly op: "bind";
  readonly label: Label;
  readonly align: number;
}

export function register(registerClass: RegClass, id: number): Reg {
  return { kind: "reg", class: registerClass, id };
}

const gpRegisters = Array.from({ length: 16 }, (_, id) => register("gp", id));
const vecRegisters = Array.from({ length: 32 }, (_, id) => register("vec", id));
const maskRegisters = Array.from({ length: 8 }, (_, id) => register("mask", id));

/** The physical register of a class by number. */
export function physical(registerClass: RegClass, id: number): Reg {
  const registers = registerClass === "gp" ? gpRegisters : registerClass === "vec" ? vecRegisters : maskRegisters;
  const found = registers[id];
  if (found === undefined) throw new RangeError(`no ${registerClass} register ${id}`);
  return found;
}

export const rax = physical("gp", 0);
export const rcx = physical("gp", 1);
export const rdx = physical("gp", 2);
export const rbx = physical("gp", 3);
export const rsp = physical("gp", 4);
export const rbp = physical("gp", 5);
export const rsi = physical("gp", 6);
export const rdi = physical("gp", 7);
export const r8 = physical("gp", 8);
export const r9 = physical("gp", 9);
export const r10 = physical("gp", 10);
export const r11 = physical("gp", 11);
export const r12 = physical("gp", 12);
export const r13 = physical("gp", 13);
export const r14 = physical("gp", 14);
export const r15 = physical("gp", 15);

export function imm(value: number | bigint): Imm {
  return { kind: "imm", value };
}

/** `[base + index*scale + disp]` */
export function mem(base: Reg | null, disp = 0, index: Reg | null = null, scale: Mem["scale"] = 1): Mem {
  return { kind: "mem", base, index, scale, disp };
}

/** `[rip + label + disp]` */
export function memAt(label: Label, disp = 0): Mem {
  return { kind: "mem", base: null, index: null, scale: 1, disp, label };
}

/** The same place, read as one element for all lanes. */
export function broadcast(memory: Mem): Mem {
  return { ...memory, broadcast: true };
}

let labels = 0;

export function newLabel(name?: string): Label {
  return name === undefined ? { kind: "label", id: labels++ } : { kind: "label", id: labels++, name };
}

export function isVirtual(reg: Reg): boolean {
  return reg.id >= FIRST_VIRTUAL;
}

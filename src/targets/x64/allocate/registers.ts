// The registers that may be given out, and those that a function has to leave as it found them.
import { type Features, type RegClass, rbp, rsp } from "../asm/operands.js";

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at);

/** Saved by the called function in the System V calling convention: rbx, rbp, r12 to r15. */
export const CALLEE_SAVED: readonly number[] = [3, 5, 12, 13, 14, 15];

/** Order of preference: what need not be saved first, with rcx, rdx and rax last among them, which instructions ask for. */
const GENERAL = [6, 7, 8, 9, 10, 11, 1, 2, 0, 3, 5, 12, 14, 15, 13];

/** Numbers of the registers of a class that may hold virtual registers. k0 cannot be a mask. */
export function allocatable(registerClass: RegClass, features: Features, hasFramePointer: boolean): readonly number[] {
  switch (registerClass) {
    case "gp":
      return GENERAL.filter((id) => id !== rsp.id && !(hasFramePointer && id === rbp.id));
    case "vec":
      return range(0, features === "avx512" ? 32 : 16);
    case "mask":
      return features === "avx512" ? range(1, 8) : [];
  }
}

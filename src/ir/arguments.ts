// Kernels as functions: equal kernels have one body, which names buffers and scalars of its own, and say what those stand for.
import type { Buffer, Kernel } from "./types.js";

/** The buffer that `named`, as the kernel's body has it, stands for. */
export function actualBuffer({ args }: Pick<Kernel, "args">, named: Buffer): Buffer {
  return args?.buffers.get(named) ?? named;
}

/** The program's scalar slot that `named` stands for. */
export function actualSlot({ args }: Pick<Kernel, "args">, named: number): number {
  return args?.slots.get(named) ?? named;
}

/** The buffer whose memory `buffer` is, or is a part of. */
export function wholeBuffer(buffer: Buffer): Buffer {
  return buffer.part?.of ?? buffer;
}

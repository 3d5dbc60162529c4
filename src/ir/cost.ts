// Rough time of kernels, for decisions that need no more than the order of magnitude.
import type { Kernel } from "./types.js";

/** Rough speed of one thread, 20 GFLOP/s and 10 GB/s, as float operations and bytes in a microsecond. */
const flopsPerUs = 20_000;
const bytesPerUs = 10_000;

/** Rough time of all tiles of a kernel on one thread. */
export function kernelUs(kernel: Kernel): number {
  return kernel.flops / flopsPerUs + kernel.bytes / bytesPerUs;
}

/** Rough time of kernels one after another. */
export function kernelsUs(kernels: Iterable<Kernel>): number {
  let us = 0;
  for (const kernel of kernels) us += kernelUs(kernel);
  return us;
}

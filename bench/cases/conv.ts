// `bench -- conv`: forward, data gradient and filter gradient of 2-d convolutions.
import type { BenchOptions } from "../options.js";
import type { BenchRecord } from "../record.js";
import { compareKernels, type KernelCase } from "./kernels.js";

const geometries = [
  { name: "MNIST 3×3, 1 → 32, 28²", n: 64, c: 1, h: 28, w: 28, o: 32, kh: 3, kw: 3 },
  { name: "ResNet 3×3, 64 → 64, 56²", n: 8, c: 64, h: 56, w: 56, o: 64, kh: 3, kw: 3, padding: 1 },
  { name: "3×3 stride 2, 64 → 128, 56²", n: 8, c: 64, h: 56, w: 56, o: 128, kh: 3, kw: 3, padding: 1, stride: 2 },
  { name: "1×1, 256 → 64, 28²", n: 8, c: 256, h: 28, w: 28, o: 64, kh: 1, kw: 1 },
  { name: "7×7 stride 2, 3 → 64, 112²", n: 4, c: 3, h: 112, w: 112, o: 64, kh: 7, kw: 7, padding: 3, stride: 2 },
  { name: "depthwise 3×3, 128, 28²", n: 8, c: 128, h: 28, w: 28, o: 128, kh: 3, kw: 3, padding: 1, groups: 128 },
] as const;

const directions = { forward: "forward", dataGrad: "data gradient", filterGrad: "filter gradient" } as const;

const cases: KernelCase[] = geometries.flatMap(({ name, ...geometry }) =>
  Object.entries(directions).map(([which, variant]) => ({
    case: `conv ${name}`,
    variant,
    request: { ...geometry, which },
  })),
);

export function benchConv(options: BenchOptions): Promise<BenchRecord[]> {
  return compareKernels("conv", cases, options);
}

// `bench -- conv`: forward, data gradient and filter gradient of 2-d convolutions, in the shapes of ResNet-50 and EfficientNet.
import type { BenchOptions } from "../options.js";
import type { BenchRecord } from "../record.js";
import { type ComparedCase, compareCases } from "./compare.js";

interface Geometry {
  readonly name: string;
  readonly n: number;
  readonly c: number;
  /** Height and width of the input, and of the filter. */
  readonly size: number;
  readonly o: number;
  readonly kernel: number;
  readonly stride?: number;
  readonly padding?: number;
  readonly groups?: number;
}

/** Batch 8 of ResNet-50's layers at 224². */
const resnet: readonly Geometry[] = [
  { name: "ResNet 7×7 stride 2, 3 → 64, 224²", n: 8, c: 3, size: 224, o: 64, kernel: 7, stride: 2, padding: 3 },
  { name: "ResNet 1×1, 64 → 256, 56²", n: 8, c: 64, size: 56, o: 256, kernel: 1 },
  { name: "ResNet 1×1, 256 → 64, 56²", n: 8, c: 256, size: 56, o: 64, kernel: 1 },
  { name: "ResNet 3×3, 64 → 64, 56²", n: 8, c: 64, size: 56, o: 64, kernel: 3, padding: 1 },
  { name: "ResNet 3×3 stride 2, 128 → 128, 56²", n: 8, c: 128, size: 56, o: 128, kernel: 3, stride: 2, padding: 1 },
  { name: "ResNet 3×3, 128 → 128, 28²", n: 8, c: 128, size: 28, o: 128, kernel: 3, padding: 1 },
  { name: "ResNet 1×1, 512 → 128, 28²", n: 8, c: 512, size: 28, o: 128, kernel: 1 },
  { name: "ResNet 1×1 stride 2, 512 → 1024, 28²", n: 8, c: 512, size: 28, o: 1024, kernel: 1, stride: 2 },
  { name: "ResNet 3×3, 256 → 256, 14²", n: 8, c: 256, size: 14, o: 256, kernel: 3, padding: 1 },
  { name: "ResNet 1×1, 1024 → 256, 14²", n: 8, c: 1024, size: 14, o: 256, kernel: 1 },
  { name: "ResNet 3×3, 512 → 512, 7²", n: 8, c: 512, size: 7, o: 512, kernel: 3, padding: 1 },
  { name: "ResNet 1×1, 512 → 2048, 7²", n: 8, c: 512, size: 7, o: 2048, kernel: 1 },
];

/** Batch 4 of EfficientNet-B4's layers at 380². */
const efficientnet: readonly Geometry[] = [
  { name: "EfficientNet 3×3 stride 2, 3 → 48, 380²", n: 4, c: 3, size: 380, o: 48, kernel: 3, stride: 2, padding: 1 },
  { name: "EfficientNet depthwise 3×3, 48, 190²", n: 4, c: 48, size: 190, o: 48, kernel: 3, padding: 1, groups: 48 },
  {
    name: "EfficientNet depthwise 3×3 stride 2, 144, 190²",
    n: 4,
    c: 144,
    size: 190,
    o: 144,
    kernel: 3,
    stride: 2,
    padding: 1,
    groups: 144,
  },
  { name: "EfficientNet depthwise 5×5, 336, 48²", n: 4, c: 336, size: 48, o: 336, kernel: 5, padding: 2, groups: 336 },
  { name: "EfficientNet depthwise 5×5, 960, 24²", n: 4, c: 960, size: 24, o: 960, kernel: 5, padding: 2, groups: 960 },
  { name: "EfficientNet 1×1, 32 → 192, 95²", n: 4, c: 32, size: 95, o: 192, kernel: 1 },
  { name: "EfficientNet 1×1, 960 → 160, 24²", n: 4, c: 960, size: 24, o: 160, kernel: 1 },
  { name: "EfficientNet 1×1, 272 → 1632, 12²", n: 4, c: 272, size: 12, o: 1632, kernel: 1 },
];

const geometries: readonly Geometry[] = [
  { name: "MNIST 3×3, 1 → 32, 28²", n: 64, c: 1, size: 28, o: 32, kernel: 3 },
  ...resnet,
  ...efficientnet,
];

const directions = { forward: "forward", dataGrad: "data gradient", filterGrad: "filter gradient" } as const;

/** Operations of each of the three directions, products with padding included. */
function operations({ n, c, size, o, kernel, stride = 1, padding = 0, groups = 1 }: Geometry): number {
  const outputSize = Math.floor((size + 2 * padding - kernel) / stride) + 1;
  return 2 * n * o * outputSize ** 2 * (c / groups) * kernel ** 2;
}

const cases: readonly ComparedCase[] = geometries.flatMap((geometry) =>
  Object.entries(directions).map(([which, variant]): ComparedCase => {
    const { name, size, kernel, ...rest } = geometry;
    return {
      case: `conv ${name}`,
      variant,
      request: { kind: "conv", h: size, w: size, kh: kernel, kw: kernel, ...rest, which },
      unit: "GFLOP/s",
      work: operations(geometry) / 1e9,
      peers: which === "forward" ? ["onnxruntime", "openvino", "pytorch", "jax", "tfjs"] : ["pytorch", "jax"],
    };
  }),
);

export function benchConv(options: BenchOptions): Promise<BenchRecord[]> {
  return compareCases(cases, options);
}

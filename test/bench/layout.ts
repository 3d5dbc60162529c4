// What torchvision 0.29.2 has of the benchmarks' networks: the number of parameters, and a digest of the state dict's keys and
// shapes: sha256 of the sorted lines `key 64x3x7x7`.
import { createHash } from "node:crypto";
import { type NetworkName, networks } from "../../bench/models/index.js";

interface Layout {
  readonly parameters: number;
  readonly digest: string;
}

export const torchvision = {
  resnet18: { parameters: 11_689_512, digest: "f0e35161599236f3" },
  resnet50: { parameters: 25_557_032, digest: "fe1d335c3c7786ff" },
  efficientnet_b4: { parameters: 19_341_616, digest: "d76ac35992fab43b" },
  mobilenet_v3_large: { parameters: 5_483_032, digest: "00e3a56a0bdeba96" },
  vit_b_16: { parameters: 86_567_656, digest: "6fb29f2c47a51ed0" },
} as const satisfies Partial<Record<NetworkName, Layout>>;

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** The same of the network here. */
export function layoutOf(name: NetworkName): Layout {
  const model = networks[name]();
  const lines = Object.entries(model.stateDict()).map(([key, value]) => `${key} ${value.shape.join("x")}`);
  return {
    parameters: model.parameters().reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    digest: createHash("sha256").update(lines.sort().join("\n")).digest("hex").slice(0, 16),
  };
}

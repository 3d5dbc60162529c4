// `bench -- training`: whole training steps of an MLP, a ResNet-18 and a small GPT.
import type { BenchOptions } from "../options.js";
import type { BenchRecord } from "../record.js";
import { type ComparedCase, compareCases } from "./compare.js";

const cases: readonly ComparedCase[] = [
  {
    case: "MLP 784-256-128-10 training step",
    variant: "batch 128, SGD",
    request: { kind: "training", network: "mlp", batch: 128 },
    unit: "ms",
    peers: ["pytorch", "jax", "tfjs", "jaxjs"],
  },
  {
    case: "GPT training step, 4 layers, d 256",
    variant: "16 × 128 tokens, AdamW",
    request: { kind: "training", network: "gpt", batch: 16 },
    unit: "ms",
    peers: ["pytorch"],
  },
  {
    case: "ResNet-18 training step, 224²",
    variant: "batch 16, SGD",
    request: { kind: "training", network: "resnet18", batch: 16, size: 224 },
    unit: "images/s",
    work: 16,
    peers: ["pytorch"],
  },
];

export function benchTraining(options: BenchOptions): Promise<BenchRecord[]> {
  return compareCases(cases, options);
}

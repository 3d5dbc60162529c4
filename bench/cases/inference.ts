// `bench -- inference`: forward passes of image networks with random weights, fp32.
import type { BenchOptions } from "../options.js";
import type { BenchRecord } from "../record.js";
import { type ComparedCase, compareCases } from "./compare.js";

const networks = [
  { name: "MobileNetV3-Large", network: "mobilenet_v3_large", batch: 8, size: 224 },
  { name: "ResNet-18", network: "resnet18", batch: 8, size: 224 },
  { name: "ResNet-50", network: "resnet50", batch: 8, size: 224 },
  { name: "EfficientNet-B4", network: "efficientnet_b4", batch: 4, size: 380 },
  { name: "ViT-B/16", network: "vit_b_16", batch: 4, size: 224 },
] as const;

const cases: readonly ComparedCase[] = networks.map(({ name, network, batch, size }) => ({
  case: `${name} forward, ${size}²`,
  variant: `batch ${batch}`,
  request: { kind: "inference", network, batch, size },
  unit: "images/s",
  work: batch,
  peers: ["onnxruntime", "openvino", "pytorch"],
}));

export function benchInference(options: BenchOptions): Promise<BenchRecord[]> {
  return compareCases(cases, options);
}

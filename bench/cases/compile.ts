// `bench -- compile`: what the first step costs in a fresh process, and that a changing learning rate compiles nothing.
import { type BenchOptions, sideArguments } from "../options.js";
import { type BenchRecord, ownRecord } from "../record.js";
import { median } from "../statistics.js";
import { askOnce } from "./ask-once.js";

/** First calls compile, whatever they compute: small batches, so that computing is a small part. */
const networks = [
  { name: "MLP 784-256-128-10, training", request: { kind: "training", network: "mlp", batch: 128 } },
  { name: "GPT, 4 layers, training", request: { kind: "training", network: "gpt", batch: 1 } },
  { name: "ResNet-18, training", request: { kind: "training", network: "resnet18", batch: 1, size: 224 } },
  { name: "ResNet-50, forward", request: { kind: "inference", network: "resnet50", batch: 1, size: 224 } },
  { name: "MobileNetV3-Large, forward", request: { kind: "inference", network: "mobilenet_v3_large", batch: 1 } },
  { name: "EfficientNet-B4, forward", request: { kind: "inference", network: "efficientnet_b4", batch: 1, size: 380 } },
  { name: "ViT-B/16, forward", request: { kind: "inference", network: "vit_b_16", batch: 1, size: 224 } },
] as const;

export async function benchCompile(options: BenchOptions): Promise<BenchRecord[]> {
  const threads = Math.max(...options.threads);
  const records = [...(await firstSteps(threads, options)), ...(await firstCalls(threads, options))];
  return [...records, await changingRate(threads, options)];
}

function isChosen(name: string, { only }: BenchOptions): boolean {
  return only === null || name.includes(only);
}

/** The MNIST job's first two steps, data included. */
async function firstSteps(threads: number, options: BenchOptions): Promise<BenchRecord[]> {
  const records: BenchRecord[] = [];
  if (!isChosen("MNIST CNN", options)) return records;
  for (const variant of ["plain", "compiled"]) {
    const runs = [];
    for (let i = 0; i < options.rounds; i++) {
      runs.push(await askOnce("first-step", [...sideArguments(options, threads), "--variant", variant], "times"));
    }
    const target = String(runs[0]?.ready.target);
    for (const [figure, name] of [
      ["firstMs", "first step"],
      ["secondMs", "second step"],
    ] as const) {
      const value = median(runs.map(({ answer }) => answer[figure] as number));
      records.push(ownRecord({ case: `MNIST CNN, ${name}`, variant, target, threads, unit: "ms", value }));
    }
  }
  return records;
}

/** Building each network with its random weights, and its first call. */
async function firstCalls(threads: number, options: BenchOptions): Promise<BenchRecord[]> {
  const records: BenchRecord[] = [];
  for (const { name, request } of networks.filter((one) => isChosen(one.name, options))) {
    const once = { ...request, seconds: 0, least: 1, warmup: 0 };
    const { ready, answer } = await askOnce("kinds", sideArguments(options, threads), once);
    for (const [figure, variant] of [
      ["setupMs", "construction"],
      ["firstMs", "first call"],
    ] as const) {
      const value = answer[figure] as number;
      records.push(ownRecord({ case: name, variant, target: String(ready.target), threads, unit: "ms", value }));
    }
  }
  return records;
}

async function changingRate(threads: number, options: BenchOptions): Promise<BenchRecord> {
  const steps = options.steps ?? 1000;
  const { ready, answer } = await askOnce("changing-lr", sideArguments(options, threads), `run ${steps}`);
  return ownRecord({
    case: `${steps} Adam steps, lr changes each step`,
    variant: "after the second",
    target: String(ready.target),
    threads,
    unit: "programs compiled",
    value: answer.compiles as number,
  });
}

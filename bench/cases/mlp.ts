// `bench -- mlp`: latency of the smallest training step.
import { alternate } from "../alternate.js";
import { type BenchOptions, sideArguments } from "../options.js";
import type { BenchRecord } from "../record.js";
import { formerLabel, startFormer, startGradus } from "../side.js";

export async function benchMlp(options: BenchOptions): Promise<BenchRecord[]> {
  const records: BenchRecord[] = [];
  for (const threads of options.threads) {
    const { side, ready } = await startGradus("mlp", sideArguments(options, threads));
    const former = await startFormer(options.against, "mlp", sideArguments(options, threads));
    const sides = former ? [side, former] : [side];
    try {
      const request = `run ${options.steps ?? 5000}`;
      const measurements = sides.map((one) => () => one.measure(request, "microseconds"));
      const [value, formerValue = null] = (await alternate(measurements, options.rounds)) as [number, number?];
      records.push({
        case: "MLP 8-8-8, batch 8, Adam step",
        variant: "compiled",
        target: String(ready.target),
        threads,
        unit: "µs",
        value,
        peer: formerValue === null ? null : formerLabel,
        peerValue: formerValue,
        ratio: formerValue === null ? null : formerValue / value,
      });
    } finally {
      for (const one of sides) one.close();
    }
  }
  return records;
}

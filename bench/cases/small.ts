// `bench -- compile`, `mlp` and `memory`: what steps cost besides arithmetic. No peer.
import { type BenchOptions, sideArguments } from "../options.js";
import { type BenchRecord, ownRecord } from "../record.js";
import { type Answer, startGradus } from "../side.js";
import { median } from "../statistics.js";

/** Starts a process, asks once, ends it. */
async function askOnce(
  script: string,
  args: readonly string[],
  request: string,
): Promise<{ ready: Answer; answer: Answer }> {
  const { side, ready } = await startGradus(script, args);
  try {
    return { ready, answer: await side.ask(request) };
  } finally {
    side.close();
  }
}

/** First steps in fresh processes, and programs compiled while the learning rate changes. */
export async function benchCompile(options: BenchOptions): Promise<BenchRecord[]> {
  const threads = Math.max(...options.threads);
  const common = sideArguments(options, threads);
  const records: BenchRecord[] = [];
  for (const variant of ["plain", "compiled"]) {
    const runs = [];
    for (let i = 0; i < options.rounds; i++) {
      runs.push(await askOnce("first-step", [...common, "--variant", variant], "times"));
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
  const steps = options.steps ?? 1000;
  const { ready, answer } = await askOnce("changing-lr", common, `run ${steps}`);
  records.push(
    ownRecord({
      case: `${steps} Adam steps, lr changes each step`,
      variant: "after the second",
      target: String(ready.target),
      threads,
      unit: "programs compiled",
      value: answer.compiles as number,
    }),
  );
  return records;
}

/** Latency of the smallest step. */
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

/** Growth of resident memory after warm-up, less what was kept on purpose. */
export async function benchMemory(options: BenchOptions): Promise<BenchRecord[]> {
  const threads = Math.max(...options.threads);
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

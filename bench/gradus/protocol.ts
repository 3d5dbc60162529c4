// The Gradus side of the peers' line protocol, and the settings all these processes take.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { ready, setTarget, setThreads, type Tensor, targetName, threadCount } from "gradus";
import { medianSeconds, type Timing } from "../statistics.js";

/** Applies --threads and --target; the other options as text. */
export function configure(extra: readonly string[] = []): Readonly<Record<string, string | undefined>> {
  const names = ["threads", "target", ...extra];
  const { values } = parseArgs({
    options: Object.fromEntries(names.map((name) => [name, { type: "string" as const }])),
  });
  const options = values as Record<string, string | undefined>;
  if (options.target) setTarget(options.target);
  if (options.threads) setThreads(Number(options.threads));
  return options;
}

/** Announces readiness, then answers each line on stdin until `quit` or the end of input. */
export async function serve(answer: (line: string) => object | Promise<object>): Promise<void> {
  const print = (value: object) => process.stdout.write(`${JSON.stringify(value)}\n`);
  print({ ready: true, peer: "Gradus", target: targetName(), threads: threadCount() });
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.trim() === "quit") break;
    try {
      print(await answer(line.trim()));
    } catch (error) {
      print({ error: error instanceof Error ? error.message : String(error) });
    }
  }
  process.exit(0);
}

/** The most memory that this process had resident. */
function peakMegabytes(): number {
  const [, kilobytes] = /VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  return Number(kilobytes) / 1024;
}

/** Does what is measured, and gives tensors to wait for. */
type Prepared = () => Tensor | Tensor[] | Promise<Tensor>;

/**
 * Answers `{kind, …}` requests: `kinds[kind](request)` prepares a call, which is kept while requests differ in timing only.
 * The first answer for a call also has `setupMs`, and `firstMs`: the time of the call that compiles its program.
 */
export async function serveKinds<
  Kinds extends Readonly<Record<string, (request: never) => Prepared | Promise<Prepared>>>,
>(kinds: Kinds): Promise<void> {
  let last: { key: string; call: () => Promise<void> } | null = null;
  await serve(async (line) => {
    const { seconds, least, warmup, ...request } = JSON.parse(line) as Timing & { readonly kind: string };
    if (request.kind === "peak") return { megabytes: peakMegabytes() };
    const prepare = kinds[request.kind];
    if (!prepare) return { unsupported: true };
    const key = JSON.stringify(request);
    const timing = { seconds, least, warmup };
    if (last?.key === key) return medianSeconds(last.call, timing);
    last = null; // frees the one before first
    const start = performance.now();
    const run = await prepare(request as never);
    const call = () => {
      const result = run();
      return result instanceof Promise ? result.then((last) => ready(last)) : ready(...[result].flat());
    };
    const setupMs = performance.now() - start;
    await call();
    const firstMs = performance.now() - start - setupMs;
    last = { key, call };
    return { ...(await medianSeconds(call, timing)), setupMs, firstMs };
  });
}

// The Gradus side of the peers' line protocol, and the settings all these processes take.
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { setTarget, setThreads, targetName, threadCount } from "gradus";

export type Request = Readonly<Record<string, unknown>>;

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

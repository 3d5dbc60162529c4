// `npm run bench -- mnist|matmul|conv|compile|mlp|memory`: measures Gradus, beside PyTorch where there is one.
import { availableParallelism } from "node:os";
import { Argument, Command, InvalidArgumentError } from "commander";
import { describeMachine } from "./machine.js";
import type { BenchOptions } from "./options.js";
import { type BenchRecord, readRecords, writeRecords } from "./record.js";
import { plainTable } from "./table.js";

type Bench = (options: BenchOptions) => Promise<BenchRecord[]>;

const benches: Readonly<Record<string, () => Promise<Bench>>> = {
  mnist: async () => (await import("./cases/mnist.js")).benchMnist,
  matmul: async () => (await import("./cases/matmul.js")).benchMatmul,
  conv: async () => (await import("./cases/conv.js")).benchConv,
  compile: async () => (await import("./cases/small.js")).benchCompile,
  mlp: async () => (await import("./cases/small.js")).benchMlp,
  memory: async () => (await import("./cases/small.js")).benchMemory,
};

interface CommandOptions {
  readonly threads?: number[];
  readonly rounds: number;
  readonly steps?: number;
  readonly seconds: number;
  readonly target?: string;
  readonly peer: boolean;
  readonly json?: string;
  readonly readme?: string;
}

function positive(text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError("It must be a number greater than 0.");
}

function counts(text: string): number[] {
  return text.split(",").map((part) => {
    const value = positive(part);
    if (Number.isInteger(value)) return value;
    throw new InvalidArgumentError("It must be whole numbers like 1,2.");
  });
}

/** One thread, and all that the machine has. */
function defaultThreads(): number[] {
  return [...new Set([1, availableParallelism()])];
}

async function run(names: readonly string[], options: CommandOptions): Promise<void> {
  const benchOptions: BenchOptions = {
    threads: options.threads ?? defaultThreads(),
    rounds: options.rounds,
    steps: options.steps ?? null,
    seconds: options.seconds,
    target: options.target ?? null,
    usePeer: options.peer,
  };
  console.log(`Machine: ${describeMachine()}`);
  const records: BenchRecord[] = [];
  for (const name of names) {
    console.log(`\n${name}`);
    const bench = await (benches[name] as () => Promise<Bench>)();
    const rows = await bench(benchOptions);
    console.log(`\n${plainTable(rows)}`);
    records.push(...rows);
    if (options.json) writeRecords(options.json, records);
  }
}

await new Command("bench")
  .description("Measures Gradus; where GRADUS_PYTHON (else python3) has PyTorch, that too, by turns in the same run.")
  .addArgument(new Argument("[benchmarks...]", "what to measure").choices(Object.keys(benches)))
  .option("--threads <list>", "thread counts, like 1,2 (default: 1 and all cores)", counts)
  .option("--rounds <n>", "rounds by turns; medians are reported", positive, 7)
  .option("--steps <n>", "steps a round (mnist, mlp) or in all (compile, memory)", positive)
  .option("--seconds <s>", "time for one measurement of a kernel", positive, 0.3)
  .option("--target <name>", "how Gradus computes (default: the fastest)")
  .option("--no-peer", "measure Gradus only")
  .option("--json <file>", "write the records as JSON")
  .option("--readme <file>", "put the records of a JSON file into README.md and docs/benchmarks.md; measures nothing")
  .action(async (names: string[], options: CommandOptions, command: Command) => {
    if (options.readme) (await import("./readme.js")).updateDocuments(readRecords(options.readme));
    else if (names.length > 0) await run(names, options);
    else command.help({ error: true });
  })
  .parseAsync();

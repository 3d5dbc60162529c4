// `npm run bench -- mnist|matmul|conv|…`: measures Gradus, and other libraries beside it where they are installed.
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { Argument, Command, InvalidArgumentError } from "commander";
import { describeMachine } from "./machine.js";
import type { BenchOptions } from "./options.js";
import { type PeerName, peerNames } from "./peers.js";
import { type BenchRecord, readRecords, writeRecords } from "./record.js";
import { SideError } from "./side.js";
import { plainTable } from "./table.js";

type Bench = (options: BenchOptions) => Promise<BenchRecord[]>;

const benches: Readonly<Record<string, () => Promise<Bench>>> = {
  mnist: async () => (await import("./cases/mnist.js")).benchMnist,
  matmul: async () => (await import("./cases/matmul.js")).benchMatmul,
  conv: async () => (await import("./cases/conv.js")).benchConv,
  pointwise: async () => (await import("./cases/pointwise.js")).benchPointwise,
  training: async () => (await import("./cases/training.js")).benchTraining,
  inference: async () => (await import("./cases/inference.js")).benchInference,
  loading: async () => (await import("./cases/loading.js")).benchLoading,
  compile: async () => (await import("./cases/compile.js")).benchCompile,
  mlp: async () => (await import("./cases/mlp.js")).benchMlp,
  memory: async () => (await import("./cases/memory.js")).benchMemory,
};

interface CommandOptions {
  readonly threads?: number[];
  readonly rounds: number;
  readonly steps?: number;
  readonly seconds: number;
  readonly target?: string;
  /** False: --no-peers. */
  readonly peers?: PeerName[] | false;
  readonly only?: string;
  readonly against?: string;
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

function peers(text: string): PeerName[] {
  return text.split(",").map((part) => {
    const name = peerNames.find((peer) => peer === part);
    if (name) return name;
    throw new InvalidArgumentError(`They must be among ${peerNames.join(", ")}.`);
  });
}

function checkout(folder: string): string {
  if (existsSync(`${folder}/dist/index.js`)) return folder;
  throw new InvalidArgumentError(`${folder}/dist/index.js does not exist: run npm ci && npm run build there.`);
}

/** One thread, and all that the machine has. */
function defaultThreads(): number[] {
  return [...new Set([1, availableParallelism()])];
}

/** Files that are not there, folders that cannot be written. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && "syscall" in error;
}

async function run(names: readonly string[], options: CommandOptions): Promise<void> {
  const benchOptions: BenchOptions = {
    threads: options.threads ?? defaultThreads(),
    rounds: options.rounds,
    steps: options.steps ?? null,
    seconds: options.seconds,
    target: options.target ?? null,
    only: options.only ?? null,
    peers: options.peers === false ? [] : (options.peers ?? peerNames),
    against: options.against ?? null,
  };
  console.log(`Machine: ${describeMachine()}`);
  const records: BenchRecord[] = [];
  for (const name of names) {
    console.log(`\n${name}`);
    const bench = await (benches[name] as () => Promise<Bench>)();
    const rows = await bench(benchOptions);
    console.log(rows.length > 0 ? `\n${plainTable(rows)}` : "Nothing was measured.");
    records.push(...rows);
    if (options.json) writeRecords(options.json, records);
  }
}

await new Command("bench")
  .description(
    "Measures Gradus, and by turns in the same run other libraries: those of the Python in GRADUS_PYTHON (else python3), " +
      "npm packages in the folder GRADUS_PEERS, and the system's OpenBLAS.",
  )
  .addArgument(new Argument("[benchmarks...]", "what to measure").choices(Object.keys(benches)))
  .option("--threads <list>", "thread counts, like 1,2 (default: 1 and all cores)", counts)
  .option("--rounds <n>", "rounds by turns; medians are reported", positive, 7)
  .option("--steps <n>", "steps a round (mnist, mlp) or in all (compile, memory)", positive)
  .option("--seconds <s>", "time for one measurement of a kernel", positive, 0.3)
  .option("--target <name>", "how Gradus computes (default: the fastest)")
  .option("--only <text>", "only cases whose name, a comma and a blank, and variant contain this")
  .option("--peers <list>", `libraries to measure beside it: ${peerNames.join(",")} (default: all)`, peers)
  .option("--no-peers", "measure Gradus only")
  .option(
    "--against <folder>",
    "measure the Gradus of another built checkout beside it: what has a change cost?",
    checkout,
  )
  .option("--json <file>", "write the records as JSON")
  .option(
    "--readme <files>",
    "put the records of JSON files, split by commas, into README.md and docs/benchmarks.md; measures nothing",
  )
  .action(async (names: string[], options: CommandOptions, command: Command) => {
    if (options.readme) (await import("./readme.js")).updateDocuments(options.readme.split(",").flatMap(readRecords));
    else if (names.length > 0) await run(names, options);
    else command.help({ error: true });
  })
  .parseAsync()
  .catch((error: unknown) => {
    const text = error instanceof Error ? error.message : String(error);
    console.error(error instanceof SideError || isSystemError(error) ? `error: ${text}` : error);
    process.exitCode = 1;
  });

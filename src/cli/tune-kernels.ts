// `gradus tune-kernels`: looks for better schedules of matrix products and convolutions, and keeps them for every program.
import * as nn from "../nn/index.js";
import { Adam } from "../optim/index.js";
import {
  type Compiled,
  compile,
  randint,
  randn,
  type ScheduleFound,
  scheduleFolder,
  setTarget,
  setThreads,
  type Tensor,
  targetName,
  threadCount,
} from "../tensor/index.js";
import { UsageError } from "./errors.js";
import { createNetwork } from "./networks.js";
import type { TuneOptions } from "./tune-options.js";

/** What is searched: a name, and a call of a compiled function. */
interface Job {
  readonly name: string;
  readonly run: () => void;
}

type OnSearch = (found: ScheduleFound) => void;

export async function tuneKernels(options: TuneOptions): Promise<void> {
  if (options.target) setTarget(options.target);
  if (options.threads !== undefined) setThreads(options.threads);
  if (targetName() === "reference") throw new UsageError("--target reference: it has no kernels to tune");
  print(`Target: ${targetName()}, threads: ${threadCount()}, up to ${options.search} other schedules each`);
  const found: ScheduleFound[] = [];
  const onSearch: OnSearch = (result) => {
    found.push(result);
    print(row(result));
  };
  for (const { name, run } of jobs(options, onSearch)) {
    const before = found.length;
    print(`${name}:`);
    run();
    if (found.length === before) print("  nothing new: its schedules are known already");
    await new Promise(setImmediate); // Ctrl-C is heard; what was found so far is kept
  }
  const better = found.filter(({ bestMs, estimatedMs }) => bestMs < estimatedMs).length;
  print(`${found.length} searched, ${better} improved.`);
  const folder = scheduleFolder();
  print(
    folder === null
      ? "Kept nowhere: GRADUS_SCHEDULES is off, or its folder cannot be written."
      : `Kept in ${folder}; delete it to forget them.`,
  );
}

function jobs({ model, batchSize, matmul = [], search }: TuneOptions, onSearch: OnSearch): Job[] {
  const products = matmul.map(({ m, k, n }): Job => {
    const multiply = compile((a: Tensor, b: Tensor) => a.matmul(b), { search, onSearch });
    return { name: `matmul ${m}x${k}x${n}`, run: () => void multiply(randn([m, k]), randn([k, n])) };
  });
  if (model === undefined && products.length > 0) return products;
  const name = model ?? "cnn";
  const step = trainingStep(createNetwork(name, { dropout: 0 }), search, onSearch);
  const images = (): Tensor => randn([batchSize, 1, 28, 28]);
  const labels = (): Tensor => randint(0, 10, [batchSize]);
  return [
    { name: `training step of ${name}, batch ${batchSize}`, run: () => void step(images(), labels()) },
    ...products,
  ];
}

function trainingStep(
  network: nn.UnaryModule,
  search: number,
  onSearch: OnSearch,
): Compiled<[images: Tensor, labels: Tensor], Tensor> {
  const criterion = new nn.CrossEntropyLoss();
  const optimizer = new Adam(network.parameters());
  return compile(
    (images: Tensor, labels: Tensor) => {
      const loss = criterion(network(images), labels);
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
      return loss;
    },
    { search, onSearch },
  );
}

function row({ contraction, flops, estimatedMs, bestMs, schedule, tried }: ScheduleFound): string {
  const rate = (ms: number): string => (flops / ms / 1e6).toFixed(1);
  const gain = `${rate(estimatedMs)} → ${rate(bestMs)} GFLOP/s (${(estimatedMs / bestMs).toFixed(2)}×)`;
  return `  ${contraction}  ${gain}, ${tried} tried: ${schedule}`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

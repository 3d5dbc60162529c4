// The options of `gradus tune-kernels`.
import { InvalidArgumentError, Option } from "commander";
import { oneOf, targetOption, threadsOption, wholeNumber } from "./choices.js";
import { type ModelName, models } from "./train-options.js";

/** A product `[m, k]·[k, n]`. */
export interface ProductSizes {
  readonly m: number;
  readonly k: number;
  readonly n: number;
}

export interface TuneOptions {
  readonly model?: ModelName;
  readonly batchSize: number;
  readonly matmul?: readonly ProductSizes[];
  readonly search: number;
  readonly target?: string;
  readonly threads?: number;
}

function product(text: string, before: readonly ProductSizes[] = []): ProductSizes[] {
  const match = /^(\d+)x(\d+)x(\d+)$/.exec(text);
  const [m, k, n] = (match ?? []).slice(1).map(Number);
  if (m && k && n) return [...before, { m, k, n }];
  throw new InvalidArgumentError("It must be three sizes like 512x64x512: [512, 64] times [64, 512].");
}

export function tuneOptions(): Option[] {
  return [
    oneOf("--model <name>", "a training step of cnn or mlp (default: cnn, unless there are products)", models),
    new Option("--batch-size <n>", "images a step").default(64).argParser(wholeNumber(1)),
    new Option("--matmul <MxKxN>", "a matrix product; may be given several times").argParser(product),
    new Option("--search <n>", "other schedules to try for each").default(20).argParser(wholeNumber(1, 1000)),
    targetOption(),
    threadsOption(),
  ];
}

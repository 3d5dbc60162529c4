// The options of `gradus train mnist`: their texts, defaults and checks, and which of them a resumed run keeps.
import { InvalidArgumentError, Option } from "commander";
import { oneOf } from "./choices.js";

export const recipes = ["best", "plain"] as const;
export const models = ["cnn", "mlp"] as const;
export const dataSets = ["mnist", "fashion-mnist"] as const;
export const devices = ["auto", "cpu", "gpu"] as const;

export type Recipe = (typeof recipes)[number];
export type ModelName = (typeof models)[number];
export type DataName = (typeof dataSets)[number];
export type DeviceName = (typeof devices)[number];

/** What decides the result of a run, up to the target: kept in checkpoints. */
export interface RunSettings {
  readonly recipe: Recipe;
  readonly model: ModelName;
  readonly data: DataName;
  readonly epochs: number;
  readonly batchSize: number;
  readonly lr: number;
  readonly seed: number;
}

export const defaultSettings: RunSettings = {
  recipe: "best",
  model: "cnn",
  data: "mnist",
  epochs: 10,
  batchSize: 64,
  lr: 0.001,
  seed: 1,
};

/** What the command line gives; absent where the user said nothing. */
export interface TrainOptions extends Partial<RunSettings> {
  readonly device?: DeviceName;
  readonly target?: string;
  readonly threads?: number;
  readonly output?: string;
  readonly resume?: string;
}

function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least && value <= most) return value;
    const bound = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
    throw new InvalidArgumentError(`It must be a whole number ${bound}.`);
  };
}

function positiveNumber(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError("It must be a number greater than 0.");
}

function nonEmpty(text: string): string {
  if (text !== "") return text;
  throw new InvalidArgumentError("It must not be empty.");
}

const { recipe, model, data, epochs, batchSize, lr, seed } = defaultSettings;

/** The options in the order `--help` shows them. Defaults stand in the texts: a resumed run must see what was said. */
export function trainOptions(): Option[] {
  return [
    oneOf("--data <name>", `mnist or fashion-mnist (default: ${data})`, dataSets),
    oneOf("--model <name>", `cnn or mlp (default: ${model})`, models),
    oneOf("--recipe <name>", `best (what helps accuracy) or plain (the textbook loop) (default: ${recipe})`, recipes),
    new Option("--epochs <n>", `passes over the training set (default: ${epochs})`).argParser(wholeNumber(1)),
    new Option("--batch-size <n>", `images a step (default: ${batchSize})`).argParser(wholeNumber(1)),
    new Option("--lr <x>", `learning rate (default: ${lr})`).argParser(positiveNumber),
    new Option("--seed <n>", `same seed, same results (default: ${seed})`).argParser(wholeNumber(0)),
    oneOf("--device <name>", "cpu, gpu, or auto: a GPU if there is one (default: auto)", devices),
    new Option(
      "--target <name>",
      "how the CPU computes: wasm:relaxed, wasm, interpreter (default: the fastest)",
    ).argParser(nonEmpty),
    new Option("--threads <n>", "threads (default: the machine's cores)").argParser(wholeNumber(1, 256)),
    new Option("--output <folder>", "where to write (default: a new folder in runs/)").argParser(nonEmpty),
    new Option("--resume <checkpoint>", "go on with a run that was stopped").argParser(nonEmpty),
  ];
}

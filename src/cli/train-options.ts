// The options of `gradus train mnist`: their texts, defaults and checks, and which of them a resumed run keeps.
import { Option } from "commander";
import { nonEmpty, oneOf, positiveNumber, targetOption, threadsOption, wholeNumber } from "./choices.js";

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
    targetOption(),
    threadsOption(),
    new Option("--output <folder>", "where to write (default: a new folder in runs/)").argParser(nonEmpty),
    new Option("--resume <checkpoint>", "go on with a run that was stopped").argParser(nonEmpty),
  ];
}

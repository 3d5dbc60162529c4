// The commands of `gradus`. Each one's code is loaded when it is called.
import { readFileSync } from "node:fs";
import { Command } from "commander";
import { oneLine } from "./errors.js";
import { type TrainOptions, trainOptions } from "./train-options.js";
import { type TuneOptions, tuneOptions } from "./tune-options.js";

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  version: string;
};

/** The program; its own errors are printed in one line and thrown as CommanderError. */
export function createProgram(): Command {
  const program = new Command("gradus")
    .description("Deep learning for TypeScript.")
    .version(version)
    .exitOverride()
    .configureHelp({ showGlobalOptions: false })
    .configureOutput({ outputError: (text, write) => write(`${oneLine(text)}\n`) });

  const train = program.command("train").description("Train a network.").usage("<what> [options]");
  const mnist = train
    .command("mnist")
    .description("Train a small network on the MNIST digits and test it.")
    .action(async (options: TrainOptions) => {
      const { trainMnist } = await import("./train-mnist.js");
      process.exitCode = await trainMnist(options);
    });
  for (const option of trainOptions()) mnist.addOption(option);

  const tune = program
    .command("tune-kernels")
    .description("Look for faster schedules of matrix products and convolutions, and keep them.")
    .action(async (options: TuneOptions) => {
      const { tuneKernels } = await import("./tune-kernels.js");
      await tuneKernels(options);
    });
  for (const option of tuneOptions()) tune.addOption(option);

  program
    .command("info")
    .description("Show the machine, devices, targets and data that Gradus finds.")
    .action(async () => {
      const { printInfo } = await import("./info.js");
      await printInfo(version);
    });
  return program;
}

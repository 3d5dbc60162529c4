#!/usr/bin/env node
// The command line `gradus`. Each command's code is loaded when it is called.
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { describeError, failedExitCode, oneLine } from "./errors.js";
import { type TrainOptions, trainOptions } from "./train-options.js";

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  version: string;
};

function createProgram(): Command {
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

  program
    .command("info")
    .description("Show the machine, devices, targets and data that Gradus finds.")
    .action(async () => {
      const { printInfo } = await import("./info.js");
      await printInfo(version);
    });
  return program;
}

async function main(): Promise<void> {
  // A reader that closes early (`| head`) is no reason for a crash.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
  try {
    await createProgram().parseAsync();
  } catch (error) {
    // Commander has printed its own errors; --help and --version end with code 0.
    if (error instanceof CommanderError) process.exitCode = error.exitCode;
    else {
      process.stderr.write(`${describeError(error)}\n`);
      process.exitCode = failedExitCode;
    }
  }
}

await main();

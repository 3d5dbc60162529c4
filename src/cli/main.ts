#!/usr/bin/env node
// The command line `gradus`.
import { CommanderError } from "commander";
import { describeError, failedExitCode } from "./errors.js";
import { createProgram } from "./program.js";

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

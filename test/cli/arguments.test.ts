// What the command line answers to wrong input: one line, exit code 1, nothing written.
import { existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createProgram } from "../../src/cli/program.js";
import { writeSmallMnist } from "../package/project.js";
import { startCli, temporaryFolder } from "./run-cli.js";

const folder = temporaryFolder();
const data = join(folder.path, "data");

beforeAll(() => writeSmallMnist(data, { train: 64, test: 20 }));
afterAll(() => folder.remove());

async function expectError(args: readonly string[], message: string | RegExp, env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await startCli(args, folder.path, { GRADUS_DATA: data, ...env }).done;
  expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  if (typeof message === "string") expect(stderr).toBe(`${message}\n`);
  else expect(stderr).toMatch(message);
  expect(code).toBe(1);
  expect(existsSync(join(folder.path, "runs"))).toBe(false);
  return stdout;
}

/** Parses in this process; what is printed and the exit code. */
async function parse(args: readonly string[]): Promise<{ printed: string; code: number }> {
  const program = createProgram();
  let printed = "";
  for (const command of withSubcommands(program)) {
    command.configureOutput({
      writeErr(text) {
        printed += text;
      },
    });
  }
  const code = await program.parseAsync(args, { from: "user" }).then(
    () => 0,
    (error) => error.exitCode as number,
  );
  return { printed, code };
}

function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}

describe.concurrent("arguments", () => {
  test.each([
    [["trian"], "error: unknown command 'trian' (Did you mean train?)"],
    [["train", "minst"], "error: unknown command 'minst' (Did you mean mnist?)"],
    [["train", "mnist", "--epoch", "3"], "error: unknown option '--epoch' (Did you mean --epochs?)"],
    [
      ["train", "mnist", "--recipe", "bst"],
      "error: option '--recipe <name>' argument 'bst' is invalid. Did you mean best?",
    ],
    [
      ["train", "mnist", "--model", "transformer"],
      "error: option '--model <name>' argument 'transformer' is invalid. It must be one of cnn, mlp.",
    ],
    [
      ["train", "mnist", "--epochs", "0"],
      "error: option '--epochs <n>' argument '0' is invalid. It must be a whole number of at least 1.",
    ],
    [
      ["train", "mnist", "--batch-size", "6.5"],
      "error: option '--batch-size <n>' argument '6.5' is invalid. It must be a whole number of at least 1.",
    ],
    [
      ["train", "mnist", "--lr", "fast"],
      "error: option '--lr <x>' argument 'fast' is invalid. It must be a number greater than 0.",
    ],
    [
      ["train", "mnist", "--threads", "0"],
      "error: option '--threads <n>' argument '0' is invalid. It must be a whole number from 1 to 64.",
    ],
    [
      ["tune-kernels", "--matmul", "512x512"],
      "error: option '--matmul <MxKxN>' argument '512x512' is invalid. It must be three sizes like 512x64x512: [512, 64] times [64, 512].",
    ],
    [["tune-kernels", "--serch", "3"], "error: unknown option '--serch' (Did you mean --search?)"],
  ])("given %j, says what is wrong in one line", async (args, message) => {
    expect(await parse(args)).toEqual({ printed: `${message}\n`, code: 1 });
  });
});

describe("command line", { timeout: 60_000 }, () => {
  test("given an unknown option, prints one line and ends with code 1", async () => {
    await expectError(["train", "mnist", "--epoch", "3"], "error: unknown option '--epoch' (Did you mean --epochs?)");
  });

  test("given an unknown target, names those there are", async () => {
    await expectError(["train", "mnist", "--target", "wsm"], /^error: .*wsm.*wasm/);
  });

  test("given --device gpu, says why there is none", async () => {
    await expectError(["train", "mnist", "--device", "gpu"], /^error: .*"gpu" is not available: .*CPU/);
  });

  test("given an output folder below a file, says so before training", async () => {
    const file = join(folder.path, "a-file");
    writeFileSync(file, "kept");
    const stdout = await expectError(
      ["train", "mnist", "--output", join(file, "run")],
      `error: cannot write to the folder ${join(file, "run")}: a part of the path is a file; choose another one`,
    );
    expect(stdout).toBe("");
    expect(readFileSync(file, "utf8")).toBe("kept");
  });

  test("given a data folder without files, names files and remedy and leaves earlier results alone", async () => {
    const empty = join(folder.path, "empty");
    const output = join(folder.path, "earlier");
    mkdirSync(empty);
    mkdirSync(output);
    writeFileSync(join(output, "metrics.jsonl"), "earlier\n");
    await expectError(["train", "mnist", "--output", output], /train-images-idx3-ubyte.*GRADUS_DATA/, {
      GRADUS_DATA: empty,
    });
    expect(readdirSync(output)).toEqual(["metrics.jsonl"]);
    expect(readFileSync(join(output, "metrics.jsonl"), "utf8")).toBe("earlier\n");
  });

  test("given a truncated data file, says how many bytes are missing and makes no folder", async () => {
    const truncated = join(folder.path, "truncated");
    writeSmallMnist(truncated, { train: 64, test: 20 });
    truncateSync(join(truncated, "train-images-idx3-ubyte"), 5000);
    const output = join(folder.path, "new", "run");
    await expectError(["train", "mnist", "--output", output], /truncated: 5000 bytes where shape \[64,28,28\]/, {
      GRADUS_DATA: truncated,
    });
    expect(existsSync(join(folder.path, "new"))).toBe(false);
  });

  test("given a checkpoint that is not there, says so", async () => {
    await expectError(
      ["train", "mnist", "--resume", "nowhere.safetensors"],
      "error: checkpoint: cannot read nowhere.safetensors: there is no such file",
    );
  });

  test("given a file that is no checkpoint, says so", async () => {
    const file = join(folder.path, "other.safetensors");
    writeFileSync(file, "not a checkpoint at all");
    await expectError(["train", "mnist", "--resume", file], /^error: safetensors: .*other\.safetensors /);
  });

  test("given GRADUS_DEBUG, shows where the error came from", async () => {
    const args = ["train", "mnist", "--resume", "nowhere.safetensors"];
    const { stderr } = await startCli(args, folder.path, { GRADUS_DEBUG: "1" }).done;
    expect(stderr).toMatch(/\n\s+at .*checkpoint/);
  });

  test("given products to tune, searches each, keeps what it found and does not search again", async () => {
    const schedules = join(folder.path, "schedules");
    const tune = async (): Promise<string> => {
      const args = ["tune-kernels", "--matmul", "40x30x50", "--search", "2", "--target", "interpreter"];
      const { code, stdout, stderr } = await startCli(args, folder.path, { GRADUS_SCHEDULES: schedules }).done;
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      return stdout;
    };

    expect(await tune()).toMatch(
      /^Target: interpreter, threads: \d+, up to 2 other schedules each\nmatmul 40x30x50:\n {2}\[40,30\]·\[30,50\] {2}[\d.]+ → [\d.]+ GFLOP\/s \([\d.]+×\), 3 tried: micro .*\n1 searched, [01] improved\.\nKept in .*schedules.*; delete it to forget them\.\n$/,
    );
    expect(await tune()).toContain("  nothing new: its schedules are known already\n0 searched, 0 improved.\n");
  });

  test("given a folder that cannot be written, says that nothing is kept", async () => {
    const file = join(folder.path, "file");
    writeFileSync(file, "");
    const args = ["tune-kernels", "--matmul", "8x8x8", "--search", "1", "--target", "interpreter"];
    const { code, stdout, stderr } = await startCli(args, folder.path, { GRADUS_SCHEDULES: file }).done;
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringMatching(/^gradus: schedules cannot be kept in /),
    });
    expect(stdout).toMatch(/\nKept nowhere: GRADUS_SCHEDULES is off, or its folder cannot be written\.\n$/);
  });

  test("given the target without kernels to tune, says so", async () => {
    await expectError(
      ["tune-kernels", "--target", "reference"],
      "error: --target reference: it has no kernels to tune",
    );
  });
});

// `gradus train mnist` end to end on a small part of MNIST: output, files, stopping, resuming.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PNG } from "pngjs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { root } from "../../scripts/dist.js";
import { writeSmallMnist } from "../package/project.js";
import { start, startCli, temporaryFolder } from "./run-cli.js";

const folder = temporaryFolder();
const data = join(folder.path, "data");
const env = { GRADUS_DATA: data };

beforeAll(() => writeSmallMnist(data, { train: 640, test: 100 }));
afterAll(() => folder.remove());

function read(...path: string[]): Buffer {
  return readFileSync(join(folder.path, ...path));
}

function metrics(run: string): Record<string, unknown>[] {
  return read(run, "metrics.jsonl")
    .toString()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

function epochLosses(stdout: string): string[] {
  return [...stdout.matchAll(/^Epoch \[\d+\/\d+\], Loss: (\d+\.\d{4})/gm)].map(([, loss]) => loss as string);
}

// Generous times: other test files train on the same cores.
describe("gradus train mnist", { timeout: 120_000 }, () => {
  test("given two epochs, prints device, target, threads and data first, then epochs, accuracy, files and what next", async () => {
    const { code, stdout, stderr } = await startCli(["train", "mnist", "--epochs", "2"], folder.path, env).done;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const lines = stdout.trimEnd().split("\n");
    expect(lines[0]).toBe("Device: cpu");
    expect(lines[1]).toMatch(/^Target: \S+$/);
    expect(lines[2]).toMatch(/^Threads: \d+$/);
    expect(lines[3]).toBe(`Data: mnist, 640 training and 100 test images from ${data}`);
    expect(stdout).toMatch(/^Epoch \[1\/2\], Loss: \d\.\d{4}, Validation Accuracy: \d+\.\d\d%$/m);
    expect(stdout).toMatch(/^Epoch \[2\/2\], Loss: /m);
    expect(stdout).toMatch(/^Test Accuracy: \d+\.\d\d%$/m);
    expect(stdout).toMatch(/^Throughput: [\d,]+ images\/s/m);
    expect(stdout).toMatch(/^Wrote to runs\/mnist-1: /m);
    expect(stdout).not.toContain("\x1b");
    expect(lines.at(-1)).toMatch(/^Next, try: .*train mnist --model mlp$/);
    expect(readdirSync(join(folder.path, "runs/mnist-1")).sort()).toEqual([
      "checkpoint.safetensors",
      "feature-maps.png",
      "filters.png",
      "metrics.jsonl",
      "model.safetensors",
    ]);
  });

  test("given a finished run, metrics.jsonl has a line for the run, each epoch and the result", () => {
    const records = metrics("runs/mnist-1");
    expect(records.map(({ event }) => event)).toEqual(["run", "epoch", "epoch", "result"]);
    expect(records[0]).toMatchObject({ recipe: "best", model: "cnn", epochs: 2, batchSize: 64, lr: 0.001, seed: 1 });
    expect(records[2]).toMatchObject({ epoch: 2, loss: expect.any(Number), validationAccuracy: expect.any(Number) });
    expect(records[3]).toMatchObject({
      testAccuracy: (records[2] as { validationAccuracy: number }).validationAccuracy,
    });
  });

  test("given a finished run, the pictures are grids of 32 filters and 32 feature maps", () => {
    const filters = PNG.sync.read(read("runs/mnist-1/filters.png"));
    const maps = PNG.sync.read(read("runs/mnist-1/feature-maps.png"));
    // 8 × 4 tiles of 3·24 and 26·4 pixels, gaps of 4.
    expect([filters.width, filters.height]).toEqual([8 * 76 + 4, 4 * 76 + 4]);
    expect([maps.width, maps.height]).toEqual([8 * 108 + 4, 4 * 108 + 4]);
    const greys = new Set(maps.data.filter((_, i) => i % 4 === 0));
    expect(greys.has(0) && greys.has(255) && greys.size > 10).toBe(true);
  });

  test("given the plain recipe, prints the losses of examples/mnist.ts to the bit", async () => {
    const tsx = join(root, "node_modules/tsx/dist/esm/index.mjs");
    const example = start(["--import", tsx, join(root, "examples/mnist.ts")], folder.path, env).done;
    const args = ["train", "mnist", "--recipe", "plain", "--output", "plain"];
    const [own, theirs] = await Promise.all([startCli(args, folder.path, env).done, example]);
    expect([own.code, theirs.code, theirs.stderr]).toEqual([0, 0, ""]);
    expect(epochLosses(own.stdout)).toHaveLength(10);
    expect(epochLosses(own.stdout)).toEqual(epochLosses(theirs.stdout));
    const accuracy = /Test Accuracy: .*/;
    expect(accuracy.exec(own.stdout)?.[0]).toBe(accuracy.exec(theirs.stdout)?.[0]);
  });

  test("given Ctrl-C, which npm delivers twice, saves and says how to resume; the resumed run ends in the same bits", async () => {
    const args = ["train", "mnist", "--epochs", "3", "--batch-size", "4"];
    const whole = startCli([...args, "--output", "whole"], folder.path, env).done;
    const stopped = startCli([...args, "--output", "stopped"], folder.path, env);
    await stopped.printed(/^Epoch \[1\/3\]/m);
    stopped.child.kill("SIGINT");
    setTimeout(() => stopped.child.kill("SIGINT"), 20);
    const { code, stdout, stderr } = await stopped.done;
    expect({ code, stderr }).toEqual({ code: 130, stderr: "" });
    const resume = /^Resume with: .*train mnist --resume (stopped\/checkpoint\.safetensors)$/m.exec(stdout)?.[1];
    expect(existsSync(join(folder.path, "stopped/model.safetensors"))).toBe(false);

    const resumed = await startCli(["train", "mnist", "--resume", resume as string], folder.path, env).done;
    expect({ code: resumed.code, stderr: resumed.stderr }).toEqual({ code: 0, stderr: "" });
    const { stdout: wholeOutput } = await whole;
    expect([...epochLosses(stdout), ...epochLosses(resumed.stdout)]).toEqual(epochLosses(wholeOutput));
    expect(read("stopped/model.safetensors").equals(read("whole/model.safetensors"))).toBe(true);
    expect(read("stopped/filters.png").equals(read("whole/filters.png"))).toBe(true);
    expect(metrics("stopped").map(({ event }) => event)).toEqual(["run", "epoch", "epoch", "epoch", "result"]);
  });

  test("given other options than the checkpoint's, --resume refuses", async () => {
    const args = ["train", "mnist", "--resume", "runs/mnist-1/checkpoint.safetensors", "--epochs", "5"];
    const { code, stderr } = await startCli(args, folder.path, env).done;
    expect(code).toBe(1);
    expect(stderr).toBe("error: --epochs 5: the run to resume has 2; leave it out, or start a new run\n");
  });

  test("given a learning rate that diverges, says so with the remedy", async () => {
    const args = ["train", "mnist", "--lr", "1e30", "--epochs", "1", "--output", "diverged"];
    const { code, stderr } = await startCli(args, folder.path, env).done;
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^error: train mnist: the loss is \S+ in epoch 1, batch \d+; try a lower --lr \(now 1e\+30\)\n$/,
    );
    expect(existsSync(join(folder.path, "diverged"))).toBe(false);
  });
});

test("gradus info: names the machine, the target and where data is", async () => {
  const { code, stdout, stderr } = await startCli(["info"], folder.path, env).done;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/^gpu +not available: /m);
  expect(stdout).toMatch(/^target +\S+ \(the best there is\)$/m);
  expect(stdout).toMatch(/^threads +\d+ \(the cores\)$/m);
  expect(stdout).toContain(data);
});

test("gradus info: given settings, names them, and what the target lacks", async () => {
  const settings = { ...env, GRADUS_TARGET: "x64:avx2", GRADUS_THREADS: "3", KOFFI_HOOK: "missing" };
  const hook = join(root, "test/targets/koffi-hook.cjs");
  const options = { ...settings, NODE_OPTIONS: `--require "${hook}"` };
  const { code, stdout } = await startCli(["info"], folder.path, options).done;
  expect(code).toBe(0);
  expect(stdout).toMatch(/^target +x64:avx2 \(GRADUS_TARGET\), not available: .+$/m);
  expect(stdout).toMatch(/^threads +3 \(GRADUS_THREADS\)$/m);
});

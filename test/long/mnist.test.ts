// Full trainings on the real MNIST digits: accuracy of both recipes, and the plain one's curve against PyTorch's.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createJob, loadData } from "../../src/cli/mnist-job.js";
import { defaultSettings, type Recipe } from "../../src/cli/train-options.js";

const seeds = [1, 2, 3];
const startWindow = 20;
const startWindows = 10;

interface Curve {
  readonly runs: readonly {
    readonly loss: readonly number[];
    readonly testAccuracy: readonly number[];
    readonly startLoss: readonly number[];
  }[];
}

interface Result {
  /** Mean training loss of each epoch. */
  readonly loss: number[];
  readonly accuracy: number;
  /** Means of the first steps' losses, 20 by 20. */
  readonly startLoss: number[];
}

async function train(recipe: Recipe, seed: number): Promise<Result> {
  const settings = { ...defaultSettings, recipe, seed };
  const { trainer, evaluate } = createJob(settings, await loadData(settings), "cpu");
  const loss: number[] = [];
  const steps: number[] = [];
  await trainer.fit(settings.epochs, {
    onBatch: (_, stepLoss) => {
      if (steps.length < startWindow * startWindows) steps.push(stepLoss);
    },
    onEpoch: (result) => void loss.push(result.loss),
  });
  const startLoss = Array.from({ length: startWindows }, (_, i) =>
    mean(steps.slice(i * startWindow, (i + 1) * startWindow)),
  );
  return { loss, accuracy: (await evaluate()).accuracy, startLoss };
}

async function trainSeeds(recipe: Recipe): Promise<Result[]> {
  const results: Result[] = [];
  for (const seed of seeds) results.push(await train(recipe, seed));
  return results;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The i-th entries of several curves. */
function column(curves: readonly (readonly number[])[], i: number): number[] {
  return curves.map((curve) => curve[i] as number);
}

test("given the default recipe, the mean test accuracy of 3 seeds is at least 98.6 %", async () => {
  const results = await trainSeeds("best");
  expect(mean(results.map(({ accuracy }) => accuracy))).toBeGreaterThanOrEqual(0.986);
});

test("given the plain recipe, accuracy and loss curve are PyTorch's within seed noise", async () => {
  const fixture = new URL("../fixtures/mnist-plain-curve.json", import.meta.url);
  const { runs } = JSON.parse(readFileSync(fixture, "utf8")) as Curve;
  const results = await trainSeeds("plain");
  const accuracy = mean(results.map((result) => result.accuracy));
  expect(Math.abs(accuracy - 0.982)).toBeLessThanOrEqual(0.002);
  // PyTorch's three seeds differ by up to 9 % in the first epoch's loss and 10 % in the last one's; means of three by less.
  for (let epoch = 0; epoch < 10; epoch++) {
    const theirs = mean(column(runs.map(({ loss }) => loss), epoch)); // biome-ignore format: one line
    const ours = mean(column(results.map(({ loss }) => loss), epoch)); // biome-ignore format: one line
    expect(Math.abs(ours / theirs - 1), `epoch ${epoch + 1}: ${ours} against PyTorch's ${theirs}`).toBeLessThan(0.12);
  }
  // A window of 20 steps differs by up to 25 % from seed to seed.
  for (let window = 0; window < startWindows; window++) {
    const theirs = mean(column(runs.map(({ startLoss }) => startLoss), window)); // biome-ignore format: one line
    const ours = mean(column(results.map(({ startLoss }) => startLoss), window)); // biome-ignore format: one line
    expect(Math.abs(ours / theirs - 1), `steps from ${window * startWindow}`).toBeLessThan(0.3);
  }
});

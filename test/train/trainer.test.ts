// The training loop: stopping after any batch and going on gives the bits of a run that was not stopped.
import { defaultGenerator, manualSeed, rand, randint } from "gradus";
import { DataLoader, TensorDataset } from "gradus/data";
import * as nn from "gradus/nn";
import * as optim from "gradus/optim";
import { describe, expect, test } from "vitest";
import { evaluate, joinState, splitState, Trainer, type TrainObserver } from "../../src/train/index.js";

const epochs = 3;

/** A small job with everything that has state: dropout, Adam, a schedule, shuffling. */
function createTrainer(): Trainer {
  manualSeed(7);
  const dataset = new TensorDataset(rand([37, 5]), randint(0, 3, [37]));
  const model = new nn.Sequential(new nn.Linear(5, 8), new nn.ReLU(), new nn.Dropout(0.5), new nn.Linear(8, 3));
  const optimizer = new optim.Adam(model.parameters(), { lr: 0.05 });
  const loader = new DataLoader(dataset, { batchSize: 8, shuffle: true });
  const scheduler = new optim.CosineAnnealingLR(optimizer, epochs * loader.length);
  const loss = new nn.CrossEntropyLoss();
  return new Trainer({ model, loss, optimizer, scheduler, loader, generators: { default: defaultGenerator() } });
}

/** All state as text, tensors by their values. */
function fingerprint(trainer: Trainer): string {
  const { json, tensors } = splitState(trainer.stateDict());
  const values = Object.entries(tensors).map(([name, value]) => [name, value.toArray()]);
  return json.replace(/"seconds":[^,}]*/, "") + JSON.stringify(values);
}

describe("Trainer", () => {
  test.each([1, 3, 5, 7, 12])("given a stop after %i batches, the resumed run has the same bits", async (stopAfter) => {
    const losses: number[] = [];
    const collect: TrainObserver = { onEpoch: ({ loss }) => void losses.push(loss) };
    const whole = createTrainer();
    await whole.fit(epochs, collect);
    const expected = losses.splice(0);

    const stopped = createTrainer();
    let batches = 0;
    const stop = { ...collect, onBatch: () => void batches++, shouldStop: () => batches >= stopAfter };
    expect(await stopped.fit(epochs, stop)).toBe(false);
    const { json, tensors } = splitState(stopped.stateDict());
    const copies = Object.fromEntries(Object.entries(tensors).map(([name, value]) => [name, value.clone()]));
    const resumed = createTrainer();
    manualSeed(99); // whatever happened in between
    resumed.loadStateDict(joinState({ json, tensors: copies }));
    expect(await resumed.fit(epochs, collect)).toBe(true);

    expect(losses).toEqual(expected);
    expect(fingerprint(resumed)).toBe(fingerprint(whole));
  });

  test("given a stop in the last batch of an epoch, the epoch is finished first", async () => {
    const trainer = createTrainer();
    let batches = 0;
    const finished: number[] = [];
    await trainer.fit(epochs, {
      onBatch: () => void batches++,
      onEpoch: ({ epoch }) => void finished.push(epoch),
      shouldStop: () => batches >= 5,
    });
    expect(finished).toEqual([1]);
    expect(trainer.progress).toMatchObject({ epoch: 1, batch: 0, items: 0, lossSum: 0 });
  });

  test("given the state of a trainer without schedule, loadStateDict refuses", () => {
    const state = { ...createTrainer().stateDict(), scheduler: null };
    expect(() => createTrainer().loadStateDict(state)).toThrow(/^Trainer.loadStateDict: /);
  });
});

test("evaluate: given a classifier, counts right answers in evaluation mode and restores the mode", async () => {
  const { model, loader, loss } = createTrainer().parts;
  model.train();
  const { accuracy, loss: mean } = await evaluate(model, loader, loss);
  expect(accuracy * 37).toBeCloseTo(Math.round(accuracy * 37), 9);
  expect(mean).toBeGreaterThan(0);
  expect(model.training).toBe(true);
});

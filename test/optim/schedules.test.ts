// Schedules against their closed forms, and PyTorch's rules for chaining and sequences.
import { ones } from "gradus";
import * as nn from "gradus/nn";
import * as optim from "gradus/optim";
import { describe, expect, test } from "vitest";

const optimizerWith = (lr: number) => new optim.SGD([new nn.Parameter(ones([1]))], { lr });

/** The rate at epochs 0 … steps. */
function rates(make: (optimizer: optim.Optimizer) => optim.LRScheduler, steps: number, lr = 1): number[] {
  const optimizer = optimizerWith(lr);
  const scheduler = make(optimizer);
  const all = [optimizer.paramGroups[0]!.lr];
  for (let i = 0; i < steps; i++) {
    scheduler.step();
    all.push(optimizer.paramGroups[0]!.lr);
    expect(scheduler.getLastLr()).toEqual([optimizer.paramGroups[0]!.lr]);
  }
  return all;
}

function expectRates(actual: readonly number[], wanted: readonly number[]): void {
  expect(actual).toHaveLength(wanted.length);
  actual.forEach((rate, t) => {
    expect(rate, `epoch ${t}`).toBeCloseTo(wanted[t] as number, 12);
  });
}

const closedForm = (steps: number, formula: (t: number) => number) =>
  Array.from({ length: steps + 1 }, (_, t) => formula(t));

describe("schedules", () => {
  test("given CosineAnnealingLR, rates follow the cosine down to etaMin and up again", () => {
    const wanted = closedForm(25, (t) => 0.1 + (0.9 * (1 + Math.cos((Math.PI * t) / 10))) / 2);
    expectRates(
      rates((o) => new optim.CosineAnnealingLR(o, 10, { etaMin: 0.1 }), 25),
      wanted,
    );
  });

  test("given StepLR and MultiStepLR, rates fall at the milestones", () => {
    expectRates(
      rates((o) => new optim.StepLR(o, 3, { gamma: 0.5 }), 7),
      closedForm(7, (t) => 0.5 ** Math.floor(t / 3)),
    );
    expectRates(
      rates((o) => new optim.MultiStepLR(o, [2, 2, 4]), 5),
      [1, 1, 0.01, 0.01, 0.001, 0.001],
    );
  });

  test("given ExponentialLR and LambdaLR, rates follow the formula", () => {
    const wanted = closedForm(5, (t) => 2 * 0.9 ** t);
    expectRates(
      rates((o) => new optim.ExponentialLR(o, 0.9), 5, 2),
      wanted,
    );
    expectRates(
      rates((o) => new optim.LambdaLR(o, (t) => 0.9 ** t), 5, 2),
      wanted,
    );
  });

  test("given LinearLR, the factor moves in equal parts and then stays", () => {
    const wanted = closedForm(6, (t) => 0.25 + 0.75 * (Math.min(t, 4) / 4));
    expectRates(
      rates((o) => new optim.LinearLR(o, { startFactor: 0.25, totalIters: 4 }), 6),
      wanted,
    );
  });

  test("given ConstantLR, the factor holds for totalIters steps", () => {
    expectRates(
      rates((o) => new optim.ConstantLR(o, { factor: 0.5, totalIters: 2 }), 3),
      [0.5, 0.5, 1, 1],
    );
  });

  test("given two schedules stepped side by side, their factors multiply", () => {
    const optimizer = optimizerWith(1);
    const schedulers = [
      new optim.ConstantLR(optimizer, { factor: 0.1, totalIters: 2 }),
      new optim.ExponentialLR(optimizer, 0.9),
    ];
    const seen = [optimizer.paramGroups[0]!.lr];
    for (let i = 0; i < 3; i++) {
      for (const scheduler of schedulers) scheduler.step();
      seen.push(optimizer.paramGroups[0]!.lr);
    }
    expectRates(seen, [0.1, 0.09, 0.81, 0.729]);
  });

  test("given SequentialLR, each schedule begins at its milestone", () => {
    const make = (o: optim.Optimizer) =>
      new optim.SequentialLR(
        o,
        [new optim.ConstantLR(o, { factor: 0.1, totalIters: 20 }), new optim.ExponentialLR(o, 0.9)],
        [3],
      );
    expectRates(rates(make, 5), [0.1, 0.1, 0.1, 1, 0.9, 0.81]);
  });

  test("given warm-up and cosine in sequence, the peak is the base rate", () => {
    const make = (o: optim.Optimizer) =>
      new optim.SequentialLR(
        o,
        [new optim.LinearLR(o, { startFactor: 0.5, totalIters: 2 }), new optim.CosineAnnealingLR(o, 4)],
        [2],
      );
    expectRates(rates(make, 6), [0.5, 0.75, 1, ...[1, 2, 3, 4].map((t) => (1 + Math.cos((Math.PI * t) / 4)) / 2)]);
  });

  test("given a saved state, a new schedule goes on as the first would have", () => {
    const make = () => {
      const optimizer = optimizerWith(1);
      const parts = [new optim.LinearLR(optimizer, { totalIters: 3 }), new optim.CosineAnnealingLR(optimizer, 5)];
      return { optimizer, scheduler: new optim.SequentialLR(optimizer, parts, [3]) };
    };
    const [first, second] = [make(), make()];
    for (let i = 0; i < 4; i++) first.scheduler.step();
    second.optimizer.loadStateDict(first.optimizer.stateDict());
    second.scheduler.loadStateDict(JSON.parse(JSON.stringify(first.scheduler.stateDict())));
    for (let i = 0; i < 3; i++) {
      first.scheduler.step();
      second.scheduler.step();
      expect(second.optimizer.paramGroups[0]!.lr).toBe(first.optimizer.paramGroups[0]!.lr);
    }
    expect(second.scheduler.lastEpoch).toBe(7);
  });

  test.each([
    [
      (o: optim.Optimizer) => new optim.CosineAnnealingLR(o, 0),
      "CosineAnnealingLR: tMax must be a positive integer, got 0",
    ],
    [
      (o: optim.Optimizer) => new optim.LinearLR(o, { startFactor: 0 }),
      "LinearLR: startFactor must be in (0, 1], got 0",
    ],
    [
      (o: optim.Optimizer) => new optim.SequentialLR(o, [new optim.ExponentialLR(o, 1)], [3]),
      "SequentialLR: got 1 schedules and 1 milestones; one milestone fewer is needed",
    ],
    [
      (o: optim.Optimizer) =>
        new optim.SequentialLR(o, [new optim.ExponentialLR(optimizerWith(1), 1), new optim.ExponentialLR(o, 1)], [3]),
      "SequentialLR: schedule 0 belongs to another optimizer",
    ],
    [(o: optim.Optimizer) => new optim.LambdaLR(o, []), "LambdaLR: got 0 values of lrLambda for 1 param groups"],
  ])("given wrong arguments %#, it throws saying what is wrong", (make, message) => {
    expect(() => make(optimizerWith(1))).toThrow(message);
  });
});

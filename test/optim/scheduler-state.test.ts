// States of schedules from PyTorch and to PyTorch, and runs that go on by `lastEpoch` (test/fixtures/scheduler-state.py and .ts).
import { readFileSync } from "node:fs";
import type { Tensor } from "gradus";
import { decodeTorch, encodeTorch } from "gradus/formats";
import * as optim from "gradus/optim";
import { describe, expect, test } from "vitest";
import { advance, newOptimizer, type ScheduleCase, schedules } from "./scheduler-state-cases.js";

interface Run {
  readonly optimizer: optim.TorchOptimizerState;
  readonly scheduler: optim.TorchSchedulerState;
  readonly after: Tensor;
  readonly fromGradus: Tensor;
  readonly resumed?: Tensor;
}

const fixture = readFileSync(new URL("../fixtures/torch/schedulers.pt", import.meta.url));
const torch = decodeTorch(fixture) as Record<string, Run>;
const cases = Object.entries(schedules);

/** Both follow the same recurrence in doubles; pow and cos differ in the last places. */
function expectRates(found: readonly (readonly number[])[], expected: Tensor): void {
  const wanted = expected.toArray() as number[][];
  expect(found.length).toBe(wanted.length);
  found.forEach((row, t) => {
    row.forEach((value, i) => {
      const [near, off] = [wanted[t]?.[i] as number, 1e-12];
      expect(Math.abs(value - near), `step ${t}, value ${i}: ${value}, PyTorch ${near}`).toBeLessThanOrEqual(off);
    });
  });
}

/** Equal plain data; numbers to 1e-12. */
function same(found: unknown, expected: unknown, path: string): void {
  if (typeof expected === "number" && Number.isFinite(expected)) {
    expect(Math.abs((found as number) - expected), `${path}: ${found}, PyTorch ${expected}`).toBeLessThanOrEqual(1e-12);
  } else if (typeof expected === "object" && expected !== null) {
    expect(Object.keys(found as object).sort(), path).toEqual(Object.keys(expected).sort());
    for (const [key, value] of Object.entries(expected)) {
      same((found as Record<string, unknown>)[key], value, `${path}.${key}`);
    }
  } else expect(found, path).toBe(expected);
}

function run(item: ScheduleCase, make = item.make) {
  const optimizer = newOptimizer(item);
  return { optimizer, schedule: make(optimizer) };
}

describe.each(cases)("%s", (name, item) => {
  const expected = torch[name] as Run;

  test("given PyTorch's states, other options or not, goes on with PyTorch's rates and momenta", () => {
    for (const make of [item.make, item.other]) {
      const { optimizer, schedule } = run(item, make);
      optimizer.loadStateDict(expected.optimizer);
      schedule.loadStateDict(expected.scheduler);
      expect(schedule.lastEpoch).toBe(4);
      expect(schedule.getLastLr()).toEqual(expected.scheduler._last_lr);
      expectRates(advance(optimizer, schedule, 4, 12), expected.after);
    }
  });

  test("gives PyTorch's state, from which PyTorch goes on with our rates", () => {
    const { optimizer, schedule } = run(item);
    advance(optimizer, schedule, 0, 4);
    same(decodeTorch(encodeTorch(schedule.torchStateDict())), expected.scheduler, name);
    const own = advance(optimizer, schedule, 4, 12);
    expectRates(own, expected.fromGradus);
    expectRates(own, expected.after);
  });

  test("given its own state as JSON, a schedule with other options goes on as the first", () => {
    const [first, second] = [run(item), run(item, item.other)];
    advance(first.optimizer, first.schedule, 0, 4);
    second.optimizer.loadStateDict(first.optimizer.stateDict());
    second.schedule.loadStateDict(JSON.parse(JSON.stringify(first.schedule.stateDict())));
    expect(advance(second.optimizer, second.schedule, 4, 12)).toEqual(advance(first.optimizer, first.schedule, 4, 12));
    expect(second.schedule.stateDict()).toEqual(first.schedule.stateDict());
  });
});

describe("lastEpoch", () => {
  const resumable = cases.filter(([, { resumed }]) => resumed);

  test.each(resumable)("%s: given the optimizer's state and lastEpoch, goes on as PyTorch's does", (name, item) => {
    const expected = torch[name] as Run;
    const optimizer = newOptimizer(item);
    optimizer.loadStateDict(expected.optimizer);
    const schedule = item.resumed?.(optimizer) as optim.LRScheduler;
    const first = optimizer.paramGroups.flatMap((group) => [group.lr, (group as { momentum?: number }).momentum ?? 0]);
    expect(schedule.lastEpoch).toBe(4);
    expectRates([first, ...advance(optimizer, schedule, 4, 12)], expected.resumed as Tensor);
  });

  test.each([
    [
      (o: optim.SGD) => new optim.StepLR(o, 2, { lastEpoch: 3 }),
      "StepLR: lastEpoch 3 goes on with a run, but param group 0 has no initialLr; load the optimizer's state first, or leave out lastEpoch",
    ],
    [
      (o: optim.SGD) => {
        new optim.StepLR(o, 2);
        return new optim.OneCycleLR(o, 0.1, { totalSteps: 9, lastEpoch: 3 });
      },
      "OneCycleLR: lastEpoch 3 goes on with a run, but param group 0 has no maxLr; load the optimizer's state first, or leave out lastEpoch",
    ],
    [
      (o: optim.SGD) => new optim.ExponentialLR(o, 0.5, { lastEpoch: 0.5 }),
      "ExponentialLR: lastEpoch must be an integer >= -1, got 0.5",
    ],
    [
      (o: optim.SGD) => new optim.LambdaLR(o, () => 1, { lastEpoch: -2 }),
      "LambdaLR: lastEpoch must be an integer >= -1, got -2",
    ],
  ])("given wrong arguments %#, it throws saying what is wrong", (make, message) => {
    expect(() => make(newOptimizer(schedules.StepLR as ScheduleCase) as optim.SGD)).toThrow(message);
  });
});

describe("loadStateDict", () => {
  const bad: readonly [string, unknown, string][] = [
    ["StepLR", null, "StepLR.loadStateDict: takes what stateDict() or torchStateDict() gave, got null"],
    [
      "StepLR",
      { lastEpoch: 1, baseLrs: [1], lastLr: [1] },
      "StepLR.loadStateDict: the state is for 1 param groups (baseLrs) but the optimizer has 2",
    ],
    [
      "StepLR",
      { last_epoch: 1, _last_lr: [1, 1], gamma: "0.5" },
      'StepLR.loadStateDict: gamma of the state is "0.5", where a value like 0.5 is needed',
    ],
    [
      "SequentialLR",
      { last_epoch: 1, _last_lr: [1, 1], _schedulers: [] },
      "SequentialLR.loadStateDict: the state has 0 schedules, this one 3",
    ],
    [
      "OneCycleLR",
      { last_epoch: 1, _last_lr: [1, 1], _anneal_func_type: "cubic" },
      'OneCycleLR.loadStateDict: annealStrategy must be "cos" or "linear", got "cubic"',
    ],
    [
      "ReduceLROnPlateau",
      { last_epoch: 1, _last_lr: [1, 1], factor: 2 },
      "ReduceLROnPlateau.loadStateDict: factor must be < 1, got 2",
    ],
  ];

  test.each(bad)("%s: given a state that does not fit, throws and changes nothing", (name, state, message) => {
    const { schedule } = run(schedules[name] as ScheduleCase);
    const before = schedule.stateDict();
    expect(() => schedule.loadStateDict(state as optim.TorchSchedulerState)).toThrow(message);
    expect(schedule.stateDict()).toEqual(before);
  });
});

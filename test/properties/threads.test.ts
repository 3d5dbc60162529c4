// Training steps of random networks have the same bits with any number of threads.
import fc from "fast-check";
import { manualSeed, rand, randint, relu, setTarget, setThreads, type Tensor, threadCount } from "gradus";
import * as nn from "gradus/nn";
import * as optim from "gradus/optim";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { processRuntime } from "../../src/targets/index.js";

interface Training {
  readonly batch: number;
  readonly size: number;
  readonly channels: number;
  readonly kernel: number;
  readonly hidden: number;
  readonly classes: number;
  readonly norm: boolean;
  readonly optimizer: "SGD" | "AdamW";
}

/** Large enough that threads take part, with sizes that no tile divides. */
const training: fc.Arbitrary<Training> = fc.noBias(
  fc.record({
    batch: fc.integer({ min: 9, max: 40 }),
    size: fc.integer({ min: 8, max: 15 }),
    channels: fc.integer({ min: 3, max: 19 }),
    kernel: fc.integer({ min: 1, max: 4 }),
    hidden: fc.integer({ min: 17, max: 90 }),
    classes: fc.integer({ min: 2, max: 13 }),
    norm: fc.boolean(),
    optimizer: fc.constantFrom("SGD", "AdamW"),
  }),
);

class Network extends nn.Module {
  conv: nn.Conv2d;
  norm: nn.BatchNorm2d | nn.Identity;
  fc1: nn.Linear;
  fc2: nn.Linear;

  constructor({ size, channels, kernel, hidden, classes, norm }: Training) {
    super();
    const side = size - kernel + 1;
    this.conv = new nn.Conv2d(2, channels, kernel);
    this.norm = norm ? new nn.BatchNorm2d(channels) : new nn.Identity();
    this.fc1 = new nn.Linear(channels * side * side, hidden);
    this.fc2 = new nn.Linear(hidden, classes);
  }

  forward(x: Tensor): Tensor {
    return this.fc2(this.fc1(relu(this.norm(this.conv(x))).flatten(1)).tanh());
  }
}

/** Three steps from one seed: the losses, then all parameters and buffers. */
function train(config: Training): number[][] {
  manualSeed(3);
  const model = new Network(config);
  const images = rand([config.batch, 2, config.size, config.size]);
  const labels = randint(0, config.classes, [config.batch]);
  const Optimizer = config.optimizer === "SGD" ? optim.SGD : optim.AdamW;
  const optimizer = new Optimizer(model.parameters(), { lr: 0.01 });
  const losses = Array.from({ length: 3 }, () => {
    const loss = new nn.CrossEntropyLoss()(model(images), labels);
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    return loss.item();
  });
  return [losses, ...Object.values(model.stateDict()).map((x) => Array.from(x.toTypedArray(), Number))];
}

describe("training steps of random networks", { timeout: 120_000 }, () => {
  const previousThreads = threadCount();
  let previousTarget: string;
  beforeAll(() => {
    previousTarget = setTarget("wasm");
  });
  afterAll(() => {
    setTarget(previousTarget);
    setThreads(previousThreads);
  });

  it("given 1, 2 and 4 threads, losses, parameters and buffers have the same bits", () => {
    const joinsBefore = processRuntime().pool.joinCount;
    const trainWith = (config: Training, threads: number, isFresh: boolean) => {
      setThreads(threads);
      // Another target in between empties the program cache.
      if (isFresh) setTarget("interpreter");
      setTarget("wasm");
      return train(config);
    };
    fc.assert(
      fc.property(training, (config) => {
        const alone = trainWith(config, 1, true);

        expect(trainWith(config, 2, true)).toEqual(alone);
        expect(trainWith(config, 4, true)).toEqual(alone);
        expect(trainWith(config, 2, false)).toEqual(alone);
      }),
      { seed: 2026, numRuns: 6 },
    );

    expect(processRuntime().pool.joinCount).toBeGreaterThan(joinsBefore);
  });
});

// Averages of weights, and what goes with them.
import { noGrad, ones, randn, tensor } from "gradus";
import * as nn from "gradus/nn";
import * as optim from "gradus/optim";
import { describe, expect, test } from "vitest";

const values = (t: { toTypedArray(): ArrayLike<number | bigint> }) => Array.from(t.toTypedArray(), Number);

/** A model whose only weight is `value`, and whose buffer too. */
class Scale extends nn.Module {
  weight: nn.Parameter;
  seen: nn.Buffer;
  constructor(value: number) {
    super();
    this.weight = new nn.Parameter(tensor([value]));
    this.seen = new nn.Buffer(tensor([value]));
  }
  forward(x: typeof this.weight) {
    return x.mul(this.weight);
  }
}

function averagesOf(options: optim.AveragedModelOptions): { weight: number[]; seen: number[] } {
  const model = new Scale(0);
  const averaged = new optim.AveragedModel(model, options);
  const [weight, seen]: [number[], number[]] = [[], []];
  for (const value of [1, 2, 6]) {
    noGrad(() => {
      model.weight.fill_(value);
      model.seen.fill_(value);
    });
    averaged.updateParameters(model);
    weight.push(averaged.module.weight.item() as number);
    seen.push(averaged.module.seen.item() as number);
  }
  return { weight, seen };
}

describe("AveragedModel", () => {
  test("given no function, weights are means and buffers are copied", () => {
    expect(averagesOf({})).toEqual({ weight: [1, 1.5, 3], seen: [1, 2, 6] });
  });

  test("given an exponential average with buffers, both are averaged, from the first value on", () => {
    expect(averagesOf({ avgFn: optim.getEmaAvgFn(0.5), useBuffers: true })).toEqual({
      weight: [1, 1.5, 3.75],
      seen: [1, 1.5, 3.75],
    });
  });

  test("given a call and a state dict, it is the model's with PyTorch's keys", () => {
    const averaged = new optim.AveragedModel(new Scale(3));
    expect(averaged(ones([1])).item()).toBe(3);
    expect(Object.keys(averaged.stateDict())).toEqual(["n_averaged", "module.weight", "module.seen"]);
  });

  test("given another model, it throws", () => {
    const averaged = new optim.AveragedModel<nn.Module>(new Scale(3));
    expect(() => averaged.updateParameters(new nn.Linear(2, 2))).toThrow(
      "AveragedModel: the model has 2 parameters but the averaged one 1; pass the model it was made from",
    );
  });
});

test("updateBn: given batches, the statistics are the mean over them and momentum and mode are as before", async () => {
  const model = new nn.Sequential(new nn.BatchNorm1d(2));
  const norm = model.at(0) as nn.BatchNorm1d;
  model(randn([4, 2]));
  model.eval();
  const batches = [
    tensor([
      [0, 2],
      [2, 4],
    ]),
    [
      tensor([
        [4, 6],
        [6, 8],
      ]),
      "label",
    ],
  ];
  await optim.updateBn(batches, model);
  expect(values(norm.runningMean as nn.Buffer)).toEqual([3, 5]);
  expect(values(norm.runningVar as nn.Buffer)).toEqual([2, 2]);
  expect([norm.momentum, norm.training]).toEqual([0.1, false]);
});

describe("ReduceLROnPlateau", () => {
  const optimizer = () => new optim.SGD([new nn.Parameter(ones([1]))], { lr: 1 });

  test("given a saved state, another one goes on as the first would have", () => {
    const make = () => {
      const o = optimizer();
      return { o, scheduler: new optim.ReduceLROnPlateau(o, { patience: 1 }) };
    };
    const [first, second] = [make(), make()];
    first.scheduler.step(1);
    first.scheduler.step(tensor(2));
    second.scheduler.loadStateDict(JSON.parse(JSON.stringify(first.scheduler.stateDict())));
    for (const { scheduler } of [first, second]) scheduler.step(2);
    expect([first.o.paramGroups[0]?.lr, second.o.paramGroups[0]?.lr]).toEqual([0.1, 0.1]);
  });

  test.each([
    [() => new optim.ReduceLROnPlateau(optimizer(), { factor: 1 }), "ReduceLROnPlateau: factor must be < 1, got 1"],
    [
      () => new optim.ReduceLROnPlateau(optimizer(), { minLr: [0, 0] }),
      "ReduceLROnPlateau: got 2 values of minLr for 1 param groups",
    ],
    [
      () => new optim.ChainedScheduler([new optim.ReduceLROnPlateau(optimizer()) as never]),
      "ChainedScheduler: schedule 0 cannot be combined; a ReduceLROnPlateau needs a metric at each step, so step it by itself",
    ],
    [
      () => new optim.OneCycleLR(optimizer(), 0.1, { epochs: 3 }),
      "OneCycleLR: needs totalSteps, or epochs and stepsPerEpoch, as positive integers; got epochs 3, stepsPerEpoch undefined",
    ],
    [
      () => new optim.OneCycleLR(new optim.Rprop([new nn.Parameter(ones([1]))]), 0.1, { totalSteps: 3 }),
      "OneCycleLR: Rprop has neither momentum nor betas to cycle; pass { cycleMomentum: false }",
    ],
    [
      () => new optim.Muon([new nn.Parameter(ones([3]))]),
      "Muon: takes matrices only, got a parameter of shape [3]; give it to another optimizer, such as AdamW",
    ],
    [
      () => new optim.LBFGS([new nn.Parameter(ones([3]))]).step(),
      "LBFGS: step needs a closure that computes the loss with backward() and returns it",
    ],
  ])("given wrong arguments %#, it throws saying what is wrong", (make, message) => {
    expect(make).toThrow(message);
  });
});

test("LBFGS: given a saved state, another one goes on as the first would have", () => {
  const make = () => {
    const p = new nn.Parameter(tensor([1.5, -2], { dtype: "float64" }));
    const optimizer = new optim.LBFGS([p], { maxIter: 2 });
    const step = () =>
      optimizer.step(() => {
        optimizer.zeroGrad();
        const loss = p
          .mul(p)
          .mul(tensor([1, 5], { dtype: "float64" }))
          .sum()
          .add(p.mul(p).square().sum());
        loss.backward();
        return loss;
      });
    return { p, optimizer, step };
  };
  const [first, second] = [make(), make()];
  first.step();
  noGrad(() => second.p.copy_(first.p));
  second.optimizer.loadStateDict(first.optimizer.stateDict());
  first.step();
  second.step();
  expect(second.p.toArray()).toEqual(first.p.toArray());
});

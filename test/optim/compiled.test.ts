// Training steps as programs: the plain loop and the compiled one agree, nothing compiles anew, failures change nothing.
import { compile, IndexError, manualSeed, noGrad, programCacheStats, randn, type Tensor, tensor } from "gradus";
import * as nn from "gradus/nn";
import * as optim from "gradus/optim";
import { describe, expect, test } from "vitest";

class Classifier extends nn.Module {
  body = new nn.Linear(4, 8);
  norm = new nn.BatchNorm1d(8);
  drop = new nn.Dropout(0.5);
  head = new nn.Linear(8, 3);
  forward(x: Tensor): Tensor {
    return this.head(this.drop(this.norm(this.body(x)).relu()));
  }
}

type Make = (params: nn.Parameter[]) => optim.Optimizer;

function setup(make: Make) {
  manualSeed(5);
  const model = new Classifier();
  const optimizer = make(model.parameters());
  const criterion = new nn.CrossEntropyLoss();
  const step = (x: Tensor, y: Tensor): Tensor => {
    const loss = criterion(model(x), y);
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    return loss;
  };
  return { model, optimizer, step, scheduler: new optim.ExponentialLR(optimizer, 0.8) };
}

const labels = tensor(Int32Array.of(0, 1, 2, 1, 0, 2));

/** Losses and final weights of eight steps with a falling rate. */
function train(make: Make, wrap: (step: (x: Tensor, y: Tensor) => Tensor) => (x: Tensor, y: Tensor) => Tensor) {
  const { model, step, scheduler } = setup(make);
  const run = wrap(step);
  manualSeed(11);
  const losses: number[] = [];
  for (let i = 0; i < 8; i++) {
    losses.push(run(randn([6, 4]), labels).item() as number);
    scheduler.step();
  }
  const state = Object.values(model.stateDict()).flatMap((t) => Array.from(t.toTypedArray() as Float32Array, Number));
  return [...losses, ...state];
}

describe.each<[string, Make]>([
  ["SGD with momentum and dampening", (p) => new optim.SGD(p, { lr: 0.1, momentum: 0.9, dampening: 0.1 })],
  ["Adam", (p) => new optim.Adam(p, { lr: 0.05 })],
  ["AdamW with amsgrad", (p) => new optim.AdamW(p, { lr: 0.05, amsgrad: true })],
  ["Adamax", (p) => new optim.Adamax(p, { lr: 0.05 })],
  ["NAdam", (p) => new optim.NAdam(p, { lr: 0.05 })],
  ["RAdam", (p) => new optim.RAdam(p, { lr: 0.05, betas: [0.8, 0.9] })],
  ["Adagrad", (p) => new optim.Adagrad(p, { lr: 0.1, lrDecay: 0.1 })],
  ["Adadelta", (p) => new optim.Adadelta(p)],
  ["centred RMSprop with momentum", (p) => new optim.RMSprop(p, { lr: 0.01, momentum: 0.9, centered: true })],
  ["Rprop", (p) => new optim.Rprop(p)],
  ["ASGD", (p) => new optim.ASGD(p, { lr: 0.1, t0: 3 })],
  ["Adafactor", (p) => new optim.Adafactor(p, { lr: 0.1 })],
  ["Lion", (p) => new optim.Lion(p, { lr: 0.01 })],
  ["Muon", (p) => new optim.Muon(p.filter(({ ndim }) => ndim === 2))],
])("%s", (_, make) => {
  test("given a compiled step, losses, weights and statistics are those of the plain loop", () => {
    const plain = train(make, (step) => step);
    const compiled = train(make, compile);
    plain.forEach((value, i) => {
      // The same arithmetic, fused otherwise: float32 over eight steps.
      expect(Math.abs(value - (compiled[i] as number))).toBeLessThan(2e-4 * Math.max(1, Math.abs(value)));
    });
  });
});

describe("programs", () => {
  test("given a rate changed each step, the plain loop compiles nothing after the second step", () => {
    const { step, optimizer } = setup((p) => new optim.Adam(p));
    const x = randn([6, 4]);
    let compiles = 0;
    for (let i = 0; i < 30; i++) {
      optimizer.paramGroups[0]!.lr = 0.001 * (1 + i / 7);
      step(x, labels);
      if (i === 1) ({ compiles } = programCacheStats());
    }
    expect(programCacheStats().compiles).toBe(compiles);
  });

  test("given a cycle of rate and momentum, a compiled step is traced once and follows it", () => {
    const losses = [(step: (x: Tensor, y: Tensor) => Tensor) => step, compile].map((wrap) => {
      const { step, optimizer } = setup((p) => new optim.SGD(p, { lr: 0.1, momentum: 0.9 }));
      const scheduler = new optim.OneCycleLR(optimizer, 0.2, { totalSteps: 12 });
      const run = wrap(step);
      manualSeed(11);
      const values = Array.from({ length: 12 }, () => {
        const loss = run(randn([6, 4]), labels).item() as number;
        scheduler.step();
        return loss;
      });
      if ("programs" in run) expect(run.programs).toBe(1);
      return values;
    });
    // The same arithmetic, fused otherwise: float32 over twelve steps.
    losses[0]?.forEach((value, i) => {
      expect(Math.abs(value - (losses[1]?.[i] as number))).toBeLessThan(2e-4 * Math.max(1, value));
    });
  });

  test("given gradients accumulated over two half batches, the step is that of the whole batch", () => {
    const [x, y] = [randn([6, 4]), tensor(Int32Array.of(0, 1, 2, 1, 0, 2))];
    const criterion = new nn.CrossEntropyLoss();
    const weights = [1, 2].map((parts) => {
      manualSeed(3);
      const model = new nn.Linear(4, 3);
      const optimizer = new optim.Adam(model.parameters(), { lr: 0.1 });
      for (let i = 0; i < parts; i++) {
        const [from, size] = [(i * 6) / parts, 6 / parts];
        criterion(model(x.narrow(0, from, size)), y.narrow(0, from, size))
          .div(parts)
          .backward();
      }
      optimizer.step();
      return Array.from(model.weight.toTypedArray(), Number);
    });
    weights[0]?.forEach((value, i) => {
      expect(value).toBeCloseTo(weights[1]?.[i] as number, 5);
    });
  });

  test("given eval() between two calls, a compiled function follows the mode", () => {
    manualSeed(0);
    const drop = new nn.Dropout(0.5);
    const run = compile((x: Tensor) => drop(x));
    const x = tensor([1, 1, 1, 1, 1, 1, 1, 1]);
    expect(run(x).toArray()).not.toEqual(x.toArray());
    drop.eval();
    expect(run(x).toArray()).toEqual(x.toArray());
    drop.train();
    expect(run(x).toArray()).not.toEqual(x.toArray());
    expect(run.programs).toBe(2);
  });
});

describe("a step that fails", () => {
  const bad = () => noGrad(() => labels.add(7)); // lazy: out of range only once it is computed

  test.each<[string, (step: (x: Tensor, y: Tensor) => Tensor) => (x: Tensor, y: Tensor) => Tensor]>([
    ["plain", (step) => step],
    ["compiled", compile],
  ])("given a label beyond the classes in a %s step, it throws and all state stays", (_, wrap) => {
    const { model, optimizer, step } = setup((p) => new optim.Adam(p));
    const run = wrap(step);
    const x = randn([6, 4]);
    run(x, labels);
    const read = () =>
      JSON.stringify(Object.values(model.stateDict()).map((t) => Array.from(t.toTypedArray(), Number)));
    const before = read();
    expect(() => run(x, bad())).toThrow(IndexError);
    expect(read()).toBe(before);
    expect(Object.values(optimizer.stateDict().state).map((s) => s.step)).toEqual([1, 1, 1, 1, 1, 1]);
    expect(run(x, labels).item()).toBeTypeOf("number");
  });
});

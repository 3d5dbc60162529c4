// When values are computed, what stays readable, and that nothing grows from step to step.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import {
  enableGrad,
  keep,
  matmul,
  noGrad,
  ones,
  profile,
  programCacheStats,
  rand,
  randint,
  relu,
  sync,
  type Tensor,
  targetName,
  tensor,
  zeros,
} from "../../src/index.js";
import { crossEntropy } from "../../src/nn/functional.js";
import * as nn from "../../src/nn/index.js";
import * as optim from "../../src/optim/index.js";
import { enterModule, leaveModule } from "../../src/tensor/index.js";

const isCompiled = targetName() !== "reference";

/** A hand-written layer that counts as a module. */
function inModule<T>(fn: () => T): T {
  enterModule();
  try {
    return fn();
  } finally {
    leaveModule();
  }
}

/** One step of plain gradient descent, ended as an optimizer ends it. */
function descend(params: readonly Tensor[], rate = 0.5): void {
  noGrad(() => {
    for (const p of params) p.sub_((p.grad as Tensor).mul(rate));
  });
  sync();
  for (const p of params) p.grad = null;
}

describe("after a step", () => {
  test("given user-level values, all of them can still be read as they were", () => {
    const w = ones([2, 2], { requiresGrad: true });
    const hidden = matmul(tensor([[1, 2]]), w);
    const loss = hidden.square().sum();
    loss.backward();
    descend([w]);
    expect(hidden.toArray()).toEqual([[3, 3]]);
    expect(loss.item()).toBe(18);
    expect(w.toArray()).toEqual([
      [-2, -2],
      [-5, -5],
    ]);
  });

  test("given reads after the step, they compile and run nothing more", () => {
    const w = ones([3], { requiresGrad: true });
    const loss = w.mul(2).sum();
    loss.backward();
    descend([w]);
    const before = programCacheStats();
    expect(loss.item()).toBe(6);
    expect(programCacheStats()).toEqual(before);
  });

  test("given loss.item() before backward(), the forward pass is not computed again", () => {
    const w = rand([4, 4], { requiresGrad: true });
    const x = rand(2, 4);
    const step = (readEarly: boolean): number[] => {
      const y = inModule(() => relu(matmul(relu(matmul(x, w)), w)));
      const loss = y.exp().sum();
      if (readEarly) loss.item();
      loss.backward();
      const gradient = (w.grad as Tensor).toArray() as number[][];
      w.grad = null;
      return gradient.flat();
    };
    const [late, early] = [step(false), step(true)];
    for (const [i, value] of late.entries()) expect(early[i]).toBeCloseTo(value, 3);
  });

  test("given a value inside a module that is read later, it is computed again while its inputs are unchanged", () => {
    let inner: Tensor | null = null;
    const w = ones([2], { requiresGrad: true });
    inModule(() => {
      inner = w.mul(3);
      return inner.sum();
    }).backward();
    sync();
    expect((inner as unknown as Tensor).toArray()).toEqual([3, 3]);
  });

  test("given its inputs were changed in place, the error names the operation, the tensor and keep()", () => {
    let inner: Tensor | null = null;
    let kept: Tensor | null = null;
    const w = tensor([1, 1], { requiresGrad: true });
    inModule(() => {
      inner = w.mul(3);
      kept = keep(w.mul(4));
      return inner.add(kept).sum();
    }).backward();
    descend([w]);
    expect(() => (inner as unknown as Tensor).toArray()).toThrow(
      "mul: the value (shape [2]) was not stored and cannot be computed again, since a float32 tensor of shape [2] that it depends on was changed in place; read it before that, or keep(tensor) it where it is made",
    );
    expect((kept as unknown as Tensor).toArray()).toEqual([4, 4]);
  });
});

test("given a value inside a layer of a model that was changed since, the error names the layer's place in the model", () => {
  class Net extends nn.Module {
    body = new nn.Sequential(new nn.Linear(2, 2), new nn.ReLU());
    hidden: Tensor[] = [];
    forward(x: Tensor): Tensor {
      const h = this.body(x);
      this.hidden.push(h);
      return h.sum();
    }
  }
  const model = new Net();
  for (const p of model.parameters()) p.toArray();
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 });
  model(ones(1, 2)).backward();
  optimizer.step();
  expect(() => model.hidden[0]?.toArray()).toThrow(/where in Net\.body\.1: the value \(shape \[1,2\]\) was not stored/);
});

test.runIf(isCompiled)(
  "given a backward pass through the steps of a sequence, stores the gradients and no sums on the way",
  () => {
    const model = new nn.LSTM(3, 3);
    const x = ones([6, 2, 3]);
    const run = () => {
      const [output, [h, c]] = model(x);
      output.sum().add(h.sum()).add(c.sum()).backward();
      sync();
    };
    model.parameters().map((p) => p.toTypedArray());

    const { runs } = profile(run);

    const written = runs.flatMap(({ program }) => program.bindings.filter((binding) => binding.written));
    // output, h, c and what was made of them at user level; gradients of two weights, and one for both biases.
    expect(written.length).toBe(3 + 5 + 3);
  },
);

describe("a step that fails", () => {
  test("given a class index out of range that no host check sees, parameters and gradients keep their values", () => {
    const w = ones([3, 3], { requiresGrad: true });
    w.toArray();
    const labels = randint(3, [2]).mul(0).add(7);
    const loss = crossEntropy(matmul(ones(2, 3), w), labels);
    loss.backward();
    expect(() => descend([w])).toThrow("7");
    expect(w.toArray()).toEqual([
      [1, 1, 1],
      [1, 1, 1],
      [1, 1, 1],
    ]);
    expect(ones(2).add(1).toArray()).toEqual([2, 2]);
  });

  test("given labels from the host, the error comes at the call", () => {
    expect(() => crossEntropy(zeros(2, 3), tensor([0, 3], { dtype: "int64" }))).toThrow(
      "crossEntropy: class index 3 is out of range [0, 2]",
    );
  });
});

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Bytes held after garbage was collected. */
function heap(): number {
  for (let i = 0; i < 4; i++) collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

describe("loops", () => {
  test("given a running total of losses, its graph does not grow", () => {
    const w = ones([2], { requiresGrad: true });
    let total: Tensor = tensor(0);
    const compiles: number[] = [];
    for (let i = 0; i < 6; i++) {
      const loss = w.square().sum();
      loss.backward();
      total = total.add(loss);
      descend([w], 0.25);
      compiles.push(programCacheStats().compiles);
    }
    expect(compiles[5]).toBe(compiles[2]);
    expect(total.item()).toBeCloseTo(2 * (1 + 1 / 4 + 1 / 16 + 1 / 64 + 1 / 256 + 1 / 1024), 5);
  });

  test("given evaluations under noGrad that are only kept, the pending graph is run in equal pieces", () => {
    const w = ones([4, 4]);
    const outputs: Tensor[] = [];
    noGrad(() => {
      for (let i = 0; i < 300; i++) outputs.push(inModule(() => keep(relu(matmul(ones(1, 4).mul(i), w)))));
    });
    const before = programCacheStats().compiles;
    noGrad(() => {
      for (let i = 0; i < 300; i++) outputs.push(inModule(() => keep(relu(matmul(ones(1, 4).mul(i), w)))));
    });
    expect(programCacheStats().compiles - before).toBeLessThanOrEqual(1);
    expect(outputs[7]?.toArray()).toEqual([[28, 28, 28, 28]]);
    expect(outputs[599]?.toArray()).toEqual([[1196, 1196, 1196, 1196]]);
  });

  test.runIf(isCompiled)("given a new model and optimizer, its first step and all later ones are one program", () => {
    const model = new nn.Sequential(
      new nn.Conv2d(1, 2, 3),
      new nn.BatchNorm2d(2),
      new nn.Flatten(),
      new nn.Linear(8, 3),
    );
    const optimizer = new optim.Adam(model.parameters());
    const step = () => {
      const loss = crossEntropy(model(rand(4, 1, 4, 4)), randint(3, [4]));
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
      return loss.item();
    };
    const before = programCacheStats().compiles;
    step();
    // The first values of the state, then the step.
    expect(programCacheStats().compiles - before).toBe(2);
    for (let i = 0; i < 20; i++) step();
    expect(programCacheStats().compiles - before).toBe(2);
  });

  test("given a parameter initialised by hand, what it was made of can still be read", () => {
    const values = ones(2, 2).mul(3);
    const weight = new nn.Parameter(values.add(1));
    const y = inModule(() => weight.sum());
    expect(y.item()).toBe(16);
    expect(values.toArray()).toEqual([
      [3, 3],
      [3, 3],
    ]);
    noGrad(() => weight.mul_(2));
    expect(weight.toArray()).toEqual([
      [8, 8],
      [8, 8],
    ]);
  });

  test("given a long hand-written loop without reads, its pieces are one program", () => {
    let y: Tensor = tensor([0]);
    for (let i = 0; i < 3000; i++) y = y.mul(0.5).add(1);
    const before = programCacheStats().compiles;
    for (let i = 0; i < 4000; i++) y = y.mul(0.5).add(1);
    expect(programCacheStats().compiles).toBe(before);
    expect(y.item()).toBeCloseTo(2, 6);
  }, 60_000);

  test.runIf(targetName().startsWith("wasm"))(
    "given 2,000 steps in a synchronous loop with kept losses, memory stays flat",
    () => {
      const w = ones([64, 64], { requiresGrad: true });
      const history: Tensor[] = [];
      const run = (steps: number) => {
        for (let i = 0; i < steps; i++) {
          const loss = enableGrad(() => matmul(w, w).mean());
          loss.backward();
          history.push(loss);
          descend([w], 0.01);
        }
      };
      run(200);
      const before = heap();
      run(2000);
      expect(heap() - before).toBeLessThan(8 << 20);
    },
    120_000,
  );
});

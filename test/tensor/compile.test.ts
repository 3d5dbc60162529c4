// compile(): one traced program a signature, replayed with the state of the moment; and each of its traps.

import { afterEach, describe, expect, test, vi } from "vitest";
import { platform } from "#platform";
import {
  compile,
  dropout,
  manualSeed,
  matmul,
  noGrad,
  ones,
  programCacheStats,
  rand,
  relu,
  setTarget,
  type Tensor,
  targetName,
  tensor,
  zeros,
} from "../../src/index.js";
import * as nn from "../../src/nn/index.js";
import * as optim from "../../src/optim/index.js";
import { guarded, hostEffect } from "../../src/tensor/index.js";

afterEach(() => {
  vi.restoreAllMocks();
});

interface Network {
  readonly model: nn.Sequential;
  readonly optimizer: optim.Adam;
  step(x: Tensor, y: Tensor): Tensor;
}

/** A small network with dropout, and the usual step. */
function network(seed = 1): Network {
  manualSeed(seed);
  const model = new nn.Sequential(new nn.Linear(4, 8), new nn.ReLU(), new nn.Dropout(0.2), new nn.Linear(8, 3));
  const optimizer = new optim.Adam(model.parameters(), { lr: 0.05 });
  const criterion = new nn.CrossEntropyLoss();
  const step = (x: Tensor, y: Tensor) => {
    const loss = criterion(model(x), y);
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    return loss;
  };
  return { model, optimizer, step };
}

const batch = (n = 6) => [rand(n, 4), tensor(Array.from({ length: n }, (_, i) => i % 3)).to("int64")] as const;

describe("a compiled training step", () => {
  test("given the same seed, changing rates and dropout, gives the plain loop's losses and parameters", () => {
    const run = (isCompiled: boolean) => {
      const { model, optimizer, step } = network();
      const call = isCompiled ? compile(step) : step;
      const losses: number[] = [];
      for (let i = 0; i < 6; i++) {
        for (const group of optimizer.paramGroups) group.lr = 0.05 / (i + 1);
        losses.push(call(...batch()).item());
      }
      return [...losses, ...model.parameters().flatMap((p) => (p.toArray() as number[]).flat())];
    };
    const [plain, compiled] = [run(false), run(true)];
    for (const [i, value] of plain.entries()) expect(compiled[i]).toBeCloseTo(value, 4);
  });

  test("given many steps, compiles nothing after the second", () => {
    const { step } = network();
    const compiled = compile(step);
    const data = batch();
    compiled(...data);
    compiled(...data);
    const { compiles } = programCacheStats();
    for (let i = 0; i < 50; i++) compiled(...data);
    expect(programCacheStats().compiles).toBe(compiles);
    expect(compiled.programs).toBeLessThanOrEqual(2);
  });

  test("given plain steps between compiled ones, both go on from the same state", () => {
    const a = network();
    const b = network();
    const compiled = compile(a.step);
    const data = batch();
    for (let i = 0; i < 3; i++) {
      manualSeed(i);
      compiled(...data);
      manualSeed(i + 10);
      const mixed = a.step(...data).item();
      manualSeed(i);
      b.step(...data);
      manualSeed(i + 10);
      expect(b.step(...data).item()).toBeCloseTo(mixed, 4);
    }
  });

  test("given a failing batch, parameters, moments, counts and gradients stay as they were", () => {
    const { model, optimizer, step } = network();
    const compiled = compile(step);
    const [x, y] = batch();
    compiled(x, y);
    const state = () => JSON.stringify([model.parameters().map((p) => p.toArray()), optimizer.stateDict()]);
    const before = state();
    expect(() => compiled(x, y.add(7))).toThrow(/out of range/);
    expect(state()).toBe(before);
    expect(compiled(x, y).item()).toBeLessThan(2);
  });
});

describe("state and outputs", () => {
  test("given a tensor from outside, its value is read at each call", () => {
    const w = tensor([1, 2]);
    const double = compile((x: Tensor) => x.mul(w));
    expect(double(tensor([1, 1])).toArray()).toEqual([1, 2]);
    w.fill_(5);
    expect(double(tensor([1, 1])).toArray()).toEqual([5, 5]);
  });

  test("given an in-place write to it, the tensor and its views change at each call", () => {
    const count = zeros(2);
    const view = count.at(1);
    const tick = compile(() => {
      count.add_(1);
    });
    for (let i = 0; i < 3; i++) tick();
    expect(count.toArray()).toEqual([3, 3]);
    expect(view.item()).toBe(3);
  });

  test("given an old result computed from the state, it keeps its value", () => {
    const count = zeros(1);
    const tick = compile(() => count.add_(1).mul(1));
    const results = [tick(), tick(), tick()];
    expect(results.map((r) => r.item())).toEqual([1, 2, 3]);
  });

  test("given gradients left at the end, they are outputs, fresh at each call", () => {
    const w = ones([2], { requiresGrad: true });
    const backward = compile((x: Tensor) => {
      w.grad = null;
      w.mul(x).sum().backward();
    });
    backward(tensor([1, 2]));
    const first = w.grad as Tensor;
    backward(tensor([3, 4]));
    expect(first.toArray()).toEqual([1, 2]);
    expect(w.grad?.toArray()).toEqual([3, 4]);
  });

  test("given gradients that are not reset, they add up as in the plain loop", () => {
    const w = ones([1], { requiresGrad: true });
    const backward = compile(() => w.mul(2).sum().backward());
    const seen = [1, 2, 3, 4].map(() => {
      backward();
      return w.grad?.item();
    });
    expect(seen).toEqual([2, 4, 6, 8]);
  });

  test("given trees of arguments and results, gives them back in the same form", () => {
    const f = compile(({ a, list }: { a: Tensor; list: Tensor[] }, scale: number) => ({
      sum: a.add(list[0] as Tensor),
      parts: list.map((x) => x.mul(scale)),
      label: "done",
    }));
    const result = f({ a: tensor([1]), list: [tensor([2]), tensor([3])] }, 10);
    expect(result.sum.toArray()).toEqual([3]);
    expect(result.parts.map((x) => x.item())).toEqual([20, 30]);
    expect(result.label).toBe("done");
    expect(f({ a: tensor([1]), list: [tensor([2]), tensor([3])] }, 2).parts[1]?.item()).toBe(6);
    expect(f.programs).toBe(2);
  });

  test("given the same tensor as two arguments, or as argument and state, values do not mix", () => {
    const state = tensor([1, 1]);
    const f = compile((a: Tensor, b: Tensor) => {
      state.add_(a);
      return a.mul(b);
    });
    f(tensor([1, 1]), tensor([2, 2]));
    expect(f(state, state).toArray()).toEqual([4, 4]);
    expect(state.toArray()).toEqual([4, 4]);
  });

  test("given random numbers inside, each call continues the generator's stream", () => {
    const mask = compile((x: Tensor) => dropout(x, 0.5));
    manualSeed(3);
    const plain = [dropout(ones(32), 0.5), dropout(ones(32), 0.5)].map((y) => y.toArray());
    manualSeed(3);
    expect([mask(ones(32)).toArray(), mask(ones(32)).toArray()]).toEqual(plain);
  });

  test("given views as arguments, reads them in their own order", () => {
    const f = compile((x: Tensor) => x.mul(2));
    const x = tensor([
      [1, 2],
      [3, 4],
    ]);
    expect(f(x).toArray()).toEqual([
      [2, 4],
      [6, 8],
    ]);
    expect(f(x.t()).toArray()).toEqual([
      [2, 6],
      [4, 8],
    ]);
    expect(f.programs).toBe(1);
  });

  test("given a compiled function inside another, it is a part of that one's program", () => {
    const inner = compile((x: Tensor) => x.add(1));
    const outer = compile((x: Tensor) => inner(x).mul(2));
    expect(outer(tensor([1])).item()).toBe(4);
    expect(inner.programs).toBe(0);
  });
});

describe("traps", () => {
  test("given an async function or a promise, throws", async () => {
    expect(() => compile((async () => {}) as never)).toThrow("async functions cannot be compiled");
    const f = compile((() => Promise.resolve(1)) as never as () => number);
    expect(() => f()).toThrow("the function returned a promise; only synchronous functions can be compiled");
  });

  test("given a read inside, throws with the remedy, and the state is as before", () => {
    const w = ones([2]);
    const f = compile((x: Tensor) => {
      w.add_(1);
      return x.item();
    });
    expect(() => f(tensor([1]))).toThrow(
      "item: values cannot be read inside compile() or vmap(); return the tensor and read it outside",
    );
    expect(w.toArray()).toEqual([1, 1]);
    expect(String(w.add(1))).toBe("tensor([2., 2.])");
  });

  test("given a tensor that leaks out, using it throws", () => {
    let leaked: Tensor | null = null;
    const f = compile((x: Tensor) => {
      leaked = x.mul(2);
      return leaked.add(1);
    });
    f(tensor([1]));
    expect(() => (leaked as unknown as Tensor).item()).toThrow("was made inside a compiled function and not returned");
  });

  test("given a tensor with history from outside, throws", () => {
    const h = ones([2], { requiresGrad: true }).mul(2);
    expect(() => compile(() => h.sum())()).toThrow("has a gradient history, which a compiled function cannot follow");
  });

  test("given an argument that requires grad, or that is written in place, throws", () => {
    expect(() => compile((x: Tensor) => x.mul(2))(ones([1], { requiresGrad: true }))).toThrow(
      "argument 0 requires grad",
    );
    const x = ones(1);
    expect(() => compile((y: Tensor) => y.add_(1))(x)).toThrow("writes its tensor argument 0 in place");
    expect(x.item()).toBe(1);
  });

  test("given another first size, says once that it is a second program", () => {
    const warn = vi.spyOn(platform, "warn").mockImplementation(() => {});
    const f = compile((x: Tensor) => x.mul(2));
    for (const n of [4, 4, 3, 2]) f(ones(n, 2));
    expect(f.programs).toBe(3);
    expect(warn.mock.calls).toEqual([
      [
        "compile: arguments of shape [3,2] instead of [4,2] (a smaller last batch?) are a second program; dropLast: true in the loader avoids it",
      ],
    ]);
  });

  test("given 20 signatures, keeps 16 programs", () => {
    const f = compile((x: Tensor, n: number) => x.mul(n));
    for (let n = 0; n < 20; n++) expect(f(ones(1), n).item()).toBe(n);
    expect(f.programs).toBe(16);
    expect(f(ones(1), 0).item()).toBe(0);
    f.reset();
    expect(f.programs).toBe(0);
  });

  test("given JavaScript state: a counter runs in the trace only, hostEffect at each call, a guarded flag is seen", () => {
    const counts = { plain: 0, effect: 0 };
    let flag = true;
    const f = compile((x: Tensor) => {
      counts.plain++;
      hostEffect(() => {
        counts.effect++;
      });
      return guarded(() => flag) ? x.mul(2) : x.mul(3);
    });
    expect([1, 2, 3].map((v) => f(tensor([v])).item())).toEqual([2, 4, 6]);
    expect(counts).toEqual({ plain: 1, effect: 3 });
    flag = false;
    expect(f(tensor([1])).item()).toBe(3);
    flag = true;
    expect(f(tensor([1])).item()).toBe(2);
    expect(f.programs).toBe(2);
  });

  test("given model.eval() between calls, the function is traced anew", () => {
    const model = new nn.Dropout(1);
    const f = compile((x: Tensor) => model(x));
    expect(f(ones(2)).toArray()).toEqual([0, 0]);
    model.eval();
    expect(f(ones(2)).toArray()).toEqual([1, 1]);
  });

  test("given a frozen parameter, the function is traced anew", () => {
    const w = ones([1], { requiresGrad: true });
    const f = compile(() => {
      w.grad = null;
      if (w.requiresGrad) w.mul(3).sum().backward();
    });
    f();
    expect(w.grad?.item()).toBe(3);
    w.grad = null;
    w.requiresGrad = false;
    f();
    expect(w.grad).toBeNull();
  });

  test("given noGrad around the call, that is another program", () => {
    const w = ones([1], { requiresGrad: true });
    const f = compile(() => (w.mul(2).requiresGrad ? ones(1) : zeros(1)));
    expect([f().item(), noGrad(() => f()).item()]).toEqual([1, 0]);
  });
});

test("given a 0-d tensor that began as a number and is written in place, replays go on from its last value", () => {
  const product = ones([]);
  const f = compile(() => {
    const next = product.mul(2);
    product.copy_(next);
    return next;
  });
  expect([f().item(), f().item(), f().item()]).toEqual([2, 4, 8]);
  expect(product.item()).toBe(8);
});

test("given the reference target, gives the same values", () => {
  const previous = setTarget("reference");
  try {
    const w = ones([2, 2]);
    const f = compile((x: Tensor) => {
      w.mul_(2);
      return relu(matmul(x, w));
    });
    expect(f(tensor([[1, -1]])).toArray()).toEqual([[0, 0]]);
    expect(f(tensor([[1, 1]])).toArray()).toEqual([[8, 8]]);
    expect(targetName()).toBe("reference");
  } finally {
    setTarget(previous);
  }
});

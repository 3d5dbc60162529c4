// Methods that PyTorch has on tensors alone: tensors of the same dtype, sizes in bytes, hooks of accumulated gradients, detach_.
import { AutogradError, Generator, ones, randn, type Tensor, tensor, zeros } from "gradus";
import * as nn from "gradus/nn";
import * as optim from "gradus/optim";
import { describe, expect, test } from "vitest";

describe("tensors like another one", () => {
  const x = zeros([2, 3], { dtype: "float64", requiresGrad: true });

  test("given sizes one by one or in an array, they have them and the dtype", () => {
    for (const made of [x.newZeros(4, 5), x.newOnes([4, 5]), x.newEmpty([4, 5]), x.newFull([4, 5], 7)]) {
      expect([made.shape, made.dtype, made.requiresGrad]).toEqual([[4, 5], "float64", false]);
    }
    expect(x.newOnes(2).toArray()).toEqual([1, 1]);
    expect(x.newFull(2, 7).toArray()).toEqual([7, 7]);
    expect(x.newZeros([]).item()).toBe(0);
  });

  test("given options, these go first; given values, newTensor copies them", () => {
    expect(x.newZeros([2], { dtype: "int64", requiresGrad: false }).dtype).toBe("int64");
    const made = x.newTensor([[1, 2]], { requiresGrad: true });
    expect([made.dtype, made.shape, made.requiresGrad]).toEqual(["float64", [1, 2], true]);
    expect(tensor([1, 2], { dtype: "int32" }).newTensor([3.7]).toArray()).toEqual([3]);
    expect(() => x.newZeros([2], { dtyp: "int64" } as never)).toThrow("newZeros: unknown option");
  });
});

describe("sizes in bytes", () => {
  test("given dtypes and views, itemsize and nbytes follow", () => {
    expect([ones(3).itemsize, ones(3).nbytes]).toEqual([4, 12]);
    expect([zeros([2, 5], { dtype: "bfloat16" }).itemsize, zeros([0], { dtype: "int64" }).nbytes]).toEqual([2, 0]);
    expect(ones(1).expand(5).nbytes).toBe(20);
  });
});

describe("functions as methods", () => {
  test("given one tensor, bernoulli, hardshrink, pinverse and matrixExp are there", () => {
    const p = tensor([0, 1, 1]);
    expect(p.bernoulli({ generator: new Generator({ seed: 1 }) }).toArray()).toEqual([0, 1, 1]);
    expect(tensor([-1, 0.2, 3]).hardshrink({ lambd: 0.5 }).toArray()).toEqual([-1, 0, 3]);
    expect(
      tensor([
        [2, 0],
        [0, 4],
      ])
        .pinverse()
        .toArray(),
    ).toEqual([
      [0.5, 0],
      [0, 0.25],
    ]); // prettier-ignore
    expect(zeros([1, 1]).matrixExp().toArray()).toEqual([[1]]);
  });

  test("given logNormal_, the logarithms are normal", () => {
    const logs = zeros(20_000)
      .logNormal_(1, 0.5, { generator: new Generator({ seed: 2 }) })
      .log();
    expect(Math.abs(logs.mean().item() - 1)).toBeLessThan((5 * 0.5) / Math.sqrt(20_000));
    expect(Math.abs(logs.std().item() - 0.5)).toBeLessThan((5 * 0.5) / Math.sqrt(40_000));
    expect(() => zeros(1).logNormal_(0, -1)).toThrow("logNormal_: std must be > 0, got -1");
  });
});

describe("detach_", () => {
  test("given an inner tensor, it becomes a leaf without history; what was made before keeps its own", () => {
    const x = ones(2).requiresGrad_();
    const y = x.mul(3);
    const z = y.mul(2);
    expect(y.detach_()).toBe(y);
    expect([y.requiresGrad, y.isLeaf, y.gradFn]).toEqual([false, true, null]);
    expect(y.mul(2).requiresGrad).toBe(false);
    z.sum().backward();
    expect(x.grad?.toArray()).toEqual([6, 6]);
    expect(y.toArray()).toEqual([3, 3]);
  });

  test("given a leaf, it stops requiring grad; given a view, throws", () => {
    expect(ones(2).requiresGrad_().detach_().requiresGrad).toBe(false);
    expect(() => ones(2).requiresGrad_().mul(2).view(2).detach_()).toThrow(
      "detach_: a view has its base's history; use detach(), which gives a new tensor",
    );
  });

  test("given a state carried from step to step, each step's graph ends there", () => {
    const w = ones(1).requiresGrad_();
    let state: Tensor = zeros(1);
    for (let step = 0; step < 3; step++) {
      state.detach_();
      state = state.mul(w).add(1);
      w.grad = null;
      state.sum().backward();
    }
    expect([state.item(), w.grad?.item()]).toEqual([3, 2]);
  });
});

describe("gradients that were kept", () => {
  test("given retainGrad, retainsGrad says so for inner tensors only", () => {
    const x = ones(2).requiresGrad_();
    const y = x.mul(2);
    expect([x.retainsGrad, y.retainsGrad]).toEqual([false, false]);
    y.retainGrad();
    x.requiresGrad_();
    expect([x.retainsGrad, y.retainsGrad]).toEqual([false, true]);
  });

  test("given hooks of accumulated gradients, each leaf is handed over once a backward, with its sum", () => {
    const [a, b] = [ones(2).requiresGrad_(), ones(2).requiresGrad_()];
    const seen: [string, unknown][] = [];
    const handle = a.registerPostAccumulateGradHook((leaf) => void seen.push(["a", leaf.grad?.toArray()]));
    b.registerPostAccumulateGradHook((leaf) => void seen.push(["b", leaf === b]));
    a.mul(b).add(a).sum().backward();
    expect(seen.sort()).toEqual([
      ["a", [2, 2]],
      ["b", true],
    ]);
    a.sum().backward();
    handle.remove();
    a.sum().backward();
    expect(seen.length).toBe(3);
    expect(() => a.mul(2).registerPostAccumulateGradHook(() => {})).toThrow(AutogradError);
    expect(() => ones(1).registerPostAccumulateGradHook(() => {})).toThrow("the tensor does not require grad");
  });

  test("given optimizers that step in hooks, parameters move as by one step after backward", () => {
    const train = (inHooks: boolean): number[] => {
      const layer = new nn.Linear(3, 2);
      nn.init.constant_(layer.weight, 0.5);
      nn.init.constant_(layer.bias as Tensor, 0.1);
      const optimizers = layer.parameters().map((p) => new optim.Adam([p], { lr: 0.1 }));
      const step = (one: optim.Adam) => {
        one.step();
        one.zeroGrad();
      };
      if (inHooks) {
        layer
          .parameters()
          .forEach((p, i) => void p.registerPostAccumulateGradHook(() => step(optimizers[i] as optim.Adam)));
      }
      const x = randn([4, 3], { generator: new Generator({ seed: 1 }) });
      for (let k = 0; k < 3; k++) {
        layer(x).square().mean().backward();
        if (!inHooks) optimizers.forEach(step);
      }
      return layer.weight.flatten().toArray() as number[];
    };
    expect(train(true)).toEqual(train(false));
  });
});

// Functions with gradients of their own, and checkpoints.

import * as gradus from "gradus";
import {
  applyFunction,
  checkpoint,
  detectAnomaly,
  dropout,
  grad,
  gradcheck,
  gradgradcheck,
  manualSeed,
  randn,
  type Tensor,
  tensor,
} from "gradus";
import * as nn from "gradus/nn";
import { describe, expect, test } from "vitest";

const cube = (x: Tensor): Tensor =>
  applyFunction(
    {
      name: "cube",
      forward: (context, y: Tensor) => {
        context.saveForBackward(y);
        return y.pow(3);
      },
      backward: (context, g) => (context.savedTensors[0] as Tensor).square().mul(3).mul(g),
    },
    x,
  );

describe("applyFunction", () => {
  test("given the right rule, passes gradcheck and gradgradcheck", () => {
    const x = randn([4], { dtype: "float64", requiresGrad: true });
    expect(gradcheck(cube, x)).toBe(true);
    expect(gradgradcheck(cube, x)).toBe(true);
  });

  test("given another rule than the true one, that is the gradient, also when the value was read before", () => {
    const x = tensor([1, -2], { requiresGrad: true });
    const y = applyFunction({ forward: (_, a: Tensor) => a.sign(), backward: (_, g) => g.mul(10) }, x);
    expect(y.toArray()).toEqual([1, -1]);
    y.sum().backward();
    expect(x.grad?.toArray()).toEqual([10, 10]);
  });

  test("given several results and an argument that is no tensor, backward gets a gradient for each result", () => {
    const x = tensor([1, 2], { requiresGrad: true });
    const [a, b] = applyFunction(
      {
        forward: (context, y: Tensor, factor: number) => {
          context.attributes.factor = factor;
          return [y.mul(factor), y.sum()];
        },
        backward: (context, da, db) => [da.mul(context.attributes.factor as number).add(db), null],
      },
      x,
      3,
    ) as [Tensor, Tensor];
    a.sum().add(b.mul(5)).backward();
    expect(x.grad?.toArray()).toEqual([8, 8]);
  });

  test("given a gradient of another shape, throws naming both", () => {
    const x = tensor([1, 2], { requiresGrad: true });
    const y = applyFunction({ name: "bad", forward: (_, a: Tensor) => a.mul(2), backward: (_, g) => g.sum() }, x);
    expect(() => y.sum().backward()).toThrow("bad: backward gave a gradient of shape [] for an argument of shape [2]");
  });
});

describe("checkpoint", () => {
  test("given a module with dropout, gives the same loss and gradients as without", () => {
    const net = new nn.Sequential(new nn.Linear(3, 8), new nn.Tanh(), new nn.Linear(8, 2));
    const f = (x: Tensor) => dropout(net(x), 0.5);
    const run = (forward: (x: Tensor) => Tensor) => {
      manualSeed(3);
      const x = gradus.arange(12, { dtype: "float32" }).reshape(4, 3).div(10).detach().requiresGrad_();
      net.zeroGrad();
      const loss = forward(x).square().sum();
      loss.backward();
      const grads = [x, ...net.parameters()].map((p) => p.grad?.toArray());
      return { loss: loss.item(), grads };
    };
    expect(run((x) => checkpoint(f, x))).toEqual(run(f));
  });

  test("given float64 functions, passes gradcheck", () => {
    const x = randn([3], { dtype: "float64", requiresGrad: true });
    expect(gradcheck((y) => checkpoint((z: Tensor) => z.sin().exp(), y), x)).toBe(true);
  });

  test("given tensors from outside, one made of another and of the argument, gradients count no way twice", () => {
    const x = randn([3], { dtype: "float64", requiresGrad: true });
    const f = (y: Tensor) => {
      const a = y.mul(1.5);
      const b = a.square();
      return checkpoint((z: Tensor) => a.mul(b).mul(z).mul(y), y);
    };
    expect(gradcheck(f, x)).toBe(true);
    expect(gradgradcheck(f, x)).toBe(true);
  });
});

describe("detectAnomaly", () => {
  test("given a rule that makes NaN, names the operation and the line of the forward call", () => {
    const x = tensor([0], { requiresGrad: true });
    const run = () =>
      detectAnomaly(() => {
        const y = x.sqrt().mul(0);
        y.sum().backward();
      });
    expect(run).toThrow(/^backward: the gradient of div .*|^backward: the gradient of sqrt .*/);
    expect(run).toThrow(/custom\.test\.ts/);
  });

  test("given a NaN gradient that comes from outside the scope's forward, says how to see the line", () => {
    const x = tensor([0], { requiresGrad: true });
    const y = x.sqrt().mul(0).sum();
    expect(() => detectAnomaly(() => y.backward())).toThrow(
      "run the forward pass inside detectAnomaly() to see its line",
    );
  });

  test("given grad() of plain tensors, is not needed", () => {
    const x = tensor([4], { requiresGrad: true });
    expect(grad(x.sqrt().sum(), x)[0]?.item()).toBe(0.25);
  });
});

// Loss scaling and half parameters: trajectories are PyTorch's (test/fixtures/grad-scaler.py).
import { readFileSync } from "node:fs";
import { autocast, compile, ones, setTarget, type Tensor, tensor } from "gradus";
import * as nn from "gradus/nn";
import * as optim from "gradus/optim";
import { beforeAll, describe, expect, test } from "vitest";
import { makeOptim } from "../conformance/api.js";
import { forEachTarget } from "../conformance/targets.js";

interface Row {
  readonly w: readonly number[];
  readonly scale: number;
  readonly tracker: number;
}
interface Trajectory<R> {
  readonly name: string;
  readonly options: Readonly<Record<string, number>>;
  readonly rows: readonly R[];
}
const fixture: { bad: number[]; scaled: Trajectory<Row>[]; bfloat16: Trajectory<number[]>[] } = JSON.parse(
  readFileSync(new URL("../fixtures/grad-scaler.json", import.meta.url), "utf8"),
);

function makeOptimizer({ name, options }: Trajectory<unknown>, w: Tensor): optim.Optimizer {
  const camel = Object.entries(options).map(([key, value]) => [
    key.replace(/_([a-z])/g, (_, c) => c.toUpperCase()),
    value,
  ]);
  return makeOptim(name, [[w], Object.fromEntries(camel)]) as optim.Optimizer;
}

function inputs(t: number, isBad: boolean): Tensor {
  const x = [0.5, -1, 1.5, 2].map((value) => value * (1 + t / 8));
  if (isBad) x[1] = Infinity;
  return tensor(x);
}

const start = [1, -0.5, 0.25, 2];

function expectClose(actual: readonly number[], expected: readonly number[], relative: number): void {
  expected.forEach((value, i) => {
    expect(Math.abs((actual[i] as number) - value)).toBeLessThanOrEqual(relative * Math.max(1, Math.abs(value)));
  });
}

forEachTarget(() => {
  test.each(fixture.scaled)("$name: given steps with infinite gradients, leaves them out as PyTorch does", (item) => {
    const w = tensor(start, { requiresGrad: true });
    const optimizer = makeOptimizer(item, w);
    const scaler = new optim.GradScaler({ initScale: 1024, growthInterval: 3 });
    item.rows.forEach((row, t) => {
      optimizer.zeroGrad();
      scaler
        .scale(
          w
            .mul(inputs(t, fixture.bad.includes(t)))
            .square()
            .sum(),
        )
        .backward();
      if (t % 2) scaler.unscale_(optimizer);
      scaler.step(optimizer);
      scaler.update();
      expectClose(w.toArray() as number[], row.w, 4e-6); // some ten float32 roundings
      expect([scaler.getScale(), scaler.stateDict().growthTracker]).toEqual([row.scale, row.tracker]);
    });
  });

  test.each(fixture.scaled)("$name: given a compiled step, leaves bad ones out as PyTorch does", (item) => {
    const w = tensor(start, { requiresGrad: true });
    const optimizer = makeOptimizer(item, w);
    const scaler = new optim.GradScaler({ initScale: 1024, growthInterval: 3 });
    const step = compile((x: Tensor) => {
      optimizer.zeroGrad();
      const loss = w.mul(x).square().sum();
      scaler.scale(loss).backward();
      scaler.step(optimizer);
      scaler.update();
      return loss;
    });
    item.rows.forEach((row, t) => {
      step(inputs(t, fixture.bad.includes(t)));
      expectClose(w.toArray() as number[], row.w, 4e-6);
      expect([scaler.getScale(), scaler.stateDict().growthTracker]).toEqual([row.scale, row.tracker]);
    });
    expect(step.programs).toBe(1);
  });

  test.each(fixture.bfloat16)("$name: given bfloat16 parameters, follows PyTorch's trajectory", (item) => {
    const w = tensor(start, { dtype: "bfloat16", requiresGrad: true });
    const optimizer = makeOptimizer(item, w);
    item.rows.forEach((row, t) => {
      optimizer.zeroGrad();
      w.mul(inputs(t, false).bfloat16()).square().sum().backward();
      optimizer.step();
      expect(w.dtype).toBe("bfloat16");
      expectClose(w.toArray() as number[], row, 3 * 2 ** -7); // states and parameters are rounded at each step
    });
  });
});

describe("GradScaler", () => {
  beforeAll(() => void setTarget("interpreter"));
  const made = () => {
    const w = ones(2, { requiresGrad: true });
    return { w, optimizer: new optim.SGD([w], { lr: 0.5 }), scaler: new optim.GradScaler() };
  };

  test("one program a step: the choice is part of the update", () => {
    const { w, optimizer, scaler } = made();
    scaler.scale(w.sum()).backward();
    scaler.step(optimizer);
    scaler.update();
    expect(w.toArray()).toEqual([0.5, 0.5]);
    expect(w.grad?.toArray()).toEqual([1, 1]);
  });

  test("half model: gradients of the scaled loss inside autocast are unscaled into float32 parameters", () => {
    const model = new nn.Linear(2, 1, { bias: false });
    const optimizer = new optim.SGD(model.parameters(), { lr: 1 });
    const scaler = new optim.GradScaler();
    const before = model.weight.toArray() as number[][];
    const loss = autocast({ dtype: "float16" }, () => model(tensor([[1, 2]])).sum());
    expect(loss.dtype).toBe("float16");
    scaler.scale(loss.float().mul(2 ** -20)).backward(); // 2^-4 on its way through float16
    scaler.step(optimizer);
    scaler.update();
    expect(scaler.getScale()).toBe(65536);
    const moved = (model.weight.toArray() as number[][])[0]?.map((value, i) => (before[0]?.[i] as number) - value);
    expect(moved?.[0]).toBeCloseTo(2 ** -20, 9);
  });

  test("given calls in the wrong order, says what is wrong", () => {
    const { w, optimizer, scaler } = made();
    expect(() => scaler.update()).toThrow(
      "GradScaler: update: no gradients were looked at; call step() or unscale_() first",
    );
    expect(() => scaler.step(optimizer)).toThrow("the optimizer's parameters have no gradients; call backward() first");
    scaler.scale(w.sum()).backward();
    scaler.unscale_(optimizer);
    expect(() => scaler.unscale_(optimizer)).toThrow("unscale_: has already been called on this optimizer");
    scaler.step(optimizer);
    expect(() => scaler.step(optimizer)).toThrow("step: has already been called since the last update()");
    expect(() => scaler.unscale_(optimizer)).toThrow("unscale_: is called after step(); call update() first");
  });

  test("given float16 gradients, LBFGS or a closure, refuses as PyTorch does", () => {
    const w = ones(2, { dtype: "float16", requiresGrad: true });
    const scaler = new optim.GradScaler();
    const optimizer = new optim.SGD([w], { lr: 0.5 });
    scaler.scale(w.sum()).backward();
    expect(() => scaler.step(optimizer)).toThrow("cannot unscale float16 gradients; keep the parameters in float32");
    const { w: v } = made();
    scaler.scale(v.sum()).backward();
    expect(() => scaler.step(new optim.LBFGS([v]))).toThrow("its step calls a closure several times");
    expect(() => scaler.step(new optim.LBFGS([v]), () => v.sum())).toThrow(
      "GradScaler: step: takes no closure while the scaler is enabled",
    );
    expect(() => new optim.GradScaler({ growthFactor: 1 })).toThrow("GradScaler: growthFactor must be > 1, got 1");
    expect(() => new optim.GradScaler({ backoffFactor: 1 })).toThrow("backoffFactor must be in (0, 1), got 1");
  });

  test("compiled: given unscale_ and clipping inside and update() outside, follows step by step", () => {
    const { w, optimizer } = made();
    const scaler = new optim.GradScaler({ initScale: 8, growthInterval: 2 });
    const step = compile((x: Tensor) => {
      optimizer.zeroGrad();
      scaler.scale(w.mul(x).sum()).backward();
      scaler.unscale_(optimizer);
      nn.utils.clipGradValue_([w], 1);
      scaler.step(optimizer);
    });

    step(tensor([4, 1]));
    expect(() => step(tensor([1, 1]))).toThrow("unscale_: is called after step(); call update() first");
    scaler.update();
    step(tensor([Number.NaN, 1]));
    scaler.update();
    step(tensor([1, 0.5]));
    scaler.update();

    expect(w.toArray()).toEqual([0, 0.25]);
    expect([scaler.getScale(), scaler.stateDict().growthTracker]).toEqual([4, 1]);
  });

  test("compiled: given a skipped step, counts of steps and moments stay, and rates go on from there", () => {
    const run = (isCompiled: boolean) => {
      const w = tensor(start, { requiresGrad: true });
      const optimizer = new optim.Adam([w], { lr: 0.1 });
      const scaler = new optim.GradScaler({ initScale: 4 });
      const plain = (x: Tensor) => {
        optimizer.zeroGrad();
        scaler.scale(w.mul(x).square().sum()).backward();
        scaler.step(optimizer);
        scaler.update();
      };
      const step = isCompiled ? compile(plain) : plain;
      for (let t = 0; t < 5; t++) step(inputs(t, t === 1 || t === 2));
      const state = optimizer.stateDict().state[0] as Record<string, number | Tensor>;
      return { w: w.toArray(), count: state.step, m: (state.expAvg as Tensor).toArray(), scale: scaler.getScale() };
    };

    expect(run(true)).toEqual(run(false));
    expect(run(true)).toMatchObject({ count: 3, scale: 1 });
  });

  test("compiled: given gradients unscaled outside, or two steps, says what is wrong; a step that fails leaves no trace", () => {
    const { w, optimizer, scaler } = made();
    scaler.scale(w.sum()).backward();
    scaler.unscale_(optimizer);
    expect(() => compile(() => scaler.step(optimizer))()).toThrow(
      "step: is compiled, but unscale_() was called outside; call both in the compiled function",
    );
    scaler.step(optimizer);
    scaler.update();
    const twice = compile(() => {
      scaler.scale(w.sum()).backward();
      scaler.step(optimizer);
      scaler.update();
      scaler.step(optimizer);
    });
    expect(() => twice()).toThrow("step: has already been called since the last update()");
    const before = [w.toArray(), scaler.stateDict(), optimizer.stateDict().state[0]?.step];
    const failing = compile((x: Tensor) => {
      optimizer.zeroGrad();
      scaler.scale(w.mul(tensor(Int32Array.of(6, 6)).floorDivide(x)).sum()).backward();
      scaler.step(optimizer);
      scaler.update();
    });
    expect(() => failing(tensor(Int32Array.of(1, 0)))).toThrow("integer division by zero");
    expect([w.toArray(), scaler.stateDict(), optimizer.stateDict().state[0]?.step]).toEqual(before);
    failing(tensor(Int32Array.of(6, 6)));
    expect(w.toArray()).toEqual((before[0] as number[]).map((value) => value - 0.5));
  });

  test("state: given what another scaler saved, goes on from there; not enabled, does nothing of its own", () => {
    const first = new optim.GradScaler({ initScale: 8, growthInterval: 5 });
    const second = new optim.GradScaler();
    second.loadStateDict(first.stateDict());
    expect(second.stateDict()).toEqual(first.stateDict());
    expect([second.getScale(), second.getGrowthInterval()]).toEqual([8, 5]);
    const off = new optim.GradScaler({ enabled: false });
    const { w, optimizer } = made();
    expect(off.scale(w)).toBe(w);
    w.sum().backward();
    off.step(optimizer);
    off.update();
    expect([w.toArray(), off.getScale(), off.stateDict()]).toEqual([[0.5, 0.5], 1, {}]);
    expect(() => second.loadStateDict({})).toThrow("the state is not that of an enabled GradScaler");
  });
});

// Values of options in camelCase and in PyTorch's spelling are the same.
import { ones, type Tensor, tensor } from "gradus";
import * as nn from "gradus/nn";
import * as optim from "gradus/optim";
import { expect, test } from "vitest";

function stepped(make: (weight: nn.Parameter) => optim.Muon): unknown {
  const weight = new nn.Parameter(ones([3, 2]));
  weight.grad = tensor([
    [1, 2],
    [3, 4],
    [5, 7],
  ]) as Tensor;
  make(weight).step();
  return weight.toArray();
}

test("given either spelling, Muon, CyclicLR and LBFGS do the same; unknown names are errors with the nearest", () => {
  expect(stepped((w) => new optim.Muon([w], { adjustLrFn: "matchRmsAdamw" }))).toEqual(
    stepped((w) => new optim.Muon([w], { adjustLrFn: "match_rms_adamw" })),
  );
  const weight = new nn.Parameter(ones([1]));
  const rates = (["expRange", "exp_range"] as const).map((mode) => {
    const sgd = new optim.SGD([weight], { lr: 0.1, momentum: 0.9 });
    const schedule = new optim.CyclicLR(sgd, 0.01, 0.2, { stepSizeUp: 5, mode, gamma: 0.9 });
    sgd.step();
    schedule.step();
    return sgd.paramGroups[0]!.lr;
  });
  expect(rates[0]).toBe(rates[1]);
  expect(rates[0]).toBeGreaterThan(0.01);
  new optim.LBFGS([weight], { lineSearchFn: "strongWolfe" });
  expect(() => new optim.LBFGS([weight], { lineSearchFn: "strongWolf" as "strongWolfe" })).toThrow(
    'LBFGS: unknown lineSearchFn "strongWolf"; did you mean "strongWolfe"?',
  );
});

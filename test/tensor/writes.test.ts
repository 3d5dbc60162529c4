// In-place writes through permuted views, and to values that a later backward() reads.
import { arange, noGrad, tensor, zeros } from "gradus";
import { describe, expect, it } from "vitest";

describe("writes through permuted views", () => {
  it("given three dims moved round, each element arrives at its place", () => {
    const base = zeros([2, 3, 4]);
    const view = base.permute(1, 2, 0);
    const values = arange(24, { dtype: "float32" }).reshape(3, 4, 2);

    view.copy_(values);

    expect(base.toArray()).toEqual(values.permute(2, 0, 1).toArray());
    expect(view.toArray()).toEqual(values.toArray());
  });
});

describe("values that backward() reads", () => {
  it("given an in-place write after the forward pass was computed, gradients come from the old values", () => {
    const weight = tensor([1, 2, 3], { requiresGrad: true });
    const factor = tensor([10, 20, 30]);
    const loss = weight.mul(factor).sum();

    expect(loss.item()).toBe(140);
    noGrad(() => factor.mul_(0));
    expect(factor.toArray()).toEqual([0, 0, 0]);
    loss.backward();

    expect(weight.grad?.toArray()).toEqual([10, 20, 30]);
  });
});

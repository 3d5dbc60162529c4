// Reading the gradient of a tensor that keeps none.
import { noGrad, randn } from "gradus";
import { expect, test, vi } from "vitest";

test("grad: given an inner tensor, it is null with one warning; leaves and those that retain it warn never", () => {
  const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  const x = randn([2], { requiresGrad: true });
  const [kept, inner] = [x.mul(2), x.mul(3)];
  kept.retainGrad();
  expect([x.grad, kept.grad, randn([2]).grad, noGrad(() => x.mul(2)).grad]).toEqual([null, null, null, null]);
  kept.add(inner).sum().backward();
  expect(kept.grad?.toArray()).toEqual([1, 1]);
  expect(write).not.toHaveBeenCalled();
  expect([inner.grad, inner.grad]).toEqual([null, null]);
  expect(write.mock.calls.map(([text]) => text)).toEqual([
    "grad: the tensor is no leaf, it comes from mul, so backward() keeps no gradient for it; call retainGrad() on it before, or read the grad of a leaf\n",
  ]);
  write.mockRestore();
});

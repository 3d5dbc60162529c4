// Handles, views and in-place forms: what PyTorch's memory model lets programs see.
import { describe, expect, test } from "vitest";
import { arange, noGrad, ones, type Tensor, tensor, zeros } from "../../src/index.js";

describe("views", () => {
  test("given a write through a view, base and overlapping views see it", () => {
    const x = zeros(2, 3);
    const row = x.at(1);
    const column = x.at(":", 2);
    row.fill_(5);
    expect(x.toArray()).toEqual([
      [0, 0, 0],
      [5, 5, 5],
    ]);
    expect(column.toArray()).toEqual([0, 5]);
    column.add_(tensor([1, 2]));
    expect(row.toArray()).toEqual([5, 5, 7]);
  });

  test("given a write to the base after it was read, an older view shows the new values", () => {
    const x = arange(6).view(2, 3);
    const t = x.t();
    expect(t.toArray()).toEqual([
      [0, 3],
      [1, 4],
      [2, 5],
    ]);
    x.mul_(10);
    expect(t.toArray()).toEqual([
      [0, 30],
      [10, 40],
      [20, 50],
    ]);
  });

  test("given a chain of views with steps, a write reaches the right elements", () => {
    const x = zeros(4, 6);
    x.t().at("1::2").at(":", "::3").fill_(1);
    const rows = [0, 1, 0, 1, 0, 1];
    expect(x.toArray()).toEqual([rows, [0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0], rows]);
  });

  test("given a diagonal, a write stays on it", () => {
    const x = zeros(3, 3);
    x.diagonal({ offset: 1 }).copy_(tensor([1, 2]));
    expect(x.toArray()).toEqual([
      [0, 1, 0],
      [0, 0, 2],
      [0, 0, 0],
    ]);
  });

  test("given clone, writes do not reach the original", () => {
    const x = ones(2);
    const copy = x.clone();
    copy.zero_();
    expect(x.toArray()).toEqual([1, 1]);
  });

  test("given a transposed tensor, view throws and reshape copies", () => {
    const x = arange(6).view(2, 3);
    expect(() => x.t().view(6)).toThrow(
      "view: shape [6] does not fit the strides [1,3] of [3,2] without a copy; use reshape, or contiguous() first",
    );
    const flat = x.t().reshape(6);
    flat.zero_();
    expect(x.toArray()).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
  });

  test("given strides, they are PyTorch's", () => {
    const x = arange(24).view(2, 3, 4);
    expect(x.stride()).toEqual([12, 4, 1]);
    expect(x.permute(2, 0, 1).stride()).toEqual([1, 12, 4]);
    expect(x.at(":", "1:").isContiguous()).toBe(false);
    expect(x.at(1, ":", "::2").stride()).toEqual([4, 2]);
    expect(x.at(1).storageOffset()).toBe(12);
    expect(x.at(":", 0).expand(3, 2, 4).stride()).toEqual([0, 12, 1]);
  });
});

describe("in-place forms", () => {
  test("given an expanded tensor, a write throws with the remedy", () => {
    expect(() => ones(1, 3).expand(2, 3).add_(1)).toThrow("several elements of this expanded tensor share memory");
  });

  test("given a leaf that requires grad, a write throws outside noGrad, also through a view", () => {
    const p = ones([2], { requiresGrad: true });
    expect(() => p.add_(1)).toThrow(
      "a leaf that requires grad cannot be changed in place while gradients are recorded",
    );
    expect(() => p.view(2).add_(1)).toThrow("a view of a leaf");
    noGrad(() => p.add_(1));
    expect(p.toArray()).toEqual([2, 2]);
    expect(p.isLeaf && p.requiresGrad).toBe(true);
  });

  test("given a result of another shape or a higher dtype, throws", () => {
    expect(() => ones(2).add_(ones(3, 2))).toThrow("the result has shape [3,2] but the tensor written in place [2]");
    expect(() => arange(3).add_(0.5)).toThrow("the result is float32 and cannot be written into a int32 tensor");
    expect(arange(3).add_(2).dtype).toBe("int32");
  });

  test("given an inner tensor written in place, gradients follow the new value", () => {
    const x = tensor([1, 2], { requiresGrad: true });
    const y = x.mul(2);
    y.mul_(y);
    y.sum().backward();
    expect(x.grad?.toArray()).toEqual([8, 16]);
  });

  test("given the value backward needs was overwritten, the gradient is still that of the old one", () => {
    const x = tensor([2], { requiresGrad: true });
    const y = x.mul(3);
    const z = y.square();
    noGrad(() => y.zero_());
    z.sum().backward();
    expect(x.grad?.toArray()).toEqual([36]);
  });

  test("given parameters updated many times, values and leaves stay right", () => {
    const p = ones([3], { requiresGrad: true });
    for (let i = 0; i < 5; i++) {
      p.square().sum().backward();
      noGrad(() => p.sub_((p.grad as Tensor).mul(0.25)));
      p.grad = null;
      if (i % 2 === 0) p.toArray();
    }
    expect(p.toArray()).toEqual([1 / 32, 1 / 32, 1 / 32]);
  });

  test("given an old copy kept before an update, it keeps the old value", () => {
    const p = ones(2);
    p.toArray();
    const doubled = p.mul(2);
    p.add_(5);
    expect(p.toArray()).toEqual([6, 6]);
    expect(doubled.toArray()).toEqual([2, 2]);
  });

  test("given copy_ between two tensors, later writes stay apart", () => {
    const [a, b] = [ones(2), zeros(2)];
    b.copy_(a);
    b.add_(1);
    expect([a.toArray(), b.toArray()]).toEqual([
      [1, 1],
      [2, 2],
    ]);
    a.sub_(1);
    expect([a.toArray(), b.toArray()]).toEqual([
      [0, 0],
      [2, 2],
    ]);
  });

  test("given swapped contents, both writes read the values from before", () => {
    const [a, b] = [tensor([1, 2]), tensor([3, 4])];
    const kept = a.clone();
    a.copy_(b);
    b.copy_(kept);
    expect([a.toArray(), b.toArray()]).toEqual([
      [3, 4],
      [1, 2],
    ]);
  });
});

describe("index assignment", () => {
  test("given integers, slices, arrays and masks, writes what they name", () => {
    const x = zeros(3, 4);
    x.setAt([0], 1)
      .setAt([":", -1], tensor([7, 8, 9]))
      .setAt(
        [
          [1, 2],
          [0, 1],
        ],
        5,
      );
    expect(x.toArray()).toEqual([
      [1, 1, 1, 7],
      [5, 0, 0, 8],
      [0, 5, 0, 9],
    ]);
    x.setAt(x.gt(6), -1);
    expect(x.toArray()).toEqual([
      [1, 1, 1, -1],
      [5, 0, 0, -1],
      [0, 5, 0, -1],
    ]);
    x.setAt([1, "1:3"], tensor([[2, 3]]));
    expect(x.at(1).toArray()).toEqual([5, 2, 3, -1]);
  });

  test("given a value that does not broadcast, throws with both shapes", () => {
    expect(() => zeros(3).setAt(["1:"], ones(3))).toThrow(
      "the value has shape [3] and does not broadcast to the indexed part [2]",
    );
  });

  test("given index assignment to an inner tensor, gradients split", () => {
    const x = ones([3], { requiresGrad: true });
    const v = tensor(4, { requiresGrad: true });
    const y = x.mul(2);
    y.setAt([1], v);
    y.sum().backward();
    expect(x.grad?.toArray()).toEqual([2, 0, 2]);
    expect(v.grad?.item()).toBe(1);
  });
});

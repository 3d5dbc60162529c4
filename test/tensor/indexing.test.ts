// Reading parts of tensors, iteration, operators, reading to JavaScript.
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { arange, maskedSelect, nonzero, ready, tensor, zeros } from "../../src/index.js";

const x = arange(24).view(2, 3, 4);

describe("at", () => {
  test("given integers, slices, '...' and null, gives PyTorch's shapes and values", () => {
    expect(x.at(1, -1).toArray()).toEqual([20, 21, 22, 23]);
    expect(x.at("...", 0).toArray()).toEqual([
      [0, 4, 8],
      [12, 16, 20],
    ]);
    expect(x.at(0, "1:", "::2").toArray()).toEqual([
      [4, 6],
      [8, 10],
    ]);
    expect(x.at(null, 1, ":", null).shape).toEqual([1, 3, 1, 4]);
    expect(x.at("5:").shape).toEqual([0, 3, 4]);
    expect(x.at(":", "-2:-1").shape).toEqual([2, 1, 4]);
  });

  test("given index arrays, they broadcast and stand where PyTorch puts them", () => {
    expect(x.at(":", [2, 0]).shape).toEqual([2, 2, 4]);
    expect(x.at([0, 1], ":", [3, 0]).shape).toEqual([2, 3]);
    expect(x.at([0, 1], [1, 2], [3, 3]).toArray()).toEqual([7, 23]);
    expect(x.at(":", tensor([[0], [1]], { dtype: "int64" }), [1, 2]).shape).toEqual([2, 2, 2]);
    expect(x.at([-1]).shape).toEqual([1, 3, 4]);
  });

  test("given masks, gives the elements where they hold", () => {
    expect(x.at(x.gt(20)).toArray()).toEqual([21, 22, 23]);
    expect(x.at([false, true], 0, 0).toArray()).toEqual([12]);
    expect(maskedSelect(x, x.lt(2)).toArray()).toEqual([0, 1]);
    expect(
      nonzero(
        tensor([
          [0, 1],
          [2, 0],
        ]),
      ).toArray(),
    ).toEqual([
      [0, 1],
      [1, 0],
    ]);
  });

  test("given wrong items, throws what is wrong", () => {
    expect(() => x.at(2)).toThrow("at: index 2 is out of range [-2, 1] of dim 0 (input [2,3,4])");
    expect(() => x.at([0, 3])).toThrow("at: index 3 is out of range");
    expect(() => x.at(0, 0, 0, 0)).toThrow("at: 4 indices for 3 dims (input [2,3,4])");
    expect(() => x.at("a:b")).toThrow('at: "a:b" is no slice');
    expect(() => x.at("::-1")).toThrow("must be positive; use flip() to reverse");
    expect(() => x.at(tensor([1, 0]).gt(0), tensor([true, true, true, true]))).toThrow("at: the mask has shape [4]");
    expect(() => x.at(0.5)).toThrow("at: index 0.5 is no integer");
  });
});

describe("reading", () => {
  test("given each dtype, item and arrays give JavaScript's kinds", async () => {
    expect(tensor(2.5).item()).toBe(2.5);
    expect(tensor(true).item()).toBe(true);
    expect(tensor(7n).item()).toBe(7);
    expect(tensor([true, false]).toArray()).toEqual([true, false]);
    expect(tensor([1n]).toTypedArray()).toEqual(BigInt64Array.of(1n));
    expect(await x.at(0, 0).data()).toEqual(Int32Array.of(0, 1, 2, 3));
    expect(zeros([0, 2]).toArray()).toEqual([]);
  });

  test("given a view, reads in its own order", () => {
    expect(x.permute(2, 1, 0).at(0).toArray()).toEqual([
      [0, 12],
      [4, 16],
      [8, 20],
    ]);
    expect(tensor([1, 2]).expand(2, 2).toArray()).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  test("given several elements, item throws; given an int64 beyond 2^53, item throws", () => {
    expect(() => x.item()).toThrow("item: the tensor has 24 elements (shape [2,3,4]), item() reads exactly one");
    expect(() => tensor(2n ** 60n).item()).toThrow("beyond 2^53");
  });

  test("given ready, several tensors are computed and then read", async () => {
    const [a, b] = [tensor([1]).add(1), tensor([2]).mul(3)];
    await ready(a, b);
    expect([a.item(), b.item()]).toEqual([2, 6]);
  });

  test("given a read array that is changed, the tensor is not", () => {
    const t = tensor([1, 2]);
    t.toTypedArray()[0] = 9;
    expect(t.toArray()).toEqual([1, 2]);
  });
});

describe("as JavaScript values", () => {
  test("given iteration, goes over the first dim", () => {
    expect([...x].map((part) => part.shape)).toEqual([
      [3, 4],
      [3, 4],
    ]);
    const [first] = tensor([5, 6]);
    expect(first?.item()).toBe(5);
  });

  test("given operators, throws with the remedy; given a template string, prints", () => {
    expect(() => (tensor(1) as never as number) + 1).toThrow(
      "JavaScript operators do not work on tensors; write a.add(b)",
    );
    expect(`${tensor([1, 2])}`).toBe("tensor([1., 2.])");
    expect(inspect(tensor([[1.5]], { requiresGrad: true }))).toBe("tensor([[1.5000]], requires_grad=True)");
  });
});

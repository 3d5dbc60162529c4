// Several results of one function: by name, and in PyTorch's order.
import { aminmax, arange, compile, randn, slogdet, type Tensor, tensor } from "gradus";
import { eigh, lu, qr, svd } from "gradus/linalg";
import { expect, test } from "vitest";

const numbers = (x: Tensor | undefined): number[] => Array.from((x as Tensor).toTypedArray(), Number);
const keys = (x: object): string[] => Object.keys(x);

test("max, min, sort, topk and the like: given a dim, values and indices come apart in this order", () => {
  const x = tensor([
    [3, 9, 1],
    [7, 2, 8],
  ]);
  const [, predicted] = x.max(1);
  expect(numbers(predicted)).toEqual([1, 2]);
  for (const both of [
    x.max(1),
    x.min(1),
    x.sort(1),
    x.topk(2, 1),
    x.median(1),
    x.mode(1),
    x.kthvalue(1, 1),
    x.cummax(1),
  ]) {
    const [values, indices] = both;
    expect(values).toBe(both.values);
    expect(indices).toBe(both.indices);
    expect(keys(both)).toEqual(["values", "indices"]);
    expect(both[0]).toBe(values);
    expect(both[1]).toBe(indices);
  }
});

test("decompositions, aminmax and slogdet: given names, the order is PyTorch's", () => {
  const x = randn([3, 3]);
  const spd = x.matmul(x.t()).add(arange(3).diag());
  expect([...svd(x)].map((part) => part.shape)).toEqual([[3, 3], [3], [3, 3]]);
  const [Q, R] = qr(x);
  numbers(
    Q?.matmul(R as Tensor)
      .sub(x)
      .abs(),
  ).forEach((off) => {
    expect(off).toBeLessThan(1e-5);
  });
  const [values, vectors] = eigh(spd);
  expect([values?.shape, vectors?.shape]).toEqual([[3], [3, 3]]);
  expect([...lu(x)]).toHaveLength(3);
  expect([...slogdet(spd)].map((part) => part.shape)).toEqual([[], []]);
  const [low, high] = aminmax(tensor([4, -2, 7]));
  expect([low?.item(), high?.item()]).toEqual([-2, 7]);
});

test("compile: given results with names, they come apart as outside", () => {
  const step = compile((x: Tensor) => x.max(0));
  for (const scale of [1, 2]) {
    const [values, indices] = step(tensor([1, 5, 2]).mul(scale));
    expect([values?.item(), indices?.item()]).toEqual([5 * scale, 1]);
  }
});

test("clamp_: given options, it takes the bounds of clamp", () => {
  expect(numbers(tensor([-1, 0.5, 2]).clamp_({ min: 0 }))).toEqual([0, 0.5, 2]);
  expect(numbers(tensor([-1, 0.5, 2]).clamp_({ min: 0, max: 1 }))).toEqual([0, 0.5, 1]);
  expect(() => tensor([1]).clamp_({ low: 0 } as object)).toThrow('clamp_: unknown option "low"');
});

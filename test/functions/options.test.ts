// Options of functions beside the usual ones, against PyTorch (test/fixtures/functional-options.py).
import { readFileSync } from "node:fs";
import {
  arange,
  bucketize,
  grad,
  isTensor,
  nonzero,
  norm,
  ones,
  searchsorted,
  std,
  type Tensor,
  tensor,
  varMean,
} from "gradus";
import { eigh, eigvalsh, matrixRank, pinv } from "gradus/linalg";
import * as F from "gradus/nn/functional";
import { describe, expect, test } from "vitest";

interface Recorded {
  readonly value: unknown;
  readonly grads: readonly unknown[];
}

const file = new URL("../fixtures/functional-options.json", import.meta.url);
const torch = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;

const numbers = (shape: readonly number[], start: number): Tensor => {
  const count = shape.reduce((n, size) => n * size, 1);
  return arange(count, { dtype: "float64" }).mul(1.7).add(start).square().sin().reshape(shape);
};

function same(found: unknown, expected: unknown, tolerance = 1e-12): void {
  const value = isTensor(found) ? found.toArray() : found;
  const [own, other] = [value, expected].map((x) => [x].flat(9) as number[]) as [number[], number[]];
  expect(own.length).toBe(other.length);
  own.forEach((x, i) => {
    expect(Math.abs(x - (other[i] as number))).toBeLessThanOrEqual(tolerance * (1 + Math.abs(other[i] as number)));
  });
}

/** Compares the value and the gradients of Σ value · numbers. */
function compare(name: string, fn: (...x: Tensor[]) => Tensor, ...shapes: number[][]): void {
  const inputs = shapes.map((shape, i) =>
    numbers(shape, i + 1)
      .detach()
      .requiresGrad_(),
  );
  const value = fn(...inputs);
  const { value: expected, grads } = torch[name] as Recorded;
  same(value, expected);
  value.mul(numbers(value.shape, 0.5)).sum().backward();
  // Decompositions by another method: a few more roundings, divided by gaps of about 0.1.
  inputs.forEach((x, i) => {
    same(x.grad, grads[i], 1e-11);
  });
}

const elements = [
  [3, 4],
  [3, 4],
  [3, 4],
];

describe("options, as PyTorch's", () => {
  test.each(["none", "mean", "sum"] as const)("losses with weights, reduction %s", (reduction) => {
    for (const loss of [F.mseLoss, F.l1Loss, F.huberLoss]) {
      const name = loss === F.mseLoss ? "mseLoss" : loss === F.l1Loss ? "l1Loss" : "huberLoss";
      compare(`${name} ${reduction}`, (x, t, w) => loss(x, t, { weight: w.square(), reduction }), ...elements);
    }
    if (reduction === "mean") {
      compare("huberLoss delta", (x, t, weight) => F.huberLoss(x, t, { weight, delta: 0.3 }), ...elements);
    }
  });

  test("a weight of another shape is an error that names both", () => {
    expect(() => F.mseLoss(numbers([2, 3], 0), numbers([2, 3], 1), { weight: numbers([3], 2) })).toThrow(
      "mseLoss: weight must have the shape of input (input [2,3], weight [3])",
    );
  });

  test("instanceNorm: running statistics are followed, and used in place of the input's", () => {
    const [runningMean, runningVar] = [numbers([3], 4), numbers([3], 5).square().add(0.5)];
    const shapes = [[2, 3, 5], [3], [3]];
    const running = { runningMean, runningVar };
    compare(
      "instanceNorm training",
      (x, weight, bias) => F.instanceNorm(x, { weight, bias, ...running, momentum: 0.3, eps: 1e-3 }),
      ...shapes,
    );
    same(runningMean, torch.runningMean);
    same(runningVar, torch.runningVar);
    compare(
      "instanceNorm running",
      (x, weight, bias) => F.instanceNorm(x, { weight, bias, ...running, useInputStats: false }),
      ...shapes,
    );
    expect(() => F.instanceNorm(numbers([2, 3, 5], 1), { useInputStats: false })).toThrow(
      "instanceNorm: needs runningMean and runningVar where useInputStats is false",
    );
  });

  test("norm: nuclear, of a matrix and of two dims", () => {
    compare("norm nuc", (x) => norm(x, { p: "nuc" }), [4, 3]);
    compare("norm nuc of dims", (x) => norm(x, [0, 2], { p: "nuc", keepdim: true }), [4, 2, 3]);
    expect(() => norm(numbers([2, 2, 2], 1), { p: "nuc" })).toThrow('norm: p "nuc" needs two dims, got [0,1,2]');
  });

  test("ctcLoss: gradients are PyTorch's also by log probabilities that do not sum to 1", () => {
    const targets = tensor([
      [1n, 2n],
      [2n, 2n],
    ]);
    const loss = (x: Tensor) => F.ctcLoss(x, targets, [4, 4], [2, 1], { reduction: "none" });
    compare("ctcLoss raw", loss, [4, 2, 3]);
    compare("ctcLoss", (x) => loss(x.logSoftmax(-1)), [4, 2, 3]);
  });

  test("glu: dim by position", () => {
    compare("glu", (x) => F.glu(x, 1), [2, 4, 3]);
    same(F.glu(numbers([2, 4], 1), { dim: 1 }), F.glu(numbers([2, 4], 1)).toArray());
  });

  test("eigh and eigvalsh: the triangle that UPLO names is read", () => {
    compare("eigvalsh U", (x) => eigvalsh(x.add(x.mT), { UPLO: "U" }), [4, 4]);
    compare("eigh U", (x) => eigh(x.add(x.mT), { UPLO: "U" }).eigenvectors.square(), [4, 4]);
    same(eigvalsh(numbers([4, 4], 1), { UPLO: "U" }), torch["eigvalsh of a triangle"]);
    expect(() => eigh(numbers([2, 2], 1), { UPLO: "M" as never })).toThrow('eigh: UPLO must be "L" or "U", got "M"');
  });

  test("pinv and matrixRank: hermitian reads the lower triangle", () => {
    compare("pinv hermitian", (x) => pinv(x.add(x.mT), { hermitian: true }), [4, 4]);
    same(pinv(numbers([4, 4], 1), { hermitian: true }), torch["pinv of a triangle"]);
    const low = tensor(
      [
        [2, 9, 9],
        [1, 0.5, 9],
        [0, 0, 0],
      ],
      { dtype: "float64" },
    );
    expect(matrixRank(low, { hermitian: true }).item()).toBe(torch["rank of a triangle"]);
    expect(() => pinv(numbers([2, 3], 1), { hermitian: true })).toThrow("pinv: takes square matrices");
  });

  test("nonzero: asTuple gives a vector a dim", () => {
    const x = tensor([
      [0, 1, 0],
      [2, 0, 3],
    ]);
    const found = nonzero(x, { asTuple: true });
    expect(found.map((y) => y.toArray())).toEqual(torch.nonzero);
    same(x.at(...found), [1, 2, 3]);
    const ofNumbers = [0, 2].map((value) => nonzero(tensor(value), { asTuple: true }).map((y) => y.toArray()));
    expect(ofNumbers).toEqual(torch["nonzero of numbers"]);
  });

  test("searchsorted and bucketize: outInt32", () => {
    const [line, x] = [
      tensor([1, 3, 5]),
      tensor([
        [0, 1, 0],
        [2, 0, 3],
      ]),
    ];
    const found = searchsorted(line, x, { outInt32: true });
    expect(found.dtype).toBe("int32");
    expect(found.toArray()).toEqual(torch.searchsorted);
    expect(searchsorted(line, x, { outInt32: false }).dtype).toBe("int64");
    expect(bucketize(x, line, { outInt32: false }).dtype).toBe("int64");
  });
});

describe("PyTorch's other words", () => {
  const x = tensor([
    [1, 2, 4],
    [3, 5, 9],
  ]);

  test("unbiased: true is correction 1, false 0", () => {
    expect(std(x, 1, { unbiased: false }).toArray()).toEqual(std(x, 1, { correction: 0 }).toArray());
    expect(varMean(x, { unbiased: false })[0].item()).toBe(varMean(x, { correction: 0 })[0].item());
    expect(x.var({ unbiased: true }).item()).toBe(x.var().item());
    expect(() => std(x, { unbiased: true, correction: 1 })).toThrow("std: takes correction or unbiased, not both");
  });

  test("materializeGrads: inputs that are not used have zeros", () => {
    const [a, b] = [ones([2], { requiresGrad: true }), ones([3], { requiresGrad: true })];
    const [da, db] = grad(a.mul(2).sum(), [a, b], { materializeGrads: true });
    expect([da?.toArray(), db?.toArray()]).toEqual([
      [2, 2],
      [0, 0, 0],
    ]);
  });

  test("nonBlocking: has no effect", () => {
    expect(x.to("cpu", { nonBlocking: true })).toBe(x);
  });
});

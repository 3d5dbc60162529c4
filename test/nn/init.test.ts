// Initialisation: ranges, moments and structure of what is filled in; gradient clipping.
import { empty, manualSeed, ones, randn, type Tensor, tensor } from "gradus";
import * as nn from "gradus/nn";
import { beforeEach, describe, expect, test } from "vitest";

const { init } = nn;
const values = (x: Tensor) => Array.from(x.detach().toTypedArray() as Float32Array);
const rms = (x: Tensor) => Math.sqrt(values(x).reduce((sum, v) => sum + v * v, 0) / values(x).length);

beforeEach(() => void manualSeed(7));

describe("init", () => {
  test("given constants, they fill; given eye_, it is the identity", () => {
    expect(values(init.constant_(empty([2]), 3))).toEqual([3, 3]);
    expect(init.eye_(empty([2, 3])).toArray()).toEqual([
      [1, 0, 0],
      [0, 1, 0],
    ]);
  });

  test("given a parameter, it is filled without gradient and stays a leaf", () => {
    const weight = new nn.Parameter(ones([2]));
    expect(init.zeros_(weight)).toBe(weight);
    expect([weight.isLeaf, weight.requiresGrad]).toEqual([true, true]);
    expect(values(weight)).toEqual([0, 0]);
  });

  test("given uniform_ and normal_, values have the asked range and moments", () => {
    const uniform = values(init.uniform_(empty([10_000]), { a: -2, b: 1 }));
    expect(Math.min(...uniform)).toBeGreaterThanOrEqual(-2);
    expect(Math.max(...uniform)).toBeLessThanOrEqual(1);
    const normal = values(init.normal_(empty([10_000]), { mean: 5, std: 2 }));
    expect(normal.reduce((a, b) => a + b, 0) / 10_000).toBeCloseTo(5, 0); // σ of the mean: 0.02
  });

  // Fan in of [20, 10, 3, 3] is 90, fan out 180. The root mean square of 1800 values is within 5 % of the deviation.
  test.each([
    ["kaimingNormal_", Math.sqrt(2 / 90)],
    ["kaimingUniform_", Math.sqrt(2 / 90)],
    ["xavierNormal_", Math.sqrt(2 / 270)],
    ["xavierUniform_", Math.sqrt(2 / 270)],
  ] as const)("given %s, the standard deviation follows the fans", (name, expected) => {
    const ratio = rms(init[name](empty([20, 10, 3, 3]))) / expected;
    expect(Math.abs(ratio - 1)).toBeLessThan(0.08);
  });

  test("given fanOut and tanh, kaimingNormal_ follows them", () => {
    const weight = init.kaimingNormal_(empty([100, 50]), { mode: "fanOut", nonlinearity: "tanh" });
    expect(Math.abs(rms(weight) / (5 / 3 / 10) - 1)).toBeLessThan(0.05);
    expect(init.calculateGain("leakyRelu", { param: 0 })).toBeCloseTo(Math.SQRT2);
  });

  test("given sparse_, each column has its share of zeros at places of its own, the rest is normal", () => {
    const weight = init.sparse_(empty([40, 50]), 0.33, { std: 2 });
    const columns = weight.t().toArray() as number[][];
    for (const column of columns) expect(column.filter((v) => v === 0).length).toBe(14); // ⌈13.2⌉
    const places = columns.map((column) => column.map((v) => v === 0).join());
    expect(new Set(places).size).toBeGreaterThan(45);
    const others = values(weight).filter((v) => v !== 0);
    expect(Math.abs(Math.sqrt(others.reduce((sum, v) => sum + v * v, 0) / others.length) / 2 - 1)).toBeLessThan(0.08);
    manualSeed(3);
    const first = values(init.sparse_(empty([4, 5]), 0.5));
    manualSeed(3);
    expect(values(init.sparse_(empty([4, 5]), 0.5))).toEqual(first);
  });

  test("given dirac_, a convolution hands its input on, group by group", () => {
    const conv = new nn.Conv2d(4, 6, 3, { padding: 1, groups: 2, bias: false });
    init.dirac_(conv.weight, { groups: 2 });
    const x = randn([2, 4, 5, 5]);
    const out = conv(x);
    for (const [from, to] of [
      [0, 0],
      [1, 1],
      [2, 3],
      [3, 4],
    ] as const) {
      expect(values(out.select(1, to))).toEqual(values(x.select(1, from)));
    }
    expect(values(out.select(1, 2)).every((v) => v === 0)).toBe(true);
  });

  test("given shapes and shares that do not fit, dirac_ and sparse_ say so", () => {
    expect(() => init.dirac_(empty([3, 3]))).toThrow("init.dirac_: needs 3, 4 or 5 dims, got shape [3,3]");
    expect(() => init.dirac_(empty([3, 3, 3]), { groups: 2 })).toThrow(
      "init.dirac_: groups must divide the 3 output channels, got 2",
    );
    expect(() => init.sparse_(empty([3]), 0.1)).toThrow("init.sparse_: needs 2 dims, got shape [3]");
    expect(() => init.sparse_(empty([3, 3]), 2)).toThrow("init.sparse_: sparsity must be in [0, 1], got 2");
  });

  test("given truncNormal_, values stay inside and look normal", () => {
    const x = values(init.truncNormal_(empty([10_000]), { std: 1, a: -1, b: 2 }));
    expect(Math.min(...x)).toBeGreaterThanOrEqual(-1);
    expect(Math.max(...x)).toBeLessThanOrEqual(2);
    // Mean of the normal distribution cut at -1 and 2: (φ(-1) - φ(2)) / (Φ(2) - Φ(-1)) = 0.2296; σ of the mean 0.0075.
    expect(Math.abs(x.reduce((a, b) => a + b, 0) / 10_000 - 0.2296)).toBeLessThan(0.04);
  });

  test.each([[[3, 5]], [[5, 3]], [[4, 2, 2]]])(
    "given orthogonal_ on shape %j, W Wᵀ or Wᵀ W is the identity",
    (shape) => {
      const weight = init.orthogonal_(empty(shape), { gain: 2 }).reshape(shape[0] as number, -1);
      const [rows, columns] = weight.shape;
      const gram = rows <= columns ? weight.matmul(weight.t()) : weight.t().matmul(weight);
      const size = Math.min(rows, columns);
      (gram.toArray() as number[][]).forEach((row, i) => {
        row.forEach((v, j) => {
          expect(v).toBeCloseTo(i === j ? 4 : 0, 5);
        });
        expect(row).toHaveLength(size);
      });
    },
  );

  test("given a vector, the fans are unknown and it throws", () => {
    expect(() => init.kaimingUniform_(empty([3]))).toThrow(
      "init.kaimingUniform_: a weight needs at least 2 dims to have a fan, got shape [3]",
    );
  });

  test("given the same seed, weights are the same", () => {
    manualSeed(3);
    const a = values(new nn.Linear(4, 4).weight);
    manualSeed(3);
    expect(values(new nn.Linear(4, 4).weight)).toEqual(a);
  });
});

describe("clipping", () => {
  function withGradients(): nn.Parameter[] {
    const [a, b] = [new nn.Parameter(ones([1])), new nn.Parameter(ones([1]))];
    a.mul(3).add(b.mul(4)).sum().backward();
    return [a, b];
  }

  test("given gradients of norm 5, clipGradNorm_ scales them to the limit and returns 5", () => {
    const parameters = withGradients();
    expect(nn.utils.clipGradNorm_(parameters, 1).item()).toBeCloseTo(5, 5);
    expect(parameters.map((p) => p.grad!.item())).toEqual([expect.closeTo(0.6, 5), expect.closeTo(0.8, 5)]);
  });

  test("given a larger limit, gradients stay", () => {
    const parameters = withGradients();
    nn.utils.clipGradNorm_(parameters, 10);
    expect(parameters.map((p) => p.grad!.item())).toEqual([3, 4]);
    expect(nn.utils.clipGradNorm_(parameters, 10, { normType: Number.POSITIVE_INFINITY }).item()).toBe(4);
  });

  test("given clipGradValue_, each element is limited", () => {
    const parameters = withGradients();
    nn.utils.clipGradValue_(parameters, 3.5);
    expect(parameters.map((p) => p.grad!.item())).toEqual([3, 3.5]);
  });

  test("given no gradients, the norm is 0; given NaN, it throws if asked to", () => {
    expect(nn.utils.clipGradNorm_([new nn.Parameter(ones([1]))], 1).item()).toBe(0);
    const p = new nn.Parameter(ones([1]));
    p.grad = tensor([Number.NaN]);
    expect(() => nn.utils.clipGradNorm_(p, 1, { errorIfNonfinite: true })).toThrow(
      "clipGradNorm_: the norm of the gradients is NaN, so they cannot be clipped",
    );
  });
});

test("given names of options in PyTorch's spelling, they are the camelCase ones", () => {
  expect(init.calculateGain("leaky_relu", { param: 1 })).toBe(init.calculateGain("leakyRelu", { param: 1 }));
  expect(init.calculateGain("conv_transpose2d")).toBe(1);
  const weight = init.kaimingUniform_(empty([100, 50]), { mode: "fan_out", nonlinearity: "relu" });
  expect(weight.abs().max().item()).toBeLessThanOrEqual(Math.sqrt(6 / 100));
  expect(() => init.calculateGain("leakyrelu" as "relu")).toThrow(
    'calculateGain: unknown nonlinearity "leakyrelu"; did you mean "leakyRelu"?',
  );
  expect(() => init.kaimingUniform_(weight, { mode: "out" as "fanOut" })).toThrow(
    'init.kaimingUniform_: unknown mode "out"; one of fanIn, fanOut',
  );
});

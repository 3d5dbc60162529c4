// Poisson and binomial draws: the distributions, their edges, and streams that do not depend on threads or targets.
import {
  binomial,
  full,
  Generator,
  manualSeed,
  poisson,
  setTarget,
  setThreads,
  type Tensor,
  targetName,
  tensor,
} from "gradus";
import { afterEach, describe, expect, test } from "vitest";

const DRAWS = 20_000;
const f64 = { dtype: "float64" } as const;
const values = (x: Tensor) => Array.from(x.toTypedArray() as Float64Array);
const seeded = (seed: number) => ({ generator: new Generator({ seed }) });

const before = targetName();
afterEach(() => {
  setTarget(before);
  setThreads(2);
});

const factorials = [0];
for (let k = 1; k < 400; k++) factorials.push((factorials[k - 1] as number) + Math.log(k));
const logFactorial = (k: number) => factorials[k] as number;
const poissonChance = (rate: number) => (k: number) => Math.exp(k * Math.log(rate) - rate - logFactorial(k));
const binomialChance = (n: number, p: number) => (k: number) =>
  k > n
    ? 0
    : Math.exp(logFactorial(n) - logFactorial(k) - logFactorial(n - k) + k * Math.log(p) + (n - k) * Math.log1p(-p));

/** Pearson's statistic over all values that are expected at least 10 times, and the rest as one; its degrees of freedom. */
function chiSquare(draws: readonly number[], chance: (k: number) => number): { statistic: number; freedom: number } {
  const counts = new Map<number, number>();
  for (const k of draws) counts.set(k, (counts.get(k) ?? 0) + 1);
  let [statistic, cells, expectedLeft, observedLeft] = [0, 0, draws.length, draws.length];
  for (let k = 0; k < 350; k++) {
    const expected = draws.length * chance(k);
    if (expected < 10) continue;
    const observed = counts.get(k) ?? 0;
    statistic += (observed - expected) ** 2 / expected;
    expectedLeft -= expected;
    observedLeft -= observed;
    cells++;
  }
  if (expectedLeft > 5) {
    statistic += (observedLeft - expectedLeft) ** 2 / expectedLeft;
    cells++;
  }
  return { statistic, freedom: cells - 1 };
}

/** Five standard deviations of the statistic: a right sampler fails once in a million seeds. */
function expectFit(draws: readonly number[], chance: (k: number) => number): void {
  const { statistic, freedom } = chiSquare(draws, chance);
  expect(statistic).toBeLessThan(freedom + 5 * Math.sqrt(2 * freedom));
}

describe("poisson", () => {
  test.each([0.2, 3, 9.99, 10, 25, 150])("given the mean %d, values come as often as they should", (rate) => {
    expectFit(values(poisson(full([DRAWS], rate, f64), seeded(1))), poissonChance(rate));
  });

  test("given a huge mean, draws have its mean and variance", () => {
    const draws = values(poisson(full([DRAWS], 1e8, f64), seeded(2)));
    const mean = draws.reduce((a, b) => a + b, 0) / DRAWS;
    const variance = draws.reduce((sum, x) => sum + (x - mean) ** 2, 0) / DRAWS;
    expect(Math.abs(mean - 1e8)).toBeLessThan((5 * 1e4) / Math.sqrt(DRAWS));
    expect(Math.abs(variance / 1e8 - 1)).toBeLessThan(5 * Math.sqrt(2 / DRAWS));
  });

  test("given each dtype, counts have it, and the mean 0 gives 0", () => {
    for (const dtype of ["float64", "float32", "float16", "bfloat16"] as const) {
      const x = poisson(tensor([0, 4], { dtype }), seeded(3));
      expect(x.dtype).toBe(dtype);
      const [zero, four] = x.toArray() as number[];
      expect(zero).toBe(0);
      expect(Number.isInteger(four)).toBe(true);
    }
  });

  test("given wrong means, throws: at the call where they are known, else when the result is computed", () => {
    expect(() => poisson(tensor([1, -2]))).toThrow("poisson: rates must be finite and >= 0, got -2");
    expect(() => poisson(tensor([Number.NaN]))).toThrow("poisson: rates must be finite and >= 0, got NaN");
    const late = poisson(tensor([3, 4]).sub(3.5));
    expect(() => late.toArray()).toThrow("poisson: rates must be finite and >= 0, got -0.5");
    expect(poisson(full([0, 3], 1)).shape).toEqual([0, 3]);
    expect(() => poisson(tensor([1, 2], { dtype: "int32" }))).toThrow(
      'poisson: input must be a float tensor, is int32; convert it with .to("float32")',
    );
  });
});

describe("binomial", () => {
  test.each([
    [5, 0.3],
    [20, 0.9],
    [100, 0.05],
    [100, 0.5],
    [300, 0.8],
    [39, 0.26],
  ])("given %i trials with chance %d, values come as often as they should", (n, p) => {
    expectFit(values(binomial(full([DRAWS], n, f64), full([], p, f64), seeded(4))), binomialChance(n, p));
  });

  test("given edges of counts and chances, the result is certain; shapes broadcast", () => {
    const counts = tensor([[0], [5], [7.9], [-3]]);
    const chances = tensor([0, 1, -1, 2, Number.NaN]);
    expect(binomial(counts, chances, seeded(5)).toArray()).toEqual([
      [0, 0, 0, 0, Number.NaN],
      [0, 5, 0, 5, Number.NaN],
      [0, 7, 0, 7, Number.NaN],
      [0, 0, 0, 0, Number.NaN],
    ]);
    expect(() => binomial(counts, tensor([0.5], f64))).toThrow(
      "binomial: count and prob must have one dtype (count float32, prob float64)",
    );
    expect(() => binomial(full([2], 1), full([3], 0.5))).toThrow("binomial: shapes");
  });
});

describe("streams", () => {
  const draw = () => {
    manualSeed(11);
    const rates = full([3000], 2.5).mul(tensor([1, 10]).repeat(1500));
    return [
      ...values(poisson(rates)),
      ...values(binomial(full([700], 60), full([700], 0.4))),
      ...values(poisson(rates)),
    ];
  };

  test("given one seed, targets and numbers of threads give the same counts, and later draws are others", () => {
    const all = (["interpreter", "wasm", before] as const).flatMap((target) =>
      [1, 2].map((threads) => {
        setTarget(target);
        setThreads(threads);
        return draw();
      }),
    );
    const [first = []] = all;
    for (const other of all) expect(other).toEqual(first);
    expect(first.slice(0, 3000)).not.toEqual(first.slice(3700));
  });
});

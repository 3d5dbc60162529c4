// Sizes at which the compiler cuts work: tiles with a ragged end, sums in parts, contractions in blocks. Small whole numbers,
// so that every value is exact.
import { describe, expect, it } from "vitest";
import type { Node } from "../../src/graph/index.js";
import { add, matmul, mul, pad, sum } from "../../src/ops/index.js";
import { compiled, input, integers } from "../ops/helpers.js";

/** Fails with the first element that differs. */
function expectSame(actual: readonly number[], wanted: readonly number[]): void {
  expect(actual.length).toBe(wanted.length);
  const i = actual.findIndex((value, at) => value !== wanted[at]);
  if (i >= 0) expect.fail(`element ${i} is ${actual[i]}, not ${wanted[i]}`);
}

/** The product of row-major matrices [m, k] and [k, n]. */
function product(a: readonly number[], b: readonly number[], m: number, k: number, n: number): number[] {
  const out = new Array<number>(m * n).fill(0);
  for (let i = 0; i < m; i++) {
    for (let l = 0; l < k; l++) {
      const x = a[i * k + l] as number;
      for (let j = 0; j < n; j++) (out[i * n + j] as number) += x * (b[l * n + j] as number);
    }
  }
  return out;
}

describe("tiles", () => {
  for (const n of [100_003, 262_145]) {
    it(`given ${n} elements, computes every one`, () => {
      const x = integers(n, 100);
      const [y] = compiled(add(mul(input(x, [n]), input(x, [n])), input(x, [n]))) as [number[]];

      expectSame(
        y,
        x.map((v) => v * v + v),
      );
    });
  }
});

describe("sums in parts", () => {
  for (const n of [32_768, 40_001, 100_003]) {
    it(`given a sum of ${n} elements, takes every one once`, () => {
      const x = integers(n, 8);
      const total = x.reduce((a, b) => a + b, 0);

      expect(compiled(sum(input(x, [n]), [0]))).toEqual([[total]]);
      expect(compiled(sum(input([...x, ...x], [2, n]), [1]))).toEqual([[total, total]]);
    });
  }
});

describe("contractions in blocks", () => {
  for (const [m, k, n] of [
    [300, 600, 20],
    [37, 1100, 150],
    [3, 2500, 33],
    [260, 512, 129],
  ] as const) {
    it(`given [${m},${k}] times [${k},${n}], takes every term once`, () => {
      const [a, b] = [integers(m * k, 4, 1), integers(k * n, 4, 2)];
      const [y] = compiled(matmul(input(a, [m, k]), input(b, [k, n]))) as [number[]];

      expectSame(y, product(a, b, m, k, n));
    });
  }
});

it("a chain of products: given results that are read once, their memory is not given away too early", () => {
  const n = 16;
  const a = integers(n * n, 2);
  let [node, wanted]: [Node, number[]] = [input(a, [n, n]), a];
  for (let i = 0; i < 4; i++) {
    const b = integers(n * n, 2, i + 2);
    node = matmul(node, input(b, [n, n]));
    wanted = product(wanted, b, n, n, n);
  }

  expectSame((compiled(node) as [number[]])[0], wanted);
});

describe("padding", () => {
  it("given two sums of columns side by side, computes both parts", () => {
    const [x, y] = [integers(8 * 2, 9), integers(10 * 2, 9)];
    const left = pad(sum(input(x, [8, 2]), [0]), [0], [2], 0);
    const right = pad(sum(input(y, [10, 2]), [0]), [2], [0], 0);
    const [joined] = compiled(add(left, right)) as [number[]];

    const columns = (values: readonly number[]) =>
      [0, 1].map((j) => values.reduce((total, v, i) => total + (i % 2 === j ? v : 0), 0));
    expectSame(joined, [...columns(x), ...columns(y)]);
  });
});

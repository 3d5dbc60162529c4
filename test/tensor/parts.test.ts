// Parts of data that begin elsewhere in each step: one program, and the values of plain loops over arrays.
import { arange, programCacheStats, randn, stack, type Tensor, tensor, vmap, zeros } from "gradus";
import { expect, test } from "vitest";
import { forEachTarget } from "../conformance/targets.js";

/** Programs compiled by each call of `step`. */
function compiles(count: number, step: (i: number) => void): number[] {
  return Array.from({ length: count }, (_, i) => {
    const before = programCacheStats().compiles;
    step(i);
    return programCacheStats().compiles - before;
  });
}

const numbers = (x: Tensor): number[] => Array.from(x.toTypedArray(), Number);
const seconds = [1, 1, 0, 0, 0, 0];

forEachTarget(() => {
  test("windows of a text: given other places in each step, the second program serves all later ones", () => {
    const text = arange(200).mul(2).add(1).to("int32"); // element i is 2 i + 1
    text.toArray();
    const made = compiles(6, (i) => {
      const places = [7 * i, 90 - 3 * i, 40 + i];
      const windows = stack(places.map((at) => text.at(`${at}:${at + 17}`)));
      const sums = windows.add(windows.mul(2)).sum(1);
      expect(numbers(sums)).toEqual(places.map((at) => 3 * 17 * (2 * at + 17)));
    });
    expect(made).toEqual(seconds);
  });

  test("rows, columns with a step, and parts of parts: given other places, the values are those of arrays", () => {
    const table = arange(12 * 40)
      .to("float32")
      .view(12, 40)
      .mul(1);
    table.toArray();
    const made = compiles(6, (i) => {
      const value = (row: number, column: number): number => row * 40 + column;
      const row = table.at(i, `${i + 1}:${i + 9}:2`).mul(2);
      expect(numbers(row)).toEqual([0, 2, 4, 6].map((k) => 2 * value(i, i + 1 + k)));
      const turned = table
        .t()
        .narrow(0, 3 * i, 4)
        .at(":", `${i}:${i + 2}`)
        .add(1);
      expect(numbers(turned)).toEqual([0, 1, 2, 3].flatMap((c) => [0, 1].map((r) => value(i + r, 3 * i + c) + 1)));
    });
    expect(made).toEqual([2, 2, 0, 0, 0, 0]);
  });

  test("batches of rows in a product and a gradient: given other rows, values and gradients are those of copies", () => {
    const data = randn([50, 24]);
    const weight = randn([24, 8], { requiresGrad: true });
    data.toArray();
    const made: number[] = [];
    for (let i = 0; i < 4; i++) {
      const copy = tensor(Float32Array.from(numbers(data)).slice(24 * 9 * i, 24 * (9 * i + 16))).view(16, 24);
      copy.matmul(weight).tanh().sum().backward();
      const wanted = numbers(weight.grad as Tensor);
      weight.grad = null;
      made.push(
        ...compiles(1, () => {
          data
            .at(`${9 * i}:${9 * i + 16}`)
            .matmul(weight)
            .tanh()
            .sum()
            .backward();
          const found = numbers(weight.grad as Tensor);
          // The same sums in the same order; what is packed differs only in where it comes from.
          found.forEach((x, k) => {
            expect(Math.abs(x - (wanted[k] as number))).toBeLessThan(1e-5);
          });
        }),
      );
      weight.grad = null;
    }
    expect(made).toEqual([1, 1, 0, 0]);
  });

  test("writes of rows and cells: given other places, earlier values stay and two programs serve all", () => {
    const buffer = zeros([9, 4]);
    const wanted = new Array<number>(36).fill(0);
    const made = compiles(8, (i) => {
      buffer.setAt([i], tensor([i, 1, 2, 3]));
      [i, 1, 2, 3].forEach((x, k) => {
        wanted[4 * i + k] = x;
      });
      expect(numbers(buffer)).toEqual(wanted);
    });
    // The first finds zeros that are still to be made.
    expect(made).toEqual([1, 1, 1, 0, 0, 0, 0, 0]);
    const oneHot = compiles(6, (i) => {
      const cells = zeros([3, 5]);
      for (let row = 0; row < 3; row++) cells.setAt([row, (i + 2 * row) % 5], 1);
      expect(numbers(cells.argmax(1))).toEqual([i % 5, (i + 2) % 5, (i + 4) % 5]);
      expect(cells.sum().item()).toBe(3);
    });
    expect(oneHot[5]).toBe(0);
  });

  test("a write with history: given other places, both gradients know what was overwritten", () => {
    for (let i = 0; i < 5; i++) {
      const x = tensor([1, 2, 3, 4, 5, 6, 7], { requiresGrad: true });
      const value = tensor([10, 20], { requiresGrad: true });
      const y = x.mul(2);
      y.at(`${i}:${i + 2}`).copy_(value.mul(3));
      y.mul(arange(1, 8)).sum().backward();
      const kept = [1, 2, 3, 4, 5, 6, 7].map((k, at) => (at === i || at === i + 1 ? 0 : 2 * k));
      expect(numbers(x.grad as Tensor)).toEqual(kept);
      expect(numbers(value.grad as Tensor)).toEqual([3 * (i + 1), 3 * (i + 2)]);
    }
  });

  test("vmap: given parts and writes inside, each example has its own", () => {
    const rows = arange(12).to("float32").view(3, 4);
    rows.toArray();
    const cut = vmap((x: Tensor) => x.at("1:3").mul(2))(rows);
    expect(numbers(cut)).toEqual([2, 4, 10, 12, 18, 20]);
    const written = vmap((x: Tensor) => {
      const y = x.clone();
      y.at("2:").fill_(-1);
      return y;
    })(rows);
    expect(numbers(written)).toEqual([0, 1, -1, -1, 4, 5, -1, -1, 8, 9, -1, -1]);
  });
});

test("a write through views of views computes nothing that nobody asked for: given a cell of a row, one output", () => {
  const x = zeros([4, 5]);
  x.toArray();
  const made = compiles(3, (i) => {
    x.setAt([i, i + 1], i + 1);
    x.toArray();
  });
  expect(made).toEqual([1, 1, 0]);
  expect(numbers(x.sum(1))).toEqual([1, 2, 3, 0]);
});

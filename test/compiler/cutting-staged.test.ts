// How a contraction whose rows are staged is cut: each tile fills boxes of a base that is much smaller than its windows.
import { expect, it } from "vitest";
import { type Cutting, cutBoth } from "../../src/compiler/contraction/cutting.js";

/** 3×3 windows of 512 channels at 7², 8 images, times 512 filters, on two threads: [392,4608]·[4608,512]. */
function convolution(isStaged: boolean): Cutting {
  const [m, n, k, bytes] = [392, 512, 4608, 4];
  return {
    ...{
      batch: 1,
      parts: 1,
      rowPanels: m / 7,
      columnPanels: n / 32,
      leastColumnTiles: 1,
      leastRowTiles: () => 1,
      threads: 2,
    },
    ...{ wished: 8, leastPanels: 1, keptBytes: 1536 << 10, count: m, work: m * n * k },
    rows: {
      ...{ sharing: 1, isPacked: !isStaged, isStaged, mayPackInTiles: true },
      bytes: bytes * (isStaged ? 8 * 512 * 7 * 7 : m * k),
    },
    columns: { bytes: bytes * n * k, sharing: 1, isPacked: true, isStaged: false, mayPackInTiles: true },
  };
}

it("given rows that are staged, cuts filters, which each tile packs for all positions", () => {
  const { rowTiles, packRows, packColumns } = cutBoth(convolution(true));

  expect({ rowTiles, packRows, packColumns }).toEqual({ rowTiles: 1, packRows: "none", packColumns: "tile" });
});

it("given rows that are packed and eight threads, cuts them too; given staged ones, not even then", () => {
  const [packed, staged] = [false, true].map((isStaged) =>
    cutBoth({ ...convolution(isStaged), threads: 8, wished: 32 }),
  );

  expect(packed?.rowTiles).toBeGreaterThan(1);
  expect(staged?.rowTiles).toBe(1);
});

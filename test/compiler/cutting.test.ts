// How contractions are cut into tiles, and who packs.
import { describe, expect, test } from "vitest";
import { type Cutting, cutBoth } from "../../src/compiler/contraction/cutting.js";

/** A product of m × k and k × n in float32, panels of 14 rows and of 32 columns. */
function product(m: number, n: number, k: number, more: Partial<Cutting> = {}): Cutting {
  const operand = { sharing: 1, mayPackInTiles: true };
  return {
    batch: 1,
    parts: 1,
    rowPanels: Math.ceil(m / 14),
    columnPanels: Math.ceil(n / 32),
    leastColumnTiles: 1,
    leastRowTiles: () => 1,
    wished: 8,
    leastPanels: 1,
    rows: { ...operand, bytes: 4 * m * k, isPacked: false, isStaged: false },
    columns: { ...operand, bytes: 4 * k * n, isPacked: true, isStaged: false },
    keptBytes: 1 << 20,
    count: m,
    work: m * n * k,
    threads: 2,
    ...more,
  };
}

describe("cutBoth", () => {
  test("given rows that must be packed, packs both operands in few large tiles", () => {
    const c = product(1024, 1024, 1024);
    const cut = cutBoth({ ...c, rows: { ...c.rows, isPacked: true } });
    expect(cut).toEqual({ rowTiles: 2, columnTiles: 2, packRows: "tile", packColumns: "tile" });
  });

  test("given a long sum of two operands that must be packed, has a tile for each thread, so that neither is packed often", () => {
    const [tall, wide] = [product(1024, 256, 2048), product(256, 1024, 2048)].map((c) =>
      cutBoth({ ...c, rows: { ...c.rows, isPacked: true } }),
    );
    expect(tall).toEqual({ rowTiles: 2, columnTiles: 1, packRows: "tile", packColumns: "tile" });
    expect(wide).toEqual({ rowTiles: 1, columnTiles: 2, packRows: "tile", packColumns: "tile" });
  });

  test("given rows that are computed, packs them once before all tiles that share them", () => {
    const c = product(512, 512, 512, { leastColumnTiles: 2 });
    const cut = cutBoth({ ...c, rows: { ...c.rows, isPacked: true, mayPackInTiles: false } });
    expect(cut.packRows).toBe("before");
  });

  test("given columns that many batches share, packs them once", () => {
    const c = product(256, 256, 256, { batch: 16, wished: 1 });
    expect(cutBoth({ ...c, columns: { ...c.columns, sharing: 16 } }).packColumns).toBe("before");
  });

  test("given a batch of small products, packs each in its own tile", () => {
    const cut = cutBoth(product(64, 64, 64, { batch: 128, wished: 1 }));
    expect(cut).toEqual({ rowTiles: 1, columnTiles: 1, packRows: "none", packColumns: "tile" });
  });

  test("given a sum in parts that are enough for the threads, reads rows once", () => {
    const filterGradient = product(256, 64, 25088, { parts: 16, wished: 1 });
    expect(cutBoth(filterGradient)).toMatchObject({ rowTiles: 1, columnTiles: 1 });
    expect(cutBoth({ ...filterGradient, parts: 1 }).columnTiles).toBe(2);
  });

  test.each([1, 2, 3, 8])("given %i threads, no thread has much more to do than the others", (threads) => {
    for (const size of [256, 511, 768, 1000, 2048]) {
      const c = product(size, size, size, { threads, wished: Math.max(8, 4 * threads) });
      const { rowTiles, columnTiles } = cutBoth(c);
      const load = new Array<number>(threads).fill(0);
      const tiles = rowTiles * columnTiles;
      for (let tile = 0; tile < tiles; tile++) {
        const owner = load.findIndex((_, i) => tile < Math.floor((tiles * (i + 1)) / threads));
        const [row, column] = [tile % rowTiles, Math.floor(tile / rowTiles)];
        const panels = (all: number, at: number, of: number) =>
          Math.floor(((at + 1) * all) / of) - Math.floor((at * all) / of);
        load[owner] =
          (load[owner] as number) + panels(c.rowPanels, row, rowTiles) * panels(c.columnPanels, column, columnTiles);
      }
      expect(Math.max(...load) / ((c.rowPanels * c.columnPanels) / threads)).toBeLessThan(1.1);
    }
  });
});

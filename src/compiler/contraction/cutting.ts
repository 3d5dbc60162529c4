// How a contraction is cut into tiles, and who packs what: of the ways to make enough tiles the one that moves the least memory.
import type { Packing } from "./schedule.js";

/** A tile's packed columns stay in the second-level cache, and so does the block of results beside them. */
export interface TileBytes {
  readonly columns: number;
  readonly results: number;
}

/** One operand as tiles read it. */
export interface Operand {
  /** Bytes that the tiles of one batch read, all together. */
  readonly bytes: number;
  /** Batches that share it. */
  readonly sharing: number;
  /** It is packed, by each tile or before. */
  readonly isPacked: boolean;
  /** Each tile fills a box with its part of the base; the bytes are the base's. */
  readonly isStaged: boolean;
  /** Each tile may pack its own: it lies in memory, so that packing is moving. */
  readonly mayPackInTiles: boolean;
}

/** How many panels there are to be dealt to tiles, and in how many tiles at least. */
export interface Cutting {
  readonly batch: number;
  /** Pieces of the sum, each with tiles of its own. */
  readonly parts: number;
  readonly rowPanels: number;
  readonly columnPanels: number;
  readonly leastColumnTiles: number;
  readonly leastRowTiles: (columnTiles: number) => number;
  /** Tiles that threads of unequal speed are well served with. */
  readonly wished: number;
  /** Pairs of panels that are worth a tile. */
  readonly leastPanels: number;
  readonly rows: Operand;
  readonly columns: Operand;
  /** Bytes of a tile's packed columns up to which the tiles that follow find them in the cache. */
  readonly keptBytes: number;
  /** Rows of results, and multiply-adds, of a batch. */
  readonly count: number;
  readonly work: number;
  readonly threads: number;
}

export interface TileCounts {
  readonly rowTiles: number;
  readonly columnTiles: number;
}

export interface Cut extends TileCounts {
  readonly packRows: Packing;
  readonly packColumns: Packing;
}

/** Fewer panels of rows are not dealt to tiles: each would pack or read all columns. */
const MIN_ROW_PANELS = 4;
/** Tiles side by side beyond which no better cut is looked for. */
const MOST_COLUMN_TILES = 64;

// What bytes cost, in those of a stream that is read once (about 30 µs a megabyte). Measured with AVX-512 on two threads.
/** Packed: read from afar, written near; by a kernel of its own both are afar if there is much of it. */
const PACKED = 2;
const PACKED_AFAR = 4;
const NEAR_BYTES = 2 << 20;
/** Another thread has just written it, and its cache still has it, up to so many bytes. Columns are long streams. */
const FOREIGN_ROWS = 6;
const FOREIGN_COLUMNS = 2;
const FOREIGN_BYTES = 1 << 20;
/** A stage more: the threads wait for each other. */
const STAGE_BYTES = 330_000;
/** A run of results begins elsewhere than the one before ended. */
const RUN_BYTES = 128;
/** Multiply-adds of a thread in the time that a byte takes. */
const WORK_A_BYTE = 3.3;
/** Share of the time that threads wait for the last one if each has half of the tiles that are wished for, and twice that with a quarter. */
const UNEVEN = 0.03;

/** As many pieces of `panels` as make the wished number of tiles, `others` tiles side by side given. */
function pieces(c: Cutting, panels: number, least: number, others: number, across: number): number {
  const most = Math.min(Math.ceil((panels * across) / c.leastPanels), panels);
  return Math.max(least, Math.min(Math.ceil(c.wished / others), most));
}

/** All rows or as few pieces of them as there can be, columns in as many as are wished for. */
export function cutColumns(c: Cutting): TileCounts {
  const rowTiles = c.leastRowTiles(c.leastColumnTiles);
  return { rowTiles, columnTiles: pieces(c, c.columnPanels, c.leastColumnTiles, rowTiles, c.rowPanels) };
}

/** Columns in `columnTiles` pieces, rows in as many as are wished for. */
export function cutRows(c: Cutting, columnTiles = c.leastColumnTiles): TileCounts {
  const across = c.columnPanels / columnTiles;
  return { columnTiles, rowTiles: pieces(c, c.rowPanels, c.leastRowTiles(columnTiles), columnTiles, across) };
}

/** Of the ways to make enough tiles, the one that moves the least memory. */
export function cutBoth(c: Cutting): Cut {
  if (c.rowPanels < MIN_ROW_PANELS) return packed(c, cutColumns(c)).cut;
  const first = cutRows(c);
  let best = packed(c, first);
  const enough = Math.min(c.wished, first.rowTiles * first.columnTiles);
  // Where both operands are packed, large tiles save more: one for each thread may be enough.
  const shares = c.rows.isPacked && !c.rows.isStaged ? [1, 2, 4] : [1, 2];
  for (let tiles = c.leastColumnTiles; tiles <= Math.min(c.columnPanels, MOST_COLUMN_TILES); tiles++) {
    for (const share of shares) {
      const wished = Math.ceil(c.wished / share);
      const counts = cutRows({ ...c, wished }, tiles);
      const count = counts.rowTiles * counts.columnTiles;
      if (count < Math.min(wished, enough)) continue;
      const found = packed(c, counts);
      const uneven = count < enough ? UNEVEN * Math.max(1, enough / count / 2) : 0;
      const cost = found.cost + (uneven * c.work) / WORK_A_BYTE;
      if (cost < best.cost) best = { cut: found.cut, cost };
    }
  }
  return best.cut;
}

/** How the operands are best packed for so many tiles, and what a batch's cost then. */
function packed(c: Cutting, counts: TileCounts): { readonly cut: Cut; readonly cost: number } {
  const { rowTiles, columnTiles } = counts;
  // Tiles that follow one another share their columns.
  const isKept = c.columns.bytes / columnTiles <= c.keptBytes;
  const threadsAcross = Math.min(columnTiles, c.threads);
  const rows = costs(c, c.rows, {
    ...{ tiles: columnTiles, reads: columnTiles },
    foreign: (FOREIGN_ROWS * threadsAcross) / c.threads,
  });
  const columns = costs(c, c.columns, {
    ...{ tiles: rowTiles, reads: isKept ? 1 : rowTiles },
    foreign: FOREIGN_COLUMNS / threadsAcross,
  });
  let best: { packRows: Packing; packColumns: Packing } = { packRows: "before", packColumns: "before" };
  let least = Infinity;
  for (const packRows of ["none", "tile", "before"] as const) {
    for (const packColumns of ["none", "tile", "before"] as const) {
      // A stage of packing for one of them alone was slower than both in the tiles, unless the other is nobody else's.
      const isMixed = packRows !== "none" && packColumns !== "none" && packRows !== packColumns;
      if (isMixed && !isAlone(packRows === "tile" ? c.rows : c.columns, packRows === "tile" ? columnTiles : rowTiles))
        continue;
      const cost = rows[packRows] + columns[packColumns];
      if (cost < least) [best, least] = [{ packRows, packColumns }, cost];
    }
  }
  const waiting = ((imbalance(c, counts) * c.work) / WORK_A_BYTE) * c.threads;
  return { cut: { ...counts, ...best }, cost: least + c.count * columnTiles * RUN_BYTES + waiting };
}

/** What the thread with the most to do has more than its share, as a share of all, if each has as many tiles as the others. */
function imbalance(c: Cutting, { rowTiles, columnTiles }: TileCounts): number {
  const inBatch = rowTiles * columnTiles;
  const rowsBefore = startOf(c.rows, c.rowPanels, rowTiles);
  const columnsBefore = startOf(c.columns, c.columnPanels, columnTiles);
  /** Pairs of panels in the first tiles, which have rows side by side. */
  const workOf = (tiles: number): number => {
    const left = tiles % inBatch;
    const column = Math.floor(left / rowTiles);
    const full = columnsBefore(column);
    const next = columnsBefore(column + 1) - full;
    const started = next * rowsBefore(left % rowTiles);
    return Math.floor(tiles / inBatch) * c.rowPanels * c.columnPanels + full * c.rowPanels + started;
  };
  // Boxes are filled again at little cost, and few columns stay in the first-level cache: measured with 7×7 windows of 3 channels, tiles of
  // all 64 columns took 6 % longer than of 32.
  const parts = c.rows.isStaged ? 1 : c.parts;
  const count = c.batch * parts * inBatch;
  const ends = Array.from({ length: c.threads + 1 }, (_, i) => workOf(Math.floor((count * i) / c.threads)));
  const most = Math.max(...ends.slice(1).map((end, i) => end - (ends[i] as number)));
  return most / (ends.at(-1) as number) - 1 / c.threads;
}

/** Panels before tile number `tile`: equal runs of a staged operand, else as even a deal as can be (`firstPanel`). */
function startOf({ isStaged }: Operand, panels: number, tiles: number): (tile: number) => number {
  const most = Math.ceil(panels / tiles);
  return (tile) => (isStaged ? Math.min(panels, tile * most) : Math.floor((tile * panels) / tiles));
}

interface Uses {
  /** Tiles of a batch that read the same part of the operand. */
  readonly tiles: number;
  /** How often a batch reads it from afar. */
  readonly reads: number;
  /** What a byte costs that another thread has packed, times the share that a thread reads. */
  readonly foreign: number;
}

/** True if one tile alone reads each part of the operand. */
function isAlone({ sharing }: Operand, tiles: number): boolean {
  return sharing * tiles === 1;
}

/** What each way to read an operand costs a batch; Infinity where it may not be. */
function costs(c: Cutting, side: Operand, { tiles, reads, foreign }: Uses): Readonly<Record<Packing, number>> {
  const { bytes, sharing, isPacked, isStaged } = side;
  if (isStaged) return { none: bytes * tiles * PACKED, tile: Infinity, before: Infinity };
  if (!isPacked) return { none: bytes * reads, tile: Infinity, before: Infinity };
  const inTiles = bytes * tiles * PACKED;
  if (isAlone(side, tiles)) return { none: Infinity, tile: inTiles, before: Infinity };
  const all = (bytes * c.batch) / sharing;
  const move = all > NEAR_BYTES ? PACKED_AFAR : PACKED;
  // With several batches a thread packs what it reads itself.
  const others = c.batch / sharing >= c.threads ? 0 : c.threads - 1;
  const once = STAGE_BYTES * c.threads + foreign * others * Math.min(all, FOREIGN_BYTES);
  return {
    none: Infinity,
    tile: side.mayPackInTiles ? inTiles : Infinity,
    before: (bytes * move) / sharing + once / c.batch + bytes * reads,
  };
}

// The decisions of a contraction's schedule, as data: chosen by estimates, printed, and open to a hook that tests and a search
// can set. Cache sizes are constants of a lane width: nothing here may depend on what a machine was probed for.
import { platform } from "#platform";
import { InternalError } from "../../base/index.js";
import type { TargetInfo } from "../../ir/index.js";
import type { KernelEnv } from "../kernel-env.js";
import { axesIn, countOf } from "./axes.js";
import { type Axis, extentOf } from "./form.js";
import {
  type ContractionOptions,
  type ContractionShape,
  describeSchedule,
  describeShape,
  type Packing,
  type ScheduleRequest,
  scheduleRequest,
} from "./schedule.js";
import type { StagedForm } from "./staged-form.js";

/** Given the choice of the estimates or of a search, gives the options to use. */
export type ScheduleHook = (request: ScheduleRequest, found: ContractionOptions) => ContractionOptions;

let hook: ScheduleHook | null = null;

/** Overrides schedules; options that order sums must stay. Returns the hook there was. */
export function setScheduleHook(next: ScheduleHook | null): ScheduleHook | null {
  const before = hook;
  hook = next;
  return before;
}

/** A tile's packed columns stay in the second-level cache, and so does the block of results beside them. */
const COLUMN_BYTES = 512 * 1024;
const RESULT_BYTES = 512 * 1024;
/** A contraction with fewer tiles is cut along the sum as well, if the sum is long enough. */
const ENOUGH_TILES = 16;
/** Tiles for each thread, so that a slow one does not hold the others; larger tiles read their operands less often. */
const TILES_PER_THREAD = 4;
const LEAST_TILES = 8;
const MIN_PART_DEPTH = 512;
/** Fewer panels of rows are not dealt to tiles: each would pack or read all columns. */
const MIN_ROW_PANELS = 4;
/** Tiles with less work than this (multiply-adds of vectors) cost more to hand out than they balance. */
const MIN_TILE_WORK = 1 << 13;
/** Tiles side by side beyond which no better cut is looked for. */
const MOST_COLUMN_TILES = 64;

/** Summed elements of a block: a panel of rows of this depth fits the first-level cache. */
export function depthLimit(lanes: number): number {
  return lanes >= 8 ? 384 : 512;
}

export function chooseOptions(form: StagedForm, env: KernelEnv, lanes: number, bytes: number): ContractionOptions {
  const { info } = env;
  const shape: ContractionShape = {
    batch: extentOf(form.batch),
    m: countOf(form.rows),
    n: countOf(form.columns),
    k: extentOf(form.summed),
    lanes,
  };
  const chosen = chooseByEstimate(form, shape, info, bytes);
  const request = scheduleRequest(form, shape, bytes, chosen, info.microShapes);
  const found = env.scheduleFor(request);
  const other = hook ? hook(request, found) : found;
  if (Number(platform.env("GRADUS_DEBUG")) >= 3) platform.warn(describeOptions(shape, other));
  if (other.blockDepth !== chosen.blockDepth || other.parts !== chosen.parts) {
    throw new InternalError("a schedule's blockDepth and parts order its sums and may not be overridden");
  }
  return other;
}

function chooseByEstimate(
  form: StagedForm,
  shape: ContractionShape,
  info: TargetInfo,
  bytes: number,
): ContractionOptions {
  const { batch, m, n, k, lanes } = shape;
  const { rows: microRows, vectors: microVectors } = chooseMicro(shape, info, rowPlaces(form, shape, bytes));
  const width = microVectors * lanes;
  const blockDepth = depthLimit(lanes);
  const depth = Math.min(k, blockDepth);
  const rowPanels = Math.ceil(m / microRows);
  const columnPanels = Math.ceil(n / width);
  const isSmall = batch * rowPanels * columnPanels < 2 * ENOUGH_TILES; // too few panels to deal to tiles
  const mostColumns = Math.max(1, Math.floor(COLUMN_BYTES / (bytes * width * depth)));
  const leastColumnTiles = Math.ceil(columnPanels / mostColumns);
  const leastRowTiles = (columnTiles: number): number => {
    const columns = Math.ceil(columnPanels / columnTiles) * width;
    return Math.ceil(rowPanels / Math.max(1, Math.floor(RESULT_BYTES / (bytes * microRows * columns))));
  };
  const tilesAtLeast = batch * leastColumnTiles * leastRowTiles(leastColumnTiles);
  const parts = isSmall || isLongSum(shape, bytes) ? chooseParts(tilesAtLeast, k) : 1;
  const panelWork = microRows * microVectors * k; // of one panel of rows with one of columns
  const problem: Cutting = {
    ...{ rowPanels, columnPanels, leastColumnTiles, leastRowTiles },
    wished: Math.ceil(Math.max(LEAST_TILES, TILES_PER_THREAD * info.threads) / (batch * parts)),
    leastPanels: Math.ceil(MIN_TILE_WORK / panelWork),
    rowBytes: bytes * m * k,
    columnBytes: bytes * n * k,
    tileColumnBytes: bytes * width * k,
    packsRows: form.isComputedA || packsRows(form, shape),
  };
  // Columns that each tile stages are better cut than rows that share them.
  const { rowTiles, columnTiles } = form.stageB
    ? cutColumns(problem)
    : form.stageA
      ? cutRows(problem)
      : cutBoth(problem);
  const tileColumns = Math.ceil(columnPanels / columnTiles) * width;
  const tileRows = Math.ceil(rowPanels / rowTiles) * microRows;
  return {
    microRows,
    microVectors,
    tileRows,
    tileColumns,
    packRows: choosePackedRows(form, shape, columnTiles),
    packColumns: rowTiles * extentOf(form.batch.filter((axis) => axis.b === 0)) > 1 ? "before" : "tile",
    blockDepth,
    parts,
  };
}

/** How many panels there are to be dealt to tiles, and in how many tiles at least. */
interface Cutting {
  readonly rowPanels: number;
  readonly columnPanels: number;
  readonly leastColumnTiles: number;
  readonly leastRowTiles: (columnTiles: number) => number;
  readonly wished: number;
  /** Pairs of panels that are worth a tile. */
  readonly leastPanels: number;
  /** Bytes of the operands, and of what a panel of columns takes. */
  readonly rowBytes: number;
  readonly columnBytes: number;
  readonly tileColumnBytes: number;
  /** Rows are packed: before, if several tiles share them. */
  readonly packsRows: boolean;
}

interface TileCounts {
  readonly rowTiles: number;
  readonly columnTiles: number;
}

/** As many pieces of `panels` as make the wished number of tiles, `others` tiles side by side given. */
function pieces(c: Cutting, panels: number, least: number, others: number, across: number): number {
  const most = Math.min(Math.ceil((panels * across) / c.leastPanels), panels);
  return Math.max(least, Math.min(Math.ceil(c.wished / others), most));
}

function cutColumns(c: Cutting): TileCounts {
  const rowTiles = c.leastRowTiles(c.leastColumnTiles);
  return { rowTiles, columnTiles: pieces(c, c.columnPanels, c.leastColumnTiles, rowTiles, c.rowPanels) };
}

function cutRows(c: Cutting, columnTiles = c.leastColumnTiles): TileCounts {
  const across = c.columnPanels / columnTiles;
  return { columnTiles, rowTiles: pieces(c, c.rowPanels, c.leastRowTiles(columnTiles), columnTiles, across) };
}

/** Of the ways to make enough tiles, the one that moves the least memory: each tile reads its rows and its columns. */
function cutBoth(c: Cutting): TileCounts {
  if (c.rowPanels < MIN_ROW_PANELS) return cutColumns(c);
  let best = cutRows(c);
  let least = traffic(c, best);
  for (let tiles = c.leastColumnTiles + 1; tiles <= Math.min(c.columnPanels, MOST_COLUMN_TILES); tiles++) {
    const found = cutRows(c, tiles);
    const bytes = traffic(c, found);
    if (bytes < least && found.rowTiles * tiles >= Math.min(c.wished, best.rowTiles * best.columnTiles))
      [best, least] = [found, bytes];
  }
  return best;
}

function traffic(c: Cutting, { rowTiles, columnTiles }: TileCounts): number {
  // Tiles that follow one another share their columns.
  const isKept = Math.ceil(c.columnPanels / columnTiles) * c.tileColumnBytes <= 2 * COLUMN_BYTES;
  const packed = c.packsRows && columnTiles > 1 ? 2 * c.rowBytes : 0;
  return packed + c.rowBytes * columnTiles + c.columnBytes * (isKept ? 1 : rowTiles);
}

/** The block of accumulators that leaves the fewest idle: time of all micro-kernels, in cycles a summed element. */
export function chooseMicro(
  { m, n, lanes }: ContractionShape,
  info: TargetInfo,
  { alignment, fitting }: RowPlaces = anywhere,
): { rows: number; vectors: number } {
  let best = { rows: 1, vectors: 1 };
  let least = Infinity;
  for (const { rows: most, vectors: widest } of info.microShapes) {
    for (let vectors = 1; vectors <= widest; vectors++) {
      const panels = Math.ceil(n / (vectors * lanes));
      for (let rows = most; rows >= 1; rows--) {
        const isAligned = alignment % rows === 0 || rows % alignment === 0;
        const cost =
          (isAligned ? 1 : UNALIGNED) *
          panels *
          (Math.floor(m / rows) * microCost(rows, vectors, fitting) + microCost(m % rows, vectors, fitting));
        if (cost < least * 0.98) [best, least] = [{ rows, vectors }, cost];
      }
    }
  }
  return best;
}

/** How the rows that a micro-kernel reads lie. */
interface RowPlaces {
  /** Rows of a staged operand lie constants apart where panels begin with its inner loops. */
  readonly alignment: number;
  /** More rows than this evict each other from the first-level cache before the next summed element is read. */
  readonly fitting: number;
}

const anywhere: RowPlaces = { alignment: 1, fitting: Infinity };

function rowPlaces(form: StagedForm, shape: ContractionShape, bytes: number): RowPlaces {
  if (form.stageA) return { alignment: extentOf(form.rows.slice(1)), fitting: Infinity };
  const [row, ...others] = axesIn(form.rows, "a") as [Axis, ...Axis[]];
  if (form.isComputedA || others.length > 0 || packsRows(form, shape)) return anywhere;
  // Lines of rows a page apart all fall on one set.
  let apart = LINE_BYTES;
  while (apart < PAGE_BYTES && (row.a * bytes) % (2 * apart) === 0) apart *= 2;
  return { alignment: 1, fitting: (PAGE_BYTES / apart) * WAYS };
}

const LINE_BYTES = 64;
/** Addresses this far apart share a set of the first-level cache, which holds that many lines beside others. */
const PAGE_BYTES = 4096;
const WAYS = 8;

/** What it costs that each row of a micro-kernel has an address of its own. */
const UNALIGNED = 1.25;

/**
 * Two multiply-adds or two loads a cycle, a latency of four cycles for the chain of each accumulator, and a cycle for each row
 * that is fetched from the second-level cache.
 */
function microCost(rows: number, vectors: number, fitting: number): number {
  if (rows === 0) return 0;
  const fetched = rows > fitting ? rows : 0;
  return Math.max(rows * vectors, rows + vectors, 8, 2 * fetched) / 2 + 0.25;
}

/** Elements of an operand that stays in the first-level cache however it is walked. */
const SMALL_OPERAND = 4096;

/** Rows read where they lie must be walked in steps of one, not far apart, and not so that they evict each other. */
function choosePackedRows(form: StagedForm, shape: ContractionShape, columnTiles: number): Packing {
  if (!form.isComputedA && !packsRows(form, shape)) return "none";
  // Batches that share the rows, and tiles side by side, would pack them again and again.
  const sharing = extentOf(form.batch.filter((axis) => axis.a === 0)) * columnTiles;
  return sharing > 1 ? "before" : "tile";
}

function packsRows(form: StagedForm, { m, k }: ContractionShape): boolean {
  if (form.stageB) return true; // its summed elements are one loop
  const last = form.summed[form.summed.length - 1] as Axis | undefined;
  // Along memory the rows are read as fast where they lie, if each is a constant away from the first.
  const isSequential = !last || (last.a === 1 && axesIn(form.rows, "a").length === 1);
  return !isSequential && !isNear(form, m * k) && (m * k > SMALL_OPERAND || form.rows.length > 1);
}

/** Elements of an operand whose rows, neighbours in memory, stay in the nearer caches while all columns pass. */
const NEAR_OPERAND = 1 << 15;
/** Elements apart at which the lines of all summed elements fall on the same places of the first-level cache. */
const EVICTING = 1024;

function isNear(form: StagedForm, elements: number): boolean {
  const [row, ...others] = axesIn(form.rows, "a") as [Axis, ...Axis[]];
  const [summed, ...more] = form.summed as [Axis, ...Axis[]];
  const isPlain = others.length === 0 && more.length === 0 && row.a === 1;
  return isPlain && elements <= NEAR_OPERAND && summed.a % EVICTING !== 0;
}

/** True if each tile of some rows would read all columns from memory, which are many times the results. */
function isLongSum({ m, n, k }: ContractionShape, bytes: number): boolean {
  return k >= LONG * Math.max(m, n) && m * n * bytes <= RESULT_BYTES;
}

/** Terms for each row and column beyond which operands are read once and results added up (filter gradients of first layers). */
const LONG = 32;

function chooseParts(tiles: number, k: number): number {
  if (tiles >= ENOUGH_TILES || k < 2 * MIN_PART_DEPTH) return 1;
  return Math.max(1, Math.min(Math.ceil(ENOUGH_TILES / tiles), Math.floor(k / MIN_PART_DEPTH)));
}

/** One line for the debug print. */
function describeOptions(shape: ContractionShape, options: ContractionOptions): string {
  const { blockDepth, parts } = options;
  return (
    `contraction ${describeShape(shape)}: ${describeSchedule(options)}, ` +
    `${shape.lanes} lanes, depth ${blockDepth}, parts ${parts}`
  );
}

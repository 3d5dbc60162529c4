// The decisions of a contraction's schedule, as data: chosen by estimates, printed, and open to a hook that tests and a search
// can set. Cache sizes are constants of a lane width: nothing here may depend on what a machine was probed for.
import { platform } from "#platform";
import { debugLevel, InternalError } from "../../base/index.js";
import type { TargetInfo } from "../../ir/index.js";
import type { KernelEnv } from "../kernel-env.js";
import { LINE_BYTES } from "../prefetches.js";
import { axesIn, countOf } from "./axes.js";
import { type Cut, type Cutting, cutBoth, cutColumns, type Operand, type TileBytes } from "./cutting.js";
import { cutDepth } from "./depth.js";
import { type Axis, extentOf } from "./form.js";
import { panelsInPlace } from "./in-place.js";
import {
  type ContractionOptions,
  type ContractionShape,
  describeSchedule,
  describeShape,
  type ScheduleRequest,
  scheduleRequest,
} from "./schedule.js";
import type { StagedForm } from "./staged-form.js";

/** Given the choice of the estimates or of a search, gives the options to use. */
export type ScheduleHook = (request: ScheduleRequest, found: ContractionOptions) => ContractionOptions;

let hook: ScheduleHook | null = null;

export function scheduleHook(): ScheduleHook | null {
  return hook;
}

/** Overrides schedules; options that order sums must stay. Returns the hook there was. */
export function setScheduleHook(next: ScheduleHook | null): ScheduleHook | null {
  const before = hook;
  hook = next;
  return before;
}

/** Processors with vectors of 64 bytes have second-level caches of 1 MB and more; of others half a megabyte is taken for granted. */
const tileBytes = (lanes: number, bytes: number): TileBytes =>
  lanes * bytes >= 64 ? { columns: 768 << 10, results: 1088 << 10 } : { columns: 512 << 10, results: 512 << 10 };
/** Results that are small enough to be added up from parts. */
const PART_BYTES = 512 << 10;
/** A contraction with fewer tiles is cut along the sum as well, if the sum is long enough. */
const ENOUGH_TILES = 16;
/** Tiles for each thread, so that a slow one does not hold the others; larger tiles read their operands less often. */
const TILES_PER_THREAD = 4;
const LEAST_TILES = 8;
const MIN_PART_DEPTH = 512;
/** Tiles with less work than this (multiply-adds of vectors) cost more to hand out than they balance. */
const MIN_TILE_WORK = 1 << 13;

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
  const chosen = chooseByEstimate(form, shape, env, bytes);
  const request = scheduleRequest(form, shape, bytes, chosen, info.microShapes);
  const found = env.scheduleFor(request);
  const other = hook ? hook(request, found) : found;
  if (debugLevel() >= 3) platform.warn(describeOptions(shape, other));
  if (other.blockDepth !== chosen.blockDepth || other.parts !== chosen.parts) {
    throw new InternalError("a schedule's blockDepth and parts order its sums and may not be overridden");
  }
  return other;
}

function chooseByEstimate(
  form: StagedForm,
  shape: ContractionShape,
  env: KernelEnv,
  bytes: number,
): ContractionOptions {
  const { info } = env;
  const { batch, m, n, k, lanes } = shape;
  const { rows: microRows, vectors: microVectors } = chooseMicro(shape, info, rowPlaces(form, shape, bytes));
  const width = microVectors * lanes;
  const blockDepth = depthLimit(lanes);
  const depth = Math.min(k, blockDepth);
  const rowPanels = Math.ceil(m / microRows);
  const columnPanels = Math.ceil(n / width);
  const isSmall = batch * rowPanels * columnPanels < 2 * ENOUGH_TILES; // too few panels to deal to tiles
  const most = tileBytes(lanes, bytes);
  const mostColumns = Math.max(1, Math.floor(most.columns / (bytes * width * depth)));
  const leastColumnTiles = Math.ceil(columnPanels / mostColumns);
  const leastRowTiles = (columnTiles: number): number => {
    const columns = Math.ceil(columnPanels / columnTiles) * width;
    return Math.ceil(rowPanels / Math.max(1, Math.floor(most.results / (bytes * microRows * columns))));
  };
  const tilesAtLeast = batch * leastColumnTiles * leastRowTiles(leastColumnTiles);
  const parts = isSmall || isLongSum(shape, bytes) ? chooseParts(tilesAtLeast, k) : 1;
  const panelWork = microRows * microVectors * k; // of one panel of rows with one of columns
  const sharing = (key: "a" | "b"): number => extentOf(form.batch.filter((axis) => axis[key] === 0));
  const operand = (key: "a" | "b", count: number, isPacked: boolean): Operand => {
    const { base } = form[key];
    const isStaged = (key === "a" ? form.stageA : form.stageB) !== null;
    return {
      bytes: bytes * (isStaged ? (base.size * sharing(key)) / batch : count * k),
      sharing: sharing(key),
      isPacked,
      isStaged,
      mayPackInTiles: env.bufferOf(base) !== null,
    };
  };
  const problem: Cutting = {
    ...{ batch, parts, rowPanels, columnPanels, leastColumnTiles, leastRowTiles, threads: info.threads },
    wished: Math.ceil(Math.max(LEAST_TILES, TILES_PER_THREAD * info.threads) / (batch * parts)),
    leastPanels: Math.ceil(MIN_TILE_WORK / panelWork),
    rows: operand("a", m, form.isComputedA || packsRows(form, shape)),
    columns: operand("b", n, !(env.bufferOf(form.b.base) !== null && readsColumns(form, shape, width, bytes))),
    keptBytes: 2 * most.columns,
    count: m,
    work: m * n * k,
  };
  const { rowTiles, columnTiles, packRows, packColumns } = cut(form, problem);
  const isOwn = rowTiles === 1 && parts === 1 && packColumns === "tile";
  const block = cutDepth(form.summed, blockDepth).depth;
  const inPlace = isOwn ? panelsInPlace(form, env, { rowPanels, rows: m, width, depth: block, bytes }) : null;
  const tileColumns = (inPlace ?? Math.ceil(columnPanels / columnTiles)) * width;
  const tileRows = Math.ceil(rowPanels / rowTiles) * microRows;
  return {
    microRows,
    microVectors,
    tileRows,
    tileColumns,
    packRows: inPlace !== null && packRows === "tile" ? "before" : packRows,
    packColumns: inPlace === null ? packColumns : "none",
    blockDepth,
    parts,
  };
}

/** The block of accumulators that leaves the fewest idle: time of all micro-kernels, in cycles a summed element. */
export function chooseMicro(
  { m, n, lanes }: ContractionShape,
  info: TargetInfo,
  places: RowPlaces = anywhere,
): { rows: number; vectors: number } {
  const found: { rows: number; vectors: number; cost: number }[] = [];
  for (const { rows: most, vectors: widest } of info.microShapes) {
    for (let vectors = 1; vectors <= widest; vectors++) {
      const panels = Math.ceil(n / (vectors * lanes));
      for (let rows = most; rows >= 1; rows--) {
        const isAligned = places.alignment % rows === 0 || rows % places.alignment === 0;
        const cost =
          (isAligned ? 1 : UNALIGNED) *
          panels *
          (Math.floor(m / rows) * microCost(rows, vectors, places) + microCost(m % rows, vectors, places));
        found.push({ rows, vectors, cost });
      }
    }
  }
  let best = found[0] as (typeof found)[number];
  for (const one of found) {
    // Where rows evict each other, as many or more accumulators that share what is loaded are better by more than the estimate says.
    const isLarger = one.rows * one.vectors >= best.rows * best.vectors && one.cost < best.cost && places.evicted > 0;
    if (one.cost < best.cost * 0.98 || isLarger) best = one;
  }
  return { rows: best.rows, vectors: best.vectors };
}

/** How the rows that a micro-kernel reads lie. */
interface RowPlaces {
  /** Rows of a staged operand lie constants apart where panels begin with its inner loops. */
  readonly alignment: number;
  /** More rows than this evict each other from the first-level cache before the next summed element is read. */
  readonly fitting: number;
  /** Cycles that each row costs which is evicted, beside what the cache it comes from can give. */
  readonly evicted: number;
}

const anywhere: RowPlaces = { alignment: 1, fitting: Infinity, evicted: 0 };

function rowPlaces(form: StagedForm, shape: ContractionShape, bytes: number): RowPlaces {
  if (form.stageA) return { ...anywhere, alignment: extentOf(form.rows.slice(1)) };
  const [row, ...others] = axesIn(form.rows, "a") as [Axis, ...Axis[]];
  if (form.isComputedA || others.length > 0 || packsRows(form, shape)) return anywhere;
  // Lines of rows a page apart all fall on one set.
  let apart = LINE_BYTES;
  while (apart < PAGE_BYTES && (row.a * bytes) % (2 * apart) === 0) apart *= 2;
  // Wide panels of few rows would cross the ends of short runs of results often, which costs more.
  const isOneRun = axesIn(form.columns, "out").length === 1;
  const fitting = (PAGE_BYTES / apart) * WAYS;
  return { alignment: 1, fitting, evicted: isOneRun && shape.m >= MANY_ROWS ? EVICTED : 0 };
}

/** Addresses this far apart share a set of the first-level cache, which holds that many lines beside others. */
const PAGE_BYTES = 4096;
const WAYS = 8;
/** Rows 4 kB apart: 6 × 4 accumulators took 1 to 5 % less time than 14 × 2, with rows 4160 bytes apart 2 to 4 % more. */
const EVICTED = 0.05;
/** Fewer rows are not read beside many panels of columns by each tile. */
const MANY_ROWS = 512;

/** What it costs that each row of a micro-kernel has an address of its own. */
const UNALIGNED = 1.25;

/**
 * Two multiply-adds or two loads a cycle, a latency of four cycles for the chain of each accumulator, and a cycle for each row
 * that is fetched from the second-level cache.
 */
function microCost(rows: number, vectors: number, { fitting, evicted }: RowPlaces): number {
  if (rows === 0) return 0;
  const fetched = rows > fitting ? rows : 0;
  return Math.max(rows * vectors, rows + vectors, 8, 2 * fetched) / 2 + 0.25 + evicted * fetched;
}

/** Elements of an operand that stays in the first-level cache however it is walked. */
const SMALL_OPERAND = 4096;

/** Columns that each tile stages are better cut than rows that share them. */
function cut(form: StagedForm, c: Cutting): Cut {
  if (!form.stageB) return cutBoth(c);
  const { rowTiles, columnTiles } = cutColumns(c);
  // Batches that share the rows, and tiles side by side, would pack them again and again.
  return { rowTiles, columnTiles, packRows: c.rows.sharing * columnTiles > 1 ? "before" : "tile", packColumns: "none" };
}

/** Rows read where they lie must be walked in steps of one, not far apart, and not so that they evict each other. */
function packsRows(form: StagedForm, { m, k }: ContractionShape): boolean {
  if (form.stageB) return true; // its summed elements are one loop
  const last = form.summed[form.summed.length - 1] as Axis | undefined;
  // Along memory the rows are read as fast where they lie, if each is a constant away from the first.
  const isSequential = !last || (last.a === 1 && axesIn(form.rows, "a").length === 1);
  return !isSequential && !isNear(form, m * k) && (m * k > SMALL_OPERAND || form.rows.length > 1);
}

/** Bytes that all columns may reach over to stay in the first-level cache beside rows and results, however they are walked. */
const NEAR_COLUMNS = 16 << 10;

/**
 * Few columns, in whole panels of whole lines, are as near where they lie as packed. Measured with AVX-512: 128 products of 64³ take
 * 6 % less time, 256 of 32×64×32 a fifth.
 */
function readsColumns(form: StagedForm, { n, k }: ContractionShape, width: number, bytes: number): boolean {
  const [column, ...others] = axesIn(form.columns, "b") as [Axis, ...Axis[]];
  const [summed, ...more] = form.summed;
  if (form.stageB || !summed || others.length > 0 || more.length > 0) return false;
  const isWhole = n % width === 0 && (width * bytes) % LINE_BYTES === 0;
  return isWhole && column.b === 1 && n <= summed.b && summed.b * k * bytes <= NEAR_COLUMNS;
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
  return k >= LONG * Math.max(m, n) && m * n * bytes <= PART_BYTES;
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

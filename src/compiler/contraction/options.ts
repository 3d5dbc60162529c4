// The decisions of a contraction's schedule, as data: chosen by estimates, printed, and open to a hook that tests and a search
// can set. Cache sizes are constants of a lane width: nothing here may depend on what a machine was probed for.
import { platform } from "#platform";
import { InternalError } from "../../base/index.js";
import type { TargetInfo } from "../../ir/index.js";
import { axesIn, countOf } from "./axes.js";
import { type Axis, extentOf } from "./form.js";
import type { StagedForm } from "./staged-form.js";

/** Where an operand is read: in its own memory, in panels that each tile packs, or in panels packed once before. */
export type Packing = "none" | "tile" | "before";

export interface ContractionOptions {
  /** Accumulators of the micro-kernel: rows × vectors. */
  readonly microRows: number;
  readonly microVectors: number;
  /** Rows and columns of a tile, whole panels of microRows and of microVectors vectors. */
  readonly tileRows: number;
  readonly tileColumns: number;
  readonly packRows: Packing;
  readonly packColumns: Packing;
  /** Most summed elements of a block. Part of the order of a sum. */
  readonly blockDepth: number;
  /** Pieces of the sum that different tiles add up. Part of the order of a sum. */
  readonly parts: number;
}

/** What a schedule is chosen for. */
export interface ContractionShape {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly lanes: number;
}

/** Given the heuristics' choice, gives the options to use. */
export type ScheduleHook = (shape: ContractionShape, chosen: ContractionOptions) => ContractionOptions;

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
const MIN_PART_DEPTH = 512;
/** Fewer panels of rows are not dealt to tiles: each would pack or read all columns. */
const MIN_ROW_PANELS = 4;
/** Tiles with less work than this (multiply-adds of vectors) cost more to hand out than they balance. */
const MIN_TILE_WORK = 1 << 13;

/** Summed elements of a block: a panel of rows of this depth fits the first-level cache. */
export function depthLimit(lanes: number): number {
  return lanes >= 8 ? 384 : 512;
}

export function chooseOptions(form: StagedForm, info: TargetInfo, lanes: number, bytes: number): ContractionOptions {
  const shape: ContractionShape = {
    batch: extentOf(form.batch),
    m: countOf(form.rows),
    n: countOf(form.columns),
    k: extentOf(form.summed),
    lanes,
  };
  const chosen = chooseByEstimate(form, shape, info, bytes);
  const other = hook ? hook(shape, chosen) : chosen;
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
  const { rows: microRows, vectors: microVectors } = chooseMicro(shape, info, alignmentOf(form));
  const width = microVectors * lanes;
  const blockDepth = depthLimit(lanes);
  const depth = Math.min(k, blockDepth);
  const rowPanels = Math.ceil(m / microRows);
  const columnPanels = Math.ceil(n / width);
  const mostColumns = Math.max(1, Math.floor(COLUMN_BYTES / (bytes * width * depth)));
  let columnTiles = Math.ceil(columnPanels / mostColumns);
  const mostRows = Math.max(
    1,
    Math.floor(RESULT_BYTES / (bytes * microRows * Math.ceil(columnPanels / columnTiles) * width)),
  );
  let rowTiles = Math.ceil(rowPanels / mostRows);
  const isSmall = batch * rowPanels * columnPanels < 2 * ENOUGH_TILES; // too few panels to deal to tiles
  const parts = isSmall ? chooseParts(batch * columnTiles * rowTiles, k) : 1;
  const wished = Math.ceil(ENOUGH_TILES / (batch * columnTiles * rowTiles * parts));
  const panelWork = microRows * microVectors * k; // of one panel of rows with one of columns
  const leastPanels = Math.ceil(MIN_TILE_WORK / panelWork);
  const cut = (panels: number, across: number, tiles: number): number =>
    Math.max(tiles, Math.min(tiles * wished, Math.ceil((panels * across) / leastPanels), panels));
  // Tiles of some rows share packed columns; few rows, and columns that each tile stages, are better cut the other way.
  if (form.stageB || rowPanels < MIN_ROW_PANELS) columnTiles = cut(columnPanels, rowPanels, columnTiles);
  else rowTiles = cut(rowPanels, columnPanels / columnTiles, rowTiles);
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

/** The block of accumulators that leaves the fewest idle: time of all micro-kernels, in cycles a summed element. */
export function chooseMicro(
  { m, n, lanes }: ContractionShape,
  info: TargetInfo,
  alignment = 1,
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
          (Math.floor(m / rows) * microCost(rows, vectors) + microCost(m % rows, vectors));
        if (cost < least * 0.98) [best, least] = [{ rows, vectors }, cost];
      }
    }
  }
  return best;
}

/** Rows of a staged operand lie constants apart where panels begin with its inner loops. */
function alignmentOf({ stageA, rows }: StagedForm): number {
  return stageA ? extentOf(rows.slice(1)) : 1;
}

/** What it costs that each row of a micro-kernel has an address of its own. */
const UNALIGNED = 1.25;

/** Two multiply-adds or two loads a cycle, and a latency of four cycles for the chain of each accumulator. */
function microCost(rows: number, vectors: number): number {
  return rows === 0 ? 0 : Math.max(rows * vectors, rows + vectors, 8) / 2 + 0.25;
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
  return !isSequential && (m * k > SMALL_OPERAND || form.rows.length > 1);
}

function chooseParts(tiles: number, k: number): number {
  if (tiles >= ENOUGH_TILES || k < 2 * MIN_PART_DEPTH) return 1;
  return Math.max(1, Math.min(Math.ceil(ENOUGH_TILES / tiles), Math.floor(k / MIN_PART_DEPTH)));
}

/** One line for the debug print. */
function describeOptions(shape: ContractionShape, options: ContractionOptions): string {
  const { microRows, microVectors, tileRows, tileColumns, packRows, packColumns, blockDepth, parts } = options;
  return (
    `contraction ${shape.batch}×[${shape.m},${shape.k}]·[${shape.k},${shape.n}]: micro ${microRows}×${microVectors}` +
    ` of ${shape.lanes} lanes, tile ${tileRows}×${tileColumns}, rows ${packRows}, columns ${packColumns}, depth ${blockDepth}, parts ${parts}`
  );
}

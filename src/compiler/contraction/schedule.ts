// A contraction's schedule as data: what it decides, the question a search or a remembered answer is asked, and which answers
// are possible.
import type { MicroShape } from "../../ir/index.js";
import type { Axis } from "./form.js";
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

/** A contraction that needs a schedule. */
export interface ScheduleRequest {
  /** Equal for contractions that the same schedules fit: loops, strides, staging and element type. */
  readonly key: string;
  readonly shape: ContractionShape;
  readonly bytes: number;
  /** What the estimates say. */
  readonly chosen: ContractionOptions;
  readonly microShapes: readonly MicroShape[];
  /** Ways to read rows and columns that the operands allow. */
  readonly packRows: readonly Packing[];
  readonly packColumns: readonly Packing[];
}

export function scheduleRequest(
  form: StagedForm,
  shape: ContractionShape,
  bytes: number,
  chosen: ContractionOptions,
  microShapes: readonly MicroShape[],
): ScheduleRequest {
  const isStaged = form.stageA !== null || form.stageB !== null;
  const packRows: Packing[] = form.stageA ? [chosen.packRows] : ["tile", "before"];
  // Rows far apart that are read where they lie cost an address each: only where the estimates take them so.
  if (!form.stageA && chosen.packRows === "none") packRows.push("none");
  const packColumns: Packing[] = form.stageB ? [chosen.packColumns] : ["tile", "before"];
  // The same holds for columns.
  if (!form.stageB && chosen.packColumns === "none") packColumns.push("none");
  return {
    key: scheduleKey(form, shape, bytes),
    shape,
    bytes,
    chosen,
    microShapes: isStaged ? [{ rows: chosen.microRows, vectors: chosen.microVectors }] : microShapes,
    packRows,
    packColumns,
  };
}

function scheduleKey(form: StagedForm, { lanes }: ContractionShape, bytes: number): string {
  const loops = (axes: readonly Axis[]): string =>
    axes.map(({ extent, a, b, out, span }) => [extent, a, b, out, ...(span ? [span] : [])].join(":")).join(",");
  const staged = (key: "a" | "b"): string => `[${form[key].base.shape.join(",")}]+${form[key].offset}`;
  const operands = [
    form.isComputedA ? "computed" : form.stageA ? `staged${staged("a")}` : "memory",
    form.stageB ? `staged${staged("b")}` : "memory",
  ];
  const parts = [form.batch, form.rows, form.columns, form.summed].map(loops);
  return [`float${8 * bytes}`, `lanes ${lanes}`, ...operands, ...parts].join(" | ");
}

/** Most bytes of a tile's block of results, and of its packed columns. */
const MOST_TILE_BYTES = 4 << 20;

/** True if the kernels can be made with these options, and their sums have the order of the chosen ones. */
export function isPossible(request: ScheduleRequest, options: ContractionOptions): boolean {
  const { shape, bytes, chosen, microShapes, packRows, packColumns } = request;
  const { microRows, microVectors, tileRows, tileColumns } = options;
  const counts = [microRows, microVectors, tileRows, tileColumns];
  if (!counts.every((count) => Number.isSafeInteger(count) && count > 0)) return false;
  const width = microVectors * shape.lanes;
  // Packed panels and boxes end with a whole panel. Of a box nothing else can be chosen.
  const inMemory = options.packColumns === "none" && packColumns.length > 1;
  return (
    microShapes.some(({ rows, vectors }) => microRows <= rows && microVectors <= vectors) &&
    tileRows % microRows === 0 &&
    tileColumns % width === 0 &&
    tileRows < shape.m + microRows &&
    tileColumns < shape.n + width &&
    tileRows * tileColumns * bytes <= MOST_TILE_BYTES &&
    tileColumns * Math.min(shape.k, chosen.blockDepth) * bytes <= MOST_TILE_BYTES &&
    packRows.includes(options.packRows) &&
    packColumns.includes(options.packColumns) &&
    (!inMemory || shape.n % width === 0) &&
    options.blockDepth === chosen.blockDepth &&
    options.parts === chosen.parts
  );
}

/** What tiles may be larger or smaller by. */
const SCALES = [1, 2, 0.5, 4, 0.25];

/** Up to `count` other schedules, those nearest to the chosen one first. */
export function otherSchedules(request: ScheduleRequest, count: number): ContractionOptions[] {
  const { chosen, shape, packRows, packColumns } = request;
  const found: { options: ContractionOptions; distance: number }[] = [];
  const seen = new Set([JSON.stringify(chosen)]);
  for (const [micro, { rows: microRows, vectors: microVectors }] of microBlocks(request).entries()) {
    const width = microVectors * shape.lanes;
    for (const [r, rowScale] of SCALES.entries()) {
      for (const [c, columnScale] of SCALES.entries()) {
        const tileRows = panels(chosen.tileRows * rowScale, microRows, shape.m);
        const tileColumns = panels(chosen.tileColumns * columnScale, width, shape.n);
        for (const rowsIn of packRows) {
          for (const columnsIn of packColumns) {
            const options: ContractionOptions = {
              ...{ microRows, microVectors, tileRows, tileColumns, packRows: rowsIn, packColumns: columnsIn },
              ...{ blockDepth: chosen.blockDepth, parts: chosen.parts },
            };
            const text = JSON.stringify(options);
            if (seen.has(text) || !isPossible(request, options)) continue;
            seen.add(text);
            const changed = Number(rowsIn !== chosen.packRows) + Number(columnsIn !== chosen.packColumns);
            found.push({ options, distance: micro + r + c + changed });
          }
        }
      }
    }
  }
  found.sort((a, b) => a.distance - b.distance);
  return found.slice(0, count).map(({ options }) => options);
}

/** `size` rows or columns in whole panels, at most as many as there are. */
function panels(size: number, unit: number, most: number): number {
  return unit * Math.max(1, Math.min(Math.ceil(most / unit), Math.round(size / unit)));
}

/** Blocks of accumulators: the chosen one, then the largest ones that are not much larger than what is to be computed. */
function microBlocks({ chosen, shape, microShapes }: ScheduleRequest): MicroShape[] {
  const own = { rows: chosen.microRows, vectors: chosen.microVectors };
  const others = microShapes.flatMap(({ rows, vectors }) =>
    Array.from({ length: vectors }, (_, v) =>
      [rows, Math.ceil(rows / 2)].map((r) => ({ rows: r, vectors: v + 1 })),
    ).flat(),
  );
  const fits = others.filter(
    ({ rows, vectors }) =>
      (vectors - 1) * shape.lanes < shape.n && rows <= shape.m && (rows !== own.rows || vectors !== own.vectors),
  );
  fits.sort((a, b) => b.rows * b.vectors - a.rows * a.vectors);
  return [own, ...fits];
}

/** For people: the contraction as a product of matrices. */
export function describeShape({ batch, m, n, k }: ContractionShape): string {
  return `${batch === 1 ? "" : `${batch}×`}[${m},${k}]·[${k},${n}]`;
}

/** For people: what a schedule decides. */
export function describeSchedule(options: ContractionOptions): string {
  const { microRows, microVectors, tileRows, tileColumns, packRows, packColumns } = options;
  return `micro ${microRows}×${microVectors}, tile ${tileRows}×${tileColumns}, rows ${packRows}, columns ${packColumns}`;
}

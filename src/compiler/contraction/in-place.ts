// Columns that no tile packs: few panels of rows read them where they lie. Packing costs a fifth of the time then, and a copy is
// read as often as the original. In exchange every tile asks for the columns of the next one while it computes.
import type { KernelEnv } from "../kernel-env.js";
import { LEAST_DEPTH, LINE_BYTES } from "../prefetches.js";
import { axesIn } from "./axes.js";
import { type Axis, extentOf } from "./form.js";
import type { StagedForm } from "./staged-form.js";

/** Panels of rows from which on packed columns are read as fast as they lie side by side. */
const MOST_PANELS = 10;
/** Of a block's rows and a tile's columns, which stay in the second-level cache beside the next tile's and results. */
const KEPT_BYTES = 400 << 10;
/** Fewest columns, in panels: shorter runs of memory take longer to read. */
const LEAST_PANELS = 6;
/** Runs this far apart, or any multiple of it, share few sets of a cache. */
const EVICTING_BYTES = 1024;

interface Sizes {
  readonly rowPanels: number;
  readonly rows: number;
  /** Columns of a panel. */
  readonly width: number;
  /** Summed elements of a block. */
  readonly depth: number;
  /** Of an element. */
  readonly bytes: number;
}

/**
 * Panels of columns for each tile if they are read in place, else null: whole lines in long runs, each read by one tile alone.
 * Measured with AVX-512 on two threads: 64 filters of 256 channels at 56² took 12-14 % less time, 128 of 512 at 28² 0-5 %; rows that do not
 * begin with a line took 8 % more (95²), where each load touches two.
 */
export function panelsInPlace(
  form: StagedForm,
  env: KernelEnv,
  { rowPanels, rows, width, depth, bytes }: Sizes,
): number | null {
  const { prefetches } = env.info;
  if (!prefetches || env.info.lanes(bytes as 4 | 8) * bytes < LINE_BYTES || rowPanels > MOST_PANELS) return null;
  if (depth < LEAST_DEPTH || form.stageA || form.stageB || form.band) return null;
  const buffer = env.bufferOf(form.b.base);
  const [column, ...others] = axesIn(form.columns, "b") as [Axis, ...Axis[]];
  const [summed, ...more] = form.summed as [Axis, ...Axis[]];
  if (buffer?.space !== "global" || others.length > 0 || more.length > 0 || column.b !== 1) return null;
  if (summed.b < extentOf(form.columns) || (summed.b * bytes) % EVICTING_BYTES === 0) return null;
  const steps = [form.b.offset, summed.b, ...form.batch.map(({ b }) => b)];
  if (steps.some((step) => (step * bytes) % LINE_BYTES !== 0) || form.batch.some(({ b }) => b === 0)) return null;
  const panels = Math.ceil(column.extent / width);
  const most = Math.floor((KEPT_BYTES / (bytes * depth) - rows) / width);
  return most < LEAST_PANELS || panels < LEAST_PANELS ? null : Math.ceil(panels / Math.ceil(panels / most));
}

// Which contractions are windows that few rows of the other operand meet: depthwise convolutions, where each position sums
// its window's taps, and their filter gradients, where each tap sums over positions. See lower-windows.ts.
import type { Node } from "../../graph/index.js";
import type { TargetInfo } from "../../ir/index.js";
import { isGuarded, isView } from "../views.js";
import { type Box, layoutBox } from "./box.js";
import { cutDepth } from "./depth.js";
import { type Axis, type ContractionForm, extentOf, swapOperands } from "./form.js";
import { leadingApart, type Move, planStage, type StagePlan } from "./stage.js";
import { isNested } from "./staged-form.js";

export interface Windows {
  readonly sums: "taps" | "positions";
  /** The windows are operand b. */
  readonly form: ContractionForm;
  readonly plan: StagePlan;
  /** Loops around a box of windows: those of the batch first, then what positions would walk apart. */
  readonly around: readonly Axis[];
  readonly positions: readonly Axis[];
  readonly taps: readonly Axis[];
}

/** More rows than this reuse what they load in the general schedule. */
export const MOST_WINDOW_ROWS = 2;
/** All taps are written out. */
const MOST_TAPS = 64;
/** A box with more bytes leaves the first-level cache. */
const BOX_BYTES = 24 * 1024;
/**
 * Results with rows of at least this many bytes are more than caches hold. Reading, computing and writing then overlap only
 * where they follow one another closely, and rows written by turns are written slowly: few rows at once, read where they lie
 * or from small boxes (3×3 at 190²: 2.9 ms with one row, 4.3 with two, 5.3 with eight and their box).
 */
const LONG_ROW = 256;
const LONG_ROW_BOX_BYTES = 8 * 1024;

export function findWindows(form: ContractionForm, bytes: number): Windows | null {
  return orient(form, bytes) ?? orient(swapOperands(form), bytes);
}

function orient(form: ContractionForm, bytes: number): Windows | null {
  if (extentOf(form.rows) > MOST_WINDOW_ROWS) return null;
  return sumsOfTaps(form) ?? sumsOfPositions(form, bytes);
}

function sumsOfTaps(form: ContractionForm): Windows | null {
  const { columns, summed: taps, batch } = form;
  if (columns.at(-1)?.out !== 1) return null;
  const whole = planOf(form, columns, taps, batch);
  const lead = whole ? leadingApart(whole) : 0;
  return windows("taps", form, columns.slice(lead), taps, [...batch, ...columns.slice(0, lead)]);
}

/** As many loops around as need not lie in the box, so that it stays small. */
function sumsOfPositions(form: ContractionForm, bytes: number): Windows | null {
  const { columns: taps, summed, batch } = form;
  if (summed.at(-1)?.a !== 1) return null;
  for (let lead = 0; lead < summed.length; lead++) {
    const found = windows("positions", form, summed.slice(lead), taps, [...batch, ...summed.slice(0, lead)]);
    if (found && (stripSize(found, 1) * bytes <= BOX_BYTES || lead === apart(found))) return found;
  }
  return null;
}

/** Position loops that no tap overlaps with, leading the others, counted from the first summed one. */
function apart({ plan, form, positions }: Windows): number {
  return form.summed.length - positions.length + leadingApart(plan);
}

function windows(
  sums: Windows["sums"],
  form: ContractionForm,
  positions: readonly Axis[],
  taps: readonly Axis[],
  around: readonly Axis[],
): Windows | null {
  if (taps.length === 0 || extentOf(taps) > MOST_TAPS) return null;
  const plan = planOf(form, positions, taps, around);
  return plan && isNested(plan, positions) ? { sums, form, plan, around, positions, taps } : null;
}

function planOf(
  { b }: ContractionForm,
  positions: readonly Axis[],
  taps: readonly Axis[],
  around: readonly Axis[],
): StagePlan | null {
  return planStage(b.base, b.offset, "b", positions, taps, around);
}

/** The box of `length` steps of the outermost loop of positions. */
export function windowBox({ plan, positions, taps }: Windows, length: number, slack: number): Box {
  return layoutBox(plan, positions, taps, cutDepth(taps, MOST_TAPS), length, slack);
}

function stripSize(w: Windows, length: number): number {
  return windowBox(w, length, 0).size;
}

/** How positions are cut and what is computed at once. */
export interface WindowCuts {
  /** Steps of the second loop from inside whose windows share their loads. */
  readonly rows: number;
  /** Steps of the outermost loop in a box, and boxes. */
  readonly strip: number;
  readonly strips: number;
  /** Taps that are summed at once, if those have the accumulators. */
  readonly taps: number;
  /** Windows are read where they lie: no box is filled. */
  readonly isDirect: boolean;
}

/** So few taps are loaded by each row anew while memory is waited for. */
const FEW_TAPS = 9;
/** Rows whose windows share their loads: of more, hardly any load would be saved. */
const MOST_ROWS = 8;
/** Vectors of a box that is cut along its innermost loop. */
const STRIP_VECTORS = 16;

export function cutWindows(w: Windows, info: TargetInfo, bytes: number, inMemory: (node: Node) => boolean): WindowCuts {
  const registers = Math.max(...info.microShapes.map(({ rows, vectors }) => rows * vectors));
  const taps = tapsAtOnce(w, registers - 2);
  const row = w.positions.at(-2);
  const isLong = w.sums === "taps" && (w.positions.at(-1) as Axis).extent * bytes >= LONG_ROW;
  const isDirect = isLong && readsPlainly(w, inMemory);
  const most = isLong
    ? isDirect && extentOf(w.taps) <= FEW_TAPS
      ? 1
      : 2
    : w.sums === "taps"
      ? MOST_ROWS
      : Math.min(4, Math.max(1, registers - taps - 1));
  const boxBytes = isLong ? LONG_ROW_BOX_BYTES : BOX_BYTES;
  const rows = row ? rowsAtOnce(row.extent, most, w.sums === "positions") : 1;
  const { extent } = w.positions[0] as Axis;
  const unit =
    w.positions.length === 1 ? STRIP_VECTORS * info.lanes(bytes as 4 | 8) : w.positions.length === 2 ? rows : 1;
  let strip = unit;
  while (strip < extent && stripSize(w, strip + unit) * bytes <= boxBytes) strip += unit;
  const strips = Math.ceil(extent / strip);
  return { rows, strip: Math.ceil(extent / strips / unit) * unit, strips, taps, isDirect };
}

/** True if windows are pieces of memory, perhaps padded, whose innermost positions and taps are neighbours there. */
function readsPlainly({ plan, positions }: Windows, inMemory: (node: Node) => boolean): boolean {
  let { base } = plan;
  while (!inMemory(base) && (isView(base) || isGuarded(base))) base = base.inputs[0] as Node;
  const inner = plan.own.at(-1) as Move;
  const isAlong = inner.dim === plan.base.shape.length - 1 && inner.step === 1;
  return inMemory(base) && isAlong && positions.length > 1;
}

/** Whole innermost loops of taps, as many as have accumulators in registers. */
function tapsAtOnce({ taps }: Windows, registers: number): number {
  const inner = (taps.at(-1) as Axis).extent;
  return Math.min(extentOf(taps), Math.max(1, Math.floor(registers / inner)) * inner);
}

/** The most rows that leave no rest, or next to none. */
function rowsAtOnce(extent: number, most: number, isWhole: boolean): number {
  let best = 1;
  let least = Infinity;
  for (let rows = Math.floor(Math.min(most, extent)); rows >= 1; rows--) {
    // A row alone loads all it needs.
    const cost = Math.ceil(extent / rows) * (rows + 1.5) + (isWhole && extent % rows !== 0 ? extent : 0);
    if (cost < least) [best, least] = [rows, cost];
  }
  return best;
}

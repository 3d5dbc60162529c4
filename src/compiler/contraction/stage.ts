// Staging: an operand whose loops overlap in memory (the windows of a convolution) is copied, a box at a time, to where the
// micro-kernel can read all windows from one copy. Padding and elementwise work below it are done while copying; windows are
// never written out. Strides of the windows become phases, so that neighbouring positions are neighbours in the box.
import { contiguousStrides } from "../../base/index.js";
import type { Node } from "../../graph/index.js";
import type { Axis } from "./form.js";

/** How one loop moves in the base's index space: `step` along `dim`. */
export interface Move {
  readonly dim: number;
  readonly step: number;
}

export interface StageDim {
  /** The own loop (number in `own`) that moves this dim, or -1, and its step. */
  readonly own: number;
  readonly step: number;
}

/** What makes an operand fit for staging, for its own loops (rows or columns), summed loops and those around both. */
export interface StagePlan {
  readonly base: Node;
  /** Index in the base of the operand's first element. */
  readonly origin: readonly number[];
  readonly dims: readonly StageDim[];
  readonly own: readonly Move[];
  readonly summed: readonly Move[];
  readonly batch: readonly (Move | null)[];
}

/**
 * A plan, or null if the loops do not overlap in the base or are not walks along its dims. `summed` and `batch` are the
 * contraction's loops, in their order.
 */
export function planStage(
  base: Node,
  offset: number,
  key: "a" | "b",
  own: readonly Axis[],
  summed: readonly Axis[],
  batch: readonly Axis[],
): StagePlan | null {
  const moves = (axes: readonly Axis[]): (Move | null)[] => axes.map((axis) => moveOf(base, axis[key], axis.extent));
  const [o, s, b] = [moves(own), moves(summed), moves(batch)];
  const isStill = (i: number): boolean => (batch[i] as Axis)[key] === 0;
  if (o.includes(null) || s.includes(null) || b.some((move, i) => move === null && !isStill(i))) return null;
  const [ownMoves, summedMoves] = [o as Move[], s as Move[]];
  const dims = base.shape.map((_, dim): StageDim => {
    const at = ownMoves.findIndex((move) => move.dim === dim);
    return { own: at, step: at < 0 ? 1 : (ownMoves[at] as Move).step };
  });
  if (ownMoves.some(({ dim }, i) => dims[dim]?.own !== i)) return null; // two own loops along one dim
  // Rows that lie one after the other (a matrix seen in flat memory, windows beside each other) share nothing: they are packed.
  const reach = (dim: number): number =>
    summedMoves.reduce((n, move, i) => (move.dim === dim ? n + move.step * ((summed[i] as Axis).extent - 1) : n), 0);
  if (!ownMoves.some(({ dim, step }) => reach(dim) >= step)) return null;
  let rest = offset;
  const origin = contiguousStrides(base.shape).map((stride) => {
    const at = Math.floor(rest / stride);
    rest -= at * stride;
    return at;
  });
  return { base, origin, dims, own: ownMoves, summed: summedMoves, batch: b };
}

/** The one dim along which `stride` moves, `extent` times. */
function moveOf(base: Node, stride: number, extent: number): Move | null {
  if (stride <= 0) return null;
  const strides = contiguousStrides(base.shape);
  const dim = strides.findIndex((size, d) => {
    return stride % size === 0 && (stride / size) * (extent - 1) < (base.shape[d] as number);
  });
  return dim < 0 ? null : { dim, step: stride / (strides[dim] as number) };
}

/** Loops of the operand alone that no summed loop overlaps with, leading the others. */
export function leadingApart({ own, summed }: StagePlan): number {
  const first = own.findIndex(({ dim }) => summed.some((move) => move.dim === dim));
  return Math.max(0, first);
}

// Packing: rows or columns of an operand copied into panels `[panel][depth][pitch]`, so that the micro-kernel walks forward.
// What lies beyond the last row or column holds copies of it; those results are never stored.
import type { Buffer, Expr, Stmt } from "../../ir/index.js";
import { digitsOf, offsetAt, offsetOf } from "./axes.js";
import { type Block, type Depth, type DepthAxis, depthLoops } from "./depth.js";
import type { Axis } from "./form.js";
import type { Problem, Side } from "./operand.js";
import { branch, loop } from "./statements.js";
import { transpose } from "./transpose.js";

/** Where a panel goes and what it is packed from. */
interface Panel {
  readonly buffer: Buffer;
  /** Index of the panel's first element. */
  readonly to: Expr;
  /** Its first row or column. */
  readonly first: Expr;
  /** Offset in the operand of row or column 0 and the block's first summed element. */
  readonly start: Expr;
}

/** Packs the panel with rows or columns from `first`. */
export function packPanel(p: Problem, side: Side, block: Block, panel: Panel): Stmt[] {
  const { f } = p.env;
  const inner = side.axes[side.axes.length - 1] as Axis;
  const isWhole = f.le(f.add(panel.first, f.int(side.pitch)), f.int(side.count));
  if (inner[side.key] !== 1) return packApart(p, side, block, panel, isWhole);
  const digit = f.rem(panel.first, f.int(inner.extent));
  const isRun = f.le(f.add(digit, f.int(side.pitch)), f.int(inner.extent));
  const run = depthLoops(f, block.axes, (at) => copyRun(p, side, panel, at));
  return branch(f.and(isWhole, isRun), run, packSingly(p, side, block.axes, panel));
}

/** Neighbours in memory: vectors are copied. */
function copyRun(p: Problem, side: Side, { buffer, to, first, start }: Panel, at: Depth): Stmt[] {
  const { f } = p.env;
  const from = f.add(f.add(start, offsetAt(f, side.axes, first, side.key)), at[side.key]);
  return Array.from({ length: side.pitch / p.lanes }, (_, v) => {
    const value = f.load(side.buffer, f.add(from, f.int(v * p.lanes)), p.lanes);
    const index = f.add(to, f.add(f.mul(at.flat, f.int(side.pitch)), f.int(v * p.lanes)));
    return { kind: "store", buffer, index, value, guard: null };
  });
}

/** One row or column after the other: wherever they lie. */
function packSingly(p: Problem, side: Side, axes: readonly DepthAxis[], panel: Panel): Stmt[] {
  const { f } = p.env;
  const j = f.variable("j", "i32", { min: 0, max: side.pitch - 1 });
  const from = f.variable("from", "i32");
  const at = f.min(f.add(panel.first, j), f.int(side.count - 1));
  const body = depthLoops(f, axes, (depth): Stmt[] => {
    const index = f.add(panel.to, f.add(f.mul(depth.flat, f.int(side.pitch)), j));
    const value = f.load(side.buffer, f.add(from, depth[side.key]));
    return [{ kind: "store", buffer: panel.buffer, index, value, guard: null }];
  });
  const start = f.add(panel.start, offsetAt(f, side.axes, at, side.key));
  return [loop(f, j, f.int(side.pitch), [{ kind: "let", v: from, value: start }, ...body])];
}

/** Rows or columns that lie apart: where the sum runs along memory, square blocks are loaded and turned. */
function packApart(p: Problem, side: Side, block: Block, panel: Panel, isWhole: Expr): Stmt[] {
  const { f } = p.env;
  const last = block.axes[block.axes.length - 1] as DepthAxis;
  const { lanes } = p;
  if (last.axis[side.key] !== 1 || lanes === 1 || last.length.max < lanes)
    return packSingly(p, side, block.axes, panel);
  const squares = f.div(last.length, f.int(lanes));
  const done = f.mul(squares, f.int(lanes));
  const turn = (isFull: boolean): Stmt[] =>
    depthLoops(f, block.axes.slice(0, -1), (outer) => {
      const q = f.variable("kq", "i32", { min: 0, max: Math.floor(last.length.max / lanes) - 1 });
      const at = along(p, last.axis, outer, f.mul(q, f.int(lanes)));
      return [loop(f, q, squares, packSquares(p, side, panel, at, isFull))];
    });
  const rest = f.variable("kr", "i32", { min: 0, max: lanes - 2 });
  const left: Stmt[] = packRest(p, side, block, panel, done, rest);
  return [...branch(isWhole, turn(true), turn(false)), ...left];
}

/** A place `k` steps along the last loop, whose number the loops outside have not counted in. */
function along(p: Problem, axis: Axis, outer: Depth, k: Expr): Depth {
  const { f } = p.env;
  const moved = (side: "a" | "b"): Expr => f.add(outer[side], f.mul(k, f.int(axis[side])));
  return { flat: f.add(f.mul(outer.flat, f.int(axis.extent)), k), a: moved("a"), b: moved("b") };
}

/** Summed elements left over by the squares. */
function packRest(
  p: Problem,
  side: Side,
  block: Block,
  panel: Panel,
  done: Expr,
  k: ReturnType<Problem["env"]["f"]["variable"]>,
): Stmt[] {
  const { f } = p.env;
  const last = block.axes[block.axes.length - 1] as DepthAxis;
  const count = f.sub(last.length, done);
  if (count.max <= 0) return [];
  const j = f.variable("j", "i32", { min: 0, max: side.pitch - 1 });
  const from = f.variable("from", "i32");
  const row = f.min(f.add(panel.first, j), f.int(side.count - 1));
  const body = depthLoops(f, block.axes.slice(0, -1), (outer) => {
    const at = along(p, last.axis, outer, f.add(done, k));
    const index = f.add(panel.to, f.add(f.mul(at.flat, f.int(side.pitch)), j));
    const value = f.load(side.buffer, f.add(from, at[side.key]));
    return [loop(f, k, count, [{ kind: "store", buffer: panel.buffer, index, value, guard: null }])];
  });
  const start = f.add(panel.start, offsetAt(f, side.axes, row, side.key));
  return [loop(f, j, f.int(side.pitch), [{ kind: "let", v: from, value: start }, ...body])];
}

/** `lanes` summed elements of each row: loaded along the sum, stored along the rows. */
function packSquares(p: Problem, side: Side, { buffer, to, first, start }: Panel, at: Depth, isWhole: boolean): Stmt[] {
  const { f } = p.env;
  const { lanes } = p;
  const bytes = p.type === "f64" ? 8 : 4;
  const offsets = Array.from({ length: side.pitch }, (_, j) => {
    const row = f.add(first, f.int(j));
    const digits = digitsOf(f, side.axes, isWhole ? row : f.min(row, f.int(side.count - 1)));
    return f.add(f.add(start, offsetOf(f, side.axes, digits, side.key)), at[side.key]);
  });
  return Array.from({ length: side.pitch / lanes }, (_, v) => {
    const rows = offsets.slice(v * lanes, (v + 1) * lanes).map((from) => f.load(side.buffer, from, lanes));
    return transpose(f, rows, bytes).map((value, i): Stmt => {
      const index = f.add(to, f.add(f.mul(f.add(at.flat, f.int(i)), f.int(side.pitch)), f.int(v * lanes)));
      return { kind: "store", buffer, index, value, guard: null };
    });
  }).flat();
}

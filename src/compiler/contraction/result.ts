// What happens to finished sums: stored as they are, or after elementwise work that was fused in; ragged edges; and the block
// that collects sums of several blocks of a tile.
import type { Buffer, Expr, Stmt } from "../../ir/index.js";
import { axesIn, digitsOf, offsetAt, offsetOf } from "./axes.js";
import type { Axis } from "./form.js";
import type { Accumulators, MicroPlace } from "./micro-kernel.js";
import type { Problem } from "./operand.js";
import { branch, loop } from "./statements.js";

/** Stores one finished element: `at` is its place in the result, `value` the sum. */
export interface Finish {
  /** Set if sums are stored unchanged: vectors of them may be stored at once. */
  readonly plain: { readonly buffer: Buffer; readonly base: Expr } | null;
  element(at: Expr, value: Expr): Stmt[];
}

/** Rows `row … row+rows-1` and columns `column … column+columns-1` of the result. */
interface Region {
  readonly row: Expr;
  readonly rows: Expr;
  readonly column: Expr;
  readonly columns: Expr;
  /** Offset of the batch in the result. */
  readonly base: Expr;
}

/** Adds a micro-kernel's accumulators to the tile's block, row by row with `pitch` elements each. */
export function addToBlock(
  p: Problem,
  block: Buffer,
  pitch: number,
  row: Expr,
  column: Expr,
  acc: Accumulators,
): Stmt[] {
  const { f } = p.env;
  return acc.flatMap((vectors, i) =>
    vectors.map((c, v): Stmt => {
      const index = f.add(f.mul(f.add(row, f.int(i)), f.int(pitch)), f.add(column, f.int(v * p.lanes)));
      const value = f.add(c, f.freshLoad(block, index, p.lanes));
      return { kind: "store", buffer: block, index, value, guard: null };
    }),
  );
}

export function clearBlock(p: Problem, block: Buffer): Stmt[] {
  const { f } = p.env;
  const i = f.variable("i", "i32", { min: 0, max: block.size - 1 });
  const store: Stmt = { kind: "store", buffer: block, index: i, value: f.const(p.type, 0), guard: null };
  return [loop(f, i, f.int(block.size), [store], "vectorize")];
}

/** Stores a micro-kernel's accumulators: whole vectors where columns are neighbours, else by way of `corner`. */
export function storeAccumulators(
  p: Problem,
  finish: Finish,
  corner: Buffer,
  place: MicroPlace,
  base: Expr,
  acc: Accumulators,
): Stmt[] {
  const { f } = p.env;
  const { unit, count } = p.b;
  const left = f.min(f.int(unit), f.sub(f.int(count), place.column));
  const spill = acc.flatMap((vectors, i) =>
    vectors.map((c, v): Stmt => {
      const index = f.int(i * unit + v * p.lanes);
      return { kind: "store", buffer: corner, index, value: c, guard: null };
    }),
  );
  const region: Region = { row: place.row, rows: f.int(place.rows), column: place.column, columns: left, base };
  const byElement = [...spill, ...storeRegion(p, finish, corner, f.int(0), unit, region)];
  const { plain } = finish;
  const columns = axesIn(p.form.columns, "out");
  const inner = columns[columns.length - 1] as Axis;
  if (!plain || inner.out !== 1) return byElement;
  const isWhole = f.le(f.add(place.column, f.int(unit)), f.int(count));
  const isRun = f.le(f.add(f.rem(place.column, f.int(inner.extent)), f.int(unit)), f.int(inner.extent));
  return branch(f.and(isWhole, isRun), storeVectors(p, plain, columns, place, base, acc), byElement);
}

function storeVectors(
  p: Problem,
  plain: { readonly buffer: Buffer; readonly base: Expr },
  columns: readonly Axis[],
  place: MicroPlace,
  base: Expr,
  acc: Accumulators,
): Stmt[] {
  const { f } = p.env;
  const rows = axesIn(p.form.rows, "out");
  const start = f.add(f.add(plain.base, base), offsetAt(f, columns, place.column, "out"));
  return acc.flatMap((vectors, i) => {
    const at = f.add(start, offsetAt(f, rows, f.add(place.row, f.int(i)), "out"));
    return vectors.map((c, v): Stmt => {
      const index = f.add(at, f.int(v * p.lanes));
      return { kind: "store", buffer: plain.buffer, index, value: c, guard: null };
    });
  });
}

/** Finishes sums that lie in `from`, `pitch` elements a row, along whichever loop the result is contiguous in. */
export function storeRegion(
  p: Problem,
  finish: Finish,
  from: Buffer,
  start: Expr,
  pitch: number,
  region: Region,
): Stmt[] {
  const { f } = p.env;
  const rowAxes = axesIn(p.form.rows, "out");
  const columnAxes = axesIn(p.form.columns, "out");
  const isRowMajor = (columnAxes[columnAxes.length - 1] as Axis).out === 1;
  const element = (rowAt: Expr, columnAt: Expr, r: Expr, c: Expr): Stmt[] => {
    const value = f.freshLoad(from, f.add(start, f.add(f.mul(r, f.int(pitch)), c)));
    return finish.element(f.add(region.base, f.add(rowAt, columnAt)), value);
  };
  const rows = (inner: (at: Expr, r: Expr) => Stmt[], isVector: boolean) =>
    runs(p, rowAxes, region.row, region.rows, p.a.unit * p.a.tilePanels, isVector, inner);
  const columns = (inner: (at: Expr, c: Expr) => Stmt[], isVector: boolean) =>
    runs(p, columnAxes, region.column, region.columns, p.b.unit * p.b.tilePanels, isVector, inner);
  return isRowMajor
    ? rows((rowAt, r) => columns((columnAt, c) => element(rowAt, columnAt, r, c), true), false)
    : columns((columnAt, c) => rows((rowAt, r) => element(rowAt, columnAt, r, c), true), false);
}

/** A loop over `count` positions from `first`, cut where its innermost axis begins anew: no division within a run. */
function runs(
  p: Problem,
  axes: readonly Axis[],
  first: Expr,
  count: Expr,
  most: number,
  isVector: boolean,
  body: (at: Expr, local: Expr) => Stmt[],
): Stmt[] {
  const { f } = p.env;
  const hint = isVector ? ("vectorize" as const) : undefined;
  const inner = axes[axes.length - 1] as Axis;
  if (axes.length === 1) {
    const i = f.variable("i", "i32", { min: 0, max: Math.min(count.max, most) - 1 });
    return [loop(f, i, count, body(f.mul(f.add(first, i), f.int(inner.out)), i), hint)];
  }
  const extent = f.int(inner.extent);
  const firstRun = f.div(first, extent);
  const end = f.add(first, count);
  const lastRun = f.div(f.sub(end, f.int(1)), extent);
  const s = f.variable("s", "i32", { min: 0, max: Math.ceil(most / inner.extent) });
  const run = f.add(firstRun, s);
  const start = f.mul(run, extent);
  const i = f.variable("i", "i32", { min: 0, max: inner.extent - 1 });
  const outer = axes.slice(0, -1);
  const at = f.add(offsetOf(f, outer, digitsOf(f, outer, run), "out"), f.mul(i, f.int(inner.out)));
  const one: Stmt = {
    kind: "for",
    v: i,
    from: f.max(f.int(0), f.sub(first, start)),
    to: f.min(extent, f.sub(end, start)),
    step: 1,
    body: body(at, f.sub(f.add(start, i), first)),
    ...(hint && { hint }),
  };
  return [loop(f, s, f.add(f.sub(lastRun, firstRun), f.int(1)), [one])];
}

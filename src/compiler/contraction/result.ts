// What happens to finished sums: stored as they are, or after elementwise work that was fused in; ragged edges; and the block
// that collects sums of several blocks of a tile.
import type { Buffer, Expr, Stmt, Var } from "../../ir/index.js";
import { axesIn, digitsOf, offsetAt, offsetOf, spanOf } from "./axes.js";
import type { Finish } from "./finish.js";
import type { Axis } from "./form.js";
import type { Accumulators, MicroPlace } from "./micro-kernel.js";
import type { Problem } from "./operand.js";
import { branch, loop } from "./statements.js";
import { transpose } from "./transpose.js";

/** Rows `row … row+rows-1` and columns `column … column+columns-1` of the result. */
interface Region {
  readonly row: Expr;
  readonly rows: Expr;
  readonly column: Expr;
  readonly columns: Expr;
  /** Offset of the batch in the result. */
  readonly base: Expr;
  /** The columns are neighbours in the result. */
  readonly isRun?: boolean;
}

/** A micro-kernel's place in the tile's block, whose rows lie `pitch` elements apart. */
interface BlockPlace {
  readonly buffer: Buffer;
  readonly pitch: number;
  readonly row: Expr;
  readonly column: Expr;
}

function placesInBlock(p: Problem, { pitch, row, column }: BlockPlace, acc: Accumulators): { at: Expr; sum: Var }[] {
  const { f } = p.env;
  return acc.flatMap((vectors, i) => {
    const start = f.add(f.mul(f.add(row, f.int(i)), f.int(pitch)), column);
    return vectors.map((sum, v) => ({ at: f.add(start, f.int(v * p.lanes)), sum }));
  });
}

/** Stores accumulators in the tile's block. */
export function putInBlock(p: Problem, place: BlockPlace, acc: Accumulators): Stmt[] {
  return placesInBlock(p, place, acc).map(({ at, sum }) => {
    return { kind: "store", buffer: place.buffer, index: at, value: sum, guard: null };
  });
}

/** Adds the sums of the blocks before to accumulators. */
export function addFromBlock(p: Problem, place: BlockPlace, acc: Accumulators): Stmt[] {
  const { f } = p.env;
  return placesInBlock(p, place, acc).map(({ at, sum }) => {
    return { kind: "assign", v: sum, value: f.add(sum, f.freshLoad(place.buffer, at, p.lanes)) };
  });
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
  const columns = axesIn(p.form.columns, "out");
  const inner = columns[columns.length - 1] as Axis;
  const isWhole = f.le(f.add(place.column, f.int(unit)), f.int(count));
  const isRun = f.le(f.add(f.rem(place.column, f.int(spanOf(inner))), f.int(unit)), f.int(inner.extent));
  const left = f.min(f.int(unit), f.sub(f.int(count), place.column));
  const spill = acc.flatMap((vectors, i) =>
    vectors.map((c, v): Stmt => {
      const index = f.int(i * unit + v * p.lanes);
      return { kind: "store", buffer: corner, index, value: c, guard: null };
    }),
  );
  const ragged: Region = { row: place.row, rows: f.int(place.rows), column: place.column, columns: left, base };
  const waiting: Sums = { buffer: corner, pitch: unit, first: f.int(0) };
  const byElement = [...spill, ...storeRegion(p, finish, waiting, ragged)];
  if (inner.out !== 1) return byElement;
  const { plain } = finish;
  const whole = plain
    ? storeVectors(p, plain, columns, place, base, acc)
    : [...spill, ...storeRegion(p, finish, waiting, { ...ragged, columns: f.int(unit), isRun: true })];
  return branch(f.and(isWhole, isRun), whole, byElement);
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

/** Sums that wait to be finished: rows `pitch` elements apart, from row `first` of the buffer. */
interface Sums {
  readonly buffer: Buffer;
  readonly pitch: number;
  readonly first: Expr;
  /** It is the columns that lie `pitch` elements apart. */
  readonly isTurned?: boolean;
}

/** True if neighbouring columns are neighbours in the result. */
export function isRowMajor(p: Problem): boolean {
  return axesIn(p.form.columns, "out").at(-1)?.out === 1;
}

/** Finishes sums along whichever loop the result is contiguous in. */
export function storeRegion(p: Problem, finish: Finish, from: Sums, region: Region): Stmt[] {
  const { f } = p.env;
  const rowAxes = axesIn(p.form.rows, "out");
  const columnAxes = axesIn(p.form.columns, "out");
  const element = (rowAt: Expr, columnAt: Expr, r: Expr, c: Expr): Stmt[] => {
    const [far, near] = from.isTurned ? [c, r] : [r, c];
    const value = f.freshLoad(from.buffer, f.add(f.mul(f.add(from.first, far), f.int(from.pitch)), near));
    return finish.element(f.add(region.base, f.add(rowAt, columnAt)), value);
  };
  const rows = (isVector: boolean, inner: (at: Expr, r: Expr) => Stmt[]) =>
    positions(p, rowAxes, { first: region.row, count: region.rows, isRun: false, isVector }, inner);
  const columns = (isVector: boolean, inner: (at: Expr, c: Expr) => Stmt[]) =>
    positions(
      p,
      columnAxes,
      { first: region.column, count: region.columns, isRun: region.isRun ?? false, isVector },
      inner,
    );
  return isRowMajor(p)
    ? rows(false, (rowAt, r) => columns(true, (columnAt, c) => element(rowAt, columnAt, r, c)))
    : columns(false, (columnAt, c) => rows(true, (rowAt, r) => element(rowAt, columnAt, r, c)));
}

/** `count` positions of a list of loops, from flat position `first`. */
interface Positions {
  readonly first: Expr;
  readonly count: Expr;
  /** They do not go beyond the innermost loop's end. */
  readonly isRun: boolean;
  readonly isVector: boolean;
}

/** Elements of a buffer for `storeTurned`: as many columns as a vector has lanes, of so many rows. */
export function turnedSize(p: Problem, rows: number): number {
  return p.lanes * roundedRows(p, rows);
}

/** Rows in whole squares. */
export function roundedRows({ lanes }: Problem, rows: number): number {
  return Math.ceil(rows / lanes) * lanes;
}

/**
 * Finishes sums whose rows are neighbours in the result, while their columns are in the block: squares are turned in registers,
 * some columns at a time, as vectors of one column would be gathered from as many lines. The block holds whole squares.
 */
export function storeTurned(p: Problem, finish: Finish, from: Sums, region: Region, turned: Buffer): Stmt[] {
  const { f } = p.env;
  const { lanes, bytes } = p;
  const pitch = turned.size / lanes;
  const [rows, columns] = [region.rows, region.columns].map((count) =>
    f.div(f.add(count, f.int(lanes - 1)), f.int(lanes)),
  ) as [Expr, Expr];
  const column = f.variable("cq", "i32", { min: 0, max: columns.max - 1 });
  const row = f.variable("rq", "i32", { min: 0, max: rows.max - 1 });
  const at = f.mul(column, f.int(lanes));
  const square = Array.from({ length: lanes }, (_, i) => {
    const line = f.add(from.first, f.add(f.mul(row, f.int(lanes)), f.int(i)));
    return f.freshLoad(from.buffer, f.add(f.mul(line, f.int(from.pitch)), at), lanes);
  });
  const turn = transpose(f, square, bytes).map((value, c): Stmt => {
    const index = f.add(f.int(c * pitch), f.mul(row, f.int(lanes)));
    return { kind: "store", buffer: turned, index, value, guard: null };
  });
  const some: Region = {
    ...region,
    column: f.add(region.column, at),
    columns: f.min(f.int(lanes), f.sub(region.columns, at)),
  };
  const sums: Sums = { buffer: turned, pitch, first: f.int(0), isTurned: true };
  return [loop(f, column, columns, [loop(f, row, rows, turn), ...storeRegion(p, finish, sums, some)])];
}

/**
 * A loop over positions, cut where the innermost axis begins anew. Its variable is the position along that axis, so that no
 * division is left in what is computed from it. `body` takes the offset in the result and the position's number from `first`.
 */
function positions(
  p: Problem,
  axes: readonly Axis[],
  { first, count, isRun, isVector }: Positions,
  body: (at: Expr, local: Expr) => Stmt[],
): Stmt[] {
  const { f } = p.env;
  const inner = axes[axes.length - 1] as Axis;
  const outer = axes.slice(0, -1);
  const extent = f.int(inner.extent);
  const span = f.int(spanOf(inner));
  const hint = isVector ? { hint: "vectorize" as const } : {};
  const i = f.variable("i", "i32", { min: 0, max: inner.extent - 1 });
  /** The positions from `from` to `to` along the innermost axis, in its run number `run`. */
  const along = (run: Expr, from: Expr, to: Expr): Stmt => {
    const at = f.add(offsetOf(f, outer, digitsOf(f, outer, run), "out"), f.mul(i, f.int(inner.out)));
    const local = f.sub(f.add(f.mul(run, span), i), first);
    return { kind: "for", v: i, from, to, step: 1, body: body(at, local), ...hint };
  };
  if (outer.length === 0) return [along(f.int(0), first, f.add(first, count))];
  const firstRun = f.div(first, span);
  if (isRun) {
    const from = f.rem(first, span);
    return [along(firstRun, from, f.add(from, count))];
  }
  const end = f.add(first, count);
  const runs = f.add(f.sub(f.div(f.sub(end, f.int(1)), span), firstRun), f.int(1));
  const most = outer.reduce((n, axis) => n * spanOf(axis), 1);
  const s = f.variable("s", "i32", { min: 0, max: most - 1 });
  const number = f.variable("run", "i32", { min: 0, max: most - 1 });
  const start = f.mul(number, span);
  const one = along(number, f.max(f.int(0), f.sub(first, start)), f.min(extent, f.sub(end, start)));
  const digits = digitsOf(f, outer, number);
  const exists = outer.reduce<Expr>(
    (all, axis, d) => (axis.span === undefined ? all : f.and(all, f.lt(digits[d] as Expr, f.int(axis.extent)))),
    f.bool(true),
  );
  return [loop(f, s, runs, [{ kind: "let", v: number, value: f.add(firstRun, s) }, ...branch(exists, [one], [])])];
}

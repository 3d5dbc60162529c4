// The micro-kernel: a block of accumulators in registers, rows spread to all lanes times vectors of columns.
import type { Buffer, Expr, Stmt, Var } from "../../ir/index.js";
import { offsetAt, spanOf } from "./axes.js";
import { type Box, ownOffset } from "./box.js";
import { type Ahead, type Block, type Depth, type DepthAxis, depthLoops, type Flow, loopOver } from "./depth.js";
import type { Axis } from "./form.js";
import type { Problem, Side } from "./operand.js";

/** Where an operand is read. */
export type Source =
  /** A packed panel, from element `at`. */
  | { readonly kind: "panel"; readonly buffer: Buffer; readonly at: Expr }
  /** The operand's memory, with row or column 0 at `at`. */
  | { readonly kind: "memory"; readonly buffer: Buffer; readonly at: Expr }
  /** A staged box: `table` holds the offset of each summed element, `first` is where the outermost loop begins in it. */
  | { readonly kind: "box"; readonly buffer: Buffer; readonly box: Box; readonly table: Buffer; readonly first: Expr };

export interface MicroPlace {
  /** Rows of the micro-kernel; at most the panel's. */
  readonly rows: number;
  /** First row and column in the whole result. */
  readonly row: Expr;
  readonly column: Expr;
}

export type Accumulators = readonly (readonly Var[])[];

/**
 * Sums one block into `rows` × microVectors accumulators, asking for what `ahead` says meanwhile, then does what `keep` says with them.
 */
export function microKernel(
  p: Problem,
  place: MicroPlace,
  block: Block,
  a: Source,
  b: Source,
  ahead: readonly Ahead[],
  keep: (acc: Accumulators) => Stmt[],
): Stmt[] {
  const { f } = p.env;
  const zero = f.const(p.type, 0, p.lanes);
  const acc = Array.from({ length: place.rows }, (_, i) =>
    Array.from({ length: p.options.microVectors }, (_, v) =>
      f.variable(`c${i}_${v}`, p.type, { lanes: p.lanes, mutable: true }),
    ),
  );
  const rowAt = reader(p, p.a, a, place.row, place.rows, 1);
  const columnAt = reader(p, p.b, b, place.column, p.options.microVectors, p.lanes);
  const step = (at: Depth): Stmt[] =>
    multiply(
      p,
      acc,
      (i) => rowAt(i, at),
      (v) => columnAt(v, at),
    );
  const isFlat = a.kind !== "memory" && b.kind !== "memory";
  const flow = ahead.length > 0 ? flowOf(p, block, isFlat, ahead) : null;
  const all = ({ count, at }: Ahead): Stmt[] => Array.from({ length: count }, (_, i) => at(f.int(i))).flat();
  return [
    ...(flow ? [] : ahead.flatMap(all)),
    ...acc.flat().map((v): Stmt => ({ kind: "let", v, value: zero })),
    ...(isFlat ? flatLoop(p, block, a, b, step, flow) : depthLoops(f, block.axes, step, flow)),
    ...keep(acc),
  ];
}

/** Summed elements between two groups of requests: long enough for most of a group to arrive. */
const PIECES = [16, 12, 24, 14, 18, 20, 10, 22, 26, 28, 30, 32];
const LEAST_PIECES = 4;

/**
 * Requests between pieces of the sum. A processor has few places for lines under way: all requests at once would take them from the
 * panels that the sum reads.
 */
function flowOf({ env: { f } }: Problem, block: Block, isFlat: boolean, ahead: readonly Ahead[]): Flow | null {
  const [axis, ...others] = block.axes as [DepthAxis, ...DepthAxis[]];
  const length = isFlat ? block.length : axis.length;
  if (length.min !== length.max || block.from || axis.from || (!isFlat && others.length > 0)) return null;
  const steps = PIECES.find((some) => length.max % some === 0 && length.max >= LEAST_PIECES * some);
  if (steps === undefined) return null;
  const pieces = length.max / steps;
  const before = (piece: Expr): Stmt[] =>
    ahead.flatMap(({ count, at }) => {
      const each = Math.ceil(count / pieces);
      const some = Array.from({ length: each }, (_, i) => at(f.add(f.mul(piece, f.int(each)), f.int(i)))).flat();
      const busy = Math.ceil(count / each);
      return busy === pieces ? some : [{ kind: "if", cond: f.lt(piece, f.int(busy)), then: some, else: [] }];
    });
  return { steps, pieces, before };
}

/** Neither operand is read in place: the block's elements are one loop. */
function flatLoop(
  p: Problem,
  block: Block,
  a: Source,
  b: Source,
  step: (at: Depth) => Stmt[],
  flow: Flow | null,
): Stmt[] {
  const { f } = p.env;
  return loopOver(f, "k", { from: block.from, length: block.length }, flow, (k) => {
    const offsets: Stmt[] = [];
    const offset = (source: Source): Expr => {
      if (source.kind !== "box") return k;
      const v = f.variable("at", "i32", { min: 0, max: source.box.size - 1 });
      offsets.push({ kind: "let", v, value: f.freshLoad(source.table, k) });
      return v;
    };
    const at: Depth = { flat: k, a: offset(a), b: offset(b) };
    return [...offsets, ...step(at)];
  });
}

/** Addresses of the `count` rows (or vectors of columns) from `first` at a summed element. */
function reader(
  p: Problem,
  side: Side,
  source: Source,
  first: Expr,
  count: number,
  lanes: number,
): (i: number, at: Depth) => Expr {
  const { f } = p.env;
  if (source.kind === "panel") {
    return (i, { flat }) =>
      f.freshLoad(source.buffer, f.add(source.at, f.add(f.mul(flat, f.int(side.pitch)), f.int(i * lanes))), lanes);
  }
  if (source.kind === "box") {
    // Columns of a box are neighbours; rows are wherever their loops lead, if not always as far from the first.
    const start = ownOffset(f, source.box, side.axes, first, source.first);
    const apart =
      lanes > 1 ? Array.from({ length: count }, (_, i) => i * lanes) : stepsInPanels(source.box, side, count);
    const starts = Array.from({ length: count }, (_, i) =>
      apart
        ? f.add(start, f.int(apart[i] as number))
        : ownOffset(f, source.box, side.axes, f.add(first, f.int(i)), source.first),
    );
    return (i, at) => f.freshLoad(source.buffer, f.add(starts[i] as Expr, at[side.key]), lanes);
  }
  const starts = Array.from({ length: count }, (_, i) =>
    f.add(source.at, offsetAt(f, side.axes, f.add(first, f.int(i * lanes)), side.key)),
  );
  return (i, at) => f.load(source.buffer, f.add(starts[i] as Expr, at[side.key]), lanes);
}

/** How far rows of a panel lie from its first one in a box, if that is the same for all panels; null if not. */
function stepsInPanels(box: Box, side: Side, rows: number): number[] | null {
  const placeOf = (row: number): number => {
    let [at, rest] = [0, row];
    for (let i = side.axes.length - 1; i >= 0; i--) {
      const span = i === 0 ? Number.POSITIVE_INFINITY : spanOf(side.axes[i] as Axis);
      at += (rest % span) * (box.ownStrides[i] as number);
      rest = Math.floor(rest / span);
    }
    return at;
  };
  const stepsOf = (first: number): number[] =>
    Array.from({ length: rows }, (_, i) => placeOf(first + i) - placeOf(first));
  const steps = stepsOf(0);
  for (let first = side.unit; first + rows <= side.count; first += side.unit) {
    if (stepsOf(first).some((step, i) => step !== steps[i])) return null;
  }
  return steps;
}

/** One summed element: every accumulator grows by row · column. */
function multiply(p: Problem, acc: Accumulators, row: (i: number) => Expr, column: (v: number) => Expr): Stmt[] {
  const { f } = p.env;
  const columns = Array.from({ length: p.options.microVectors }, (_, v) =>
    f.variable(`b${v}`, p.type, { lanes: p.lanes }),
  );
  return [
    ...columns.map((v, i): Stmt => ({ kind: "let", v, value: column(i) })),
    ...acc.flatMap((vectors, i): Stmt[] => {
      const x = f.splat(row(i), p.lanes);
      const sums = (factor: Expr): Stmt[] =>
        vectors.map((c, v) => ({ kind: "assign", v: c, value: f.fma(factor, columns[v] as Var, c) }));
      if (vectors.length === 1) return sums(x); // spread by the instruction that multiplies
      const spread = f.variable(`a${i}`, p.type, { lanes: p.lanes });
      return [{ kind: "let", v: spread, value: x }, ...sums(spread)];
    }),
  ];
}

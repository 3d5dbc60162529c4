// Packing: rows or columns of an operand copied into panels `[panel][depth][pitch]`, so that the micro-kernel walks forward.
// What lies beyond the last row or column holds copies of it; those results are never stored. An operand without memory is
// worked out element by element on the way.
import type { Buffer, Expr, Stmt } from "../../ir/index.js";
import { Evaluator } from "../evaluate.js";
import { digitsOf, offsetAt, offsetOf } from "./axes.js";
import { type Block, type Depth, type DepthAxis, depthIn, depthLoops } from "./depth.js";
import type { Axis } from "./form.js";
import type { Problem, Side } from "./operand.js";
import type { OperandSum } from "./operand-sum.js";
import { branch, loop } from "./statements.js";
import { transpose } from "./transpose.js";

type Store = Extract<Stmt, { kind: "store" }>;

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

/**
 * Packs `count` panels, the first with rows or columns from `panel.first`. Where whole panels are neighbours in memory, or lie
 * near each other, each of its lines is read from end to end before the next. `sum` adds the lines up on the way.
 */
export function packPanels(
  p: Problem,
  side: Side,
  block: Block,
  panel: Panel,
  count: Expr,
  most: number,
  sum: OperandSum | null = null,
): Stmt[] {
  const { f } = p.env;
  const axes = depthIn(f, block.axes, side.key);
  const inner = side.axes[0] as Axis;
  const size = f.int(side.panelStride);
  const at = (n: Expr): Panel => ({
    ...panel,
    to: f.add(panel.to, f.mul(n, size)),
    first: f.add(panel.first, f.mul(n, f.int(side.unit))),
  });
  const n = f.variable("p", "i32", { min: 0, max: most - 1 });
  const one = (m: Expr): Stmt[] => {
    const { to } = at(m);
    const lines = (body: (depth: Depth) => Stmt[]): Stmt[] => depthLoops(f, axes, body);
    return [...packPanel(p, side, block, at(m)), ...(sum ? sum.addPacked(m, panel.buffer, to, lines) : [])];
  };
  const isStep = !runsAlong(p, side, axes) && isStrided(p, side);
  const isAlong = side.buffer !== null && side.axes.length === 1 && inner[side.key] === 1;
  if (!isAlong && !isStep) return [loop(f, n, count, one(n))];
  // Panels that end within the operand; those behind are packed one by one.
  const room = f.sub(f.int(side.count - side.pitch), panel.first);
  const fitting = f.div(f.max(f.int(0), f.add(room, f.int(side.unit))), f.int(side.unit));
  const whole = f.min(count, fitting);
  const rest = f.variable("p", "i32", { min: 0, max: most - 1 });
  const left: Stmt = { kind: "for", v: rest, from: whole, to: count, step: 1, body: one(rest) };
  const summed = (stmt: Store, v: number): Stmt[] => (sum ? [stmt, sum.add(n, v, stmt.value)] : [stmt]);
  const copied = (depth: Depth): Stmt[] =>
    isStep ? gatherVectors(p, side, at(n), depth) : copyVectors(p, side, at(n), at(n).first, depth).flatMap(summed);
  const lines = depthLoops(f, axes, (depth) => [loop(f, n, whole, copied(depth))]);
  return side.count < side.pitch ? [loop(f, n, count, one(n))] : [...lines, left];
}

/** One summed element of a panel's rows or columns, neighbours in memory. */
function copyVectors(p: Problem, side: Side, { buffer, to, start }: Panel, digit: Expr, at: Depth): Store[] {
  const { f } = p.env;
  const place = f.add(f.add(start, at[side.key]), digit);
  const index = f.add(to, f.mul(at.flat, f.int(side.pitch)));
  return Array.from({ length: side.pitch / p.lanes }, (_, v) => {
    const value = f.load(side.buffer as Buffer, f.add(place, f.int(v * p.lanes)), p.lanes);
    return { kind: "store", buffer, index: f.add(index, f.int(v * p.lanes)), value, guard: null };
  });
}

/** Packs the panel with rows or columns from `first`. */
function packPanel(p: Problem, side: Side, block: Block, panel: Panel): Stmt[] {
  const { f } = p.env;
  const axes = depthIn(f, block.axes, side.key);
  const inner = side.axes[side.axes.length - 1] as Axis;
  const isWhole = f.le(f.add(panel.first, f.int(side.pitch)), f.int(side.count));
  if (inner[side.key] === 1) {
    const digit = f.rem(panel.first, f.int(inner.extent));
    const isRun = f.le(f.add(digit, f.int(side.pitch)), f.int(inner.extent));
    return branch(f.and(isWhole, isRun), copyRun(p, side, axes, panel), packSingly(p, side, axes, panel));
  }
  if (!runsAlong(p, side, axes)) return packSingly(p, side, axes, panel);
  return side.buffer ? packTurned(p, side, axes, panel, isWhole) : packByStrip(p, side, axes, panel);
}

/** The operand's element at an offset. */
function elementAt(p: Problem, side: Side, offset: Expr): Expr {
  const { env } = p;
  const { f } = env;
  if (side.buffer)
    return side.buffer.space === "local" ? f.freshLoad(side.buffer, offset) : f.load(side.buffer, offset);
  const evaluator = new Evaluator(f, { bufferOf: (x) => env.bufferOf(x), slotOf: (x) => env.slotOf(x) });
  const dims = side.base.shape.map((extent) => ({ extent, a: 0, b: 0, out: 0 }));
  return evaluator.value(side.base, digitsOf(f, dims, offset));
}

/** Neighbours in memory: copied in vectors. */
function copyRun(p: Problem, side: Side, axes: readonly DepthAxis[], { buffer, to, first, start }: Panel): Stmt[] {
  const { f } = p.env;
  const inner = side.axes[side.axes.length - 1] as Axis;
  const outer = side.axes.slice(0, -1);
  // Its true bounds, so that no division by the loop's extent is left in a computed element.
  const digit = f.variable("digit", "i32", { min: 0, max: Math.max(0, inner.extent - side.pitch) });
  const extent = f.int(inner.extent);
  const isOnly = outer.length === 0;
  const from = f.add(start, isOnly ? f.int(0) : offsetAt(f, outer, f.div(first, extent), side.key));
  const body = depthLoops(f, axes, (at): Stmt[] => {
    const place = f.add(f.add(from, at[side.key]), digit);
    if (side.buffer) return copyVectors(p, side, { buffer, to, first, start: from }, digit, at);
    const index = f.add(to, f.mul(at.flat, f.int(side.pitch)));
    const j = f.variable("j", "i32", { min: 0, max: side.pitch - 1 });
    const value = elementAt(p, side, f.add(place, j));
    const store: Stmt = { kind: "store", buffer, index: f.add(index, j), value, guard: null };
    return [loop(f, j, f.int(side.pitch), [store], "vectorize")];
  });
  return [{ kind: "let", v: digit, value: isOnly ? first : f.rem(first, extent) }, ...body];
}

/** True if the sum goes along memory, for a vector at least. */
function runsAlong({ lanes }: Problem, { key }: Side, axes: readonly DepthAxis[]): boolean {
  const { axis, length } = axes[axes.length - 1] as DepthAxis;
  return axis[key] === 1 && lanes > 1 && length.max >= lanes;
}

/** Elements between neighbours up to which the lines that a vector takes its elements from are still there for the next ones. */
const MOST_STRIDE = 64;

/** True if a panel's rows or columns lie near each other, at one distance: weights of a data gradient, a window apart. */
function isStrided({ lanes }: Problem, { buffer, axes, key }: Side): boolean {
  const [inner, ...others] = axes as [Axis, ...Axis[]];
  return buffer !== null && lanes > 1 && others.length === 0 && inner[key] > 1 && inner[key] <= MOST_STRIDE;
}

/** One summed element of a panel's rows or columns, at one distance in memory: gathered in vectors. */
function gatherVectors(p: Problem, side: Side, { buffer, to, first, start }: Panel, at: Depth): Stmt[] {
  const { f } = p.env;
  const inner = side.axes[0] as Axis;
  const j = f.variable("j", "i32", { min: 0, max: side.pitch - 1 });
  const place = f.add(f.add(start, at[side.key]), f.mul(f.add(first, j), f.int(inner[side.key])));
  const index = f.add(f.add(to, f.mul(at.flat, f.int(side.pitch))), j);
  const store: Stmt = { kind: "store", buffer, index, value: elementAt(p, side, place), guard: null };
  return [loop(f, j, f.int(side.pitch), [store], "vectorize")];
}

/** The panel's rows or columns one after the other, each from its offset in the operand. */
function eachRow(p: Problem, side: Side, panel: Panel, body: (from: Expr, j: Expr) => Stmt[]): Stmt[] {
  const { f } = p.env;
  const j = f.variable("j", "i32", { min: 0, max: side.pitch - 1 });
  const row = f.min(f.add(panel.first, j), f.int(side.count - 1));
  const start = f.add(panel.start, offsetAt(f, side.axes, row, side.key));
  if (!side.buffer) return [loop(f, j, f.int(side.pitch), body(start, j))];
  const from = f.variable("from", "i32");
  return [loop(f, j, f.int(side.pitch), [{ kind: "let", v: from, value: start }, ...body(from, j)])];
}

/** Element by element: wherever they lie. */
function packSingly(p: Problem, side: Side, axes: readonly DepthAxis[], panel: Panel): Stmt[] {
  const { f } = p.env;
  return eachRow(p, side, panel, (from, j) =>
    depthLoops(f, axes, (depth): Stmt[] => {
      const index = f.add(panel.to, f.add(f.mul(depth.flat, f.int(side.pitch)), j));
      const value = elementAt(p, side, f.add(from, depth[side.key]));
      return [{ kind: "store", buffer: panel.buffer, index, value, guard: null }];
    }),
  );
}

/** An operand that is computed: first its rows along the sum, in vectors, then those are turned. */
function packByStrip(p: Problem, side: Side, axes: readonly DepthAxis[], panel: Panel): Stmt[] {
  const { f } = p.env;
  const { depth } = p.blocks;
  const strip = f.buffer("strip", p.node.dtype, side.pitch * depth, "local");
  const fill = eachRow(p, side, panel, (from, j) => {
    const last = axes[axes.length - 1] as DepthAxis;
    const k = f.variable("k", "i32", { min: 0, max: last.length.max - 1 });
    return depthLoops(f, axes.slice(0, -1), (outer) => {
      const at = along(p, last.axis, outer, k);
      const value = elementAt(p, side, f.add(from, at[side.key]));
      const index = f.add(f.mul(j, f.int(depth)), at.flat);
      const store: Stmt = { kind: "store", buffer: strip, index, value, guard: null };
      return [loop(f, k, last.length, [store], "vectorize")];
    });
  });
  const row: Axis = { extent: side.pitch, a: depth, b: depth, out: 0 };
  const flat = axes.reduce<Expr>((n, { length }) => f.mul(n, length), f.int(1));
  const whole: DepthAxis = { axis: { extent: depth, a: 1, b: 1, out: 0 }, length: flat };
  const source: Side = { ...side, buffer: strip, axes: [row], count: side.pitch };
  const turned = packTurned(p, source, [whole], { ...panel, first: f.int(0), start: f.int(0) }, f.bool(true));
  return [...fill, ...turned];
}

/** Rows or columns that lie apart, the sum along memory: square blocks are loaded and turned. */
function packTurned(p: Problem, side: Side, axes: readonly DepthAxis[], panel: Panel, isWhole: Expr): Stmt[] {
  const { f } = p.env;
  const { lanes } = p;
  const last = axes[axes.length - 1] as DepthAxis;
  const squares = f.div(last.length, f.int(lanes));
  const done = f.mul(squares, f.int(lanes));
  const turn = (isFull: boolean): Stmt[] =>
    depthLoops(f, axes.slice(0, -1), (outer) => {
      const q = f.variable("kq", "i32", { min: 0, max: Math.floor(last.length.max / lanes) - 1 });
      const at = along(p, last.axis, outer, f.mul(q, f.int(lanes)));
      return [loop(f, q, squares, packSquares(p, side, panel, at, isFull))];
    });
  const count = f.sub(last.length, done);
  if (count.max <= 0) return branch(isWhole, turn(true), turn(false));
  const rest = f.variable("kr", "i32", { min: 0, max: lanes - 2 });
  const left = eachRow(p, side, panel, (from, j) =>
    depthLoops(f, axes.slice(0, -1), (outer) => {
      const at = along(p, last.axis, outer, f.add(done, rest));
      const index = f.add(panel.to, f.add(f.mul(at.flat, f.int(side.pitch)), j));
      const value = elementAt(p, side, f.add(from, at[side.key]));
      return [loop(f, rest, count, [{ kind: "store", buffer: panel.buffer, index, value, guard: null }])];
    }),
  );
  return [...branch(isWhole, turn(true), turn(false)), ...left];
}

/** A place `k` steps along the last loop, whose number the loops outside have not counted in. */
function along(p: Problem, axis: Axis, outer: Depth, k: Expr): Depth {
  const { f } = p.env;
  const moved = (side: "a" | "b"): Expr => f.add(outer[side], f.mul(k, f.int(axis[side])));
  return { flat: f.add(f.mul(outer.flat, f.int(axis.extent)), k), a: moved("a"), b: moved("b") };
}

/** `lanes` summed elements of each row: loaded along the sum, stored along the rows. */
function packSquares(p: Problem, side: Side, { buffer, to, first, start }: Panel, at: Depth, isWhole: boolean): Stmt[] {
  const { f } = p.env;
  const { lanes, bytes } = p;
  const source = side.buffer as Buffer;
  const offsets = Array.from({ length: side.pitch }, (_, j) => {
    const row = f.add(first, f.int(j));
    const digits = digitsOf(f, side.axes, isWhole ? row : f.min(row, f.int(side.count - 1)));
    return f.add(f.add(start, offsetOf(f, side.axes, digits, side.key)), at[side.key]);
  });
  return Array.from({ length: side.pitch / lanes }, (_, v) => {
    const rows = offsets.slice(v * lanes, (v + 1) * lanes).map((from) => loadFrom(p, source, from));
    return transpose(f, rows, bytes).map((value, i): Stmt => {
      const index = f.add(to, f.add(f.mul(f.add(at.flat, f.int(i)), f.int(side.pitch)), f.int(v * lanes)));
      return { kind: "store", buffer, index, value, guard: null };
    });
  }).flat();
}

/** A vector of the operand; from the thread's own memory, which the kernel also writes, each load is one of its own. */
function loadFrom(p: Problem, source: Buffer, from: Expr): Expr {
  const { f } = p.env;
  return source.space === "local" ? f.freshLoad(source, from, p.lanes) : f.load(source, from, p.lanes);
}

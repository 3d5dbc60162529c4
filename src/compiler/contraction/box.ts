// The box of a staged operand in a tile: its layout, the statements that fill it, and where the micro-kernel finds things.
import { numel } from "../../base/index.js";
import { type Buffer, type Expr, type ExprFactory, type Stmt, visitExpressions } from "../../ir/index.js";
import { Evaluator } from "../evaluate.js";
import type { KernelEnv } from "../kernel-env.js";
import { digitsOf } from "./axes.js";
import type { DepthAxis, DepthBlocks } from "./depth.js";
import type { Axis } from "./form.js";
import type { Move, StagePlan } from "./stage.js";
import { loop } from "./statements.js";

/** Extents and strides in the box of one dim of the base: index = origin + phase + quotient · step. */
interface BoxDim {
  /** Positions of the own loop in a tile; 1 without one. */
  readonly length: number;
  /** How far the summed loops of a block reach. */
  readonly reach: number;
  readonly step: number;
  readonly own: number;
  readonly quotients: number;
  readonly phaseStride: number;
  readonly stride: number;
}

export interface Box {
  readonly plan: StagePlan;
  readonly dims: readonly BoxDim[];
  readonly size: number;
  /** Positions between neighbours of each own loop: the extent of what lies inside it in the box. */
  readonly ownStrides: readonly number[];
  /** Axes of the block's depth with how they move. */
  readonly depth: readonly { readonly axis: Axis; readonly move: Move; readonly length: number }[];
}

/** `tileLength`: positions of the outermost own loop that a tile can touch. */
export function layoutBox(
  plan: StagePlan,
  own: readonly Axis[],
  summed: readonly Axis[],
  blocks: DepthBlocks,
  tileLength: number,
  slack: number,
): Box {
  const outside = blocks.outside.length;
  const depth = [blocks.cut, ...blocks.inside].map((axis, i) => ({
    axis,
    move: plan.summed[outside + i] as Move,
    length: i === 0 ? blocks.piece : axis.extent,
  }));
  if (summed.length !== outside + depth.length) throw new Error("staged loops are not merged");
  const extents = plan.dims.map(({ own: at, step }, dim) => {
    const length = at < 0 ? 1 : at === 0 ? tileLength : (own[at] as Axis).extent;
    const reach = depth.reduce((n, x) => (x.move.dim === dim ? n + x.move.step * (x.length - 1) : n), 0);
    return { length, reach, step, own: at, quotients: length + Math.floor(reach / step) };
  });
  // Layout: dims without an own loop outermost, then phases, then own loops in their order: those are walked in vectors.
  const strides = new Array<number>(extents.length).fill(0);
  const phases = new Array<number>(extents.length).fill(0);
  let size = 1;
  for (let i = plan.own.length - 1; i >= 0; i--) {
    const { dim } = plan.own[i] as Move;
    strides[dim] = size;
    size *= (extents[dim] as { quotients: number }).quotients;
  }
  const ownStrides = plan.own.map(({ dim }) => strides[dim] as number);
  extents.forEach((x, dim) => {
    if (x.own < 0) return;
    phases[dim] = size;
    size *= x.step;
  });
  extents.forEach((x, dim) => {
    if (x.own >= 0) return;
    strides[dim] = size;
    size *= x.quotients;
  });
  const dims = extents.map((x, dim) => ({
    ...x,
    stride: strides[dim] as number,
    phaseStride: phases[dim] as number,
  }));
  return { plan, dims, size: size + slack, ownStrides, depth };
}

/** Writes, for each summed element of a block, its offset in the box. */
export function fillTable(f: ExprFactory, box: Box, table: Buffer): Stmt[] {
  const emit = (i: number, flat: Expr, moved: readonly Expr[]): Stmt[] => {
    const x = box.depth[i];
    if (!x) {
      let at: Expr = f.int(0);
      box.dims.forEach((dim, d) => {
        const by = moved[d] as Expr;
        at = f.add(at, f.mul(f.div(by, f.int(dim.step)), f.int(dim.stride)));
        at = f.add(at, f.mul(f.rem(by, f.int(dim.step)), f.int(dim.phaseStride)));
      });
      return [{ kind: "store", buffer: table, index: flat, value: at, guard: null }];
    }
    const inner = numel(box.depth.slice(i + 1).map((y) => y.length));
    const v = f.variable(`k${i}`, "i32", { min: 0, max: x.length - 1 });
    const next = moved.map((m, d) => (d === x.move.dim ? f.add(m, f.mul(v, f.int(x.move.step))) : m));
    return [loop(f, v, f.int(x.length), emit(i + 1, f.add(flat, f.mul(v, f.int(inner))), next))];
  };
  return emit(
    0,
    f.int(0),
    box.dims.map(() => f.int(0)),
  );
}

/** Where a box begins and how much of it is there. */
export interface BoxPlace {
  /** Index in the base of the box's first element. */
  readonly origin: readonly Expr[];
  /** Positions of the outermost own loop. */
  readonly length: Expr;
  /** Lengths of the block's depth loops. */
  readonly axes: readonly DepthAxis[];
}

/** Computes the box's elements. */
export function fillBox(env: KernelEnv, box: Box, buffer: Buffer, place: BoxPlace): Stmt[] {
  const { f } = env;
  const order = loopOrder(box);
  const counts = box.dims.map(
    (dim, d) =>
      (phase: number): Expr =>
        quotients(f, box, dim, d, phase, place),
  );
  const emit = (at: number, index: Expr[], offset: Expr): Stmt[] => {
    const d = order[at] as number;
    const dim = box.dims[d] as BoxDim;
    return Array.from({ length: dim.step }, (_, phase) => {
      const count = (counts[d] as (phase: number) => Expr)(phase);
      if (count.max <= 0) return [];
      const most = Math.min(count.max, dim.quotients);
      const inside = (q: Expr): Expr[] => {
        const next = [...index];
        next[d] = f.add(place.origin[d] as Expr, f.add(f.mul(q, f.int(dim.step)), f.int(phase)));
        return next;
      };
      const to = (q: Expr): Expr => f.add(offset, f.add(f.mul(q, f.int(dim.stride)), f.int(phase * dim.phaseStride)));
      if (at === order.length - 1) return innermost(env, box, buffer, inside, to, count);
      const q = f.variable(`s${d}`, "i32", { min: 0, max: most - 1 });
      return [loop(f, q, count, emit(at + 1, inside(q), to(q)))];
    }).flat();
  };
  return emit(0, [...place.origin], f.int(0));
}

/** Dims without an own loop first, then own loops in order. */
function loopOrder(box: Box): number[] {
  const still = box.dims.flatMap((dim, d) => (dim.own < 0 ? [d] : []));
  return [...still, ...box.plan.own.map(({ dim }) => dim)];
}

/** How many quotients of `phase` a dim has: up to the last position's farthest window element. */
function quotients(f: ExprFactory, box: Box, dim: BoxDim, d: number, phase: number, place: BoxPlace): Expr {
  const length = dim.own === 0 ? place.length : f.int(dim.length);
  let reach: Expr = f.int(0);
  box.depth.forEach(({ move }, i) => {
    if (move.dim !== d) return;
    const last = f.sub((place.axes[i] as DepthAxis).length, f.int(1));
    reach = f.add(reach, f.mul(last, f.int(move.step)));
  });
  return f.sub(f.add(length, f.div(f.add(reach, f.int(dim.step - phase)), f.int(dim.step))), f.int(1));
}

/** The innermost loop, in vectors; its ends, where a padding's guard depends on the position, apart from its middle. */
function innermost(
  env: KernelEnv,
  box: Box,
  buffer: Buffer,
  index: (q: Expr) => Expr[],
  to: (q: Expr) => Expr,
  count: Expr,
): Stmt[] {
  const { f } = env;
  const evaluator = new Evaluator(f, { bufferOf: (x) => env.bufferOf(x), slotOf: (x) => env.slotOf(x) });
  const piece = (from: number, end: Expr): Stmt => {
    const q = f.variable("q", "i32", { min: from, max: end.max - 1 });
    const value = evaluator.value(box.plan.base, index(q));
    const store: Stmt = { kind: "store", buffer, index: to(q), value, guard: null };
    return { kind: "for", v: q, from: f.int(from), to: end, step: 1, body: [store], hint: "vectorize" };
  };
  if (count.kind !== "const") return [piece(0, count)];
  const ends = freeMiddle(f, count.max, (q) => [evaluator.value(box.plan.base, index(q))]);
  return ends.slice(1).map((end, i) => piece(ends[i] as number, f.int(end)));
}

/**
 * Where a loop of `most` steps is cut, its ends included, so that no load in its middle has a guard that depends on the step.
 * Uncut if that needs more than a border.
 */
export function freeMiddle(f: ExprFactory, most: number, values: (q: Expr) => readonly Expr[]): number[] {
  const isFree = (from: number, end: number): boolean => {
    const q = f.variable("q", "i32", { min: from, max: end - 1 });
    return !values(q).some((value) => hasGuardOn(value, q));
  };
  if (isFree(0, most)) return [0, most];
  const middle = most >> 1;
  let [low, high] = [0, most];
  while (low < middle && low < MAX_EDGE && !isFree(low, middle + 1)) low++;
  while (high > middle + 1 && most - high < MAX_EDGE && !isFree(middle, high)) high--;
  return isFree(low, high) ? [...new Set([0, low, high, most])] : [0, most];
}

/** Widest border that is worth a loop of its own. */
const MAX_EDGE = 8;

/** True if some load's guard depends on `v`. */
function hasGuardOn(x: Expr, v: Expr): boolean {
  let found = false;
  visitExpressions([{ kind: "let", v: v as Extract<Expr, { kind: "var" }>, value: x }], (y) => {
    if (y.kind !== "load" || !y.guard) return;
    visitExpressions([{ kind: "let", v: v as Extract<Expr, { kind: "var" }>, value: y.guard }], (z) => {
      if (z === v) found = true;
    });
  });
  return found;
}

/** Offset in the box of row `flat` (in the operand's own loops), rows counted from position `first` of the outermost loop. */
export function ownOffset(f: ExprFactory, box: Box, own: readonly Axis[], flat: Expr, first: Expr): Expr {
  let at: Expr = f.int(0);
  digitsOf(f, own, flat).forEach((digit, i) => {
    at = f.add(at, f.mul(i === 0 ? f.sub(digit, first) : digit, f.int(box.ownStrides[i] as number)));
  });
  return at;
}

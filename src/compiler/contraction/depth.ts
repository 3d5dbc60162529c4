// The summed loops of a contraction, cut into blocks: what a packed panel holds at a time.
import type { Expr, ExprFactory, Stmt } from "../../ir/index.js";
import { digitsOf, offsetOf } from "./axes.js";
import { type Axis, extentOf } from "./form.js";

/** Loops outside, a loop taken in pieces, loops inside. */
export interface DepthBlocks {
  readonly outside: readonly Axis[];
  readonly cut: Axis;
  readonly piece: number;
  readonly inside: readonly Axis[];
  /** Elements of a full block. */
  readonly depth: number;
  readonly count: number;
}

export function cutDepth(summed: readonly Axis[], limit: number): DepthBlocks {
  const axes = summed.length > 0 ? summed : [{ extent: 1, a: 0, b: 0, out: 0 }];
  let at = axes.length - 1;
  let inner = 1;
  while (at > 0 && inner * (axes[at] as Axis).extent <= limit) inner *= (axes[at--] as Axis).extent;
  const cut = axes[at] as Axis;
  const most = Math.max(1, Math.min(cut.extent, Math.floor(limit / inner)));
  const piece = pieceOf(cut.extent, most);
  const outside = axes.slice(0, at);
  const count = extentOf(outside) * Math.ceil(cut.extent / piece);
  return { outside, cut, piece, inside: axes.slice(at + 1), depth: piece * inner, count };
}

/** Steps of a piece, the last piece may have fewer: a length that divides the loop where one is near, as loops of constant length are faster. */
function pieceOf(extent: number, most: number): number {
  for (let length = most; length >= most * NEAR; length--) if (extent % length === 0) return length;
  return Math.ceil(extent / Math.ceil(extent / most)); // pieces of about one size
}

/** Shorter pieces than this share of the longest would load and store their sums too often. */
const NEAR = 0.6;

/** A summed loop within a block. */
export interface DepthAxis {
  readonly axis: Axis;
  /** Where it begins, if not at its first step. */
  readonly from?: Expr;
  /** Where it ends. */
  readonly length: Expr;
}

/** One block: its loops, how many elements they are together, and where it starts in both operands. */
export interface Block {
  readonly axes: readonly DepthAxis[];
  /** The first of its elements that takes part, if not all do. */
  readonly from?: Expr;
  readonly length: Expr;
  /** The step of the loop taken in pieces that it begins with. */
  readonly start: Expr;
  readonly startA: Expr;
  readonly startB: Expr;
}

/** Block number `block`; offsets are relative to the operands' own. */
export function blockAt(f: ExprFactory, blocks: DepthBlocks, block: Expr): Block {
  const { outside, cut, piece, inside } = blocks;
  const pieces = Math.ceil(cut.extent / piece);
  const digits = digitsOf(f, outside, f.div(block, f.int(pieces)));
  const start = f.mul(f.rem(block, f.int(pieces)), f.int(piece));
  const length = f.min(f.int(piece), f.sub(f.int(cut.extent), start));
  const at = (side: "a" | "b"): Expr => f.add(offsetOf(f, outside, digits, side), f.mul(start, f.int(cut[side])));
  return {
    axes: [{ axis: cut, length }, ...inside.map((axis) => ({ axis, length: f.int(axis.extent) as Expr }))],
    length: f.mul(length, f.int(extentOf(inside))),
    start,
    startA: at("a"),
    startB: at("b"),
  };
}

/** A summed element: its number in the block and its offset in both operands. */
export interface Depth {
  readonly flat: Expr;
  readonly a: Expr;
  readonly b: Expr;
}

/** Requests for memory that belong to one micro-kernel: `count` small groups, of which group number i is `at(i)`. */
export interface Ahead {
  readonly count: number;
  at(i: Expr): Stmt[];
}

/** A loop taken in pieces of `steps`, something done before each. */
export interface Flow {
  readonly steps: number;
  readonly pieces: number;
  before(piece: Expr): Stmt[];
}

/** Where a summed loop begins, if not at its first step, and where it ends. */
type Range = Pick<DepthAxis, "from" | "length">;

/** A summed loop, in the pieces of `flow` if there is one. */
export function loopOver(
  f: ExprFactory,
  name: string,
  { from = f.int(0), length }: Range,
  flow: Flow | null,
  body: (v: Expr) => Stmt[],
): Stmt[] {
  const v = f.variable(name, "i32", { min: 0, max: Math.max(0, (flow?.steps ?? length.max) - 1) });
  if (!flow) return [{ kind: "for", v, from, to: length, step: 1, body: body(v) }];
  const piece = f.variable("piece", "i32", { min: 0, max: flow.pieces - 1 });
  const inner = body(f.add(f.mul(piece, f.int(flow.steps)), v));
  const steps: Stmt = { kind: "for", v, from: f.int(0), to: f.int(flow.steps), step: 1, body: inner };
  const to = f.int(flow.pieces);
  return [{ kind: "for", v: piece, from: f.int(0), to, step: 1, body: [...flow.before(piece), steps] }];
}

/** Loops over summed elements, outermost first; the outermost in the pieces of `flow` if there is one. */
export function depthLoops(
  f: ExprFactory,
  axes: readonly DepthAxis[],
  body: (at: Depth) => Stmt[],
  flow: Flow | null = null,
): Stmt[] {
  const emit = (i: number, at: Depth): Stmt[] => {
    if (i === axes.length) return body(at);
    const { axis, from, length } = axes[i] as DepthAxis;
    const inner = extentOf(axes.slice(i + 1).map((x) => x.axis));
    return loopOver(f, `k${i}`, from ? { from, length } : { length }, i === 0 ? flow : null, (v) =>
      emit(i + 1, {
        flat: f.add(at.flat, f.mul(v, f.int(inner))),
        a: f.add(at.a, f.mul(v, f.int(axis.a))),
        b: f.add(at.b, f.mul(v, f.int(axis.b))),
      }),
    );
  };
  return emit(0, { flat: f.int(0), a: f.int(0), b: f.int(0) });
}

/** The loops of a block as one operand sees them: neighbours that are contiguous there are one. */
export function depthIn(f: ExprFactory, axes: readonly DepthAxis[], side: "a" | "b"): DepthAxis[] {
  const out: DepthAxis[] = [];
  for (const { axis, length } of axes) {
    const last = out[out.length - 1];
    if (last && last.axis[side] === axis[side] * axis.extent) {
      const merged = { ...axis, extent: last.axis.extent * axis.extent };
      out[out.length - 1] = { axis: merged, length: f.mul(last.length, f.int(axis.extent)) };
    } else out.push({ axis, length });
  }
  return out;
}

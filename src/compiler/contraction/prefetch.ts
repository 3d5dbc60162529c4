// Memory that is asked for while a micro-kernel computes: the results that will be stored, what is fused with them, the next
// panel of rows, columns of the next batch, and both operands of the sum's next block. Each is a few short runs far apart, in which the processor sees no pattern; without this every run begins
// with a wait for the third-level cache. Measured on a GPT's step: products of its linear layers take 5 % less time.
import type { Expr, Stmt } from "../../ir/index.js";
import { LEAST_DEPTH, LINE_BYTES, Prefetches } from "../prefetches.js";
import { axesIn, offsetAt } from "./axes.js";
import { type Ahead, type Block, depthIn } from "./depth.js";
import type { Finish } from "./finish.js";
import type { MicroPlace, Source } from "./micro-kernel.js";
import type { Problem, Side } from "./operand.js";
import { loop } from "./statements.js";

function isWorthIt({ env, blocks }: Problem): boolean {
  return env.info.prefetches && blocks.depth >= LEAST_DEPTH;
}

function lineOf(p: Problem): number {
  return LINE_BYTES / p.bytes;
}

/** What finishing a micro-kernel's sums will read and write, row by row, where rows and columns are one loop each. */
export function prefetchResults(
  p: Problem,
  finish: Finish,
  { row, rows, column }: MicroPlace,
  base: Expr,
): Ahead | null {
  const { f } = p.env;
  const [rowAxes, columnAxes] = [axesIn(p.form.rows, "out"), axesIn(p.form.columns, "out")];
  if (!isWorthIt(p) || rowAxes.length > 1 || columnAxes.length > 1) return null;
  const start = f.add(base, offsetAt(f, columnAxes, column, "out"));
  const at = (i: Expr): Stmt[] => {
    const asked = new Prefetches();
    const from = f.add(start, offsetAt(f, rowAxes, f.add(row, i), "out"));
    for (let j = 0; j < p.b.unit; j += lineOf(p)) {
      for (const stmt of finish.element(f.add(from, f.int(j)), f.const(p.type, 0))) {
        if (stmt.kind === "store") asked.add(stmt.buffer, stmt.index, "write");
        if (stmt.kind === "store" || stmt.kind === "let") asked.addLoads(stmt.value);
      }
    }
    return [...asked.byPlace.values()];
  };
  return { count: rows, at };
}

/**
 * A share of the panel of rows that starts at row `row` and is read from `source`: part `part` of `parts`, one beside each panel of
 * columns. Rows are in memory or packed before.
 */
export function prefetchRows(
  p: Problem,
  row: Expr,
  source: Source,
  block: Block,
  part: Expr,
  parts: number,
): Ahead | null {
  const { f } = p.env;
  const runs = isWorthIt(p) ? runsOf(p, row, source, block) : null;
  if (!runs) return null;
  const { buffer, count, start, length } = runs;
  const line = lineOf(p);
  const lines = Math.ceil(length / line);
  const share = Math.ceil(lines / parts);
  const from = f.mul(part, f.int(share * line));
  const ask = (run: Expr, i: Expr): Stmt => {
    const index = f.add(start(run), f.add(from, f.mul(i, f.int(line))));
    return { kind: "prefetch", buffer, index, use: "read" };
  };
  const some = (stmts: Stmt[]): Stmt[] => {
    const busy = Math.ceil(lines / share);
    return busy === parts ? stmts : [{ kind: "if", cond: f.lt(part, f.int(busy)), then: stmts, else: [] }];
  };
  // Of one long run each line is a group, of several each run is.
  if (count === 1) return { count: share, at: (i) => some([ask(f.int(0), i)]) };
  return { count, at: (run) => some(Array.from({ length: share }, (_, i) => ask(run, f.int(i)))) };
}

/** Rows, each read beside all columns, that hide a wait for these. */
const LEAST_ROWS = 64;
/** Lines of memory after which the processor sees by itself how it goes on. */
const MOST_LINES = 8;

/**
 * A share of a panel of columns that starts at column `column`, as the tile of the next batch will pack it from memory at `start`:
 * part `part` of as many as a tile has panels of rows. For columns in short runs far apart (a head's keys or values), whose packing is nothing
 * but waiting. Measured on a GPT's step: attention takes 13 % less time forward, 7 % backward.
 */
export function prefetchNextColumns(p: Problem, column: Expr, start: Expr, block: Block, part: Expr): Stmt[] {
  const { f } = p.env;
  const { buffer, axes, packing, unit } = p.b;
  const [along, ...others] = depthIn(f, block.axes, "b");
  const [own, ...more] = axes;
  if (!p.env.info.prefetches || !along || !own || others.length > 0 || more.length > 0) return [];
  if (buffer?.space !== "global" || packing !== "tile" || p.a.count < LEAST_ROWS) return [];
  // Runs along the sum, one a column, or along the columns, one a summed element.
  const [k, j] = [
    { step: along.axis.b, count: along.length.max, whole: along.axis.extent },
    { step: own.b, count: unit, whole: own.extent },
  ];
  const [run, apart] = k.step === 1 ? [k, j] : [j, k];
  const lines = Math.ceil(run.count / lineOf(p));
  if (run.step !== 1 || apart.step <= run.whole || lines > MOST_LINES) return [];
  const share = Math.ceil(apart.count / p.a.tilePanels);
  const i = f.variable("i", "i32", { min: 0, max: share - 1 });
  const number = f.add(f.mul(part, f.int(share)), i);
  const at = f.add(f.add(start, f.mul(column, f.int(own.b))), f.mul(number, f.int(apart.step)));
  const body = Array.from({ length: lines }, (_, line): Stmt => {
    return { kind: "prefetch", buffer, index: f.add(at, f.int(line * lineOf(p))), use: "read" };
  });
  return [loop(f, i, f.int(share), body)];
}

/** Which of a tile's micro-kernels it is: panel `row` of `rows` panels of rows, beside panel `column` of `columns`. */
export interface GridPlace {
  readonly row: Expr;
  readonly rows: number;
  readonly column: Expr;
  readonly columns: number;
}

/**
 * A share of what a tile will pack of an operand for block `block`, from row or column `first`, if row or column 0 is at `start` in memory:
 * runs of neighbours are dealt to panels of rows, pieces of each to panels of columns. Measured on gradients of a GPT's weights, 2048 terms: tall ones
 * take 7-10 % less time.
 */
export function prefetchUnpacked(
  p: Problem,
  side: Side,
  first: Expr,
  start: Expr,
  block: Block,
  { row, rows, column, columns }: GridPlace,
): Ahead | null {
  const { f } = p.env;
  const { buffer, key } = side;
  const [along, ...others] = depthIn(f, block.axes, key);
  const [own, ...more] = side.axes;
  if (!isWorthIt(p) || side.packing !== "tile" || buffer?.space !== "global") return null;
  if (!along || !own || others.length > 0 || more.length > 0) return null;
  const [k, j] = [
    { step: along.axis[key], count: p.blocks.depth },
    { step: own[key], count: Math.min(side.count, side.tilePanels * side.unit) },
  ];
  const [run, apart] = k.step === 1 ? [k, j] : [j, k];
  if (run.step !== 1) return null;
  const line = lineOf(p);
  const lines = Math.ceil(run.count / line);
  // Of a run each panel of columns asks for some lines, of all runs each panel of rows for some.
  const share = Math.ceil(lines / columns);
  const busy = Math.ceil(lines / share);
  const count = Math.ceil(apart.count / rows);
  const from = f.add(f.add(start, f.mul(first, f.int(own[key]))), f.mul(column, f.int(share * line)));
  const at = (i: Expr): Stmt[] => {
    const number = f.add(f.mul(row, f.int(count)), i);
    const begin = f.add(from, f.mul(number, f.int(apart.step)));
    const asked = Array.from({ length: share }, (_, n): Stmt => {
      return { kind: "prefetch", buffer, index: f.add(begin, f.int(n * line)), use: "later" };
    });
    return busy === columns ? asked : [{ kind: "if", cond: f.lt(column, f.int(busy)), then: asked, else: [] }];
  };
  return { count, at };
}

/** A share of a tile's packed columns, which begin at `source`. */
export function prefetchPacked(p: Problem, source: Source, { row, rows, column, columns }: GridPlace): Ahead | null {
  const { f } = p.env;
  if (!isWorthIt(p) || source.kind !== "panel" || source.buffer.space !== "global") return null;
  const line = lineOf(p);
  const lines = Math.ceil((p.b.tilePanels * p.b.panelStride) / line);
  const share = Math.ceil(lines / (rows * columns));
  const part = f.add(f.mul(row, f.int(columns)), column);
  const from = f.add(source.at, f.mul(part, f.int(share * line)));
  const { buffer } = source;
  return {
    count: share,
    at: (i) => [{ kind: "prefetch", buffer, index: f.add(from, f.mul(i, f.int(line))), use: "later" }],
  };
}

/**
 * A share of the columns that the next tile will read in place, from column `first` of those whose column 0 is at `start`: part `part` of
 * as many as a tile has micro-kernels. Each run from end to end before the next: the processor then sees how they go on, and asks too.
 */
export function prefetchRuns(p: Problem, first: Expr, start: Expr, block: Block, part: Expr): Ahead | null {
  const { f } = p.env;
  const { buffer, unit, tilePanels } = p.b;
  const [along] = depthIn(f, block.axes, "b");
  if (!isWorthIt(p) || !buffer || !along) return null;
  const lines = Math.ceil((tilePanels * unit) / lineOf(p));
  const share = Math.ceil((along.length.max * lines) / (p.a.tilePanels * tilePanels));
  const from = f.add(start, first);
  const at = (i: Expr): Stmt[] => {
    const number = f.add(f.mul(part, f.int(share)), i);
    const [run, line] = [f.div(number, f.int(lines)), f.rem(number, f.int(lines))];
    const index = f.add(f.add(from, f.mul(run, f.int(along.axis.b))), f.mul(line, f.int(lineOf(p))));
    return [{ kind: "prefetch", buffer, index, use: "read" }];
  };
  return { count: share, at };
}

/** A panel of rows as `count` runs of `length` elements in memory, if it is in such. */
function runsOf(p: Problem, row: Expr, source: Source, block: Block) {
  const { f } = p.env;
  const { a } = p;
  if (source.kind === "box" || a.packing === "tile") return null;
  if (source.kind === "panel") {
    return { buffer: source.buffer, count: 1, start: () => source.at, length: a.panelStride };
  }
  const [along, ...others] = depthIn(f, block.axes, "a");
  if (!along || others.length > 0 || along.axis.a !== 1 || a.axes.length > 1) return null;
  const start = (i: Expr): Expr => f.add(source.at, offsetAt(f, a.axes, f.add(row, i), "a"));
  return { buffer: source.buffer, count: a.unit, start, length: along.length.max };
}

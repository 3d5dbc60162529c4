// Short forms of kernel statements, for the primitives that write kernels of their own.

import type { Shape } from "../base/index.js";
import type { Buffer, Expr, ExprFactory, LoopHint, Stmt, Var } from "../ir/index.js";

/** for (v = 0; v < count; v++); `most` bounds a count that is not constant. */
export function loop(
  f: ExprFactory,
  name: string,
  count: Expr,
  body: (v: Var) => Stmt[],
  { hint, most = count.max }: { hint?: LoopHint; most?: number } = {},
): Stmt {
  return range(f, name, f.int(0), count, most, body, hint);
}

/** for (v = from; v < to; v++), where v stays below `limit`. */
export function range(
  f: ExprFactory,
  name: string,
  from: Expr,
  to: Expr,
  limit: number,
  body: (v: Var) => Stmt[],
  hint?: LoopHint,
): Stmt {
  const v = f.variable(name, "i32", { min: 0, max: Math.max(0, limit - 1) });
  return { kind: "for", v, from, to, step: 1, body: body(v), ...(hint && { hint }) };
}

export function store(buffer: Buffer, index: Expr, value: Expr): Stmt {
  return { kind: "store", buffer, index, value, guard: null };
}

export function declare(v: Var, value: Expr): Stmt {
  return { kind: "let", v, value };
}

export function assign(v: Var, value: Expr): Stmt {
  return { kind: "assign", v, value };
}

/** A row-major array seen from one of its dims: `[before, count, after]`. */
export interface Lines {
  readonly before: number;
  readonly count: number;
  readonly after: number;
}

export function linesOf(shape: Shape, dim: number): Lines {
  let [before, after] = [1, 1];
  shape.forEach((size, d) => {
    if (d < dim) before *= size;
    if (d > dim) after *= size;
  });
  return { before, count: shape[dim] as number, after };
}

/** How lines are spread over tiles: each tile has some of the `before` positions and some of the `after` ones. */
export interface LineTiles {
  readonly tiles: number;
  /** Statements of one tile: `line` gets the position in `before`, the first one in `after` and how many there are. */
  readonly emit: (tile: Var, line: (b: Expr, start: Expr, width: Expr) => Stmt[]) => Stmt[];
}

/** Work that a tile should have at least, in elements; less costs more to hand out than it saves. */
const TILE_ELEMENTS = 1 << 14;
const MOST_TILES = 64;

export function planLines(f: ExprFactory, { before, count, after }: Lines): LineTiles {
  const wish = Math.max(1, Math.min(MOST_TILES, Math.floor((before * count * after) / TILE_ELEMENTS)));
  const perTile = Math.max(1, Math.ceil(before / wish));
  const groups = Math.max(1, Math.ceil(before / perTile));
  // Pieces of whole cache lines: neighbouring tiles write different ones.
  const width = groups >= wish ? after : Math.max(64, Math.ceil(after / Math.ceil(wish / groups) / 64) * 64);
  const pieces = Math.max(1, Math.ceil(after / width));
  return {
    tiles: before * after === 0 ? 0 : groups * pieces,
    emit: (tile, line) => {
      const first = f.mul(f.div(tile, f.int(pieces)), f.int(perTile));
      const start = f.mul(f.rem(tile, f.int(pieces)), f.int(width));
      const here = f.min(f.int(perTile), f.sub(f.int(before), first));
      const wide = f.min(f.int(Math.min(width, after)), f.sub(f.int(after), start));
      return [loop(f, "b", here, (b) => line(f.add(first, b), start, wide))];
    },
  };
}

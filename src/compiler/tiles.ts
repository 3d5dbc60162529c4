// How the outer loops of a kernel are dealt out to tiles, and the loops themselves.
import type { Expr, Stmt, Var } from "../ir/index.js";
import type { KernelEnv } from "./kernel-env.js";
import { dimIndices, type Loop, type Nest } from "./nest.js";

/** Work of one tile: large against the ~50 ns of claiming it, small enough that slow cores do not hold the others. */
const TILE_WORK = 1 << 15;
const MAX_TILES = 128;
/** Vector loops are cut at multiples of this, so that tiles have no ragged ends. */
const CHUNK = 64;
/** How many tiles suit so much work. */
export function wishedTiles(work: number): number {
  return Math.max(1, Math.min(MAX_TILES, Math.floor(work / TILE_WORK)));
}

export interface TilePlan {
  readonly tiles: number;
  /** Leading loops that are run as one, `chunk` of its iterations a tile. */
  readonly flattened: number;
  readonly chunk: number;
  /** Iterations of the leading loops together. */
  readonly total: number;
}

/** Spreads the outer loops over about `wish` tiles. */
export function planTiles(nest: Nest, wish: number, vectorLoop: number): TilePlan {
  const single: TilePlan = { tiles: 1, flattened: 0, chunk: 0, total: 0 };
  if (nest.length === 0 || wish <= 1) return single;
  let total = 1;
  let flattened = 0;
  while (flattened < nest.length && total < wish) {
    const loop = nest[flattened] as Loop;
    if (loop.part === "inner" || (flattened === vectorLoop && flattened > 0)) break;
    total *= loop.extent;
    flattened++;
    if (flattened - 1 === vectorLoop) break;
  }
  if (flattened === 0) return single;
  const unit = vectorLoop === 0 ? CHUNK : 1;
  const cuts = Math.ceil(total / unit);
  const chunk = Math.ceil(cuts / Math.min(cuts, wish)) * unit;
  return { tiles: Math.ceil(total / chunk), flattened, chunk, total };
}

/** True if the tiles are `tiles` equal parts of the loops as they were before any of them was moved or split. */
export function isCutInOrder(nest: Nest, plan: TilePlan, tiles: number): boolean {
  const leading = nest.slice(0, plan.flattened);
  const isWhole = leading.every((loop) => loop.part === undefined && !loop.isInside);
  const isOrdered = leading.flatMap((loop) => loop.dims).every((dim, d) => dim === d);
  return plan.tiles === tiles && plan.chunk * tiles === plan.total && isWhole && isOrdered;
}

/** The outer loops of a kernel: tiles first, the loop `vectorLoop` marked, short inner parts of split loops written out. */
export function emitOuterLoops(
  env: KernelEnv,
  nest: Nest,
  plan: TilePlan,
  tile: Expr,
  vectorLoop: number,
  body: (vars: readonly Expr[]) => Stmt[],
): Stmt[] {
  const { f } = env;
  const emit = (k: number, vars: readonly Expr[]): Stmt[] => {
    if (k === nest.length) return body(vars);
    const loop = nest[k] as Loop;
    if (loop.part === "inner") {
      return Array.from({ length: loop.extent }, (_, c) => emit(k + 1, [...vars, f.int(c)])).flat();
    }
    const v = f.variable(`o${k}`, "i32", { min: 0, max: loop.extent - 1 });
    return [loopOver(v, f.int(loop.extent), k === vectorLoop, emit(k + 1, [...vars, v]))];
  };
  const loopOver = (v: Var, to: Expr, isVector: boolean, inner: Stmt[]): Stmt => {
    const hint = isVector ? { hint: "vectorize" as const } : {};
    return { kind: "for", v, from: f.int(0), to, step: 1, body: inner, ...hint };
  };
  if (plan.flattened === 0) return emit(0, []);
  const start = f.mul(tile, f.int(plan.chunk));
  const p = f.variable("p", "i32", { min: 0, max: plan.chunk - 1 });
  const leading = nest.slice(0, plan.flattened).map((loop) => loop.extent);
  const whole: Nest = [{ dims: leading.map((_, d) => d), extent: plan.total }];
  const first = dimIndices(f, whole, leading, [f.add(start, p)]);
  const to = f.min(f.int(plan.chunk), f.sub(f.int(plan.total), start));
  return [loopOver(p, to, vectorLoop === 0, emit(plan.flattened, first))];
}

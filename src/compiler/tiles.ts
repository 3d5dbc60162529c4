// How the outer loops of a kernel are dealt out to tiles, and the loops themselves.
import type { Expr, Stmt } from "../ir/index.js";
import type { KernelEnv } from "./kernel-env.js";
import type { Loop, Nest } from "./nest.js";

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
  /** Leading loops that the tile number enumerates. */
  readonly flattened: number;
  /** Iterations of loop 0 a tile runs, 0 if loop 0 is not cut. */
  readonly chunk: number;
}

/** Spreads the outer loops over about `wish` tiles. */
export function planTiles(nest: Nest, wish: number, vectorLoop: number): TilePlan {
  const first = nest[0];
  if (!first || wish <= 1) return { tiles: 1, flattened: 0, chunk: 0 };
  const unit = vectorLoop === 0 ? CHUNK : 1;
  const cuts = Math.ceil(first.extent / unit);
  if (cuts >= wish || nest.length === 1) {
    const chunk = Math.ceil(cuts / Math.min(cuts, wish)) * unit;
    return { tiles: Math.ceil(first.extent / chunk), flattened: 0, chunk };
  }
  let tiles = 1;
  let flattened = 0;
  while (flattened < nest.length && flattened !== vectorLoop && tiles < wish) {
    const loop = nest[flattened] as Loop;
    if (loop.part === "inner") break;
    tiles *= loop.extent;
    flattened++;
  }
  return flattened === 0 ? { tiles: 1, flattened: 0, chunk: 0 } : { tiles, flattened, chunk: 0 };
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
    const next = (value: Expr): Stmt[] => emit(k + 1, [...vars, value]);
    if (k < plan.flattened) {
      // Tiles enumerate the leading loops: decode this loop's position from the tile number.
      const behind = nest.slice(k + 1, plan.flattened).reduce((n, l) => n * l.extent, 1);
      return next(f.rem(f.div(tile, f.int(behind)), f.int(loop.extent)));
    }
    const isChunked = k === 0 && plan.chunk > 0;
    if (loop.part === "inner" && !isChunked) {
      return Array.from({ length: loop.extent }, (_, c) => next(f.int(c))).flat();
    }
    const start = isChunked ? f.mul(tile, f.int(plan.chunk)) : f.int(0);
    const to = isChunked ? f.min(f.int(plan.chunk), f.sub(f.int(loop.extent), start)) : f.int(loop.extent);
    const v = f.variable(`o${k}`, "i32", { min: 0, max: (isChunked ? plan.chunk : loop.extent) - 1 });
    const hint = k === vectorLoop ? ("vectorize" as const) : undefined;
    return [{ kind: "for", v, from: f.int(0), to, step: 1, body: next(f.add(start, v)), ...(hint && { hint }) }];
  };
  return emit(0, []);
}

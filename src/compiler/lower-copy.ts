// One value, computed element by element, stored somewhere: parts of a concatenation, outputs that are leaves, updates that
// cannot be written in place directly.
import type { Shape } from "../base/index.js";
import type { Node } from "../graph/index.js";
import type { Buffer, Expr, KernelDraft, Stmt } from "../ir/index.js";
import { Evaluator, linearIndex } from "./evaluate.js";
import type { KernelEnv } from "./kernel-env.js";
import { dimIndices, improveNest, type Nest, plainNest } from "./nest.js";
import { emitOuterLoops, planTiles, wishedTiles } from "./tiles.js";

/** Where element `index` of the copied value goes. */
export interface Destination {
  readonly buffer: Buffer;
  readonly place: (index: readonly Expr[]) => Expr;
}

/** A kernel that stores `node`'s value. */
export function lowerCopy(env: KernelEnv, node: Node, to: Destination): KernelDraft[] {
  if (node.size === 0) return [];
  const { f } = env;
  const evaluator = new Evaluator(f, env);
  const index = (dims: readonly Expr[]): Expr[] => expandOnes(env, node.shape, dims);
  const sizes = node.shape.filter((size) => size !== 1);
  const probe = (nest: Nest) => {
    const vars = nest.map((l, k) => f.variable(`o${k}`, "i32", { min: 0, max: l.extent - 1 }));
    const at = index(dimIndices(f, nest, sizes, vars));
    return { vars, exprs: [evaluator.value(node, at), to.place(at)] };
  };
  const nest = improveNest(plainNest(sizes), probe, false);
  const last = nest.findLastIndex((l) => l.part !== "inner");
  const plan = planTiles(nest, wishedTiles(node.size), last);
  const tile = f.variable("tile", "i32", { min: 0, max: plan.tiles - 1 });
  const store = (vars: readonly Expr[]): Stmt[] => {
    const at = index(dimIndices(f, nest, sizes, vars));
    return [{ kind: "store", buffer: to.buffer, index: to.place(at), value: evaluator.value(node, at), guard: null }];
  };
  const body = emitOuterLoops(env, nest, plan, tile, last, store);
  return [{ name: "copy", tiles: plan.tiles, tile, body, flops: 0, bytes: 8 * node.size }];
}

function expandOnes(env: KernelEnv, shape: Shape, dims: readonly Expr[]): Expr[] {
  let at = 0;
  return shape.map((size) => (size === 1 ? env.f.int(0) : (dims[at++] as Expr)));
}

/** All elements of one buffer to another. */
export function lowerBufferCopy(env: KernelEnv, from: Buffer, to: Buffer): KernelDraft[] {
  if (from.size === 0) return [];
  const { f } = env;
  const nest = plainNest([from.size]);
  const plan = planTiles(nest, wishedTiles(from.size), 0);
  const tile = f.variable("tile", "i32", { min: 0, max: plan.tiles - 1 });
  const body = emitOuterLoops(env, nest, plan, tile, 0, ([i]): Stmt[] => [
    { kind: "store", buffer: to, index: i as Expr, value: f.load(from, i as Expr), guard: null },
  ]);
  return [{ name: "copy", tiles: plan.tiles, tile, body, flops: 0, bytes: 8 * from.size }];
}

/** Joins the inputs along a dim: each that does not lie there already is computed straight into its part. */
export function lowerConcat(env: KernelEnv, node: Node): KernelDraft[] {
  const { f } = env;
  const buffer = env.targetOf(node) as Buffer;
  const dim = node.attrs.dim as number;
  let offset = 0;
  return node.inputs.flatMap((input, i) => {
    const start = f.int(offset);
    offset += input.shape[dim] as number;
    if (env.parts.has(node, i)) return [];
    const place = (index: readonly Expr[]): Expr =>
      linearIndex(
        f,
        node.shape,
        index.map((i, d) => (d === dim ? f.add(i, start) : i)),
      );
    return lowerCopy(env, input, { buffer, place });
  });
}

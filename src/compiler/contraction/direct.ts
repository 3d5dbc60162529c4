// Contractions that packing does not pay for: matrix times vector, dot products, depthwise convolution, integers. Plain
// loops over the result with the sum inside, vectors along whichever loop walks memory in steps of one.
import type { Node } from "../../graph/index.js";
import { type Buffer, type Expr, type KernelDraft, type Stmt, scalarOf } from "../../ir/index.js";
import type { KernelEnv } from "../kernel-env.js";
import { digitsOf } from "./axes.js";
import type { Finish } from "./finish.js";
import { type Axis, type ContractionForm, extentOf } from "./form.js";
import { joinParts } from "./join.js";

const TILE_WORK = 1 << 15;
const MAX_TILES = 128;
/** Sums this long into few results are cut into parts for the threads. */
const LONG_SUM = 1 << 15;
const PARTS = 32;

export function lowerDirectContraction(
  env: KernelEnv,
  node: Node,
  form: ContractionForm,
  finish: Finish,
  partialFinish: (buffer: Buffer, base: Expr) => Finish,
): KernelDraft[] {
  const depth = extentOf(form.summed);
  const first = form.summed[0];
  const parts = first && node.size < 16 && depth >= LONG_SUM ? Math.min(PARTS, first.extent) : 1;
  if (parts === 1) return [directKernel(env, node, form, () => finish, 1)];
  const partial = env.temporary("partial", node.dtype, parts * node.size);
  const toPart = (part: Expr): Finish => partialFinish(partial, env.f.mul(part, env.f.int(node.size)));
  return [directKernel(env, node, form, toPart, parts), joinParts(env, node, partial, parts, finish)];
}

function directKernel(
  env: KernelEnv,
  node: Node,
  form: ContractionForm,
  finish: (part: Expr) => Finish,
  parts: number,
): KernelDraft {
  const { f } = env;
  const free = [...form.batch, ...form.rows, ...form.columns];
  const vector = chooseVectorAxis(env, free, form.summed);
  // The vector loop goes innermost of the result's loops; the tiles enumerate the others.
  const outer = vector ? free.filter((axis) => axis !== vector) : free;
  const outerCount = extentOf(outer);
  const work = 2 * node.size * extentOf(form.summed);
  const wish = Math.max(1, Math.min(MAX_TILES, Math.floor(work / TILE_WORK)));
  const cut = cutTiles(outerCount, vector, wish);
  const tiles = cut.outerTiles * cut.vectorTiles * parts;
  const tile = f.variable("tile", "i32", { min: 0, max: tiles - 1 });
  const part = f.div(tile, f.int(cut.outerTiles * cut.vectorTiles));
  const outerTile = f.rem(f.div(tile, f.int(cut.vectorTiles)), f.int(cut.outerTiles));
  const o = f.variable("o", "i32", { min: 0, max: cut.perTile - 1 });
  const flat = f.add(f.mul(outerTile, f.int(cut.perTile)), o);
  const digits = digitsOf(f, outer, flat);
  const inner = (steps: readonly { axis: Axis; at: Expr }[]): Stmt[] => {
    const offset = (side: "a" | "b" | "out"): Expr =>
      steps.reduce((sum, { axis, at }) => f.add(sum, f.mul(at, f.int(axis[side]))), f.int(0) as Expr);
    return sumLoop(
      env,
      node,
      form,
      {
        a: f.add(f.int(form.a.offset), offset("a")),
        b: f.add(f.int(form.b.offset), offset("b")),
        out: offset("out"),
      },
      finish(part),
      part,
      parts,
      vector === null,
    );
  };
  const steps = outer.map((axis, i) => ({ axis, at: digits[i] as Expr }));
  const body = vector
    ? vectorLoop(env, vector, cut, f.rem(tile, f.int(cut.vectorTiles)), (at) => inner([...steps, { axis: vector, at }]))
    : inner(steps);
  const to = f.min(f.int(cut.perTile), f.sub(f.int(outerCount), f.mul(outerTile, f.int(cut.perTile))));
  const loop: Stmt = { kind: "for", v: o, from: f.int(0), to, step: 1, body };
  return { name: `${finish(part).name}_direct`, tiles, tile, body: [loop], flops: work, bytes: 2 * work };
}

interface Cut {
  readonly outerTiles: number;
  readonly perTile: number;
  readonly vectorTiles: number;
  readonly chunk: number;
}

function cutTiles(outerCount: number, vector: Axis | null, wish: number): Cut {
  const perTile = Math.max(1, Math.floor(outerCount / wish));
  const outerTiles = Math.ceil(outerCount / perTile);
  const extent = vector ? vector.extent : 1;
  const missing = Math.ceil(wish / outerTiles);
  const chunk = missing > 1 ? Math.max(64, Math.ceil(extent / missing / 64) * 64) : extent;
  return { outerTiles, perTile, vectorTiles: Math.ceil(extent / chunk), chunk };
}

function vectorLoop(env: KernelEnv, axis: Axis, cut: Cut, piece: Expr, body: (at: Expr) => Stmt[]): Stmt[] {
  const { f } = env;
  const start = f.mul(piece, f.int(cut.chunk));
  const v = f.variable("v", "i32", { min: 0, max: Math.min(cut.chunk, axis.extent) - 1 });
  const to = f.min(f.int(cut.chunk), f.sub(f.int(axis.extent), start));
  return [{ kind: "for", v, from: f.int(0), to, step: 1, hint: "vectorize", body: body(f.add(start, v)) }];
}

/** The free loop that both operands and the result walk in steps of 0 or 1, if summing along the last summed loop is no better. */
function chooseVectorAxis(env: KernelEnv, free: readonly Axis[], summed: readonly Axis[]): Axis | null {
  const lanes = env.info.lanes(4);
  const isSmooth = (step: number): boolean => step === 0 || step === 1;
  const candidates = free.filter((x) => x.extent >= lanes && isSmooth(x.a) && isSmooth(x.b) && x.out === 1);
  const last = summed[summed.length - 1];
  const sumsSmoothly = last && isSmooth(last.a) && isSmooth(last.b) && last.extent >= 4 * lanes;
  return sumsSmoothly ? null : (candidates[0] ?? null);
}

function sumLoop(
  env: KernelEnv,
  node: Node,
  form: ContractionForm,
  base: { a: Expr; b: Expr; out: Expr },
  finish: Finish,
  part: Expr,
  parts: number,
  isVector: boolean,
): Stmt[] {
  const { f } = env;
  const type = scalarOf(node.dtype);
  const acc = f.variable("acc", type, { mutable: true });
  const a = env.bufferOf(form.a.base) as Buffer;
  const b = env.bufferOf(form.b.base) as Buffer;
  const emit = (i: number, atA: Expr, atB: Expr): Stmt[] => {
    const axis = form.summed[i];
    if (!axis) {
      const [x, y] = [f.load(a, atA), f.load(b, atB)];
      const value = type === "f32" || type === "f64" ? f.fma(x, y, acc) : f.add(acc, f.mul(x, y));
      return [{ kind: "assign", v: acc, value }];
    }
    const chunk = i === 0 ? Math.ceil(axis.extent / parts) : axis.extent;
    const start = i === 0 && parts > 1 ? f.mul(part, f.int(chunk)) : f.int(0);
    const k = f.variable(`k${i}`, "i32", { min: 0, max: chunk - 1 });
    const to = f.max(f.int(0), f.min(f.int(chunk), f.sub(f.int(axis.extent), start)));
    const at = f.add(start, k);
    const body = emit(i + 1, f.add(atA, f.mul(at, f.int(axis.a))), f.add(atB, f.mul(at, f.int(axis.b))));
    const hint = isVector && i === form.summed.length - 1 ? ("vectorize" as const) : undefined;
    return [{ kind: "for", v: k, from: f.int(0), to, step: 1, body, ...(hint && { hint }) }];
  };
  const result = f.variable("sum", type);
  const wrapped = node.dtype === "uint8" ? f.binary("and", acc, f.int(255)) : acc;
  return [
    { kind: "let", v: acc, value: f.const(type, 0) },
    ...emit(0, base.a, base.b),
    { kind: "let", v: result, value: wrapped },
    ...finish.element(base.out, result),
  ];
}

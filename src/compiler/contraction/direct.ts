// Contractions that packing does not pay for: matrix times vector, dot products, integers. Plain
// loops over the result with the sum inside, vectors along whichever loop walks memory in steps of one.
import type { Node } from "../../graph/index.js";
import { type Buffer, type Expr, type KernelDraft, type Stmt, scalarOf, type Var } from "../../ir/index.js";
import type { KernelEnv } from "../kernel-env.js";
import { digitsOf } from "./axes.js";
import type { Finish } from "./finish.js";
import { type Axis, type ContractionForm, extentOf } from "./form.js";
import { joinParts } from "./join.js";
import { loop } from "./statements.js";

const TILE_WORK = 1 << 15;
const MAX_TILES = 128;
/** Vector loops are cut at multiples of this. */
const CHUNK = 64;
/** Shortest piece of rows that are added one after the other: long enough for prefetching along each. */
const FAR_CHUNK = 512;
/** Longest piece of a vector loop in a tile: its sums fit the first-level cache. */
const MAX_CHUNK = 2048;
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
  const least = vector && isFarApart(node, form, vector) ? FAR_CHUNK : CHUNK;
  const cut = cutTiles(outerCount, vector, wish, least);
  const tiles = cut.outerTiles * cut.vectorTiles * parts;
  const tile = f.variable("tile", "i32", { min: 0, max: tiles - 1 });
  const part = f.div(tile, f.int(cut.outerTiles * cut.vectorTiles));
  const outerTile = f.rem(f.div(tile, f.int(cut.vectorTiles)), f.int(cut.outerTiles));
  const o = f.variable("o", "i32", { min: 0, max: cut.perTile - 1 });
  const flat = f.add(f.mul(outerTile, f.int(cut.perTile)), o);
  const digits = digitsOf(f, outer, flat);
  const steps = outer.map((axis, i) => ({ axis, at: digits[i] as Expr }));
  const placeOf = (more: readonly { axis: Axis; at: Expr }[]): Place => {
    const offset = (side: "a" | "b" | "out"): Expr =>
      [...steps, ...more].reduce((sum, { axis, at }) => f.add(sum, f.mul(at, f.int(axis[side]))), f.int(0) as Expr);
    return {
      a: f.add(f.int(form.a.offset), offset("a")),
      b: f.add(f.int(form.b.offset), offset("b")),
      out: offset("out"),
    };
  };
  const sum: DirectSum = { env, node, form, finish: finish(part), part, parts };
  const body = vector
    ? vectorLoops(sum, vector, cut, f.rem(tile, f.int(cut.vectorTiles)), (at) => placeOf([{ axis: vector, at }]))
    : sumLoop(sum, placeOf([]), true);
  const to = f.min(f.int(cut.perTile), f.sub(f.int(outerCount), f.mul(outerTile, f.int(cut.perTile))));
  return {
    name: `${finish(part).name}_direct`,
    tiles,
    tile,
    body: [loop(f, o, to, body)],
    flops: work,
    bytes: 2 * work,
  };
}

interface Cut {
  readonly outerTiles: number;
  readonly perTile: number;
  readonly vectorTiles: number;
  readonly chunk: number;
}

function cutTiles(outerCount: number, vector: Axis | null, wish: number, least: number): Cut {
  const perTile = Math.max(1, Math.floor(outerCount / wish));
  const outerTiles = Math.ceil(outerCount / perTile);
  const extent = vector ? vector.extent : 1;
  const missing = Math.ceil(wish / outerTiles);
  const chunk = missing > 1 ? Math.max(least, Math.ceil(extent / missing / CHUNK) * CHUNK) : extent;
  const piece = Math.min(chunk, MAX_CHUNK);
  return { outerTiles, perTile, vectorTiles: Math.ceil(extent / piece), chunk: piece };
}

/** The sums of a tile's piece of the vector loop. */
function vectorLoops(sum: DirectSum, axis: Axis, cut: Cut, piece: Expr, placeOf: (at: Expr) => Place): Stmt[] {
  const { f } = sum.env;
  const v = f.variable("v", "i32", { min: 0, max: axis.extent - 1 });
  const from = f.mul(piece, f.int(cut.chunk));
  const to = f.min(f.add(from, f.int(cut.chunk)), f.int(axis.extent));
  if (isFarApart(sum.node, sum.form, axis))
    return [...rowByRow(sum, axis, from, to, Math.min(cut.chunk, axis.extent), placeOf)];
  return [{ kind: "for", v, from, to, step: 1, hint: "vectorize", body: sumLoop(sum, placeOf(v), false) }];
}

/** Steps of the innermost sum beyond which each of its elements lies in a page of its own. */
const FAR = 256;

/** True if summing in registers would jump through memory at every step. */
function isFarApart(node: Node, form: ContractionForm, axis: Axis): boolean {
  const last = form.summed[form.summed.length - 1];
  const isFloat = node.dtype === "float32" || node.dtype === "float64";
  if (!isFloat || !last || last.extent < 2 * ROWS_AT_ONCE) return false;
  return (axis.a === 1 && last.a >= FAR) || (axis.b === 1 && last.b >= FAR);
}

/** Rows added in one pass over the sums: fewer passes, as many streams as prefetchers follow. */
const ROWS_AT_ONCE = 4;

/** Sums kept in memory, rows of the operand added one after the other: memory is read along its lines. */
function rowByRow(
  sum: DirectSum,
  axis: Axis,
  from: Expr,
  to: Expr,
  most: number,
  placeOf: (at: Expr) => Place,
): Stmt[] {
  const { env, node, form } = sum;
  const { f } = env;
  const type = scalarOf(node.dtype);
  const sums = f.buffer("sums", node.dtype, most, "local");
  const over = (body: (v: Var) => Stmt[]): Stmt => {
    const v = f.variable("v", "i32", { min: 0, max: axis.extent - 1 });
    return { kind: "for", v, from, to, step: 1, hint: "vectorize", body: body(v) };
  };
  const slot = (v: Expr): Expr => f.sub(v, from);
  const clear = over((v) => [{ kind: "store", buffer: sums, index: slot(v), value: f.const(type, 0), guard: null }]);
  const last = form.summed[form.summed.length - 1] as Axis;
  const add = (at: Moved, k: Expr, rows: number): Stmt =>
    over((v) => {
      const place = placeOf(v);
      let value: Expr = f.freshLoad(sums, slot(v));
      for (let i = 0; i < rows; i++) {
        const step = f.add(k, f.int(i));
        const moved = (side: "a" | "b"): Expr => f.add(place[side], f.add(at[side], f.mul(step, f.int(last[side]))));
        value = f.fma(elementOf(sum, "a", moved("a")), elementOf(sum, "b", moved("b")), value);
      }
      return [{ kind: "store", buffer: sums, index: slot(v), value, guard: null }];
    });
  const loops = summedLoops(sum, form.summed.slice(0, -1), (at) => {
    const { start, length, most: longest } = pieceOf(sum, last, form.summed.length === 1);
    const q = f.variable("kq", "i32", { min: 0, max: Math.max(0, Math.floor(longest / ROWS_AT_ONCE) - 1) });
    const r = f.variable("kr", "i32", { min: 0, max: ROWS_AT_ONCE - 2 });
    const blocks = f.div(length, f.int(ROWS_AT_ONCE));
    const done = f.mul(blocks, f.int(ROWS_AT_ONCE));
    return [
      loop(f, q, blocks, [add(at, f.add(start, f.mul(q, f.int(ROWS_AT_ONCE))), ROWS_AT_ONCE)]),
      loop(f, r, f.sub(length, done), [add(at, f.add(start, f.add(done, r)), 1)]),
    ];
  });
  const store = over((v) => sum.finish.element(placeOf(v).out, f.freshLoad(sums, slot(v))));
  return [clear, ...loops, store];
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

/** Sums in a register. */
function sumLoop(sum: DirectSum, place: Place, isVector: boolean): Stmt[] {
  const { env, node, form } = sum;
  const { f } = env;
  const type = scalarOf(node.dtype);
  const acc = f.variable("acc", type, { mutable: true });
  const result = f.variable("sum", type);
  const loops = summedLoops(
    sum,
    form.summed,
    (at): Stmt[] => {
      const [x, y] = (["a", "b"] as const).map((side) => elementOf(sum, side, f.add(place[side], at[side]))) as [
        Expr,
        Expr,
      ];
      const value = type === "f32" || type === "f64" ? f.fma(x, y, acc) : f.add(acc, f.mul(x, y));
      return [{ kind: "assign", v: acc, value }];
    },
    isVector,
  );
  return [
    { kind: "let", v: acc, value: f.const(type, 0) },
    ...loops,
    { kind: "let", v: result, value: acc },
    ...sum.finish.element(place.out, result),
  ];
}

/** What the sums of a direct kernel are made of. */
interface DirectSum {
  readonly env: KernelEnv;
  readonly node: Node;
  readonly form: ContractionForm;
  readonly finish: Finish;
  readonly part: Expr;
  readonly parts: number;
}

/** Offsets in both operands. */
interface Moved {
  readonly a: Expr;
  readonly b: Expr;
}

/** Offsets of a result and of what it begins with in both operands. */
interface Place extends Moved {
  readonly out: Expr;
}

function elementOf({ env, form }: DirectSum, side: "a" | "b", at: Expr): Expr {
  return env.f.load(env.bufferOf(form[side].base) as Buffer, at);
}

/** The steps of a summed loop that a part takes; the first loop is dealt to the parts. */
function pieceOf({ env, part, parts }: DirectSum, axis: Axis, isFirst: boolean) {
  const { f } = env;
  const most = isFirst ? Math.ceil(axis.extent / parts) : axis.extent;
  const start = isFirst && parts > 1 ? f.mul(part, f.int(most)) : f.int(0);
  return { start, length: f.max(f.int(0), f.min(f.int(most), f.sub(f.int(axis.extent), start))), most };
}

/** Loops over summed axes; `body` takes how far they have moved in both operands. */
function summedLoops(sum: DirectSum, axes: readonly Axis[], body: (at: Moved) => Stmt[], isVector = false): Stmt[] {
  const { f } = sum.env;
  const emit = (i: number, at: Moved): Stmt[] => {
    const axis = axes[i];
    if (!axis) return body(at);
    const { start, length, most } = pieceOf(sum, axis, i === 0);
    const k = f.variable(`k${i}`, "i32", { min: 0, max: most - 1 });
    const step = f.add(start, k);
    const moved = (side: "a" | "b"): Expr => f.add(at[side], f.mul(step, f.int(axis[side])));
    const hint = isVector && i === axes.length - 1 ? ("vectorize" as const) : undefined;
    return [loop(f, k, length, emit(i + 1, { a: moved("a"), b: moved("b") }), hint)];
  };
  return emit(0, { a: f.int(0), b: f.int(0) });
}

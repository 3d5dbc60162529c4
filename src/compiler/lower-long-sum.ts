// Contractions of long sums to few columns of results: the filter gradient of a convolution with few input channels, a last
// layer of few outputs. Each result of a block of rows has an accumulator, a vector along the sum, so that nothing is packed;
// beside windows the other operand is computed on the spot, and gradients before a pooling are never stored.
import { numel } from "../base/index.js";
import { attr, type Node } from "../graph/index.js";
import {
  type Buffer,
  type Expr,
  type ExprFactory,
  type KernelDraft,
  type Stmt,
  scalarOf,
  type TargetInfo,
  type Var,
} from "../ir/index.js";
import { type Finish, groupFinish, plainFinish } from "./contraction/finish.js";
import { affineView } from "./contraction/form.js";
import { joinParts } from "./contraction/join.js";
import { Evaluator, linearIndex } from "./evaluate.js";
import type { Group, Member } from "./group.js";
import type { KernelEnv } from "./kernel-env.js";
import { type LongSum, longSum } from "./long-sum.js";
import { dimIndices, improveNest, type Loop, lastLoop, type Nest, plainNest, writtenOutLast } from "./nest.js";
import { isView } from "./views.js";

/** With fewer blocks of rows than this, the sum is cut along its first loop: into this many parts at most. */
const ENOUGH_BLOCKS = 12;
const PARTS = 32;

/**
 * False for what is no long sum, and where the registers hold one row of results at a time: each product then loads its own
 * window, and packing is faster unless it is for an operand that is computed on the spot, or for rows that are summed besides (filter
 * gradient of 1 → 32 channels at 28²: a fifth less time with WebAssembly, a tenth with AVX2).
 */
export function isBestAsLongSum(env: KernelEnv, group: Group): boolean {
  const [{ node }] = group.members as [Member];
  const sum = longSum(node);
  if (sum === null) return false;
  if (!sum.isManyInline || group.rowSums.length > 0 || rowsAtOnce(env.info, sum.rowCount, sum.columnCount) > 1)
    return true;
  const inMemory = (x: Node): boolean => env.bufferOf(x) !== null;
  const view = affineView(sum.many, isView, inMemory);
  return view === null || !inMemory(view.base);
}

/** Kernels of a group: a long sum, and elementwise nodes that take its results. */
export function lowerLongSum(env: KernelEnv, group: Group): KernelDraft[] {
  const [{ node }] = group.members as [Member];
  const finish = groupFinish(env, group);
  return new LongSumLowering(env, node, longSum(node) as LongSum).kernels(finish, group.rowSums[0] ?? null);
}

/** Rows of results whose accumulators stay in registers beside the windows. */
function rowsAtOnce(info: TargetInfo, rows: number, columns: number): number {
  const registers = Math.max(...info.microShapes.map((shape) => shape.rows * shape.vectors));
  const most = Math.max(1, Math.floor((registers * 3) / 4 / columns));
  let count = Math.min(most, rows);
  while (rows % count !== 0) count--;
  return count;
}

/** For each label of the contraction, its index. */
type Place = ReadonlyMap<number, Expr>;

/** `chunk` iterations of the sum's first loop. */
interface Piece {
  readonly start: Expr;
  readonly chunk: number;
}

/** v += many * few */
interface Product {
  readonly v: Var;
  readonly many: Expr;
  readonly few: Expr;
}

/**
 * The products with those of the same `few` side by side, if there are more of these than of `many`: each is then loaded and used
 * up at once. The products of a sum keep their order; where that forbids it, all stay as they are.
 */
function byFactor(f: ExprFactory, products: Product[]): Product[] {
  const factors = inMemoryOrder(f, [...new Set(products.map(({ few }) => few))]);
  if (factors.length <= new Set(products.map(({ many }) => many)).size) return products;
  const sums = [...new Set(products.map(({ v }) => v))].map((v) => products.filter((p) => p.v === v));
  const sorted: Product[] = [];
  const next = new Map(sums.map((sum) => [sum, 0]));
  const head = (sum: Product[]) => sum[next.get(sum) as number];
  while (sorted.length < products.length) {
    // The factor that comes first of those that are at the head of all sums which still need them.
    const ready = factors.find((few) => {
      const waiting = sums.filter((sum) => sum.slice(next.get(sum)).some((p) => p.few === few));
      return waiting.length > 0 && waiting.every((sum) => head(sum)?.few === few);
    });
    if (ready === undefined) return products;
    for (const sum of sums) {
      const product = head(sum);
      if (product?.few !== ready) continue;
      sorted.push(product);
      next.set(sum, (next.get(sum) as number) + 1);
    }
  }
  return sorted;
}

/** Loads of one buffer that lie a constant apart, in the order of their places: neighbours share vectors. Others stay as they are. */
function inMemoryOrder(f: ExprFactory, values: readonly Expr[]): Expr[] {
  const [first] = values;
  const places = values.map((x) => {
    if (x.kind !== "load" || first?.kind !== "load" || x.buffer !== first.buffer) return null;
    const distance = f.sub(x.index, first.index);
    return distance.kind === "const" ? Number(distance.value) : null;
  });
  if (places.includes(null)) return [...values];
  const at = new Map(values.map((x, i) => [x, places[i] as number]));
  return [...values].sort((a, b) => (at.get(a) as number) - (at.get(b) as number));
}

class LongSumLowering {
  readonly #evaluator: Evaluator;
  readonly #nest: Nest;
  readonly #sizes: readonly number[];

  constructor(
    private readonly env: KernelEnv,
    private readonly node: Node,
    private readonly sum: LongSum,
  ) {
    this.#evaluator = new Evaluator(env.f, env);
    this.#sizes = sum.summed.map((label) => sum.extents.get(label) as number);
    this.#nest = this.#chooseNest();
  }

  kernels(finish: Finish, rowSum: Node | null): KernelDraft[] {
    const { env, node } = this;
    const { f } = env;
    const { rowCount, columnCount, few, many } = this.sum;
    const atOnce = rowsAtOnce(env.info, rowCount, columnCount);
    const blocks = rowCount / atOnce;
    const extent = (this.#nest[0] as Loop).extent;
    const chunk = blocks >= ENOUGH_BLOCKS ? extent : Math.ceil(extent / PARTS);
    const parts = Math.ceil(extent / chunk);
    const tiles = parts * blocks;
    const tile = f.variable("tile", "i32", { min: 0, max: tiles - 1 });
    const part = f.div(tile, f.int(blocks));
    const outputs = [{ of: node, finish }];
    if (rowSum) outputs.push({ of: rowSum, finish: plainFinish(env, env.targetOf(rowSum) as Buffer, f.int(0)) });
    const partial = outputs.map(({ of }) => env.temporary("partial", of.dtype, parts * of.size));
    const [to, toRow] = outputs.map(({ of, finish: last }, i) =>
      parts > 1 ? plainFinish(env, partial[i] as Buffer, f.mul(part, f.int(of.size))) : last,
    ) as [Finish, Finish | undefined];
    const piece = { start: f.mul(part, f.int(chunk)), chunk };
    const body = this.#block(f.rem(tile, f.int(blocks)), atOnce, piece, to, toRow);
    const flops = 2 * node.size * numel(this.#sizes);
    const main: KernelDraft = {
      name: parts > 1 ? "contract_long_parts" : `${finish.name}_long`,
      tiles,
      tile,
      body,
      flops,
      bytes: 4 * (few.size + many.size),
    };
    if (parts === 1) return [main];
    const joins = outputs.map(({ of, finish: last }, i) => joinParts(env, of, partial[i] as Buffer, parts, last));
    return [main, ...joins];
  }

  /** The sum's loops: those that the operands divide (a pooling's windows) are split, their inner parts written out. */
  #chooseNest(): Nest {
    const { f } = this.env;
    const probe = (nest: Nest) => {
      const vars = nest.map((l, k) => f.variable(`k${k}`, "i32", { min: 0, max: l.extent - 1 }));
      const place = this.#place(this.#freeAt(f.int(0), f.int(0)), dimIndices(f, nest, this.#sizes, vars));
      return { vars, exprs: [this.#many(place), this.#few(place)] };
    };
    return writtenOutLast(improveNest(plainNest(this.#sizes), probe, false));
  }

  #many(place: Place): Expr {
    return this.#evaluator.value(this.sum.many, this.#indexOf(this.sum.manyLabels, place));
  }

  #few(place: Place): Expr {
    return this.#evaluator.value(this.sum.few, this.#indexOf(this.sum.fewLabels, place));
  }

  /** Labels without a loop have one element. */
  #indexOf(labels: readonly number[], place: Place): Expr[] {
    return labels.map((label) => place.get(label) ?? this.env.f.int(0));
  }

  /** The indices of the result's dims for a row (free dims of `many`) and a column (free dims of `few`). */
  #freeAt(row: Expr, column: Expr): Map<number, Expr> {
    const { f } = this.env;
    const place = new Map<number, Expr>();
    const spread = (labels: readonly number[], flat: Expr): void => {
      let rest = flat;
      for (let i = labels.length - 1; i >= 0; i--) {
        const extent = f.int(this.sum.extents.get(labels[i] as number) as number);
        place.set(labels[i] as number, i === 0 ? rest : f.rem(rest, extent));
        rest = f.div(rest, extent);
      }
    };
    spread(this.sum.rows, row);
    spread(this.sum.columns, column);
    return place;
  }

  #place(free: Place, inner: readonly Expr[]): Place {
    return new Map([...free, ...this.sum.summed.map((label, i): [number, Expr] => [label, inner[i] as Expr])]);
  }

  /** The sums of one block of rows, over one piece; with `rowFinish` those of `many` itself as well. */
  #block(block: Expr, atOnce: number, piece: Piece, finish: Finish, rowFinish: Finish | undefined): Stmt[] {
    const { f } = this.env;
    const type = scalarOf(this.node.dtype);
    const acc = Array.from({ length: atOnce }, (_, r) =>
      Array.from({ length: this.sum.columnCount }, (_, c) => f.variable(`acc${r}_${c}`, type, { mutable: true })),
    );
    const rowAcc = rowFinish ? acc.map((_, r) => f.variable(`row${r}`, type, { mutable: true })) : [];
    const row = acc.map((_, r) => f.add(f.mul(block, f.int(atOnce)), f.int(r)));
    const free = acc.map((columns, r) => columns.map((_, c) => this.#freeAt(row[r] as Expr, f.int(c))));
    return [
      ...[...acc.flat(), ...rowAcc].map((v): Stmt => ({ kind: "let", v, value: f.const(type, 0) })),
      ...this.#loops(piece, (inners) => [
        ...inners.flatMap((inner) => this.#addRows(rowAcc, free, inner)),
        ...byFactor(
          f,
          inners.flatMap((inner) => this.#products(acc, free, inner)),
        ).map(({ v, many, few }): Stmt => {
          return { kind: "assign", v, value: f.fma(many, few, v) };
        }),
      ]),
      ...acc.flatMap((columns, r) => columns.flatMap((v, c) => finish.element(this.#result(free[r]?.[c] as Place), v))),
      ...rowAcc.flatMap((v, r) => (rowFinish as Finish).element(row[r] as Expr, v)),
    ];
  }

  /** The sum's loops around `body`, which gets the indices of all iterations that are written out. */
  #loops({ start, chunk }: Piece, body: (inners: readonly (readonly Expr[])[]) => Stmt[]): Stmt[] {
    const { f } = this.env;
    const nest = this.#nest;
    const along = lastLoop(nest);
    const emit = (k: number, open: readonly (readonly Expr[])[]): Stmt[] => {
      if (k === nest.length) return body(open.map((vars) => dimIndices(f, nest, this.#sizes, vars)));
      const { extent, part } = nest[k] as Loop;
      if (part === "inner") {
        const written = Array.from({ length: extent }, (_, c) => f.int(c));
        return emit(
          k + 1,
          open.flatMap((vars) => written.map((c) => [...vars, c])),
        );
      }
      const isCut = k === 0 && chunk < extent;
      const to = isCut ? f.min(f.int(chunk), f.sub(f.int(extent), start)) : f.int(extent);
      const v = f.variable(`k${k}`, "i32", { min: 0, max: (isCut ? chunk : extent) - 1 });
      const hint = k === along ? { hint: "vectorize" as const } : {};
      const at = isCut ? f.add(start, v) : v;
      const inside = open.map((vars) => [...vars, at]);
      return [{ kind: "for", v, from: f.int(0), to, step: 1, body: emit(k + 1, inside), ...hint }];
    };
    return emit(0, [[]]);
  }

  #addRows(acc: readonly Var[], free: readonly (readonly Place[])[], inner: readonly Expr[]): Stmt[] {
    return acc.map((v, r): Stmt => {
      const value = this.env.f.add(v, this.#many(this.#place(free[r]?.[0] as Place, inner)));
      return { kind: "assign", v, value };
    });
  }

  #products(acc: readonly (readonly Var[])[], free: readonly (readonly Place[])[], inner: readonly Expr[]): Product[] {
    // Rows inside, so that what `few` loads is used up at once.
    return (acc[0] as readonly Var[]).flatMap((_, c) =>
      acc.map((columns, r): Product => {
        const [v, place] = [columns[c] as Var, this.#place(free[r]?.[c] as Place, inner)];
        return { v, many: this.#many(place), few: this.#few(place) };
      }),
    );
  }

  /** Where a result lies. */
  #result(free: Place): Expr {
    const at = attr<readonly number[]>(this.node, "out").map((label) => free.get(label) as Expr);
    return linearIndex(this.env.f, this.node.shape, at);
  }
}

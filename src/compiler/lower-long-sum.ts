// Contractions of long sums to few results: the filter gradient of a convolution with few input channels. One accumulator (a
// vector along the sum) for each result of a block; one operand's windows are read where they lie, the other operand is
// computed on the spot, so that neither is packed and gradients before a pooling are never stored.
import { numel } from "../base/index.js";
import { attr, type Node } from "../graph/index.js";
import {
  type Buffer,
  type Expr,
  type KernelDraft,
  type Stmt,
  scalarOf,
  type TargetInfo,
  type Var,
} from "../ir/index.js";
import { type Finish, groupFinish } from "./contraction/finish.js";
import { joinParts } from "./contraction/join.js";
import { type LongSum, longSum } from "./costs.js";
import { Evaluator, linearIndex } from "./evaluate.js";
import type { Group, Member } from "./group.js";
import type { KernelEnv } from "./kernel-env.js";
import { dimIndices, improveNest, type Loop, lastLoop, type Nest, plainNest, writtenOutLast } from "./nest.js";

/** Pieces of the sum, along its first loop. A constant: the order of a sum depends on shapes only. */
const PARTS = 32;

/** Kernels of a group: a long sum, and elementwise nodes that take its results. */
export function lowerLongSum(env: KernelEnv, group: Group): KernelDraft[] {
  const [{ node }] = group.members as [Member];
  const finish = groupFinish(env, group);
  return new LongSumLowering(env, node, longSum(node) as LongSum).kernels(finish);
}

/** Rows of results whose accumulators stay in registers beside the windows. */
function rowsAtOnce(info: TargetInfo, rows: number, columns: number): number {
  const registers = Math.max(...info.microShapes.map((shape) => shape.rows * shape.vectors));
  const most = Math.max(1, Math.floor((registers * 2) / 3 / columns));
  let count = Math.min(most, rows);
  while (rows % count !== 0) count--;
  return count;
}

/** For each label of the contraction, its index. */
type Place = ReadonlyMap<number, Expr>;

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

  kernels(finish: Finish): KernelDraft[] {
    const { env, node } = this;
    const { f } = env;
    const chunk = Math.ceil((this.#nest[0] as Loop).extent / PARTS);
    const parts = Math.ceil((this.#nest[0] as Loop).extent / chunk);
    const partial = env.temporary("partial", node.dtype, parts * node.size);
    const tile = f.variable("tile", "i32", { min: 0, max: parts - 1 });
    const flops = 2 * node.size * numel(this.#sizes);
    const bytes = 4 * (this.sum.few.size + this.sum.many.size);
    const body = this.#part(tile, chunk, partial);
    const main: KernelDraft = { name: "contract_long_sum", tiles: parts, tile, body, flops, bytes };
    return [main, joinParts(env, node, partial, parts, finish)];
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

  /** All results' sums over one piece. */
  #part(part: Expr, chunk: number, partial: Buffer): Stmt[] {
    const { f } = this.env;
    const { rowCount, columnCount } = this.sum;
    const atOnce = rowsAtOnce(this.env.info, rowCount, columnCount);
    const block = f.variable("block", "i32", { min: 0, max: rowCount / atOnce - 1 });
    const acc = Array.from({ length: atOnce }, (_, r) =>
      Array.from({ length: columnCount }, (_, c) =>
        f.variable(`acc${r}_${c}`, scalarOf(this.node.dtype), { mutable: true }),
      ),
    );
    const free = acc.map((columns, r) =>
      columns.map((_, c) => this.#freeAt(f.add(f.mul(block, f.int(atOnce)), f.int(r)), f.int(c))),
    );
    const zero = f.const(scalarOf(this.node.dtype), 0);
    const body: Stmt[] = [
      ...acc.flat().map((v): Stmt => ({ kind: "let", v, value: zero })),
      ...this.#loops(part, chunk, (inner) => this.#add(acc, free, inner)),
      ...acc.flatMap((columns, r) => columns.map((v, c) => this.#keep(v, free[r]?.[c] as Place, part, partial))),
    ];
    return [{ kind: "for", v: block, from: f.int(0), to: f.int(rowCount / atOnce), step: 1, body }];
  }

  #loops(part: Expr, chunk: number, body: (inner: readonly Expr[]) => Stmt[]): Stmt[] {
    const { f } = this.env;
    const nest = this.#nest;
    const along = lastLoop(nest);
    const emit = (k: number, vars: readonly Expr[]): Stmt[] => {
      if (k === nest.length) return body(dimIndices(f, nest, this.#sizes, vars));
      const { extent, part: kind } = nest[k] as Loop;
      if (kind === "inner") return Array.from({ length: extent }, (_, c) => emit(k + 1, [...vars, f.int(c)])).flat();
      const start = k === 0 ? f.mul(part, f.int(chunk)) : f.int(0);
      const to = k === 0 ? f.min(f.int(chunk), f.sub(f.int(extent), start)) : f.int(extent);
      const v = f.variable(`k${k}`, "i32", { min: 0, max: (k === 0 ? chunk : extent) - 1 });
      const hint = k === along ? { hint: "vectorize" as const } : {};
      return [{ kind: "for", v, from: f.int(0), to, step: 1, body: emit(k + 1, [...vars, f.add(start, v)]), ...hint }];
    };
    return emit(0, []);
  }

  #add(acc: readonly (readonly Var[])[], free: readonly (readonly Place[])[], inner: readonly Expr[]): Stmt[] {
    const { f } = this.env;
    return acc.flatMap((columns, r) =>
      columns.map((v, c): Stmt => {
        const place = this.#place(free[r]?.[c] as Place, inner);
        return { kind: "assign", v, value: f.fma(this.#many(place), this.#few(place), v) };
      }),
    );
  }

  #keep(value: Var, free: Place, part: Expr, partial: Buffer): Stmt {
    const { f } = this.env;
    const at = attr<readonly number[]>(this.node, "out").map((label) => free.get(label) as Expr);
    const index = f.add(f.mul(part, f.int(this.node.size)), linearIndex(f, this.node.shape, at));
    return { kind: "store", buffer: partial, index, value, guard: null };
  }
}

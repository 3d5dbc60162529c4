// Contractions to few rows of many contiguous columns: the weight gradient of a layer with few outputs. Columns run in vectors
// and are read where they lie, once; every row has an accumulator, so packing would only copy.
import type { Node } from "../../graph/index.js";
import { type Buffer, type Expr, type KernelDraft, type Stmt, scalarOf } from "../../ir/index.js";
import type { KernelEnv } from "../kernel-env.js";
import { digitsOf, offsetOf } from "./axes.js";
import type { Finish } from "./finish.js";
import { type Axis, type ContractionForm, extentOf } from "./form.js";

/** Accumulators of all rows stay in registers. */
const MOST_ROWS = 12;
/** Fewer columns do not keep the threads busy. */
const LEAST_COLUMNS = 1024;
/** Longer sums would read their columns from afar too often. */
const MOST_TERMS = 512;
/** Columns of a tile, whole vectors; more tiles than this are not needed. */
const UNIT = 64;
const MOST_TILES = 32;

/** True if the form suits this schedule: rows of `a` broadcast, columns of `b` contiguous in it and in the result. */
export function hasFewRows(form: ContractionForm): boolean {
  const [column, ...others] = form.columns;
  if (!column || others.length > 0 || column.b !== 1 || column.out !== 1 || extentOf(form.batch) !== 1) return false;
  return column.extent >= LEAST_COLUMNS && extentOf(form.rows) <= MOST_ROWS && extentOf(form.summed) <= MOST_TERMS;
}

export function lowerFewRows(env: KernelEnv, node: Node, form: ContractionForm, finish: Finish): KernelDraft[] {
  const { f } = env;
  const type = scalarOf(node.dtype);
  const [a, b] = [env.bufferOf(form.a.base) as Buffer, env.bufferOf(form.b.base) as Buffer];
  const [column] = form.columns as [Axis];
  const [rows, depth] = [extentOf(form.rows), extentOf(form.summed)];
  const units = Math.ceil(column.extent / UNIT);
  const chunk = Math.ceil(units / MOST_TILES) * UNIT;
  const tiles = Math.ceil(column.extent / chunk);
  const tile = f.variable("tile", "i32", { min: 0, max: tiles - 1 });
  const start = f.mul(tile, f.int(chunk));
  const v = f.variable("c", "i32", { min: 0, max: Math.min(chunk, column.extent) - 1 });
  const at = f.add(start, v);
  const row = Array.from({ length: rows }, (_, r) => digitsOf(f, form.rows, f.int(r)));
  const acc = row.map((_, r) => f.variable(`acc${r}`, type, { mutable: true }));
  const term = (digits: readonly Expr[]): Stmt[] => {
    const y = f.load(b, f.add(f.add(f.int(form.b.offset), at), offsetOf(f, form.summed, digits, "b")));
    const fromA = f.add(f.int(form.a.offset), offsetOf(f, form.summed, digits, "a"));
    return acc.map((sum, r): Stmt => {
      const x = f.load(a, f.add(fromA, offsetOf(f, form.rows, row[r] as Expr[], "a")));
      return { kind: "assign", v: sum, value: f.fma(x, y, sum) };
    });
  };
  const loops = (i: number, digits: readonly Expr[]): Stmt[] => {
    const axis = form.summed[i];
    if (!axis) return term(digits);
    const k = f.variable(`k${i}`, "i32", { min: 0, max: axis.extent - 1 });
    const body = loops(i + 1, [...digits, k]);
    return [{ kind: "for", v: k, from: f.int(0), to: f.int(axis.extent), step: 1, body }];
  };
  const body: Stmt[] = [
    ...acc.map((sum): Stmt => ({ kind: "let", v: sum, value: f.const(type, 0) })),
    ...loops(0, []),
    ...acc.flatMap((sum, r) => finish.element(f.add(offsetOf(f, form.rows, row[r] as Expr[], "out"), at), sum)),
  ];
  const to = f.min(f.int(chunk), f.sub(f.int(column.extent), start));
  const loop: Stmt = { kind: "for", v, from: f.int(0), to, step: 1, hint: "vectorize", body };
  const flops = 2 * node.size * depth;
  const bytes = 4 * (rows * depth + column.extent * depth + node.size);
  return [{ name: `${finish.name}_rows`, tiles, tile, body: [loop], flops, bytes }];
}

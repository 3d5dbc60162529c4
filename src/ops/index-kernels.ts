// Kernels that write where index values say. Destinations are divided among tiles and each destination takes its sources in
// their order, so the result does not depend on threads.
import { numel, valueArray } from "../base/index.js";
import type { NdArray, RoutineContext } from "../graph/index.js";
import { type Buffer, type Expr, type ExprFactory, scalarOf } from "../ir/index.js";
import { assign, declare, type Lines, linesOf, loop, planLines, range, store } from "./kernel-text.js";

/** An index value as an i32 in [0, count - 1]: wrong ones are reported by the program's checks, not by a crash. */
export function clampIndex(f: ExprFactory, value: Expr, count: number): Expr {
  return f.max(f.int(0), f.min(f.int(Math.max(0, count - 1)), f.cast(value, "i32")));
}

/**
 * out[b, r, a] = Σ over the t with index[t] = r of source[b, t, a]. A stable counting sort lists the sources of each
 * destination first, so the work is that of the sources plus one pass over the result, however they are distributed.
 */
export function buildIndexSum(context: RoutineContext, { before, count, after }: Lines, sources: number): void {
  const { f, inputs, output } = context;
  const [index, source] = inputs as [Buffer, Buffer];
  const starts = context.temporary("starts", "int32", count + 2);
  const order = context.temporary("order", "int32", Math.max(1, sources));
  listSources(context, index, sources, count, starts, order);
  const type = scalarOf(output.dtype);
  const rows: Lines = { before: before * count, count: 1, after };
  const plan = planLines(f, rows);
  context.kernel("index_sum", plan.tiles, (tile) =>
    plan.emit(tile, (line, start, width) => {
      const row = f.rem(line, f.int(count));
      const base = f.mul(f.div(line, f.int(count)), f.int(sources));
      const from = f.load(starts, row);
      const to = f.load(starts, f.add(row, f.int(1)));
      const column = loop(
        f,
        "a",
        width,
        (a) => {
          const sum = f.variable("sum", type, { mutable: true });
          const at = f.add(start, a);
          return [
            declare(sum, f.const(type, 0)),
            range(f, "p", from, to, sources, (p) => {
              const t = f.variable("t", "i32", { min: 0, max: Math.max(0, sources - 1) });
              const value = f.load(source, f.add(f.mul(f.add(base, t), f.int(after)), at));
              return [declare(t, f.load(order, p)), assign(sum, f.add(sum, value))];
            }),
            store(output, f.add(f.mul(line, f.int(after)), at), sum),
          ];
        },
        { hint: "vectorize" },
      );
      return [column];
    }),
  );
}

/** order[starts[r]] … order[starts[r + 1] - 1] are the sources of destination r, ascending. */
function listSources(
  context: RoutineContext,
  index: Buffer,
  sources: number,
  count: number,
  starts: Buffer,
  order: Buffer,
): void {
  const { f } = context;
  context.kernel("index_order", 1, () => {
    const destination = (t: Expr): Expr => clampIndex(f, f.load(index, t), count);
    const sum = f.variable("sum", "i32", { mutable: true });
    return [
      loop(f, "r", f.int(count + 2), (r) => [store(starts, r, f.int(0))], { hint: "vectorize" }),
      loop(f, "t", f.int(sources), (t) => {
        const at = f.add(destination(t), f.int(2)); // two ahead: see below
        return [store(starts, at, f.add(f.load(starts, at), f.int(1)))];
      }),
      declare(sum, f.int(0)),
      loop(f, "r", f.int(count + 2), (r) => [assign(sum, f.add(sum, f.load(starts, r))), store(starts, r, sum)]),
      // starts[r + 1] is where r's next source goes; once all are placed it is where r ends.
      loop(f, "t", f.int(sources), (t) => {
        const at = f.add(destination(t), f.int(1));
        const place = f.variable("place", "i32", { min: 0, max: Math.max(0, sources - 1) });
        return [declare(place, f.load(starts, at)), store(order, place, t), store(starts, at, f.add(place, f.int(1)))];
      }),
    ];
  });
}

/** How a scatter along a dim treats its destinations. */
interface Treatment {
  readonly fill: number;
  /** The new value of a destination that has `old`, from source number `j` at flat position `at`. */
  readonly update: (old: Expr, j: Expr, at: Expr) => Expr;
}

/** Fills the result `[before, count, after]`, then updates it for each element of index `[before, sources, after]` in order. */
function buildLineScatter(
  context: RoutineContext,
  name: string,
  lines: Lines,
  sources: number,
  { fill, update }: Treatment,
): void {
  const { f, inputs, output } = context;
  const index = inputs[0] as Buffer;
  const { count, after } = lines;
  const zero = f.const(scalarOf(output.dtype), fill);
  const plan = planLines(f, { ...lines, count: count + sources });
  context.kernel(name, plan.tiles, (tile) =>
    plan.emit(tile, (b, start, width) => {
      const first = f.mul(b, f.int(count * after));
      const isWhole = width.kind === "const" && width.value === after;
      const fillLine = isWhole
        ? loop(f, "i", f.int(count * after), (i) => [store(output, f.add(first, i), zero)], { hint: "vectorize" })
        : loop(f, "r", f.int(count), (r) => [
            loop(
              f,
              "a",
              width,
              (a) => {
                const at = f.add(f.add(first, f.mul(r, f.int(after))), f.add(start, a));
                return [store(output, at, zero)];
              },
              { hint: "vectorize" },
            ),
          ]);
      const updateLine = loop(f, "j", f.int(sources), (j) => [
        loop(f, "a", width, (a) => {
          const column = f.add(start, a);
          const from = f.add(f.mul(f.add(f.mul(b, f.int(sources)), j), f.int(after)), column);
          const row = clampIndex(f, f.load(index, from), count);
          const to = f.add(first, f.add(f.mul(row, f.int(after)), column));
          return [store(output, to, update(f.load(output, to), j, from))];
        }),
      ]);
      return [fillLine, updateLine];
    }),
  );
}

/** out[b, index[b, j, a], a] += source[b, j, a]. */
export function buildScatterSum(context: RoutineContext, lines: Lines, sources: number): void {
  const { f, inputs } = context;
  const source = inputs[1] as Buffer;
  buildLineScatter(context, "scatter_sum", lines, sources, {
    fill: 0,
    update: (old, _, at) => f.add(old, f.load(source, at)),
  });
}

/** out[b, index[b, j, a], a] = combine(…combine(fill, first source)…, last source); `combine` gets the old value and a flat position. */
export function buildScatterFold(
  context: RoutineContext,
  lines: Lines,
  sources: number,
  fill: number,
  combine: (old: Expr, at: Expr) => Expr,
): void {
  buildLineScatter(context, "scatter_fold", lines, sources, { fill, update: (old, _, at) => combine(old, at) });
}

/** out[b, index[b, j, a], a] = the last such j; -1 where there is none. */
export function buildLastPosition(context: RoutineContext, lines: Lines, sources: number): void {
  buildLineScatter(context, "last_position", lines, sources, { fill: -1, update: (_, j) => j });
}

/** The references' loop: calls `visit(destination, source, j)` with flat positions, for index `[before, sources, after]`. */
export function forEachScatter(
  index: NdArray,
  dim: number,
  count: number,
  visit: (destination: number, source: number, j: number) => void,
): void {
  const { before, count: sources, after } = linesOf(index.shape, dim);
  for (let b = 0; b < before; b++) {
    for (let j = 0; j < sources; j++) {
      for (let a = 0; a < after; a++) {
        const source = (b * sources + j) * after + a;
        visit((b * count + Number(index.data[source])) * after + a, source, j);
      }
    }
  }
}

/** Sums of `source` by destination, rounded once. */
export function sumInto(
  shape: readonly number[],
  source: NdArray,
  each: (visit: (destination: number, source: number) => void) => void,
): NdArray {
  const data = valueArray(source.dtype, numel(shape));
  if (data instanceof BigInt64Array) {
    each((to, from) => {
      data[to] = (data[to] as bigint) + (source.data[from] as bigint);
    });
  } else {
    const sums = new Float64Array(data.length);
    each((to, from) => {
      sums[to] = (sums[to] as number) + (source.data[from] as number);
    });
    sums.forEach((sum, i) => {
      data[i] = sum;
    });
  }
  return { shape, dtype: source.dtype, data };
}

// Sorting: positions that put a dim in order, by a merge sort written as kernels.

import { typedArray } from "../base/index.js";
import {
  attr,
  hashText,
  type NdArray,
  type Node,
  nonDifferentiable,
  type RoutineContext,
  type RoutinePrimitive,
} from "../graph/index.js";
import { type Buffer, type Expr, type ExprFactory, type Stmt, scalarOf, type Var } from "../ir/index.js";
import { apply } from "./apply.js";
import { assign, declare, type Lines, linesOf, loop, range, store } from "./kernel-text.js";

/** Elements that one tile sorts by itself; longer rows are merged from such runs, pair by pair, on all threads. */
const RUN = 4096;
/** Short rows share a tile until it has about this many elements. */
const TILE_ELEMENTS = 4096;

const dimOf = (node: Node): number => attr<number>(node, "dim");

const argsortP: RoutinePrimitive = {
  kind: "routine",
  name: "argsort",
  hash: hashText("argsort"),
  vjp: nonDifferentiable("positions are integers"),
  saves: { inputs: [], output: false },
  infer: ([x]) => ({ shape: (x as Node).shape, dtype: "int32" }),
  build: (context, node) => {
    if (node.size === 0) return;
    const { dtype } = node.inputs[0] as Node;
    const lines = linesOf(node.shape, dimOf(node));
    const keys = context.temporary("keys", dtype, 2 * node.size);
    const places = context.temporary("places", "int32", 2 * node.size);
    new MergeSort(context, lines, keys, places, attr<boolean>(node, "descending")).build();
  },
  reference: (node, [x]) => sortArray(node, x as NdArray),
};

function sortArray(node: Node, { data, shape }: NdArray): NdArray {
  const { before, count, after } = linesOf(shape, dimOf(node));
  const out = typedArray("int32", data.length);
  const sign = attr<boolean>(node, "descending") ? -1 : 1;
  const isNaNAt = (i: number): boolean => Number.isNaN(data[i]);
  for (let b = 0; b < before; b++) {
    for (let a = 0; a < after; a++) {
      const at = (j: number): number => (b * count + j) * after + a;
      const compare = (i: number, j: number): number => {
        const [x, y] = [data[at(i)] as number, data[at(j)] as number];
        if (isNaNAt(at(i)) || isNaNAt(at(j))) return sign * (Number(isNaNAt(at(i))) - Number(isNaNAt(at(j))));
        return x < y ? -sign : x > y ? sign : 0;
      };
      const order = Array.from({ length: count }, (_, j) => j).sort((i, j) => compare(i, j) || i - j);
      order.forEach((place, j) => {
        out[at(j)] = place;
      });
    }
  }
  return { shape, dtype: "int32", data: out };
}

/** Sorts rows of (key, place) pairs between the two halves of both buffers. */
class MergeSort {
  readonly #f: ExprFactory;
  readonly #size: number;
  readonly #rows: number;
  /** Length of the runs that one tile sorts. */
  readonly #run: number;
  readonly #runsPerRow: number;

  constructor(
    private readonly context: RoutineContext,
    private readonly lines: Lines,
    private readonly keys: Buffer,
    private readonly places: Buffer,
    private readonly descending: boolean,
  ) {
    this.#f = context.f;
    this.#rows = lines.before * lines.after;
    this.#size = this.#rows * lines.count;
    this.#run = Math.min(lines.count, RUN);
    this.#runsPerRow = Math.ceil(lines.count / this.#run);
  }

  build(): void {
    const { count } = this.lines;
    const f = this.#f;
    let half = this.#sortRuns();
    for (let width = this.#run; width < count; width *= 2) {
      const pairs = Math.ceil(count / (2 * width));
      const from = half;
      this.#tasks("sort_merge", pairs, 2 * width, (row, pair) => {
        const start = f.mul(pair, f.int(2 * width));
        const end = (n: number): Expr => f.min(f.int(count), f.add(start, f.int(n)));
        return this.#merge(
          f.mul(row, f.int(count)),
          start,
          end(width),
          end(2 * width),
          f.int(from),
          f.int(this.#size - from),
        );
      });
      half = this.#size - half;
    }
    this.#tasks("sort_store", this.#runsPerRow, this.#run, (row, piece) => {
      const base = f.add(f.mul(row, f.int(count)), f.int(half));
      return [
        this.#elements(piece, (j) => [
          store(this.context.output, this.#at(row, j), f.load(this.places, f.add(base, j))),
        ]),
      ];
    });
  }

  /** Flat position of element j of a row. */
  #at(row: Expr, j: Expr): Expr {
    const f = this.#f;
    const { count, after } = this.lines;
    const line = f.add(f.mul(f.div(row, f.int(after)), f.int(count)), j);
    return f.add(f.mul(line, f.int(after)), f.rem(row, f.int(after)));
  }

  /** A kernel over `pieces` pieces of every row, each of `work` elements. */
  #tasks(name: string, pieces: number, work: number, body: (row: Expr, piece: Expr) => Stmt[]): void {
    const f = this.#f;
    const count = this.#rows * pieces;
    const perTile = Math.max(1, Math.floor(TILE_ELEMENTS / work));
    this.context.kernel(name, Math.ceil(count / perTile), (tile) => {
      const first = f.mul(tile, f.int(perTile));
      const here = f.min(f.int(perTile), f.sub(f.int(count), first));
      return [
        loop(f, "task", here, (i) => {
          const task = f.add(first, i);
          return body(f.div(task, f.int(pieces)), f.rem(task, f.int(pieces)));
        }),
      ];
    });
  }

  /** Runs `body` for each position in the row of piece number `piece`. */
  #elements(piece: Expr, body: (j: Expr) => Stmt[]): Stmt {
    const f = this.#f;
    const start = f.mul(piece, f.int(this.#run));
    const here = f.min(f.int(this.#run), f.sub(f.int(this.lines.count), start));
    return loop(f, "j", here, (j) => body(f.add(start, j)));
  }

  /** Copies pairs into the first half and sorts runs there; returns where the sorted ones begin. */
  #sortRuns(): number {
    const f = this.#f;
    const { count } = this.lines;
    const x = this.context.inputs[0] as Buffer;
    this.#tasks("sort_runs", this.#runsPerRow, this.#run, (row, piece) => {
      const base = f.mul(row, f.int(count));
      const start = f.mul(piece, f.int(this.#run));
      const stop = f.min(f.int(count), f.add(start, f.int(this.#run)));
      const width = f.variable("width", "i32", { mutable: true });
      const from = f.variable("from", "i32", { mutable: true });
      const to = f.variable("to", "i32", { mutable: true });
      const left = f.variable("left", "i32", { mutable: true });
      const pass: Stmt[] = [
        assign(to, f.sub(f.int(this.#size), from)),
        assign(left, start),
        {
          kind: "while",
          cond: f.lt(left, stop),
          body: [
            ...this.#merge(
              base,
              left,
              f.min(stop, f.add(left, width)),
              f.min(stop, f.add(left, f.add(width, width))),
              from,
              to,
            ),
            assign(left, f.add(left, f.add(width, width))),
          ],
        },
        assign(from, to),
        assign(width, f.add(width, width)),
      ];
      return [
        this.#elements(piece, (j) => [
          store(this.keys, f.add(base, j), f.load(x, this.#at(row, j))),
          store(this.places, f.add(base, j), j),
        ]),
        declare(width, f.int(1)),
        declare(from, f.int(0)),
        declare(to, f.int(0)),
        declare(left, f.int(0)),
        // All runs take as many passes, so that they end in the same half.
        { kind: "while", cond: f.lt(width, f.int(this.#run)), body: pass },
      ];
    });
    return (Math.ceil(Math.log2(this.#run)) % 2) * this.#size;
  }

  /** Merges the sorted ranges [start, middle) and [middle, end) of a row from one half into the other, the left first among equals. */
  #merge(base: Expr, start: Expr, middle: Expr, end: Expr, from: Expr, to: Expr): Stmt[] {
    const f = this.#f;
    const [i, j, o] = ["i", "j", "o"].map((name) => f.variable(name, "i32", { mutable: true })) as [Var, Var, Var];
    const [stopI, stopJ] = [f.variable("stopI", "i32"), f.variable("stopJ", "i32")];
    const type = scalarOf(this.keys.dtype);
    const [x, y] = [f.variable("x", type), f.variable("y", type)];
    const takesRight = f.variable("right", "bool");
    const source = f.variable("source", "i32");
    const place = (at: Expr): Expr => f.load(this.places, at);
    const next = f.add(o, f.int(1));
    const step: Stmt[] = [
      declare(x, f.load(this.keys, i)),
      declare(y, f.load(this.keys, j)),
      declare(takesRight, this.#precedes(y, x)),
      declare(source, f.select(takesRight, j, i)),
      store(this.keys, o, f.select(takesRight, y, x)),
      store(this.places, o, place(source)),
      assign(j, f.add(j, f.cast(takesRight, "i32"))),
      assign(i, f.add(i, f.cast(f.not(takesRight), "i32"))),
      assign(o, next),
    ];
    const rest = (v: Var, stop: Var): Stmt =>
      range(f, "k", v, stop, 2 * this.#size, (k) => [
        store(this.keys, o, f.load(this.keys, k)),
        store(this.places, o, place(k)),
        assign(o, next),
      ]);
    const origin = f.add(base, from);
    return [
      declare(i, f.add(origin, start)),
      declare(j, f.add(origin, middle)),
      declare(stopI, f.add(origin, middle)),
      declare(stopJ, f.add(origin, end)),
      declare(o, f.add(f.add(base, to), start)),
      { kind: "while", cond: f.and(f.lt(i, stopI), f.lt(j, stopJ)), body: step },
      rest(i, stopI),
      rest(j, stopJ),
    ];
  }

  /** True if x has to stand before y even where it comes later: NaN counts as the largest. */
  #precedes(x: Expr, y: Expr): Expr {
    const f = this.#f;
    const [low, high] = this.descending ? [y, x] : [x, y];
    if (x.type === "bool") return f.lt(f.cast(low, "i32"), f.cast(high, "i32"));
    const isLess = f.lt(low, high);
    if (x.type !== "f32" && x.type !== "f64") return isLess;
    const isUnordered = (value: Expr): Expr => f.binary("ne", value, value); // NaN
    return f.or(isLess, f.and(isUnordered(high), f.not(isUnordered(low))));
  }
}

/** Positions (int32) that put `dim` in order; equal elements keep theirs, NaN counts as largest. */
export function argsort(x: Node, dim: number, descending: boolean): Node {
  return apply(argsortP, [x], { dim, descending });
}

// The contraction schedule: columns of one operand packed into panels of vectors, rows of the other broadcast, a block of
// accumulators in registers. Blocks are cut by constants, so that the order of every sum depends on shapes and lanes only.
import type { Node } from "../graph/index.js";
import { type Buffer, type Expr, type KernelDraft, type Stmt, scalarOf, type Var } from "../ir/index.js";
import {
  type Axis,
  affineView,
  type ContractionForm,
  contractionForm,
  extentOf,
  mergeAxes,
  swapOperands,
} from "./contraction-form.js";
import type { KernelEnv } from "./kernel-env.js";
import { joinParts, lowerDirectContraction } from "./lower-direct.js";
import { isView } from "./materialize.js";

/** Summed elements of a block: a packed panel of this depth fits the first-level cache beside the rows. */
const BLOCK_DEPTH = 512;
/** Columns and rows of a tile: packed columns and the result's block fit the second-level cache. */
const TILE_COLUMNS = 128;
const TILE_ROWS = 256;
/**
 * Packing is written out for sums of at most this many terms (small filters). The micro-kernel is not: V8 spills
 * accumulators in long straight code (9 terms: 26 GFLOP/s as loops, 9 written out).
 */
const WRITTEN_OUT = 16;
/** A contraction with fewer tiles is cut along the sum as well, if the sum is long enough. */
const ENOUGH_TILES = 16;
const MIN_PART_DEPTH = 512;

export function lowerContraction(env: KernelEnv, node: Node): KernelDraft[] {
  const [x, y] = node.inputs as [Node, Node];
  const hasMemory = (n: Node): boolean => env.bufferOf(n) !== null;
  const [a, b] = [affineView(x, isView, hasMemory), affineView(y, isView, hasMemory)];
  if (!a || !b) throw new Error("contraction operand is not an affine view"); // materialize.ts guarantees it
  const form = contractionForm(node, a, b);
  if (node.size === 0) return [];
  const isFloat = node.dtype === "float32" || node.dtype === "float64";
  const [m, n, k] = [extentOf(form.rows), extentOf(form.columns), extentOf(form.summed)];
  if (!isFloat || Math.min(m, n) < 3 || m * n < 32 || k === 0) return lowerDirectContraction(env, node, form);
  return new ContractionLowering(env, node, chooseSides(env, form, node)).kernels();
}

/** Rows are broadcast, columns run in vectors: takes the assignment that wastes fewer lanes and stores contiguously. */
function chooseSides(env: KernelEnv, form: ContractionForm, node: Node): ContractionForm {
  const lanes = env.info.lanes(node.dtype === "float64" ? 8 : 4);
  const width = lanes * env.info.microVectors;
  const cost = (f: ContractionForm): number => {
    const [m, n, k] = [extentOf(f.rows), extentOf(f.columns), extentOf(f.summed)];
    const lastColumn = f.columns[f.columns.length - 1];
    const scattered = lastColumn && lastColumn.out === 1 && lastColumn.extent >= lanes ? 0 : 16 / k;
    // Columns whose neighbours lie far apart must be gathered into panels.
    const gathered = lastColumn && lastColumn.b === 1 && lastColumn.extent >= lanes ? 0 : 2 / m;
    const perColumn = Math.ceil(n / width) * width;
    return (perColumn / n) * (1 + scattered + gathered + 1 / m);
  };
  const swapped = swapOperands(form);
  return cost(swapped) < cost(form) ? swapped : form;
}

/** Summed loops cut into blocks: loops outside, a loop taken in pieces, loops inside. */
interface DepthBlocks {
  readonly outside: readonly Axis[];
  readonly cut: Axis;
  readonly piece: number;
  readonly inside: readonly Axis[];
  /** Elements of a full block. */
  readonly depth: number;
  readonly count: number;
}

function cutDepth(summed: readonly Axis[], limit: number): DepthBlocks {
  const axes = summed.length > 0 ? summed : [{ extent: 1, a: 0, b: 0, out: 0 }];
  let at = axes.length - 1;
  let inner = 1;
  while (at > 0 && inner * (axes[at] as Axis).extent <= limit) inner *= (axes[at--] as Axis).extent;
  const cut = axes[at] as Axis;
  const piece = Math.max(1, Math.min(cut.extent, Math.floor(limit / inner)));
  const outside = axes.slice(0, at);
  const count = extentOf(outside) * Math.ceil(cut.extent / piece);
  return { outside, cut, piece, inside: axes.slice(at + 1), depth: piece * inner, count };
}

class ContractionLowering {
  readonly #lanes: number;
  readonly #vectors: number;
  readonly #width: number;
  readonly #m: number;
  readonly #n: number;
  readonly #k: number;
  readonly #blocks: DepthBlocks;
  readonly #parts: number;
  readonly #tileColumns: number;
  readonly #tileRows: number;
  // The same loops as each array sees them: neighbours that are contiguous there are one.
  readonly #packColumns: readonly Axis[];
  readonly #outColumns: readonly Axis[];
  readonly #readRows: readonly Axis[];
  readonly #outRows: readonly Axis[];
  readonly #panel: Buffer;
  readonly #block: Buffer | null;
  readonly #scratch: Buffer;
  readonly #a: Buffer;
  readonly #b: Buffer;
  readonly #type: "f32" | "f64";

  constructor(
    private readonly env: KernelEnv,
    private readonly node: Node,
    private readonly form: ContractionForm,
  ) {
    const { f, info } = env;
    this.#type = scalarOf(node.dtype) as "f32" | "f64";
    this.#lanes = info.lanes(this.#type === "f64" ? 8 : 4);
    this.#vectors = info.microVectors;
    this.#width = this.#lanes * this.#vectors;
    [this.#m, this.#n, this.#k] = [extentOf(form.rows), extentOf(form.columns), extentOf(form.summed)];
    this.#packColumns = mergeAxes(form.columns.map((x) => ({ ...x, a: 0, out: 0 })));
    this.#outColumns = mergeAxes(form.columns.map((x) => ({ ...x, a: 0, b: 0 })));
    this.#readRows = mergeAxes(form.rows.map((x) => ({ ...x, b: 0, out: 0 })));
    this.#outRows = mergeAxes(form.rows.map((x) => ({ ...x, a: 0, b: 0 })));
    this.#blocks = cutDepth(form.summed, BLOCK_DEPTH);
    this.#tileColumns = Math.min(TILE_COLUMNS, roundUp(this.#n, this.#width));
    this.#tileRows = Math.min(TILE_ROWS, this.#m);
    this.#parts = this.#chooseParts();
    this.#a = env.bufferOf(form.a.base) as Buffer;
    this.#b = env.bufferOf(form.b.base) as Buffer;
    this.#panel = f.buffer("panel", node.dtype, this.#tileColumns * this.#blocks.depth, "local");
    const accumulates = this.#blocks.count > 1;
    this.#block = accumulates ? f.buffer("block", node.dtype, this.#tileRows * this.#tileColumns, "local") : null;
    this.#scratch = f.buffer("corner", node.dtype, info.microRows * this.#width, "local");
  }

  kernels(): KernelDraft[] {
    const { node } = this;
    const { f } = this.env;
    const partial = this.#parts > 1 ? this.env.temporary("partial", node.dtype, this.#parts * node.size) : null;
    const target = partial ?? (this.env.targetOf(node) as Buffer);
    const columnTiles = Math.ceil(this.#n / this.#tileColumns);
    const rowTiles = Math.ceil(this.#m / this.#tileRows);
    const batch = extentOf(this.form.batch);
    const tiles = batch * this.#parts * rowTiles * columnTiles;
    const tile = f.variable("tile", "i32", { min: 0, max: tiles - 1 });
    const columnTile = f.rem(tile, f.int(columnTiles));
    const rowTile = f.rem(f.div(tile, f.int(columnTiles)), f.int(rowTiles));
    const part = f.rem(f.div(tile, f.int(columnTiles * rowTiles)), f.int(this.#parts));
    const batchIndex = f.div(tile, f.int(columnTiles * rowTiles * this.#parts));
    const body = this.#tile(target, this.#digits(this.form.batch, batchIndex), part, rowTile, columnTile);
    const flops = 2 * batch * this.#m * this.#n * this.#k;
    const bytes = 4 * batch * (this.#m * this.#k + this.#n * this.#k + this.#m * this.#n);
    const main: KernelDraft = { name: "contract", tiles, tile, body, flops, bytes };
    return partial ? [main, joinParts(this.env, node, partial, this.#parts)] : [main];
  }

  /** How many pieces the sum is cut into so that all threads have work; blocks are dealt to parts evenly. */
  #chooseParts(): number {
    const tiles =
      extentOf(this.form.batch) * Math.ceil(this.#m / this.#tileRows) * Math.ceil(this.#n / this.#tileColumns);
    if (tiles >= ENOUGH_TILES || this.#k < 2 * MIN_PART_DEPTH) return 1;
    const wish = Math.min(Math.ceil(ENOUGH_TILES / tiles), Math.floor(this.#k / MIN_PART_DEPTH), this.#blocks.count);
    const each = Math.ceil(this.#blocks.count / Math.max(1, wish));
    return Math.ceil(this.#blocks.count / each);
  }

  /** Index of each loop in `axes` for flat position `flat`. */
  #digits(axes: readonly Axis[], flat: Expr): Expr[] {
    const { f } = this.env;
    const out = new Array<Expr>(axes.length);
    let rest = flat;
    for (let i = axes.length - 1; i >= 0; i--) {
      const extent = f.int((axes[i] as Axis).extent);
      out[i] = i === 0 ? rest : f.rem(rest, extent);
      rest = f.div(rest, extent);
    }
    return out;
  }

  #offset(axes: readonly Axis[], digits: readonly Expr[], side: "a" | "b" | "out"): Expr {
    const { f } = this.env;
    let sum: Expr = f.int(0);
    axes.forEach((axis, i) => {
      sum = f.add(sum, f.mul(digits[i] as Expr, f.int(axis[side])));
    });
    return sum;
  }

  #at(axes: readonly Axis[], flat: Expr, side: "a" | "b" | "out"): Expr {
    return this.#offset(axes, this.#digits(axes, flat), side);
  }

  #tile(target: Buffer, batch: readonly Expr[], part: Expr, rowTile: Expr, columnTile: Expr): Stmt[] {
    const { f } = this.env;
    const { form } = this;
    const baseA = f.add(f.int(form.a.offset), this.#offset(form.batch, batch, "a"));
    const baseB = f.add(f.int(form.b.offset), this.#offset(form.batch, batch, "b"));
    let baseOut = this.#offset(form.batch, batch, "out");
    if (this.#parts > 1) baseOut = f.add(baseOut, f.mul(part, f.int(this.node.size)));
    const perPart = Math.ceil(this.#blocks.count / this.#parts);
    const firstBlock = f.mul(part, f.int(perPart));
    const blocks = f.min(f.int(perPart), f.sub(f.int(this.#blocks.count), firstBlock));
    const blockNumber = f.variable("kb", "i32", { min: 0, max: perPart - 1 });
    const inBlock = this.#depthBlock(f.add(firstBlock, blockNumber), baseA, baseB, rowTile, columnTile, (at) =>
      this.#panels(at, baseOut, target, rowTile, columnTile),
    );
    if (!this.#block) return this.#once(blockNumber, inBlock);
    return [
      ...this.#clear(this.#block),
      { kind: "for", v: blockNumber, from: f.int(0), to: blocks, step: 1, body: inBlock },
      ...this.#copyOut(this.#block, baseOut, target, rowTile, columnTile),
    ];
  }

  #once(v: Var, body: Stmt[]): Stmt[] {
    const { f } = this.env;
    return [{ kind: "for", v, from: f.int(0), to: f.int(1), step: 1, body }];
  }

  /** One block of the sum: packs the tile's columns, then runs the micro-kernels over all panels and rows. */
  #depthBlock(
    block: Expr,
    baseA: Expr,
    baseB: Expr,
    rowTile: Expr,
    columnTile: Expr,
    run: (at: BlockPlace) => Stmt[],
  ): Stmt[] {
    const { f } = this.env;
    const { outside, cut, piece, inside } = this.#blocks;
    const pieces = Math.ceil(cut.extent / piece);
    const outsideDigits = this.#digits(outside, f.div(block, f.int(pieces)));
    const start = f.mul(f.rem(block, f.int(pieces)), f.int(piece));
    const length = f.min(f.int(piece), f.sub(f.int(cut.extent), start));
    const startA = f.add(baseA, f.add(this.#offset(outside, outsideDigits, "a"), f.mul(start, f.int(cut.a))));
    const startB = f.add(baseB, f.add(this.#offset(outside, outsideDigits, "b"), f.mul(start, f.int(cut.b))));
    const axes: DepthAxis[] = [
      { axis: cut, length },
      ...inside.map((axis) => ({ axis, length: f.int(axis.extent) as Expr })),
    ];
    return [...this.#pack(axes, startB, columnTile), ...run({ axes, startA, rowTile, columnTile })];
  }

  /** Copies the tile's columns into panels `[panel][depth][width]`; columns beyond the last are 0. */
  #pack(axes: readonly DepthAxis[], startB: Expr, columnTile: Expr): Stmt[] {
    const { f } = this.env;
    const first = f.mul(columnTile, f.int(this.#tileColumns));
    const panels = this.#tileColumns / this.#width;
    const p = f.variable("p", "i32", { min: 0, max: panels - 1 });
    const columns = f.min(
      f.int(panels),
      f.div(f.add(f.sub(f.int(this.#n), first), f.int(this.#width - 1)), f.int(this.#width)),
    );
    const column = f.add(first, f.mul(p, f.int(this.#width)));
    const inner = this.#packColumns[this.#packColumns.length - 1] as Axis;
    const isWhole = f.le(f.add(column, f.int(this.#width)), f.int(this.#n));
    const digit = f.rem(column, f.int(inner.extent));
    const isContiguous = inner.b === 1 ? f.le(f.add(digit, f.int(this.#width)), f.int(inner.extent)) : f.bool(false);
    const fast = this.#depthLoops(axes, "b", (depth) => this.#packVectors(startB, column, p, depth));
    const slow = this.#packScattered(axes, startB, column, p);
    const edge = this.#depthLoops(axes, "b", (depth) => this.#packLanes(startB, column, p, depth, isWhole));
    const whole: Stmt[] = branch(isContiguous, fast, slow);
    return [{ kind: "for", v: p, from: f.int(0), to: columns, step: 1, body: branch(isWhole, whole, edge) }];
  }

  /** Whole panels of columns that lie apart: where the sum runs along memory, square blocks are loaded and transposed. */
  #packScattered(axes: readonly DepthAxis[], startB: Expr, column: Expr, p: Expr): Stmt[] {
    const { f } = this.env;
    const lane = (depth: Depth): Stmt[] => this.#packLanes(startB, column, p, depth, f.bool(true));
    const last = axes[axes.length - 1] as DepthAxis;
    const lanes = this.#lanes;
    if (last.axis.b !== 1 || lanes !== 4 || last.length.max < lanes) return this.#depthLoops(axes, "b", lane);
    const q = f.variable("kq", "i32", { min: 0, max: Math.floor(last.length.max / lanes) });
    const r = f.variable("kr", "i32", { min: 0, max: lanes - 1 });
    const quads = f.div(last.length, f.int(lanes));
    const done = f.mul(quads, f.int(lanes));
    return this.#depthLoops(axes.slice(0, -1), "b", ({ flat, offset }) => {
      const base = f.mul(flat, f.int(last.axis.extent)); // the loops left out the last axis
      const at = (k: Expr): Depth => ({ flat: f.add(base, k), offset: f.add(offset, k) });
      return [
        {
          kind: "for",
          v: q,
          from: f.int(0),
          to: quads,
          step: 1,
          body: this.#packSquare(startB, column, p, at(f.mul(q, f.int(lanes)))),
        },
        { kind: "for", v: r, from: f.int(0), to: f.sub(last.length, done), step: 1, body: lane(at(f.add(done, r))) },
      ];
    });
  }

  /** Four summed elements of each column: loaded along the sum, stored along the columns. */
  #packSquare(startB: Expr, column: Expr, p: Expr, { flat, offset }: Depth): Stmt[] {
    const { f } = this.env;
    const n = this.#lanes;
    return Array.from({ length: this.#vectors }, (_, v) => {
      const [a, b, c, d] = Array.from({ length: n }, (_, j) => {
        const from = f.add(startB, this.#at(this.#packColumns, f.add(column, f.int(v * n + j)), "b"));
        return f.load(this.#b, f.add(from, offset), n);
      }) as [Expr, Expr, Expr, Expr];
      const [ac, bd] = [f.shuffle(a, c, [0, 4, 1, 5]), f.shuffle(b, d, [0, 4, 1, 5])];
      const [ac2, bd2] = [f.shuffle(a, c, [2, 6, 3, 7]), f.shuffle(b, d, [2, 6, 3, 7])];
      const rows = [
        f.shuffle(ac, bd, [0, 4, 1, 5]),
        f.shuffle(ac, bd, [2, 6, 3, 7]),
        f.shuffle(ac2, bd2, [0, 4, 1, 5]),
        f.shuffle(ac2, bd2, [2, 6, 3, 7]),
      ];
      return rows.map((value, i): Stmt => {
        const index = f.add(this.#panelIndex(p, f.add(flat, f.int(i))), f.int(v * n));
        return { kind: "store", buffer: this.#panel, index, value, guard: null };
      });
    }).flat();
  }

  /** Loops over a block's summed elements, giving the flat number and the operand's offset. */
  #depthLoops(axes: readonly DepthAxis[], side: "a" | "b", body: (depth: Depth) => Stmt[]): Stmt[] {
    const { f } = this.env;
    const isPacking = side === "b";
    const total = axes.reduce((n, { length }) => n * (length.kind === "const" ? length.max : Infinity), 1);
    const emit = (i: number, flat: Expr, offset: Expr): Stmt[] => {
      if (i === axes.length) return body({ flat, offset });
      const { axis, length } = axes[i] as DepthAxis;
      if (isPacking && total <= WRITTEN_OUT) {
        const inside = axes.slice(i + 1).reduce((n, x) => n * x.axis.extent, 1);
        const at = (v: number): Stmt[] =>
          emit(i + 1, f.add(flat, f.int(v * inside)), f.add(offset, f.int(v * axis[side])));
        return Array.from({ length: length.max }, (_, v) => at(v)).flat();
      }
      const v = f.variable(`k${i}`, "i32", { min: 0, max: Math.max(0, length.max - 1) });
      const inner = axes.slice(i + 1).reduce((n, x) => n * x.axis.extent, 1);
      const nextFlat = f.add(flat, f.mul(v, f.int(inner)));
      const nextOffset = f.add(offset, f.mul(v, f.int(axis[side])));
      return [{ kind: "for", v, from: f.int(0), to: length, step: 1, body: emit(i + 1, nextFlat, nextOffset) }];
    };
    return emit(0, f.int(0), f.int(0));
  }

  #panelIndex(p: Expr, depth: Expr): Expr {
    const { f } = this.env;
    return f.add(f.mul(p, f.int(this.#blocks.depth * this.#width)), f.mul(depth, f.int(this.#width)));
  }

  #packVectors(startB: Expr, column: Expr, p: Expr, { flat, offset }: Depth): Stmt[] {
    const { f } = this.env;
    const from = f.add(f.add(startB, this.#at(this.#packColumns, column, "b")), offset);
    return Array.from({ length: this.#vectors }, (_, v) => {
      const value = f.load(this.#b, f.add(from, f.int(v * this.#lanes)), this.#lanes);
      const index = f.add(this.#panelIndex(p, flat), f.int(v * this.#lanes));
      return { kind: "store", buffer: this.#panel, index, value, guard: null };
    });
  }

  #packLanes(startB: Expr, column: Expr, p: Expr, { flat, offset }: Depth, isWhole: Expr): Stmt[] {
    const { f } = this.env;
    const n = f.int(this.#n);
    return Array.from({ length: this.#vectors }, (_, v) => {
      const elements = Array.from({ length: this.#lanes }, (_, j) => {
        const c = f.add(column, f.int(v * this.#lanes + j));
        const from = f.add(f.add(startB, this.#at(this.#packColumns, c, "b")), offset);
        return f.load(this.#b, from, 1, f.or(isWhole, f.lt(c, n)));
      });
      const index = f.add(this.#panelIndex(p, flat), f.int(v * this.#lanes));
      return { kind: "store", buffer: this.#panel, index, value: f.lanes(elements), guard: null };
    });
  }

  /** All panels of the tile times all its rows. */
  #panels(at: BlockPlace, baseOut: Expr, target: Buffer, rowTile: Expr, columnTile: Expr): Stmt[] {
    const { f, info } = this.env;
    const rows = info.microRows;
    const firstRow = f.mul(rowTile, f.int(this.#tileRows));
    const count = f.min(f.int(this.#tileRows), f.sub(f.int(this.#m), firstRow));
    const panels = this.#tileColumns / this.#width;
    const firstColumn = f.mul(columnTile, f.int(this.#tileColumns));
    const used = f.min(
      f.int(panels),
      f.div(f.add(f.sub(f.int(this.#n), firstColumn), f.int(this.#width - 1)), f.int(this.#width)),
    );
    const p = f.variable("p", "i32", { min: 0, max: panels - 1 });
    const column = f.add(firstColumn, f.mul(p, f.int(this.#width)));
    const full = f.div(count, f.int(rows));
    const body: Stmt[] = [];
    if (full.max > 0) {
      const r = f.variable("r", "i32", { min: 0, max: full.max - 1 });
      const local = f.mul(r, f.int(rows));
      const micro = this.#micro(at, rows, f.add(firstRow, local), local, p, column, baseOut, target);
      body.push({ kind: "for", v: r, from: f.int(0), to: full, step: 1, body: micro });
    }
    // The last rows: one kernel for each count that can occur.
    const rest = f.rem(count, f.int(rows));
    const local = f.mul(full, f.int(rows));
    for (const left of this.#restCounts(rows)) {
      const micro = this.#micro(at, left, f.add(firstRow, local), local, p, column, baseOut, target);
      body.push(...branch(f.eq(rest, f.int(left)), micro, []));
    }
    return [{ kind: "for", v: p, from: f.int(0), to: used, step: 1, body }];
  }

  #restCounts(rows: number): number[] {
    const last = this.#m % this.#tileRows === 0 ? this.#tileRows : this.#m % this.#tileRows;
    return [...new Set([this.#tileRows % rows, last % rows])].filter((left) => left > 0);
  }

  /** `rows` × `vectors` accumulators over the block's depth. */
  #micro(
    at: BlockPlace,
    rows: number,
    row: Expr,
    localRow: Expr,
    p: Expr,
    column: Expr,
    baseOut: Expr,
    target: Buffer,
  ): Stmt[] {
    const { f } = this.env;
    const zero = f.const(this.#type, 0, this.#lanes);
    const acc = grid(rows, this.#vectors, (i, v) =>
      f.variable(`c${i}${v}`, this.#type, { lanes: this.#lanes, mutable: true }),
    );
    const starts = Array.from({ length: rows }, (_, i) =>
      f.add(at.startA, this.#at(this.#readRows, f.add(row, f.int(i)), "a")),
    );
    const step = ({ flat, offset }: Depth): Stmt[] => {
      const panel = Array.from({ length: this.#vectors }, (_, v) =>
        f.variable(`b${v}`, this.#type, { lanes: this.#lanes }),
      );
      const loads: Stmt[] = panel.map((v, j) => ({
        kind: "let",
        v,
        value: f.freshLoad(this.#panel, f.add(this.#panelIndex(p, flat), f.int(j * this.#lanes)), this.#lanes),
      }));
      const sums = starts.flatMap((start, i): Stmt[] => {
        const x = f.splat(f.load(this.#a, f.add(start, offset)), this.#lanes);
        return panel.map((y, v) => {
          const c = acc[i]?.[v] as Var;
          return { kind: "assign", v: c, value: f.fma(x, y, c) };
        });
      });
      return [...loads, ...sums];
    };
    return [
      ...acc.flat().map((v): Stmt => ({ kind: "let", v, value: zero })),
      ...this.#depthLoops(at.axes, "a", step),
      ...this.#keep(acc, localRow, row, p, column, baseOut, target),
    ];
  }

  /** Adds the accumulators to the tile's block, or stores them when the whole sum is done. */
  #keep(
    acc: readonly (readonly Var[])[],
    localRow: Expr,
    row: Expr,
    p: Expr,
    column: Expr,
    baseOut: Expr,
    target: Buffer,
  ): Stmt[] {
    const { f } = this.env;
    const block = this.#block;
    if (block) {
      return acc.flatMap((vectors, i) => {
        const start = f.add(f.mul(f.add(localRow, f.int(i)), f.int(this.#tileColumns)), f.mul(p, f.int(this.#width)));
        return vectors.map((c, v): Stmt => {
          const index = f.add(start, f.int(v * this.#lanes));
          const value = f.add(c, f.freshLoad(block, index, this.#lanes));
          return { kind: "store", buffer: block, index, value, guard: null };
        });
      });
    }
    const inner = this.#outColumns[this.#outColumns.length - 1] as Axis;
    const rowsAt = acc.map((_, i) => f.add(baseOut, this.#at(this.#outRows, f.add(row, f.int(i)), "out")));
    const fast = acc.flatMap((vectors, i) =>
      vectors.map((c, v): Stmt => {
        const index = f.add(
          f.add(rowsAt[i] as Expr, this.#at(this.#outColumns, column, "out")),
          f.int(v * this.#lanes),
        );
        return { kind: "store", buffer: target, index, value: c, guard: null };
      }),
    );
    const spill = acc.flatMap((vectors, i) =>
      vectors.map((c, v): Stmt => {
        const index = f.int(i * this.#width + v * this.#lanes);
        return { kind: "store", buffer: this.#scratch, index, value: c, guard: null };
      }),
    );
    const j = f.variable("j", "i32", { min: 0, max: this.#width - 1 });
    const c = f.add(column, j);
    const columnAt = f.variable("at", "i32");
    const one: Stmt[] = rowsAt.map((rowAt, i) => ({
      kind: "store",
      buffer: target,
      index: f.add(rowAt, columnAt),
      value: f.freshLoad(this.#scratch, f.add(f.int(i * this.#width), j)),
      guard: null,
    }));
    const count = f.min(f.int(this.#width), f.sub(f.int(this.#n), column));
    const slow: Stmt[] = [
      ...spill,
      {
        kind: "for",
        v: j,
        from: f.int(0),
        to: count,
        step: 1,
        body: [{ kind: "let", v: columnAt, value: this.#at(this.#outColumns, c, "out") }, ...one],
      },
    ];
    const digit = f.rem(column, f.int(inner.extent));
    const isWhole = f.le(f.add(column, f.int(this.#width)), f.int(this.#n));
    const isContiguous = inner.out === 1 ? f.le(f.add(digit, f.int(this.#width)), f.int(inner.extent)) : f.bool(false);
    return branch(f.and(isWhole, isContiguous), fast, slow);
  }

  #clear(block: Buffer): Stmt[] {
    const { f } = this.env;
    const i = f.variable("i", "i32", { min: 0, max: block.size - 1 });
    const store: Stmt = { kind: "store", buffer: block, index: i, value: f.const(this.#type, 0), guard: null };
    return [{ kind: "for", v: i, from: f.int(0), to: f.int(block.size), step: 1, hint: "vectorize", body: [store] }];
  }

  /** The finished block to its place in the result, along whichever loop the result is contiguous in. */
  #copyOut(block: Buffer, baseOut: Expr, target: Buffer, rowTile: Expr, columnTile: Expr): Stmt[] {
    const { f } = this.env;
    const firstRow = f.mul(rowTile, f.int(this.#tileRows));
    const firstColumn = f.mul(columnTile, f.int(this.#tileColumns));
    const rows = f.min(f.int(this.#tileRows), f.sub(f.int(this.#m), firstRow));
    const columns = f.min(f.int(this.#tileColumns), f.sub(f.int(this.#n), firstColumn));
    const r = f.variable("r", "i32", { min: 0, max: this.#tileRows - 1 });
    const c = f.variable("c", "i32", { min: 0, max: this.#tileColumns - 1 });
    const to = f.add(
      f.add(baseOut, this.#at(this.#outRows, f.add(firstRow, r), "out")),
      this.#at(this.#outColumns, f.add(firstColumn, c), "out"),
    );
    const value = f.freshLoad(block, f.add(f.mul(r, f.int(this.#tileColumns)), c));
    const store: Stmt = { kind: "store", buffer: target, index: to, value, guard: null };
    const hint = this.#outColumns.length === 1 ? ("vectorize" as const) : undefined;
    const inner: Stmt = {
      kind: "for",
      v: c,
      from: f.int(0),
      to: columns,
      step: 1,
      body: [store],
      ...(hint && { hint }),
    };
    return [{ kind: "for", v: r, from: f.int(0), to: rows, step: 1, body: [inner] }];
  }
}

interface DepthAxis {
  readonly axis: Axis;
  readonly length: Expr;
}

/** A summed element: its number in the block and its offset in an operand. */
interface Depth {
  readonly flat: Expr;
  readonly offset: Expr;
}

interface BlockPlace {
  readonly axes: readonly DepthAxis[];
  readonly startA: Expr;
  readonly rowTile: Expr;
  readonly columnTile: Expr;
}

function roundUp(n: number, unit: number): number {
  return Math.ceil(n / unit) * unit;
}

function grid<T>(rows: number, columns: number, make: (i: number, j: number) => T): T[][] {
  return Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => make(i, j)));
}

/** An `if`, or the side that is taken when the condition is known. */
function branch(cond: Expr, then: Stmt[], other: Stmt[]): Stmt[] {
  if (cond.kind === "const") return cond.value ? then : other;
  return [{ kind: "if", cond, then, else: other }];
}

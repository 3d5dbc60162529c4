// The contraction schedule: columns packed into panels of vectors, rows spread to all lanes, a block of accumulators in
// registers. Sums are cut by constants of shapes and lanes, tiles never split them: hence the same bits on any machine.
import type { Buffer, Expr, KernelDraft, Stmt } from "../../ir/index.js";
import { axesIn, digitsOf, offsetOf, spanOf } from "./axes.js";
import { type Box, fillBox, fillTable } from "./box.js";
import { type Ahead, type Block, blockAt } from "./depth.js";
import type { Finish } from "./finish.js";
import { type Axis, extentOf } from "./form.js";
import { type Accumulators, type MicroPlace, microKernel, type Source } from "./micro-kernel.js";
import { firstPanel, type Problem, panelsOf, type Side } from "./operand.js";
import type { OperandSum } from "./operand-sum.js";
import { packPanels } from "./pack.js";
import {
  type GridPlace,
  prefetchNextColumns,
  prefetchPacked,
  prefetchResults,
  prefetchRows,
  prefetchRuns,
  prefetchUnpacked,
} from "./prefetch.js";
import {
  addFromBlock,
  isRowMajor,
  putInBlock,
  roundedRows,
  storeAccumulators,
  storeRegion,
  storeTurned,
  turnedSize,
} from "./result.js";
import type { Move } from "./stage.js";
import { branch, loop } from "./statements.js";
import { bandShare, withinBand } from "./within-band.js";

interface TilePlace {
  readonly batch: readonly Expr[];
  readonly part: Expr;
  readonly row: Expr;
  readonly column: Expr;
}

/** Position of a tile. */
interface Tile extends TilePlace {
  /** The next one, where no two tiles have the same columns; it may not exist. */
  readonly next: TilePlace | null;
}

/** Kernels that compute the contraction, each sum (or part of one) given to `finish`. Tiles that pack an operand do `sum` as well. */
export function tiledKernels(p: Problem, finish: (part: Expr) => Finish, sum: OperandSum | null = null): KernelDraft[] {
  const { f } = p.env;
  const [columnTiles, rowTiles] = [p.b, p.a].map((side) => Math.ceil(side.panels / side.tilePanels)) as [
    number,
    number,
  ];
  const batch = extentOf(p.form.batch);
  const tiles = batch * p.parts * rowTiles * columnTiles;
  const tile = f.variable("tile", "i32", { min: 0, max: tiles - 1 });
  const before = [packBefore(p, p.a), packBefore(p, p.b)];
  const placeOf = (number: Expr): TilePlace => ({
    // Neighbours share their columns, of which a tile reads more.
    row: f.rem(number, f.int(rowTiles)),
    column: f.rem(f.div(number, f.int(rowTiles)), f.int(columnTiles)),
    part: f.rem(f.div(number, f.int(columnTiles * rowTiles)), f.int(p.parts)),
    batch: digitsOf(f, p.form.batch, f.div(number, f.int(columnTiles * rowTiles * p.parts))),
  });
  const areApart = tiles > 1 && rowTiles === 1 && p.parts === 1 && p.form.batch.every((axis) => axis.b !== 0);
  const at: Tile = { ...placeOf(tile), next: areApart ? placeOf(f.add(tile, f.int(1))) : null };
  const done = finish(at.part);
  const body = new TileBody(p, at, done, before[0]?.buffer, before[1]?.buffer, sum).statements();
  const [m, n, k] = [p.a.count, p.b.count, extentOf(p.form.summed)];
  const bytes = p.bytes * batch * (m * k + n * k + m * n);
  const flops = 2 * batch * m * n * k * bandShare(p.form);
  const main: KernelDraft = { name: sum ? `${done.name}_sum` : done.name, tiles, tile, body, flops, bytes };
  return [...before.flatMap((x) => (x ? [x.draft] : [])), main];
}

/** Batch loops that an operand has. */
function batchOf(p: Problem, side: Side): Axis[] {
  return p.form.batch.filter((axis) => axis[side.key] !== 0);
}

/** Elements of a packed block of a whole operand (a batch of it). */
function packedBlock(side: Side): number {
  return side.panels * side.panelStride;
}

/** Panels that one tile of a packing kernel packs: neighbours, so that memory is read in long runs. */
const PANELS_AT_ONCE = 8;

/** The kernel that packs all of an operand: `[batch][block][panel][depth][pitch]`. */
function packBefore(p: Problem, side: Side): { draft: KernelDraft; buffer: Buffer } | null {
  if (side.packing !== "before") return null;
  const { f } = p.env;
  const axes = batchOf(p, side);
  const { count } = p.blocks;
  const groups = Math.ceil(side.panels / PANELS_AT_ONCE);
  const tiles = extentOf(axes) * count * groups;
  const blocks = extentOf(axes) * count;
  const buffer = p.env.temporary(`packed_${side.key}`, p.node.dtype, blocks * packedBlock(side));
  const tile = f.variable("tile", "i32", { min: 0, max: tiles - 1 });
  const panel = f.mul(f.rem(tile, f.int(groups)), f.int(PANELS_AT_ONCE));
  const blockNumber = f.div(tile, f.int(groups));
  const digits = digitsOf(f, axes, f.div(blockNumber, f.int(count)));
  const block = blockAt(f, p.blocks, f.rem(blockNumber, f.int(count)));
  const start = f.add(
    f.add(f.int(side.offset), offsetOf(f, axes, digits, side.key)),
    side.key === "a" ? block.startA : block.startB,
  );
  const first = f.mul(panel, f.int(side.unit));
  const to = f.add(f.mul(blockNumber, f.int(packedBlock(side))), f.mul(panel, f.int(side.panelStride)));
  const panels = f.min(f.int(PANELS_AT_ONCE), f.sub(f.int(side.panels), panel));
  const most = Math.min(PANELS_AT_ONCE, side.panels);
  const body = packPanels(p, side, block, { buffer, to, first, start }, panels, most);
  const bytes = (p.type === "f64" ? 16 : 8) * buffer.size;
  return { draft: { name: `pack_${side.key}`, tiles, tile, body, flops: 0, bytes }, buffer };
}

/** A staged operand's memory in a tile. */
interface Staged {
  readonly box: Box;
  readonly buffer: Buffer;
  readonly table: Buffer;
}

/** Panels of columns that neighbouring columns must be long for, so that most panels do not cross a run's end. */
const RUN_PANELS = 1.5;

function hasLongRuns({ form, b }: Problem): boolean {
  const inner = axesIn(form.columns, "out").at(-1) as Axis;
  return inner.out === 1 && inner.extent >= RUN_PANELS * b.unit;
}

/** Which of a tile's blocks of the sum it is. */
interface Turn {
  readonly isFirst: Expr;
  readonly isLast: Expr;
}

class TileBody {
  readonly #panels: { readonly a: Buffer | undefined; readonly b: Buffer | undefined };
  /** Columns are read where they lie, but for those of a last panel that goes beyond them. */
  readonly #isInPlace: boolean;
  readonly #lastPanel: Buffer | null;
  readonly #staged: { readonly a: Staged | null; readonly b: Staged | null };
  readonly #block: Buffer | null;
  /** Some of its columns, where rows are neighbours in the result. */
  readonly #turned: Buffer | null;
  readonly #corner: Buffer;
  readonly #blockPitch: number;
  readonly #base: Expr;
  readonly #finishesPanels: boolean;
  /** Blocks of the sum that a tile adds up, at most. */
  readonly #perPart: number;
  /** All sums are finished from the block, which otherwise holds those of the blocks before the last. */
  readonly #isGathered: boolean;
  /** The block holds all rows of the tile, not those of one panel. */
  readonly #keepsRows: boolean;

  constructor(
    private readonly p: Problem,
    private readonly tile: Tile,
    private readonly finish: Finish,
    packedA: Buffer | undefined,
    packedB: Buffer | undefined,
    private readonly sum: OperandSum | null,
  ) {
    const { f } = p.env;
    const local = (side: Side): Buffer | undefined => {
      if (side.packing !== "tile") return undefined;
      const size = side.tilePanels * side.panelStride;
      return f.buffer(`panels_${side.key}`, p.node.dtype, size, "local");
    };
    const { b } = p;
    this.#isInPlace = b.packing === "none" && b.box === null;
    const isRagged = this.#isInPlace && b.count % b.unit !== 0;
    this.#lastPanel = isRagged ? f.buffer("panel_b", p.node.dtype, b.panelStride, "local") : null;
    this.#panels = { a: packedA ?? local(p.a), b: packedB ?? local(p.b) };
    const stage = (side: Side): Staged | null => {
      const { box } = side;
      if (!box) return null;
      const buffer = f.buffer(`box_${side.key}`, p.node.dtype, box.size, "local");
      return { box, buffer, table: f.buffer(`offsets_${side.key}`, "int32", p.blocks.depth, "local") };
    };
    this.#staged = { a: stage(p.a), b: stage(p.b) };
    this.#blockPitch = p.b.tilePanels * p.b.unit;
    // Rows of one panel are finished while they are in the first-level cache, if the result has neighbours along columns.
    this.#finishesPanels = isRowMajor(p);
    this.#perPart = Math.ceil(p.blocks.count / p.parts);
    this.#keepsRows = this.#perPart > 1 || !this.#finishesPanels;
    const rows = (this.#keepsRows ? p.a.tilePanels : 1) * p.a.unit;
    // What is turned later is read in whole squares.
    const size = (this.#finishesPanels ? rows : roundedRows(p, rows)) * this.#blockPitch;
    // Sums whose panels seldom lie in one piece in the result are gathered first: rows are longer then. All others are finished
    // and stored at once, from the registers or the first-level cache, while the next ones are summed: a copy would wait for memory.
    this.#isGathered = !this.#finishesPanels || (p.b.box !== null && !hasLongRuns(p));
    const hasBlock = this.#isGathered || this.#perPart > 1;
    this.#block = hasBlock ? f.buffer("block", p.node.dtype, size, "local") : null;
    this.#turned = this.#finishesPanels ? null : f.buffer("turned", p.node.dtype, turnedSize(p, rows), "local");
    this.#corner = f.buffer("corner", p.node.dtype, p.a.unit * p.b.unit, "local");
    this.#base = offsetOf(f, p.form.batch, tile.batch, "out");
  }

  statements(): Stmt[] {
    const { f } = this.p.env;
    const { blocks } = this.p;
    const perPart = this.#perPart;
    const first = f.mul(this.tile.part, f.int(perPart));
    const count = f.min(f.int(perPart), f.sub(f.int(blocks.count), first));
    const number = f.variable("kb", "i32", { min: 0, max: perPart - 1 });
    const at: Turn = { isFirst: f.eq(number, f.int(0)), isLast: f.eq(number, f.sub(count, f.int(1))) };
    const body = this.#depthBlock(f.add(first, number), at);
    const tables = [this.#staged.a, this.#staged.b].flatMap((x) => (x ? fillTable(f, x.box, x.table) : []));
    const firstRow = this.#first(this.p.a, this.tile.row);
    const finish = this.#finishesPanels
      ? []
      : this.#finishRows(firstRow, panelsOf(this.p, this.p.a, this.tile.row), f.int(0));
    const { sum } = this;
    if (!sum) return [...tables, loop(f, number, count, body), ...finish];
    // Tiles with the same rows (or columns) have the same sums.
    const [own, other] = sum.side.key === "a" ? [this.tile.row, this.tile.column] : [this.tile.column, this.tile.row];
    const sums = branch(f.eq(other, f.int(0)), sum.finish(own), []);
    return [...tables, ...sum.begin(), loop(f, number, count, body), ...finish, ...sums];
  }

  /** Finishes the sums of some panels of rows, from `row` of the result, which lie in the block from `local`. */
  #finishRows(row: Expr, panels: Expr, local: Expr): Stmt[] {
    const { f } = this.p.env;
    const block = this.#block as Buffer;
    const { a, b } = this.p;
    const column = this.#first(this.p.b, this.tile.column);
    const sums = { buffer: block, pitch: this.#blockPitch, first: local };
    const region = {
      row,
      rows: f.min(f.mul(panels, f.int(a.unit)), f.sub(f.int(a.count), row)),
      column,
      columns: f.min(f.mul(panelsOf(this.p, b, this.tile.column), f.int(b.unit)), f.sub(f.int(b.count), column)),
      base: this.#base,
    };
    return this.#turned
      ? storeTurned(this.p, this.finish, sums, region, this.#turned)
      : storeRegion(this.p, this.finish, sums, region);
  }

  /** The first row or column of a tile. */
  #first(side: Side, tile: Expr): Expr {
    const { f } = this.p.env;
    return f.mul(firstPanel(this.p, side, tile), f.int(side.unit));
  }

  /** Asks for what follows the columns of block number `number`: `i` and `j` are the micro-kernel's panels in the tile. */
  #columnsAhead(number: Expr, block: Block, turn: Turn, i: Expr, j: Expr): Ahead | null {
    const { next } = this.tile;
    const { f } = this.p.env;
    const { b, blocks } = this.p;
    if (!next) return null;
    const start = this.#start(b, blockAt(f, blocks, f.int(0)), next.batch);
    if (!this.#isInPlace) {
      const isOne = b.tilePanels === b.panels; // its columns are those of a batch
      const column = f.mul(j, f.int(b.unit));
      const some = isOne ? prefetchNextColumns(this.p, column, start, block, i) : [];
      return some.length > 0 ? { count: 1, at: () => some } : null;
    }
    const part = f.add(f.mul(i, f.int(b.tilePanels)), j);
    const further = this.#start(b, blockAt(f, blocks, f.add(number, f.int(1))));
    const first = f.select(turn.isLast, this.#first(b, next.column), this.#first(b, this.tile.column));
    return prefetchRuns(this.p, first, f.select(turn.isLast, start, further), block, part);
  }

  /** One block of the sum: packs what the tile packs, then runs the micro-kernels over all panels. */
  #depthBlock(number: Expr, turn: Turn): Stmt[] {
    const { f } = this.p.env;
    const block = blockAt(f, this.p.blocks, number);
    return [
      ...this.#packTile(this.p.a, this.tile.row, block),
      ...this.#packTile(this.p.b, this.tile.column, block),
      ...this.#packLast(block),
      ...this.#stageTile(this.p.a, this.tile.row, number, block),
      ...this.#stageTile(this.p.b, this.tile.column, number, block),
      ...this.#panelLoops(number, block, turn),
    ];
  }

  /** Offset of row or column 0 of the tile's batch (or another) at the block's first summed element. */
  #start(side: Side, block: Block, digits: readonly Expr[] = this.tile.batch): Expr {
    const { f } = this.p.env;
    const batch = offsetOf(f, this.p.form.batch, digits, side.key);
    return f.add(f.add(f.int(side.offset), batch), side.key === "a" ? block.startA : block.startB);
  }

  #packTile(side: Side, tile: Expr, block: Block): Stmt[] {
    if (side.packing !== "tile") return [];
    const { f } = this.p.env;
    const buffer = this.#panels[side.key] as Buffer;
    const first = this.#first(side, tile);
    const panel = { buffer, to: f.int(0), first, start: this.#start(side, block) };
    const sum = this.sum?.side === side ? this.sum : null;
    return packPanels(this.p, side, block, panel, panelsOf(this.p, side, tile), side.tilePanels, sum);
  }

  /** The last panel of columns, where those before are read in place. */
  #packLast(block: Block): Stmt[] {
    const buffer = this.#lastPanel;
    if (!buffer) return [];
    const { f } = this.p.env;
    const { b } = this.p;
    const panel = { buffer, to: f.int(0), first: f.int(b.unit * (b.panels - 1)), start: this.#start(b, block) };
    const hasLast = f.eq(this.#wholePanels(), f.sub(panelsOf(this.p, b, this.tile.column), f.int(1)));
    return branch(hasLast, packPanels(this.p, b, block, panel, f.int(1), 1), []);
  }

  /** Panels of columns that are read as most are. */
  #wholePanels(): Expr {
    const { f } = this.p.env;
    const { b } = this.p;
    const panels = panelsOf(this.p, b, this.tile.column);
    if (!this.#lastPanel) return panels;
    return f.min(panels, f.sub(f.int(b.panels - 1), firstPanel(this.p, b, this.tile.column)));
  }

  /** Step of the outermost own loop with which the tile begins. */
  #firstStep(side: Side, tile: Expr): Expr {
    const { f } = this.p.env;
    const inner = side.axes.slice(1).reduce((n, axis) => n * spanOf(axis), 1);
    return f.div(this.#first(side, tile), f.int(inner));
  }

  /** Fills the box that the tile's rows or columns need of a block. */
  #stageTile(side: Side, tile: Expr, number: Expr, block: Block): Stmt[] {
    const staged = this.#staged[side.key];
    if (!staged) return [];
    const { f } = this.p.env;
    const { box } = staged;
    const { plan } = box;
    const first = this.#firstStep(side, tile);
    const origin: Expr[] = plan.origin.map((at) => f.int(at));
    const move = (by: Move | null, digit: Expr): void => {
      if (by) origin[by.dim] = f.add(origin[by.dim] as Expr, f.mul(digit, f.int(by.step)));
    };
    plan.batch.forEach((by, i) => {
      move(by, this.tile.batch[i] as Expr);
    });
    const { outside, cut, piece } = this.p.blocks;
    const pieces = Math.ceil(cut.extent / piece);
    digitsOf(f, outside, f.div(number, f.int(pieces))).forEach((digit, i) => {
      move(plan.summed[i] as Move, digit);
    });
    move(plan.summed[outside.length] as Move, f.mul(f.rem(number, f.int(pieces)), f.int(piece)));
    if (plan.own[0]) move(plan.own[0], first);
    const outermost = side.axes[0] as Axis;
    const most = box.dims.find((dim) => dim.own === 0)?.length ?? 1;
    const length = f.min(f.int(most), f.sub(f.int(outermost.extent), first));
    return fillBox(this.p.env, box, staged.buffer, { origin, length, axes: block.axes });
  }

  /** Panel number `panel` of the tile: packed, staged, or the operand itself. */
  #source(side: Side, tile: Expr, panel: Expr, number: Expr, block: Block): Source {
    const { f } = this.p.env;
    const staged = this.#staged[side.key];
    if (staged) {
      return { kind: "box", ...staged, first: this.#firstStep(side, tile) };
    }
    const buffer = this.#panels[side.key];
    if (!buffer) return { kind: "memory", buffer: side.buffer as Buffer, at: this.#start(side, block) };
    const size = f.int(side.panelStride);
    if (side.packing === "tile") return { kind: "panel", buffer, at: f.mul(panel, size) };
    const axes = batchOf(this.p, side);
    const digits = axes.map((axis) => this.tile.batch[this.p.form.batch.indexOf(axis)] as Expr);
    let batch: Expr = f.int(0);
    axes.forEach((axis, i) => {
      batch = f.add(f.mul(batch, f.int(axis.extent)), digits[i] as Expr);
    });
    const blockNumber = f.add(f.mul(batch, f.int(this.p.blocks.count)), number);
    const global = f.add(firstPanel(this.p, side, tile), panel);
    const at = f.add(f.mul(blockNumber, f.int(packedBlock(side))), f.mul(global, size));
    return { kind: "panel", buffer, at };
  }

  /** All row panels times all column panels: a panel of rows stays in the first-level cache, columns stream past it. */
  #panelLoops(number: Expr, block: Block, turn: Turn): Stmt[] {
    const { f } = this.p.env;
    const { a, b } = this.p;
    const [i, j] = [a, b].map((side, at) =>
      f.variable(at === 0 ? "r" : "c", "i32", { min: 0, max: side.tilePanels - 1 }),
    ) as [Expr & { kind: "var" }, Expr & { kind: "var" }];
    const rowPanel = f.add(firstPanel(this.p, a, this.tile.row), i);
    const row = f.mul(rowPanel, f.int(a.unit));
    const local = this.#keepsRows ? f.mul(i, f.int(a.unit)) : f.int(0);
    const one = (rows: number, j: Expr, sourceB: Source): Stmt[] => {
      const place: MicroPlace = { rows, row, column: f.add(this.#first(b, this.tile.column), f.mul(j, f.int(b.unit))) };
      const sourceA = this.#source(a, this.tile.row, i, number, block);
      const results = this.#finishesPanels ? prefetchResults(this.p, this.finish, place, this.#base) : null;
      const next = this.#source(a, this.tile.row, f.add(i, f.int(1)), number, block);
      const nextRow = f.add(row, f.int(a.unit));
      const rowsAhead = prefetchRows(this.p, nextRow, next, block, j, b.tilePanels);
      const columnsAhead = this.#columnsAhead(number, block, turn, i, j);
      const ahead: Ahead[] = [
        ...(results ? [{ ...results, at: (i: Expr) => branch(turn.isLast, results.at(i), []) }] : []),
        ...(rowsAhead ? [rowsAhead] : []),
        ...(columnsAhead ? [columnsAhead] : []),
        ...this.#nextBlock(number, turn, { row: i, rows: a.tilePanels, column: j, columns: b.tilePanels }),
      ];
      return microKernel(this.p, place, withinBand(this.p, block, place), sourceA, sourceB, ahead, (acc) =>
        this.#keep(acc, place, { row: local, column: f.mul(j, f.int(b.unit)) }, turn),
      );
    };
    const micro = (rows: number): Stmt[] => {
      const whole = this.#wholePanels();
      const most = loop(f, j, whole, one(rows, j, this.#source(b, this.tile.column, j, number, block)));
      const buffer = this.#lastPanel;
      if (!buffer) return [most];
      const hasLast = f.lt(whole, panelsOf(this.p, b, this.tile.column));
      return [most, ...branch(hasLast, one(rows, whole, { kind: "panel", buffer, at: f.int(0) }), [])];
    };
    const rest = a.count % a.unit;
    const isFull = f.le(f.add(row, f.int(a.unit)), f.int(a.count));
    const body =
      rest === 0 ? micro(a.unit) : a.count < a.unit ? micro(rest) : branch(isFull, micro(a.unit), micro(rest));
    const finish = this.#isGathered && this.#finishesPanels ? this.#finishRows(row, f.int(1), local) : [];
    return [loop(f, i, panelsOf(this.p, a, this.tile.row), [...body, ...branch(turn.isLast, finish, [])])];
  }

  /** A micro-kernel's share of what the tile's next block of the sum needs. */
  #nextBlock(number: Expr, turn: Turn, at: GridPlace): Ahead[] {
    if (this.#perPart === 1) return [];
    const { f } = this.p.env;
    const { a, b } = this.p;
    const next = f.add(number, f.int(1));
    const block = blockAt(f, this.p.blocks, next);
    const unpacked = (side: Side, tile: Expr): Ahead | null =>
      prefetchUnpacked(this.p, side, this.#first(side, tile), this.#start(side, block), block, at);
    const packed = (): Ahead | null =>
      prefetchPacked(this.p, this.#source(b, this.tile.column, f.int(0), next, block), at);
    const all = [unpacked(a, this.tile.row), b.packing === "before" ? packed() : unpacked(b, this.tile.column)];
    return all.flatMap((ahead) => (ahead ? [{ ...ahead, at: (i: Expr) => branch(turn.isLast, [], ahead.at(i)) }] : []));
  }

  /** What becomes of a micro-kernel's sums, whose place in the block is `local`. */
  #keep(acc: Accumulators, place: MicroPlace, local: { row: Expr; column: Expr }, turn: Turn): Stmt[] {
    const store = (): Stmt[] => storeAccumulators(this.p, this.finish, this.#corner, place, this.#base, acc);
    const block = this.#block;
    if (!block) return store();
    const at = { buffer: block, pitch: this.#blockPitch, ...local };
    const [put, add] = [putInBlock(this.p, at, acc), addFromBlock(this.p, at, acc)];
    if (this.#perPart === 1) return put;
    const later = branch(turn.isFirst, [], add);
    if (this.#isGathered) return [...later, ...put];
    // The last one is also the first only where a part has fewer blocks than others.
    const last = this.p.parts > 1 ? later : add;
    const before = this.#perPart > 2 ? later : [];
    return branch(turn.isLast, [...last, ...store()], [...before, ...put]);
  }
}

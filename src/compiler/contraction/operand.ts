// The two operands of a contraction as the schedule sees them: loops over rows or columns, cut into panels.

import type { Node } from "../../graph/index.js";
import { type Buffer, type Expr, scalarOf } from "../../ir/index.js";
import type { KernelEnv } from "../kernel-env.js";
import { axesIn, countOf, spanOf } from "./axes.js";
import { type Box, layoutBox } from "./box.js";
import { cutDepth, type DepthBlocks } from "./depth.js";
import type { Axis, ContractionForm } from "./form.js";
import { chooseOptions, depthLimit } from "./options.js";
import type { ContractionOptions, Packing } from "./schedule.js";
import type { StagePlan } from "./stage.js";
import { type StagedForm, stageForm } from "./staged-form.js";

/** One operand and the result's loops that only it has. */
export interface Side {
  readonly key: "a" | "b";
  /** Null if the operand is computed while it is packed or staged. */
  readonly buffer: Buffer | null;
  readonly base: Node;
  readonly offset: number;
  /** Rows (of a) or columns (of b): how many, and their loops as the operand sees them. */
  readonly count: number;
  readonly axes: readonly Axis[];
  /** Rows or columns of a panel that the micro-kernel uses, and of a packed panel as it lies in memory. */
  readonly unit: number;
  readonly pitch: number;
  /** Elements from one packed panel to the next. */
  readonly panelStride: number;
  /** Panels in all, and in a tile. */
  readonly panels: number;
  readonly tilePanels: number;
  readonly packing: Packing;
  /** Set if boxes of the operand are staged, and the micro-kernel reads those. */
  readonly box: Box | null;
}

/** Everything the parts of the schedule share. */
export interface Problem {
  readonly env: KernelEnv;
  readonly node: Node;
  readonly form: StagedForm;
  readonly options: ContractionOptions;
  readonly type: "f32" | "f64";
  /** Of an element. */
  readonly bytes: number;
  readonly lanes: number;
  readonly blocks: DepthBlocks;
  readonly a: Side;
  readonly b: Side;
  readonly parts: number;
}

export function describeProblem(env: KernelEnv, node: Node, found: ContractionForm): Problem {
  const type = scalarOf(node.dtype) as "f32" | "f64";
  const bytes = type === "f64" ? 8 : 4;
  const lanes = env.info.lanes(bytes);
  const form = stageForm(found, env.bufferOf(found.a.base) === null, lanes);
  const blocks = cutDepth(form.summed, depthLimit(lanes));
  const columns = form.stageB ? spreadColumns(form.stageB, form.columns, form.summed, blocks) : form.columns;
  const options = chooseOptions({ ...form, columns }, env, lanes, bytes);
  // Blocks are dealt to parts evenly; a part without any is left out.
  const each = Math.ceil(blocks.count / Math.min(options.parts, blocks.count));
  const side = (key: "a" | "b"): Side => {
    const axes = key === "a" ? form.rows : columns;
    const count = countOf(axes);
    const unit = key === "a" ? options.microRows : options.microVectors * lanes;
    const panels = Math.ceil(count / unit);
    const most = (key === "a" ? options.tileRows : options.tileColumns) / unit;
    const plan = key === "a" ? form.stageA : form.stageB;
    const pitch = Math.ceil(unit / lanes) * lanes;
    // Tiles of about one size, of which as many as there are with `most` panels.
    const tilePanels = plan ? most : Math.ceil(panels / Math.ceil(panels / most));
    const tileLength = outermostLength(axes, tilePanels * unit);
    return {
      key,
      buffer: env.bufferOf(form[key].base),
      base: form[key].base,
      offset: form[key].offset,
      count,
      axes: plan ? axes : axesIn(axes, key),
      unit,
      pitch,
      panelStride: spread(blocks.depth * pitch, bytes),
      panels,
      tilePanels,
      packing: plan ? "none" : key === "a" ? options.packRows : options.packColumns,
      box: plan && layoutBox(plan, axes, form.summed, blocks, tileLength, unit),
    };
  };
  const parts = Math.ceil(blocks.count / each);
  const [a, b] = [side("a"), side("b")];
  return { env, node, form: { ...form, columns }, options, type, bytes, lanes, blocks, a, b, parts };
}

/** Panels are packed side by side, a line of each after the other: those lines must not all want one set of the cache. */
function spread(panelSize: number, bytes: number): number {
  return (panelSize * bytes) % 512 === 0 ? panelSize + 64 / bytes : panelSize;
}

/** Steps of the outermost loop that `count` neighbouring positions can touch. */
function outermostLength(axes: readonly Axis[], count: number): number {
  const first = axes[0];
  if (!first) return 1;
  const inner = axes.slice(1).reduce((n, axis) => n * spanOf(axis), 1);
  return Math.min(first.extent, Math.floor((count - 1 + inner - 1) / inner) + 1);
}

/** Columns as a staged box holds them: with what the windows reach beyond the last position of each loop between. */
export function spreadColumns(
  plan: StagePlan,
  columns: readonly Axis[],
  summed: readonly Axis[],
  blocks: DepthBlocks,
): Axis[] {
  const box = layoutBox(plan, columns, summed, blocks, (columns[0] as Axis).extent, 0);
  return columns.map((axis, i) => {
    const outer = box.ownStrides[i - 1];
    return outer === undefined ? axis : { ...axis, span: outer / (box.ownStrides[i] as number) };
  });
}

/** The first panel of a tile: panels are dealt to tiles as evenly as can be, those of a staged operand in equal runs, whose boxes are of one size. */
export function firstPanel({ env: { f } }: Problem, { panels, tilePanels, box }: Side, tile: Expr): Expr {
  const tiles = Math.ceil(panels / tilePanels);
  if (box || panels % tiles === 0) return f.mul(tile, f.int(tilePanels));
  return f.div(f.mul(tile, f.int(panels)), f.int(tiles));
}

/** Panels of a tile. */
export function panelsOf(p: Problem, side: Side, tile: Expr): Expr {
  const { f } = p.env;
  const first = firstPanel(p, side, tile);
  const next = f.min(f.int(side.panels), firstPanel(p, side, f.add(tile, f.int(1))));
  return f.min(f.int(side.tilePanels), f.sub(next, first));
}

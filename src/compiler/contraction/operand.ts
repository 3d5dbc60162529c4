// The two operands of a contraction as the schedule sees them: loops over rows or columns, cut into panels.

import type { Node } from "../../graph/index.js";
import { type Buffer, type Expr, scalarOf } from "../../ir/index.js";
import type { KernelEnv } from "../kernel-env.js";
import { axesIn } from "./axes.js";
import { cutDepth, type DepthBlocks } from "./depth.js";
import { type Axis, type ContractionForm, extentOf } from "./form.js";
import { type ContractionOptions, chooseOptions, type Packing } from "./options.js";

/** One operand and the result's loops that only it has. */
export interface Side {
  readonly key: "a" | "b";
  readonly buffer: Buffer;
  readonly offset: number;
  /** Rows (of a) or columns (of b): how many, and their loops as the operand sees them. */
  readonly count: number;
  readonly axes: readonly Axis[];
  /** Rows or columns of a panel that the micro-kernel uses, and of a packed panel as it lies in memory. */
  readonly unit: number;
  readonly pitch: number;
  /** Panels in all, and in a tile. */
  readonly panels: number;
  readonly tilePanels: number;
  readonly packing: Packing;
}

/** Everything the parts of the schedule share. */
export interface Problem {
  readonly env: KernelEnv;
  readonly node: Node;
  readonly form: ContractionForm;
  readonly options: ContractionOptions;
  readonly type: "f32" | "f64";
  readonly lanes: number;
  readonly blocks: DepthBlocks;
  readonly a: Side;
  readonly b: Side;
  readonly parts: number;
}

export function describeProblem(env: KernelEnv, node: Node, form: ContractionForm): Problem {
  const type = scalarOf(node.dtype) as "f32" | "f64";
  const bytes = type === "f64" ? 8 : 4;
  const lanes = env.info.lanes(bytes);
  const options = chooseOptions(form, env.info, lanes, bytes);
  const blocks = cutDepth(form.summed, options.blockDepth);
  // Blocks are dealt to parts evenly; a part without any is left out.
  const each = Math.ceil(blocks.count / Math.min(options.parts, blocks.count));
  const side = (key: "a" | "b"): Side => {
    const axes = key === "a" ? form.rows : form.columns;
    const count = extentOf(axes);
    const unit = key === "a" ? options.microRows : options.microVectors * lanes;
    return {
      key,
      buffer: env.bufferOf(form[key].base) as Buffer,
      offset: form[key].offset,
      count,
      axes: axesIn(axes, key),
      unit,
      pitch: Math.ceil(unit / lanes) * lanes,
      panels: Math.ceil(count / unit),
      tilePanels: (key === "a" ? options.tileRows : options.tileColumns) / unit,
      packing: key === "a" ? options.packRows : options.packColumns,
    };
  };
  return {
    env,
    node,
    form,
    options,
    type,
    lanes,
    blocks,
    a: side("a"),
    b: side("b"),
    parts: Math.ceil(blocks.count / each),
  };
}

/** Panels of a tile that exist: the last tile may have fewer. */
export function panelsOf(p: Problem, side: Side, tile: Expr): Expr {
  const { f } = p.env;
  return f.min(f.int(side.tilePanels), f.sub(f.int(side.panels), f.mul(tile, f.int(side.tilePanels))));
}

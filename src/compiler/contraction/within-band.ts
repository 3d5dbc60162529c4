// Where a band of products takes no part, a micro-kernel sums those terms only that some row with some column of its block needs.
import type { Expr } from "../../ir/index.js";
import type { Block, DepthAxis } from "./depth.js";
import { type ContractionForm, extentOf } from "./form.js";
import type { MicroPlace } from "./micro-kernel.js";
import type { Problem } from "./operand.js";

/** The part of all products that the band leaves. */
export function bandShare({ band, ...form }: ContractionForm): number {
  if (!band) return 1;
  const [late, early] = [extentOf(form[band.late]), extentOf(form[band.early])];
  let kept = 0;
  for (let i = 0; i < early; i++) kept += Math.max(0, Math.min(late, i + band.most + 1));
  return kept / (late * early);
}

/** The terms of a block that sums of `place` need. The others stay out: for sums none of which is needed, all of them. */
export function withinBand(p: Problem, block: Block, place: MicroPlace): Block {
  const { band } = p.form;
  if (!band || p.form.summed.length > 1) return block;
  const { f } = p.env;
  const first: Record<"rows" | "columns", Expr> = { rows: place.row, columns: place.column };
  const last = { rows: f.add(place.row, f.int(place.rows - 1)), columns: f.add(place.column, f.int(p.b.unit - 1)) };
  const between = (x: Expr): Expr => f.max(f.int(0), f.min(block.length, x));
  const [axis] = block.axes as [DepthAxis];
  if (band.late === "summed" && band.early !== "summed") {
    const end = f.add(f.sub(last[band.early], block.start), f.int(band.most + 1));
    return withRange(block, axis, f.int(0), between(end));
  }
  if (band.late !== "summed" && band.early === "summed") {
    const start = f.sub(f.sub(first[band.late], block.start), f.int(band.most));
    return withRange(block, axis, between(start), block.length);
  }
  if (band.late === "summed" || band.early === "summed") return block;
  const isNeeded = f.le(first[band.late], f.add(last[band.early], f.int(band.most)));
  return withRange(block, axis, f.int(0), f.select(isNeeded, block.length, f.int(0)));
}

function withRange(block: Block, axis: DepthAxis, from: Expr, to: Expr): Block {
  return { ...block, axes: [{ ...axis, from, length: to }], from, length: to };
}

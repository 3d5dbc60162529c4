// Sums that were computed in parts are added up, in order.
import type { Node } from "../../graph/index.js";
import type { Buffer, Expr, KernelDraft, Stmt } from "../../ir/index.js";
import type { KernelEnv } from "../kernel-env.js";
import type { Finish } from "./finish.js";

const CHUNK = 4096;

/** result = Σ over parts, for partial results `[part][size]`. */
export function joinParts(env: KernelEnv, node: Node, partial: Buffer, parts: number, finish: Finish): KernelDraft {
  const { f } = env;
  const { size } = node;
  const load = (at: Expr): Expr => {
    let sum: Expr = f.load(partial, at);
    for (let part = 1; part < parts; part++) sum = f.add(sum, f.load(partial, f.add(at, f.int(part * size))));
    return sum;
  };
  // Rows of the last dim: what was fused in sees its index without divisions.
  const row = finish.plain ? size : (node.shape.findLast((extent) => extent !== 1) ?? 1);
  const chunk = Math.min(CHUNK, row);
  const perRow = Math.ceil(row / chunk);
  const rows = Math.min(size / row, Math.ceil(CHUNK / chunk)); // rows of a tile, if they are short
  const tiles = Math.ceil(size / row / rows) * perRow;
  const tile = f.variable("tile", "i32", { min: 0, max: tiles - 1 });
  const firstRow = f.mul(f.div(tile, f.int(perRow)), f.int(rows));
  const first = f.mul(f.rem(tile, f.int(perRow)), f.int(chunk));
  const r = f.variable("r", "i32", { min: 0, max: size / row - 1 });
  const i = f.variable("i", "i32", { min: 0, max: row - 1 });
  const at = f.add(f.mul(r, f.int(row)), i);
  const inner: Stmt = {
    kind: "for",
    v: i,
    from: first,
    to: f.min(f.add(first, f.int(chunk)), f.int(row)),
    step: 1,
    hint: "vectorize",
    body: finish.element(at, load(at)),
  };
  const lastRow = f.min(f.add(firstRow, f.int(rows)), f.int(size / row));
  const body: Stmt[] = [{ kind: "for", v: r, from: firstRow, to: lastRow, step: 1, body: [inner] }];
  return { name: `${finish.name}_join`, tiles, tile, body, flops: size * parts, bytes: 4 * size * (parts + 1) };
}

// Sums that were computed in parts are added up, in order.
import type { Node } from "../../graph/index.js";
import type { Buffer, Expr, KernelDraft } from "../../ir/index.js";
import type { KernelEnv } from "../kernel-env.js";
import type { Finish } from "./result.js";
import { loop } from "./statements.js";

const CHUNK = 4096;

/** result = Σ over parts, for partial results `[part][size]`. */
export function joinParts(env: KernelEnv, node: Node, partial: Buffer, parts: number, finish: Finish): KernelDraft {
  const { f } = env;
  const { size } = node;
  const chunk = Math.min(CHUNK, size);
  const tiles = Math.ceil(size / chunk);
  const tile = f.variable("tile", "i32", { min: 0, max: tiles - 1 });
  const start = f.mul(tile, f.int(chunk));
  const i = f.variable("i", "i32", { min: 0, max: chunk - 1 });
  const at = f.add(start, i);
  let sum: Expr = f.load(partial, at);
  for (let part = 1; part < parts; part++) sum = f.add(sum, f.load(partial, f.add(at, f.int(part * size))));
  const body = [loop(f, i, f.min(f.int(chunk), f.sub(f.int(size), start)), finish.element(at, sum), "vectorize")];
  return { name: "contract_join", tiles, tile, body, flops: size * parts, bytes: 4 * size * (parts + 1) };
}

// Routines bring kernels of their own; index checks are kernels too.
import type { DType } from "../base/index.js";
import { InternalError } from "../base/index.js";
import type { IndexCheck, Node } from "../graph/index.js";
import { type Buffer, type KernelDraft, type Stmt, scalarOf, type Var } from "../ir/index.js";
import type { KernelEnv } from "./kernel-env.js";

export function lowerRoutine(env: KernelEnv, node: Node): KernelDraft[] {
  const { primitive } = node;
  if (primitive.kind !== "routine") throw new InternalError(`${primitive.name} is no routine`);
  const { f } = env;
  const kernels: KernelDraft[] = [];
  const bytes = node.inputs.reduce((sum, x) => sum + 4 * x.size, 4 * node.size);
  primitive.build(
    {
      f,
      inputs: node.inputs.map((x) => env.bufferOf(x) as Buffer),
      number: (input) => {
        const x = node.inputs[input] as Node;
        return f.param(env.slotOf(x), scalarOf(x.dtype));
      },
      output: env.targetOf(node) as Buffer,
      temporary: (name, dtype, size) => env.temporary(name, dtype, size),
      local: (name: string, dtype: DType, size: number) => f.buffer(name, dtype, size, "local"),
      kernel: (name: string, tiles: number, body: (tile: Var) => Stmt[], most = tiles) => {
        if (tiles === 0) return;
        const tile = f.variable("tile", "i32", { min: 0, max: most - 1 });
        kernels.push({ name, tiles, tile, body: body(tile), flops: bytes, bytes });
      },
    },
    node,
  );
  return kernels;
}

/** Tests all values of an index tensor; a violation writes `[code, value]` to the status word. */
export function lowerCheck(
  env: KernelEnv,
  index: Buffer,
  check: IndexCheck,
  status: Buffer,
  code: number,
): KernelDraft {
  const { f } = env;
  const type = scalarOf(index.dtype);
  const tile = f.variable("tile", "i32", { min: 0, max: 0 });
  const i = f.variable("i", "i32", { min: 0, max: Math.max(0, index.size - 1) });
  const value = f.load(index, i);
  const isWrong = f.or(f.lt(value, f.const(type, check.low)), f.lt(f.const(type, check.high), value));
  const report: Stmt[] = [
    { kind: "store", buffer: status, index: f.int(0), value: f.int(code), guard: null },
    { kind: "store", buffer: status, index: f.int(1), value: f.cast(value, "i32"), guard: null },
  ];
  const test: Stmt = { kind: "if", cond: isWrong, then: report, else: [] };
  const body: Stmt[] = [{ kind: "for", v: i, from: f.int(0), to: f.int(index.size), step: 1, body: [test] }];
  return { name: "check_index", tiles: 1, tile, body, flops: index.size, bytes: 4 * index.size };
}

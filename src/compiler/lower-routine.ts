// Routines bring kernels of their own; checks of values are kernels too.
import type { DType } from "../base/index.js";
import { InternalError, isFloat } from "../base/index.js";
import type { Node, ValueCheck } from "../graph/index.js";
import {
  type Buffer,
  type Expr,
  type ExprFactory,
  type KernelDraft,
  type Stmt,
  scalarOf,
  type Var,
} from "../ir/index.js";
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

/**
 * Tests all values of a tensor; a violation writes `[code, value, position]` to the status word, a float value as the bits of
 * its float32. The first wrong one is looked for only once a pass in vectors has found that there is one.
 */
export function lowerCheck(
  env: KernelEnv,
  tested: Buffer,
  check: ValueCheck,
  status: Buffer,
  code: number,
): KernelDraft {
  const { f } = env;
  const tile = f.variable("tile", "i32", { min: 0, max: 0 });
  const last = Math.max(0, tested.size - 1);
  const i = f.variable("i", "i32", { min: 0, max: last });
  const k = f.variable("k", "i32", { min: 0, max: last });
  const found = f.variable("found", "bool", { mutable: true });
  const scan: Stmt = { kind: "assign", v: found, value: f.or(found, isWrongValue(f, f.load(tested, i), check)) };
  const position = f.sub(f.int(last), k); // from the end, so that the first one is written last
  const value = f.load(tested, position);
  const isFloatValue = value.type === "f32" || value.type === "f64";
  const details = [f.int(code), isFloatValue ? f.bitcast(f.cast(value, "f32"), "i32") : f.cast(value, "i32"), position];
  const report = details.map(
    (x, at): Stmt => ({ kind: "store", buffer: status, index: f.int(at), value: x, guard: null }),
  );
  const test: Stmt = { kind: "if", cond: isWrongValue(f, value, check), then: report, else: [] };
  const size = f.int(tested.size);
  const find: Stmt = { kind: "for", v: k, from: f.int(0), to: size, step: 1, body: [test] };
  const body: Stmt[] = [
    { kind: "let", v: found, value: f.const("bool", false) },
    { kind: "for", v: i, from: f.int(0), to: size, step: 1, body: [scan], hint: "vectorize" },
    { kind: "if", cond: found, then: [find], else: [] },
  ];
  return { name: "check_values", tiles: 1, tile, body, flops: tested.size, bytes: 4 * tested.size };
}

/** `isWrong` of a value that a kernel reads. */
function isWrongValue(f: ExprFactory, value: Expr, { low, high, except }: ValueCheck): Expr {
  const number = (x: number): Expr => f.const(value.type, value.type === "i64" ? BigInt(x) : x);
  const faults: Expr[] = [];
  if (low !== undefined) faults.push(f.not(f.binary("le", number(low), value)));
  if (high !== undefined) faults.push(f.not(f.binary("le", value, number(high))));
  if (except !== undefined) faults.push(f.eq(value, number(except)));
  return faults.reduce((a, b) => f.or(a, b));
}

/** The value that a check reported, from its word in the status. */
export function reportedValue(word: number, dtype: DType): number {
  if (!isFloat(dtype)) return word;
  return new Float32Array(Int32Array.of(word).buffer)[0] as number;
}
